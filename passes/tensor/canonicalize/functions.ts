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
  rule("abs(abs(x)) → abs(x)", "abs", (x) => [p.abs(x)], (x) => make.abs(x)),
  rule("abs(-x) → abs(x)", "abs", (x) => [p.neg(x)], (x) => make.abs(x), { dtypes: signed }),
  rule("abs(x) → x", "abs", (x) => [x], (x) => x, { dtypes: unsigned }),
  rule("abs(copysign(x, y)) → abs(x)", "abs", (x, y) => [p.copysign(x, y)], (x) => make.abs(x)),
  rule("abs(x) * abs(x) → x * x", "mul", (x) => [p.abs(x), p.abs(x)], (x) => make.mul(x, x)),
  rule("maximum(x, -x) → abs(x)", "maximum", (x) => [x, p.neg(x)], (x) => make.abs(x), { dtypes: floats }),
  rule("sign(sign(x)) → sign(x)", "sign", (x) => [p.sign(x)], () => (m) => m.operations[1].results[0]),
  rule("copysign(abs(x), y) → copysign(x, y)", "copysign", (x, y) => [p.abs(x), y], (x, y) => make.copysign(x, y)),
  rule("copysign(-x, y) → copysign(x, y)", "copysign", (x, y) => [p.neg(x), y], (x, y) => make.copysign(x, y)),
  // copysign(x, x) is no x where a derivative is taken afterwards: at 0 it has that of |x|, which is 0
  rule("nextafter(x, x) → x", "nextafter", (x) => [x, x], (x) => x),
  rule("is_nan(-x) → is_nan(x)", "isNan", (x) => [p.neg(x)], (x) => make.isNan(x)),
  rule("is_nan(abs(x)) → is_nan(x)", "isNan", (x) => [p.abs(x)], (x) => make.isNan(x)),
  rule("is_finite(-x) → is_finite(x)", "isFinite", (x) => [p.neg(x)], (x) => make.isFinite(x)),
  rule("is_finite(abs(x)) → is_finite(x)", "isFinite", (x) => [p.abs(x)], (x) => make.isFinite(x)),
];

const roundings = ["floor", "ceil", "round", "trunc"] as const;

/** What is whole stays as it is: floor(round(x)) → round(x), and so on. */
const wholes: readonly Rule[] = roundings.flatMap((outer) =>
  roundings.map((inner) =>
    rule(
      `${outer}(${inner}(x)) → ${inner}(x)`,
      outer,
      (x) => [p[inner](x)],
      () => (m) => m.operations[1].results[0],
    ),
  ),
);

// biome-ignore format: a table one can see
const bounds: readonly Rule[] = [
  rule("clamp(low, x, inf) → maximum(x, low)", "clamp", (low, x) => [low, x, Infinity], (low, x) => make.maximum(x, low)),
  rule("clamp(-inf, x, high) → minimum(x, high)", "clamp", (x, high) => [-Infinity, x, high], (x, high) => make.minimum(x, high)),
  rule("rem(rem(x, y), y) → rem(x, y)", "rem", (x, y) => [p.rem(x, y), y], () => (m) => m.operations[1].results[0]),
  rule("rem(x, x) → 0", "rem", (x) => [x, x], () => 0, { dtypes: integers }),
  rule("rem(x, 1) → 0", "rem", (x) => [x, 1], () => 0, { dtypes: integers }),
];

// biome-ignore format: a table one can see
const powers: readonly Rule[] = [
  rule("pow_derivative(x, c) → constant * pow(x, constant)", "powDerivative", (x, y) => [x, y], powerOfConstant),
  rule("pow(x, 0) → 1", "pow", (x) => [x, 0], () => 1), // of NaN too
  rule("pow(x, 1) → x", "pow", (x) => [x, 1], (x) => x),
  rule("pow(x, 2) → x * x", "pow", (x) => [x, 2], (x) => make.mul(x, x)),
  rule("pow(x, 3) → x * x * x", "pow", (x) => [x, 3], (x) => make.mul(make.mul(x, x), x), { dtypes: integers }),
  rule("pow(x, 3) → x * x * x", "pow", (x) => [x, 3], (x) => make.mul(make.mul(x, x), x), { class: "fast", dtypes: floats }),
  rule("pow(x, 0.5) → sqrt(x)", "pow", (x) => [x, 0.5], (x) => make.sqrt(x), { class: "fast" }),
  rule("sqrt(x * x) → abs(x)", "sqrt", (x) => [p.mul(x, x)], (x) => make.abs(x), { class: "fast" }),
  rule("sqrt(x) * sqrt(x) → x", "mul", (x) => [p.sqrt(x), p.sqrt(x)], (x) => x, { class: "fast" }),
  rule("log(exp(x)) → x", "log", (x) => [p.exp(x)], (x) => x, { class: "fast" }),
  rule("exp(log(x)) → x", "exp", (x) => [p.log(x)], (x) => x, { class: "fast" }),
  rule("log1p(expm1(x)) → x", "log1p", (x) => [p.expm1(x)], (x) => x, { class: "fast" }),
  rule("expm1(log1p(x)) → x", "expm1", (x) => [p.log1p(x)], (x) => x, { class: "fast" }),
  rule("exp(x) - 1 → expm1(x)", "sub", (x) => [p.exp(x), 1], (x) => make.expm1(x), { class: "fast" }),
  rule("log(1 + x) → log1p(x)", "log", (x) => [p.add(1, x)], (x) => make.log1p(x), { class: "fast" }),
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
  rule("x xor x → 0", "xor", (x) => [x, x], () => 0),
  rule("x xor 0 → x", "xor", (x) => [x, 0], (x) => x),
  rule("(x xor y) xor y → x", "xor", (x, y) => [p.xor(x, y), y], (x) => x),
  rule("x xor true → not x", "xor", (x) => [x, true], (x) => make.not(x), { dtypes: bools }),
  rule("x and not x → 0", "and", (x) => [x, p.not(x)], () => 0),
  rule("x or not x → true", "or", (x) => [x, p.not(x)], () => true, { dtypes: bools }),
  rule("x and (x or y) → x", "and", (x, y) => [x, p.or(x, y)], (x) => x),
  rule("x or (x and y) → x", "or", (x, y) => [x, p.and(x, y)], (x) => x),
  rule("shift_left(x, 0) → x", "shiftLeft", (x) => [x, 0], (x) => x),
  rule("shift_right(x, 0) → x", "shiftRight", (x) => [x, 0], (x) => x),
  ...allOnes.flatMap(([dtype, ones]) => [
    rule(`x xor ${ones} → not x`, "xor", (x) => [x, ones], (x) => make.not(x), { dtypes: (d) => d === dtype }),
    rule(`x and ${ones} → x`, "and", (x) => [x, ones], (x) => x, { dtypes: (d) => d === dtype }),
    rule(`x or ${ones} → ${ones}`, "or", (x) => [x, ones], () => ones, { dtypes: (d) => d === dtype }),
  ]),
];

export const functionRules: readonly Rule[] = [...signs, ...wholes, ...bounds, ...powers, ...bits];
