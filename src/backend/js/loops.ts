// Counted loops. A long one runs in ranges, each a call of an outlined function.

import {
  addDims,
  asAtom,
  type Block,
  boundBy,
  type Dim,
  fail,
  indicesOf,
  isScalar,
  type Operation,
  type Value,
} from "../../ir/index.ts";
import { elementsWritten, forOp } from "../../ops/index.ts";
import { assign, declareCarry, enter, leave } from "./carry.ts";
import type { Scope } from "./text.ts";
import { type FunctionWriter, isBoolean } from "./writer.ts";

export function emitFor(w: FunctionWriter, operation: Operation, scope: Scope): void {
  const { attributes, regions } = operation;
  const [index, ...carry] = regions[0].arguments;
  declareCarry(w, carry, operation.operands.slice(operation.segments[0]), scope);
  const lower = w.dim(boundBy(attributes.lower as Dim, operation, "bounds"), scope);
  const upper = w.bound(boundBy(attributes.upper as Dim, operation, "bounds"), scope);
  countedLoop(w, { index, carry, lower, upper, step: attributes.step as number }, operation, scope);
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
export function emitScan(w: FunctionWriter, operation: Operation, scope: Scope): void {
  const { attributes, regions, results, segments, operands, origin } = operation;
  if (segments[1] > 0 || results.length > segments[0]) {
    fail("no-eval", "scan over tensors has no code of its own: a pass has to lower it first", { origin });
  }
  const carry = regions[0].arguments;
  declareCarry(w, carry, operands, scope);
  const upper = w.bound(attributes.length as Dim, scope);
  countedLoop(w, { index: null, carry, lower: "0", upper, step: 1 }, operation, scope);
}

/**
 * The number of iterations in one call of an outlined function. V8 keeps a long loop that is entered once in code from
 * on-stack replacement, which is slower (measured: 3 ms instead of 2 for a million elements, and 12 ns an element instead of
 * 0.9 at worst); a function that is called again is optimised as a whole.
 */
const chunk = 4096;

/** Loops of up to this many iterations are not outlined. */
const short = 256;

/**
 * If inner loops have this many iterations or more, a call runs one iteration (4 of them took 1.07 times as long in Node
 * 24).
 */
const long = 512;

function countedLoop(w: FunctionWriter, loop: CountedLoop, operation: Operation, scope: Scope): void {
  const { carry, lower, upper } = loop;
  const range = rangePerCall(w, loop, operation, scope);
  if (range === null) {
    writeLoop(w, loop, operation, scope);
  } else {
    const tuple = carryInTuple(w, carry, scope);
    const call = w.loopFunction(
      scope,
      (inner) => {
        if (tuple === null) for (const v of carry) w.pass(v, inner);
        else
          for (const [k, v] of carry.entries()) inner.lines.push(`let ${w.define(v, inner, "carry")} = $tuple[${k}];`);
        writeLoop(w, { ...loop, lower: "$from", upper: "$to" }, operation, inner);
        if (tuple === null) returnCarried(w, carry, inner);
        else for (const [k, v] of carry.entries()) inner.lines.push(`$tuple[${k}] = ${w.atom(v, inner)};`);
      },
      tuple === null ? [] : [["$tuple", tuple]],
    );
    const text = call("$at", `Math.min($at + ${range}, ${upper})`);
    scope.lines.push(
      `for (let $at = ${lower}; $at < ${upper}; $at += ${range}) {`,
      tuple === null ? receiveRange(w, carry, text, scope) : [`${text};`],
      "}",
    );
    if (tuple !== null) for (const [k, v] of carry.entries()) scope.lines.push(`${w.atom(v, scope)} = ${tuple}[${k}];`);
  }
  leave(w, carry, scope);
}

/**
 * Several carried numbers are passed to the calls of an outlined loop, and back, in one typed array: as parameters and an
 * array of results each would be boxed (measured: 1.14 times as long for a sum of a million). Null for one value, and for
 * memory.
 */
function carryInTuple(w: FunctionWriter, carry: readonly Value[], scope: Scope): string | null {
  if (carry.length < 2 || !carry.every((v) => isScalar(v.type) && !isBoolean(v.type))) return null;
  const tuple = w.temporary("tuple");
  scope.lines.push(`const ${tuple} = new Float64Array(${carry.length});`);
  for (const [k, v] of carry.entries()) scope.lines.push(`${tuple}[${k}] = ${w.atom(v, scope)};`);
  return tuple;
}

/** Returns the carried values from an outlined loop that has no tuple for them. */
function returnCarried(w: FunctionWriter, carry: readonly Value[], inner: Scope): void {
  const last = carry.map((v) => w.atom(v, inner));
  if (last.length > 0) inner.lines.push(`return ${last.length === 1 ? last[0] : `[${last.join(", ")}]`};`);
}

/** Assigns the carried values that an outlined loop returns. */
function receiveRange(w: FunctionWriter, carry: readonly Value[], text: string, scope: Scope): readonly string[] {
  if (carry.length === 0) return [`${text};`];
  if (carry.length === 1) return [`${w.atom(carry[0], scope)} = ${text};`];
  return [`const $r = ${text};`, ...carry.map((v, k) => `${w.atom(v, scope)} = $r[${k}];`)];
}

/**
 * The range of one call, so that the loops inside come to about a chunk of iterations; null where the loop is not outlined,
 * since it is short or an inner loop is outlined instead. A tuple of carried values is worth its allocation only outside of
 * other loops; a loop inside others that would need one is outlined with the loop around it.
 */
function rangePerCall(w: FunctionWriter, loop: CountedLoop, { regions }: Operation, scope: Scope): string | null {
  const { upper, lower, step, carry } = loop;
  const isTuple = carry.length > 1;
  if (scope.unit.kind === "loop" || (isTuple && scope.depth > 0) || regions.some((r) => w.holdsParts(r))) return null;
  const inner = innerIterations(regions[0]);
  if (inner > chunk) return carriesTuples(regions[0]) ? rangeOfLong(w, step, regions[0], scope) : null;
  const steps = (Number(upper) - Number(lower)) / step;
  if (steps * inner <= short) return null;
  if (inner >= long) return String(step);
  // a tuple of carried values costs as much as hundreds of iterations
  return String(step * Math.max(1, Math.floor(((isTuple ? 4 : 1) * chunk) / inner)));
}

/** Whether a loop directly in the block carries several values, and so is not outlined itself. */
function carriesTuples({ operations }: Block): boolean {
  return operations.some(({ op, results }) => op === forOp && results.length > 1);
}

/** The range of a loop whose inner loops have more iterations than a chunk, or a number known only at run time. */
function rangeOfLong(w: FunctionWriter, step: number, body: Block, scope: Scope): string {
  const lengths = body.operations.flatMap((operation): readonly Dim[] => {
    const { op, attributes } = operation;
    const length = op === forOp ? boundBy(attributes.upper as Dim, operation, "bounds") : elementsWritten(operation);
    return typeof length !== "number" && indicesOf([length]).size === 0 ? [length] : [];
  });
  if (lengths.length === 0) return String(step);
  const steps = `Math.max(1, Math.floor(${chunk} / (${w.dim(lengths.reduce(addDims), scope)})))`;
  return w.once(step === 1 ? steps : `${step} * ${steps}`, scope);
}

/** The number of iterations of all loops in a block, at least 1; infinite where that is unknown. */
function innerIterations(block: Block): number {
  const steps = block.operations.map((operation) => {
    const { op, regions, attributes } = operation;
    const { lower, upper, step } = attributes;
    if (regions.length === 0) return mostOf(elementsWritten(operation));
    if (op.traits.branches) return Math.max(...regions.map(innerIterations)) - 1;
    if (op !== forOp) return Infinity;
    const own = typeof lower === "number" ? (mostOf(upper as Dim) - lower) / Number(step) : Infinity;
    return own === 0 ? 0 : own * innerIterations(regions[0]);
  });
  return Math.max(
    1,
    steps.reduce((a, b) => a + b, 0),
  );
}

/** An upper bound of a dimension. */
function mostOf(d: Dim): number {
  if (typeof d === "number") return d;
  const atom = asAtom(d);
  return atom?.kind === "min" ? Math.min(...atom.arguments.map(mostOf)) : Infinity;
}

function writeLoop(w: FunctionWriter, loop: CountedLoop, operation: Operation, scope: Scope): void {
  const { index, carry, lower, upper, step } = loop;
  const [body] = operation.regions;
  const inner = scope.child();
  const i = index === null ? w.temporary("step") : w.define(index, inner, "i");
  enter(w, operation, index === null ? carry : [index, ...carry], inner);
  w.block(body, inner);
  assign(w, carry, body.results, inner);
  const advance = step === 1 ? `${i}++` : `${i} += ${step}`;
  scope.lines.push(`for (let ${i} = ${lower}; ${i} < ${upper}; ${advance}) {`, inner.lines, "}");
}
