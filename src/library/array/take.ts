// Elements by tensors of indices along one axis, and boxes whose place is known only when it runs.

import {
  applyIndexing,
  axisOr,
  type Countable,
  describe,
  dimsFor,
  meeting,
  type Operand,
  openDim,
  requireList,
  type Size,
  Tensor,
} from "../../frontend/index.ts";
import {
  type Dim,
  fail,
  isSafeInteger,
  printShape,
  requireOptions,
  scalar,
  shapeOf,
  type Value,
} from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { constantIndices, type Indices, requireIntegers, takeAlong, tensorsAmong } from "./along.ts";

const modes = ["fail", "clamp", "fill"] as const;

export interface TakeOptions {
  /** The axis of `x` that the indices are of, negatives from the end; it may be left out where `x` has one axis. */
  readonly axis?: number;
  /** What becomes of an index out of range: an error (where left out), the nearest in range, or 0 is taken. */
  readonly mode?: (typeof modes)[number];
}

function modeOf(mode: unknown, where: string): (typeof modes)[number] {
  const known = modes.find((m) => m === (mode ?? "fail"));
  return known ?? fail("option", `${where}: option 'mode' is ${describe(mode)}, expected one of ${modes.join(", ")}`);
}

/**
 * Slices of `x` along an axis, by their indices, whose axes take the place of the axis. Indices count from 0; numbers in
 * arrays are constants.
 *
 * @throws AdjointError `range` when it runs and an index is out of range, unless `mode` says otherwise; `dtype` where
 *   the indices are no integers.
 * @example take(tensor([5, 6, 7]), i32([2, 0])) // [7, 5]
 */
export function take(x: Tensor, indices: Indices, options: TakeOptions = {}): Tensor {
  return applyIndexing(take, [x, ...tensorsAmong(take, [indices])], (v, i = constantIndices(indices, "take")) => {
    requireOptions("take", options, ["axis", "mode"]);
    const shape = shapeOf(v, "take");
    if (options.axis == null && shape.length !== 1) {
      fail("option", `take: option 'axis' is left out for shape ${printShape(shape)}`, {
        hint: "name the axis, or reshape to one",
      });
    }
    const axis = axisOr(options.axis, 0, shape.length);
    return [takeAlong(v, i, axis, modeOf(options.mode, "take"), "take")];
  })[0];
}

export interface TakeAlongAxisOptions {
  /** The axis that the indices are of, negatives from the end; the last where left out. */
  readonly axis?: number;
  /** What becomes of an index out of range: an error (where left out), the nearest in range, or 0 is taken. */
  readonly mode?: TakeOptions["mode"];
}

/**
 * For each element of `indices` the element of `x` at that index along the axis, and at its own place along all others:
 * what `argMax` with `keepDims` and a sort's order are for. Extents of the other axes are equal, or 1 in one of the two.
 *
 * @throws AdjointError `shape` where ranks or other extents differ; `range` and `dtype` as `take`.
 * @example takeAlongAxis(tensor([[5, 6], [7, 8]]), i32([[1], [0]])) // [[6], [7]]
 */
export function takeAlongAxis(x: Tensor, indices: Indices, options: TakeAlongAxisOptions = {}): Tensor {
  const operands = [x, ...tensorsAmong(takeAlongAxis, [indices])];
  return applyIndexing(takeAlongAxis, operands, (v, i = constantIndices(indices, "takeAlongAxis")) => {
    requireOptions("takeAlongAxis", options, ["axis", "mode"]);
    requireIntegers(i, "takeAlongAxis");
    const [own, asked] = [shapeOf(v, "takeAlongAxis"), shapeOf(i, "takeAlongAxis")];
    if (own.length !== asked.length) {
      fail("shape", `takeAlongAxis: the indices have shape ${printShape(asked)}, expected rank ${own.length}`, {
        hint: "take picks whole slices",
      });
    }
    const axis = axisOr(options.axis, -1, own.length);
    const others = own.flatMap((_, a) => (a === axis ? [] : [a]));
    const wide = (shape: readonly Dim[], beside: readonly Dim[]): readonly Dim[] =>
      shape.map((d, a) => (a !== axis && d === 1 ? beside[a] : d));
    const indexed = ops.broadcastTo(i, wide(asked, own));
    return [
      ops.gather(ops.broadcastTo(v, wide(own, asked)), indexed, {
        offsetAxes: [],
        collapsedAxes: [axis],
        batchAxes: others,
        indexBatchAxes: others,
        indexMap: [axis],
        indexAxis: own.length,
        sizes: own.map(() => 1),
        mode: modeOf(options.mode, "takeAlongAxis"),
      }),
    ];
  })[0];
}

// ---- boxes ------------------------------------------------------------------------------------------------------------

/** Where a box begins along an axis: a number, an extent, or a scalar of integers. */
export type Start = Countable | Tensor;

/** Numbers among the starts are constants; the tensors among them are the operands behind the first ones. */
function startsOf(starts: readonly Start[], values: readonly Value[], where: string): readonly Value[] {
  let next = 0;
  return Array.from(starts, (start, axis) => {
    if (start instanceof Tensor) return values[next++];
    const open = openDim(start);
    if (open !== null) return ops.dim(open);
    if (isSafeInteger(start)) return ops.constant(start, scalar("i32"));
    return fail(
      "argument",
      `${where}: the start on axis ${axis} is ${describe(start)}, expected an integer or a tensor`,
    );
  });
}

/**
 * The box of extents `sizes` that begins at `starts`, one for each axis. A start for which the box would not be within
 * `x` is moved to the nearest one for which it is.
 *
 * @throws AdjointError `arity` where there is not a start for each axis, `shape` where the box is larger than `x`.
 * @example dynamicSlice(x, [i, 0], [1, 3])
 */
export function dynamicSlice(x: Tensor, starts: readonly Start[], sizes: readonly Size[]): Tensor {
  return applyIndexing(
    dynamicSlice,
    [x, ...tensorsAmong(dynamicSlice, [starts].flat())],
    (v, ...values) => {
      requireList(starts, "dynamicSlice: the starts");
      return [ops.dynamicSlice(v, startsOf(starts, values, "dynamicSlice"), dimsFor(sizes))];
    },
    [starts, sizes].flat(),
  )[0];
}

/**
 * `x` with `update` in the box that begins at `starts`, one for each axis, which are moved as in `dynamicSlice`.
 *
 * @throws AdjointError `arity` where there is not a start for each axis, `shape` where the update is larger than `x`.
 * @example dynamicUpdateSlice(x, row, [i, 0])
 */
export function dynamicUpdateSlice(x: Tensor, update: Operand, starts: readonly Start[]): Tensor {
  return applyIndexing(
    dynamicUpdateSlice,
    [...meeting(dynamicUpdateSlice, [x, update]), ...tensorsAmong(dynamicUpdateSlice, [starts].flat())],
    (v, u, ...values) => {
      requireList(starts, "dynamicUpdateSlice: the starts");
      return [ops.dynamicUpdateSlice(v, u, startsOf(starts, values, "dynamicUpdateSlice"))];
    },
  )[0];
}
