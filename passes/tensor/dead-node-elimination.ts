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
  ValueMap,
  ValueSet,
  walk,
  withOperations,
  withParts,
  withRegions,
} from "../../src/ir/index.ts";
import { definePass } from "../../src/rewrite/index.ts";

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
    return withoutUncalled(mapBodies(module, (body) => new Liveness(effects).body(body)));
  },
});

/** What a value is: result number k of an operation, or number k of the arguments of its regions. */
interface Definition {
  readonly operation: Operation;
  readonly k: number;
  readonly isResult: boolean;
}

/** What of one function is used: from what it returns and does back to what that needs, each value and operation once. */
class Liveness {
  readonly #effects: Effects;
  readonly #used = new ValueSet();
  readonly #live = new Set<Operation>();
  readonly #definitions = new ValueMap<Definition>();
  readonly #open: Value[] = [];

  constructor(effects: Effects) {
    this.#effects = effects;
  }

  /** The function's body without what is dead. */
  body(body: Block): Block {
    const acting: Operation[] = [];
    walk(body, (operation) => {
      for (const [k, v] of operation.results.entries()) this.#definitions.set(v, { operation, k, isResult: true });
      for (const region of operation.regions)
        for (const [k, v] of region.arguments.entries()) this.#definitions.set(v, { operation, k, isResult: false });
      if (this.#effects.of(operation) === "effect") acting.push(operation);
    });
    this.#use(body.results);
    for (const operation of acting) this.#keep(operation);
    for (let v = this.#open.pop(); v !== undefined; v = this.#open.pop()) this.#need(v);
    return this.#block(body);
  }

  #use(values: readonly Value[]): void {
    for (const v of values) {
      if (this.#used.has(v)) continue;
      this.#used.add(v);
      this.#open.push(v);
    }
  }

  /** What a used value needs. */
  #need(v: Value): void {
    const definition = this.#definitions.get(v);
    if (definition === undefined) return;
    const { operation, k, isResult } = definition;
    this.#keep(operation);
    const { op, operands, regions } = operation;
    if (op.traits.carries === true) {
      const isCarried = k < operation.segments[0];
      if (isCarried) this.#use([operands[k]]);
      if (isCarried || isResult) this.#use([regions[regions.length - 1].results[k]]);
    } else if (op.traits.branches === true) for (const region of regions) this.#use([region.results[k]]);
  }

  /** What an operation needs whatever is used of it. */
  #keep(operation: Operation): void {
    if (this.#live.has(operation)) return;
    this.#live.add(operation);
    const { op, operands, regions, segments } = operation;
    const isLoop = op.traits.carries === true;
    this.#use(isLoop ? operands.slice(segments[0]) : operands);
    if (op.traits.branches === true) return;
    // a loop's last region yields what is carried on and collected, the others its condition
    for (const region of isLoop ? regions.slice(0, -1) : regions) this.#use(region.results);
  }

  // ---- what is left -------------------------------------------------------------------------------------------------

  #block(block: Block): Block {
    const kept = block.operations.filter((o) => this.#live.has(o)).map((o) => this.#operation(o));
    return withOperations(block, kept);
  }

  #operation(operation: Operation): Operation {
    const { op, regions } = operation;
    if (regions.length === 0) return operation;
    if (op.traits.carries === true) return this.#loop(operation);
    const trimmed = op.traits.branches === true ? this.#usedResults(operation) : operation;
    return withRegions(
      trimmed,
      trimmed.regions.map((r) => this.#block(r)),
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
    const isUsed = results.map(
      (v, k) => this.#used.has(v) || (k < count && regions.some((r) => this.#used.has(r.arguments[k]))),
    );
    const trimmed = regions.map((r) => this.#block(r));
    if (isUsed.every((used) => used)) return withRegions(operation, trimmed);
    const isCarried = (k: number): boolean => k >= count || isUsed[k];
    return withParts(operation, {
      operands: operands.filter((_, k) => isCarried(k)),
      regions: trimmed.map((r, i) =>
        makeBlock(
          r.arguments.filter((_, k) => isCarried(k)),
          r.operations,
          i === regions.length - 1 ? r.results.filter((_, k) => isUsed[k]) : r.results,
        ),
      ),
      results: results.filter((_, k) => isUsed[k]),
      segments: [isUsed.slice(0, count).filter(Boolean).length, ...segments.slice(1)],
    });
  }
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
