// Removes what nobody uses: operations without effects, what branches yield and loops carry, private functions without callers.

import {
  type Block,
  calleesOf,
  Effects,
  findFunc,
  type Module,
  makeBlock,
  mapBodies,
  mapFuncs,
  type Operation,
  type Value,
  ValueSet,
  withOperations,
  withParts,
  withRegions,
} from "../src/ir/index.ts";
import { definePass } from "../src/rewrite/index.ts";

export const deadNodeElimination = definePass({
  name: "dead-node-elimination",
  summary:
    "Removes operations whose results nobody uses, unless they have effects, and private functions nobody calls.",
  idempotent: true,
  example: `func @main(%x: f64) -> f64 {
  %unused = sin %x : f64
  %y = cos %x : f64
  return %y
}
`,
  run(module) {
    const effects = new Effects(module);
    return withoutUncalled(mapBodies(module, (body) => new Liveness(effects).block(body)));
  },
});

/** Walks one function backwards, so that a value's uses are known before its definition. */
class Liveness {
  readonly #effects: Effects;
  readonly #used = new ValueSet();

  constructor(effects: Effects) {
    this.#effects = effects;
  }

  /** The block without dead operations; everything it yields counts as used. */
  block(block: Block): Block {
    this.#use(block.results);
    const kept: Operation[] = [];
    for (let i = block.operations.length - 1; i >= 0; i--) {
      const operation = block.operations[i];
      if (!this.#isLive(operation)) continue;
      const trimmed = this.#operation(operation);
      this.#use(trimmed.operands);
      kept.push(trimmed);
    }
    return withOperations(block, kept.reverse());
  }

  #isLive(operation: Operation): boolean {
    return operation.results.some((v) => this.#used.has(v)) || this.#effects.of(operation) === "effect";
  }

  #operation(operation: Operation): Operation {
    if (operation.regions.length === 0) return operation;
    if (operation.op.traits.carries === true) return this.#loop(operation);
    const trimmed = operation.op.traits.branches === true ? this.#usedResults(operation) : operation;
    return withRegions(
      trimmed,
      trimmed.regions.map((r) => this.block(r)),
    );
  }

  /** A branch yields only what is used of it. */
  #usedResults(operation: Operation): Operation {
    const isUsed = operation.results.map((v) => this.#used.has(v));
    if (isUsed.every((used) => used)) return operation;
    const used = (values: readonly Value[]): readonly Value[] => values.filter((_, i) => isUsed[i]);
    return withParts(operation, {
      regions: operation.regions.map((r) => makeBlock(r.arguments, r.operations, used(r.results))),
      results: used(operation.results),
    });
  }

  /** A loop carries what is used after it or in one of its steps, and collects what is used after it. */
  #loop(operation: Operation): Operation {
    const { operands, regions, results, segments } = operation;
    const count = segments[0];
    const isUsed = results.map((v) => this.#used.has(v));
    // what a step reads may make it read more
    for (;;) {
      const trimmed = regions.map((r) => this.block(withoutResults(r, regions, isUsed)));
      const added = isUsed.flatMap((used, k) =>
        !used && k < count && regions.some((r) => this.#used.has(r.arguments[k])) ? [k] : [],
      );
      if (added.length === 0) {
        if (isUsed.every((used) => used)) return withRegions(operation, trimmed);
        const isCarried = (k: number): boolean => k >= count || isUsed[k];
        return withParts(operation, {
          operands: operands.filter((_, k) => isCarried(k)),
          regions: trimmed.map((r) =>
            makeBlock(
              r.arguments.filter((_, k) => isCarried(k)),
              r.operations,
              r.results,
            ),
          ),
          results: results.filter((_, k) => isUsed[k]),
          segments: [isUsed.slice(0, count).filter(Boolean).length, ...segments.slice(1)],
        });
      }
      for (const k of added) isUsed[k] = true;
    }
  }

  #use(values: readonly Value[]): void {
    for (const v of values) this.#used.add(v);
  }
}

/** A loop's last region yields what is used; the others, its condition, all they do. */
function withoutResults(region: Block, regions: readonly Block[], isUsed: readonly boolean[]): Block {
  if (region !== regions[regions.length - 1] || isUsed.every((used) => used)) return region;
  return makeBlock(
    region.arguments,
    region.operations,
    region.results.filter((_, k) => isUsed[k]),
  );
}

/** The module without private functions that no public one reaches. */
function withoutUncalled(module: Module): Module {
  const reached = new Set<string>();
  const open = module.funcs.filter((f) => f.visibility === "public").map((f) => f.name);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const func = reached.has(name) ? undefined : findFunc(module, name);
    if (func === undefined) continue;
    reached.add(name);
    for (const callee of calleesOf(func)) open.push(callee);
  }
  return mapFuncs(module, (func) => (reached.has(func.name) ? func : null));
}
