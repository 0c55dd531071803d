// The public transforms `grad`, `valueAndGrad`, `hvp`, `vjp` and `jvp`. Their functions compile themselves when called
// on values; called in a trace, they record a vjp or jvp operation.

import {
  applyKeepingRank,
  atBoundary,
  type Boundary,
  callUsers,
  describe,
  flatten,
  flattenAs,
  flattenList,
  isOperand,
  isStatic,
  type Numeric,
  type NumericLike,
  named,
  nameParameters,
  ownFunction,
  parameterNames,
  type Returned,
  type Structure,
  Tensor,
  type Tensors,
  type TracedFunction,
  unflatten,
} from "../frontend/index.ts";
import { counted, fail, requireOptions } from "../ir/index.ts";
import { isFloatType, stopGradient, vjp as vjpOp, zeros } from "../ops/index.ts";
import { bringTensors } from "../parts/index.ts";
import { isLeaf } from "./convert.ts";
import { compileOnCall, type JitFunction, type ReadArguments } from "./jit.ts";
import { leafNumbers, structured, TracedFunctionRecord } from "./record.ts";
import { type Gradients, pushed, recordGradient } from "./recorded.ts";
import type {
  EachTensors,
  GradientsOf,
  ReturnedPair,
  ReturnedScalar,
  ScalarOf,
  WithVector,
  Wrt,
} from "./signatures.ts";
import { readTransformOptions, type TransformOptions, transformOptionNames } from "./transform-options.ts";

export interface GradOptions extends TransformOptions {
  /** The argument, or the arguments, to differentiate with respect to; the first where left out. */
  readonly wrt?: number | readonly number[];
}

export interface AuxOptions extends GradOptions {
  /** Whether the function gives `[value, aux]`: aux, of any structure, is given back and has no derivative. */
  readonly hasAux?: boolean;
}

/** The options of a function that gives aux. */
export interface WithAux<W extends Wrt> extends TransformOptions {
  /** The argument, or the arguments, to differentiate with respect to; the first where left out. */
  readonly wrt?: W;
  /** The function gives `[value, aux]`: aux, of any structure, is given back and has no derivative. */
  readonly hasAux: true;
}

/** The options of a function that gives its value alone. */
export interface WithoutAux<W extends Wrt> extends TransformOptions {
  /** The argument, or the arguments, to differentiate with respect to; the first where left out. */
  readonly wrt?: W;
  readonly hasAux?: false;
}

/**
 * The gradient of a function with a scalar result, with respect to one argument or several; nest it for higher orders.
 * The gradient has the structure of the argument; strings, functions and null in it stay as they are. With `hasAux` the
 * result is `[gradient, aux]`.
 *
 * @throws AdjointError code `no-derivative` where the result is no float scalar or the argument no float, `argument`
 * where `wrt` names none, `option` for other options.
 * @example grad((x) => sin(x))(0) // 1
 */
export function grad<
  P extends readonly unknown[] = Tensor[],
  V extends Structure = Tensor,
  A extends Structure = Tensor,
  const W extends Wrt = 0,
>(
  fn: (...args: P) => ReturnedPair<V, A>,
  options: WithAux<W>,
): JitFunction<P, [NumericLike<GradientsOf<P, W>>, Numeric<A>], [GradientsOf<P, W>, Tensors<A>]>;
export function grad<P extends readonly unknown[] = Tensor[], R extends Structure = Tensor, const W extends Wrt = 0>(
  fn: (...args: P) => ReturnedScalar<R>,
  options?: WithoutAux<W>,
): JitFunction<P, NumericLike<GradientsOf<P, W>>, GradientsOf<P, W>>;
export function grad(fn: TracedFunction, options: AuxOptions = {}): JitFunction {
  return atBoundary(named("grad", grad), () =>
    gradient("grad", fn, options, ({ aux, gradients }) => (aux === null ? gradients : [gradients, aux.value])),
  );
}

/**
 * The value of a function with a scalar result, and its gradient: `[value, gradient]`, and with `hasAux`
 * `[[value, aux], gradient]`.
 *
 * @example valueAndGrad((a, b) => mul(a, b), { wrt: [0, 1] })(15, 20) // [300, [20, 15]]
 */
export function valueAndGrad<
  P extends readonly unknown[] = Tensor[],
  V extends Structure = Tensor,
  A extends Structure = Tensor,
  const W extends Wrt = 0,
>(
  fn: (...args: P) => ReturnedPair<V, A>,
  options: WithAux<W>,
): JitFunction<
  P,
  [[NumericLike<ScalarOf<V>>, Numeric<A>], NumericLike<GradientsOf<P, W>>],
  [[ScalarOf<V>, Tensors<A>], GradientsOf<P, W>]
