// The public transforms `jacobian` and `hessian`: all derivatives of a function, from one sweep for each row or column.

import {
  apply,
  atBoundary,
  callUsers,
  currentTrace,
  type Numeric,
  type NumericLike,
  named,
  ownFunction,
  type Returned,
  type Structure,
  scan,
  Tensor,
  type Tensors,
  type TracedFunction,
  unflatten,
} from "../frontend/index.ts";
import {
  calleesOf,
  type Dim,
  productOf,
  rankedOf,
  shapeOf,
  type TensorType,
  type Type,
  tensorType,
  tensorTypeOf,
  type Value,
} from "../ir/index.ts";
import {
  call as callOp,
  cast,
  compare,
  constant,
  iota,
  isFloatType,
  permute,
  reshape,
  vjp as vjpOp,
  zeros,
} from "../ops/index.ts";
import { bringBatching } from "../parts/index.ts";
import { leavesOfTangent, symmetric, tangentsOfNumber } from "./hessian-of-numbers.ts";
import type { JitFunction } from "./jit.ts";
import { leafNumbers, TracedFunctionRecord, type WrtArgument } from "./record.ts";
import { pushed } from "./recorded.ts";
import type { Hessian, Jacobian, NumericJacobian, ReturnedPair, ReturnedScalar, Wrt } from "./signatures.ts";
import { readTransformOptions, type TransformOptions, transformOptionNames } from "./transform-options.ts";
import {
  type AuxOptions,
  derived,
  grad,
  partOfPair,
  readHasAux,
  readWrt,
  requireFunction,
  type WithAux,
  type WithoutAux,
} from "./transforms.ts";
import { vmap } from "./vmap.ts";

/**
 * The derivatives of every result with respect to the arguments in `wrt`, in the structure of the result: each leaf of
 * shape R becomes its derivative, of shape [...R, ...S] for an argument of shape S. With a list in `wrt`, each leaf
 * becomes an array of derivatives; for an argument that is a structure, a structure of them.
 *
 * It uses forward or reverse mode, whichever takes fewer sweeps, and runs the sweeps of a tensor as one batch. Where
 * the function loops or branches, forward sweeps run side by side, dozens at once, if all of its ops allow it; other
 * sweeps run one after another. With `hasAux` the function gives `[value, aux]`, and the result is
 * `[jacobian of the value, aux]`.
 *
 * @throws AdjointError code `no-derivative` where an argument in `wrt` holds no float tensors, and as grad.
 * @example jacobian((r, t) => [mul(r, cos(t)), mul(r, sin(t))], { wrt: [0, 1] })(2, 0) // [[1, 0], [0, 2]]
 * @example jacobian((x) => mul(x, x))(tensor([1, 2])) // [[2, 0], [0, 4]]
 */
export function jacobian<
  P extends readonly unknown[] = Tensor[],
  V extends Structure = Tensor,
  A extends Structure = Tensor,
  const W extends Wrt = 0,
>(
  fn: (...args: P) => ReturnedPair<V, A>,
  options: WithAux<W>,
): JitFunction<P, [NumericJacobian<V, P, W>, Numeric<A>], [Jacobian<V, P, W>, Tensors<A>]>;
export function jacobian<
  P extends readonly unknown[] = Tensor[],
  R extends Structure = Tensor,
  const W extends Wrt = 0,
>(
  fn: (...args: P) => Returned<R>,
  options?: WithoutAux<W>,
): JitFunction<P, NumericJacobian<R, P, W>, Jacobian<R, P, W>>;
export function jacobian(fn: TracedFunction, options: AuxOptions = {}): JitFunction {
  bringBatching();
  const { hasAux, wrt, compiling } = atBoundary(named("jacobian", jacobian), () =>
    readOptions("jacobian", fn, options),
  );
  if (hasAux) return besideAux("jacobian", fn, (value) => jacobian(value, { wrt }), compiling);
  return derived(
    "jacobian",
    fn,
    (call, args) => {
      const recorded = new TracedFunctionRecord("jacobian", fn, args, call).requireRanks();
      const parts = [wrt].flat().map((i) => recorded.wrtArgument(i));
      const leaves = parts.map((part) => leavesOf(part));
      const columns = takesReverse(recorded, leaves.flat())
        ? rows(recorded, leaves.flat())
        : leaves.flat().map((leaf) => tangents(recorded, leaf));
      let next = 0;
      const derivatives = parts.map((part, i) => ({ tree: part.tree, of: leaves[i].map(() => columns[next++]) }));
      const results = recorded.signature.results.map((_, k) => {
        const each = derivatives.map(({ tree, of }) =>
          unflatten(
            tree,
            of.map((column) => column[k]),
          ),
        );
        return Array.isArray(wrt) ? each : each[0];
      });
      return unflatten(recorded.results, results);
    },
    compiling,
  );
}

