// Arithmetic and functions of real numbers, element by element: the rows one can see.

import { type DType, dtypes, isFloat, type Op, type ScalarMeaning, type Value } from "../ir/index.ts";
import { constantLike } from "./constant.ts";
import { emit1 } from "./define.ts";
import { compare, elementwise, notDifferentiable, select } from "./elementwise.ts";

type Unary = (x: Value) => Value;
type Binary = (x: Value, y: Value) => Value;

const unary =
  (op: () => Op): Unary =>
  (x) =>
    emit1(op(), [x]);
const binary =
  (op: () => Op): Binary =>
  (x, y) =>
    emit1(op(), [x, y]);

export const add = binary(() => arithmeticRecords.add);
export const sub = binary(() => arithmeticRecords.sub);
export const mul = binary(() => arithmeticRecords.mul);
export const div = binary(() => arithmeticRecords.div);
export const maximum = binary(() => arithmeticRecords.maximum);
export const minimum = binary(() => arithmeticRecords.minimum);
export const and = binary(() => arithmeticRecords.and);
export const or = binary(() => arithmeticRecords.or);
export const neg = unary(() => arithmeticRecords.neg);
export const sin = unary(() => arithmeticRecords.sin);
export const cos = unary(() => arithmeticRecords.cos);
export const exp = unary(() => arithmeticRecords.exp);

/** A function of Math: the interpreter and generated code call the same. */
function fromMath(name: "sin" | "cos" | "exp"): ScalarMeaning {
  return { compute: ([x]) => Math[name](x), spell: ([x]) => `Math.${name}(${x})` };
}

/** Of two operands, the derivative of picking `x` where `direction` holds: half each where they are equal. */
function picks(x: Value, y: Value, direction: "gt" | "lt"): Value {
  const half = select(compare(x, y, "eq"), constantLike(0.5, x), constantLike(0, x));
  return select(compare(x, y, direction), constantLike(1, x), half);
}

const isInt32 = (dtype: DType): boolean => dtypes[dtype].kind === "integer";