>;
export function valueAndGrad<
  P extends readonly unknown[] = Tensor[],
  R extends Structure = Tensor,
  const W extends Wrt = 0,
>(
  fn: (...args: P) => ReturnedScalar<R>,
  options?: WithoutAux<W>,
): JitFunction<P, [NumericLike<ScalarOf<R>>, NumericLike<GradientsOf<P, W>>], [ScalarOf<R>, GradientsOf<P, W>]>;
export function valueAndGrad(fn: TracedFunction, options: AuxOptions = {}): JitFunction {
  return atBoundary(named("valueAndGrad", valueAndGrad), () =>
    gradient("valueAndGrad", fn, options, ({ value, aux, gradients }) => [
      aux === null ? value : [value, aux.value],
      gradients,
    ]),
  );
}

/**
 * `hvp(fn)(x, v, ...rest)` is the Hessian of `fn(x, ...rest)` with respect to x, times v. v and the result have the
 * structure of x. It is the derivative of the gradient along v, so the Hessian is never formed (B. A. Pearlmutter,
 * "Fast exact multiplication by the Hessian", 1994).
 *
 * It takes no option `hasAux`: where a function gives aux, take that from `grad`.
 *
 * @throws AdjointError as grad; code `argument` where v does not have the structure of x, `option` for other options.
 * @example hvp((x) => sum(mul(x, mul(x, x))))(tensor([1, 2]), tensor([1, 0])) // [6, 0]
 */
export function hvp<P extends readonly unknown[] = Tensor[], R extends Structure = Tensor>(
  fn: (...args: P) => ReturnedScalar<R>,
  options?: TransformOptions,
): JitFunction<WithVector<P>, NumericLike<GradientsOf<P, 0>>, GradientsOf<P, 0>>;
export function hvp(fn: TracedFunction, options: TransformOptions = {}): JitFunction {
  return atBoundary(named("hvp", hvp), () => {
    bringTensors();
    requireFunction("hvp", fn);
    requireOptions("hvp", options, transformOptionNames);
    const first = ownFunction(grad(fn));
    return derived(
      "hvp",
      fn,
      (call, args) => {
        if (args.length < 2)
          fail("argument", `hvp: got ${counted(args.length, "argument")}, expected x and v, then what fn takes more`);
        const [x, v, ...rest] = args;
        const recorded = new TracedFunctionRecord("hvp", first, [x, ...rest], call);
        const part = recorded.wrtArgument(0);
        return pushed(recorded, [part], flattenAs(v, part.tree, isOperand, "v")).tangent;
      },
      readTransformOptions("hvp", options),
    );
  });
}

/**
 * Reverse mode: `vjp(fn)(args, cotangents)` gives `[value, gradients]`, where gradients[i] is the sum over results of
 * cotangent · ∂result/∂args[i], in the structure of args[i], and 0 for an argument of integers. `cotangents` has the
 * structure of what `fn` returns, with `hasAux` of its value, and the result is `[[value, aux], gradients]`.
 *
 * @throws AdjointError code `argument` where a structure does not fit, `no-derivative` where something on the way has
 * none, `option` for other options.
 * @example vjp((a, b) => [mul(a, b), sin(a)])([15, 20], [1, 0]) // [[300, sin(15)], [20, 15]]
 */
export function vjp<
  P extends readonly unknown[] = Tensor[],
  V extends Structure = Tensor,
  A extends Structure = Tensor,
>(
  fn: (...args: P) => ReturnedPair<V, A>,
  options: { readonly hasAux: true } & TransformOptions,
): JitFunction<
  [args: P, cotangents: Tensors<V>],
  [[Numeric<V>, Numeric<A>], NumericLike<EachTensors<P>>],
  [[Tensors<V>, Tensors<A>], EachTensors<P>]
>;
export function vjp<P extends readonly unknown[] = Tensor[], R extends Structure = Tensor>(
  fn: (...args: P) => Returned<R>,
  options?: { readonly hasAux?: boolean } & TransformOptions,
): JitFunction<
  [args: P, cotangents: Tensors<R>],
  [Numeric<R>, NumericLike<EachTensors<P>>],
  [Tensors<R>, EachTensors<P>]
