// Moves out of loops what is the same at each step. Before differentiation that is more than time saved: what a loop
// computes, its backward loop may need, and has kept for each step.

import {
  type Block,
  calleeOf,
  isScalar,
  isSilent,
  mapBodies,
  type Operation,
  touchesMemory,
  ValueMap,
  ValueSet,
  walk,
  withOperations,
  withRegions,
} from "../../src/ir/index.ts";
import { definePass, literalOf, splatOf } from "../../src/rewrite/index.ts";

export const loopInvariantCodeMotion = definePass({
  name: "loop-invariant-code-motion",
  summary: "Moves what is the same at each step of a loop in front of it: pure operations that cannot fail.",
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
  run: (module) => mapBodies(module, (body) => inBlock(body, splatsOf(body))),
});

/** The constants of a function, gathered when the first of its operations asks: they may say that it does not fail. */
type Splats = () => ValueMap<number>;

function splatsOf(body: Block): Splats {
  let splats: ValueMap<number> | null = null;
  return () => (splats ??= gatherSplats(body));
}

function gatherSplats(body: Block): ValueMap<number> {
  const splats = new ValueMap<number>();
  walk(body, (operation) => {
    const splat = splatOf(literalOf(operation));
    if (splat !== null) splats.set(operation.results[0], splat);
  });
  return splats;
}

/** Inner loops come first: what leaves them may leave this one too. */
function inBlock(block: Block, splats: Splats): Block {
  const operations: Operation[] = [];
  for (const operation of block.operations) {
    const regions = operation.regions.map((r) => inBlock(r, splats));
    if (operation.op.loop === null) {
      operations.push(withRegions(operation, regions));
      continue;
    }
    const moved = regions.map((r) => invariantsOf(r, splats));
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

function without(region: Block, moved: ReadonlySet<Operation>): Block {
  if (moved.size === 0) return region;
  return withOperations(
    region,
    region.operations.filter((operation) => !moved.has(operation)),
  );
}

/** The operations of a loop's region that are the same at each step, and worth to be moved, in order. */
function invariantsOf(region: Block, splats: Splats): ReadonlySet<Operation> {
  const variant = new ValueSet(region.arguments);
  const invariant: Operation[] = [];
  for (const operation of region.operations) {
    if (isMovable(operation, splats) && !operation.operands.some((v) => variant.has(v))) invariant.push(operation);
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

/** A loop that runs no step runs what was in front of it: that must neither fail nor go on for ever, nor touch memory. */
function isMovable(operation: Operation, splats: Splats): boolean {
  const { op, regions, results } = operation;
  const { traits } = op;
  return (
    (isSilent(op.effects) || succeeds(operation, splats)) &&
    regions.length === 0 &&
    calleeOf(operation) === null &&
    !touchesMemory(op.effects) &&
    !traits.transform &&
    results.every((v) => v.type.kind === "tensor")
  );
}

function succeeds(operation: Operation, splats: Splats): boolean {
  const { op, operands } = operation;
  if (op.succeeds === undefined) return false;
  const known = splats();
  return op.succeeds(
    operation,
    operands.map((v) => known.get(v) ?? null),
  );
}

/** Constants, and of tensors what becomes part of whatever reads it: such only moves with what needs it. */
function costsNothing({ op, results }: Operation): boolean {
  const { constant, cheap, moves } = op.traits;
  return constant || (!results.every((v) => isScalar(v.type)) && (cheap || moves));
}
