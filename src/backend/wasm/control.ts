// Loops and branches.

import { type Block, fail, type Operation, type Value } from "../../ir/index.ts";
import type { forOp, OperationBy, parallelOp, scanOp } from "../../ops/index.ts";
import { type Emitter, type FunctionWriter, row } from "./writer.ts";

/** A loop over `at`, an i64, from what it holds to `upper`. */
export function counted(w: FunctionWriter, at: number, upper: number, step: number, body: () => void): void {
  const { code } = w;
  code.add("block");
  code.add("local.get", at);
  code.add("local.get", upper);
  code.add("i64.ge_s");
  code.add("br_if", 0);
  code.add("loop");
  body();
  code.add("local.get", at);
  code.add("i64.const", step);
  code.add("i64.add");
  code.add("local.tee", at);
  code.add("local.get", upper);
  code.add("i64.lt_s");
  code.add("br_if", 0);
  code.add("end");
  code.add("end");
}

function emitFor(w: FunctionWriter, operation: OperationBy<typeof forOp>): void {
  const { attributes, regions, results, segments, operands } = operation;
  const [body] = regions;
  const [index, ...carry] = body.arguments;
  const inside = w.code.depth + 1;
  const lower = w.bounded(attributes.lower, operation, "bounds");
  const upper = w.bound(w.bounded(attributes.upper, operation, "bounds"));
  const [at] = w.define(index, inside);
  if (w.isNaturalDim(lower)) w.isNatural(index);
  w.dim(lower);
  w.code.add("local.set", at);
  w.isCounter(index, attributes.step);
  repeated(w, body, carry, operands.slice(segments[0]), (step) =>
    counted(w, at, upper, attributes.step, () => {
      step();
      w.advance(index);
    }),
  );
  for (const [k, r] of results.entries()) w.hold(r, w.locals(carry[k]));
}

/** A loop that carries values: `write` writes it around one step. */
function repeated(
  w: FunctionWriter,
  body: Block,
  carry: readonly Value[],
  inits: readonly Value[],
  write: (step: () => void) => void,
): void {
  w.push(inits);
  for (const v of carry) w.define(v, w.code.depth + 1);
  w.take(carry);
  w.scope(() =>
    write(() => {
      w.framed(body, () => w.block(body));
      w.push(body.results);
      w.take(carry);
    }),
  );
}

/** A scan without sequences is a loop of `length` iterations. Others are lowered to `for` before. */
function emitScan(w: FunctionWriter, operation: OperationBy<typeof scanOp>): void {
  const {
    attributes,
    regions: [body],
    results,
    segments,
    operands,
    origin,
  } = operation;
  if (segments[1] > 0 || results.length > segments[0])
    fail("no-eval", "scan over tensors has no code of its own: a pass has to lower it first", { origin });
  const carry = body.arguments;
  const at = w.code.local("i64");
  const upper = w.bound(attributes.length);
  w.code.add("i64.const", 0);
  w.code.add("local.set", at);
  repeated(w, body, carry, operands, (step) => counted(w, at, upper, 1, step));
  for (const [k, r] of results.entries()) w.hold(r, w.locals(carry[k]));
}

function emitWhile(w: FunctionWriter, operation: Operation): void {
  const { regions, operands, results } = operation;
  const [test, body] = regions;
  const { code } = w;
  const step = w.module.counters.isCounted(operation) ? code.local("i64") : null;
  if (step !== null) {
    code.add("i64.const", 0);
    code.add("local.set", step);
    w.steps.push(step);
  }
  const carry = body.arguments;
  repeated(w, body, carry, operands, (iteration) => {
    for (const [k, v] of test.arguments.entries()) w.hold(v, w.locals(carry[k]));
    code.add("block");
    code.add("loop");
    w.block(test);
    w.push(test.results);
    code.add("i32.eqz");
    code.add("br_if", 1);
    iteration();
    if (step !== null) {
      code.add("local.get", step);
      code.add("i64.const", 1);
      code.add("i64.add");
      code.add("local.set", step);
    }
    code.add("br", 0);
    code.add("end");
    code.add("end");
  });
  if (step !== null) w.steps.pop();
  for (const [k, r] of results.entries()) w.hold(r, w.locals(carry[k]));
}

/** Each branch is a scope inside of that of the whole: what one computes the other has not. */
function emitIf(w: FunctionWriter, { operands: [test], regions, results }: Operation): void {
  for (const r of results) w.define(r);
  w.scope(() => {
    w.push([test]);
    w.code.add("if");
    for (const [i, region] of regions.entries()) {
      if (i > 0) w.code.add("else");
      w.scope(() => {
        w.block(region);
        w.push(region.results);
        w.take(results);
      });
    }
    w.code.add("end");
  });
}

export const controlEmitters: readonly (readonly [string, Emitter])[] = [
  row<typeof forOp>("for", emitFor),
  row<typeof parallelOp>("parallel", emitFor),
  row<typeof scanOp>("scan", emitScan),
  ["while", emitWhile],
  ["if", emitIf],
];
