// Tensors from nothing but numbers. In a trace sizes may be extents, or expressions of dimensions such as "N" or "2*N".

import {
  apply,
  asTensor,
  asUser,
  axisOr,
  describe,
  dimsFor,
  Extent,
  meeting,
  named,
  type Operand,
  requireList,
  type Size,
  Tensor,
} from "../frontend/index.ts";
import {
  addDims,
  asSymbol,
  type Dim,
  type DType,
  dtypes,
  fail,
  floorDim,
  maxDims,
  requireOptions,
  shapeOf,
  subDims,
  tensorType,
} from "../ir/index.ts";
import * as ops from "../ops/index.ts";
import { add, broadcastTo, cast, div, equal, expandDims, greater, logicalAnd, mul, where } from "./array/index.ts";
import {
  type DTypeOptions,
  dtypeOf,
  extents,
  listed,
  rankOf,
  requireInteger,
  requireSize,
  requireTensor,
  type Shape,
  sizeFor,
} from "./shapes.ts";

/**
 * A tensor of one value.
 *
 * @throws AdjointError `shape` for an extent below 0, `dtype` or `literal` for a value that the dtype does not have.
 * @example full([2, 2], 7) // [[7, 7], [7, 7]]
 */
export function full(shape: Shape, value: Operand, options: DTypeOptions = {}): Tensor {
  return asUser(
    named("full", full),
    () => {
      const otherwise = value instanceof Tensor ? value.dtype : typeof value === "boolean" ? "bool" : "f64";
      const dtype = dtypeOf(options, "full", otherwise);
      return broadcastTo(asTensor(full, value, dtype), listed(shape));
    },
    shape,
  );
}

/** A tensor of zeros; false for bool. @example zeros([2]) // [0, 0] */
export function zeros(shape: Shape, options: DTypeOptions = {}): Tensor {
  return asUser(named("zeros", zeros), () => constants(shape, 0, dtypeOf(options, "zeros", "f64"), "zeros"), shape);
}

/** A tensor of ones; true for bool. @example ones([2]) // [1, 1] */
export function ones(shape: Shape, options: DTypeOptions = {}): Tensor {
  return asUser(named("ones", ones), () => constants(shape, 1, dtypeOf(options, "ones", "f64"), "ones"), shape);
}

function constants(shape: Shape, value: 0 | 1, dtype: DType, where: string): Tensor {
  return apply(constants, [], () => [
    ops.constant(dtype === "bool" ? value === 1 : value, tensorType(dtype, extents(shape, where))),
  ])[0];
}

/** @__NO_SIDE_EFFECTS__ */
function like(name: string, value: 0 | 1) {
  const f = (x: Tensor, options: DTypeOptions = {}): Tensor =>
    asUser(f, () => {
      requireTensor(x, name);
      const dtype = dtypeOf(options, name, x.dtype);
      const filling = dtype === "bool" ? value === 1 : value;
      return apply(f, [x], (v) => [ops.filledLike(v, filling, dtype)])[0];
    });
  return named(name, f);
}

/** Zeros under the shape and dtype of x. @example zerosLike(tensor([1, 2])) // [0, 0] */
export const zerosLike = like("zerosLike", 0);
/** Ones under the shape and dtype of x. @example onesLike(tensor([5, 6])) // [1, 1] */
export const onesLike = like("onesLike", 1);

export interface RangeOptions extends DTypeOptions {
  /** The distance between neighbours; 1 where left out. */
  readonly step?: number;
}

/**
 * start, start + step, … up to but without stop; with one argument from 0. Each element is start + i · step.
 *
 * @throws AdjointError `argument` for a step of 0 or numbers that are not finite, and beside an extent for numbers that
 *   are not whole.
 * @example arange(1, 4) // [1, 2, 3]
 */
export function arange(stop: Size, options?: RangeOptions): Tensor;
export function arange(start: Size, stop: Size, options?: RangeOptions): Tensor;
export function arange(start: Size, second?: Size | RangeOptions, third?: RangeOptions): Tensor {
  const hasStop = isSize(second);
  const options = (hasStop ? third : (second ?? third)) ?? {};
  const [from, to] = hasStop ? [start, second] : [0, start];
  return asUser(named("arange", arange), () => {
    requireOptions("arange", options, ["dtype", "step"]);
    const { step = 1, dtype } = options;
    const name = dtypeOf(dtype === undefined ? {} : { dtype }, "arange", "f64");
    if (typeof from !== "number" || typeof to !== "number") return openRange(from, to, step, name);
    if (![from, to, step].every(Number.isFinite) || step === 0)
      fail(
        "argument",
        `arange: got ${[from, to, step].map(describe).join(", ")} for start, stop and step, expected finite numbers and a step other than 0`,
      );
    return counting(Math.max(Math.ceil((to - from) / step), 0), from, step, name);
  }, [from, to]);
}

