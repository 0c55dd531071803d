// Identities of elementwise ops. Each keeps every bit, signed zeros and NaN included, or is of class `fast`.

import { type DType, dtypes, elementDType, isFloat, type Value } from "../../../src/ir/index.ts";
import {
  add,
  cast,
  compare,
  type Direction,
  directionOf,
  div,
  mul,
  neg,
  not,
  select,
  sub,
} from "../../../src/ops/index.ts";
import type { Match, Rule } from "../../../src/rewrite/index.ts";
import { patterns as p, rule } from "./vocabulary.ts";

const floats = isFloat;
const bools = (dtype: DType): boolean => dtype === "bool";
/** Integers and sizes, where arithmetic is exact modulo 2^n and there is one zero. */
const integers = (dtype: DType): boolean => ["integer", "index"].includes(dtypes[dtype].kind);
/** What is compared has no NaN. */
const ordered = ({ values: [x] }: Match): boolean => !isFloat(dtypeOf(x));

/** What is cast has one zero. */
const fromInteger = ({ values: [x] }: Match): boolean => !isFloat(dtypeOf(x));

function dtypeOf(value: Value): DType {
  return elementDType(value.type) ?? "f64";
}

// biome-ignore format: a table one can see
const exactArithmetic: readonly Rule[] = [
  rule("x * 1 → x", "mul", (x) => [x, 1], (x) => x),
  rule("x * -1 → -x", "mul", (x) => [x, -1], (x) => neg(x)),
  rule("x * 0 → 0", "mul", (x) => [x, 0], () => 0, { dtypes: integers }),
  rule("x + -0 → x", "add", (x) => [x, -0], (x) => x, { dtypes: floats }), // + 0 would not do: -0 + 0 is 0
  rule("x + 0 → x", "add", (x) => [x, 0], (x) => x, { dtypes: integers }),
  rule("cast(n) + 0 → cast(n)", "add", (x) => [p.cast(x), 0], () => (m) => m.operations[1].results[0], { where: fromInteger }),
  rule("x - 0 → x", "sub", (x) => [x, 0], (x) => x),
  rule("-0 - x → -x", "sub", (x) => [-0, x], (x) => neg(x), { dtypes: floats }),
  rule("0 - x → -x", "sub", (x) => [0, x], (x) => neg(x), { dtypes: integers }),
  rule("x - x → 0", "sub", (x) => [x, x], () => 0, { dtypes: integers }),
  rule("x + -x → 0", "add", (x) => [x, p.neg(x)], () => 0, { dtypes: integers }),
  rule("x + -y → x - y", "add", (x, y) => [x, p.neg(y)], (x, y) => sub(x, y)),
  rule("x - -y → x + y", "sub", (x, y) => [x, p.neg(y)], (x, y) => add(x, y)),
  rule("-(x - y) → y - x", "neg", (x, y) => [p.sub(x, y)], (x, y) => sub(y, x), { dtypes: integers }),
  rule("-(-x) → x", "neg", (x) => [p.neg(x)], (x) => x),
  rule("-x * -y → x * y", "mul", (x, y) => [p.neg(x), p.neg(y)], (x, y) => mul(x, y)),
  rule("x / 1 → x", "div", (x) => [x, 1], (x) => x),
  rule("x / -1 → -x", "div", (x) => [x, -1], (x) => neg(x), { dtypes: floats }),
  rule("-x / -y → x / y", "div", (x, y) => [p.neg(x), p.neg(y)], (x, y) => div(x, y), { dtypes: floats }),
  rule("(x + a) + b → x + (a + b)", "add", (x, a, b) => [p.add(x, a), b], sumOfConstants, { dtypes: integers }),
  rule("(x * a) * b → x * (a * b)", "mul", (x, a, b) => [p.mul(x, a), b], productOfConstants, { dtypes: integers }),
];

// biome-ignore format: a table one can see
const fastArithmetic: readonly Rule[] = [
  rule("x * 0 → 0", "mul", (x) => [x, 0], () => 0, { class: "fast", dtypes: floats }),
  rule("x + 0 → x", "add", (x) => [x, 0], (x) => x, { class: "fast", dtypes: floats }),
  rule("0 - x → -x", "sub", (x) => [0, x], (x) => neg(x), { class: "fast", dtypes: floats }),
  rule("x - x → 0", "sub", (x) => [x, x], () => 0, { class: "fast", dtypes: floats }),
  rule("x / x → 1", "div", (x) => [x, x], () => 1, { class: "fast", dtypes: floats }),
  rule("-(x - y) → y - x", "neg", (x, y) => [p.sub(x, y)], (x, y) => sub(y, x), { class: "fast", dtypes: floats }),
  rule("(x + a) + b → x + (a + b)", "add", (x, a, b) => [p.add(x, a), b], sumOfConstants, { class: "fast", dtypes: floats }),
  rule("(x * a) * b → x * (a * b)", "mul", (x, a, b) => [p.mul(x, a), b], productOfConstants, { class: "fast", dtypes: floats }),
];