/**
 * The second derivatives of a function with a scalar result: of shape [...S, ...S] for an argument of shape S; with a
 * list in `wrt`, the matrix of them. It is the Jacobian of the gradient, by forward over reverse mode. With `hasAux`
 * the function gives `[value, aux]`, and the result is `[hessian of the value, aux]`.
 *
 * @throws AdjointError as grad.
 * @example hessian((x, y) => mul(mul(x, x), y), { wrt: [0, 1] })(3, 5) // [[10, 6], [6, 0]]
 * @example hessian((x) => sum(mul(x, mul(x, x))))(tensor([1, 2])) // [[6, 0], [0, 12]]
 */
export function hessian<
  P extends readonly unknown[] = Tensor[],
  V extends Structure = Tensor,
  A extends Structure = Tensor,
  const W extends Wrt = 0,
>(
  fn: (...args: P) => ReturnedPair<V, A>,
  options: WithAux<W>,
): JitFunction<P, [NumericLike<Hessian<P, W>>, Numeric<A>], [Hessian<P, W>, Tensors<A>]>;
export function hessian<P extends readonly unknown[] = Tensor[], R extends Structure = Tensor, const W extends Wrt = 0>(
  fn: (...args: P) => ReturnedScalar<R>,
  options?: WithoutAux<W>,
): JitFunction<P, NumericLike<Hessian<P, W>>, Hessian<P, W>>;
export function hessian(fn: TracedFunction, options: AuxOptions = {}): JitFunction {
  bringBatching();
  const { hasAux, wrt, compiling } = atBoundary(named("hessian", hessian), () => readOptions("hessian", fn, options));
  if (hasAux) return besideAux("hessian", fn, (value) => hessian(value, { wrt }), compiling);
  const gradient = ownFunction(grad(fn, { wrt }));
  return derived(
    "hessian",
    fn,
    (call, args) => {
      const recorded = new TracedFunctionRecord("hessian", gradient, args, call).requireRanks();
      const parts = [wrt].flat().map((i) => recorded.wrtArgument(i));
      if (!parts.every(isScalarPart)) return jacobian(gradient, { wrt })(...args);
      const columns = parts.map((part) => tangents(recorded, part));
      return Array.isArray(wrt) ? symmetric(columns) : columns[0][0];
    },
    compiling,
  );
}

function readOptions(name: string, fn: TracedFunction, options: AuxOptions) {
  requireFunction(name, fn);
  const hasAux = readHasAux(name, options, ["wrt", "hasAux", ...transformOptionNames]);
  return { hasAux, wrt: readWrt(name, { wrt: options.wrt }), compiling: readTransformOptions(name, options) };
}

/** `[transform of the value, aux]`, for a function that gives `[value, aux]`; what both compute is computed once. */
function besideAux(
  name: string,
  fn: TracedFunction,
  transform: (value: TracedFunction) => TracedFunction,
  compiling: TransformOptions,
): JitFunction {
  const first = ownFunction(transform(partOfPair(name, fn, 0)));
  const second = partOfPair(name, fn, 1);
  return derived(
    name,
    fn,
    (call, args) => {
      const recorded = new TracedFunctionRecord(name, second, args, call, 0);
      const aux = recorded.apply([], (values) => callOp(recorded.signature, values));
      return [callUsers(first, ...args), unflatten(recorded.results, aux)];
    },
    compiling,
  );
}

/** The leaves of an argument, each as an argument of its own. */
function leavesOf({ from, tree, leaves }: WrtArgument): readonly WrtArgument[] {
  return tree.kind === "leaf"
    ? [{ from, to: from + 1, tree, leaves }]
    : leaves.map((leaf, i) => ({ from: from + i, to: from + i + 1, tree: { kind: "leaf" }, leaves: [leaf] }));
}

function isScalarPart({ tree, leaves }: WrtArgument): boolean {
  return tree.kind === "leaf" && (!(leaves[0] instanceof Tensor) || leaves[0].rank === 0);
}

/**
 * Whether reverse mode takes fewer sweeps: there are fewer elements in the float results than in the arguments. Where
 * sizes of arguments are open, whether all float results are scalars.
 */
function takesReverse(recorded: TracedFunctionRecord, leaves: readonly WrtArgument[]): boolean {
  const floats = recorded.signature.results.filter(isFloatType);
  const given = leaves.map(({ from }) => recorded.signature.arguments[from]);
  const size = (types: readonly Type[]): number | null =>
    types.reduce<number | null>((sum, type) => {
      const n = productOf(rankedOf(type).shape);
      return sum === null || typeof n !== "number" ? null : sum + n;
    }, 0);
  const [out, into] = [size(floats), size(given)];
  if (out !== null && into !== null) return out < into;
  return out !== null && floats.every((type) => rankedOf(type).shape.length === 0);
}

