// Arithmetic and functions of real numbers, element by element: the rows one can see.

import { type Derivative, dtypes, isFloat, isInteger, type Op, type ScalarMeaning, type Value } from "../ir/index.ts";
import { constantLike } from "./constant.ts";
import { emit1 } from "./define.ts";
import { compare, type Direction, elementwise, notDifferentiable, select } from "./elementwise.ts";

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

/**
 * The derivative of taking the larger or smaller of two: equal operands share it, half each. The mask stays outside the
 * product, so an operand that was not taken gets 0 whatever the cotangent is.
 */
function takes(better: "ge" | "le"): Derivative {
  const directions: readonly Direction[] = [better, better === "ge" ? "le" : "ge"];
  const share = (x: Value, y: Value, value: Value): Value =>
    mul(value, select(compare(x, y, "eq"), constantLike(0.5, x), constantLike(1, x)));
  return {
    kind: "rule",
    vjp({ operands: [x, y], cotangent, wanted }) {
      const value = share(x, y, cotangent);
      return directions.map((d, i) => (wanted[i] ? { mask: compare(x, y, d), value } : null));
    },
    jvp({ operands: [x, y], tangents }) {
      const parts = directions.flatMap((d, i) => {
        const tangent = tangents[i];
        return tangent === null ? [] : [select(compare(x, y, d), share(x, y, tangent), constantLike(0, x))];
      });
      return parts.length === 0 ? null : parts.reduce(add);
    },
  };
}

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
      compute: ([x, y], { dtype }) => (isInteger(dtype) ? Math.imul(x, y) : dtype === "index" ? x * y + 0 : x * y),
      spell: ([x, y], { dtype }) =>
        isInteger(dtype) ? `Math.imul(${x}, ${y})` : dtype === "index" ? `${x} * ${y} + 0` : `${x} * ${y}`,
    },
    partials: ([x, y]) => [y, x],
    semantics: "x · y. Integers wrap; an index has no -0.",
    example: { dtype: "f64", run: "@main(15, 20) == 300" },
  }),
  div: elementwise({
    name: "div",
    summary: "Divides.",
    operands: ["x", "y"],
    dtypes: "number",
    scalar: {
      compute: ([x, y], { dtype }) => (dtype !== "index" ? x / y : y === 0 ? 0 : Math.trunc(x / y) + 0),
      spell: ([x, y], { dtype }) =>
        dtype !== "index" ? `${x} / ${y}` : `${y} === 0 ? 0 : Math.trunc(${x} / ${y}) + 0`,
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
    partials: takes("ge"),
    semantics:
      "The larger of x and y; NaN if either is NaN; -0 is less than +0. Equal operands share the derivative, half each; beside a NaN it is 0.",
    example: { dtype: "f64", run: "@main(1, 2) == 2" },
  }),
  minimum: elementwise({
    name: "minimum",
    summary: "The smaller of two.",
    operands: ["x", "y"],
    dtypes: "number",
    commutative: true,
    scalar: { compute: ([x, y]) => Math.min(x, y), spell: ([x, y]) => `Math.min(${x}, ${y})`, exact: true },
    partials: takes("le"),
    semantics:
      "The smaller of x and y; NaN if either is NaN; -0 is less than +0. Equal operands share the derivative, half each; beside a NaN it is 0.",
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
