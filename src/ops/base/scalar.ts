// What rows of elementwise ops are made of: scalar functions by where they come from, and strict functions.

import type { Kernel, Op, ScalarMeaning, Value } from "../../ir/index.ts";
import { emit1 } from "./define.ts";
import { type ElementwiseRow, elementwise } from "./elementwise.ts";

export type Unary = (x: Value) => Value;
export type Binary = (x: Value, y: Value) => Value;

/**
 * The strict function of an op of one operand; the record may stand below it.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function unary(op: () => Op): Unary {
  return (x) => emit1(op(), [x]);
}

/**
 * The strict function of an op of two operands.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function binary(op: () => Op): Binary {
  return (x, y) => emit1(op(), [x, y]);
}

type Named<Arity extends unknown[]> = {
  readonly [Name in keyof Math]: Math[Name] extends (...args: infer Args) => number
    ? Args extends Arity
      ? Name
      : never
    : never;
}[Exclude<keyof Math, "random">];

/**
 * A function of Math: the interpreter and generated code call the same.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function fromMath(name: Named<[number]>): ScalarMeaning {
  const f = Math[name] as (x: number) => number;
  return { compute: ([x]) => f(x), spell: ([x]) => `Math.${name}(${x})`, double: f };
}

/**
 * A function of Math of two numbers.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function fromMath2(name: "atan2" | "hypot"): ScalarMeaning {
  const f: (x: number, y: number) => number = Math[name];
  return { compute: ([x, y]) => f(x, y), spell: ([x, y]) => `Math.${name}(${x}, ${y})`, double: f };
}

/**
 * A function of Math that gives a value of its operand's dtype.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function fromMathExact(name: Named<[number]>): ScalarMeaning {
  return { ...fromMath(name), exact: true };
}

/**
 * A kernel of one number.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function fromKernel(kernel: Kernel): ScalarMeaning {
  const f = kernel.compute;
  return { compute: ([x]) => f(x), spell: ([x], { nameOf }) => `${nameOf(kernel)}(${x})`, double: f };
}

/**
 * A kernel of two numbers.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function fromKernel2(kernel: Kernel): ScalarMeaning {
  const f = kernel.compute;
  return { compute: ([x, y]) => f(x, y), spell: ([x, y], { nameOf }) => `${nameOf(kernel)}(${x}, ${y})`, double: f };
}

/**
 * The record of a function of one real number.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function ofReal(row: Omit<ElementwiseRow, "operands" | "dtypes">): Op {
  return elementwise({ ...row, operands: ["x"], dtypes: "float" });
}