const isSize = (x: unknown): x is Size => typeof x === "number" || typeof x === "string" || x instanceof Extent;

/** A range with an end that is not known yet: of whole numbers. */
function openRange(from: Size, to: Size, step: number, dtype: DType): Tensor {
  requireInteger(step, "arange: the step beside an extent");
  if (step === 0) fail("argument", "arange: the step is 0, expected another integer");
  const [start, stop] = [from, to].map((d) =>
    requireSize(d, "arange: a bound beside an extent", Number.MIN_SAFE_INTEGER),
  );
  const distance = step > 0 ? subDims(stop, start) : subDims(start, stop);
  const size = Math.abs(step);
  const n = floorDim(addDims(distance, size - 1), size);
  // extents are never below 0, and most ranges begin there
  const isCount = step > 0 && start === 0 && asSymbol(stop) !== null;
  return counting(isCount ? n : maxDims(n, 0), sizeFor(start), step, dtype);
}

/** from + i · step for the first n i. */
function counting(n: Dim, from: Operand, step: Operand, dtype: DType): Tensor {
  const i = apply(counting, [], () => [ops.iota(tensorType(dtype, [n]))])[0];
  const scaled = step === 1 ? i : mul(i, step);
  return from === 0 ? scaled : add(scaled, from);
}

export interface LinspaceOptions extends DTypeOptions {
  /** Whether the last element is stop; true where left out. */
  readonly endpoint?: boolean;
}

/**
 * `count` numbers at equal distances from start to stop.
 *
 * @throws AdjointError `argument` for a count that is no whole number from 0, `dtype` for a dtype that is no float.
 * @example linspace(0, 1, 5) // [0, 0.25, 0.5, 0.75, 1]
 */
export function linspace(start: number, stop: number, count: Size, options: LinspaceOptions = {}): Tensor {
  return asUser(named("linspace", linspace), () => {
    requireOptions("linspace", options, ["dtype", "endpoint"]);
    const { endpoint = true, dtype } = options;
    const name = dtypeOf(dtype === undefined ? {} : { dtype }, "linspace", "f64");
    if (dtypes[name].kind !== "float") fail("dtype", `linspace: got dtype ${name}, expected f32 or f64`);
    const n = requireSize(count, "linspace: the count");
    const last = subDims(n, 1);
    const step = stepOf(stop - start, endpoint ? last : n, name);
    const even = counting(n, start, step, name);
    // rounding must not miss the end; a single element is the start
    if (!endpoint || n === 0 || n === 1) return even;
    const isLast = equal(counting(n, 0, 1, "i32"), sizeFor(last));
    return where(typeof n === "number" ? isLast : logicalAnd(isLast, greater(scalarOf(last, "i32"), 0)), stop, even);
  }, [count]);
}

/** distance / steps as f64, which a literal of the dtype rounds; 0 where there are no steps. */
function stepOf(distance: number, steps: Dim, dtype: DType): Operand {
  if (typeof steps === "number") return steps > 0 ? distance / steps : 0;
  const n = scalarOf(steps, "f64");
  const step = where(greater(n, 0), div(distance, n), 0);
  return dtype === "f64" ? step : cast(step, dtype);
}

/** A dimension of the function that is built, as a scalar. */
function scalarOf(d: Dim, dtype: DType): Tensor {
  return asTensor(scalarOf, sizeFor(d), dtype);
}

export interface MeshgridOptions {
  /**
   * Which axes the vectors run along: "xy", where left out, the first along the columns and the second along the rows, as
   * coordinates of a plane; "ij" the first along the first axis, the second along the second.
   */
  readonly indexing?: "xy" | "ij";
}

/**
 * The coordinates of a grid: for each vector a tensor of the grid's shape that varies as the vector along its axis and is
 * repeated along the others (Python array API `meshgrid`; torch has "ij" where nothing is said). A scalar counts as a
 * vector of one element.
 *
 * @throws AdjointError `shape` for a rank above 1, `dtype` where dtypes differ, `option` for another indexing.
 * @example meshgrid([tensor([1, 2, 3]), tensor([4, 5])]) // [[[1, 2, 3], [1, 2, 3]], [[4, 4, 4], [5, 5, 5]]]
 */
