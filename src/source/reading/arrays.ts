// Arrays: making, reading and writing them. Their contents are a tensor; gather and scatter check the indices.

import { counted, Dense, type Dim, dtypes, tensorType, type Value } from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import {
  type AbstractNumber,
  type AbstractTensor,
  type AbstractValue,
  type ArrayCell,
  type ArrayKind,
  type Cell,
  describeValue,
  dtypeOfArray,
  type RecordCell,
  type Reference,
} from "../state/abstract-value.ts";
import type { Location } from "../state/location.ts";
import { requireBounded } from "./bounded.ts";
import type { Reading } from "./reading.ts";

const oneElement = { collapsedAxes: [0], indexMap: [0], indexAxis: 0 };

export function contentsOf(cx: Reading, cell: ArrayCell): Value {
  return (cx.state.read(cell.contents) as AbstractTensor).value;
}

export function lengthOf(cx: Reading, cell: Cell, at: number): AbstractNumber {
  cx.at(at);
  const length: Dim = cell.kind === "array" ? cell.length : cell.fields.size;
  return typeof length === "number" ? cx.number(length) : cx.number(ops.cast(ops.dim(length), "f64"), length);
}

// ---- elements -------------------------------------------------------------------------------------------------------

export function readElement(
  cx: Reading,
  cell: Cell,
  index: AbstractNumber,
  at: number,
  name: string | null = null,
): AbstractValue {
  if (cell.kind === "record") return readField(cx, cell, index, at, name);
  cx.at(at);
  if (dtypeOfArray[cell.array] === "f64") return cx.number(elementOf(cx, cell, index, name));
  const element = elementOf(cx, cell, index, null);
  return cx.number(cx.named(name, () => ops.cast(element, "f64")));
}

function elementOf(cx: Reading, cell: ArrayCell, index: AbstractNumber, name: string | null): Value {
  const contents = contentsOf(cx, cell);
  const { known } = index;
  if (known === null || !isWithin(known, cell.length)) {
    const numbers = { ...oneElement, offsetAxes: [], sizes: [1], of: cell.contents.name };
    return cx.named(name, () => ops.gather(contents, index.value, numbers));
  }
  const slice = ops.slice(contents, { start: [known], limit: [known + 1] });
  return cx.named(name, () => ops.reshape(slice, []));
}

export function writeElement(cx: Reading, cell: Cell, index: AbstractNumber, m: AbstractValue, at: number): void {
  if (cell.kind === "record") {
    writeField(cx, cell, index, m, at);
    return;
  }
  requireWritable(cx, cell, cell.contents.name, at);
  if (cell.length === 0 && cell.array === "number[]")
    cx.fail("range", at, "an array without elements is written to", "make it as long as it gets: new Array(n).fill(0)");
  const { value } = cx.toNumber(m, at);
  const contents = contentsOf(cx, cell);
  cx.at(at);
  const dtype = dtypeOfArray[cell.array];
  const update = dtype === "f64" ? value : ops.cast(value, dtype);
  const { collapsedAxes, ...axes } = oneElement;
  const numbers = {
    ...axes,
    updateAxes: [],
    insertedAxes: collapsedAxes,
    kind: "set" as const,
    of: cell.contents.name,
  };
  cx.state.write(cell.contents, { kind: "tensor", value: ops.scatter(contents, index.value, update, numbers) });
}

function isWithin(index: number, length: Dim): boolean {
  return Number.isInteger(index) && index >= 0 && typeof length === "number" && index < length;
}

export function requireWritable(cx: Reading, cell: Cell, name: string | null, at: number): void {
  if (cell.frozen === null) return;
  const isObject = cell.kind === "record" && !cell.isTuple;
  cx.fail(
    "unsupported",
    at,
    `${name === null ? "an array" : `'${name}'`} is written to here, but ${cell.frozen}`,
    isObject ? "make a new object of its fields" : "copy it first, with slice()",
  );
}

// ---- tuples ---------------------------------------------------------------------------------------------------------

/** The field at a constant index. Any other index makes the tuple's literal an array. */
function readField(
  cx: Reading,
  cell: RecordCell,
  index: AbstractNumber,
  at: number,
  name: string | null,
): AbstractValue {
  const field = index.known === null ? undefined : cell.fields.get(String(index.known));
  if (field !== undefined) return fieldOf(cx, field, at);
  if (index.known !== null) return outOfRange(cx, cell, index.known, at);
  if (!cell.isTuple) return cx.fail("unsupported", at, "an object is indexed", "write object.field");
  if (cell.site !== null) {
    cx.facts.requireArray(cell.site);
    return readAnyField(cx, cell, at);
  }
  const all = arrayOf(
    cx,
    [...cell.fields.values()].map((f) => fieldOf(cx, f, at)),
    "number[]",
    at,
  );
  return readElement(cx, all.cell, index, at, name);
}

/** A reading before the fixpoint, at an index that is no constant: a number of which nothing is known. */
function readAnyField(cx: Reading, cell: RecordCell, at: number): AbstractValue {
  const [first] = cell.fields.values();
  const m = first === undefined ? cx.number(0) : fieldOf(cx, first, at);
  return m.kind === "number" ? { ...m, known: null, dim: null } : m;
}

