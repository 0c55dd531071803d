// Operations that are instructions of the machine, on one number and on the lanes of a vector alike.

import type { FloatDType } from "../../ir/index.ts";
import type { Code } from "./code.ts";
import type { Mnemonic } from "./instructions.ts";

/** Writes an operation whose operands are in these locals; its result is on the stack. */
export type Write = (code: Code, operands: readonly number[]) => void;

/**
 * The operands one after another, then an instruction each.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function all(...names: readonly Mnemonic[]): Write {
  return (code, operands) => {
    for (const x of operands) code.add("local.get", x);
    for (const name of names) code.add(name);
  };
}

/** What an instruction of floats works on. */
type Floats = FloatDType | "f64x2" | "f32x4";

/**
 * The instructions of floats, by op, behind what they work on. The record rounds what it computes in f64, which has the bits of
 * arithmetic in f32.
 */
const ofFloats = {
  add: "add",
  sub: "sub",
  mul: "mul",
  div: "div",
  neg: "neg",
  abs: "abs",
  sqrt: "sqrt",
  floor: "floor",
  ceil: "ceil",
  trunc: "trunc",
  round: "nearest",
  maximum: "max",
  minimum: "min",
} as const;

/** An op on floats as one instruction; null where there is none. */
export function plainFloat(op: string, floats: Floats): Write | null {
  return isPlain(op) ? all(`${floats}.${ofFloats[op]}`) : null;
}

function isPlain(op: string): op is keyof typeof ofFloats {
  return Object.hasOwn(ofFloats, op);
}
