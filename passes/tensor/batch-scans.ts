// Batches the iterations of scans that carry nothing: their iterations are independent, and some dozens of them run
// side by side. What is invariant is computed once for all of them, as the point of a Jacobian is for its columns. What
// differs gets a new last axis for the iterations, so that these are contiguous in memory and make the innermost loop.

import {
  type Block,
  BlockBuilder,
  currentBlock,
  type Func,
  FuncScope,
  findFunc,
  holdsOp,
  loopOf,
  type Module,
  makeBlock,
  mapBodies,
  type Op,
  type Operation,
  productOf,
  Replacements,
  shapeOf,
  signatureOf,
  type Value,
  ValueSet,
  walk,
  withBuilder,
  withOperands,
  withRegions,
} from "../../src/ir/index.ts";
import { pad, permute, reshape, scan, slice } from "../../src/ops/index.ts";
import { definePass } from "../../src/rewrite/index.ts";
import { KnownSteps } from "./batch-scans/known-steps.ts";
import { Spread } from "./batch-scans/spread.ts";
import { StepsAtOnce } from "./batch-scans/sweep.ts";

/** The most iterations that run side by side. */
const mostSteps = 64;
/** Fewer iterations than this make inner loops that cost more than they save. */
const leastSteps = 4;
/** The most elements of one tensor for all iterations side by side, so that it stays in a cache. */
const mostElements = 1 << 18;

export const batchScans = definePass({
  name: "batch-scans",
  summary: "Runs steps of a scan that carries nothing side by side, where loops in them are the same for each.",
  example: `func @main(%rows: f64[8, 3], %x: f64[3]) -> f64[8, 3] {
  %ys = scan over(%row: f64[3] = %rows) : f64[8, 3] {
    %zero = constant 0 : f64
    %k, %y = while carry(%k: f64 = %zero, %y: f64[3] = %row) : f64, f64[3] {
      %end = constant 9 : f64
      %go = compare %k, %end, direction = lt : bool
      yield %go
    } do(%k: f64, %y: f64[3]) {
      %one = constant 1 : f64
      %k_1 = add %k, %one : f64
      %rate = sin %x : f64[3]
      %y_1 = mul %y, %rate : f64[3]
      yield %k_1, %y_1
    }
    yield %y
  }
  return %ys
}
`,
  run: (module) =>
    mapBodies(module, (body, func) => (holdsOp(body, isScan) ? new BatchingScans(module, func).run() : body)),
});

function isScan(op: Op): boolean {
  return op.loop !== null && op.loop.test === null && op.loop.indices === 0;
}

/** The number of iterations of a scan that carries nothing and has loops in its body; null for any other operation. */
function extentOf(operation: Operation): number | null {
  if (!isScan(operation.op) || operation.segments[0] > 0 || operation.operands.length === 0) return null;
  const extent = loopOf(operation)?.extent;
  if (typeof extent !== "number" || extent < leastSteps) return null;
  return operation.regions[0].operations.some((o) => o.op.loop !== null) ? extent : null;
}

/** A scan whose iterations run side by side, `width` at a time. */
interface Plan {
  readonly extent: number;
  readonly width: number;
  readonly spread: Spread;
}

function planOf(operation: Operation): Plan | null {
  const extent = extentOf(operation);
  if (extent === null) return null;
  const [body] = operation.regions;
  const spread = Spread.of(body);
  if (spread === null || !hasCommon(body, spread)) return null;
  const most = Math.min(mostSteps, Math.floor(mostElements / largest(body, spread)));
  if (most < leastSteps) return null;
  return { extent, width: widthOf(extent, most), spread };
}

/**
 * How many iterations run at once: the largest divisor of the extent from `most` down to a quarter of it; where there
 * is none, a width that leaves a rest.
 */
function widthOf(extent: number, most: number): number {
  for (let width = Math.min(extent, most); width >= Math.max(leastSteps, most / 4); width--)
    if (extent % width === 0) return width;
  return Math.ceil(extent / Math.ceil(extent / most));
}

/**
 * Whether a quarter of the varying operations read an invariant that each iteration would compute again, as a tangent
 * reads its point. Loops that share no more than their counters are left alone: they keep their carried values in
 * scalars.
 */
