// Indexing: elements, ranges and slices by tensors of indices, read by `at` and replaced by `set` and `addAt`, `mulAt`, …

import {
  type AtShape,
  applyIndexing,
  type Checked,
  describe,
  meeting,
  type Operand,
  type OwnDType,
  openDim,
  type ResultShape,
  requireList,
  type ShapeIn,
  Tensor,
} from "../../frontend/index.ts";
import {
  addDims,
  counted,
  currentBlock,
  type Dim,
  elementDType,
  fail,
  isFloat,
  isSafeInteger,
  mulDims,
  printShape,
  printType,
  requireOptions,
  sameShape,
  scalar,
  shapeOf,
  subDims,
  type Value,
} from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { tensorsAmong } from "./along.ts";
import type { Position } from "./indexing.ts";

/**
 * What stands for one axis of a tensor, or for none:
 *
 * - a position: one element; the axis disappears. Negative ones count from the end;
 * - `[from, to]`: those from one position to before another; `null` on either side is the end;
 * - a tensor of integers: those elements; its axes take the axis' place. They count from 0, and one that is out of range
 *   is an error when it runs;
 * - `null`: a new axis of extent 1;
 * - `"..."`: as many axes as are left, whole. It stands at the end where it is left out.
 */
export type Index = Position | readonly [from: Position | null, to: Position | null] | Tensor | null;

/** An index with what it means of an axis. */
type Entry =
  | { readonly kind: "new" }
  | { readonly kind: "one" | "range"; readonly axis: number; readonly start: Dim; readonly size: Dim }
  | { readonly kind: "tensor"; readonly axis: number; readonly indices: Value };

/** Indices of a tensor: one entry for each of its axes, and those of new ones between. */
interface Selection {
  readonly x: Value;
  readonly entries: readonly Entry[];
  /** The shape that the tensors of indices have together; null where there are none. */
  readonly batch: readonly Dim[] | null;
}

/** The indices of `at`, or what is wrong with them. */
export type Indices<X, I extends readonly unknown[]> = {
  readonly [K in keyof I]: Checked<AtShape<ShapeIn<X>, I>, I[K]>;
};

/**
 * The elements that the indices select.
 *
 * Several tensors of indices broadcast and go along with each other; their axes stand where the first of them stood, or
 * in front where other indices stand between them, as in NumPy.
 *
 * @throws AdjointError `range` where a position is outside of its axis, `shape` where there are more indices than axes,
 *   `dtype` where a tensor of indices has no integers.
 * @example x.at(0)  x.at(-1, [1, 3])  x.at("...", null)  x.at(i32([2, 0]))
 */
export function at<X extends Tensor, const I extends readonly Index[]>(
  x: X,
  ...indices: Indices<X, I>
): Tensor<ResultShape<AtShape<ShapeIn<X>, I>>, OwnDType<X>>;
export function at(x: Tensor, ...indices: Index[]): Tensor {
  return applyIndexing(
    at,
    [x, ...tensorsAmong(at, indices)],
    (v, ...values) => [read(select("at", v, indices, values))],
    indices.flat(),
  )[0];
}

/**
 * The tensor with other elements where the indices say: those of `value`, which broadcasts to the shape of `at`. Where
 * several indices name one element, the last value stays.
 *
 * @param indices a list as `at` takes it, or one index.
 * @throws AdjointError as `at`, and `shape` where the value does not broadcast.
 * @example x.set([0, [1, 3]], 5)  x.set([i32([2, 0])], y)
 */
export function set(x: Tensor, indices: readonly Index[] | Position | Tensor, value: Operand): Tensor {
  return change(set, "set", x, indices, value);
}

/**
 * The tensor with `value` added to the elements that the indices select. Where several indices name one element, it
 * receives all of their values. As a method: `x.add(indices, value)`.
 *
 * @param indices a list as `at` takes it, or one index.
 * @throws AdjointError as `at`, and `shape` where the value does not broadcast.
 * @example x.add([0, [1, 3]], 5)  addAt(x, [i32([2, 2])], 1)
 */
export function addAt(x: Tensor, indices: readonly Index[] | Position | Tensor, value: Operand): Tensor {
  return change(addAt, "add", x, indices, value);
}

export interface CombineOptions {
  /** A promise that no two of the indices name one element, which makes derivatives cheaper. */
  readonly unique?: boolean;
}

