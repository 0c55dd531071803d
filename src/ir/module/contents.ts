// What a block and its regions are made of: most passes first ask whether there is anything for them to do. Blocks never
// change, so that each is read once for all who ask.

import type { Op } from "../op/op.ts";
import type { Block, Module } from "./module.ts";
import { reusesOf } from "./reuse.ts";
import { calleeOf } from "./walk.ts";

/** What is known of a block and its regions. */
interface Contents {
  readonly ops: ReadonlySet<Op>;
  /** How often each function is called, in order of first call. */
  readonly calls: ReadonlyMap<string, number>;
  readonly size: number;
  /** Whether an operation reuses the memory of an operand. */
  readonly holdsReuses: boolean;
}

const known = new WeakMap<Block, Contents>();

function contentsOf(block: Block): Contents {
  let contents = known.get(block);
  if (contents === undefined) known.set(block, (contents = contentsIn(block)));
  return contents;
}

function contentsIn({ operations }: Block): Contents {
  const ops = new Set<Op>();
  const calls = new Map<string, number>();
  const addCalls = (name: string, count: number): void => void calls.set(name, (calls.get(name) ?? 0) + count);
  let size = operations.length;
  let holdsReuses = false;
  let last: Op | null = null;
  for (const operation of operations) {
    const { op, regions } = operation;
    if (op !== last) ops.add(op);
    last = op;
    const name = calleeOf(operation);
    if (name !== null) addCalls(name, 1);
    holdsReuses ||= reusesOf(operation).length > 0;
    for (const region of regions) {
      const inside = contentsOf(region);
      for (const held of inside.ops) ops.add(held);
      for (const [callee, count] of inside.calls) addCalls(callee, count);
      size += inside.size;
      holdsReuses ||= inside.holdsReuses;
    }
  }
  return { ops, calls, size, holdsReuses };
}

/** The ops of a block and of its regions. */
export function opsIn(block: Block): ReadonlySet<Op> {
  return contentsOf(block).ops;
}

/** Whether an operation of a block, or of its regions, is of an op that passes the test. */
export function holdsOp(block: Block, test: (op: Op) => boolean): boolean {
  for (const op of contentsOf(block).ops) if (test(op)) return true;
  return false;
}

/** How often a block calls each function, in order of first call. */
export function callsIn(block: Block): ReadonlyMap<string, number> {
  return contentsOf(block).calls;
}

/** Whether results of operations stand in the memory of operands. */
export function holdsReuses({ funcs }: Module): boolean {
  return funcs.some(({ body }) => contentsOf(body).holdsReuses);
}

/** How many operations a block has, those of its regions among them. */
export function operationsIn(block: Block): number {
  return contentsOf(block).size;
}

export function countOperations({ funcs }: Module): number {
  return funcs.reduce((n, { body }) => n + operationsIn(body), 0);
}
