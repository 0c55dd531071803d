// Loops whose number of iterations is unknown.

import {
  type Block,
  coefficientsOf,
  elementDType,
  isSilent,
  type Operation,
  type Value,
  ValueMap,
} from "../../../ir/index.ts";
import type { Scope } from "../writing/text.ts";
import { type FunctionWriter, isBoolean } from "../writing/writer.ts";
import { type Exit, writeBody } from "./branches.ts";
import { assign, declareCarry, enter, leave } from "./carry.ts";
import { LoopTapes } from "./tapes.ts";

export function emitWhile(w: FunctionWriter, operation: Operation, scope: Scope): void {
  const [cond, body] = operation.regions;
  const carry = cond.arguments;
  declareCarry(w, carry, operation.operands, scope);
  const inner = scope.child();
  const counter = w.module.counters.isCounted(operation) ? iterationCountOf(w, operation, scope) : null;
  if (counter !== null) inner.steps = counter.text;
  if (counter?.isOwn === true) scope.lines.push(`let ${counter.text} = 0;`);
  const tapes = new LoopTapes(w, operation, scope, inner);
  enter(carry, inner);
  breakUnless(w, cond, inner, tapes.leave);
  writeBody(w, body, inner, exitOf(w, operation, tapes.leave));
  assign(w, carry, body.results, inner);
  if (counter?.isOwn === true) inner.lines.push(`${counter.text}++;`);
  scope.lines.push(...tapes.around(inner.lines));
  leave(carry, scope);
}

/** Where an exit flag ends the loop, the results that are read behind it are assigned for the last time. */
function exitOf(w: FunctionWriter, { regions: [cond, body], results }: Operation, leave: string): Exit {
  const flags = body.results.filter((_, k) => endsLoop(w, cond, cond.arguments[k]));
  const read = flags.length === 0 ? [] : [...results.keys()].filter((k) => w.facts.isUsed(results[k]));
  const last = read.map((k) => body.results[k]);
  return {
    flags,
    needed: new Set(last),
    length: last.length,
    leave(end) {
      const carried = read.map((k) => cond.arguments[k]);
      assign(w, carried, last, end);
      end.lines.push(leave);
    },
  };
}

/** Whether the condition is pure and false wherever the argument is true. */
function endsLoop(w: FunctionWriter, cond: Block, argument: Value): boolean {
  if (!isBoolean(argument.type)) return false;
  const known = new ValueMap<boolean>();
  known.set(argument, true);
  const truthOf = (v: Value): boolean | undefined => known.get(v) ?? truths.get(w.facts.literal(v) ?? "");
  const settle = (block: Block): boolean => {
    for (const operation of block.operations) {
      const { op, operands, regions, results } = operation;
      const given = operands.map(truthOf);
      if (regions.length === 0 && !isSilent(w.module.effects.of(operation))) return false;
      if (op.traits.branches) {
        if (given[0] === undefined || !settle(regions[given[0] ? 0 : 1])) return false;
        for (const [i, r] of results.entries()) set(r, truthOf(regions[given[0] ? 0 : 1].results[i]));
      } else if (regions.length > 0) return false;
      else if (isBoolean(results[0].type)) set(results[0], truthOfLogic(operation, given));
    }
    return true;
  };
  const set = (v: Value, truth: boolean | undefined): void => {
    if (truth !== undefined && isBoolean(v.type)) known.set(v, truth);
  };
  return settle(cond) && truthOf(cond.results[0]) === false;
}

/** What logic on bools gives, where it is the same whatever the operands are of which nothing is known. */
function truthOfLogic({ op, operands, attributes }: Operation, given: readonly Truth[]): Truth {
  const { scalar } = op;
  const open = given.flatMap((truth, i) => (truth === undefined ? [i] : []));
  if (scalar === null || open.length > 2 || !operands.every((v) => isBoolean(v.type))) return undefined;
  const outcomes = Array.from({ length: 2 ** open.length }, (_, bits) => {
    const args = given.map((truth, i) => Number(truth ?? ((bits >> open.indexOf(i)) & 1) === 1));
    return scalar.compute(args, { attributes, dtype: "bool" }) !== 0;
  });
  return outcomes.every((truth) => truth === outcomes[0]) ? outcomes[0] : undefined;
}

type Truth = boolean | undefined;

const truths: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["false", false],
]);

/** The number of iterations so far: from a carried value that is an induction variable, or by a counter of its own. */
function iterationCountOf(
  w: FunctionWriter,
  { operands, regions }: Operation,
  scope: Scope,
): { text: string; isOwn: boolean } {
  const [, body] = regions;
  for (const [k, v] of body.arguments.entries()) {
    const next = body.operations.find(({ results }) => results[0] === body.results[k]);
    if (next === undefined || next.operands[0] !== v) continue;
    const [own, other = 0] = coefficientsOf(next.op) ?? [];
    const by = own === 1 ? Number(w.facts.literal(next.operands[1]) ?? 0) * other : 0;
    if (!isExact(w, operands[k], by)) continue;
    return { text: iterationsBetween(w.atom(operands[k], scope), w.atom(v, scope), by, v), isOwn: false };
  }
  return { text: w.temporary("step"), isOwn: true };
}

/** Whether an induction variable tells the number of iterations exactly, neither rounded nor wrapped too often. */
function isExact(w: FunctionWriter, start: Value, by: number): boolean {
  if (!Number.isInteger(by) || by === 0) return false;
  const dtype = elementDType(start.type);
  if (dtype === "i32") return Math.abs(by) === 1;
  const from = Number(w.facts.literal(start) ?? 0);
  return (dtype === "f64" || dtype === "index") && Math.abs(from) + Math.abs(by) <= farthest;
}

/** This many iterations by this much, from a start of at most this, stay below 2 ** 53. */
const farthest = 2 ** 26;

/** The iterations from the start to now. An i32 may have wrapped, as the difference does. */
function iterationsBetween(start: string, now: string, by: number, { type }: Value): string {
  if (by === 1 && start === "0") return now;
  if (elementDType(type) === "i32") return `(${by === 1 ? `${now} - ${start}` : `${start} - ${now}`} | 0)`;
  const way = start === "0" ? now : `(${now} - ${start})`;
  return by === 1 ? way : `${way} / ${by}`;
}

/**
 * `if (!test) break;`, or another statement that leaves. A condition that is a conjunction leaves at each conjunct, which
 * runs only where those before it are true.
 */
function breakUnless(w: FunctionWriter, cond: Block, scope: Scope, leave: string): void {
  const [result] = cond.results;
  const last = cond.operations[cond.operations.length - 1];
  const conjunct = last?.op.traits.branches && last.results.length === 1 && last.results[0] === result ? last : null;
  const isFalse = (region: Block): boolean => w.facts.literal(region.results[0]) === "false";
  const goesOn = conjunct?.regions.findIndex((r, k) => isFalse(conjunct.regions[1 - k]) && !isFalse(r)) ?? -1;
  if (conjunct === null || goesOn < 0) {
    w.block(cond, scope);
    scope.lines.push(`if (!${w.atom(result, scope)}) ${leave}`);
    return;
  }
  w.block({ ...cond, operations: cond.operations.slice(0, -1) }, scope);
  const test = w.atom(conjunct.operands[0], scope);
  scope.lines.push(`if (${goesOn === 0 ? `!${test}` : test}) ${leave}`);
  breakUnless(w, conjunct.regions[goesOn], scope, leave);
}