/**
 * The tensor with the elements that the indices select multiplied by `value`. Where several indices name one element, it is
 * multiplied by all of their values. The derivative with respect to the values is exact where factors are 0, as that of
 * `prod`; where several name one element it costs as much as the square of their number then.
 *
 * @param indices a list as `at` takes it, or one index.
 * @throws AdjointError as `addAt`.
 * @example mulAt(tensor([1, 2, 3]), [i32([2, 2])], 10) // [1, 2, 300]
 */
export function mulAt(
  x: Tensor,
  indices: readonly Index[] | Position | Tensor,
  value: Operand,
  options: CombineOptions = {},
): Tensor {
  return change(mulAt, "mul", x, indices, value, options);
}

/**
 * The tensor with the elements that the indices select replaced by `value` where that is smaller; NaN wins. Where several
 * indices name one element, it becomes the smallest of all. Equal ones share the derivative.
 *
 * @param indices a list as `at` takes it, or one index.
 * @throws AdjointError as `addAt`.
 * @example minAt(tensor([5, 6, 7]), [i32([0, 0])], tensor([3, 4])) // [3, 6, 7]
 */
export function minAt(
  x: Tensor,
  indices: readonly Index[] | Position | Tensor,
  value: Operand,
  options: CombineOptions = {},
): Tensor {
  return change(minAt, "min", x, indices, value, options);
}

/**
 * The tensor with the elements that the indices select replaced by `value` where that is larger, as `minAt`.
 *
 * @param indices a list as `at` takes it, or one index.
 * @throws AdjointError as `addAt`.
 * @example maxAt(tensor([5, 6, 7]), [i32([0, 0])], tensor([8, 9])) // [9, 6, 7]
 */
export function maxAt(
  x: Tensor,
  indices: readonly Index[] | Position | Tensor,
  value: Operand,
  options: CombineOptions = {},
): Tensor {
  return change(maxAt, "max", x, indices, value, options);
}

type Change = ops.ScatterKind;

/** How a kind combines an element and a value; "set" takes the value. */
const combinations: Readonly<Record<Change, (element: Value, value: Value) => Value>> = {
  set: (_, value) => value,
  add: ops.add,
  mul: ops.mul,
  min: ops.minimum,
  max: ops.maximum,
};

function change(
  boundary: typeof mulAt,
  kind: Change,
  x: Tensor,
  indices: readonly Index[] | Position | Tensor,
  value: Operand,
  options: CombineOptions = {},
): Tensor {
  const list = Array.isArray(indices) ? (indices as readonly Index[]) : [indices as Index];
  const tensors = tensorsAmong(boundary, list);
  const where = kind === "set" || kind === "add" ? kind : `${kind}At`;
  const combined = (v: Value, by: Value, ...values: Value[]): readonly Value[] => {
    requireOptions(where, options, ["unique"]);
    return [write(select(where, v, list, values), by, kind, where, options.unique === true)];
  };
  return applyIndexing(boundary, [...meeting(boundary, [x, value]), ...tensors], combined, list.flat())[0];
}

// ---- what indices mean ------------------------------------------------------------------------------------------------

function select(where: string, x: Value, indices: readonly Index[], values: readonly Value[]): Selection {
  const shape = shapeOf(x, where);
  const entries: Entry[] = [];
  let next = 0;
  let axis = 0;
  for (const index of filled(where, indices, shape)) {
    if (index === null) entries.push({ kind: "new" });
    else if (index instanceof Tensor) {
      entries.push({ kind: "tensor", axis, indices: integersOf(where, values[next++], axis) });
      axis++;
    } else {
      entries.push(staticEntry(where, index, axis, shape[axis]));
      axis++;
    }
  }
  const tensors = entries.flatMap((e) => (e.kind === "tensor" ? [e.indices] : []));
  if (tensors.length === 0) return { x, entries, batch: null };
  const { scope, origin } = currentBlock();
  const together = ops.broadcastOperands(tensors, scope, origin);
  let k = 0;
  const aligned = entries.map((e) => (e.kind === "tensor" ? { ...e, indices: together[k++] } : e));
  return { x, entries: aligned, batch: shapeOf(together[0]) };
}

