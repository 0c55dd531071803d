// Text → dimensions: `2*B+1`, `floor((H+2)/2)`, `min(%i+64, N)`.
//
//   sum = ["-"] product {("+" | "-") product} · product = primary {"*" primary}
//   primary = integer | symbol | %value | "(" sum ")" | floor(product / integer) | exact(product / primary) | min(sum, …)

import { fail } from "../diagnostics/errors.ts";
import { isSymbolName } from "../module/names.ts";
import { addDims, type Dim, exactDim, floorDim, maxDims, minDims, mulDims, subDims, symbol } from "../types/dim.ts";
import type { Cursor } from "./lexer.ts";

/** What `%name` stands for in bounds and subscripts; null where index values have no place. */
export type IndexLookup = ((cursor: Cursor) => Dim) | null;

export function parseDim(cursor: Cursor, index: IndexLookup = null): Dim {
  const start = cursor.position;
  return cursor.locate(start, () => cursor.nest(() => parseSum(cursor, index)));
}

function parseSum(cursor: Cursor, index: IndexLookup): Dim {
  let sum = parseProduct(cursor, index);
  for (;;) {
    if (cursor.accept("+")) sum = addDims(sum, parseProduct(cursor, index));
    else if (cursor.accept("-")) sum = subDims(sum, parseProduct(cursor, index));
    else return sum;
  }
}

function parseProduct(cursor: Cursor, index: IndexLookup): Dim {
  const negative = cursor.accept("-");
  let product = parsePrimary(cursor, index);
  while (cursor.accept("*")) product = mulDims(product, parsePrimary(cursor, index));
  return negative ? mulDims(-1, product) : product;
}

function parsePrimary(cursor: Cursor, index: IndexLookup): Dim {
  if (cursor.kind === "number") return cursor.takeInteger("an integer below 2^53");
  if (cursor.kind === "value" && index !== null) return index(cursor);
  if (cursor.accept("(")) {
    const inner = parseDim(cursor, index);
    cursor.expect(")", "after the dimension");
    return inner;
  }
  if (cursor.kind !== "word") cursor.unexpected("a dimension");
  const parse = Object.hasOwn(functions, cursor.source) ? functions[cursor.source] : undefined;
  if (parse !== undefined) return parse(cursor, index);
  if (!isSymbolName(cursor.source)) cursor.unexpected("a dimension (symbols are upper-case identifiers)");
  return symbol(cursor.take("word", "a symbol"));
}

const functions: Readonly<Record<string, (cursor: Cursor, index: IndexLookup) => Dim>> = {
  floor(cursor, index) {
    const [numerator, divisor] = parseQuotient(cursor, index);
    if (typeof divisor === "number") return floorDim(numerator, divisor);
    return fail("shape", `floor divides by ${divisor}, expected a positive integer`);
  },
  exact: (cursor, index) => exactDim(...parseQuotient(cursor, index)),
  min: (cursor, index) => parseArguments(cursor, index).reduce((a, b) => minDims(a, b)),
  max: (cursor, index) => parseArguments(cursor, index).reduce((a, b) => maxDims(a, b)),
};

/** Whether the next tokens begin one of the functions of dimensions. */
export function atDimFunction(cursor: Cursor): boolean {
  return cursor.kind === "word" && Object.hasOwn(functions, cursor.source) && cursor.at("(", 1);
}

function parseQuotient(cursor: Cursor, index: IndexLookup): [Dim, Dim] {
  return cursor.nest(() => {
    const name = cursor.take("word", "a function");
    cursor.expect("(", `after ${name}`);
    const numerator = parseProduct(cursor, index);
    cursor.expect("/", `in ${name}(…/…); put a sum in parentheses`);
    const divisor = parseNegatable(cursor, index);
    cursor.expect(")", `after ${name}`);
    return [numerator, divisor];
  });
}

function parseNegatable(cursor: Cursor, index: IndexLookup): Dim {
  return cursor.accept("-") ? mulDims(-1, parsePrimary(cursor, index)) : parsePrimary(cursor, index);
}

function parseArguments(cursor: Cursor, index: IndexLookup): readonly Dim[] {
  return cursor.nest(() => {
    const name = cursor.take("word", "a function");
    if (cursor.at(")", 1)) cursor.fail("syntax", `${name} needs an argument`);
    return cursor.takeList("(", ")", `the arguments of ${name}`, () => parseDim(cursor, index));
  });
}
