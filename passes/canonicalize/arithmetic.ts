// Identities of elementwise ops. Each keeps every bit, signed zeros and NaN included, or is of class `fast`.

import { type DType, dtypes, elementDType, isFloat, type Value } from "../../src/ir/index.ts";
import { add, cast, mul, neg } from "../../src/ops/index.ts";
import { type Match, type Rule, rule } from "../../src/rewrite/index.ts";
import { patterns } from "./vocabulary.ts";

const { add: plus, cast: convert, compare, maximum, mul: times, neg: minus, select } = patterns;

const floats = (match: Match): boolean => isFloat(match.dtype);
/** Integers and sizes, where arithmetic is exact modulo 2^n and there is one zero. */
const integers = (match: Match): boolean => ["integer", "index"].includes(dtypes[match.dtype].kind);
/** What is compared has no NaN. */
const ordered = ({ values: [x] }: Match): boolean => !isFloat(dtypeOf(x));

function dtypeOf(value: Value): DType {
  return elementDType(value.type) ?? "f64";
}

// biome-ignore format: a table one can see
export const arithmeticRules: readonly Rule[] = [
  rule("x * 1 → x", (x) => times(x, 1), (x) => x),
  rule("x * -1 → -x", (x) => times(x, -1), (x) => neg(x)),
  rule("x + -0 → x", (x) => plus(x, -0), (x) => x, { where: floats }), // + 0 would not do: -0 + 0 is 0
  rule("x + 0 → x", (x) => plus(x, 0), (x) => x, { where: integers }),
  rule("x * 0 → 0", (x) => times(x, 0), () => 0, { where: integers }),
  rule("-(-x) → x", (x) => minus(minus(x)), (x) => x),
  rule("-x * -y → x * y", (x, y) => times(minus(x), minus(y)), (x, y) => mul(x, y)),
  rule("x + -x → 0", (x) => plus(x, minus(x)), () => 0, { where: integers }),
  rule("(x + a) + b → x + (a + b)", (x, a, b) => plus(plus(x, a), b), sumOfConstants, { where: integers }),
  rule("(x * a) * b → x * (a * b)", (x, a, b) => times(times(x, a), b), productOfConstants, { where: integers }),

  rule("maximum(x, x) → x", (x) => maximum(x, x), (x) => x),
  rule("maximum(x, -inf) → x", (x) => maximum(x, -Infinity), (x) => x),
  rule("maximum(maximum(x, y), y) → maximum(x, y)", (x, y) => maximum(maximum(x, y), y), () => (m) => m.operations[1].results[0]),

  rule("x == x → true", (x) => compare(x, x, { direction: "eq" }), () => true, { where: ordered }),
  rule("x <= x → true", (x) => compare(x, x, { direction: "le" }), () => true, { where: ordered }),
  rule("x >= x → true", (x) => compare(x, x, { direction: "ge" }), () => true, { where: ordered }),
  rule("x != x → false", (x) => compare(x, x, { direction: "ne" }), () => false, { where: ordered }),
  rule("x < x → false", (x) => compare(x, x, { direction: "lt" }), () => false),
  rule("x > x → false", (x) => compare(x, x, { direction: "gt" }), () => false),

  rule("select(p, x, x) → x", (p, x) => select(p, x, x), (_p, x) => x),
  rule("select(true, x, y) → x", (x, y) => select(true, x, y), (x) => x),
  rule("select(false, x, y) → y", (x, y) => select(false, x, y), (_x, y) => y),
  rule("select(p, true, false) → p", (p) => select(p, true, false), (p) => (m) => (dtypeOf(p) === m.dtype ? p : null)),

  rule("cast(x) to its own dtype → x", (x) => convert(x), (x) => (m) => (dtypeOf(x) === m.dtype ? x : null)),
  rule("cast(cast(x)) without loss between → cast(x)", (x) => convert(convert(x)), (x) => (m) => (isLossless(x, m) ? cast(x, m.dtype) : null)),

  rule("x * 0 → 0", (x) => times(x, 0), () => 0, { class: "fast", where: floats }),
  rule("x + 0 → x", (x) => plus(x, 0), (x) => x, { class: "fast", where: floats }),
  rule("x + -x → 0", (x) => plus(x, minus(x)), () => 0, { class: "fast", where: floats }),
  rule("(x + a) + b → x + (a + b)", (x, a, b) => plus(plus(x, a), b), sumOfConstants, { class: "fast", where: floats }),
  rule("(x * a) * b → x * (a * b)", (x, a, b) => times(times(x, a), b), productOfConstants, { class: "fast", where: floats }),
];

function sumOfConstants(x: Value, a: Value, b: Value) {
  return (match: Match): Value | null =>
    areConstant(match, a, b) && !areConstant(match, x) ? add(x, add(a, b)) : null;
}

function productOfConstants(x: Value, a: Value, b: Value) {
  return (match: Match): Value | null =>
    areConstant(match, a, b) && !areConstant(match, x) ? mul(x, mul(a, b)) : null;
}

function areConstant(match: Match, ...values: readonly Value[]): boolean {
  return values.every((v) => match.splat(v) !== null);
}

/** Whether the inner of two casts keeps every value of `x`. */
function isLossless(x: Value, match: Match): boolean {
  return holdsAll(dtypeOf(match.operations[1].results[0]), dtypeOf(x));
}

/** Whether every value of `narrow` is one of `wide`, so that a cast there loses nothing (bits of NaN aside). */
function holdsAll(wide: DType, narrow: DType): boolean {
  if (wide === narrow || narrow === "bool") return true;
  if (wide === "f64") return narrow !== "index";
  if (wide === "f32") return narrow === "u8";
  return (wide === "i32" || wide === "u32" || wide === "index") && narrow === "u8";
}
