// Heavy blocks are cut into parts, which become functions: V8 never optimises a function over about 60 KB of bytecode.
//
// Numbers cross between parts through scratch memory, never through parameters, since thousands may. The parts of a block
// are called one after another where it stood. What they allocate for others is allocated there too, and lists that they
// change for others come back from the calls.

import {
  type Block,
  BlockBuilder,
  boundByName,
  type Func,
  funcsByName,
  holdsOp,
  isFree,
  isSilent,
  type Module,
  makeBlock,
  makeModule,
  type Operation,
  Replacements,
  signatureOf,
  statesSpans,
  type Value,
  withBody,
  withBuilder,
  withOperations,
  withRegions,
} from "../../src/ir/index.ts";
import { call, Scratch } from "../../src/ops/index.ts";
import { copyOf, definePass, FreshNames, OutlinedFunc, OutliningSource } from "../../src/rewrite/index.ts";
import { javascript } from "../../src/target/index.ts";
import { isHeavy } from "./analyses/weights.ts";
import { type Crossing, crossingOf } from "./outline-parts/crossing.ts";
import { type Cuts, cutsOf } from "./outline-parts/cut.ts";

const name = "outline-parts";

export const outlineParts = definePass({
  name,
  summary: "Cuts heavy blocks into parts, functions that engines optimise.",
  level: "loop",
  small: { name, summary: "", level: "loop", run: (module) => cutHeavy(module, 6) },
  example: `func @main(%x: f64, %y: f64) -> f64 {
  %a = sin %x : f64
  %b = cos %y : f64
  %c = mul %a, %b : f64
  %d = exp %c : f64
  %e = add %d, %a : f64
  return %e
}
`,
  run: (module, { target = javascript }) => cutHeavy(module, target.functions.heaviest),
});

/** Cuts blocks that are heavier than `heaviest`. */
function cutHeavy(module: Module, heaviest: number): Module {
  const cuts = module.funcs.map(({ body }) =>
    isHeavy(body, heaviest) && !isPlanned(body) ? cutsOf(body, heaviest) : null,
  );
  if (cuts.every((c) => c === null)) return module;
  const shared = {
    names: new FreshNames(module),
    funcs: new Map(funcsByName(module)),
  };
  return makeModule(
    module.funcs.flatMap((func, i) => {
      const own = cuts[i];
      return own === null ? [func] : new Cutting(func, own, shared).run();
    }),
  );
}

/** Whether memory shares places already: a call of a part would use all of its memory at once. */
function isPlanned(body: Block): boolean {
  return holdsOp(body, statesSpans);
}

/** What the functions of a module share while they are cut. */
interface Shared {
  readonly names: FreshNames;
  readonly funcs: Map<string, Func>;
}

/** One function, whose heavy blocks become calls of parts. */
class Cutting {
  readonly #func: Func;
  readonly #cuts: Cuts;
  readonly #shared: Shared;
  readonly #source: OutliningSource;
  readonly #crossing: Crossing;
  readonly #scratch: Scratch;
  readonly #made: Func[] = [];

  constructor(func: Func, cuts: Cuts, shared: Shared) {
    this.#func = func;
    this.#cuts = cuts;
    this.#shared = shared;
    this.#source = new OutliningSource(func, (name) => shared.funcs.get(name) ?? null);
    this.#crossing = crossingOf(func.body, cuts);
    this.#scratch = new Scratch(this.#crossing.sizes, this.#func.origin);
  }

