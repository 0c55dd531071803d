// The difference of two versions of a module, by identity. Unchanged functions are shared, so they cost nothing.

import { type Block, type Module, type Operation, type Value, walk } from "../ir/index.ts";

/** The identity of an operation across versions: the first value that it defines, or itself where it defines none. */
type Identity = Value | Operation;

function identityOf(operation: Operation): Identity {
  return operation.results[0] ?? operation;
}

export interface ModuleChanges {
  /** Operations of the earlier version that the later one lacks. */
  readonly removed: ReadonlySet<Operation>;
  /** Operations of the later version that the earlier one lacks. */
  readonly added: ReadonlySet<Operation>;
  /**
   * Operations of the later version that redefine the values of an earlier one, with that one: what is made anew around
   * regions in which something changed, or nothing at all, is the same operation.
   */
  readonly modified: ReadonlyMap<Operation, Operation>;
}

export function compareModules(before: Module, after: Module): ModuleChanges {
  const shared = new Set(before.funcs.filter((f) => after.funcs.includes(f)));
  const old = new Map<Identity, Operation>();
  for (const func of before.funcs) {
    if (!shared.has(func)) walk(func.body, (operation) => void old.set(identityOf(operation), operation));
  }
  const added = new Set<Operation>();
  const modified = new Map<Operation, Operation>();
  for (const func of after.funcs) {
    if (shared.has(func)) continue;
    walk(func.body, (operation) => {
      const earlier = old.get(identityOf(operation));
      if (earlier === undefined) added.add(operation);
      else {
        old.delete(identityOf(operation));
        if (earlier !== operation && !isAround(earlier, operation)) modified.set(operation, earlier);
      }
    });
  }
  const removed = new Set(old.values());
  // what defines no value is known by itself, or else by what it is around
  for (const gone of removed) {
    if (gone.results.length > 0 || gone.regions.length === 0) continue;
    const again = [...added].find((o) => o.results.length === 0 && isAround(gone, o));
    if (again !== undefined && removed.delete(gone)) added.delete(again);
  }
  return { removed, added, modified };
}

/** Whether two operations are the same, and their regions hold the same ones, though some of these may have changed. */
function isAround(a: Operation, b: Operation): boolean {
  return (
    a.op === b.op &&
    a.attributes === b.attributes &&
    a.origin === b.origin &&
    isSame(a.operands, b.operands) &&
    isSame(a.results, b.results) &&
    a.regions.length === b.regions.length &&
    a.regions.every((r, i) => holdsTheSame(r, b.regions[i]))
  );
}

function isSame(x: readonly Value[], y: readonly Value[]): boolean {
  return x === y || (x.length === y.length && x.every((v, i) => v === y[i]));
}

function holdsTheSame(a: Block, b: Block): boolean {
  const isAgain = (x: Operation, y: Operation): boolean =>
    identityOf(x) === identityOf(y) || (x.results.length === 0 && isAround(x, y));
  return (
    isSame(a.arguments, b.arguments) &&
    isSame(a.results, b.results) &&
    a.operations.length === b.operations.length &&
    a.operations.every((o, i) => isAgain(o, b.operations[i]))
  );
}
