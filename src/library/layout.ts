// Layout: taking tensors apart along an axis, repeating and turning them.

import { apply, asUser, axisOf, axisOr, composite, type Size, sizesOf, type Tensor } from "../frontend/index.ts";
import {
  addDims,
  counted,
  type Dim,
  divideDims,
  fail,
  mulDims,
  requireOptions,
  sameDim,
  shapeOf,
  subDims,
} from "../ir/index.ts";
import * as ops from "../ops/index.ts";
import { concat, permuteDims, reshape, slice, squeeze } from "./array/index.ts";
import {
  type Axes,
  axesOf,
  count,
  otherAxes,
  rankOf,
  requireSize,
  requireTensor,
  sizeFor,
  withExtent,
} from "./shapes.ts";

export interface AlongOptions {
  /** The axis, negatives from the end; the first where left out. */
  readonly axis?: number;
}

/**
 * The pieces of a tensor along an axis: of these sizes, which have to add up to its extent, or each of one size and the
 * last what is left (torch `split`).
 *
 * @throws AdjointError `shape` where the sizes do not add up, or where one size is given for an extent that is not known.
 * @example split(tensor([1, 2, 3]), [1, 2]) // [[1], [2, 3]]
 */
export function split(x: Tensor, sizes: Size | readonly Size[], options: AlongOptions = {}): readonly Tensor[] {
  return asUser(
    split,
    () => {
      requireOptions("split", options, ["axis"]);
      const axis = axisOr(options.axis, 0, rankOf(x, "split"));
      const extent = shapeOf(x)[axis];
      const list = Array.isArray(sizes)
        ? Array.from(sizes, (size) => requireSize(size, "split: a size"))
        : evenSizes(extent, requireSize(sizes, "split: the size", 1));
      const total = list.reduce(addDims, 0);
      if (typeof extent === "number" && typeof total === "number" && total !== extent)
        fail("shape", `split: the sizes ${list.join(" + ")} make ${total}, but axis ${axis} has extent ${extent}`);
      // an extent that is not known yet is this one from here on
      const whole = sameDim(extent, total) ? x : reshape(x, withExtent(sizesOf(x), axis, sizeFor(total)));
      return splitInto(whole, list, axis);
    },
    sizes,
  );
}

/** Pieces of one size: of an open extent only where it is known how many there are. */
function evenSizes(extent: Dim, size: Dim): readonly Dim[] {
  const times = divideDims(extent, size);
  if (typeof times === "number") return Array.from({ length: times }, () => size);
  if (typeof extent !== "number" || typeof size !== "number")
    return fail("shape", `split: it is not known how many pieces of ${size} an extent ${extent} has`, {
      hint: "write the size of each piece",
    });
  return Array.from({ length: Math.ceil(extent / size) }, (_, i) => Math.min(size, extent - i * size));
}

function splitInto(x: Tensor, sizes: readonly Dim[], axis: number): readonly Tensor[] {
  let from: Dim = 0;
  const shape = sizesOf(x);
  return sizes.map((size) => {
    const start = count(axis + 1).map((a) => (a === axis ? sizeFor(from) : 0));
    from = addDims(from, size);
    return slice(x, { start, limit: withExtent(shape, axis, sizeFor(from)) });
  });
}

/**
 * The parts of a tensor along an axis, without the axis (Python array API `unstack`).
 *
 * @throws AdjointError `shape` where the extent is not known.
 * @example unstack(tensor([[1, 2], [3, 4]])) // [[1, 2], [3, 4]]
 */
export function unstack(x: Tensor, options: AlongOptions = {}): readonly Tensor[] {
  return asUser(unstack, () => {
    requireOptions("unstack", options, ["axis"]);
    const axis = axisOr(options.axis, 0, rankOf(x, "unstack"));
    return split(x, 1, { axis }).map((piece) => squeeze(piece, { axes: axis }));
  });
}

/**
 * The tensor repeated along each axis; repetitions count from the last axis, and more of them than axes add some.
 *
 * @throws AdjointError `argument` for a repetition that is no whole number from 0.
 * @example tile(tensor([1, 2]), [2]) // [1, 2, 1, 2]
 */
export const tile = composite("tile", (x: Tensor, repetitions: Size | readonly Size[]): Tensor => {
  const rank = rankOf(x, "tile");
  const given = [repetitions].flat().map((n) => requireSize(n, "tile: a repetition"));
  const width = Math.max(rank, given.length);
  const times = [...count(width - given.length).map(() => 1), ...given];
  return apply(tile, [x], (v) => {
    const shape = [...count(width - rank).map(() => 1), ...shapeOf(v)];
    const open = shape.flatMap((d, i) => [times[i], d]);
    const own = count(rank, width - rank).map((a) => 2 * a + 1);
    const wide = ops.broadcast(v, open, own);
    return [
      ops.reshape(
        wide,
        shape.map((d, i) => mulDims(d, times[i])),
      ),
    ];
  })[0];
});

