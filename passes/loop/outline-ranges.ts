// Long counted loops run in ranges, each a call of a function, which engines optimise as a whole.
//
// What a loop carries is passed to the call, and comes back from it. Several numbers are in memory instead, one for each
// dtype: as parameters and results each would be boxed (measured: 1.14 times as long for a sum of a million).

import {
  addDims,
  type Block,
  BlockBuilder,
  boundByName,
  currentBlock,
  type Dim,
  type DType,
  elementDType,
  type Func,
  funcsByName,
  indexDim,
  type Module,
  makeBlock,
  makeModule,
  maxDims,
  minDims,
  mulDims,
  type Operation,
  Replacements,
  scalar,
  signatureOf,
  subDims,
  substituteIndices,
  Value,
  withBody,
  withBuilder,
  withOperations,
  withRegions,
} from "../../src/ir/index.ts";
import { call, div, forRegion, indexValue, mul, Scratch, type Slot } from "../../src/ops/index.ts";
import { definePass, FreshNames, OutlinedFunc, OutliningSource, type Pass } from "../../src/rewrite/index.ts";
import { type FunctionFigures, javascript } from "../../src/target/index.ts";
import { type CountedLoop, countedLoop, isOverIndices } from "./analyses/counted.ts";
import { areNumbers, type RangeLength, rangeOf } from "./outline-ranges/choose.ts";

const name = "outline-ranges";

export const outlineRanges = definePass({
  name,
  summary: "Runs long loops in ranges, each a call of a function of its own.",
  level: "loop",
  idempotent: true,
  small: rangesPass({ ...javascript.functions, chunk: 3, short: 1, long: 2 }),
  example: `func @main<N>(%x: memref<f64[N]>) -> f64 {
  %zero = constant 0 : f64
  %sum = for %i: index = 0 to N carry(%acc: f64 = %zero) : f64 {
    %x_i = load %x[%i] : f64
    %next = add %acc, %x_i : f64
    yield %next
  }
  return %sum
}
`,
  run: (module, { target = javascript }) => outlined(module, target.functions),
});

/**
 * The pass with other limits.
 *
 * @__NO_SIDE_EFFECTS__
 */
function rangesPass(limits: FunctionFigures): Pass {
  return { name, summary: "", level: "loop", idempotent: true, run: (module) => outlined(module, limits) };
}

function outlined(module: Module, limits: FunctionFigures): Module {
  const isLong = module.funcs.map(({ body }) => !runsRange(body) && holdsLong(body, false, limits));
  if (!isLong.includes(true)) return module;
  const outlining = new Outlining(module, limits);
  return makeModule(module.funcs.flatMap((func, i) => (isLong[i] ? outlining.func(func) : [func])));
}

/** Whether a loop in the block is to run in ranges. */
function holdsLong({ operations }: Block, isInside: boolean, limits: FunctionFigures): boolean {
  return operations.some((operation) => {
    if (operation.regions.length === 0) return false;
    const loop = countedLoop(operation);
    if (loop !== null && rangeOf(loop, isInside, limits) !== null) return true;
    return operation.regions.some((r) => holdsLong(r, true, limits));
  });
}

/** Whether a function runs a range of its caller's loop: it has a loop from an index on that the caller gives. */
function runsRange(body: Block): boolean {
  return body.operations.some(
    (operation) =>
      isOverIndices(operation) &&
      typeof operation.attributes.lower !== "number" &&
      operation.operands.some((v) => body.arguments.includes(v)),
  );
}

class Outlining {
  readonly #limits: FunctionFigures;
  readonly #names: FreshNames;
  readonly #funcs: Map<string, Func>;
  /** What was made from the function at hand. */
  #made: Func[] = [];

  constructor(module: Module, limits: FunctionFigures) {
    this.#limits = limits;
    this.#names = new FreshNames(module);
    this.#funcs = new Map(funcsByName(module));
  }

