// Counted loops.

import { boundBy, fail, type Operation, type Value } from "../../../ir/index.ts";
import type { forOp, OperationBy, scanOp } from "../../../ops/index.ts";
import type { Scope } from "../writing/text.ts";
import type { FunctionWriter } from "../writing/writer.ts";
import { assign, declareCarry, enter, leave } from "./carry.ts";

export function emitFor(w: FunctionWriter, operation: OperationBy<typeof forOp>, scope: Scope): void {
  const { attributes, regions } = operation;
  const [index, ...carry] = regions[0].arguments;
  declareCarry(w, carry, operation.operands.slice(operation.segments[0]), scope);
  const lower = w.dim(boundBy(attributes.lower, operation, "bounds"), scope);
  const upper = w.bound(boundBy(attributes.upper, operation, "bounds"), scope);
  countedLoop(w, { index, carry, lower, upper, step: attributes.step }, operation, scope);
}

/** A counted loop, with the text of its bounds. */
interface CountedLoop {
  readonly index: Value | null;
  readonly carry: readonly Value[];
  readonly lower: string;
  readonly upper: string;
  readonly step: number;
}

/** A scan without sequences is a loop of `length` iterations. Others are lowered to `for` before. */
export function emitScan(w: FunctionWriter, operation: OperationBy<typeof scanOp>, scope: Scope): void {
  const { attributes, regions, results, segments, operands, origin } = operation;
  if (segments[1] > 0 || results.length > segments[0]) {
    fail("no-eval", "scan over tensors has no code of its own: a pass has to lower it first", { origin });
  }
  const carry = regions[0].arguments;
  declareCarry(w, carry, operands, scope);
  const upper = w.bound(attributes.length, scope);
  countedLoop(w, { index: null, carry, lower: "0", upper, step: 1 }, operation, scope);
}

function countedLoop(w: FunctionWriter, loop: CountedLoop, operation: Operation, scope: Scope): void {
  const { index, carry, lower, upper, step } = loop;
  const [body] = operation.regions;
  const inner = scope.child();
  const i = index === null ? w.temporary("step") : w.define(index, inner, "i");
  enter(index === null ? carry : [index, ...carry], inner);
  w.block(body, inner);
  assign(w, carry, body.results, inner);
  const advance = step === 1 ? `${i}++` : `${i} += ${step}`;
  scope.lines.push(`for (let ${i} = ${lower}; ${i} < ${upper}; ${advance}) {`, inner.lines, "}");
  leave(carry, scope);
}