export interface RepeatOptions {
  /** The axis, negatives from the end; where left out or null, the elements are taken row-major. */
  readonly axis?: number | null;
}

/**
 * Each element along an axis several times in a row (Python array API `repeat`).
 *
 * @throws AdjointError `argument` for repeats that are no whole number from 0.
 * @example repeat(tensor([1, 2]), 2) // [1, 1, 2, 2]
 */
export const repeat = composite("repeat", (x: Tensor, repeats: Size, options: RepeatOptions = {}): Tensor => {
  requireOptions("repeat", options, ["axis"]);
  const times = requireSize(repeats, "repeat: the repeats");
  const rank = rankOf(x, "repeat");
  const flat = options.axis == null && rank !== 1 ? reshape(x, [-1]) : x;
  const axis = axisOr(options.axis, 0, flat.rank);
  return apply(repeat, [flat], (v) => {
    const shape = shapeOf(v);
    const open = [...shape.slice(0, axis + 1), times, ...shape.slice(axis + 1)];
    const wide = ops.broadcast(v, open, otherAxes(open.length, [axis + 1]));
    return [
      ops.reshape(
        wide,
        shape.map((d, a) => (a === axis ? mulDims(d, times) : d)),
      ),
    ];
  })[0];
});

export interface RollOptions {
  /** The axes; where left out or null, the elements are taken row-major. */
  readonly axes?: Axes | null;
}

/**
 * The tensor turned along axes: an element at i moves to i + shift, and those that leave at the end come in at the front.
 *
 * @throws AdjointError `arity` where there are not as many shifts as axes.
 * @example roll(tensor([1, 2, 3]), 1) // [3, 1, 2]
 */
export const roll = composite("roll", (x: Tensor, shift: Size | readonly Size[], options: RollOptions = {}): Tensor => {
  requireOptions("roll", options, ["axes"]);
  requireTensor(x, "roll");
  const shifts = [shift].flat().map((n) => requireSize(n, "roll: a shift", Number.MIN_SAFE_INTEGER));
  if (options.axes == null) {
    if (shifts.length !== 1) fail("arity", `roll: got ${counted(shifts.length, "shift")} without axes, expected one`);
    return reshape(rolled(reshape(x, [-1]), shifts[0], 0), sizesOf(x));
  }
  const axes = [options.axes].flat().map((a) => axisOf(a, rankOf(x, "roll")));
  if (shifts.length !== axes.length && shifts.length !== 1)
    fail("arity", `roll: got ${counted(shifts.length, "shift")} for ${counted(axes.length, "axis")}`);
  return axes.reduce((y, axis, i) => rolled(y, shifts[shifts.length === 1 ? 0 : i], axis), x);
});

function rolled(x: Tensor, shift: Dim, axis: number): Tensor {
  const shape = sizesOf(x);
  const extent = shapeOf(x)[axis];
  const isKnown = typeof extent === "number" && typeof shift === "number";
  const by = isKnown ? (extent === 0 ? 0 : ((shift % extent) + extent) % extent) : shift;
  if (by === 0) return x;
  // where the part that comes in begins
  const place = sizeFor(typeof by === "number" && by < 0 ? -by : subDims(extent, by));
  const start = count(axis + 1).map((a) => (a === axis ? place : 0));
  return concat([slice(x, { start }), slice(x, { limit: withExtent(shape, axis, place) })], { axis });
}

/**
 * Axes moved to other places, the rest in order (Python array API `moveaxis`).
 *
 * @throws AdjointError `axis` for one that x does not have, `arity` where the lists differ in length.
 * @example moveaxis(tensor([[1, 2]]), 0, 1) // [[1], [2]]
 */
export function moveaxis(x: Tensor, source: Axes, destination: Axes): Tensor {
  return asUser(moveaxis, () => {
    const [from, to] = [axesOf(x, source, "moveaxis"), axesOf(x, destination, "moveaxis")];
    if (from.length !== to.length)
      fail(
        "arity",
        `moveaxis: got ${counted(from.length, "axis")} and ${counted(to.length, "place")}, expected as many`,
      );
    const rest = otherAxes(x.rank, from);
    let next = 0;
    return permuteDims(
      x,
      count(x.rank).map((place) => (to.includes(place) ? from[to.indexOf(place)] : rest[next++])),
    );
  });
}
