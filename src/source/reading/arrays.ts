// Arrays: how they are made, read and written. Their elements are a tensor; an index is checked where it is used.

import { Dense, type Dim, dtypes, tensorType, type Value } from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import type { Location } from "../state/location.ts";
import {
  type ArrayCell,
  type ArrayKind,
  type Cell,
  describeMeaning,
  dtypeOfArray,
  type Meaning,
  type NumberMeaning,
  type RecordCell,
  type ReferenceMeaning,
  type TensorMeaning,
} from "../state/meaning.ts";
import type { Reading } from "./reading.ts";
import { requireWhole } from "./wholes.ts";

const oneElement = { collapsedAxes: [0], indexMap: [0], indexAxis: 0 };

export function contentsOf(x: Reading, cell: ArrayCell): Value {
  return (x.state.read(cell.contents) as TensorMeaning).value;
}

export function lengthOf(x: Reading, cell: Cell, at: number): NumberMeaning {
  x.at(at);
  const length: Dim = cell.kind === "array" ? cell.length : cell.fields.size;
  return typeof length === "number" ? x.number(length) : x.number(ops.cast(ops.dim(length), "f64"), length);
}

// ---- elements -------------------------------------------------------------------------------------------------------

export function readElement(x: Reading, cell: Cell, index: NumberMeaning, at: number): Meaning {
  if (cell.kind === "record") return readField(x, cell, index, at);
  const contents = contentsOf(x, cell);
  x.at(at);
  const element = isWithin(index, cell.length)
    ? ops.reshape(ops.slice(contents, { start: [index.known as number], limit: [(index.known as number) + 1] }), [])
    : ops.gather(contents, index.value, { ...oneElement, offsetAxes: [], sizes: [1], of: cell.contents.name });
  return x.number(cell.array === "Float32Array" || cell.array === "Int32Array" ? ops.cast(element, "f64") : element);
}

export function writeElement(x: Reading, cell: Cell, index: NumberMeaning, m: Meaning, at: number): void {
  if (cell.kind === "record") {
    writeField(x, cell, index, m, at);
    return;
  }
  requireWritable(x, cell, cell.contents.name, at);
  if (cell.length === 0 && cell.array === "number[]")
    x.fail("range", at, "an array without elements is written to", "make it as long as it gets: new Array(n).fill(0)");
  const { value } = x.toNumber(m, at);
  const contents = contentsOf(x, cell);
  x.at(at);
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
  x.state.write(cell.contents, { kind: "tensor", value: ops.scatter(contents, index.value, update, numbers) });
}

function isWithin({ known }: NumberMeaning, length: Dim): boolean {
  return known !== null && Number.isInteger(known) && known >= 0 && typeof length === "number" && known < length;
}

export function requireWritable(x: Reading, cell: Cell, name: string | null, at: number): void {
  if (cell.frozen === null) return;
  const isObject = cell.kind === "record" && !cell.isTuple;
  x.fail(
    "unsupported",
    at,
    `${name === null ? "an array" : `'${name}'`} is written to here, but ${cell.frozen}`,
    isObject ? "make a new object of its fields" : "copy it first, with slice()",
  );
}

// ---- tuples ---------------------------------------------------------------------------------------------------------

/** A field whose index is known. One that is not makes an array of the literal. */
function readField(x: Reading, cell: RecordCell, index: NumberMeaning, at: number): Meaning {
  const field = index.known === null ? undefined : cell.fields.get(String(index.known));
  if (field !== undefined) return fieldOf(x, field, at);
  if (index.known !== null) return outOfRange(x, cell, index.known, at);
  if (!cell.isTuple) return x.fail("unsupported", at, "an object is indexed", "write object.field");
  if (cell.site !== null) {
    x.facts.requireArray(cell.site);
    return readAnyField(x, cell, at);
  }
  const all = arrayOf(
    x,
    [...cell.fields.values()].map((f) => fieldOf(x, f, at)),
    "number[]",
    at,
  );
  return readElement(x, all.cell, index, at);
}

/** What the first reading makes of an index that nobody knows. */
function readAnyField(x: Reading, cell: RecordCell, at: number): Meaning {
  const [first] = cell.fields.values();
  const m = first === undefined ? x.number(0) : fieldOf(x, first, at);
  return m.kind === "number" ? { ...m, known: null, dim: null } : m;
}

function writeField(x: Reading, cell: RecordCell, index: NumberMeaning, m: Meaning, at: number): void {
  requireWritable(x, cell, null, at);
  const field = index.known === null ? undefined : cell.fields.get(String(index.known));
  if (field !== undefined) {
    x.state.write(field, m);
    if (m.kind === "reference") requireWhole(x, { kind: "reference", cell }, at);
    return;
  }
  if (index.known !== null) outOfRange(x, cell, index.known, at);
  if (cell.site === null || !cell.isTuple)
    x.fail("unsupported", at, "a tuple is written at an index that is not known before", "declare it number[]");
  x.facts.requireArray(cell.site);
  for (const each of cell.fields.values()) x.state.write(each, { ...x.toNumber(m, at), known: null, dim: null });
}