function hasCommon(body: Block, spread: Spread): boolean {
  const common = new ValueSet();
  let [reading, all] = [0, 0];
  walk(body, (operation) => {
    const { op, operands, regions, results } = operation;
    for (const region of regions) for (const a of region.arguments) if (!spread.has(a)) common.add(a);
    if (!spread.touches(operation)) {
      if (!op.traits.constant) for (const r of results) common.add(r);
    } else if (regions.length === 0) {
      all++;
      if (operands.some((v) => common.has(v))) reading++;
    }
  });
  return reading * 4 >= all;
}

/** The elements of the largest tensor that differs between iterations, as far as sizes are known. */
function largest(body: Block, spread: Spread): number {
  let most = 1;
  const see = (v: Value): void => {
    const size = spread.has(v) && v.type.kind === "tensor" ? productOf(v.type.shape) : 1;
    if (typeof size === "number") most = Math.max(most, size);
  };
  for (const a of body.arguments) see(a);
  walk(body, ({ results }) => results.forEach(see));
  return most;
}

/** Rewrites the scans of one function. */
class BatchingScans {
  readonly #func: Func;
  readonly #scope: FuncScope;
  readonly #replacements = new Replacements();
  readonly #known: KnownSteps;
  #isChanged = false;

  constructor(module: Module, func: Func) {
    this.#func = func;
    this.#known = new KnownSteps(func.body);
    this.#scope = new FuncScope(func.constraints, (name) => {
      const callee = findFunc(module, name);
      return callee === undefined ? null : signatureOf(callee);
    });
  }

  run(): Block {
    const body = this.#block(this.#func.body, new BlockBuilder(this.#scope));
    return this.#isChanged ? body : this.#func.body;
  }

  #block(block: Block, builder: BlockBuilder): Block {
    for (const operation of block.operations) {
      const plan = planOf(operation);
      if (plan !== null) this.#scan(operation, plan, builder);
      else if (operation.regions.length === 0) builder.append(this.#replacements.operation(operation));
      else {
        const regions = operation.regions.map((r) => this.#block(r, new BlockBuilder(this.#scope, builder)));
        builder.append(withRegions(withOperands(operation, this.#replacements.all(operation.operands)), regions));
      }
    }
    return makeBlock(block.arguments, builder.operations, this.#replacements.all(block.results));
  }

  #scan(operation: Operation, plan: Plan, builder: BlockBuilder): void {
    this.#isChanged = true;
    builder.origin = operation.origin;
    const { operands, regions, results } = this.#replacements.operation(operation);
    const atOnce = new StepsAtOnce(plan.spread, plan.width, this.#known);
    const side = (rows: readonly Value[]): readonly Value[] =>
      atOnce.body(regions[0], rows.map(rowsBehind), currentBlock()).map(rowsFirst);
    const whole = withBuilder(builder, () =>
      plan.width === plan.extent ? side(operands) : this.#batches(operands, plan, side),
    );
    for (const [i, r] of results.entries()) this.#replacements.set(r, whole[i]);
  }

  /** Scans over batches of `width` iterations. The last one is padded with rows of zeros, whose results are cut off. */
  #batches(operands: readonly Value[], { extent, width }: Plan, side: (rows: readonly Value[]) => readonly Value[]) {
    const count = Math.ceil(extent / width);
    const rest = count * width - extent;
    const batches = operands.map((v) => {
      const [, ...row] = shapeOf(v);
      const high = [rest, ...row.map(() => 0)];
      return reshape(pad(v, { low: high.map(() => 0), high }), [count, width, ...row]);
    });
    return scan([], batches, (_, rows) => ({ carry: [], out: side(rows) })).map((v) => {
      const [, , ...row] = shapeOf(v);
      const all = reshape(v, [count * width, ...row]);
      return rest === 0 ? all : slice(all, { start: [0, ...row.map(() => 0)], limit: [extent, ...row] });
    });
  }
}

/** Moves the first axis behind the others. */
function rowsBehind(x: Value): Value {
  const rank = shapeOf(x).length;
  return rank < 2 ? x : permute(x, [...Array.from({ length: rank - 1 }, (_, i) => i + 1), 0]);
}

/** Moves the last axis in front of the others. */
function rowsFirst(x: Value): Value {
  const rank = shapeOf(x).length;
  return rank < 2 ? x : permute(x, [rank - 1, ...Array.from({ length: rank - 1 }, (_, i) => i)]);
}
