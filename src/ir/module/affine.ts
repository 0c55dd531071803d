// Bounds and subscripts: dimension expressions over an operation's own operands. The operation holds them over `%n`
// (operand n of a group); while built they are over `%id` symbols that carry the Value; in text they are over names.

import type { Op } from "../op/op.ts";
import { collectValues, type Dim, substituteDim, symbol } from "../types/dim.ts";
import { Value } from "./module.ts";

/** The dimension that stands for an index value in bounds and subscripts. */
export function indexDim(value: Value): Dim {
  return symbol(`%${value.id}`, value);
}

/** Expressions over index values as an operation holds them: `%0`, `%1`, … and the operands these stand for. */
export function affineOperands(dims: readonly Dim[]): {
  readonly dims: readonly Dim[];
  readonly operands: readonly Value[];
} {
  const values = new Map<string, unknown>();
  for (const d of dims) collectValues(d, values);
  if (values.size === 0) return { dims, operands: [] };
  const positions = new Map([...values.keys()].map((name, i) => [name, symbol(`%${i}`)]));
  return {
    dims: dims.map((d) => substituteDim(d, (name) => positions.get(name))),
    operands: [...values.values()].filter((v) => v instanceof Value),
  };
}

/** `d`, whose `%n` symbols are these operands, with each replaced; one out of range stays. */
export function bindOperands(d: Dim, operands: readonly Value[], replace: (operand: Value) => Dim): Dim {
  return substituteDim(d, (name) => {
    const operand = operandOf(name, operands);
    return operand === undefined ? undefined : replace(operand);
  });
}

/** The operand that a symbol `%n` stands for; undefined for other symbols, and out of range. */
export function operandOf(name: string, operands: readonly Value[]): Value | undefined {
  return /^%[0-9]+$/.test(name) ? operands[Number(name.slice(1))] : undefined;
}

/** The attributes whose dimensions are over the operands of a group, as the op's assembly says. */
export function affineAttributes(op: Op): ReadonlyMap<string, string> {
  let known = affine.get(op);
  if (known === undefined) {
    const map = new Map<string, string>();
    for (const item of op.assembly) {
      if (item.kind === "affine") map.set("value", item.group);
      if (item.kind === "subscript") map.set("at", item.group);
      if (item.kind === "range") map.set("lower", item.group).set("upper", item.group);
    }
    affine.set(op, (known = map));
  }
  return known;
}

const affine = new WeakMap<Op, ReadonlyMap<string, string>>();
