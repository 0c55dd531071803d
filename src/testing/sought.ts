// What a subject looks for in programs, by what it did to those before: the ops that it replaces, and the transforms that it
// resolves.

import { type Attributes, type Module, type Op, type Operation, printModule, ValueMap, walk } from "../ir/index.ts";
import { compareModules } from "../rewrite/index.ts";
import type { Pair } from "./generate/pairs.ts";
import { transformsOf } from "./resolves.ts";

/** How often an op is listed at most. */
const mostTimes = 12;

export class Sought {
  /** How often ops were replaced, or gave an operand of one that was. */
  readonly #ops = new Map<Op, number>();
  /** What was replaced, with what gave an operand of it, and how often; by its names. */
  readonly #pairs = new Map<string, { readonly pair: Pair; readonly count: number }>();
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

  /** What follows on what in what was replaced, the frequent ones several times. */
  get pairs(): readonly Pair[] {
    return [...this.#pairs.values()].flatMap(({ pair, count }) => {
      const times = Math.min(mostTimes, Math.ceil(Math.sqrt(count)));
      return Array.from({ length: times }, () => pair);
    });
  }

  get sites(): ReadonlySet<Operation> {
    return this.#sites;
  }

  #count(op: Op): void {
    this.#ops.set(op, (this.#ops.get(op) ?? 0) + 1);
  }

  /** Notes an operation that was replaced, behind what gives its operands. */
  #follow(operation: Operation, sources: readonly (Operation | undefined)[]): void {
    const { op } = operation;
    if (op.traits.transform) return;
    const known = sources.flatMap((source, i) => (source === undefined ? [] : [{ source, place: placeOf(op, i) }]));
    const [first] = known;
    const isAtAll = known.length > 1 && known.every(({ source }) => source.op === first.source.op);
    const all = isAtAll ? [...known, { source: first.source, place: op.operands.length }] : known;
    const words = { consumer: wordsOf(operation), producer: {} };
    if (all.length === 0) this.#pair({ producer: null, consumer: op, place: 0, words });
    for (const { source, place } of all)
      this.#pair({ producer: source.op, consumer: op, place, words: { ...words, producer: wordsOf(source) } });
  }

  #pair(pair: Pair): void {
    const key = `${pair.producer?.name} ${pair.consumer.name} ${pair.place}`;
    this.#pairs.set(key, { pair, count: (this.#pairs.get(key)?.count ?? 0) + 1 });
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
    // what follows on something that was replaced has other operands then, and would hide that
    const first = new Set([
      ...removed,
      ...[...modified].flatMap(([o, earlier]) => (isOn(o, earlier) ? [earlier] : [])),
    ]);
    const replaced = first.size > 0 ? first : gone;
    for (const func of before.funcs) {
      const definitions = new ValueMap<Operation>();
      walk(func.body, (operation) => {
        for (const v of operation.results) definitions.set(v, operation);
        if (!gone.has(operation)) return;
        this.#count(operation.op);
        if (replaced.has(operation))
          this.#follow(
            operation,
            operation.operands.map((v) => definitions.get(v)),
          );
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

/** Whether two versions of an operation have the same operands. */
function isOn(later: Operation, earlier: Operation): boolean {
  return later.operands.every((v, i) => v === earlier.operands[i]);
}

function placeOf({ operands }: Op, i: number): number {
  return Math.min(i, operands.length - 1);
}

/** The attributes that are words and truth values, which fit whatever the types are. */
function wordsOf({ op, attributes }: Operation): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).filter(([name]) => {
      const spec = op.attributes[name];
      return (spec?.kind === "word" || spec?.kind === "boolean") && spec.isPromise !== true;
    }),
  );
}
