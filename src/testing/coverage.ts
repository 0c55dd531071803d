// What random programs were made of: ops, their attributes and dtypes, and what their operands come from. Gaps are seen here
// rather than guessed.

import {
  type Block,
  type DType,
  elementDType,
  type Module,
  mustStay,
  type Op,
  type Operation,
  type OpTable,
  standsAt,
  type Value,
  ValueMap,
  ValueSet,
  walk,
} from "../ir/index.ts";

/** How often an op was drawn, and how. */
export interface OpCoverage {
  readonly count: number;
  readonly dtypes: ReadonlyMap<DType, number>;
  /** By `name = value`, for words and booleans, and for lists that are not empty. */
  readonly attributes: ReadonlyMap<string, number>;
  /** By `name = value dtype`, for words and booleans. */
  readonly combinations: ReadonlyMap<string, number>;
  /** By the op that gives an operand; `argument` for those of functions and regions. */
  readonly neighbours: ReadonlyMap<string, number>;
}

interface Counts {
  count: number;
  readonly dtypes: Map<DType, number>;
  readonly attributes: Map<string, number>;
  readonly combinations: Map<string, number>;
  readonly neighbours: Map<string, number>;
}

function increase<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The coverage of the programs of a check. */
export class Coverage {
  readonly #ops = new Map<string, Counts>();
  #operations = 0;
  #dead = 0;
  #several = 0;
  #alike = 0;

  /** By the name of the op. */
  get ops(): ReadonlyMap<string, OpCoverage> {
    return this.#ops;
  }

  /** The share of operations that no result and no effect depends on: what is wrong there is not seen. */
  get dead(): number {
    return this.#dead / Math.max(1, this.#operations);
  }

  /** The share of operations with several operands of which two are the same value. */
  get alike(): number {
    return this.#alike / Math.max(1, this.#several);
  }

  add(module: Module): void {
    for (const func of module.funcs) {
      const definitions = new ValueMap<Op>();
      walk(func.body, (operation) => {
        this.#count(operation, (v) => definitions.get(v)?.name ?? "argument");
        for (const v of operation.results) definitions.set(v, operation.op);
      });
      this.#dead += deadOf(func.body, new ValueSet());
    }
  }

  #count({ op, operands, results, attributes }: Operation, nameOf: (v: Value) => string): void {
    let counts = this.#ops.get(op.name);
    if (counts === undefined) {
      counts = { count: 0, dtypes: new Map(), attributes: new Map(), combinations: new Map(), neighbours: new Map() };
      this.#ops.set(op.name, counts);
    }
    counts.count++;
    this.#operations++;
    if (operands.length > 1) this.#several++;
    if (new Set(operands).size < operands.length) this.#alike++;
    const dtype = dtypeOf(op, operands, results);
    if (dtype !== undefined) increase(counts.dtypes, dtype);
    for (const name in attributes) {
      const value = attributes[name];
      if (op.attributes[name]?.kind === "word" || typeof value === "boolean") {
        increase(counts.attributes, `${name} = ${value}`);
        increase(counts.combinations, `${name} = ${value} ${dtype}`);
      } else if (Array.isArray(value)) increase(counts.attributes, `${name} = ${value.length === 0 ? "[]" : "[…]"}`);
    }
    for (const v of operands) increase(counts.neighbours, nameOf(v));
  }

  /** The ops of a table that stand in no program. */
  missing(table: OpTable): readonly string[] {
    return [...table.values()].filter((op) => standsAt(op, "tensor") && !this.#ops.has(op.name)).map((op) => op.name);
  }

  /** A line for each op: how often, of which dtypes, with which attributes, next to what; then what holds of all. */
  toString(): string {
    const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
    return `${this.#table()}\ndead operations ${percent(this.dead)}, with the same operand twice ${percent(this.alike)}`;
  }

  #table(): string {
    const rows = [...this.#ops]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, c]) => [name, String(c.count), list(c.dtypes), list(c.attributes), list(c.neighbours, 6)]);
    const all = [["op", "count", "dtypes", "attributes", "operands of"], ...rows];
    const widths = all[0].map((_, i) => Math.max(...all.map((row) => row[i].length)));
    return all
      .map((row) =>
        row
          .map((cell, i) => cell.padEnd(widths[i]))
          .join("  ")
          .trimEnd(),
      )
      .join("\n");
  }
}

/** The dtype that an operation is of: that of its first operand, of the last one behind a mask. */
export function dtypeOf(op: Op, operands: readonly Value[], results: readonly Value[]): DType | undefined {
  const first = operands[0] ?? results[0];
  if (first === undefined) return undefined;
  const dtype = elementDType(first.type);
  return dtype === "bool" && op.traits.elementwise && operands.length > 1
    ? elementDType(operands[operands.length - 1].type)
    : dtype;
}

/** How many operations of a block nothing depends on; `live` gets the values that something does. */
function deadOf({ operations, results }: Block, live: ValueSet): number {
  let dead = 0;
  for (const v of results) live.add(v);
  for (let i = operations.length - 1; i >= 0; i--) {
    const { op, operands, regions, results: given } = operations[i];
    const isLive = mustStay(op.effects) || given.some((v) => live.has(v)) || regions.some(hasEffect);
    if (!isLive) {
      dead++;
      continue;
    }
    for (const v of operands) live.add(v);
    for (const region of regions) dead += deadOf(region, live);
  }
  return dead;
}

function hasEffect({ operations }: Block): boolean {
  return operations.some(({ op, regions }) => mustStay(op.effects) || regions.some(hasEffect));
}

/** The most frequent entries first. */
function list(counts: ReadonlyMap<string, number>, most = 8): string {
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const shown = sorted.slice(0, most).map(([key, count]) => `${key} ${count}`);
  return [...shown, ...(sorted.length > most ? [`${sorted.length - most} more`] : [])].join(", ");
}
