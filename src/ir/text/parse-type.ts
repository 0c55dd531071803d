// Text → types: `f32[B, 784]`, `f32[*]`, `memref<f32[4], offset = 8>`, `vector<4xf32>`, `list<T>`.

import { counted } from "../diagnostics/counted.ts";
import { type Dim, productOf } from "../types/dim.ts";
import { type DType, dtypeNames, isDType } from "../types/dtype.ts";
import { dtypeHint } from "../types/dtype-hint.ts";
import { list, memref, mostLanes, type Type, tensorType, unranked, vector } from "../types/type.ts";
import type { Cursor } from "./lexer.ts";
import { parseDim } from "./parse-dim.ts";

export function parseType(cursor: Cursor): Type {
  if (cursor.at("list")) return cursor.nest(() => parseBracketed(cursor, () => list(parseType(cursor))));
  if (cursor.at("memref")) return parseBracketed(cursor, () => parseMemRef(cursor));
  if (cursor.at("vector")) return parseBracketed(cursor, () => parseVector(cursor));
  return cursor.at("[", 1)
    ? cursor.reuse("]", knownTypes(cursor), () => parseShaped(cursor))
    : tensorType(parseDType(cursor));
}

/** Shaped types by their text: one object for equal ones, and long functions repeat them on every line. */
const shaped = new WeakMap<Cursor, Map<string, Type>>();

function knownTypes(cursor: Cursor): Map<string, Type> {
  let known = shaped.get(cursor);
  if (known === undefined) shaped.set(cursor, (known = new Map()));
  return known;
}

function parseShaped(cursor: Cursor): Type {
  const dtype = parseDType(cursor);
  if (!cursor.at("*", 1)) return tensorType(dtype, parseShape(cursor));
  cursor.expect("[", "before a shape");
  cursor.expect("*", "in an unranked type");
  cursor.expect("]", "after '*'");
  return unranked(dtype);
}

/** Types separated by commas. */
export function parseTypes(cursor: Cursor): Type[] {
  const types = [parseType(cursor)];
  while (cursor.accept(",")) types.push(parseType(cursor));
  return types;
}

function parseBracketed(cursor: Cursor, inner: () => Type): Type {
  const name = cursor.take("word", "a type");
  cursor.expect("<", `after ${name}`);
  const type = inner();
  cursor.expect(">", `after the type in ${name}<…>`);
  return type;
}

function parseMemRef(cursor: Cursor): Type {
  const dtype = parseDType(cursor);
  const shape = cursor.at("[") ? parseShape(cursor) : [];
  if (!cursor.accept(",")) return memref(dtype, shape);
  const strides = parseEntry(cursor, "strides", () => parseStrides(cursor, shape.length));
  if (strides === null && !cursor.at("offset")) cursor.unexpected("'strides' or 'offset'");
  const hasOffset = strides === null || cursor.accept(",");
  const offset = hasOffset ? parseEntry(cursor, "offset", () => parseSize(cursor, "the offset")) : 0;
  if (offset === null) cursor.unexpected("'offset'");
  return memref(dtype, shape, [offset, ...(strides ?? rowMajor(shape))]);
}

/** How far elements are apart along each axis where they stand row-major: `[12, 4, 1]` for a shape of `[2, 3, 4]`. */
function rowMajor(shape: readonly Dim[]): readonly Dim[] {
  return shape.map((_, axis) => productOf(shape.slice(axis + 1)));
}

/** `name = …`; null where something else stands here. */
function parseEntry<T>(cursor: Cursor, name: string, parse: () => T): T | null {
  if (!cursor.accept(name)) return null;
  cursor.expect("=", `after ${name}`);
  return parse();
}

function parseStrides(cursor: Cursor, rank: number): readonly Dim[] {
  const start = cursor.position;
  const strides = cursor.takeList("[", "]", "the strides", () => parseSize(cursor, "a stride"));
  if (strides.length !== rank)
    cursor.fail("shape", `got ${counted(strides.length, "stride")}, expected ${rank}, one per axis`, undefined, start);
  return strides;
}

/** `4xf32`, which is one token. */
function parseVector(cursor: Cursor): Type {
  const [, lanes, dtype] = /^([0-9]+)x(.*)$/.exec(cursor.source) ?? [];
  if (lanes === undefined) cursor.unexpected("lanes and a dtype, as in vector<4xf32>");
  if (!isDType(dtype)) return failNoDType(cursor, dtype);
  if (!(Number(lanes) >= 2 && Number.isSafeInteger(Number(lanes))))
    cursor.fail("shape", `a vector has ${lanes} lanes, expected at least 2`);
  if (Number(lanes) > mostLanes) cursor.fail("shape", `a vector has ${lanes} lanes, expected at most ${mostLanes}`);
  cursor.skip();
  return vector(dtype, Number(lanes));
}

function parseDType(cursor: Cursor): DType {
  const name = cursor.source;
  if (cursor.kind !== "word") cursor.unexpected("a type");
  if (!isDType(name)) return failNoDType(cursor, name, ["memref", "vector", "list"]);
  cursor.take("word", "a type");
  return name;
}

function failNoDType(cursor: Cursor, name: string, others: readonly string[] = []): never {
  const hint = dtypeHint(name, [...dtypeNames, ...others]) ?? `types start with ${dtypeNames.join(", ")}`;
  return cursor.fail("name", `'${name}' is no type`, hint);
}

function parseShape(cursor: Cursor): readonly Dim[] {
  return cursor.takeList("[", "]", "the dimensions", () => parseSize(cursor, "an extent"));
}

/** A dimension that is not negative. */
function parseSize(cursor: Cursor, what: string): Dim {
  const start = cursor.position;
  const d = parseDim(cursor);
  if (typeof d === "number" && d < 0) cursor.fail("shape", `${what} is ${d}, expected at least 0`, undefined, start);
  return d;
}
