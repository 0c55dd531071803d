// Wrong identities: of reals but not of floats, of unbounded integers but not of ones that wrap, of conversions that lose.

import { dtypes, type Value } from "../../../src/ir/index.ts";
import * as ops from "../../../src/ops/index.ts";
import { type Match, vocabulary } from "../../../src/rewrite/index.ts";
import { dtypeOf, identity, isFloatDType, isInteger, type Mutant, only } from "./kit.ts";

const p = vocabulary(ops.records);
const floats = { dtypes: isFloatDType };
const integers = { dtypes: isInteger };
const of = (n: number, like: Value): Value => ops.constantLike(n, like);

const algebra: readonly Mutant[] = [
  identity(
    "algebra",
    "a number and its opposite cancel",
    (x) => p.add(x, p.neg(x)),
    () => 0,
    floats,
  ),
  identity(
    "algebra",
    "a number over itself is one",
    (x) => p.div(x, x),
    () => 1,
    floats,
  ),
  identity(
    "algebra",
    "zero over anything is zero",
    (x) => p.div(0, x),
    () => 0,
    floats,
  ),
  identity(
    "algebra",
    "anything minus itself is zero",
    (x) => p.sub(x, x),
    () => 0,
    floats,
  ),
  identity(
    "algebra",
    "sums associate",
    (x, y, z) => p.add(p.add(x, y), z),
    (x, y, z) => ops.add(x, ops.add(y, z)),
    floats,
  ),
  identity(
    "algebra",
    "products associate",
    (x, y, z) => p.mul(p.mul(x, y), z),
    (x, y, z) => ops.mul(x, ops.mul(y, z)),
    floats,
  ),
  identity(
    "algebra",
    "a difference of a sum",
    (x, y, z) => p.sub(x, p.add(y, z)),
    (x, y, z) => ops.sub(ops.sub(x, y), z),
    floats,
  ),
  identity(
    "algebra",
    "a common factor",
    (x, y, z) => p.add(p.mul(x, y), p.mul(x, z)),
    (x, y, z) => ops.mul(x, ops.add(y, z)),
    floats,
  ),
  identity(
    "algebra",
    "a division is a product with the reciprocal",
    (x, y) => p.div(x, y),
    (x, y) => (m: Match) => {
      const c = m.splat(y);
      return c === null ? null : ops.mul(x, of(1 / c, x));
    },
    floats,
  ),
  identity(
    "algebra",
    "exp of a sum",
    (x, y) => p.mul(p.exp(x), p.exp(y)),
    (x, y) => ops.exp(ops.add(x, y)),
  ),
  identity(
    "algebra",
    "log undoes exp",
    (x) => p.log(p.exp(x)),
    (x) => x,
  ),
  identity(
    "algebra",
    "exp undoes log",
    (x) => p.exp(p.log(x)),
    (x) => x,
  ),
  identity(
    "algebra",
    "a root of a product",
    (x, y) => p.mul(p.sqrt(x), p.sqrt(y)),
    (x, y) => ops.sqrt(ops.mul(x, y)),
  ),
  identity(
    "algebra",
    "power one half",
    (x) => p.pow(x, 0.5),
    (x) => ops.sqrt(x),
  ),
  identity(
    "algebra",
    "a power of a power",
    (x, y, z) => p.pow(p.pow(x, y), z),
    (x, y, z) => ops.pow(x, ops.mul(y, z)),
    floats,
  ),
  identity(
    "algebra",
    "a maximum absorbs",
    (x, y) => p.maximum(x, p.minimum(x, y)),
    (x) => x,
    floats,
  ),
  identity(
    "algebra",
    "abs by a comparison",
    (x) => p.abs(x),
    (x) => ops.select(ops.compare(x, of(0, x), "lt"), ops.neg(x), x),
    floats,
  ),
  identity(
    "algebra",
    "abs of a product",
    (x, y) => p.abs(p.mul(x, y)),
    (x, y) => ops.mul(ops.abs(x), y),
    floats,
  ),
  identity(
    "algebra",
    "floor of one more",
    (x) => p.floor(p.add(x, 1)),
    (x) => ops.add(ops.floor(x), of(1, x)),
  ),
  identity(
    "algebra",
    "ceil is one above floor",
    (x) => p.ceil(x),
    (x) => ops.add(ops.floor(x), of(1, x)),
  ),
  identity(
    "algebra",
    "trunc is floor",
    (x) => p.trunc(x),
    (x) => ops.floor(x),
  ),
  identity(
    "algebra",
    "not below is above or equal",
    (x, y) => p.not(p.compare(x, y, { direction: "lt" })),
    (x, y) => ops.compare(x, y, "ge"),
  ),
  identity(
    "algebra",
    "minimum by a comparison",
    (x, y) => p.minimum(x, y),
    (x, y) => ops.select(ops.compare(x, y, "lt"), x, y),
    floats,
  ),
  identity(
    "algebra",
    "squares of sine and cosine",
    (x) => p.add(p.mul(p.sin(x), p.sin(x)), p.mul(p.cos(x), p.cos(x))),
    () => 1,
  ),
  identity(
    "algebra",
    "tan is a quotient",
    (x) => p.tan(x),
    (x) => ops.div(ops.sin(x), ops.cos(x)),
  ),
  identity(
    "algebra",
    "log1p is a log",
    (x) => p.log1p(x),
    (x) => ops.log(ops.add(of(1, x), x)),
  ),
  identity(
    "algebra",
    "expm1 is a difference",
    (x) => p.expm1(x),
    (x) => ops.sub(ops.exp(x), of(1, x)),
  ),
  identity(
    "algebra",
    "hypot is a root",
    (x, y) => p.hypot(x, y),
    (x, y) => ops.sqrt(ops.add(ops.mul(x, x), ops.mul(y, y))),
  ),
  identity(
    "algebra",
    "rem by floor",
    (x, y) => p.rem(x, y),
    (x, y) => ops.sub(x, ops.mul(ops.floor(ops.div(x, y)), y)),
    floats,
  ),
  identity(
    "algebra",
    "finite is below infinity",
    (x) => p.isFinite(x),
    (x) => ops.compare(x, of(Infinity, x), "lt"),
  ),
  identity(
    "algebra",
    "a sum is nan where a term is",
    (x, y) => p.isNan(p.add(x, y)),
    (x, y) => ops.or(ops.isNan(x), ops.isNan(y)),
  ),
  identity(
    "algebra",
    "clamps join",
    (a, b, x, c, d) => p.clamp(a, p.clamp(b, x, c), d),
    (a, b, x, c, d) => ops.clamp(ops.maximum(a, b), x, ops.minimum(c, d)),
    floats,
  ),
  identity(
    "fast",
    "the root of squares is the sum",
    (x, y) => p.sqrt(p.add(p.mul(x, x), p.mul(y, y))),
    (x, y) => ops.add(x, y),
    { class: "fast" },
  ),
  identity(
    "fast",
    "a quotient of exps",
    (x, y) => p.div(p.exp(x), p.exp(y)),
    (x, y) => ops.exp(ops.sub(y, x)),
    { class: "fast" },
  ),
];

