// Probes of which it is not certain that they run: those in branches and loops of mapped functions.

import { type Block, calleeOf, findFunc, type Module } from "../ir/index.ts";
import { records } from "../ops/index.ts";
import type { Outcome } from "./outcome.ts";

/**
 * The names of probes in regions of functions that are mapped. Where elements of a batch go different ways, all ways are gone
 * for all of them; where a condition is the same for all, one is. Which it is, a rewrite may change: `x < x` differs from
 * element to element by its type, and `false` does not.
 */
export function probesInMapped(module: Module): ReadonlySet<string> {
  const names = new Set<string>();
  const visited = new Set<string>();
  const visit = (block: Block, isMapped: boolean, isInside: boolean): void => {
    for (const operation of block.operations) {
      const { op, attributes, regions } = operation;
      if (op === records.probe && isMapped && isInside) names.add(String(attributes.name));
      const callee = calleeOf(operation);
      if (callee !== null) called(callee, isMapped || op === records.vmap, isInside);
      for (const region of regions) visit(region, isMapped, true);
    }
  };
  const called = (name: string, isMapped: boolean, isInside: boolean): void => {
    const key = `${name} ${isMapped} ${isInside}`;
    const func = findFunc(module, name);
    if (func === undefined || visited.has(key)) return;
    visited.add(key);
    visit(func.body, isMapped, isInside);
  };
  for (const func of module.funcs) if (func.visibility === "public") called(func.name, false, false);
  return names;
}

/** The outcome without what probes of these names saw. */
export function withoutProbes(outcome: Outcome, names: ReadonlySet<string>): Outcome {
  return names.size === 0 ? outcome : { ...outcome, seen: outcome.seen.filter(({ name }) => !names.has(name)) };
}