/** The indices with whole axes in place of the dots, or behind, so that there is one for each axis. */
function filled(where: string, indices: readonly Index[], shape: readonly Dim[]): readonly Index[] {
  requireList(indices, `${where}: the indices`);
  const list = Array.from(indices, (index) => {
    if (index === undefined) fail("argument", `${where}: got undefined for an index`, { hint: 'write null or "..."' });
    return index;
  });
  const named = list.filter((index) => index !== null && index !== "...").length;
  if (named > shape.length) {
    fail(
      "shape",
      `${where}: got ${counted(named, "index")} for shape ${printShape(shape)}, expected at most ${shape.length}`,
    );
  }
  const dots = list.indexOf("...");
  if (dots !== list.lastIndexOf("...")) fail("argument", `${where}: got "..." twice, expected it once at most`);
  const place = dots < 0 ? list.length : dots;
  const whole: readonly Index[] = Array.from({ length: shape.length - named }, () => [null, null] as const);
  return [...list.slice(0, place), ...whole, ...list.slice(dots < 0 ? place : place + 1)];
}

function integersOf(where: string, v: Value, axis: number): Value {
  const dtype = elementDType(v.type) ?? "f64";
  if (ops.isUnranked(v.type)) {
    return fail("shape", `${where}: the rank of the indices for axis ${axis} is not known here`, {
      hint: "give the placeholder a shape",
    });
  }
  if (dtype !== "bool" && !isFloat(dtype)) return dtype === "i32" ? v : ops.cast(v, "i32");
  return fail("dtype", `${where}: the indices for axis ${axis} have dtype ${dtype}, expected integers`, {
    hint: dtype === "bool" ? "use where for what a mask selects" : "write i32([…]), or cast them",
  });
}

function staticEntry(where: string, index: unknown, axis: number, extent: Dim): Entry {
  if (!Array.isArray(index)) {
    const start = placeOf(where, index, axis, extent, typeof index === "string" && /^\s*-?\d+\s*$/.test(index));
    requireWithin(where, index, start, addDims(extent, -1), axis, extent);
    return { kind: "one", axis, start, size: 1 };
  }
  if (index.length !== 2) {
    fail(
      "argument",
      `${where}: the range for axis ${axis} has ${counted(index.length, "entry")}, expected [from, to]`,
      {
        hint: "null stands for an open end, i32([…]) for a list of indices",
      },
    );
  }
  const [from, to] = index;
  const start = from === null ? 0 : placeOf(where, from, axis, extent);
  const end = to === null ? extent : placeOf(where, to, axis, extent);
  requireWithin(where, to, end, extent, axis, extent);
  requireWithin(where, from, start, end, axis, extent);
  return { kind: "range", axis, start, size: subDims(end, start) };
}

/** A position along an axis, from the front. */
function placeOf(where: string, position: unknown, axis: number, extent: Dim, isNumeral = false): Dim {
  // one that is a number as text is a number by mistake
  const open = isNumeral ? null : openDim(position);
  if (open !== null) return open;
  if (!isSafeInteger(position)) {
    const got = Array.isArray(position) ? "an array" : describe(position);
    return fail("argument", `${where}: got ${got} for axis ${axis}, expected an integer`, {
      hint: 'also [from, to], a tensor of integers, null or "..."',
    });
  }
  return position < 0 ? addDims(extent, position) : position;
}

/** From 0 to `most`. What is known now is refused now; sizes that are open become constraints. */
function requireWithin(where: string, position: unknown, at: Dim, most: Dim, axis: number, extent: Dim): void {
  if (typeof at !== "number" || (at >= 0 && (typeof most !== "number" || at <= most))) return;
  const isEmpty = typeof most === "number" && most < 0;
  fail("range", `${where}: position ${describe(position)} is out of range for axis ${axis} of extent ${extent}`, {
    hint: isEmpty ? "the axis is empty" : `expected ${mulDims(-1, extent)} to ${most}`,
  });
}

// ---- reading ----------------------------------------------------------------------------------------------------------

/** The shape of what is selected. */
function selectedShape({ entries, batch }: Selection): readonly Dim[] {
  const shape: Dim[] = [];
  let isPlaced = !isAdjacent(entries);
  if (isPlaced) shape.push(...(batch ?? []));
  for (const e of entries) {
    if (e.kind === "new") shape.push(1);
    else if (e.kind === "range") shape.push(e.size);
    else if (e.kind === "tensor" && !isPlaced) {
      shape.push(...(batch ?? []));
      isPlaced = true;
    }
  }
  return shape;
}

/** Whether no other index stands between tensors of indices. */
function isAdjacent(entries: readonly Entry[]): boolean {
  const places = entries.flatMap((e, i) => (e.kind === "tensor" ? [i] : []));
  return places.every((place, i) => place === places[0] + i);
}

