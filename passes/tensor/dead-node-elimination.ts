// Removes what nobody uses: operations without effects, writes to memory that nobody reads, what branches yield and loops
// carry, private functions without callers.

import {
  type Block,
  calleeOf,
  Effects,
  type Loop,
  loopOf,
  makeBlock,
  mapBodies,
  mustStay,
  type Operation,
  type OperationEffects,
  ownEffects,
  Storages,
  touchesMemory,
  type Value,
  ValueMap,
  ValueSet,
  withOperations,
  withoutUnreached,
  withParts,
  withRegions,
} from "../../src/ir/index.ts";
import { definePass } from "../../src/rewrite/index.ts";

export const deadNodeElimination = definePass({
  name: "dead-node-elimination",
  summary:
    "Removes operations whose results nobody uses, unless they have effects, writes to memory that nobody reads, and private functions nobody calls.",
  level: "both",
  idempotent: true,
  example: `func @main(%x: f64) -> f64 {
  %unused = sin %x : f64
  %y = cos %x : f64
  return %y
}
`,
  run(module) {
    const effects = new Effects(module);
    return withoutUnreached(mapBodies(module, (body) => new Liveness(effects, body).body()));
  },
});

/** What a value is: result number k of an operation, or number k of the arguments of its regions. */
interface Definition {
  readonly operation: Operation;
  readonly k: number;
  readonly isResult: boolean;
}

/**
 * Whether an operation of the loop level checks a place of something that is read, or it would not be there. The read may need
 * no subscript along an axis, as that of a broadcast along its new one, and its check stays all the same.
 */
function checksPlace({ op }: Operation): boolean {
  return op.level === "loop" && op.effects.fails && !touchesMemory(op.effects);
}

function isMemory({ type }: Value): boolean {
  return type.kind === "memref";
}

/** What of one function is used: from what it returns and does back to what that needs, each value and operation once. */
class Liveness {
  readonly #effects: Effects;
  readonly #body: Block;
  readonly #storages: Storages;
  /** Whether the function makes memory. */
  #hasMemory = false;
  /** Writes to memory that the function makes for itself: each is live once something that is live reads that. */
  readonly #writers = new ValueMap<Operation[]>();
  /** Of what acts in a region or holds regions itself, the operation that holds the region. */
  readonly #holders = new Map<Operation, Operation>();
  readonly #used = new ValueSet();
  readonly #live = new Set<Operation>();
  readonly #definitions = new ValueMap<Definition>();
  readonly #open: Value[] = [];
  readonly #acting: Operation[] = [];

  constructor(effects: Effects, body: Block) {
    this.#effects = effects;
    this.#body = body;
    this.#storages = new Storages(body);
  }

  /** The function's body without what is dead. */
  body(): Block {
    this.#enter(this.#body, null);
    this.#use(this.#body.results);
    this.#observe(this.#body.results);
    while (this.#acting.length > 0 || this.#open.length > 0) {
      const operation = this.#acting.pop();
      const v = operation === undefined ? this.#open.pop() : undefined;
      if (operation !== undefined) this.#keep(operation);
      if (v !== undefined) this.#need(v);
    }
    return this.#block(this.#body);
  }