  /** The function, and behind it those that were made from it. */
  func(func: Func): readonly Func[] {
    this.#made = [];
    const source = new OutliningSource(func, (name) => this.#funcs.get(name) ?? null);
    const body = this.#block(func.body, source, null);
    return [withBody(func, body), ...this.#made];
  }

  #block(block: Block, source: OutliningSource, parent: BlockBuilder | null): Block {
    const builder = new BlockBuilder(source.scope(), parent);
    const replacements = new Replacements();
    for (const operation of block.operations) {
      const loop = operation.regions.length === 0 ? null : countedLoop(operation);
      const range = loop === null ? null : rangeOf(loop, parent !== null, this.#limits);
      builder.origin = operation.origin;
      if (loop !== null && range !== null) {
        const results = withBuilder(builder, () => this.#ranges(loop, range, source));
        for (const [i, r] of operation.results.entries()) replacements.set(r, results[i]);
      } else builder.append(this.#inside(operation, source, builder));
    }
    return replacements.block(withOperations(block, builder.operations));
  }

  #inside(operation: Operation, source: OutliningSource, builder: BlockBuilder): Operation {
    return withRegions(
      operation,
      operation.regions.map((r) => this.#block(r, source, builder)),
    );
  }

  /** The loop over ranges, in the current block; gives what the loop gave. */
  #ranges(loop: CountedLoop, length: RangeLength, source: OutliningSource): readonly Value[] {
    const range = rangeDim(loop, length);
    const tuple = loop.carry.length > 1 && areNumbers(loop) ? new Tuple(loop) : null;
    const outlined = new OutlinedFunc(source);
    const from = outlined.builder.argument(scalar("index"), "from");
    const results = withBuilder(outlined.builder, () => writeRange(outlined, loop, { from, range, tuple }));
    const { origin } = loop.operation;
    const made = outlined.finish(this.#names.next(`${source.func.name}.range`), results, origin);
    const callee = signatureOf(made);
    this.#funcs.set(made.name, made);
    this.#made.push(made);
    const names = loop.carry.map((v) => v.name);
    const ranges = eachRange(loop, range, tuple === null ? loop.inits : [], (at, carry) =>
      call(callee, [at, ...carry, ...outlined.passed], boundByName(callee.symbols), tuple === null ? names : []),
    );
    return tuple === null ? ranges : tuple.load((memory) => memory);
  }
}

/** How far apart the beginnings of two ranges are. */
function rangeDim({ step }: CountedLoop, length: RangeLength): Dim {
  if (length.kind === "known") return step * length.steps;
  const inner = indexValue(maxDims(length.inner, 1));
  return mulDims(step, indexDim(indexValue(maxDims(indexDim(div(indexValue(length.steps), inner)), 1))));
}

/** A loop over the beginnings of ranges. Those of open length are counted, since a loop's step is a known number. */
function eachRange(
  { lower, upper, carry, operation }: CountedLoop,
  range: Dim,
  inits: readonly Value[],
  body: (at: Value, carry: readonly Value[]) => readonly Value[],
): readonly Value[] {
  const region = (name: string, step: (index: Value, carry: readonly Value[]) => readonly Value[]): Block =>
    currentBlock().region([scalar("index"), ...inits.map((v) => v.type)], (index, ...values) => step(index, values), [
      name,
      ...carry.map((v) => v.name),
    ]);
  const names = inits.map((_, k) => operation.results[k].name);
  // ranges of steps in any order are in any order
  const op = isOverIndices(operation) ? operation.op : undefined;
  if (typeof range === "number") return forRegion(lower, upper, range, inits, region("at", body), names, op);
  const length = indexValue(range);
  const count = div(indexValue(addDims(subDims(upper, lower), subDims(range, 1))), length);
  const one = (k: Value, values: readonly Value[]): readonly Value[] =>
    body(indexValue(addDims(lower, indexDim(mul(k, length)))), values);
  return forRegion(0, indexDim(count), 1, inits, region("k", one), names, op);
}

/** The loop over one range, in the function that is made; gives the function's results. */
function writeRange(
  outlined: OutlinedFunc,
  loop: CountedLoop,
  { from, range, tuple }: { readonly from: Value; readonly range: Dim; readonly tuple: Tuple | null },
): readonly Value[] {
  const { builder } = outlined;
  builder.origin = loop.operation.origin;
  const inner = (d: Dim): Dim => substituteIndices(d, (v) => indexDim(outlined.value(v)));
  const first = loop.inits.map((v, k) => (tuple === null ? builder.argument(v.type, loop.carry[k].name) : v));
  const start = tuple === null ? first : tuple.load((memory) => outlined.value(memory));
  const { body, index, step } = loop;
  const region = outlined.block(
    index === null
      ? makeBlock([new Value(scalar("index"), "step"), ...body.arguments], body.operations, body.results)
      : body,
  );
  const last = forRegion(
    indexDim(from),
    minDims(addDims(indexDim(from), inner(range)), inner(loop.upper)),
    step,
    start,
    region,
    loop.operation.results.map((r) => r.name),
  );
  if (tuple === null) return last;
  tuple.store(last, (memory) => outlined.value(memory));
  return [];
}

/** Carried numbers in scratch memory. */
class Tuple {
  readonly #scratch: Scratch;
  readonly #carry: readonly Value[];
  readonly #slots: readonly Slot[];

  /** Allocates it in the current block, with the values that the loop begins with. */
  constructor({ carry, inits, operation }: CountedLoop) {
    const sizes = new Map<DType, number>();
    this.#carry = carry;
    this.#slots = carry.map(({ type }) => {
      const dtype = elementDType(type) ?? "f64";
      const at = sizes.get(dtype) ?? 0;
      sizes.set(dtype, at + 1);
      return { dtype, at };
    });
    this.#scratch = new Scratch(sizes, operation.origin);
    for (const operation of this.#scratch.operations) currentBlock().append(operation);
    this.store(inits, (memory) => memory);
  }

  store(values: readonly Value[], here: (memory: Value) => Value): void {
    for (const [k, slot] of this.#slots.entries()) currentBlock().append(this.#scratch.store(values[k], slot, here));
  }

  load(here: (memory: Value) => Value): readonly Value[] {
    return this.#slots.map((slot, k) => {
      const load = this.#scratch.load(slot, this.#carry[k].name, here);
      currentBlock().append(load);
      return load.results[0];
    });
  }
}
