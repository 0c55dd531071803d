// Constants as passes see them: operations whose record says that their value is an attribute, and how to make one.

import {
  type Attribute,
  Dense,
  type DType,
  emit,
  fail,
  isFloat,
  type NdArray,
  type Op,
  type Operation,
  type OpTable,
  type TensorType,
  type Value,
} from "../ir/index.ts";

/** The value of a constant: a splat, or all elements. */
export type Literal = number | boolean | Dense;

function isLiteral(value: Attribute | undefined): value is Literal {
  return typeof value === "number" || typeof value === "boolean" || value instanceof Dense;
}

/** Whether the op's value is its attribute `value`. */
function isConstantOp(op: Op): boolean {
  return op.traits.constant && op.attributes.value?.kind === "constant";
}

/** The value of a constant operation; null for any other operation. */
export function literalOf(operation: Operation | undefined): Literal | null {
  if (operation === undefined || !isConstantOp(operation.op)) return null;
  const { value } = operation.attributes;
  return isLiteral(value) ? value : null;
}

/** Splats that were computed. */
const splats = new WeakMap<Dense, number | null>();

/** The splat of a constant: the number whose bits all elements have (true is 1); null where they differ. */
export function splatOf(literal: Literal | null): number | null {
  if (literal === null) return null;
  if (!(literal instanceof Dense)) return Number(literal);
  let splat = splats.get(literal);
  if (splat === undefined) splats.set(literal, (splat = commonElement(literal)));
  return splat;
}

function commonElement(dense: Dense): number | null {
  if (dense.size === 0) return null;
  const first = dense.at(0);
  for (let i = 1; i < dense.size; i++) if (!Object.is(dense.at(i), first)) return null;
  return first;
}

/** A number as the attribute of a constant of this dtype. */
export function literalFrom(value: number | boolean, dtype: DType): Literal {
  if (dtype === "bool") return Boolean(value);
  // index values are stored as f64, but have no -0
  return isFloat(dtype) ? Number(value) : Number(value) + 0;
}

/** The literal of an array: a splat where all elements have the same bits. */
export function literalFromArray(array: NdArray): Literal {
  const dense = new Dense(array);
  const splat = splatOf(dense);
  return splat === null ? dense : literalFrom(splat, array.dtype);
}

/** How many numbers a constant holds. */
export function sizeOfLiteral(literal: Literal): number {
  return literal instanceof Dense ? literal.size : 1;
}

/** The op that constants of a table are made with. */
export function constantOp(ops: OpTable): Op {
  for (const op of ops.values()) if (isConstantOp(op)) return op;
  return fail("option", "the op table has no constant op", { hint: "pass standardOps, or a table that contains them" });
}

/** Appends a constant to the current builder. */
export function emitConstant(op: Op, value: Literal, type: TensorType, name: string | null = null): Value {
  return emit(op, [], { attributes: { value }, types: [type], names: [name] })[0];
}