  /** The function, and behind it its parts. */
  run(): readonly Func[] {
    const { arguments: args, operations, results } = this.#block(this.#func.body);
    const body = makeBlock(args, [...this.#scratch.operations, ...operations], results);
    return [withBody(this.#func, body), ...this.#made];
  }

  #block(block: Block): Block {
    const ends = this.#cuts.get(block);
    const builder = new BlockBuilder(this.#source.scope());
    builder.origin = this.#func.origin;
    this.#storeAll(block.arguments, builder, itself);
    const operations = block.operations.map((operation) =>
      operation.regions.length === 0
        ? operation
        : withRegions(
            operation,
            operation.regions.map((r) => this.#block(r)),
          ),
    );
    if (ends !== undefined) return this.#cut({ ...block, operations }, ends, builder);
    for (const operation of operations) {
      builder.append(operation);
      this.#storeAll(operation.results, builder, itself);
    }
    return withOperations(block, builder.operations);
  }

  /** Writes the values that cross to scratch memory, as soon as they are there. */
  #storeAll(values: readonly Value[], builder: BlockBuilder, here: (memory: Value) => Value): void {
    for (const v of values) {
      const slot = this.#crossing.slots.get(v);
      if (slot !== undefined) builder.append(this.#scratch.store(v, slot, here));
    }
  }

  /** Reads a value that crosses from scratch memory; null for any other. */
  #load(value: Value, builder: BlockBuilder, here: (memory: Value) => Value): Value | null {
    const slot = this.#crossing.slots.get(value);
    if (slot === undefined) return null;
    const load = this.#scratch.load(slot, value.name, here);
    builder.append(load);
    return load.results[0];
  }

  /** Calls of the block's parts. What the block gives that a part defines is read behind them. */
  #cut(block: Block, ends: readonly number[], builder: BlockBuilder): Block {
    const replacements = new Replacements();
    let start = 0;
    for (const end of ends) {
      this.#part(block.operations.slice(start, end), builder, replacements);
      start = end;
    }
    const given = new Set(block.results);
    const inParts = new Set<Value>();
    for (const { results } of block.operations) for (const v of results) if (given.has(v)) inParts.add(v);
    const results = block.results.map((v) => (inParts.has(v) ? this.#behind(v, builder) : v));
    return replacements.block(makeBlock(block.arguments, builder.operations, results));
  }

  /** A value that a part defines, for the block that calls it. */
  #behind(value: Value, builder: BlockBuilder): Value {
    const made = this.#source.definition(value);
    if (made === undefined || !isFree(made)) return this.#load(value, builder, itself) ?? value;
    const again = copyOf(made, (v) => this.#behind(v, builder));
    builder.append(again);
    return again.results[0];
  }

  /** Makes a function of operations, and appends its call. */
  #part(operations: readonly Operation[], builder: BlockBuilder, replacements: Replacements): void {
    const { leaving } = this.#crossing;
    const outlined: OutlinedFunc = new OutlinedFunc(this.#source, (v) => this.#load(v, outlined.builder, here));
    const here = (memory: Value): Value => outlined.value(memory);
    const given: Value[] = [];
    for (const operation of operations) {
      const { results } = operation;
      const leaves = leaving.size > 0 && results.some((v) => leaving.has(v));
      if (leaves && isFresh(operation)) {
        builder.append(operation);
        continue;
      }
      if (leaves) given.push(...results.filter((v) => leaving.has(v)));
      outlined.move(operation);
      this.#storeAll(results, outlined.builder, here);
    }
    const { names, funcs } = this.#shared;
    const made = outlined.finish(names.next(`${this.#func.name}.part`), given, this.#func.origin);
    this.#made.push(made);
    const signature = signatureOf(made);
    funcs.set(made.name, made);
    const passed = withBuilder(builder, () =>
      call(
        signature,
        outlined.passed,
        boundByName(signature.symbols),
        given.map((v) => v.name),
      ),
    );
    for (const [i, v] of given.entries()) replacements.set(v, passed[i]);
  }
}

const itself = (memory: Value): Value => memory;

/** Whether an operation gives memory of its own, and may run before others: it reads nothing. */
function isFresh({ op, operands, regions, results }: Operation): boolean {
  return operands.length === 0 && regions.length === 0 && isSilent(op.effects) && results[0].type.kind === "memref";
}
