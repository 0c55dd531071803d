// Whether two values of memory are one in some run, as far as branches choose between memories.

import { ValueMap } from "../data/value-map.ts";
import type { Operation, Value } from "../module/module.ts";

/** The most choices that are followed for one question; beyond, the two are taken for two. */
const most = 256;

interface Definition {
  readonly operation: Operation;
  readonly result: number;
}

/** By condition, the region that is taken. */
type Taken = ReadonlyMap<Value, number>;

export class Choices {
  readonly #definitions = new ValueMap<Definition>();

  /** Notes an operation whose results may be memory of other names. */
  define(operation: Operation): void {
    const { op, results } = operation;
    if (!op.traits.branches && op.aliases.length === 0) return;
    for (const [result, v] of results.entries())
      if (v.type.kind === "memref") this.#definitions.set(v, { operation, result });
  }

  /** Whether two values are one memory where branches go some way; of what one condition chooses, both go the same. */
  mayBeOne(a: Value, b: Value): boolean {
    let followed = 0;
    const mayBe = (first: Value, second: Value, taken: Taken): boolean => {
      const [x, y] = [this.#viewed(first), this.#viewed(second)];
      if (x === y) return true;
      const chosen = this.#definitions.get(x) ?? this.#definitions.get(y);
      if (chosen === undefined || ++followed > most) return false;
      const { operation, result } = chosen;
      const other = chosen === this.#definitions.get(x) ? y : x;
      const [condition] = operation.operands;
      return operation.regions.some(
        (region, k) =>
          (taken.get(condition) ?? k) === k &&
          mayBe(region.results[result], other, new Map([...taken, [condition, k]])),
      );
    };
    return mayBe(a, b, new Map());
  }

  /** The memory that a chain of views is of. */
  #viewed(value: Value): Value {
    let memory = value;
    for (;;) {
      const definition = this.#definitions.get(memory);
      const alias = definition?.operation.op.aliases[definition.result];
      if (definition === undefined || alias === undefined) return memory;
      memory = definition.operation.operands[alias];
    }
  }
}