  /** Notes what is defined, and what acts whoever uses its results. */
  #enter(block: Block, holder: Operation | null): void {
    for (const operation of block.operations) {
      const { op, regions, results } = operation;
      for (const [k, v] of results.entries()) this.#definitions.set(v, { operation, k, isResult: true });
      this.#hasMemory ||= results.some(isMemory);
      if (regions.length > 0 && holder !== null) this.#holders.set(operation, holder);
      for (const region of regions) {
        for (const [k, v] of region.arguments.entries()) this.#definitions.set(v, { operation, k, isResult: false });
        this.#enter(region, operation);
      }
      const isCall = calleeOf(operation) !== null;
      if (!mustStay(isCall ? this.#effects.of(operation) : op.effects) && !checksPlace(operation)) continue;
      // what acts in a region has been noted by itself
      const effects = regions.length === 0 || isCall ? this.#effects.of(operation) : ownEffects(operation);
      if (holder !== null) this.#holders.set(operation, holder);
      if (!this.#onlyWrites(operation, effects)) this.#acting.push(operation);
    }
  }

  /** Whether the operation does no more than write to memory that the function makes; it is noted with that. */
  #onlyWrites(operation: Operation, { observable, writes }: OperationEffects): boolean {
    if (observable || writes.length === 0) return false;
    const isOwn = (v: Value): boolean => this.#definitions.get(v)?.isResult === true;
    const written = writes.map((v) => this.#storages.of(v));
    if (written.some((storages) => storages === "any" || !storages.every(isOwn))) return false;
    for (const storage of written.flat()) {
      if (storage === "any") continue;
      const writers = this.#writers.get(storage);
      if (writers === undefined) this.#writers.set(storage, [operation]);
      else writers.push(operation);
    }
    return true;
  }

  /** What is live reads memory: so is whatever writes to it. */
  #observe(values: readonly Value[]): void {
    for (const v of values) {
      if (v.type.kind !== "memref") continue;
      const storages = this.#storages.of(v);
      // memory of which nothing is known went through something that read it
      if (storages === "any") continue;
      for (const storage of storages) {
        for (const writer of this.#writers.get(storage) ?? []) this.#acting.push(writer);
        this.#writers.delete(storage);
      }
    }
  }

  /** The memory that an operation reads, or passes on as something else than another name of it. */
  #readBy(operation: Operation): readonly Value[] {
    const { op, operands, results } = operation;
    const memory = operands.filter(isMemory);
    if (memory.length === 0) return memory;
    const { reads, writes, observable } = this.#effects.of(operation);
    if (observable) return memory;
    const named = op.aliases.map((i) => operands[i]);
    const isPassedOn = results.some((v, k) => op.aliases[k] === undefined && v.type.kind !== "tensor");
    const isWrittenOnly = (v: Value): boolean => !isPassedOn && writes.includes(v) && !reads.includes(v);
    return memory.filter((v) => !named.includes(v) && !isWrittenOnly(v));
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
    const loop = loopOf(operation);
    if (loop !== null) {
      const at = isResult ? k : k - loop.firstArgument;
      const isCarried = at >= 0 && at < loop.count;
      if (isCarried) this.#use([loop.inits[at]]);
      if (isCarried || isResult) this.#use([loop.body.results[at]]);
    } else if (operation.op.traits.branches) for (const region of operation.regions) this.#use([region.results[k]]);
  }

  /** What an operation needs whatever is used of it. */
  #keep(operation: Operation): void {
    if (this.#live.has(operation)) return;
    this.#live.add(operation);
    const { op, operands, regions } = operation;
    const holder = this.#holders.size === 0 ? undefined : this.#holders.get(operation);
    if (holder !== undefined) this.#keep(holder);
    const loop = loopOf(operation);
    if (loop !== null) {
      this.#use(operands.filter((_, i) => i < loop.firstOperand || i >= loop.firstOperand + loop.count));
      this.#use(loop.test?.results ?? []);
      return;
    }
    this.#use(operands);
    if (op.traits.branches) return;
    for (const region of regions) this.#use(region.results);
    if (!this.#hasMemory) return;
    this.#observe(this.#readBy(operation));
    for (const region of regions) this.#observe(region.results);
  }

  // ---- what is left -------------------------------------------------------------------------------------------------

  #block(block: Block): Block {
    const kept = block.operations.filter((o) => this.#live.has(o)).map((o) => this.#operation(o));
    return withOperations(block, kept);
  }

  #operation(operation: Operation): Operation {
    const { op, regions } = operation;
    if (regions.length === 0) return operation;
    const loop = loopOf(operation);
    if (loop !== null) return this.#loop(loop);
    const trimmed = op.traits.branches ? this.#usedResults(operation) : operation;
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
  #loop({ operation, count, firstOperand, firstArgument, body }: Loop): Operation {
    const { op, operands, regions, results, segments } = operation;
    const isUsed = results.map(
      (v, k) => this.#used.has(v) || (k < count && regions.some((r) => this.#used.has(r.arguments[firstArgument + k]))),
    );
    const trimmed = regions.map((r) => this.#block(r));
    if (isUsed.every((used) => used)) return withRegions(operation, trimmed);
    const keep = (values: readonly Value[], first: number): readonly Value[] =>
      values.filter((_, i) => i < first || i >= first + count || isUsed[i - first]);
    const carried = op.groups.indexOf(op.loop?.carried ?? "");
    return withParts(operation, {
      operands: keep(operands, firstOperand),
      regions: trimmed.map((r, i) =>
        makeBlock(
          keep(r.arguments, firstArgument),
          r.operations,
          regions[i] === body ? r.results.filter((_, k) => isUsed[k]) : r.results,
        ),
      ),
      results: results.filter((_, k) => isUsed[k]),
      segments: segments.map((n, i) => (i === carried ? isUsed.slice(0, count).filter(Boolean).length : n)),
    });
  }
}
