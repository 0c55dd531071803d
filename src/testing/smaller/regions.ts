// Operations with regions that give less: branches with fewer results, loops that carry and collect less.

import {
  type Block,
  findFunc,
  type Module,
  makeBlock,
  type Operation,
  Replacements,
  segmentOf,
  type Value,
  walk,
  withParts,
} from "../../ir/index.ts";
import { attempted, rebuilt, type Step, withFunc } from "./body.ts";
import { inOrder } from "./operations.ts";

/** Results of operations with regions go, one at a time, and what is carried for them. */
export const fewerCarried: Step = function* (module, entry) {
  for (const { name } of inOrder(module, entry)) {
    // what a fault compares has to stay alike
    for (const group of groupsOfRegions(module, name)) {
      for (let k = widthOf(module, name, group[0]) - 1; k >= 0; k--) {
        const smaller = withoutCarried(module, name, group, k);
        if (smaller !== null) module = (yield smaller) ?? module;
      }
    }
    for (const at of numbersOfRegions(module, name).toReversed()) {
      for (let k = widthOf(module, name, at) - 1; k >= 0; k--) {
        const smaller = withoutCarried(module, name, [at], k);
        if (smaller !== null) module = (yield smaller) ?? module;
      }
    }
  }
};

function operationsOf(module: Module, name: string): readonly Operation[] {
  const list: Operation[] = [];
  const func = findFunc(module, name);
  if (func !== undefined) walk(func.body, (operation) => void list.push(operation));
  return list;
}

function numbersOfRegions(module: Module, name: string): readonly number[] {
  return operationsOf(module, name).flatMap((operation, i) => (operation.regions.length > 0 ? [i] : []));
}

/** Operations of one op and with as many results, where there are several. */
function groupsOfRegions(module: Module, name: string): readonly (readonly number[])[] {
  const groups = new Map<string, number[]>();
  for (const [i, { op, regions, results }] of operationsOf(module, name).entries()) {
    if (regions.length === 0) continue;
    const key = `${op.name} ${results.length}`;
    groups.set(key, [...(groups.get(key) ?? []), i]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

/** How many of its results, and of the operands that enter its regions, may go. */
function widthOf(module: Module, name: string, at: number): number {
  const operation = operationsOf(module, name)[at];
  return operation === undefined ? 0 : operation.results.length + operation.operands.length;
}

/** The module with operations that have a result, or an operand, less; null where there is no such version. */
function withoutCarried(module: Module, name: string, at: readonly number[], k: number): Module | null {
  const func = findFunc(module, name);
  if (func === undefined) return null;
  let changed = false;
  const smaller = attempted(() =>
    rebuilt(func, false, (operation, number, place) => {
      if (!at.includes(number)) return false;
      const { results } = operation;
      const narrow = k < results.length ? withoutResult(operation, k) : withoutScanned(operation, k - results.length);
      if (narrow === null) return false;
      changed = true;
      place.append(narrow);
      if (k < results.length) place.replace(results[k], place.substitute(results[k], "earlier"));
      return true;
    }),
  );
  return changed && smaller !== null ? withFunc(module, smaller) : null;
}

const leaving = <T>(list: readonly T[], k: number): readonly T[] => list.filter((_, i) => i !== k);

function withoutResult(operation: Operation, k: number): Operation | null {
  const { op, operands, regions, results, segments } = operation;
  const fewer = (regs: readonly Block[], more: Partial<Operation> = {}): Operation =>
    withParts(operation, { regions: regs, results: leaving(results, k), ...more });
  if (op.loop === null) {
    if (!op.traits.branches) return null;
    return fewer(regions.map((r) => makeBlock(r.arguments, r.operations, leaving(r.results, k))));
  }
  const { carried, body, indices } = op.loop;
  const [start, count] = segmentOf(operation, carried);
  const shorter = (r: Block, i: number): Block =>
    makeBlock(r.arguments, r.operations, i === body ? leaving(r.results, k) : r.results);
  if (k >= count) return fewer(regions.map(shorter));
  // what still reads the carried value in a region reads what it starts with
  const initial: Value = operands[start + k];
  const group = op.groups.indexOf(carried);
  return fewer(
    regions.map((r, i) => withoutBlockArgument(shorter(r, i), (i === body ? indices : 0) + k, initial)),
    {
      operands: leaving(operands, start + k),
      segments: segments.map((n, g) => (g === group ? n - 1 : n)),
    },
  );
}

/** A loop over fewer sequences: what reads an element of the one that goes reads nothing any more, or there is no such version. */
function withoutScanned(operation: Operation, at: number): Operation | null {
  const { op, operands, regions, segments } = operation;
  if (op.loop === null || op.groups.length < 2) return null;
  const [start, count] = segmentOf(operation, op.loop.carried);
  const group = op.groups.findIndex((_, g) => op.groups[g] !== op.loop?.carried);
  if (at >= start && at < start + count) return null;
  const body = regions[op.loop.body];
  const position = op.loop.indices + at;
  if (body.arguments[position] === undefined) return null;
  return withParts(operation, {
    operands: leaving(operands, at),
    segments: segments.map((n, g) => (g === group ? n - 1 : n)),
    regions: regions.map((r) => (r === body ? withoutBlockArgument(r, position, null) : r)),
  });
}

function withoutBlockArgument(block: Block, at: number, by: Value | null): Block {
  const replacements = new Replacements();
  if (by !== null) replacements.set(block.arguments[at], by);
  return replacements.block(makeBlock(leaving(block.arguments, at), block.operations, block.results));
}
