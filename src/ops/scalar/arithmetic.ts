// Arithmetic and order of numbers, element by element: the rows one can see.

import { type Derivative, dtypes, isFloat, isInteger, type Value } from "../../ir/index.ts";
import { constantLike } from "../base/constant.ts";
import { emit1 } from "../base/define.ts";
import { compare, type Direction, elementwise } from "../base/elementwise.ts";
import { binary, unary } from "../base/scalar.ts";
import { select } from "../base/select.ts";
import { spellRound } from "../base/spelling.ts";
import { and, or } from "./bits.ts";

export const add = binary(() => addOp);
export const sub = binary(() => subOp);
export const mul = binary(() => mulOp);
export const div = binary(() => divOp);
export const maximum = binary(() => maximumOp);
export const minimum = binary(() => minimumOp);
export const neg = unary(() => negOp);

/** `x` kept between `low` and `high`. */
export function clamp(low: Value, x: Value, high: Value): Value {
  return emit1(clampOp, [low, x, high]);
}

/**
 * The derivative of taking the larger or smaller of two: equal operands share it, half each. The select stays outside the
 * product, so an operand that was not taken gets 0 whatever the cotangent is.
 *
 * @__NO_SIDE_EFFECTS__
 */
function takes(better: "ge" | "le"): Derivative {
  const directions: readonly Direction[] = [better, better === "ge" ? "le" : "ge"];
  const share = (x: Value, y: Value, value: Value): Value =>
    mul(value, select(compare(x, y, "eq"), constantLike(0.5, x), constantLike(1, x)));
  return {
    kind: "rule",
    vjp({ operands: [x, y], cotangent, wanted }) {
      const value = share(x, y, cotangent);
      return directions.map((d, i) => (wanted[i] ? select(compare(x, y, d), value, constantLike(0, x)) : null));
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

/**
 * The derivative of keeping a number within bounds: a bound has it where it is the result and differs from x. Beside a
 * NaN no comparison holds.
 */
const keeps: Derivative = {
  kind: "rule",
  vjp({ operands: [low, x, high], cotangent, wanted }) {
    const masks = [() => tookLow(low, x, high), () => tookInner(low, x, high), () => tookHigh(low, x, high)];
    return masks.map((mask, i) => (wanted[i] ? select(mask(), cotangent, constantLike(0, x)) : null));
  },
  jvp({ operands: [low, x, high], tangents }) {
    const masks = [() => tookLow(low, x, high), () => tookInner(low, x, high), () => tookHigh(low, x, high)];
    const parts = masks.flatMap((mask, i) => {
      const tangent = tangents[i];
      return tangent === null ? [] : [select(mask(), tangent, constantLike(0, x))];
    });
    return parts.length === 0 ? null : parts.reduce(add);
  },
};

function tookLow(low: Value, x: Value, high: Value): Value {
  return and(compare(x, low, "lt"), compare(low, high, "le"));
}

function tookInner(low: Value, x: Value, high: Value): Value {
  return and(compare(low, x, "le"), compare(x, high, "le"));
}

/** Also where the bounds are crossed: the upper one wins. */
function tookHigh(low: Value, x: Value, high: Value): Value {
  const isAbove = and(compare(low, x, "le"), compare(high, x, "lt"));
  return or(isAbove, and(compare(x, low, "lt"), compare(high, low, "lt")));
}

/**
 * The derivative of the sum of the operands, each times a number.
 *
 * @__NO_SIDE_EFFECTS__
 */
function sumOf(...coefficients: readonly number[]): Derivative {
  return { kind: "elementwise", partials: () => coefficients, coefficients };
}

export const addOp = elementwise({
  name: "add",
  cheap: true,
  summary: "Adds.",
  operands: ["x", "y"],
  dtypes: "number",
  commutative: true,
  scalar: { compute: ([x, y]) => x + y, spell: ([x, y]) => `${x} + ${y}` },
  partials: sumOf(1, 1),
  semantics: "x + y. Integers wrap.",
  example: { dtype: "f64", run: "@main(1, 2) == 3" },
});

export const subOp = elementwise({
  name: "sub",
  cheap: true,
  summary: "Subtracts.",
  operands: ["x", "y"],
  dtypes: "number",
  scalar: { compute: ([x, y]) => x - y, spell: ([x, y]) => `${x} - ${y}` },
  partials: sumOf(1, -1),
  semantics: "x - y. Integers wrap.",
  example: { dtype: "f64", run: "@main(5, 2) == 3" },
});

export const mulOp = elementwise({
  name: "mul",
  cheap: true,
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
});

/** From r · y = x: (dx - r · dy) / y, which repeats for higher orders. */
function quotientTangent([, y]: readonly Value[], result: Value, [dx, dy]: readonly (Value | null)[]): Value | null {
  if (dy === null) return dx === null ? null : div(dx, y);
  const change = mul(result, dy);
  return dx === null ? neg(div(change, y)) : div(sub(dx, change), y);
}

export const divOp = elementwise({
  name: "div",
  brief: true,
  summary: "Divides.",
  operands: ["x", "y"],
  dtypes: "number",
  scalar: {
    compute: ([x, y], { dtype }) => (dtype !== "index" ? x / y : y === 0 ? 0 : Math.trunc(x / y) + 0),
    spell: ([x, y], { dtype }) => (dtype !== "index" ? `${x} / ${y}` : `${y} === 0 ? 0 : Math.trunc(${x} / ${y}) + 0`),
  },
  partials: ([x, y], result) => [div(constantLike(1, x), y), neg(div(result, y))],
  tangent: quotientTangent,
  semantics: "x / y. Integer division truncates; by zero it gives 0, and the least i32 over -1 wraps to itself.",
  example: { dtype: "f64", run: "@main(1, 4) == 0.25" },
});

export const negOp = elementwise({
  name: "neg",
  cheap: true,
  summary: "Negates.",
  operands: ["x"],
  dtypes: "number",
  scalar: {
    compute: ([x], { dtype }) => (isFloat(dtype) ? -x : dtypes[dtype].round(0 - x)),
    spell: ([x], { dtype }) => (isFloat(dtype) ? `-${x}` : spellRound(`0 - ${x}`, dtype)),
    exact: true,
  },
  partials: sumOf(-1),
  semantics: "-x: the sign bit of a float flips, zeros included; integers wrap.",
  example: { dtype: "f64", run: "@main(2) == -2" },
});

export const maximumOp = elementwise({
  name: "maximum",
  cheap: true,
  summary: "The larger of two.",
  operands: ["x", "y"],
  dtypes: "number",
  commutative: true,
  scalar: { compute: ([x, y]) => Math.max(x, y), spell: ([x, y]) => `Math.max(${x}, ${y})`, exact: true },
  partials: takes("ge"),
  semantics:
    "The larger of x and y; NaN if either is NaN; -0 is less than +0. Equal operands share the derivative, half each; beside a NaN it is 0.",
  example: { dtype: "f64", run: "@main(1, 2) == 2" },
});

export const minimumOp = elementwise({
  name: "minimum",
  cheap: true,
  summary: "The smaller of two.",
  operands: ["x", "y"],
  dtypes: "number",
  commutative: true,
  scalar: { compute: ([x, y]) => Math.min(x, y), spell: ([x, y]) => `Math.min(${x}, ${y})`, exact: true },
  partials: takes("le"),
  semantics:
    "The smaller of x and y; NaN if either is NaN; -0 is less than +0. Equal operands share the derivative, half each; beside a NaN it is 0.",
  example: { dtype: "f64", run: "@main(1, 2) == 1" },
});

export const clampOp = elementwise({
  name: "clamp",
  summary: "Keeps a number between two bounds.",
  operands: ["low", "x", "high"],
  dtypes: "number",
  scalar: {
    compute: ([low, x, high]) => Math.min(Math.max(x, low), high),
    spell: ([low, x, high]) => `Math.min(Math.max(${x}, ${low}), ${high})`,
    exact: true,
  },
  partials: keeps,
  semantics:
    "minimum(maximum(x, low), high): high where the bounds are crossed, NaN if one is NaN. At a bound the derivative is that of x; beside a NaN it is 0.",
  example: { dtype: "f64", run: "@main(0, 7, 5) == 5" },
});