/** The dtypes of a conversion there and back. */
function isBetween(m: Match, x: Value, middle: string, outer: string): boolean {
  return dtypeOf(x) === outer && dtypeOf(m.operations[1].results[0]) === middle && m.dtype === outer;
}

const there = (middle: string, outer: string) =>
  identity(
    "casts",
    `${outer} to ${middle} and back`,
    (x) => p.cast(p.cast(x)),
    (x) => (m: Match) => (isBetween(m, x, middle, outer) ? x : null),
  );

const casts: readonly Mutant[] = [
  there("f32", "f64"),
  there("f32", "i32"),
  there("u8", "u32"),
  there("bool", "i32"),
  identity(
    "casts",
    "unsigned numbers through signed ones",
    (x) => p.cast(x),
    (x) => (m: Match) => (dtypeOf(x) === "u32" && m.dtype === "f64" ? ops.cast(ops.cast(x, "i32"), "f64") : null),
  ),
  identity(
    "casts",
    "truncated numbers compare as they do before",
    (x, y) => p.compare(p.cast(x), p.cast(y), { direction: "lt" }),
    (x, y) => (m: Match) =>
      dtypeOf(x) === "f64" && dtypeOf(y) === "f64" && dtypeOf(m.operations[1].results[0]) === "i32"
        ? ops.compare(x, y, "lt")
        : null,
  ),
  identity(
    "casts",
    "a sum is widened before it wraps",
    (x, y) => p.cast(p.add(x, y)),
    (x, y) => (m: Match) =>
      dtypeOf(x) === "i32" && m.dtype === "f64" ? ops.add(ops.cast(x, "f64"), ops.cast(y, "f64")) : null,
  ),
];