/** The axes that a window keeps, how many of them stand before the batch, and the axes of the whole that they become. */
function windowOf({ entries, batch }: Selection) {
  const kept = entries.flatMap((e) => (e.kind === "new" || e.kind === "tensor" ? [] : [e]));
  const first = entries.findIndex((e) => e.kind === "tensor");
  const before = isAdjacent(entries) ? entries.slice(0, first).filter((e) => e.kind !== "new").length : 0;
  const axes = kept.map((_, i) => (i < before ? i : i + (batch?.length ?? 0)));
  const sizes = kept.map((e) => e.size);
  return { axes, shape: [...sizes.slice(0, before), ...(batch ?? []), ...sizes.slice(before)] };
}

/** The box of the ranges and single positions; what of it is out of range is an error or a constraint. */
function boxOf({ x, entries }: Selection): Value {
  const start = shapeOf(x).map((): Dim => 0);
  const limit = [...shapeOf(x)];
  for (const e of entries) {
    if (e.kind === "new" || e.kind === "tensor") continue;
    start[e.axis] = e.start;
    limit[e.axis] = addDims(e.start, e.size);
  }
  const isWhole = start.every((d) => d === 0) && sameShape(limit, shapeOf(x));
  return isWhole ? x : ops.slice(x, { start, limit });
}

function read(selection: Selection): Value {
  const { entries, batch } = selection;
  const box = boxOf(selection);
  const tensors = entries.filter((e) => e.kind === "tensor");
  const selected =
    batch === null
      ? box
      : ops.gather(
          box,
          vectors(
            tensors.map((e) => e.indices),
            batch,
          ),
          {
            offsetAxes: windowOf(selection).axes,
            collapsedAxes: tensors.map((e) => e.axis),
            indexMap: tensors.map((e) => e.axis),
            indexAxis: batch.length,
            sizes: shapeOf(box).map((d, axis) => (tensors.some((e) => e.axis === axis) ? 1 : d)),
          },
        );
  return under(selected, selectedShape(selection));
}

/** The indices beside each other along a last axis; the only ones as they are. */
function vectors(indices: readonly Value[], batch: readonly Dim[]): Value {
  if (indices.length === 1) return indices[0];
  return ops.concatenate(
    indices.map((v) => ops.reshape(v, [...batch, 1])),
    batch.length,
  );
}

function under(v: Value, shape: readonly Dim[]): Value {
  return sameShape(shapeOf(v), shape) ? v : ops.reshape(v, shape);
}

// ---- writing ----------------------------------------------------------------------------------------------------------

function write(selection: Selection, value: Value, kind: Change, where: string, unique: boolean): Value {
  const { x, entries, batch } = selection;
  const shape = selectedShape(selection);
  const [own, other] = [x, value].map((v) => elementDType(v.type));
  if (own !== other) fail("dtype", `${where}: the value has dtype ${other}, expected ${own}`, { hint: "cast it" });
  const window = windowOf(selection);
  const updates = under(fitted(value, shape, where), window.shape);
  const box = boxOf(selection);
  const moved = entries.flatMap((e) => (e.kind === "tensor" || (e.kind !== "new" && e.start !== 0) ? [e] : []));
  if (batch === null) {
    const starts = shapeOf(x).map((_, axis) => startValue(moved.find((e) => e.axis === axis)));
    return ops.dynamicUpdateSlice(x, combinations[kind](box, updates), starts);
  }
  const indices = moved.map((e) => (e.kind === "tensor" ? e.indices : ops.broadcastTo(startValue(e), batch)));
  return ops.scatter(x, vectors(indices, batch), updates, {
    updateAxes: window.axes,
    insertedAxes: entries.flatMap((e) => (e.kind === "tensor" ? [e.axis] : [])),
    indexMap: moved.map((e) => e.axis),
    indexAxis: batch.length,
    kind,
    unique,
  });
}

function startValue(e: Entry | undefined): Value {
  const start = e?.kind === "one" || e?.kind === "range" ? e.start : 0;
  return typeof start === "number" ? ops.constant(start, scalar("i32")) : ops.dim(start);
}

/** The value broadcast to the shape of what it goes to. */
function fitted(value: Value, shape: readonly Dim[], where: string): Value {
  const own = shapeOf(value);
  const fits = own.every((d, i) => {
    const into = shape[i + shape.length - own.length];
    return d === 1 || into === undefined || typeof d !== "number" || typeof into !== "number" || d === into;
  });
  if (own.length > shape.length || !fits) {
    fail("shape", `${where}: the value has type ${printType(value.type)}, the indices select ${printShape(shape)}`, {
      hint: "the value has to broadcast to what is selected",
    });
  }
  return ops.broadcastTo(value, shape);
}
