// Making op records, and the shorthands their families share.

import { type EmitOptions, emit, Op, type OpDefinition, type Value } from "../ir/index.ts";

/** Makes an op record; the public way to add an op, and the project's own. */
export function defineOp(definition: OpDefinition): Op {
  return new Op(definition);
}

/** Appends an operation of one result to the current builder. */
export function emit1(op: Op, operands: readonly Value[], options?: EmitOptions): Value {
  return emit(op, operands, options)[0];
}
