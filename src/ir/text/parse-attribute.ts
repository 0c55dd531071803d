// Text → attributes: a literal is read by its own look, then fitted to what the op's record asks for.

import { choiceHint, describeKind } from "../module/attributes.ts";
import type { Attribute, AxisPairs, Bindings } from "../module/module.ts";
import { isSymbolName, printFuncName, quote } from "../module/names.ts";
import type { AttributeKind, AttributeSpec } from "../op/attribute-spec.ts";
import { asAtom, type Dim } from "../types/dim.ts";
import { isDType } from "../types/dtype.ts";
import { numberOf } from "../types/number-text.ts";
import type { Type } from "../types/type.ts";
import { denseFromBase64, denseFromLists, type Nested } from "./dense-text.ts";
import type { Cursor } from "./lexer.ts";
import { atDimFunction, parseDim } from "./parse-dim.ts";

/** An attribute value as written, before the record says which kind it is. */
export type Literal =
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "dim"; readonly value: Dim }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "string" | "word" | "function"; readonly value: string }
  | { readonly kind: "list"; readonly items: readonly Literal[] }
  | { readonly kind: "pair"; readonly left: Literal; readonly right: Literal }
  | { readonly kind: "bindings"; readonly value: Bindings }
  | { readonly kind: "dense"; readonly elements: Nested | { readonly base64: string } };

export function parseLiteral(cursor: Cursor): Literal {
  if (cursor.kind === "string") return { kind: "string", value: cursor.takeString("a string") };
  if (cursor.kind === "func") return { kind: "function", value: cursor.takeName("func", "a function name") };
  if (cursor.at("[")) return parseListOrPair(cursor);
  if (cursor.at("<")) return { kind: "bindings", value: parseBindings(cursor) };
  if (cursor.at("dense") && cursor.at("<", 1)) return parseDense(cursor);
  if (cursor.at("true") || cursor.at("false")) return { kind: "boolean", value: takeWord(cursor) === "true" };
  if (atNumber(cursor)) return { kind: "number", text: takeNumber(cursor) };
  if (cursor.kind === "word" && !isSymbolName(cursor.source) && !atDimFunction(cursor)) {
    return { kind: "word", value: takeWord(cursor) };
  }
  if (cursor.kind === "number" || cursor.kind === "word" || cursor.at("-") || cursor.at("(")) {
    return { kind: "dim", value: parseDim(cursor) };
  }
  return cursor.unexpected("an attribute value");
}

function takeWord(cursor: Cursor): string {
  return cursor.take("word", "a word");
}

/** Whether a number stands here that does not go on as a dimension expression. */
function atNumber(cursor: Cursor): boolean {
  const sign = cursor.at("-") ? 1 : 0;
  const isNumber = (sign === 0 ? cursor.kind : cursor.nextKind) === "number";
  if (!isNumber) return cursor.at("inf", sign) || cursor.at("nan", sign);
  return !["+", "-", "*", "/"].some((operator) => cursor.at(operator, sign + 1));
}

/** `-0`, `1.5e-7`, `inf`, `nan`, as written. */
function takeNumber(cursor: Cursor): string {
  const sign = cursor.accept("-") ? "-" : "";
  if (cursor.at("nan")) {
    takeWord(cursor);
    return "nan";
  }
  return sign + (cursor.at("inf") ? takeWord(cursor) : cursor.take("number", "a number"));
}

function parseListOrPair(cursor: Cursor): Literal {
  const left = parseList(cursor);
  if (!cursor.at("x")) return left;
  takeWord(cursor);
  if (!cursor.at("[")) cursor.unexpected("a list after 'x'");
  return { kind: "pair", left, right: parseList(cursor) };
}

function parseList(cursor: Cursor): Literal {
  const items = cursor.nest(() => cursor.takeList("[", "]", "the elements", () => parseLiteral(cursor)));
  return { kind: "list", items };
}

/** `<B = 2*N, C = 3>` */
export function parseBindings(cursor: Cursor): Bindings {
  const bindings: Record<string, Dim> = {};
  cursor.takeList("<", ">", "the symbol bindings", () => {
    const name = cursor.source;
    if (cursor.kind !== "word" || !isSymbolName(name)) cursor.unexpected("a symbol");
    if (Object.hasOwn(bindings, name)) cursor.fail("name", `symbol ${name} is bound twice`);
    takeWord(cursor);
    cursor.expect("=", `after the symbol ${name}`);
    bindings[name] = parseDim(cursor);
  });
  return Object.freeze({ bindings: Object.freeze(bindings) });
}

function parseDense(cursor: Cursor): Literal {
  takeWord(cursor);
  cursor.expect("<", "after dense");
  const elements = cursor.kind === "string" ? { base64: cursor.takeString("base64") } : parseNested(cursor);
  cursor.expect(">", "after the elements of dense");
  return { kind: "dense", elements };
}

