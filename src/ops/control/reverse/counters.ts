// Which floats are integers that a float holds exactly, whatever runs: constants, extents, counters of loops, and sums
// and products of them. A counter need not be kept for each step: it follows from the number of the step.

import { Dense, elementDType, isScalar, loopOf, type Operation, type Value } from "../../../ir/index.ts";
import { constantOp } from "../../base/constant.ts";
import { castOp } from "../../base/elementwise.ts";
import { addOp, mulOp, subOp } from "../../scalar/arithmetic.ts";

/** The operation that a value is a result of, or an argument of a region of; null for arguments of the function. */
export type Definition = (value: Value) => Operation | null;

/** Beyond it, floats skip integers. */
const exact = 2 ** 53;
/** A loop counts its steps in 32 bits. */
const mostSteps = 2 ** 31;
/** How far definitions are followed. */
const farthest = 12;

/** What a carried value grows by at each step of a `while`, where it is an integer throughout; null where it may not be. */
export function counterStep(loop: Operation, k: number, of: Definition): number | null {
  const step = stepOf(loop, k, of);
  return step !== null && sizeOfCounter(loop, k, step, of, 0) !== null ? step : null;
}

function stepOf(operation: Operation, k: number, of: Definition): number | null {
  const loop = loopOf(operation);
  if (loop === null || loop.test === null) return null;
  const { body } = loop;
  const argument = body.arguments[k];
  if (elementDType(argument.type) !== "f64" || !isScalar(argument.type)) return null;
  const next = of(body.results[k]);
  if (next === null || (next.op !== addOp && next.op !== subOp)) return null;
  const [x, y] = next.operands;
  const by = x === argument ? constantOf(y, of) : next.op === addOp && y === argument ? constantOf(x, of) : null;
  if (by === null || !Number.isInteger(by)) return null;
  return next.op === subOp ? -by : by;
}

function sizeOfCounter(loop: Operation, k: number, step: number, of: Definition, depth: number): number | null {
  const start = sizeOf(loop.operands[k], of, depth + 1);
  return start === null ? null : within(start + Math.abs(step) * mostSteps);
}

/** At most how large the value is, if it is an integer; null where it may be none. */
function sizeOf(value: Value, of: Definition, depth: number): number | null {
  const operation = depth > farthest ? null : of(value);
  if (operation === null) return null;
  const { op, operands, results, regions } = operation;
  if (!results.includes(value) || op.loop !== null) {
    const k = [results, ...regions.map((r) => r.arguments)].map((vs) => vs.indexOf(value)).find((i) => i >= 0) ?? -1;
    if (op.loop === null || k < 0) return null;
    const step = stepOf(operation, k, of);
    return step === null ? null : sizeOfCounter(operation, k, step, of, depth);
  }
  const known = constantOf(value, of);
  if (known !== null) return Number.isInteger(known) && !Object.is(known, -0) ? within(Math.abs(known)) : null;
  if (op === castOp) return elementDType(operands[0].type) === "i32" ? mostSteps : null;
  if (op !== addOp && op !== subOp && op !== mulOp) return null;
  const [x, y] = operands.map((v) => sizeOf(v, of, depth + 1));
  if (x === null || y === null) return null;
  if (op !== mulOp) return within(x + y);
  // a negative number times 0 is no integer's zero
  const isPositive = operands.some((v) => (constantOf(v, of) ?? 0) > 0);
  return isPositive ? within(x * y) : null;
}

function within(size: number): number | null {
  return size <= exact ? size : null;
}

function constantOf(value: Value, of: Definition): number | null {
  const operation = of(value);
  if (operation?.op !== constantOp || !isScalar(value.type)) return null;
  const c = operation.attributes.value;
  return c instanceof Dense ? c.at(0) : Number(c);
}
