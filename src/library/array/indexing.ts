// What users call to take tensors apart and put them together, and to look for extrema.

import {
  apply,
  applyIndexing,
  asUser,
  axisOf,
  type Countable,
  describe,
  Extent,
  noteGiven,
  type Operand,
  openDim,
  requireKnown,
  requireList,
  type Size,
  type Tensor,
} from "../../frontend/index.ts";
import {
  addDims,
  counted,
  type Dim,
  fail,
  isSafeInteger,
  requireOptions,
  shapeOf,
  type Value,
} from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { axesOf, eachOnce, withAxis } from "./along.ts";
import { type PadMode, padFromWithin, padModes } from "./pad-modes.ts";

/** One entry per axis: a number stands for all axes, axes left out of a list take `otherwise`. */
function perAxis<T>(
  given: T | readonly T[] | null | undefined,
  shape: readonly Dim[],
  what: string,
  read: (entry: T, axis: number) => Dim,
  otherwise: (axis: number) => Dim,
): readonly Dim[] {
  const list = Array.isArray(given) ? (given as readonly T[]) : given == null ? [] : shape.map(() => given as T);
  if (list.length > shape.length) {
    fail("shape", `${what} has ${counted(list.length, "entry")}, expected at most ${shape.length}, one per axis`);
  }
  return shape.map((_, axis) => (axis < list.length ? read(list[axis], axis) : otherwise(axis)));
}

function integer(entry: unknown, what: string): number {
  if (entry instanceof Extent) requireKnown(entry, what);
  if (isSafeInteger(entry)) return entry;
  return fail("argument", `${what}: got ${describe(entry)}, expected an integer`);
}

// ---- slice and pad --------------------------------------------------------------------------------------------------

/** A place along an axis: an integer, from the end where it is negative, an extent, or an expression such as "N-1". */
export type Position = Size;

export interface SliceOptions {
  /** The first subscript of each axis; 0 where left out. */
  readonly start?: Position | readonly Position[] | null;
  /** The subscript that each axis stops before; its extent where left out. */
  readonly limit?: Position | readonly Position[] | null;
  /** The distance between elements; 1 where left out. */
  readonly strides?: number | readonly number[] | null;
}

/**
 * The elements of a box; one number stands for all axes. Nothing is clamped: a box that reaches beyond the tensor is an error.
 *
 * @throws AdjointError `shape` where 0 <= start <= limit <= extent does not hold on an axis.
 * @example slice(tensor([1, 2, 3, 4, 5]), { start: [1], limit: [-1], strides: [2] }) // [2, 4]
 */
export function slice(x: Tensor, options: SliceOptions = {}): Tensor {
  return apply(
    slice,
    [x],
    (v) => {
      requireOptions("slice", options, ["start", "limit", "strides"]);
      const shape = shapeOf(v, "slice");
      const place =
        (what: string) =>
        (entry: Position, axis: number): Dim => {
          const open = openDim(entry);
          if (open !== null) return open;
          const at = integer(entry, `slice: ${what}`);
          return at < 0 ? addDims(shape[axis], at) : at;
        };
      return [
        ops.slice(v, {
          start: perAxis(options.start, shape, "slice: start", place("start"), () => 0),
          limit: perAxis(options.limit, shape, "slice: limit", place("limit"), (axis) => shape[axis]),
          strides: counts(options.strides, shape, "slice: strides", 1),
        }),
      ];
    },
    [options?.start ?? [], options?.limit ?? []].flat(),
  )[0];
}

function counts(
  given: number | readonly number[] | null | undefined,
  shape: readonly Dim[],
  what: string,
  otherwise: number,
): readonly number[] {
  const read = (entry: number): number => integer(entry, what);
  return perAxis(given, shape, what, read, () => otherwise).map(Number);
}

export interface PadOptions {
  /** How many values stand before each axis, or before every axis; negative: how many elements are cut off. */
  readonly low?: Countable | readonly Countable[];
  /** How many values stand behind each axis, or behind every axis; negative: how many elements are cut off. */
  readonly high?: Countable | readonly Countable[];
  /** How many values stand between neighbours. */
  readonly interior?: number | readonly number[];
  /** What is put in; 0 or false where left out. */
  readonly value?: Operand;
  /** Of what stands around: `value`, where left out, the nearest element, a mirror image, or the beginning again. */
  readonly mode?: "constant" | PadMode;
}

/** How far to go before and behind each axis, as a pair for each, or one number for all sides. */
export type PadWidths = number | readonly (readonly [number, number])[];

/** Options, however the widths are written. */
function optionsOf(widths: PadOptions | PadWidths, more: Omit<PadOptions, "low" | "high">): PadOptions {
  if (typeof widths === "number") return { ...more, low: widths, high: widths };
  if (!Array.isArray(widths)) return widths as PadOptions;
  const pairs: readonly unknown[] = widths;
  if (!pairs.every((pair) => Array.isArray(pair) && pair.length === 2))
    fail("argument", "pad: the widths are no pairs", {
      hint: "write [[before, behind], …], a pair for each axis, or one number",
    });
  return { ...more, low: pairs.map((pair) => (pair as number[])[0]), high: pairs.map((pair) => (pair as number[])[1]) };
}

/**
 * The tensor with a value around its elements, and between them where `interior` says so.
 *
 * @throws AdjointError `shape` where more is cut off than there is, `dtype` where the value has another dtype, `range`
 *   when it runs and there is no element to put in.
 * @example pad(tensor([1, 2]), { low: 1, high: 2 }) // [0, 1, 2, 0, 0]
 * @example pad(tensor([1, 2]), [[1, 2]]) // [0, 1, 2, 0, 0]
 */
