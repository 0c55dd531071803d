// Signs, whole numbers and remainders, and what kind of number it is, element by element.

import { type DType, dtypes, isFloat, type Kernel, kernel, type Op, type Value } from "../../ir/index.ts";
import { constantLike } from "../base/constant.ts";
import { type ElementwiseRow, elementwise } from "../base/elementwise.ts";
import { binary, fromKernel, fromKernel2, fromMathExact, ofReal, unary } from "../base/scalar.ts";
import { spellRound } from "../base/spelling.ts";
import { div, mul, sub } from "./arithmetic.ts";
import { copysign as copysignOf, nextAfter, nextAfterF32, roundHalfEven } from "./kernels/index.ts";

export const abs = unary(() => absOp);
export const sign = unary(() => signOp);
export const copysign = binary(() => copysignOp);
export const nextafter = binary(() => nextafterOp);
export const floor = unary(() => floorOp);
export const ceil = unary(() => ceilOp);
export const round = unary(() => roundOp);
export const trunc = unary(() => truncOp);
export const rem = binary(() => remOp);
export const isNan = unary(() => isNanOp);

const finite = unary(() => isFiniteOp);

export { finite as isFinite };

const steps = { kind: "zero", reason: "it is constant but for jumps" } as const;
/**
 * A number becomes a number, of one sign or another.
 *
 * @__NO_SIDE_EFFECTS__
 */
function ofNumber(row: Omit<ElementwiseRow, "operands" | "dtypes">): Op {
  return elementwise({ ...row, operands: ["x"], dtypes: "number" });
}

/** The quotient that a remainder leaves out, a whole number: its negative is the slope towards the divisor. */
function quotientOf(x: Value, y: Value, remainder: Value): Value {
  return round(div(sub(remainder, x), y));
}

const neighbourF64 = kernel("nextAfter", nextAfter);
const neighbourF32 = kernel("nextAfterF32", nextAfterF32);

function neighbourOf(dtype: DType): Kernel {
  return dtype === "f32" ? neighbourF32 : neighbourF64;
}

export const absOp = ofNumber({
  name: "abs",
  brief: true,
  summary: "The size of a number without its sign.",
  scalar: {
    compute: ([x], { dtype }) => (isFloat(dtype) ? Math.abs(x) : dtypes[dtype].round(Math.abs(x))),
    spell: ([x], { dtype }) => (isFloat(dtype) ? `Math.abs(${x})` : spellRound(`Math.abs(${x})`, dtype)),
    exact: true,
  },
  partials: ([x]) => [sign(x)],
  semantics: "|x|; the least i32 wraps to itself. The derivative at 0 is 0.",
  example: { dtype: "f64", run: "@main(-2) == 2" },
});

export const signOp = ofNumber({
  name: "sign",
  brief: true,
  summary: "-1, 0 or 1, as the number is negative, zero or positive.",
  scalar: fromMathExact("sign"),
  partials: steps,
  semantics: "-1 below 0, 1 above; ±0 and NaN are kept. The derivative is 0, at 0 too.",
  example: { dtype: "f64", run: "@main(-3) == -1" },
});

export const copysignOp = elementwise({
  name: "copysign",
  summary: "The size of one number with the sign of another.",
  operands: ["x", "y"],
  dtypes: "float",
  scalar: { ...fromKernel2(kernel("copysign", copysignOf)), exact: true },
  partials: ([x, y]) => [mul(sign(x), copysign(constantLike(1, y), y)), null],
  semantics:
    "|x| with the sign of y: -0 is negative, NaN positive. The derivative to x is 0 where x is 0, to y it is 0.",
  example: { dtype: "f64", run: "@main(2, -0) == -2" },
});

export const nextafterOp = elementwise({
  name: "nextafter",
  summary: "The neighbour of a number in the direction of another.",
  operands: ["x", "y"],
  dtypes: "float",
  scalar: {
    compute: ([x, y], { dtype }) => neighbourOf(dtype).compute(x, y),
    spell: ([x, y], { dtype, nameOf }) => `${nameOf(neighbourOf(dtype))}(${x}, ${y})`,
    exact: true,
  },
  partials: () => [1, null],
  semantics:
    "The next number of the dtype from x towards y; y where they are equal, NaN if either is. The derivative is 1 to x, 0 to y.",
  example: { dtype: "f32", run: "@main(0, 1) == 1.401298464324817e-45" },
});

export const floorOp = ofReal({
  name: "floor",
  brief: true,
  summary: "The nearest whole number that is not larger.",
  scalar: fromMathExact("floor"),
  partials: steps,
  semantics: "⌊x⌋; ±0 and ±∞ are kept.",
  example: { dtype: "f64", run: "@main(-1.5) == -2" },
});

export const ceilOp = ofReal({
  name: "ceil",
  brief: true,
  summary: "The nearest whole number that is not smaller.",
  scalar: fromMathExact("ceil"),
  partials: steps,
  semantics: "⌈x⌉; ±0 and ±∞ are kept, -0 between -1 and 0.",
  example: { dtype: "f64", run: "@main(1.2) == 2" },
});

export const roundOp = ofReal({
  name: "round",
  summary: "The nearest whole number, the even one of two.",
  scalar: { ...fromKernel(kernel("roundHalfEven", roundHalfEven)), exact: true },
  partials: steps,
  semantics: "x rounded to a whole number, ties to even; ±0, the sign of what becomes 0, and ±∞ are kept.",
  example: { dtype: "f64", run: "@main(2.5) == 2" },
});

export const truncOp = ofReal({
  name: "trunc",
  brief: true,
  summary: "The whole part of a number.",
  scalar: fromMathExact("trunc"),
  partials: steps,
  semantics: "x without its fraction; ±0, the sign of what becomes 0, and ±∞ are kept.",
  example: { dtype: "f64", run: "@main(-1.5) == -1" },
});

export const remOp = elementwise({
  name: "rem",
  brief: true,
  summary: "The remainder of a division that truncates.",
  operands: ["x", "y"],
  dtypes: "number",
  scalar: {
    compute: ([x, y], { dtype }) => (dtype !== "index" ? x % y : y === 0 ? 0 : (x % y) + 0),
    spell: ([x, y], { dtype }) => (dtype !== "index" ? `${x} % ${y}` : `${y} === 0 ? 0 : (${x} % ${y}) + 0`),
  },
  partials: ([x, y], result) => [1, quotientOf(x, y, result)],
  semantics:
    "x - y·trunc(x / y), exact, with the sign of x, as JavaScript's %; of floats NaN where x is infinite or y is 0, of integers 0 where y is 0. The derivative is 1 to x and -trunc(x / y) to y, at the jumps too.",
  example: { dtype: "f64", run: "@main(-7, 3) == -1" },
});

export const isFiniteOp = ofReal({
  name: "is_finite",
  summary: "Whether a number is neither infinite nor NaN.",
  result: "bool",
  scalar: { compute: ([x]) => Number(Number.isFinite(x)), spell: ([x]) => `Number.isFinite(${x})`, exact: true },
  partials: steps,
  semantics: "false at ±∞ and NaN, true elsewhere.",
  example: { dtype: "f64", run: "@main(inf) == false" },
});

export const isNanOp = ofReal({
  name: "is_nan",
  summary: "Whether a number is NaN.",
  result: "bool",
  scalar: { compute: ([x]) => Number(Number.isNaN(x)), spell: ([x]) => `Number.isNaN(${x})`, exact: true },
  partials: steps,
  semantics: "true at NaN, false elsewhere.",
  example: { dtype: "f64", run: "@main(nan) == true" },
});