export const arithmeticRecords = {
  add: elementwise({
    name: "add",
    summary: "Adds.",
    operands: ["x", "y"],
    dtypes: "number",
    commutative: true,
    scalar: { compute: ([x, y]) => x + y, spell: ([x, y]) => `${x} + ${y}` },
    partials: () => [1, 1],
    semantics: "x + y. Integers wrap.",
    example: { dtype: "f64", run: "@main(1, 2) == 3" },
  }),
  sub: elementwise({
    name: "sub",
    summary: "Subtracts.",
    operands: ["x", "y"],
    dtypes: "number",
    scalar: { compute: ([x, y]) => x - y, spell: ([x, y]) => `${x} - ${y}` },
    partials: () => [1, -1],
    semantics: "x - y. Integers wrap.",
    example: { dtype: "f64", run: "@main(5, 2) == 3" },
  }),
  mul: elementwise({
    name: "mul",
    summary: "Multiplies.",
    operands: ["x", "y"],
    dtypes: "number",
    commutative: true,
    scalar: {
      compute: ([x, y], { dtype }) => (isInt32(dtype) ? Math.imul(x, y) : x * y),
      spell: ([x, y], { dtype }) => (isInt32(dtype) ? `Math.imul(${x}, ${y})` : `${x} * ${y}`),
    },
    partials: ([x, y]) => [y, x],
    semantics: "x · y. Integers wrap.",
    example: { dtype: "f64", run: "@main(15, 20) == 300" },
  }),
  div: elementwise({
    name: "div",
    summary: "Divides.",
    operands: ["x", "y"],
    dtypes: "number",
    scalar: {
      compute: ([x, y], { dtype }) => (dtype === "index" ? Math.trunc(x / y) : x / y),
      spell: ([x, y], { dtype }) => (dtype === "index" ? `Math.trunc(${x} / ${y})` : `${x} / ${y}`),
    },
    partials: ([x, y], result) => [div(constantLike(1, x), y), neg(div(result, y))],
    semantics: "x / y. Integer division truncates; by zero it gives 0, and the least i32 over -1 wraps to itself.",
    example: { dtype: "f64", run: "@main(1, 4) == 0.25" },
  }),
  neg: elementwise({
    name: "neg",
    summary: "Negates.",
    operands: ["x"],
    dtypes: "number",
    scalar: {
      compute: ([x], { dtype }) => (isFloat(dtype) ? -x : dtypes[dtype].round(0 - x)),
      spell: ([x], { dtype }) => (isFloat(dtype) ? `-${x}` : dtypes[dtype].spellRound(`0 - ${x}`)),
      exact: true,
    },
    partials: () => [-1],
    semantics: "-x: the sign bit of a float flips, zeros included; integers wrap.",
    example: { dtype: "f64", run: "@main(2) == -2" },
  }),
  maximum: elementwise({
    name: "maximum",
    summary: "The larger of two.",
    operands: ["x", "y"],
    dtypes: "number",
    commutative: true,
    scalar: { compute: ([x, y]) => Math.max(x, y), spell: ([x, y]) => `Math.max(${x}, ${y})`, exact: true },
    partials: ([x, y]) => [picks(x, y, "gt"), picks(y, x, "gt")],
    semantics:
      "The larger of x and y; NaN if either is NaN; -0 is less than +0. Equal operands share the derivative, half each.",
    example: { dtype: "f64", run: "@main(1, 2) == 2" },
  }),
  minimum: elementwise({
    name: "minimum",
    summary: "The smaller of two.",
    operands: ["x", "y"],
    dtypes: "number",
    commutative: true,
    scalar: { compute: ([x, y]) => Math.min(x, y), spell: ([x, y]) => `Math.min(${x}, ${y})`, exact: true },
    partials: ([x, y]) => [picks(x, y, "lt"), picks(y, x, "lt")],
    semantics:
      "The smaller of x and y; NaN if either is NaN; -0 is less than +0. Equal operands share the derivative, half each.",
    example: { dtype: "f64", run: "@main(1, 2) == 1" },
  }),
  sin: elementwise({
    name: "sin",
    summary: "Sine of an angle in radians.",
    operands: ["x"],
    dtypes: "float",
    scalar: fromMath("sin"),
    partials: ([x]) => [cos(x)],
    semantics: "sin x; NaN at ±∞.",
    example: { dtype: "f64", run: "@main(0) == 0" },
  }),
  cos: elementwise({
    name: "cos",
    summary: "Cosine of an angle in radians.",
    operands: ["x"],
    dtypes: "float",
    scalar: fromMath("cos"),
    partials: ([x]) => [neg(sin(x))],
    semantics: "cos x; NaN at ±∞.",
    example: { dtype: "f64", run: "@main(0) == 1" },
  }),
  exp: elementwise({
    name: "exp",
    summary: "e to the power x.",
    operands: ["x"],
    dtypes: "float",
    scalar: fromMath("exp"),
    partials: (_operands, result) => [result],
    semantics: "eˣ; 0 at -∞, ∞ at ∞.",
    example: { dtype: "f64", run: "@main(0) == 1" },
  }),
  and: elementwise({
    name: "and",
    summary: "Both: the logical and of bools, the bitwise and of integers.",
    operands: ["x", "y"],
    dtypes: "bits",
    commutative: true,
    scalar: {
      compute: ([x, y]) => x & y,
      spell: ([x, y], { dtype }) => (dtype === "bool" ? `${x} && ${y}` : `${x} & ${y}`),
    },
    partials: notDifferentiable,
    semantics: "true where both are true; of integers, the bits set in both.",
    example: { dtype: "bool", run: "@main(true, false) == false" },
  }),
  or: elementwise({
    name: "or",
    summary: "Either: the logical or of bools, the bitwise or of integers.",
    operands: ["x", "y"],
    dtypes: "bits",
    commutative: true,
    scalar: {
      compute: ([x, y]) => x | y,
      spell: ([x, y], { dtype }) => (dtype === "bool" ? `${x} || ${y}` : `${x} | ${y}`),
    },
    partials: notDifferentiable,
    semantics: "true where one is true; of integers, the bits set in either.",
    example: { dtype: "bool", run: "@main(true, false) == true" },
  }),
};