export function pad(
  x: Tensor,
  widths: PadOptions | PadWidths = {},
  more: Omit<PadOptions, "low" | "high"> = {},
): Tensor {
  const options = asUser(pad, () => optionsOf(widths, more));
  const { value } = options ?? {};
  return applyIndexing(
    pad,
    value === undefined ? [x] : [x, value],
    (v, filling?: Value) => {
      requireOptions("pad", options, ["low", "high", "interior", "value", "mode"]);
      const shape = shapeOf(v, "pad");
      const side = (name: "low" | "high"): readonly Dim[] =>
        perAxis(
          options[name],
          shape,
          `pad: ${name}`,
          (n) => openDim(n) ?? integer(n, `pad: ${name}`),
          () => 0,
        );
      if (isFromWithin(options)) return [padFromWithin(v, side("low"), side("high"), options.mode)];
      const interior = counts(options.interior, shape, "pad: interior", 0);
      return [ops.pad(v, { low: side("low"), high: side("high"), interior }, filling)];
    },
    [options?.low, options?.high].flat(),
  )[0];
}

/** Whether elements of the tensor are put in; a value and a place between neighbours have no meaning then. */
function isFromWithin(options: PadOptions): options is PadOptions & { readonly mode: PadMode } {
  const { mode = "constant", value, interior } = options;
  if (mode === "constant") return false;
  if (!padModes.includes(mode))
    fail("option", `pad: option 'mode' is ${describe(mode)}, expected one of constant, ${padModes.join(", ")}`);
  if (value !== undefined || interior !== undefined)
    fail("option", `pad: the options 'value' and 'interior' are for mode "constant", got "${mode}"`);
  return true;
}

/** The tensor in the opposite order along axes; along all where they are left out. */
export function flip(x: Tensor, options: { readonly axes?: number | readonly number[] | null } = {}): Tensor {
  return apply(flip, [x], (v) => {
    requireOptions("flip", options, ["axes"]);
    const isOpen = options.axes == null && ops.isUnranked(v.type);
    return [ops.reverse(v, isOpen ? "all" : axesOf(v, options.axes, "flip"))];
  })[0];
}

// ---- putting together -----------------------------------------------------------------------------------------------

/** The tensor with new axes of extent 1 at places of the result, one or a list; the first where they are left out. */
export function expandDims(x: Tensor, options: { readonly axis?: number | readonly number[] | null } = {}): Tensor {
  return apply(expandDims, [x], (v) => {
    requireOptions("expandDims", options, ["axis"]);
    const given = options.axis ?? 0;
    if (typeof given !== "number") requireList(given, "expandDims: option 'axis'");
    const list = [given].flat();
    const rank = shapeOf(v, "expandDims").length + list.length;
    const axes = [...eachOnce(list, rank, "expandDims")].sort((a, b) => a - b);
    return [axes.reduce((value, axis) => withAxis(value, axis, "expandDims"), v)];
  })[0];
}

/** The tensor without axes of extent 1: those named, else all that are known to have it. */
export function squeeze(x: Tensor, options: { readonly axes?: number | readonly number[] | null } = {}): Tensor {
  return apply(squeeze, [x], (v) => {
    requireOptions("squeeze", options, ["axes"]);
    const shape = shapeOf(v, "squeeze");
    // which axes go depends on the sizes, as where users' code looks at them
    if (options.axes === undefined) noteGiven(shape);
    const axes = axesOf(v, options.axes, "squeeze").filter((a) => options.axes != null || shape[a] === 1);
    const wide = axes.find((a) => typeof shape[a] === "number" && shape[a] !== 1);
    if (wide !== undefined) fail("shape", `squeeze: axis ${wide} has extent ${shape[wide]}, expected 1`);
    return [
      ops.reshape(
        v,
        shape.filter((_, a) => !axes.includes(a)),
      ),
    ];
  })[0];
}

// ---- extrema --------------------------------------------------------------------------------------------------------

export interface ArgReduceOptions {
  /** The axis that is looked along, negatives from the end; where left out or null, the elements are counted row-major. */
  readonly axis?: number | null;
  /** Keep the axis with extent 1. */
  readonly keepDims?: boolean;
}

type ArgReduction = (x: Tensor, options?: ArgReduceOptions) => Tensor;

/** @__NO_SIDE_EFFECTS__ */
function argReduction(name: string, kind: ops.ArgReduceKind): ArgReduction {
  const f: ArgReduction = (x, options = {}) =>
    apply(f, [x], (v) => {
      requireOptions(name, options, ["axis", "keepDims"]);
      const { keepDims = false } = options;
      const { axis = null } = options;
      const found =
        axis === null
          ? ops.argReduce(ops.flatten(v), { kind, axis: 0 })
          : ops.argReduce(v, { kind, axis: axesOf(v, axis, name)[0] });
      if (!keepDims) return [found];
      const shape = shapeOf(v, name);
      const along = axis === null ? null : axisOf(axis, shape.length);
      const kept = shape.map((d, a) => (along === null || a === along ? 1 : d));
      return [ops.reshape(found, kept)];
    })[0];
  return f;
}

/** Where the largest element is, as i32: the first of several, the first NaN if there is one. */
export const argMax: ArgReduction = argReduction("argMax", "max");
/** Where the smallest element is, as i32: the first of several, the first NaN if there is one. */
export const argMin: ArgReduction = argReduction("argMin", "min");