>;
export function vjp(fn: TracedFunction, options: { readonly hasAux?: boolean } & TransformOptions = {}): JitFunction {
  bringTensors();
  const hasAux = atBoundary(named("vjp", vjp), () => readHasAux("vjp", options));
  const traced = hasAux ? auxStopped("vjp", fn) : fn;
  const record = (call: Boundary, [args, cotangents]: readonly unknown[]): unknown => {
    const list = requireList("vjp", "the arguments", args);
    const recorded = new TracedFunctionRecord("vjp", traced, list, call);
    const { signature, results } = recorded;
    const own = hasAux && results.kind === "array" ? results.items[0] : results;
    const leaves = flattenAs(cotangents, own, isOperand, "the cotangents");
    const given = leaves.filter((_, i) => isFloatType(signature.results[i]));
    const ofAux = signature.results.slice(leaves.length).filter(isFloatType);
    const parts = list.map((_, i) => (recorded.holdsFloats(i) ? recorded.wrtArgument(i) : null));
    const wanted = parts.filter((p) => p !== null);
    const all = recorded.apply(given, (values, cts) =>
      vjpOp(signature, values, [...cts, ...ofAux.map((type) => zeros(type))], leafNumbers(wanted)),
    );
    const count = signature.results.length;
    const gradients = structured(wanted, all.slice(count));
    return [unflatten(results, all.slice(0, count)), parts.map((p) => (p === null ? 0 : gradients[wanted.indexOf(p)]))];
  };
  // arrays of numbers are structures here: only the function's trace tells what the cotangents have to look like
  const read: ReadArguments = ([args, cotangents]) => {
    const own = flattenList(requireList("vjp", "the arguments", args), isLeaf, "argument", isStatic);
    const given = flatten(cotangents, isTensorLike, "the cotangents");
    return { leaves: [...own.leaves, ...given.leaves], tree: { kind: "array", items: [own.tree, given.tree] } };
  };
  return atBoundary(named("vjp", vjp), () => derived("vjp", fn, record, readTransformOptions("vjp", options), read));
}

/**
 * Forward mode: `jvp(fn)(args, tangents)` gives `[value, tangent]`, where the tangent is the sum over arguments of
 * ∂value/∂args[i] · tangents[i], in the structure of the value; integers and booleans have the tangent 0. `tangents`
 * has the structure of the arguments; what stands there for an argument of integers is not read. With `hasAux` the
 * result is `[[value, aux], tangent]`, the tangent that of the value alone.
 *
 * @throws AdjointError code `argument` where a structure does not fit, `no-derivative` where something on the way has
 * none, `option` for other options.
 * @example jvp((a, b) => mul(a, b))([15, 20], [1, 0]) // [300, 20]
 */
export function jvp<
  P extends readonly unknown[] = Tensor[],
  V extends Structure = Tensor,
  A extends Structure = Tensor,
>(
  fn: (...args: P) => ReturnedPair<V, A>,
  options: { readonly hasAux: true } & TransformOptions,
): JitFunction<[args: P, tangents: P], [[Numeric<V>, Numeric<A>], Numeric<V>], [[Tensors<V>, Tensors<A>], Tensors<V>]>;
export function jvp<P extends readonly unknown[] = Tensor[], R extends Structure = Tensor>(
  fn: (...args: P) => Returned<R>,
  options?: { readonly hasAux?: boolean } & TransformOptions,
): JitFunction<[args: P, tangents: P], [Numeric<R>, Numeric<R>], [Tensors<R>, Tensors<R>]>;
export function jvp(fn: TracedFunction, options: { readonly hasAux?: boolean } & TransformOptions = {}): JitFunction {
  bringTensors();
  const hasAux = atBoundary(named("jvp", jvp), () => readHasAux("jvp", options));
  const traced = hasAux ? auxStopped("jvp", fn) : fn;
  const record = (call: Boundary, [args, tangents]: readonly unknown[]): unknown => {
    const list = requireList("jvp", "the arguments", args);
    const given = requireList("jvp", "the tangents", tangents);
    const recorded = new TracedFunctionRecord("jvp", traced, list, call);
    if (given.length !== list.length) {
      recorded.fail(
        "argument",
        `got ${counted(given.length, "tangent")}, expected ${list.length}, one for each argument`,
      );
    }
    const floats = list.flatMap((_, i) => (recorded.holdsFloats(i) ? [i] : []));
    const parts = floats.map((i) => recorded.wrtArgument(i));
    const leaves = parts.flatMap(({ tree }, k) => flattenAs(given[floats[k]], tree, isOperand, `tangent ${floats[k]}`));
    const { value, tangent } = pushed(recorded, parts, leaves);
    return [value, hasAux ? (tangent as readonly unknown[])[0] : tangent];
  };
  const read: ReadArguments = ([args, tangents]) => {
    const own = flattenList(requireList("jvp", "the arguments", args), isLeaf, "argument", isStatic);
    const given = flattenAs(tangents, own.tree, isLeaf, "the tangents");
    return { leaves: [...own.leaves, ...given], tree: { kind: "array", items: [own.tree, own.tree] } };
  };
  return atBoundary(named("jvp", jvp), () => derived("jvp", fn, record, readTransformOptions("jvp", options), read));
}

// ---- how they are called --------------------------------------------------------------------------------------------