// biome-ignore format: a table one can see
export const extrema: readonly Rule[] = [
  rule("maximum(x, x) → x", "maximum", (x) => [x, x], (x) => x),
  rule("minimum(x, x) → x", "minimum", (x) => [x, x], (x) => x),
  rule("maximum(x, -inf) → x", "maximum", (x) => [x, -Infinity], (x) => x),
  rule("minimum(x, inf) → x", "minimum", (x) => [x, Infinity], (x) => x),
  rule("maximum(maximum(x, y), y) → maximum(x, y)", "maximum", (x, y) => [p.maximum(x, y), y], () => (m) => m.operations[1].results[0]),
  rule("minimum(minimum(x, y), y) → minimum(x, y)", "minimum", (x, y) => [p.minimum(x, y), y], () => (m) => m.operations[1].results[0]),
];

// biome-ignore format: a table one can see
const logic: readonly Rule[] = [
  rule("x == x → true", "compare", (x) => [x, x, { direction: "eq" }], () => true, { where: ordered }),
  rule("x <= x → true", "compare", (x) => [x, x, { direction: "le" }], () => true, { where: ordered }),
  rule("x >= x → true", "compare", (x) => [x, x, { direction: "ge" }], () => true, { where: ordered }),
  rule("x != x → false", "compare", (x) => [x, x, { direction: "ne" }], () => false, { where: ordered }),
  rule("x < x → false", "compare", (x) => [x, x, { direction: "lt" }], () => false),
  rule("x > x → false", "compare", (x) => [x, x, { direction: "gt" }], () => false),
  rule("not not p → p", "not", (x) => [p.not(x)], (x) => x),
  rule("not (x < y) → x >= y", "not", (x, y) => [p.compare(x, y)], oppositeComparison),
  rule("x and x → x", "and", (x) => [x, x], (x) => x),
  rule("x or x → x", "or", (x) => [x, x], (x) => x),
  rule("x and true → x", "and", (x) => [x, true], (x) => x, { dtypes: bools }),
  rule("x and 0 → 0", "and", (x) => [x, 0], () => 0),
  rule("x or 0 → x", "or", (x) => [x, 0], (x) => x),
  rule("x or true → true", "or", (x) => [x, true], () => true, { dtypes: bools }),
  rule("select(q, x, x) → x", "select", (q, x) => [q, x, x], (_q, x) => x),
  rule("select(true, x, y) → x", "select", (x, y) => [true, x, y], (x) => x),
  rule("select(false, x, y) → y", "select", (x, y) => [false, x, y], (_x, y) => y),
  rule("select(not q, x, y) → select(q, y, x)", "select", (q, x, y) => [p.not(q), x, y], (q, x, y) => select(q, y, x)),
  rule(
    "select(q, select(q, x, y), z) → select(q, x, z)",
    "select",
    (q, x, y, z) => [q, p.select(q, x, y), z],
    (q, x, _y, z) => select(q, x, z),
  ),
  rule(
    "select(q, x, select(q, y, z)) → select(q, x, z)",
    "select",
    (q, x, y, z) => [q, x, p.select(q, y, z)],
    (q, x, _y, z) => select(q, x, z),
  ),
  rule("select(q, true, false) → q", "select", (q) => [q, true, false], (q) => q, { dtypes: bools }),
  rule("select(q, false, true) → not q", "select", (q) => [q, false, true], (q) => not(q), { dtypes: bools }),
];

// biome-ignore format: a table one can see
const casts: readonly Rule[] = [
  rule("cast(x) to its own dtype → x", "cast", (x) => [x], (x) => (m) => (dtypeOf(x) === m.dtype ? x : null)),
  rule("cast(cast(x)) without loss between → cast(x)", "cast", (x) => [p.cast(x)], (x) => (m) => (isLossless(x, m) ? cast(x, m.dtype) : null)),
];

export const arithmeticRules: readonly Rule[] = [...exactArithmetic, ...fastArithmetic, ...extrema, ...logic, ...casts];

const opposites: Readonly<Record<Direction, Direction>> = {
  eq: "ne",
  ne: "eq",
  lt: "ge",
  le: "gt",
  gt: "le",
  ge: "lt",
};

/** NaN is neither less nor not less, but equal or not equal. */
function oppositeComparison(x: Value, y: Value) {
  return (match: Match): Value | null => {
    const direction = directionOf(match.operations[1]);
    const isSafe = direction === "eq" || direction === "ne" || ordered(match);
    return isSafe ? compare(x, y, opposites[direction]) : null;
  };
}

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
