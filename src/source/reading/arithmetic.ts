// JavaScript's operators on numbers and booleans, as operations.

import { AdjointError, addDims, type Dim, type DType, mulDims, subDims, type Value } from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { type BooleanMeaning, describeMeaning, type Meaning, type NumberMeaning } from "../state/meaning.ts";
import type { BinaryOperator, UnaryOperator } from "../syntax/tree.ts";
import { negated } from "./paths.ts";
import type { Reading } from "./reading.ts";

type Arithmetic = "+" | "-" | "*" | "/" | "%" | "**" | "&" | "|" | "^" | "<<" | ">>" | ">>>";
type Comparison = Exclude<BinaryOperator, Arithmetic>;

/** What an operator does, in the IR and on numbers that are known. */
interface Operator {
  readonly apply: (x: Value, y: Value) => Value;
  readonly known: (x: number, y: number) => number;
}

/** As ToInt32 or ToUint32 of the operands. */
function bitwise(apply: (x: Value, y: Value) => Value, dtype: DType = "i32"): Operator["apply"] {
  return (x, y) => ops.cast(apply(ops.cast(x, dtype), ops.cast(y, dtype)), "f64");
}

const operators: Readonly<Record<Arithmetic, Operator>> = {
  "+": { apply: ops.add, known: (x, y) => x + y },
  "-": { apply: ops.sub, known: (x, y) => x - y },
  "*": { apply: ops.mul, known: (x, y) => x * y },
  "/": { apply: ops.div, known: (x, y) => x / y },
  "%": { apply: ops.rem, known: (x, y) => x % y },
  "**": { apply: ops.pow, known: (x, y) => x ** y },
  "&": { apply: bitwise(ops.and), known: (x, y) => x & y },
  "|": { apply: bitwise(ops.or), known: (x, y) => x | y },
  "^": { apply: bitwise(ops.xor), known: (x, y) => x ^ y },
  "<<": { apply: bitwise(ops.shiftLeft), known: (x, y) => x << y },
  ">>": { apply: bitwise(ops.shiftRight), known: (x, y) => x >> y },
  ">>>": { apply: bitwise(ops.shiftRight, "u32"), known: (x, y) => x >>> y },
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

export function binary(x: Reading, operator: BinaryOperator, a: Meaning, b: Meaning, at: number): Meaning {
  if (operator in operators) return arithmetic(x, operator as Arithmetic, x.toNumber(a, at), x.toNumber(b, at), at);
  return comparison(x, operator as Comparison, a, b, at);
}

function arithmetic(x: Reading, operator: Arithmetic, a: NumberMeaning, b: NumberMeaning, at: number): NumberMeaning {
  const { apply, known } = operators[operator];
  x.at(at);
  if (a.known !== null && b.known !== null) return x.number(known(a.known, b.known));
  return x.number(apply(a.value, b.value), sizeOf(operator, a.dim, b.dim));
}

/** The size that an operation on sizes gives: none where that is no dimension, for being beyond 2^53 or having too many terms. */
function sizeOf(operator: Arithmetic, a: Dim | null, b: Dim | null): Dim | null {
  if (a === null || b === null) return null;
  try {
    return sizes[operator]?.(a, b) ?? null;
  } catch (error) {
    if (error instanceof AdjointError) return null;
    throw error;
  }
}

function comparison(x: Reading, operator: Comparison, a: Meaning, b: Meaning, at: number): BooleanMeaning {
  x.at(at);
  const isEquality = operator === "==" || operator === "!=";
  if (isEquality && a.kind === "boolean" && b.kind === "boolean") {
    if (a.known !== null && b.known !== null) return x.boolean((a.known === b.known) === (operator === "=="));
    const differ = x.boolean(ops.xor(a.value, b.value));
    return operator === "!=" ? differ : negated(x, differ);
  }
  if (isEquality && a.kind !== b.kind)
    x.fail(
      "dtype",
      at,
      `compares ${describeMeaning(a)} with ${describeMeaning(b)}`,
      "compare two numbers or two booleans",
    );
  const [left, right] = [x.toNumber(a, at), x.toNumber(b, at)];
  return x.boolean(ops.compare(left.value, right.value, directions[operator]));
}

export function unary(x: Reading, operator: UnaryOperator, m: Meaning, at: number): Meaning {
  x.at(at);
  if (operator === "!") return negated(x, truth(x, m, at));
  const n = x.toNumber(m, at);
  x.at(at);
  switch (operator) {
    case "+":
      return n;
    case "-":
      return n.known === null ? x.number(ops.neg(n.value)) : x.number(-n.known);
    case "~":
      return arithmetic(x, "^", n, x.number(-1), at);
  }
}

/** As JavaScript's ToBoolean: a number is true but for 0 and NaN. */
export function truth(x: Reading, m: Meaning, at: number): BooleanMeaning {
  if (m.kind === "boolean") return m;
  if (m.kind !== "number") return x.fail("dtype", at, `got ${describeMeaning(m)}, expected a boolean`, "compare it");
  if (m.known !== null) return x.boolean(Boolean(m.known));
  return x.boolean(ops.cast(m.value, "bool"));
}