function writeField(cx: Reading, cell: RecordCell, index: AbstractNumber, m: AbstractValue, at: number): void {
  requireWritable(cx, cell, null, at);
  const field = index.known === null ? undefined : cell.fields.get(String(index.known));
  if (field !== undefined) {
    cx.state.write(field, m);
    if (m.kind === "reference") requireBounded(cx, { kind: "reference", cell }, at);
    return;
  }
  if (index.known !== null) outOfRange(cx, cell, index.known, at);
  if (cell.site === null || !cell.isTuple)
    cx.fail("unsupported", at, "a tuple is written at an index that is not known before", "declare it number[]");
  cx.facts.requireArray(cell.site);
  for (const each of cell.fields.values()) cx.state.write(each, { ...cx.toNumber(m, at), known: null, dim: null });
}

export function fieldOf(cx: Reading, field: Location, at: number): AbstractValue {
  return cx.state.read(field) ?? cx.fail("name", at, `'${field.name}' is read before it has a value on every path`);
}

function outOfRange(cx: Reading, cell: RecordCell, index: number, at: number): never {
  const what = Number.isInteger(index) ? `index ${index} is out of range for` : `index ${index} is no integer for`;
  return cx.fail("range", at, `${what} ${counted(cell.fields.size, "element")}`);
}

// ---- constructors ---------------------------------------------------------------------------------------------------

/** A new array of numbers. */
export function arrayOf(
  cx: Reading,
  items: readonly AbstractValue[],
  array: ArrayKind,
  at: number,
  name = "",
): Reference & { readonly cell: ArrayCell } {
  const numbers = items.map((m) => cx.toNumber(m, at));
  cx.at(at);
  const type = tensorType("f64", [numbers.length]);
  const isKnown = numbers.every((n) => n.known !== null);
  const dense = (): Value =>
    ops.constant(
      new Dense({
        dtype: "f64",
        shape: [numbers.length],
        data: new dtypes.f64.array(numbers.map((n) => n.known as number)),
      }),
      type,
    );
  const all = isKnown ? dense() : ops.concatenate(numbers.map((n) => ops.reshape(n.value, [1])));
  return cx.array(array, numbers.length, converted(all, array), name) as Reference & { readonly cell: ArrayCell };
}

function converted(contents: Value, array: ArrayKind): Value {
  const dtype = dtypeOfArray[array];
  return contents.type.kind === "tensor" && contents.type.dtype === dtype ? contents : ops.cast(contents, dtype);
}

export function filled(
  cx: Reading,
  array: ArrayKind,
  n: AbstractValue,
  fill: AbstractNumber | null,
  at: number,
): Reference {
  const length = sizeOf(cx, n, at);
  cx.at(at);
  const dtype = dtypeOfArray[array];
  const type = tensorType(dtype, [length]);
  if (fill === null || (fill.known !== null && Object.is(fill.known, 0)))
    return cx.array(array, length, ops.zeros(type), "");
  const value = dtype === "f64" ? fill.value : ops.cast(fill.value, dtype);
  return cx.array(array, length, ops.broadcast(value, [length], []), "");
}

/** A number as the length of an array. */
function sizeOf(cx: Reading, m: AbstractValue, at: number): Dim {
  const n = cx.toNumber(m, at);
  const isSize = n.known === null ? n.dim !== null : Number.isSafeInteger(n.known) && n.known >= 0;
  if (isSize) return n.known ?? (n.dim as Dim);
  if (n.known !== null)
    return cx.fail("range", at, `an array has ${counted(n.known, "element")}, expected an integer of at least 0`);
  if (!cx.isFinal) return 1;
  const hint = "pass an array of that length in, or take it from .length of one";
  return cx.fail("unsupported", at, "the length of an array is known only when it runs", hint);
}

/** A copy, converted to `array` where that is given. */
export function copyOf(cx: Reading, cell: Cell, array: ArrayKind | null, at: number): Reference {
  if (cell.kind === "record") {
    if (!cell.isTuple) cx.fail("dtype", at, "got an object, expected an array");
    const items = [...cell.fields.values()].map((f) => fieldOf(cx, f, at));
    if (array !== null && array !== "number[]") return arrayOf(cx, items, array, at);
    return literal(cx, items, at);
  }
  cx.at(at);
  const to = array ?? cell.array;
  return cx.array(to, cell.length, converted(contentsOf(cx, cell), to), "");
}

/** `[a, b, c]`: a tuple of locations, or an array where the facts say that it is indexed by a number that is no constant. */
export function literal(cx: Reading, items: readonly AbstractValue[], at: number): Reference {
  const isNumeric = items.every((m) => m.kind === "number");
  const site = cx.event();
  if (isNumeric && cx.facts.isArray(site)) return arrayOf(cx, items, "number[]", at);
  if (cx.facts.isArray(site))
    cx.fail(
      "unsupported",
      at,
      "an array of other than numbers is indexed by what is known only when it runs",
      "use one array of numbers for each field",
    );
  const tuple = cx.record(
    true,
    items.map((m, i) => [String(i), m] as const),
    site,
    "item",
  );
  requireBounded(cx, tuple, at);
  return tuple;
}

/** The cell of an array of numbers. A tuple is copied into one, and its literal becomes an array in the next reading. */
export function requireArray(cx: Reading, m: AbstractValue, at: number, what: string): ArrayCell {
  const cell = cx.reference(m, at, what);
  if (cell.kind === "array") return cell;
  if (!cell.isTuple) return cx.fail("dtype", at, `got ${describeValue(m)}, expected ${what}`);
  if (cell.site !== null) cx.facts.requireArray(cell.site);
  return arrayOf(
    cx,
    [...cell.fields.values()].map((f) => fieldOf(cx, f, at)),
    "number[]",
    at,
  ).cell;
}
