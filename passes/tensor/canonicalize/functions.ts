// Identities of functions of numbers and of bits. Each keeps every bit, signed zeros and NaN included, or is of class `fast`.

import { type DType, dtypes, isFloat, type Value } from "../../../src/ir/index.ts";
import type { Match, Replacement, Rule } from "../../../src/rewrite/index.ts";
import { make, patterns as p, rule } from "./vocabulary.ts";

const floats = isFloat;
const bools = (dtype: DType): boolean => dtype === "bool";
const signed = (dtype: DType): boolean => dtypes[dtype].min < 0;
const unsigned = (dtype: DType): boolean => dtypes[dtype].min === 0;
const integers = (dtype: DType): boolean => dtypes[dtype].kind === "integer";

// biome-ignore format: a table one can see
const signs: readonly Rule[] = [
  rule("abs(abs(x)) → abs(x)", (x) => p.abs(p.abs(x)), (x) => make.abs(x)),
  rule("abs(-x) → abs(x)", (x) => p.abs(p.neg(x)), (x) => make.abs(x), { dtypes: signed }),
  rule("abs(x) → x", (x) => p.abs(x), (x) => x, { dtypes: unsigned }),
  rule("abs(copysign(x, y)) → abs(x)", (x, y) => p.abs(p.copysign(x, y)), (x) => make.abs(x)),
  rule("abs(x) * abs(x) → x * x", (x) => p.mul(p.abs(x), p.abs(x)), (x) => make.mul(x, x)),
  rule("maximum(x, -x) → abs(x)", (x) => p.maximum(x, p.neg(x)), (x) => make.abs(x), { dtypes: floats }),
  rule("sign(sign(x)) → sign(x)", (x) => p.sign(p.sign(x)), () => (m) => m.operations[1].results[0]),
  rule("copysign(abs(x), y) → copysign(x, y)", (x, y) => p.copysign(p.abs(x), y), (x, y) => make.copysign(x, y)),
  rule("copysign(-x, y) → copysign(x, y)", (x, y) => p.copysign(p.neg(x), y), (x, y) => make.copysign(x, y)),
  rule("copysign(x, x) → x", (x) => p.copysign(x, x), (x) => x),
  rule("nextafter(x, x) → x", (x) => p.nextafter(x, x), (x) => x),
  rule("is_nan(-x) → is_nan(x)", (x) => p.isNan(p.neg(x)), (x) => make.isNan(x)),
  rule("is_nan(abs(x)) → is_nan(x)", (x) => p.isNan(p.abs(x)), (x) => make.isNan(x)),
  rule("is_finite(-x) → is_finite(x)", (x) => p.isFinite(p.neg(x)), (x) => make.isFinite(x)),
  rule("is_finite(abs(x)) → is_finite(x)", (x) => p.isFinite(p.abs(x)), (x) => make.isFinite(x)),
];

const roundings = ["floor", "ceil", "round", "trunc"] as const;

/** What is whole stays as it is: floor(round(x)) → round(x), and so on. */
const wholes: readonly Rule[] = roundings.flatMap((outer) =>
  roundings.map((inner) =>
    rule(
      `${outer}(${inner}(x)) → ${inner}(x)`,
      (x) => p[outer](p[inner](x)),
      () => (m) => m.operations[1].results[0],
    ),
  ),
);

// biome-ignore format: a table one can see
const bounds: readonly Rule[] = [
  rule("clamp(low, x, inf) → maximum(x, low)", (low, x) => p.clamp(low, x, Infinity), (low, x) => make.maximum(x, low)),
  rule("clamp(-inf, x, high) → minimum(x, high)", (x, high) => p.clamp(-Infinity, x, high), (x, high) => make.minimum(x, high)),
  rule("rem(rem(x, y), y) → rem(x, y)", (x, y) => p.rem(p.rem(x, y), y), () => (m) => m.operations[1].results[0]),
  rule("rem(x, x) → 0", (x) => p.rem(x, x), () => 0, { dtypes: integers }),
  rule("rem(x, 1) → 0", (x) => p.rem(x, 1), () => 0, { dtypes: integers }),
];

