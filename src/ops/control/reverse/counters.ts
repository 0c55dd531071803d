// Induction variables and trip counts of `while` loops, which reverse mode then neither records nor counts.
//
// An induction variable follows from the number of the iteration, provided that all sums it stands for are exact: an
// f64 holds integers up to 2^53 exactly. A range analysis proves that, from constants, casts of i32, other induction
// variables, and their sums and products. Where the loop compares an induction variable with an invariant bound, the
// trip count follows from both.

import {
  type Block,
  Dense,
  elementDType,
  isScalar,
  loopOf,
  type Operation,
  type ReverseContext,
  scalar,
  type Value,
} from "../../../ir/index.ts";
import { constant, constantLike, constantOp } from "../../base/constant.ts";
import { cast, castOp, compare, compareOp, type Direction, directionOf } from "../../base/elementwise.ts";
import { select } from "../../base/select.ts";
import { add, addOp, div, mulOp, sub, subOp } from "../../scalar/arithmetic.ts";
import { ceil, floor } from "../../scalar/rounding.ts";

/** The operation that a value is a result of, or an argument of a region of; null for arguments of the function. */
export type Definition = (value: Value) => Operation | null;

/** Beyond 2^53, not every integer is an f64. */
const exact = 2 ** 53;
/** The most iterations of a loop: reverse mode counts them in an i32. */
const mostSteps = 2 ** 31;
/** The range analysis follows chains of definitions up to this length. */
const farthest = 12;

/**
 * The integer that carried value `k` of a `while` grows by at each iteration; null where it is no induction variable,
 * or is an f64 that is not proved to be an exact integer at all times.
 */
export function counterStep(loop: Operation, k: number, of: Definition): number | null {
  const step = stepOf(loop, k, of);
  // i32 needs no proof: sums wrap modulo 2^32, and so does the product that replaces them
  const isExact = step === null || elementDType(loop.operands[k].type) === "i32";
  return isExact || sizeOfCounter(loop, k, step, of, 0) !== null ? step : null;
}

function stepOf(operation: Operation, k: number, of: Definition): number | null {
  const loop = loopOf(operation);
  if (loop === null || loop.test === null) return null;
  const { body } = loop;
  const argument = body.arguments[k];
  const dtype = elementDType(argument.type);
  if ((dtype !== "f64" && dtype !== "i32") || !isScalar(argument.type)) return null;
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

/** An upper bound of the magnitude of a value that is an exact integer; null where it is not proved to be one. */
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
  // a negative number times 0 is -0, which is not among the integers here: one factor has to be a positive constant
  const isPositive = operands.some((v) => (constantOf(v, of) ?? 0) > 0);
  return isPositive ? within(x * y) : null;
}

/** With larger steps, the rounded quotient of two integers might be an integer where the exact quotient is none. */
const longestStep = 2 ** 20;

/**
 * The trip count of a `while` whose condition compares an induction variable with a loop invariant; null where the loop
 * has to count its iterations. `by` gives for each carried value what it grows by, or null where it is no induction
 * variable.
 */
export function tripCount(cx: ReverseContext, by: readonly (number | null)[]): Value | null {
  const [cond] = cx.operation.regions;
  const test = cond.operations.find(({ results }) => results.includes(cond.results[0]));
  if (test?.op !== compareOp) return null;
  const at = test.operands.findIndex((v) => by[cond.arguments.indexOf(v)] != null);
  if (at < 0) return null;
  const k = cond.arguments.indexOf(test.operands[at]);
  const bound = boundOf(cx, cond, test.operands[1 - at]);
  const direction = directionOf(test);
  const isWhole =
    elementDType(cx.operands[k].type) === "i32" || sizeOf(test.operands[1 - at], cx.definition, 0) !== null;
  return (
    bound && stepsTo(cx.operands[k], { bound, isWhole }, at === 0 ? direction : swapped[direction], by[k] as number)
  );
}

const swapped: Readonly<Record<Direction, Direction>> = { eq: "eq", ne: "ne", lt: "gt", le: "ge", gt: "lt", ge: "le" };

/** The loop invariant that a condition compares with, as a value in front of the loop; null where it is none. */
function boundOf(cx: ReverseContext, cond: Block, bound: Value): Value | null {
  if (cond.arguments.includes(bound)) return null;
  const isInside = cond.operations.some(({ results }) => results.includes(bound));
  const known = isInside ? constantOf(bound, cx.definition) : null;
  if (!isInside) return cx.lookup(bound);
  return known === null ? null : constantLike(known, bound);
}

interface Bound {
  readonly bound: Value;
  readonly isWhole: boolean;
}

/**
 * How often `by` is added to `start` while `direction` holds between the sum and the bound; null where the loop is not
 * known to end, or the formula is not known to be exact. A bound that may be no integer is rounded to the one that
 * decides.
 */
function stepsTo(start: Value, { bound, isWhole }: Bound, direction: Direction, by: number): Value | null {
  const isUp = direction === "lt" || direction === "le";
  if (by === 0 || isUp !== by > 0 || direction === "eq" || direction === "ne") return null;
  const isFloat = elementDType(start.type) === "f64";
  if (Math.abs(by) > (isFloat ? longestStep : 1)) return null;
  const one = constantLike(1, bound);
  const inner = isWhole ? bound : direction === "lt" || direction === "ge" ? ceil(bound) : floor(bound);
  const end = direction === "le" ? add(inner, one) : direction === "ge" ? sub(inner, one) : inner;
  const way = isUp ? sub(end, start) : sub(start, end);
  const steps = Math.abs(by) === 1 ? way : ceil(div(way, constantLike(Math.abs(by), way)));
  const count = isFloat ? cast(steps, "i32") : steps;
  return select(compare(start, bound, direction), count, constant(0, scalar("i32")));
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
