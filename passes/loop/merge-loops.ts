// Loop fusion: neighbouring loops over the same indices become one where an iteration of the later one needs of the earlier
// one only what the same iteration has done. A row of a tensor is in cache then from the first sweep to the last.
//
// What the later loop needs is known by subscripts: of each storage that one of them writes and the other touches, both touch
// along one axis the element of their own index alone. Then iteration i of either has a part of the memory to itself.

import {
  type Block,
  calleeOf,
  Effects,
  type Func,
  freeValues,
  groupOf,
  holdsOp,
  isSilent,
  makeBlock,
  mapBodies,
  type Operation,
  Replacements,
  touchesMemory,
  Value,
  ValueSet,
  withOperations,
  withParts,
  withRegions,
} from "../../src/ir/index.ts";
import { definePass } from "../../src/rewrite/index.ts";
import { javascript, type Target } from "../../src/target/index.ts";
import { type CountedLoop, countedLoop } from "./analyses/counted.ts";
import { conflictsOf, isOwn, keepsErrors, mayBeSwapped, Touches, touchesAnything } from "./analyses/touched.ts";

export const mergeLoops = definePass({
  name: "merge-loops",
  summary: "Turns neighbouring loops over the same indices into one where each iteration has its memory to itself.",
  level: "loop",
  example: `func @main<N>(%x: memref<f64[N, 3]>, %s: out memref<f64[N]>, %y: out memref<f64[N]>) {
  for %i: index = 0 to N {
    %a = load %x[%i, 0] : f64
    %e = exp %a : f64
    store %e, %s[%i]
  }
  for %j: index = 0 to N {
    %b = load %s[%j] : f64
    %c = load %x[%j, 1] : f64
    %d = div %c, %b : f64
    store %d, %y[%j]
  }
  return
}
`,
  run(module, { target = javascript }) {
    // steps of a merged loop are in order, and those of loops in any order may run at once
    if (target.threads > 1) return module;
    const effects = new Effects(module);
    const merging = (func: Func): Merging => new Merging(new Touches(effects, func), target);
    return mapBodies(module, (body, func) => (holdsLoops(body) ? merging(func).block(body) : body));
  },
});

function holdsLoops(block: Block): boolean {
  return holdsOp(block, ({ loop }) => loop !== null);
}

/** A loop that counts, with its order and indices as text. */
interface Counting extends CountedLoop {
  readonly index: Value;
  readonly range: string;
}

class Merging {
  readonly #touches: Touches;
  readonly #target: Target;
  readonly #loops = new WeakMap<Operation, Counting | "other">();
  readonly #used = new WeakMap<Operation, readonly Value[]>();

  constructor(touches: Touches, target: Target) {
    this.#touches = touches;
    this.#target = target;
  }

  block(block: Block): Block {
    if (!holdsLoops(block)) return block;
    const operations: Operation[] = [];
    /** What merged loops give in place of the later of the two. */
    const replaced = new Replacements();
    for (const given of block.operations) {
      const operation = replaced.operation(given);
      const loop = this.#loopOf(operation);
      if (loop === null) operations.push(operation);
      else this.#place(loop, operations, replaced);
    }
    const inner = operations.map((o) =>
      o.regions.length === 0
        ? o
        : withRegions(
            o,
            o.regions.map((r) => this.block(r)),
          ),
    );
    return withOperations(block, inner, replaced.all(block.results));
  }

