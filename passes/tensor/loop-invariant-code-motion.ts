// Moves out of loops what is the same at each step. Before differentiation that is more than time saved: what a loop
// computes, its backward loop may need, and has kept for each step. A read of memory is the same at each step where the loop
// writes to no storage that it may be of.

import {
  type Block,
  calleeOf,
  type DType,
  Effects,
  elementDType,
  type Func,
  IndexRanges,
  isScalar,
  mapBodies,
  mustStay,
  type Operation,
  Storages,
  type Value,
  ValueMap,
  ValueSet,
  walk,
  withOperations,
  withRegions,
} from "../../src/ir/index.ts";
import { definePass, literalOf, splatOf } from "../../src/rewrite/index.ts";

export const loopInvariantCodeMotion = definePass({
  name: "loop-invariant-code-motion",
  summary:
    "Moves what is the same at each step of a loop in front of it: operations that write nothing and cannot fail.",
  level: "both",
  idempotent: true,
  example: `func @main(%x: f64, %n: i32) -> f64 {
  %zero = constant 0 : i32
  %i, %y = while carry(%i: i32 = %zero, %y: f64 = %x) : i32, f64 {
    %go = compare %i, %n, direction = lt : bool
    yield %go
  } do(%i: i32, %y: f64) {
    %one = constant 1 : i32
    %rate = exp %x : f64
    %next = add %y, %rate : f64
    %i_1 = add %i, %one : i32
    yield %i_1, %next
  }
  return %y
}
`,
  run(module) {
    const effects = new Effects(module);
    return mapBodies(module, (body, func) => new Motion(effects, func).block(body));
  },
});

/** Inner loops come first: what leaves them may leave those around too. */
class Motion {
  readonly #effects: Effects;
  readonly #func: Func;
  readonly #storages: Storages;
  readonly #ranges: IndexRanges;
  #splats: ValueMap<number> | null = null;

  constructor(effects: Effects, func: Func) {
    this.#effects = effects;
    this.#func = func;
    this.#storages = new Storages(func.body);
    this.#ranges = new IndexRanges(func.constraints);
  }

  block(block: Block): Block {
    const operations: Operation[] = [];
    for (const operation of block.operations) {
      this.#ranges.enter(operation);
      const regions = operation.regions.map((r) => this.block(r));
      if (operation.op.loop === null) {
        operations.push(withRegions(operation, regions));
        continue;
      }
      const moved = regions.map((r) => this.#invariantsOf(r, operation));
      for (const set of moved) operations.push(...set);
      operations.push(
        withRegions(
          operation,
          regions.map((region, i) => without(region, moved[i])),
        ),
      );
    }
    return withOperations(block, operations);
  }

  /** The operations of a loop's region that are the same at each step, and worth to be moved, in order. */
  #invariantsOf(region: Block, loop: Operation): ReadonlySet<Operation> {
    const variant = new ValueSet(region.arguments);
    const invariant: Operation[] = [];
    for (const operation of region.operations) {
      const isInvariant = !operation.operands.some((v) => variant.has(v)) && this.#isMovable(operation, loop);
      if (isInvariant) invariant.push(operation);
      else for (const v of operation.results) variant.add(v);
    }
    const needed = new ValueSet();
    const moved: Operation[] = [];
    for (const operation of invariant.reverse()) {
      if (costsNothing(operation) && !operation.results.some((v) => needed.has(v))) continue;
      moved.push(operation);
      for (const v of operation.operands) needed.add(v);
    }
    return new Set(moved.reverse());
  }

  /** A loop that runs no step runs what was in front of it: that must neither fail nor go on for ever, nor write. */
  #isMovable(operation: Operation, loop: Operation): boolean {
    const { op, regions, results } = operation;
    return (
      regions.length === 0 &&
      calleeOf(operation) === null &&
      !mustStay(op.effects) &&
      !op.effects.allocates &&
      !op.traits.transform &&
      results.every(({ type }) => type.kind === "tensor" || type.kind === "vector") &&
      (!op.effects.fails || this.#succeeds(operation)) &&
      (op.effects.reads.length === 0 || this.#readsTheSame(operation, loop))
    );
  }

  /** Whether a loop writes to no storage that the operation may read. */
  #readsTheSame(operation: Operation, loop: Operation): boolean {
    const { writes } = this.#effects.of(loop);
    const { reads } = this.#effects.of(operation);
    return reads.every((read) => !writes.some((w) => this.#storages.mayOverlap(read, w)));
  }

  #succeeds(operation: Operation): boolean {
    const { op, operands } = operation;
    if (op.succeeds === undefined) return this.#ranges.isInRange(operation);
    this.#splats ??= splatsOf(this.#func.body);
    const splats = this.#splats;
    return op.succeeds(
      operation,
      operands.map((v) => splats.get(v) ?? null),
    );
  }
}

/** The constants of a function: they may say that an operation does not fail. */
function splatsOf(body: Block): ValueMap<number> {
  const splats = new ValueMap<number>();
  walk(body, (operation) => {
    const splat = splatOf(literalOf(operation));
    if (splat !== null) splats.set(operation.results[0], splat);
  });
  return splats;
}

function without(region: Block, moved: ReadonlySet<Operation>): Block {
  if (moved.size === 0) return region;
  return withOperations(
    region,
    region.operations.filter((operation) => !moved.has(operation)),
  );
}

/**
 * Constants, and what becomes part of whatever reads it: of tensors what is cheap, of scalars conditions and what is counted
 * along with the loops. Such only moves with what needs it.
 */
function costsNothing({ op, operands, results }: Operation): boolean {
  const { constant, cheap, moves } = op.traits;
  const isInRegisters = results.every(({ type }) => isScalar(type) || type.kind === "vector");
  if (constant || !isInRegisters) return constant || cheap || moves;
  return cheap && (results.every((v) => isOf(v, "bool")) || operands.every((v) => isOf(v, "index")));
}

function isOf({ type }: Value, dtype: DType): boolean {
  return elementDType(type) === dtype;
}