// biome-ignore format: a table one can see
const powers: readonly Rule[] = [
  rule("pow_derivative(x, c) → constant * pow(x, constant)", (x, y) => p.powDerivative(x, y), powerOfConstant),
  rule("pow(x, 0) → 1", (x) => p.pow(x, 0), () => 1), // of NaN too
  rule("pow(x, 1) → x", (x) => p.pow(x, 1), (x) => x),
  rule("pow(x, 2) → x * x", (x) => p.pow(x, 2), (x) => make.mul(x, x)),
  rule("pow(x, 3) → x * x * x", (x) => p.pow(x, 3), (x) => make.mul(make.mul(x, x), x), { dtypes: integers }),
  rule("pow(x, 3) → x * x * x", (x) => p.pow(x, 3), (x) => make.mul(make.mul(x, x), x), { class: "fast", dtypes: floats }),
  rule("pow(x, 0.5) → sqrt(x)", (x) => p.pow(x, 0.5), (x) => make.sqrt(x), { class: "fast" }),
  rule("sqrt(x * x) → abs(x)", (x) => p.sqrt(p.mul(x, x)), (x) => make.abs(x), { class: "fast" }),
  rule("sqrt(x) * sqrt(x) → x", (x) => p.mul(p.sqrt(x), p.sqrt(x)), (x) => x, { class: "fast" }),
  rule("log(exp(x)) → x", (x) => p.log(p.exp(x)), (x) => x, { class: "fast" }),
  rule("exp(log(x)) → x", (x) => p.exp(p.log(x)), (x) => x, { class: "fast" }),
  rule("log1p(expm1(x)) → x", (x) => p.log1p(p.expm1(x)), (x) => x, { class: "fast" }),
  rule("expm1(log1p(x)) → x", (x) => p.expm1(p.log1p(x)), (x) => x, { class: "fast" }),
  rule("exp(x) - 1 → expm1(x)", (x) => p.sub(p.exp(x), 1), (x) => make.expm1(x), { class: "fast" }),
  rule("log(1 + x) → log1p(x)", (x) => p.log(p.add(1, x)), (x) => make.log1p(x), { class: "fast" }),
];

/** What the derivative of a power is once its exponent is known, as its kernel computes it. */
function powerOfConstant(x: Value, y: Value) {
  return (match: Match): Replacement => {
    const exponent = match.splat(y);
    if (exponent === null || !Number.isFinite(exponent)) return null;
    const [{ op, attributes }] = match.operations;
    const less = dtypes[match.dtype].round(exponent - Number(attributes.order));
    // a power of 1 is 1: what is left is the product of the factors
    const factor = op.scalar?.compute([1, exponent], { attributes, dtype: match.dtype }) ?? null;
    if (factor === null || factor === 0) return factor;
    return make.mul(match.constant(factor, match.type), make.pow(x, match.constant(less, match.type)));
  };
}

/** The value of a dtype whose bits are all set. */
const allOnes: readonly (readonly [DType, number])[] = [
  ["i32", -1],
  ["u32", 2 ** 32 - 1],
  ["u8", 255],
];

// biome-ignore format: a table one can see
const bits: readonly Rule[] = [
  rule("x xor x → 0", (x) => p.xor(x, x), () => 0),
  rule("x xor 0 → x", (x) => p.xor(x, 0), (x) => x),
  rule("(x xor y) xor y → x", (x, y) => p.xor(p.xor(x, y), y), (x) => x),
  rule("x xor true → not x", (x) => p.xor(x, true), (x) => make.not(x), { dtypes: bools }),
  rule("x and not x → 0", (x) => p.and(x, p.not(x)), () => 0),
  rule("x or not x → true", (x) => p.or(x, p.not(x)), () => true, { dtypes: bools }),
  rule("x and (x or y) → x", (x, y) => p.and(x, p.or(x, y)), (x) => x),
  rule("x or (x and y) → x", (x, y) => p.or(x, p.and(x, y)), (x) => x),
  rule("shift_left(x, 0) → x", (x) => p.shiftLeft(x, 0), (x) => x),
  rule("shift_right(x, 0) → x", (x) => p.shiftRight(x, 0), (x) => x),
  ...allOnes.flatMap(([dtype, ones]) => [
    rule(`x xor ${ones} → not x`, (x) => p.xor(x, ones), (x) => make.not(x), { dtypes: (d) => d === dtype }),
    rule(`x and ${ones} → x`, (x) => p.and(x, ones), (x) => x, { dtypes: (d) => d === dtype }),
    rule(`x or ${ones} → ${ones}`, (x) => p.or(x, ones), () => ones, { dtypes: (d) => d === dtype }),
  ]),
];

export const functionRules: readonly Rule[] = [...signs, ...wholes, ...bounds, ...powers, ...bits];