  #loopOf(operation: Operation): Counting | null {
    if (operation.op.loop === null) return null;
    let known = this.#loops.get(operation);
    if (known === undefined) {
      const loop = countedLoop(operation);
      const { index, lower, upper, step } = loop ?? { index: null, lower: 0, upper: 0, step: 1 };
      // what runs in any order stays apart from what runs in order
      const range = [operation.op.name, lower, upper, step].join();
      known = loop === null || index === null ? "other" : { ...loop, index, range };
      this.#loops.set(operation, known);
    }
    return known === "other" ? null : known;
  }

  /** Appends a loop, or merges it with one of the last operations, which in turn may then be merged with one before. */
  #place(second: Counting, operations: Operation[], replaced: Replacements): void {
    const end = Math.max(0, operations.length - this.#target.merging.distance);
    for (let at = operations.length - 1; at >= end; at--) {
      const first = this.#loopOf(operations[at]);
      if (first === null || first.range !== second.range) continue;
      if (!this.#mayBeMerged(first, second) || !this.#remainNest(first, second)) continue;
      const behind = this.#behind(operations, at, second);
      if (behind === null) continue;
      const [, ...between] = operations.splice(at);
      operations.push(...between.filter((o) => !behind.includes(o)));
      this.#place(this.#merged(first, second, replaced), operations, replaced);
      // the merged loop may have been merged once more
      operations.push(...behind.map((o) => replaced.operation(o)));
      return;
    }
    operations.push(second.operation);
  }

  /** The values that an operation uses, in its regions too. */
  #usedBy(operation: Operation): readonly Value[] {
    if (operation.regions.length === 0) return operation.operands;
    let used = this.#used.get(operation);
    if (used === undefined)
      this.#used.set(operation, (used = [...operation.operands, ...freeValues(...operation.regions)]));
    return used;
  }

  /**
   * The operations behind a loop that cannot run before it; null where a later loop cannot either, for one of these or for
   * what it uses of the first one.
   */
  #behind(operations: readonly Operation[], at: number, { operation }: Counting): readonly Operation[] | null {
    const left = [operations[at]];
    const results = new ValueSet(left[0].results);
    const isFree = (o: Operation, from: number): boolean => {
      if (this.#usedBy(o).some((v) => results.has(v))) return false;
      const isQuiet = isSilent(o.op.effects) && !touchesMemory(o.op.effects);
      if (isQuiet && o.regions.length === 0 && calleeOf(o) === null) return true;
      const touched = this.#touches.of(o);
      return left.every((other, i) => i < from || mayBeSwapped(touched, this.#touches.of(other)));
    };
    for (let i = at + 1; i < operations.length; i++) {
      const o = operations[i];
      if (isFree(o, 0)) continue;
      left.push(o);
      for (const v of o.results) results.add(v);
    }
    return isFree(operation, 1) ? left.slice(1) : null;
  }

  #mayBeMerged(first: Counting, second: Counting): boolean {
    const [a, b] = [first, second].map(({ operation }) => this.#touches.of(operation));
    const { merging, functions } = this.#target;
    // two that each fit in a function stay apart where one would be cut: a function call is slower than a second sweep
    const [lighter, heavier] = [Math.min(a.weight, b.weight), Math.max(a.weight, b.weight)];
    const isCutAnyway = heavier > functions.heaviest && lighter <= functions.heaviest;
    if (lighter + heavier > functions.heaviest && !isCutAnyway) return false;
    if (first.carry.length + second.carry.length > merging.carried) return false;
    if (!keepsErrors(a, b) || (a.isAny && touchesAnything(b)) || (b.isAny && touchesAnything(a))) return false;
    const own = (storage: Value): boolean => isOwn(storage, a, b, first.step);
    const conflicts = conflictsOf(a, b);
    if (conflicts.length > 0) return conflicts.every(own);
    return a.keys.some((storage) => b.storages.get(storage) !== undefined && own(storage));
  }

  /** Whether of two nests that hold nothing else every loop can be merged, so that one remains which may be collapsed. */
  #remainNest(first: Counting, second: Counting): boolean {
    const [a, b] = [first, second].map(({ body: { operations } }) => (operations.length === 1 ? operations[0] : null));
    if (a === null || b === null) return true;
    const [inner, other] = [this.#loopOf(a), this.#loopOf(overIndexOf(first, second).operation(b))];
    if (inner === null || other === null) return true;
    if (inner.range !== other.range) return false;
    return this.#mayBeMerged(inner, other) && this.#remainNest(inner, other);
  }

  /** One loop that runs in each iteration what both did. */
  #merged(first: Counting, second: Counting, given: Replacements): Counting {
    const { operation } = first;
    const replaced = overIndexOf(first, second);
    const region = makeBlock(
      [...first.body.arguments, ...second.carry],
      [...first.body.operations, ...second.body.operations.map((o) => replaced.operation(o))],
      [...first.body.results, ...replaced.all(second.body.results)],
    );
    const inits = [...first.inits, ...second.inits];
    const bounds = groupOf(operation, "bounds");
    const results = second.operation.results.map(({ type, name }) => new Value(type, name));
    for (const [k, v] of second.operation.results.entries()) given.set(v, results[k]);
    const together = withParts(operation, {
      operands: [...bounds, ...inits],
      regions: [region],
      results: [...operation.results, ...results],
      segments: [bounds.length, inits.length],
    });
    this.#touches.merge(together, operation, second.operation);
    const carry = [...first.carry, ...second.carry];
    const merged = { ...first, operation: together, carry, inits, body: region };
    this.#loops.set(together, merged);
    return merged;
  }
}

/** Replaces the index of the second loop by that of the first. */
function overIndexOf(first: Counting, second: Counting): Replacements {
  const replaced = new Replacements();
  replaced.set(second.index, first.index);
  return replaced;
}
