// Running sums, products and extrema as users call them.

import { apply, axisOf, axisOr, describe, type Operand, type Tensor } from "../../frontend/index.ts";
import {
  type Dim,
  elementDType,
  fail,
  failUnranked,
  minDims,
  requireOptions,
  scalar,
  shapeOf,
  subDims,
  type Value,
} from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";

export interface CumulativeOptions {
  /**
   * The axis along which elements combine, negatives from the end; may be left out where there is one axis. Null: all
   * elements, row-major, in a vector.
   */
  readonly axis?: number | null;
  /** From the last element to the first. */
  readonly reverse?: boolean;
}

export interface CumulativeSumOptions extends CumulativeOptions {
  /** Begin with the result over nothing, 0 or 1: the axis becomes one longer. */
  readonly includeInitial?: boolean;
}

type Cumulation<Options> = (x: Tensor, options?: Options) => Tensor;

/** @__NO_SIDE_EFFECTS__ */
function cumulation<Options extends CumulativeSumOptions>(
  name: string,
  kind: ops.CumulativeOptions["kind"],
  allowed: readonly string[],
): Cumulation<Options> {
  const f: Cumulation<Options> = (x, given) =>
    apply(f, [x], (whole) => {
      const options: CumulativeSumOptions = given ?? {};
      requireOptions(name, options, allowed);
      const { reverse = false, includeInitial = false } = options;
      const v = options.axis === null ? ops.flatten(whole) : whole;
      const axis = axisAlong(v, options.axis === null ? 0 : options.axis, name);
      const result = ops.cumulative(v, { kind, axis, reverse });
      return [includeInitial ? withInitial(result, axis, reverse, kind === "sum" ? 0 : 1, name) : result];
    })[0];
  return f;
}

/** The axis from the front; without a rank it stays as it is until shapes are refined. */
function axisAlong(v: Value, axis: number | undefined, name: string): number {
  if (axis !== undefined && ops.isUnranked(v.type)) return axis;
  const rank = shapeOf(v, name).length;
  if (axis !== undefined || rank === 1) return axisOf(axis ?? 0, rank);
  return fail("axis", `${name}: the tensor has rank ${rank}, expected an axis`, {
    hint: rank === 0 ? "a scalar has no axes" : "write { axis: -1 } for the last one, { axis: null } for all elements",
  });
}

function withInitial(v: Value, axis: number, reverse: boolean, initial: number, name: string): Value {
  if (v.type.kind !== "tensor") return failUnranked(v.type, `${name} with includeInitial`);
  const at = (here: boolean): readonly number[] => shapeOf(v).map((_, a) => (a === axis && here ? 1 : 0));
  return ops.pad(v, { low: at(!reverse), high: at(reverse) }, ops.constant(initial, scalar(v.type.dtype)));
}

const ofExtrema = ["axis", "reverse"];
const ofSums = [...ofExtrema, "includeInitial"];

/**
 * Running sums along an axis: element i is the sum of elements 0 to i, added one after the other.
 *
 *     cumsum(tensor([1, 2, 3]))                            // [1, 3, 6]
 *     cumsum(tensor([1, 2, 3]), { reverse: true })         // [6, 5, 3]
 *     cumsum(tensor([1, 2, 3]), { includeInitial: true })  // [0, 1, 3, 6]
 *
 * Keeps shape and dtype; bool has to be cast. Fails without `axis` where the tensor has not exactly one.
 */
export const cumsum: Cumulation<CumulativeSumOptions> = cumulation("cumsum", "sum", ofSums);

/** Running products along an axis, as `cumsum`: `cumprod(tensor([1, 2, 3]))` is [1, 2, 6]. */
export const cumprod: Cumulation<CumulativeSumOptions> = cumulation("cumprod", "prod", ofSums);

/**
 * The largest element so far along an axis: `cummax(tensor([1, 3, 2]))` is [1, 3, 3]. From a NaN on, all is NaN. The
 * derivative goes to the first of equal elements.
 */
export const cummax: Cumulation<CumulativeOptions> = cumulation("cummax", "max", ofExtrema);

/** The smallest element so far along an axis, as `cummax`: `cummin(tensor([2, 1, 3]))` is [2, 1, 1]. */
export const cummin: Cumulation<CumulativeOptions> = cumulation("cummin", "min", ofExtrema);

export interface DiffOptions {
  /** The axis along which neighbours are subtracted, negatives from the end; the last where left out. */
  readonly axis?: number;
  /** How often; once where left out. */
  readonly n?: number;
  /** What stands before the first element along the axis: a tensor of the same other extents, or one number. */
  readonly prepend?: Operand;
  /** What stands behind the last one, likewise. */
  readonly append?: Operand;
}

/**
 * Differences of neighbours along an axis, x[i + 1] - x[i], taken n times: the axis becomes n shorter, and empty where it is
 * no longer than that (NumPy `diff`). Of bools, whether neighbours differ. Keeps the dtype; integers wrap.
 *
 * @throws AdjointError `axis` for a scalar or an axis that x does not have, `option` for an n that is no integer from 0,
 *   `shape` and `dtype` where what stands before or behind does not fit.
 * @example diff(tensor([1, 4, 9])) // [3, 5]
 * @example diff(tensor([1, 4, 9]), { prepend: 0 }) // [1, 3, 5]
 */
export function diff(x: Tensor, options: DiffOptions = {}): Tensor {
  const beside = [options?.prepend, options?.append];
  return apply(diff, [x, ...beside.filter((part) => part !== undefined)], (v, ...more) => {
    requireOptions("diff", options, ["axis", "n", "prepend", "append"]);
    const { n = 1 } = options;
    if (!Number.isSafeInteger(n) || n < 0)
      fail("option", `diff: option 'n' is ${describe(n)}, expected an integer from 0`);
    const axis = axisOr(options.axis, -1, shapeOf(v, "diff").length);
    let next = 0;
    const [before, behind] = beside.map((part) => (part === undefined ? [] : [asPart(more[next++], v, axis)]));
    let result = before.length + behind.length === 0 ? v : ops.concatenate([...before, v, ...behind], axis);
    for (let i = 0; i < n; i++) result = differences(result, axis);
    return [result];
  })[0];
}

/** A scalar as a part of extent 1 along the axis beside `v`; what has axes stays. */
function asPart(part: Value, v: Value, axis: number): Value {
  return shapeOf(part, "diff").length > 0 ? part : ops.broadcastTo(part, shapeOf(v).with(axis, 1));
}

function differences(v: Value, axis: number): Value {
  const shape = shapeOf(v);
  const step = minDims(shape[axis], 1);
  const start = shape.map((): Dim => 0);
  const later = ops.slice(v, { start: start.with(axis, step), limit: shape });
  const earlier = ops.slice(v, { start, limit: shape.with(axis, subDims(shape[axis], step)) });
  return elementDType(v.type) === "bool" ? ops.compare(later, earlier, "ne") : ops.sub(later, earlier);
}