/** The derivatives of all results by one leaf, by forward mode: one sweep for each element of the leaf. */
function tangents(recorded: TracedFunctionRecord, leaf: WrtArgument): readonly unknown[] {
  const [tensor] = recorded.tensors.slice(leaf.from, leaf.to);
  if (tensor.rank === 0) return tangentsOfNumber(recorded, leaf);
  const shape = shapeOf(tensor);
  // as there, the other leaves are constants
  const along = (t: Tensor): readonly unknown[] => leavesOfTangent(pushed(recorded, [leaf], [t]).tangent);
  const stacked = leavesOfTangent(each(recorded, along, basis(tensorTypeOf(tensor.type))));
  return stacked.map((column) => (column instanceof Tensor ? derivativeFrom(column, shape, "last") : column));
}

/** The derivatives of all results by all leaves, by reverse mode: one sweep for each element of the float results. */
function rows(recorded: TracedFunctionRecord, leaves: readonly WrtArgument[]): readonly (readonly unknown[])[] {
  const { signature } = recorded;
  const count = signature.results.length;
  const floats = signature.results.flatMap((type, k) =>
    type.kind === "tensor" && isFloatType(type) ? [{ type, k }] : [],
  );
  const pulled = (k: number, ct: readonly Tensor[]): readonly Tensor[] =>
    recorded.apply(ct, (values, given) => {
      const cotangents = floats.map((f) => (f.k !== k ? zeros(f.type) : (given[0] ?? constant(1, f.type))));
      return vjpOp(signature, values, cotangents, leafNumbers(leaves)).slice(count);
    });
  const gradients = new Map(
    floats.map(({ type, k }) => {
      if (type.shape.length === 0) return [k, pulled(k, [])];
      const stacked = each(recorded, (ct) => pulled(k, [ct]), basis(type)) as readonly Tensor[];
      return [k, stacked.map((g) => derivativeFrom(g, type.shape, "first"))];
    }),
  );
  return leaves.map((_, i) => signature.results.map((_, k) => gradients.get(k)?.[i] ?? 0));
}

/**
 * Runs a sweep for each row of a basis and stacks the results: by vmap as one batch, or by a scan where the function
 * loops or branches, since a batch takes both arms of a branch, and runs a loop for as long as one of its elements
 * does. The pass batch-scans batches the iterations of that scan where control flow is the same for all of them.
 */
function each(recorded: TracedFunctionRecord, sweep: (row: Tensor) => unknown, rows: Tensor): unknown {
  if (hasRegions(recorded.signature.name)) return scan((carry: readonly [], row) => [carry, sweep(row)], [], rows)[1];
  return vmap(sweep)(rows);
}

/** Whether a function of the running trace holds control flow, or calls one that does. */
function hasRegions(name: string): boolean {
  const funcs = currentTrace()?.funcs;
  const names = new Set([name]);
  // a worklist: callees are added to the set while it is iterated
  for (const called of names) {
    const func = funcs?.get(called);
    if (func?.body.operations.some((operation) => operation.regions.length > 0)) return true;
    if (func !== undefined) for (const callee of calleesOf(func)) names.add(callee);
  }
  return false;
}

/** The standard basis of a tensor type, stacked along a leading axis: row i is 1 at element i and 0 elsewhere. */
function basis({ dtype, shape }: TensorType): Tensor {
  return emitted([], () => {
    const n = productOf(shape);
    const place = (axis: number): Value => iota(tensorType("i32", [n, n]), axis);
    const eye = cast(compare(place(0), place(1), "eq"), dtype);
    return shape.length === 1 ? eye : reshape(eye, [n, ...shape]);
  });
}

/** Reshapes the leading axis of stacked derivatives to `shape`, whose elements they belong to: in front, or behind. */
function derivativeFrom(stacked: Tensor, shape: readonly Dim[], place: "first" | "last"): Tensor {
  return emitted([stacked], (value) => {
    const rest = shapeOf(value).slice(1);
    if (place === "first") return reshape(value, [...shape, ...rest]);
    const moved = rest.length === 0 ? value : permute(value, [...rest.map((_, i) => i + 1), 0]);
    return shape.length === 1 ? moved : reshape(moved, [...rest, ...shape]);
  });
}

function emitted(operands: readonly Tensor[], build: (...values: Value[]) => Value): Tensor {
  return apply(jacobian, operands, (...values) => [build(...values)])[0];
}
