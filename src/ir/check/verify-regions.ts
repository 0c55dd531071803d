// Regions that only read: what they do is not seen from outside, so that they may run in any order and any number of times.

import { ValueSet } from "../data/value-map.ts";
import { fail } from "../diagnostics/errors.ts";
import { ownEffects } from "../module/effects.ts";
import type { Block, Operation, Value } from "../module/module.ts";
import { printValueName } from "../module/names.ts";
import type { Storages } from "../module/storage.ts";
import { calleeOf, walk } from "../module/walk.ts";

/** Fails (code `structure`) where a region does more than its record allows. */
export function checkRegions(operation: Operation, storages: Storages): void {
  const { op, regions } = operation;
  const [readers, others] = [true, false].map((is) =>
    regions.filter((_, i) => (op.regions[i]?.readsOnly ?? false) === is),
  );
  if (readers.length === 0) return;
  for (const region of readers) {
    const name = `region ${op.regions[regions.indexOf(region)].name} of ${op.name}`;
    const reads = readsOf(region, name, storages);
    for (const other of others) refuseWrites(other, reads, name, storages);
  }
}

/** What a region reads; fails where it does anything else that matters outside. */
function readsOf(region: Block, name: string, storages: Storages): readonly Value[] {
  const own = new ValueSet();
  const read: Value[] = [];
  walk(region, (operation) => {
    const { reads, writes, observable } = ownEffects(operation);
    for (const v of operation.results) own.add(v);
    const isOwn = (v: Value): boolean => {
      const storage = storages.of(v);
      return storage !== "any" && storage.every((s) => own.has(s));
    };
    const seen = calleeOf(operation) !== null ? "calls a function" : observable ? "is seen from outside" : null;
    const written = writes.find((v) => !isOwn(v));
    const reason = seen ?? (written === undefined ? null : `writes to ${nameOf(written)}`);
    if (reason !== null) refuse(operation, `it ${reason} in ${name}, which only reads memory`);
    read.push(...reads);
  });
  return read;
}

/** Nothing that was read is written. */
function refuseWrites(region: Block, reads: readonly Value[], name: string, storages: Storages): void {
  walk(region, (operation) => {
    const { writes } = ownEffects(operation);
    const written = writes.find((v) => reads.some((r) => storages.mayOverlap(r, v)));
    if (written !== undefined) refuse(operation, `it writes to ${nameOf(written)}, which ${name} reads`);
  });
}

function refuse({ op, origin }: Operation, reason: string): never {
  return fail("structure", `${op.name}: ${reason}`, { origin, hint: "use other memory" });
}

function nameOf({ name }: Value): string {
  return name === null ? "memory without a name" : printValueName(name);
}
