// Memory that shares a place: what is in use at the same time has spans that overlap, so that it lies apart.

import { fail } from "../diagnostics/errors.ts";
import { type Lifetime, lifetimesOf, overlaps, statedSpans } from "../module/lifetimes.ts";
import type { Func, Operation, Value } from "../module/module.ts";
import { printValueName } from "../module/names.ts";
import { Storages } from "../module/storage.ts";
import { walk } from "../module/walk.ts";

/** Fails (code `structure`) where an operation states spans of memory that do not overlap though both are in use. */
export function checkSpans({ body }: Func): void {
  const stating: Operation[] = [];
  walk(body, (operation) => {
    if (operation.op.effects.allocates && statedSpans(operation) !== null) stating.push(operation);
  });
  if (stating.length === 0) return;
  const lifetimes = lifetimesOf(body, new Storages(body), (operation) => stating.includes(operation));
  if (lifetimes === null) return;
  for (const operation of stating) checkEach(operation, (v) => lifetimes.get(v) ?? null);
}

function checkEach(operation: Operation, lifetime: (v: Value) => Lifetime | null): void {
  const { op, results, origin } = operation;
  const spans = statedSpans(operation) ?? [];
  const lifetimes = results.map(lifetime);
  const given = lifetimes.findIndex((own) => own?.isGiven === true);
  if (given >= 0)
    fail("structure", `${op.name}: ${nameOf(results[given])} is given by its block, expected alloc`, { origin });
  for (const [k, own] of lifetimes.entries()) {
    for (const [j, other] of lifetimes.slice(0, k).entries()) {
      if (own === null || other === null || !overlaps(own, other) || overlaps(spans[k], spans[j])) continue;
      const [first, second] = [j, k].map((i) => `${nameOf(results[i])} (from ${spans[i].from} to ${spans[i].to})`);
      const reason = `${op.name}: ${first} and ${second} are in use at the same time, expected spans that overlap`;
      fail("structure", reason, { origin });
    }
  }
}

function nameOf({ name }: Value): string {
  return name === null ? "memory without a name" : printValueName(name);
}