function parseNested(cursor: Cursor): Nested {
  if (cursor.at("[")) {
    return cursor.nest(() => cursor.takeList("[", "]", "the elements", () => parseNested(cursor)));
  }
  if (cursor.at("true") || cursor.at("false")) return takeWord(cursor);
  if (!atNumber(cursor)) cursor.unexpected("a number, true, false or a list");
  return takeNumber(cursor);
}

// ---- literals as attributes -----------------------------------------------------------------------------------------

/** The attribute that a literal is under its specification; `what` names it, `type` is that of a constant's result. */
export function attributeOf(
  cursor: Cursor,
  position: number,
  what: string,
  literal: Literal,
  spec: AttributeSpec,
  type: Type | undefined,
): Attribute {
  const value = cursor.locate(position, () => converters[spec.kind](literal, type));
  const isChoice = spec.kind !== "word" || typeof value !== "string" || (spec.words?.includes(value) ?? true);
  if (value !== null && isChoice) return value;
  const reason = `${what} is ${describe(literal)}, expected ${describeKind(spec)}`;
  return cursor.fail("attribute", reason, choiceHint(spec, wordOf(literal)), position);
}

/** Null: the literal is not of that kind. */
type Converter = (literal: Literal, type: Type | undefined) => Attribute | null;

const converters: Readonly<Record<AttributeKind, Converter>> = {
  integer: (l) => integerOf(l),
  number: (l) => (l.kind === "number" ? numberOf(l.text, "f64") : null),
  boolean: (l) => (l.kind === "boolean" ? l.value : null),
  string: (l) => (l.kind === "string" ? l.value : null),
  word: (l) => wordOf(l),
  function: (l) => (l.kind === "function" ? l.value : null),
  dtype: (l) => (l.kind === "word" && isDType(l.value) ? l.value : null),
  dim: (l) => dimOf(l),
  dims: (l) => listOf(l, dimOf),
  axes: (l) => listOf(l, integerOf),
  axesOrAll: (l) => (wordOf(l) === "all" ? "all" : listOf(l, integerOf)),
  integers: (l) => listOf(l, integerOf),
  axisPairs: (l) => pairsOf(l),
  constant: (l, type) => constantOf(l, type),
  bindings: (l) => (l.kind === "bindings" ? l.value : null),
};

function integerOf(literal: Literal): number | null {
  const d = dimOf(literal);
  return typeof d === "number" ? d : null;
}

function dimOf(literal: Literal): Dim | null {
  if (literal.kind === "dim") return literal.value;
  if (literal.kind !== "number" || !/^-?[0-9]+$/.test(literal.text)) return null;
  const value = Number(literal.text);
  return Number.isSafeInteger(value) ? value + 0 : null;
}

function wordOf(literal: Literal): string | null {
  if (literal.kind === "word") return literal.value;
  const atom = literal.kind === "dim" ? asAtom(literal.value) : null;
  return atom?.kind === "symbol" ? atom.name : null;
}

function listOf<T>(literal: Literal, convert: (item: Literal) => T | null): readonly T[] | null {
  if (literal.kind !== "list") return null;
  const items: T[] = [];
  for (const item of literal.items) {
    const value = convert(item);
    if (value === null) return null;
    items.push(value);
  }
  return Object.freeze(items);
}

function pairsOf(literal: Literal): AxisPairs | null {
  if (literal.kind !== "pair") return null;
  const left = listOf(literal.left, integerOf);
  const right = listOf(literal.right, integerOf);
  return left === null || right === null ? null : Object.freeze({ left, right });
}

function constantOf(literal: Literal, type: Type | undefined): Attribute | null {
  const dtype = type === undefined || type.kind === "list" ? "f64" : type.dtype;
  if (literal.kind === "number") return numberOf(literal.text, dtype);
  if (literal.kind === "dim") return typeof literal.value === "number" ? numberOf(`${literal.value}`, dtype) : null;
  if (literal.kind === "boolean") return dtype === "bool" ? literal.value : null;
  if (literal.kind !== "dense") return null;
  const shape = staticShape(type);
  const { elements } = literal;
  if (shape === null) return null;
  if (typeof elements === "object" && "base64" in elements) return denseFromBase64(elements.base64, dtype, shape);
  return denseFromLists(elements, dtype, shape);
}

function staticShape(type: Type | undefined): readonly number[] | null {
  if (type?.kind !== "tensor" && type?.kind !== "memref") return null;
  const shape = type.shape.filter((d) => typeof d === "number");
  return shape.length === type.shape.length ? shape : null;
}

function describe(literal: Literal): string {
  switch (literal.kind) {
    case "number":
      return literal.text;
    case "dim":
    case "boolean":
      return `${literal.value}`;
    case "string":
      return `the string ${quote(literal.value)}`;
    case "word":
      return `'${literal.value}'`;
    case "function":
      return printFuncName(literal.value);
    case "list":
      return "a list";
    case "pair":
      return "a pair of lists";
    case "bindings":
      return "a list of bindings";
    case "dense":
      return "a dense constant, which needs a static type";
  }
}