function gradient(
  name: string,
  fn: TracedFunction,
  options: AuxOptions,
  combine: (made: Gradients) => unknown,
): JitFunction {
  const hasAux = readHasAux(name, options, ["wrt", "hasAux", ...transformOptionNames]);
  const wrt = readWrt(name, { wrt: options.wrt });
  const traced = hasAux ? auxStopped(name, fn) : fn;
  const record = (call: Boundary, args: readonly unknown[]): unknown =>
    combine(recordGradient(name, traced, args, call, wrt, hasAux));
  return derived(name, fn, record, readTransformOptions(name, options));
}

/** Reads the option `hasAux`, after checking that all options are among `known`. */
export function readHasAux(
  name: string,
  options: { readonly hasAux?: boolean },
  known: readonly string[] = ["hasAux", ...transformOptionNames],
): boolean {
  requireOptions(name, options, known);
  const { hasAux = false } = options;
  if (typeof hasAux !== "boolean")
    fail("option", `${name}: option 'hasAux' is ${describe(hasAux)}, expected true or false`);
  return hasAux;
}

/** The function that gives one part of the pair, value (0) or aux (1), that `fn` gives. */
export function partOfPair(name: string, fn: TracedFunction, part: 0 | 1): TracedFunction {
  const taken = (...args: unknown[]): unknown => pairOf(name, callUsers(fn, ...args))[part];
  nameParameters(taken, parameterNames(fn));
  return ownFunction(Object.defineProperty(taken, "name", { value: fn.name }));
}

function pairOf(name: string, returned: unknown): readonly [unknown, unknown] {
  if (Array.isArray(returned) && returned.length === 2) return [returned[0], returned[1]];
  return fail("argument", `${name}: with hasAux the function gives ${describe(returned)}, expected [value, aux]`);
}

/**
 * The function with its aux behind stopGradient: no cotangent reaches what aux is computed from, not even one of zeros,
 * which an infinite partial derivative would make NaN.
 */
function auxStopped(name: string, fn: TracedFunction): TracedFunction {
  if (typeof fn !== "function") return fn;
  const stopped = (...args: unknown[]): unknown => {
    const [value, given] = pairOf(name, callUsers(fn, ...args));
    const { leaves, tree } = flatten(given, isOperand, "aux", isStatic);
    const aux = leaves.map((leaf) =>
      leaf instanceof Tensor ? applyKeepingRank(auxStopped, [leaf], (v) => [stopGradient(v)])[0] : leaf,
    );
    return [value, unflatten(tree, aux)];
  };
  nameParameters(stopped, parameterNames(fn));
  return ownFunction(Object.defineProperty(stopped, "name", { value: fn.name }));
}

export function requireFunction(name: string, fn: unknown): void {
  if (typeof fn !== "function") fail("argument", `${name}: got ${describe(fn)}, expected a function`);
}

/**
 * The function that a transform gives: it compiles when it is called on values, and in a trace runs `record`, which
 * gets the function itself and its arguments.
 */
export function derived(
  name: string,
  fn: TracedFunction,
  record: (call: Boundary, args: readonly unknown[]) => unknown,
  options: TransformOptions,
  read?: ReadArguments,
): JitFunction {
  requireFunction(name, fn);
  const body = ownFunction((...args: unknown[]): unknown => record(call, args));
  Object.defineProperty(body, "name", { value: `${name}_${fn.name || "f"}` });
  const call = compileOnCall(body, options, read);
  // a function with `read` (vjp, jvp) takes lists of arguments, so its parameters are not those of `fn`
  if (read === undefined) for (const f of [body, call]) nameParameters(f, parameterNames(fn));
  return named(name, Object.defineProperty(call, "name", { value: body.name }));
}

/** Reads the option `wrt`, after checking it: a position or a list of different positions. */
export function readWrt(name: string, options: GradOptions): number | readonly number[] {
  requireOptions(name, options, ["wrt"]);
  const { wrt = 0 } = options;
  const list: readonly unknown[] = [wrt].flat();
  const wrong = list.find((i) => typeof i !== "number" || !Number.isInteger(i) || i < 0);
  if (wrong !== undefined)
    fail("option", `${name}: wrt names argument ${describe(wrong)}, expected its position, counted from 0`);
  const twice = list.find((i, k) => list.indexOf(i) < k);
  if (twice !== undefined) fail("option", `${name}: wrt names argument ${twice} twice, expected each once`);
  return wrt;
}

const isTensorLike = (x: unknown): x is unknown => isOperand(x) || ArrayBuffer.isView(x);

function requireList(name: string, what: string, list: unknown): readonly unknown[] {
  if (Array.isArray(list)) return list;
  return fail("argument", `${name}: ${what} are ${describe(list)}, expected an array`, {
    hint: `call it like ${name}(f)([x, y], …)`,
  });
}
