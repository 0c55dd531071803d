// Methods arise from functions: each whose first argument is the tensor becomes one.

import { calledAs } from "./boundary.ts";
import { Tensor } from "./tensor.ts";

/** Functions by name, a file's exports or a table; each takes the tensor first. */
type Table = Readonly<Record<string, (x: Tensor, ...rest: never[]) => unknown>>;

/** The methods that a table gives: each function without its first argument. */
export type Methods<T extends Table> = {
  readonly [Name in keyof T]: T[Name] extends (x: infer _First, ...rest: infer Rest) => infer Result
    ? (...rest: Rest) => Result
    : never;
};

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
