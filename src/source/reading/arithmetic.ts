// JavaScript's operators on numbers and booleans, as operations. Constants are folded with JavaScript's own operators.

import { AdjointError, addDims, type Dim, type DType, mulDims, subDims, type Value } from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import {
  type AbstractBoolean,
  type AbstractNumber,
  type AbstractValue,
  describeValue,
} from "../state/abstract-value.ts";
import type { BinaryOperator, UnaryOperator } from "../syntax/tree.ts";
import { negated } from "./branch.ts";
import type { Reading } from "./reading.ts";

type Arithmetic = "+" | "-" | "*" | "/" | "%" | "**" | "&" | "|" | "^" | "<<" | ">>" | ">>>";
type Comparison = Exclude<BinaryOperator, Arithmetic>;

interface Operator {
  readonly apply: (x: Value, y: Value) => Value;
  /** The dtype that bitwise operators convert to and from, as ToInt32 and ToUint32. */
  readonly converts?: DType;
  readonly known: (x: number, y: number) => number;
}

const operators: Readonly<Record<Arithmetic, Operator>> = {
  "+": { apply: ops.add, known: (x, y) => x + y },
  "-": { apply: ops.sub, known: (x, y) => x - y },
  "*": { apply: ops.mul, known: (x, y) => x * y },
  "/": { apply: ops.div, known: (x, y) => x / y },
  "%": { apply: ops.rem, known: (x, y) => x % y },
  "**": { apply: ops.pow, known: (x, y) => x ** y },
  "&": { apply: ops.and, converts: "i32", known: (x, y) => x & y },
  "|": { apply: ops.or, converts: "i32", known: (x, y) => x | y },
  "^": { apply: ops.xor, converts: "i32", known: (x, y) => x ^ y },
  "<<": { apply: ops.shiftLeft, converts: "i32", known: (x, y) => x << y },
  ">>": { apply: ops.shiftRight, converts: "i32", known: (x, y) => x >> y },
  ">>>": { apply: ops.shiftRight, converts: "u32", known: (x, y) => x >>> y },
};

/** Sizes add up while they are numbers: `2 * xs.length + 1` is a length too. */
const sizes: Partial<Record<BinaryOperator, (x: Dim, y: Dim) => Dim>> = { "+": addDims, "-": subDims, "*": mulDims };

const directions: Readonly<Record<Comparison, ops.Direction>> = {
  "==": "eq",
  "!=": "ne",
  "<": "lt",
  "<=": "le",
  ">": "gt",
  ">=": "ge",
};

/** Two operands and where their operator stands; `name` is the hint for the result. */
interface Binary<Operand> {
  readonly a: Operand;
  readonly b: Operand;
  readonly at: number;
  readonly name: string | null;
}

export function binary(
  cx: Reading,
  operator: BinaryOperator,
  a: AbstractValue,
  b: AbstractValue,
  at: number,
  name: string | null = null,
): AbstractValue {
  if (!(operator in operators)) return comparison(cx, operator as Comparison, { a, b, at, name });
  const numbers = { a: cx.toNumber(a, at), b: cx.toNumber(b, at), at, name };
  return arithmetic(cx, operator as Arithmetic, numbers);
}

function arithmetic(cx: Reading, operator: Arithmetic, { a, b, at, name }: Binary<AbstractNumber>): AbstractNumber {
  const { apply, converts, known } = operators[operator];
  cx.at(at);
  if (a.known !== null && b.known !== null) return cx.number(known(a.known, b.known), null, name);
  if (converts === undefined) {
    const value = cx.named(name, () => apply(a.value, b.value));
    return cx.number(value, sizeOf(operator, a.dim, b.dim));
  }
  const integer = apply(ops.cast(a.value, converts), ops.cast(b.value, converts));
  return cx.number(cx.named(name, () => ops.cast(integer, "f64")));
}

/** The result of an operation on sizes as a size; null beyond 2^53, or with more terms than a dimension may have. */
function sizeOf(operator: Arithmetic, a: Dim | null, b: Dim | null): Dim | null {
  if (a === null || b === null) return null;
  try {
    return sizes[operator]?.(a, b) ?? null;
  } catch (error) {
    if (error instanceof AdjointError) return null;
    throw error;
  }
}

function comparison(cx: Reading, operator: Comparison, { a, b, at, name }: Binary<AbstractValue>): AbstractBoolean {
  cx.at(at);
  const isEquality = operator === "==" || operator === "!=";
  if (isEquality && a.kind === "boolean" && b.kind === "boolean") {
    if (a.known !== null && b.known !== null) return cx.boolean((a.known === b.known) === (operator === "=="), name);
    if (operator === "!=") return cx.boolean(cx.named(name, () => ops.xor(a.value, b.value)));
    return negated(cx, cx.boolean(ops.xor(a.value, b.value)), name);
  }
  if (isEquality && a.kind !== b.kind)
    cx.fail(
      "dtype",
      at,
      `compares ${describeValue(a)} with ${describeValue(b)}`,
      "compare two numbers or two booleans",
    );
  const [left, right] = [cx.toNumber(a, at), cx.toNumber(b, at)];
  return cx.boolean(cx.named(name, () => ops.compare(left.value, right.value, directions[operator])));
}

export function unary(
  cx: Reading,
  operator: UnaryOperator,
  m: AbstractValue,
  at: number,
  name: string | null = null,
): AbstractValue {
  cx.at(at);
  if (operator === "!") return negated(cx, truth(cx, m, at), name);
  const n = cx.toNumber(m, at);
  cx.at(at);
  switch (operator) {
    case "+":
      return n;
    case "-":
      if (n.known !== null) return cx.number(-n.known, null, name);
      return cx.number(cx.named(name, () => ops.neg(n.value)));
    case "~":
      return arithmetic(cx, "^", { a: n, b: cx.number(-1), at, name });
  }
}

/** As JavaScript's ToBoolean: a number is true but for 0 and NaN. */
export function truth(cx: Reading, m: AbstractValue, at: number): AbstractBoolean {
  if (m.kind === "boolean") return m;
  if (m.kind !== "number") return cx.fail("dtype", at, `got ${describeValue(m)}, expected a boolean`, "compare it");
  if (m.known !== null) return cx.boolean(Boolean(m.known));
  return cx.boolean(ops.cast(m.value, "bool"));
}