export function meshgrid(vectors: readonly Tensor[], options: MeshgridOptions = {}): readonly Tensor[] {
  return asUser(named("meshgrid", meshgrid), () => {
    requireOptions("meshgrid", options, ["indexing"]);
    requireList(vectors, "meshgrid: the vectors");
    const { indexing = "xy" } = options;
    if (indexing !== "xy" && indexing !== "ij")
      fail("option", `meshgrid: option 'indexing' is ${describe(indexing)}, expected "xy" or "ij"`);
    for (const v of vectors) requireVector(v, vectors[0].dtype);
    const n = vectors.length;
    const axisFor = (i: number): number => (indexing === "xy" && n > 1 && i < 2 ? 1 - i : i);
    return apply(meshgrid, vectors, (...values) => {
      const flat = values.map((v) => (shapeOf(v).length === 0 ? ops.reshape(v, [1]) : v));
      const shape: Dim[] = new Array(n);
      for (const [i, v] of flat.entries()) [shape[axisFor(i)]] = shapeOf(v);
      return flat.map((v, i) => ops.broadcast(v, shape, [axisFor(i)]));
    });
  });
}

function requireVector(x: Tensor, dtype: DType): void {
  const rank = rankOf(x, "meshgrid");
  if (rank > 1) fail("shape", `meshgrid: a tensor has rank ${rank}, expected vectors`);
  if (x.dtype !== dtype)
    fail("dtype", `meshgrid: a vector has dtype ${x.dtype}, expected ${dtype} as the first`, { hint: "cast it" });
}

export interface EyeOptions extends DTypeOptions {
  /** The number of columns; that of rows where left out. */
  readonly columns?: Size;
  /** Which diagonal holds the ones: 0 the main one, 1 the one above it. */
  readonly k?: number;
}

/**
 * Ones on a diagonal, zeros elsewhere.
 *
 * @throws AdjointError `shape` for an extent below 0.
 * @example eye(2) // [[1, 0], [0, 1]]
 */
export function eye(rows: Size, options: EyeOptions = {}): Tensor {
  return asUser(named("eye", eye), () => {
    requireOptions("eye", options, ["columns", "dtype", "k"]);
    const { columns = rows, dtype, k = 0 } = options;
    const name = dtypeOf(dtype === undefined ? {} : { dtype }, "eye", "f64");
    return apply(eye, [], () => {
      const type = tensorType("i32", extents([rows, columns], "eye"));
      const row = ops.add(ops.iota(type, 0), ops.constant(requireInteger(k, "eye: option 'k'"), type));
      return [ops.cast(ops.compare(row, ops.iota(type, 1), "eq"), name)];
    })[0];
  }, [rows, options?.columns]);
}

export interface OneHotOptions extends DTypeOptions {
  /** Where the new axis stands in the result; last where left out. */
  readonly axis?: number;
}

/**
 * For each index a vector of `classes` elements, 1 at the index and 0 elsewhere; all 0 for an index outside.
 *
 * @throws AdjointError `dtype` for indices that are no integers.
 * @example oneHot(tensor([1, 0], { dtype: "i32" }), 2) // [[0, 1], [1, 0]]
 */
export function oneHot(x: Tensor, classes: Size, options: OneHotOptions = {}): Tensor {
  return asUser(named("oneHot", oneHot), () => {
    requireOptions("oneHot", options, ["axis", "dtype"]);
    const [indices] = meeting(oneHot, [x], "i32");
    const rank = rankOf(indices, "oneHot");
    if (dtypes[indices.dtype].kind !== "integer")
      fail("dtype", `oneHot: the indices have dtype ${indices.dtype}, expected integers`, { hint: "cast them to i32" });
    const axis = axisOr(options.axis, -1, rank + 1);
    const name = dtypeOf(options.dtype === undefined ? {} : { dtype: options.dtype }, "oneHot", "f64");
    const places = apply(oneHot, [indices], () => {
      const [n] = dimsFor([classes]);
      if (n === -1) fail("shape", "oneHot: got -1 classes, expected an integer from 0");
      const shape = Array.from({ length: rank + 1 - axis }, (_, i) => (i === 0 ? n : 1));
      return [ops.reshape(ops.iota(tensorType(indices.dtype, [n])), shape)];
    })[0];
    return cast(equal(expandDims(indices, { axis }), places), name);
  }, [classes]);
}