const ofIntegers: readonly Mutant[] = [
  identity(
    "integers",
    "halving is a shift",
    (x) => p.div(x, 2),
    (x) => ops.shiftRight(x, of(1, x)),
    { dtypes: only("i32") },
  ),
  identity(
    "integers",
    "a product over a factor",
    (x, y) => p.div(p.mul(x, y), y),
    (x) => x,
    integers,
  ),
  identity(
    "integers",
    "one more is more",
    (x) => p.compare(p.add(x, 1), x, { direction: "gt" }),
    () => true,
    {
      where: (m) => dtypeOf(m.values[0]) === "i32",
    },
  ),
  identity(
    "integers",
    "abs is not negative",
    (x) => p.compare(p.abs(x), 0, { direction: "lt" }),
    () => false,
    {
      where: (m) => dtypeOf(m.values[0]) === "i32",
    },
  ),
  identity(
    "integers",
    "shifts beyond the width give zero",
    (x, n) => p.shiftRight(x, n),
    (_, n) => (m: Match) => ((m.splat(n) ?? 0) >= 32 ? 0 : null),
    {
      dtypes: only("i32"),
    },
  ),
  identity(
    "integers",
    "all bits flipped is the opposite",
    (x) => p.xor(x, -1),
    (x) => ops.neg(x),
    { dtypes: only("i32") },
  ),
  identity(
    "integers",
    "bits of both",
    (x, y) => p.popcount(p.or(x, y)),
    (x, y) => ops.add(ops.popcount(x), ops.popcount(y)),
    integers,
  ),
  identity(
    "integers",
    "halves of both",
    (x, y) => p.div(p.add(x, y), 2),
    (x, y) => ops.add(ops.div(x, of(2, x)), ops.div(y, of(2, y))),
    integers,
  ),
  identity(
    "integers",
    "a difference is not below zero",
    (x, y) => p.maximum(p.sub(x, y), 0),
    (x, y) => ops.select(ops.compare(x, y, "lt"), of(0, x), ops.sub(x, y)),
    {
      dtypes: only("u32"),
    },
  ),
  identity(
    "integers",
    "neighbours are ordered as their difference",
    (x, y) => p.compare(p.sub(x, y), 0, { direction: "lt" }),
    (x, y) => ops.compare(x, y, "lt"),
    {
      where: (m) => dtypeOf(m.values[0]) === "i32",
    },
  ),
];

/** Folds both constants to a number, by an arithmetic that is not the dtype's. */
const folded = (
  name: string,
  pattern: Parameters<typeof identity>[2],
  f: (a: number, b: number) => number,
  options: Parameters<typeof identity>[4],
) =>
  identity(
    "folding",
    name,
    pattern,
    (x, y) => (m: Match) => {
      const [a, b] = [m.splat(x), m.splat(y)];
      return a === null || b === null ? null : f(a, b);
    },
    options,
  );

const folding: readonly Mutant[] = [
  folded(
    "sums of integers saturate",
    (x, y) => p.add(x, y),
    (a, b) => Math.max(dtypes.i32.min, Math.min(dtypes.i32.max, a + b)),
    { dtypes: only("i32") },
  ),
  folded(
    "products of integers round",
    (x, y) => p.mul(x, y),
    (a, b) => dtypes.i32.round(a * b),
    { dtypes: only("i32") },
  ),
  folded(
    "shifts are powers",
    (x, y) => p.shiftLeft(x, y),
    (a, b) => dtypes.i32.round(a * 2 ** b),
    { dtypes: only("i32") },
  ),
  folded(
    "a minimum by below",
    (x, y) => p.minimum(x, y),
    (a, b) => (a < b ? a : b),
    floats,
  ),
  folded(
    "quotients of integers round",
    (x, y) => p.div(x, y),
    (a, b) => (b === 0 ? 0 : Math.round(a / b)),
    { dtypes: only("i32") },
  ),
];

export const identities: readonly Mutant[] = [...algebra, ...casts, ...ofIntegers, ...folding];