export function fieldOf(x: Reading, field: Location, at: number): Meaning {
  return x.state.read(field) ?? x.fail("name", at, `'${field.name}' is read before it has a value on every path`);
}

function outOfRange(x: Reading, cell: RecordCell, index: number, at: number): never {
  const what = Number.isInteger(index) ? `index ${index} is out of range for` : `index ${index} is no integer for`;
  return x.fail("range", at, `${what} ${cell.fields.size} elements`);
}

// ---- making them ----------------------------------------------------------------------------------------------------

/** An array of numbers, as a tensor of its own. */
export function arrayOf(
  x: Reading,
  items: readonly Meaning[],
  array: ArrayKind,
  at: number,
  name = "",
): ReferenceMeaning & { readonly cell: ArrayCell } {
  const numbers = items.map((m) => x.toNumber(m, at));
  x.at(at);
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
  return x.array(array, numbers.length, converted(all, array), name) as ReferenceMeaning & { readonly cell: ArrayCell };
}

function converted(contents: Value, array: ArrayKind): Value {
  const dtype = dtypeOfArray[array];
  return contents.type.kind === "tensor" && contents.type.dtype === dtype ? contents : ops.cast(contents, dtype);
}

export function filled(
  x: Reading,
  array: ArrayKind,
  n: Meaning,
  fill: NumberMeaning | null,
  at: number,
): ReferenceMeaning {
  const length = sizeOf(x, n, at);
  x.at(at);
  const dtype = dtypeOfArray[array];
  const type = tensorType(dtype, [length]);
  if (fill === null || (fill.known !== null && Object.is(fill.known, 0)))
    return x.array(array, length, ops.zeros(type), "");
  const value = dtype === "f64" ? fill.value : ops.cast(fill.value, dtype);
  return x.array(array, length, ops.broadcast(value, [length], []), "");
}

/** A number as the length of an array. */
export function sizeOf(x: Reading, m: Meaning, at: number): Dim {
  const n = x.toNumber(m, at);
  const isSize = n.known === null ? n.dim !== null : Number.isSafeInteger(n.known) && n.known >= 0;
  if (isSize) return n.known ?? (n.dim as Dim);
  if (n.known !== null)
    return x.fail("range", at, `an array has ${n.known} elements, expected an integer of at least 0`);
  if (!x.isFinal) return 1;
  const hint = "pass an array of that length in, or take it from .length of one";
  return x.fail("unsupported", at, "the length of an array is known only when it runs", hint);
}

/** A copy, of another kind if need be. */
export function copyOf(x: Reading, cell: Cell, array: ArrayKind | null, at: number): ReferenceMeaning {
  if (cell.kind === "record") {
    if (!cell.isTuple) x.fail("dtype", at, "got an object, expected an array");
    const items = [...cell.fields.values()].map((f) => fieldOf(x, f, at));
    if (array !== null && array !== "number[]") return arrayOf(x, items, array, at);
    return literal(x, items, at);
  }
  x.at(at);
  const to = array ?? cell.array;
  return x.array(to, cell.length, converted(contentsOf(x, cell), to), "");
}

/** `[a, b, c]`: a tuple of locations, or an array where some index into it is not known before. */
export function literal(x: Reading, items: readonly Meaning[], at: number): ReferenceMeaning {
  const isNumeric = items.every((m) => m.kind === "number");
  const site = x.event();
  if (isNumeric && x.facts.isArray(site)) return arrayOf(x, items, "number[]", at);
  if (x.facts.isArray(site))
    x.fail(
      "unsupported",
      at,
      "an array of other than numbers is indexed by what is known only when it runs",
      "use one array of numbers for each field",
    );
  const tuple = x.record(
    true,
    items.map((m, i) => [String(i), m] as const),
    site,
    "item",
  );
  requireWhole(x, tuple, at);
  return tuple;
}

/** The cell as an array of numbers: a literal becomes one. */
export function requireArray(x: Reading, m: Meaning, at: number, what: string): ArrayCell {
  const cell = x.reference(m, at, what);
  if (cell.kind === "array") return cell;
  if (!cell.isTuple) return x.fail("dtype", at, `got ${describeMeaning(m)}, expected ${what}`);
  if (cell.site !== null) x.facts.requireArray(cell.site);
  return arrayOf(
    x,
    [...cell.fields.values()].map((f) => fieldOf(x, f, at)),
    "number[]",
    at,
  ).cell;
}
