// Memory that is smaller, or not there: elements that are read where they were just written, axes along which every iteration
// of a loop uses memory for itself, and memory in whose place a result may be used until it is written.

import {
  accessOf,
  type Block,
  Effects,
  type Func,
  freshMemory,
  holdsOp,
  mapBodies,
  mapOperations,
  type Operation,
  Storages,
  Value,
  ValueMap,
  withAccess,
  withParts,
  withRegions,
} from "../../src/ir/index.ts";
import { definePass } from "../../src/rewrite/index.ts";
import { dimOf, subscriptsOf } from "./analyses/subscripts.ts";
import { contractionOf } from "./shrink-memory/contract.ts";
import { forwarded } from "./shrink-memory/forward.ts";
import { hostOf, type Store, type StoresIn } from "./shrink-memory/share.ts";
import { type MemoryUse, MemoryUses } from "./shrink-memory/uses.ts";

export const shrinkMemory = definePass({
  name: "shrink-memory",
  summary:
    "Takes from memory what no iteration needs: elements just written, axes of loops, and what fits in a result.",
  level: "loop",
  example: `func @main<N>(%x: memref<f64[N, 3]>, %y: out memref<f64[N, 3]>) {
  %e = alloc init = any : memref<f64[N, 3]>
  for %i: index = 0 to N {
    for %j: index = 0 to 3 {
      %a = load %x[%i, %j] : f64
      store %a, %e[%i, %j]
    }
    for %k: index = 0 to 3 {
      %b = load %e[%i, %k] : f64
      %c = exp %b : f64
      store %c, %y[%i, %k]
    }
  }
  return
}
`,
  run(module) {
    const effects = new Effects(module);
    return mapBodies(module, (body, func) =>
      holdsOp(body, ({ effects: { writes } }) => writes.length > 0) ? shrunk(func, effects) : body,
    );
  },
});

function shrunk(func: Func, effects: Effects): Block {
  const storages = new Storages(func.body);
  const body = forwarded(func.body, effects, storages);
  return new Shrinking({ ...func, body }, effects, storages).body();
}

/** Other memory, and which of the subscripts it has. */
interface Place {
  readonly memory: Value;
  readonly axes: readonly number[] | null;
}

class Shrinking {
  readonly #body: Block;
  readonly #uses: MemoryUses;
  /** Memory that holds anything until it is written. */
  readonly #undefined: readonly Value[];
  readonly #places = new ValueMap<Place>();
  /** The uses of memory that other memory stands in too. */
  readonly #joined = new ValueMap<readonly MemoryUse[]>();

  constructor(func: Func, effects: Effects, storages: Storages) {
    this.#body = func.body;
    this.#uses = new MemoryUses(func, effects, storages);
    this.#undefined = [...this.#uses.made, ...func.body.arguments.filter((_, i) => func.roles[i] === "out")];
  }

  body(): Block {
    if (this.#uses.made.length === 0) return this.#body;
    this.#share();
    for (const memory of this.#uses.made) {
      if (this.#places.has(memory)) continue;
      const contraction = contractionOf(memory, this.#usesOf(memory) ?? []);
      if (contraction === null) continue;
      this.#places.set(memory, { memory: new Value(contraction.type, memory.name), axes: contraction.axes });
    }
    return this.#places.size === 0 ? this.#body : this.#block(this.#body);
  }

  /** Finds memory that may stand in a result; where that is the function's own too, it is the earlier one that stays. */
  #share(): void {
    const stores = this.#stores();
    const { made } = this.#uses;
    for (const memory of made) {
      for (let host = this.#hostOf(memory, stores); host !== null; host = this.#hostOf(memory, stores)) {
        const [from, to] = made.includes(host) ? [host, memory] : [memory, host];
        this.#joined.set(to, [...(this.#usesOf(memory) ?? []), ...(this.#usesOf(host) ?? [])]);
        this.#places.set(from, { memory: to, axes: null });
      }
    }
  }

  #hostOf(memory: Value, stores: StoresIn): Value | null {
    const uses = this.#places.has(memory) ? null : this.#usesOf(memory);
    if (uses === null) return null;
    const host = hostOf(memory, uses, stores, (v) => this.#usesOf(this.#placeOf(v).memory));
    return host === null ? null : this.#placeOf(host).memory;
  }

  #usesOf(memory: Value): readonly MemoryUse[] | null {
    return this.#joined.get(memory) ?? this.#uses.of(memory);
  }

  #stores(): StoresIn {
    const stores = new Map<Block, Store[]>();
    for (const memory of this.#undefined) {
      for (const use of this.#uses.of(memory) ?? []) {
        const region = use.path[use.path.length - 1]?.region;
        if (!use.isWritten || region === undefined) continue;
        const known = stores.get(region);
        if (known === undefined) stores.set(region, [{ memory, use }]);
        else known.push({ memory, use });
      }
    }
    return stores;
  }

  #block(block: Block): Block {
    return mapOperations(block, (o) => this.#operation(o));
  }

  #operation(operation: Operation): Operation | readonly Operation[] {
    const { regions, results } = operation;
    if (regions.length > 0) {
      const swept = regions.map((r) => this.#block(r));
      return withRegions(operation, swept);
    }
    if (freshMemory(operation) !== null) return this.#allocation(operation, results[0]);
    const access = accessOf(operation);
    if (access === null) return operation;
    const { memory, axes } = this.#placeOf(access.memory);
    if (memory === access.memory) return operation;
    const at = subscriptsOf(operation).map(dimOf);
    return withAccess(operation, memory, axes === null ? at : axes.map((k) => at[k]));
  }

  /** Memory that is nowhere used any more goes, unless it has another name. */
  #allocation(operation: Operation, memory: Value): Operation | readonly Operation[] {
    const place = this.#places.get(memory);
    if (place === undefined) return operation;
    const old = this.#uses.isRenamed(memory) ? [operation] : [];
    return place.axes === null ? old : [...old, withParts(operation, { results: [place.memory] })];
  }

  /** Where memory is in the end. */
  #placeOf(memory: Value): Place {
    let place: Place = { memory, axes: null };
    for (let next = this.#places.get(memory); next !== undefined; next = this.#places.get(next.memory)) place = next;
    return place;
  }
}
