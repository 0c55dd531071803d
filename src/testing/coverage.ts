// What random programs were made of: ops, their attributes and dtypes, and what their operands come from. Gaps are seen here
// rather than guessed.

import {
  type DType,
  elementDType,
  type Module,
  type Op,
  type Operation,
  type OpTable,
  type Value,
  ValueMap,
  walk,
} from "../ir/index.ts";

/** How often an op was drawn, and how. */
export interface OpCoverage {
  readonly count: number;
  readonly dtypes: ReadonlyMap<DType, number>;
  /** By `name = value`, for words and booleans, and for lists that are not empty. */
  readonly attributes: ReadonlyMap<string, number>;
  /** By the op that gives an operand; `argument` for those of functions and regions. */
  readonly neighbours: ReadonlyMap<string, number>;
}

interface Counts {
  count: number;
  readonly dtypes: Map<DType, number>;
  readonly attributes: Map<string, number>;
  readonly neighbours: Map<string, number>;
}

function increase<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The coverage of the programs of a check. */
export class Coverage {
  readonly #ops = new Map<string, Counts>();

  /** By the name of the op. */
  get ops(): ReadonlyMap<string, OpCoverage> {
    return this.#ops;
  }

  add(module: Module): void {
    for (const func of module.funcs) {
      const definitions = new ValueMap<Op>();
      walk(func.body, (operation) => {
        this.#count(operation, (v) => definitions.get(v)?.name ?? "argument");
        for (const v of operation.results) definitions.set(v, operation.op);
      });
    }
  }

  #count({ op, operands, results, attributes }: Operation, nameOf: (v: Value) => string): void {
    let counts = this.#ops.get(op.name);
    if (counts === undefined) {
      counts = { count: 0, dtypes: new Map(), attributes: new Map(), neighbours: new Map() };
      this.#ops.set(op.name, counts);
    }
    counts.count++;
    const typed = operands[operands.length - 1] ?? results[0];
    const dtype = typed === undefined ? undefined : elementDType(typed.type);
    if (dtype !== undefined) increase(counts.dtypes, dtype);
    for (const [name, value] of Object.entries(attributes)) {
      if (op.attributes[name]?.kind === "word" || typeof value === "boolean")
        increase(counts.attributes, `${name} = ${value}`);
      else if (Array.isArray(value)) increase(counts.attributes, `${name} = ${value.length === 0 ? "[]" : "[…]"}`);
    }
    for (const v of operands) increase(counts.neighbours, nameOf(v));
  }

  /** The ops of a table that stand in no program. */
  missing(table: OpTable): readonly string[] {
    return [...table.values()].filter((op) => op.level !== "loop" && !this.#ops.has(op.name)).map((op) => op.name);
  }

  /** A line for each op: how often, of which dtypes, with which attributes, next to what. */
  toString(): string {
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

/** The most frequent entries first. */
function list(counts: ReadonlyMap<string, number>, most = 8): string {
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const shown = sorted.slice(0, most).map(([key, count]) => `${key} ${count}`);
  return [...shown, ...(sorted.length > most ? [`${sorted.length - most} more`] : [])].join(", ");
}
