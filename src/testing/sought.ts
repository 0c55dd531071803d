// What a subject looks for in programs, by what it did to those before: the ops that it replaces, and the transforms that it
// resolves.

import { type Module, type Op, type Operation, printModule, ValueMap, walk } from "../ir/index.ts";
import { compareModules } from "../rewrite/index.ts";
import { transformsOf } from "./resolves.ts";

/** How often an op is listed at most. */
const mostTimes = 12;

export class Sought {
  /** How often ops were replaced, or gave an operand of one that was. */
  readonly #ops = new Map<Op, number>();
  /** What was replaced last, and what gave the operands of it. */
  #sites: ReadonlySet<Operation> = new Set();
  /** Of each transform: the changed programs that still hold one, less those that held one and do not any more. */
  readonly #kept = new Map<Op, number>();

  /** The ops that programs should have, the frequent ones several times: of the transforms only those that it resolves. */
  get ops(): readonly Op[] {
    const resolved = this.resolved;
    if (resolved.length > 0) return resolved;
    return [...this.#ops].flatMap(([op, count]) => {
      const times = op.traits.transform ? 0 : Math.min(mostTimes, Math.ceil(Math.sqrt(count)));
      return Array.from({ length: times }, () => op);
    });
  }

  get sites(): ReadonlySet<Operation> {
    return this.#sites;
  }

  #count(op: Op): void {
    this.#ops.set(op, (this.#ops.get(op) ?? 0) + 1);
  }

  /** The transforms that are gone from most programs that held one. */
  get resolved(): readonly Op[] {
    return [...this.#kept].flatMap(([op, balance]) => (balance < 0 ? [op] : []));
  }

  /** Notes what was replaced; whether the module is another one now: its operations, its functions, or their order. */
  note(before: Module, after: Module): boolean {
    const { removed, added, modified } = compareModules(before, after);
    const gone = new Set([...removed, ...modified.values()]);
    const sites = new Set(gone);
    for (const func of before.funcs) {
      const definitions = new ValueMap<Operation>();
      walk(func.body, (operation) => {
        for (const v of operation.results) definitions.set(v, operation);
        if (!gone.has(operation)) return;
        this.#count(operation.op);
        for (const v of operation.operands) {
          const source = definitions.get(v) ?? operation;
          sites.add(source);
          this.#count(source.op);
        }
      });
    }
    this.#sites = sites;
    const left = transformsOf(after);
    for (const op of transformsOf(before)) this.#kept.set(op, (this.#kept.get(op) ?? 0) + (left.has(op) ? 1 : -1));
    return removed.size + added.size + modified.size > 0 || printModule(before) !== printModule(after);
  }
}
