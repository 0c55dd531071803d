// Methods arise from functions: each whose first argument is the tensor becomes one.

import { calledAs } from "./boundary.ts";
import type { asMethod } from "./operands.ts";
import { Tensor } from "./tensor.ts";

/** Functions by name, a file's exports or a table; each takes the tensor first. */
type Table = Readonly<Record<string, (x: Tensor, ...rest: never[]) => unknown>>;

/**
 * The methods that a table gives: each function without its first argument. As a mapped type over the table's own keys it
 * keeps what editors show of each function, its documentation. Functions that read shapes from the types of their arguments
 * say themselves what they are as methods, under `asMethod` or in `Named`: TypeScript cannot take an argument off those.
 */
export type Methods<T, Named> = {
  readonly [Name in keyof T]: Name extends keyof Named ? Named[Name] : MethodOf<T[Name]>;
};

type MethodOf<F> = typeof asMethod extends keyof F
  ? NonNullable<F[typeof asMethod]>
  : F extends (x: infer _First, ...rest: infer Rest) => infer Result
    ? (...rest: Rest) => Result
    : never;

/** Makes each function of the table a method of the name it has there. */
export function installMethods(table: Table): void {
  for (const [name, f] of Object.entries(table)) {
    // a compiled one is called after it
    Object.defineProperty(f, "name", { value: name });
    const method = function (this: Tensor, ...rest: never[]): unknown {
      return calledAs(method, () => f(this, ...rest));
    };
    Object.defineProperty(method, "name", { value: name });
    Object.defineProperty(Tensor.prototype, name, { value: method, configurable: true });
  }
}
