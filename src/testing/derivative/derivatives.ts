// The functions that a derivative check runs: @main's derivatives in both modes, and theirs.

import {
  buildFunc,
  type Func,
  isFloat,
  type Module,
  makeModule,
  type Signature,
  signatureOf,
  symbol,
  type Type,
  type Value,
} from "../../ir/index.ts";
import { jvp, vjp } from "../../ops/index.ts";

/** What is differentiated: the arguments and results of @main that are floats, by number. */
export interface Places {
  readonly arguments: readonly number[];
  readonly results: readonly number[];
}

export function placesOf({ arguments: args, results }: Signature): Places {
  const floats = (types: readonly Type[]) => types.flatMap((type, i) => (isTensorFloat(type) ? [i] : []));
  return { arguments: floats(args), results: floats(results) };
}

function isTensorFloat(type: Type): boolean {
  return type.kind === "tensor" && isFloat(type.dtype);
}

/**
 * The module with, for f = @main on arguments x, tangents v of the float ones and cotangents c of the float results:
 *   @push      x, v      J v
 *   @pull      x, c      Jᵀ c
 *   @push_pull x, c, v   the tangent of Jᵀ c along v: forward over reverse, H v for the Hessian H of c · f
 *   @pull_push x, v, c   the gradient of c · J v: reverse over forward, H v too
 *   @pull_pull x, c, v   the gradient of v · Jᵀ c: reverse over reverse, H v too
 *   @push_push x, v      the tangent of J v along v: forward over forward
 *   @third     x, v, c   the tangent of @pull_push along v
 */
export function withDerivatives(module: Module, main: Signature): Module {
  const at = placesOf(main);
  const wrt = at.arguments;
  const along = wrt.map((i) => main.arguments[i]);
  const cotangents = at.results.map((i) => main.results[i]);
  const count = main.arguments.length;
  const explicit = Object.fromEntries(main.symbols.map((name) => [name, symbol(name)]));
  const funcs: Func[] = [];
  const add = (
    name: string,
    more: readonly Type[],
    body: (x: readonly Value[], rest: readonly Value[]) => readonly Value[],
  ) => {
    const { symbols, constraints } = main;
    const func = buildFunc({ name, symbols, constraints }, [...main.arguments, ...more], (...values) =>
      body(values.slice(0, count), values.slice(count)),
    );
    funcs.push(func);
    return signatureOf(func);
  };
  /** What follows the results of the function that is differentiated. */
  const derivative = (kind: typeof vjp, of: Signature, args: readonly Value[], given: readonly Value[]) =>
    kind(of, args, given, wrt, explicit).slice(of.results.length);
  const push = add("push", along, (x, v) => derivative(jvp, main, x, v));
  const pull = add("pull", cotangents, (x, c) => derivative(vjp, main, x, c));
  add("push_pull", [...cotangents, ...along], (x, rest) => {
    const [c, v] = [rest.slice(0, cotangents.length), rest.slice(cotangents.length)];
    return derivative(jvp, pull, [...x, ...c], v);
  });
  add("pull_pull", [...cotangents, ...along], (x, rest) => {
    const [c, v] = [rest.slice(0, cotangents.length), rest.slice(cotangents.length)];
    return derivative(vjp, pull, [...x, ...c], v);
  });
  const pullPush = add("pull_push", [...along, ...cotangents], (x, rest) => {
    const [v, c] = [rest.slice(0, along.length), rest.slice(along.length)];
    return derivative(vjp, push, [...x, ...v], c);
  });
  add("push_push", along, (x, v) => derivative(jvp, push, [...x, ...v], v));
  add("third", [...along, ...cotangents], (x, rest) =>
    derivative(jvp, pullPush, [...x, ...rest], rest.slice(0, along.length)),
  );
  return makeModule([...module.funcs, ...funcs]);
}
