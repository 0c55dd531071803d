// The project's own records that a program has: those of which something that it uses is made. Whoever asks for one by its
// name does not bring it into a bundle, as naming the record itself would: a pass that looks for `while` finds none where
// nothing can make one.

import {
  type AttributeSpecs,
  type Attributes,
  type AttributesOf,
  makeOp,
  type NoAttributes,
  type Op,
  type OpDefinition,
  type Operation,
} from "../../ir/index.ts";

const present = new Map<string, Op>();

/**
 * As defineOp, for the project's own ops, which tests check.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function defineOwn<const S extends AttributeSpecs = NoAttributes>(
  definition: OpDefinition<S>,
): Op<AttributesOf<S>> {
  const op = makeOp(definition);
  present.set(op.name, op as Op);
  return op;
}

/** The project's own op of this mnemonic; undefined where the program has none. */
export function ownOp(name: string): Op | undefined {
  return present.get(name);
}

/** The project's own op of this mnemonic, which whatever makes work for it has brought. */
export function requireOwn(name: string): Op {
  const op = present.get(name);
  if (op === undefined) throw new Error(`internal invariant broken: nothing brought ${name}`);
  return op;
}

/** Keeps ops in the program that are asked for by name. */
export function bringOps(...ops: readonly Op[]): void {
  for (const op of ops) present.set(op.name, op);
}

/** Whether it is the project's own op of this mnemonic. */
export function isOwn(op: Op, name: string): boolean {
  return op.name === name && present.get(name) === op;
}

/** The operations of a record, by its type. */
export type OperationBy<O> = O extends Op<infer A> ? Operation<A> : never;

/** Whether an operation is one of the project's own op of this mnemonic, whose attributes are `A`. */
export function isNamed<A extends Attributes>(name: string, operation: Operation): operation is Operation<A> {
  return isOwn(operation.op, name);
}
