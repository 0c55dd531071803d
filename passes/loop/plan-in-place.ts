// Memory that is taken over, of whole tensors: a result stands in the memory of an operand that nothing reads afterwards.
//
// What changes some elements of a tensor does so in the tensor's own memory, and so does a loop that carries it. Where one
// branch changes a tensor, the others bring what they yield to its memory (`into`). This is decided once, before fusion, which
// leaves readers in front of what writes over their operands; results that nests compute find their places behind it.

import {
  type Block,
  BlockBuilder,
  countUses,
  type Func,
  holdsReuses,
  isInvariantCarry,
  type Loop,
  loopOf,
  mapBodies,
  type Operation,
  type Origin,
  type Value,
  ValueMap,
  withBuilder,
  withOperands,
  withOperations,
  withRegions,
  withReuses,
} from "../../src/ir/index.ts";
import { into, isDenseConstant } from "../../src/ops/index.ts";
import { copyOf, definePass } from "../../src/rewrite/index.ts";
import { isLowered, isLoweredBlock, requireRanked } from "./analyses/lowered.ts";
import { ownedArguments } from "./analyses/owned.ts";
import { isGroup, updateOf } from "./analyses/sites.ts";
import { InPlacePlan, inPlacePlanOfBody } from "./plan-in-place/decision.ts";

export const planInPlace = definePass({
  name: "plan-in-place",
  summary: "Has updates, loops and branches change tensors where they stand, if nothing reads them afterwards.",
  level: "fused",
  lowers: "fused",
  idempotent: true,
  example: `func @main(%x: f64[4], %i: i32) -> f64[4] {
  %exp = exp %x : f64[4]
  %first = slice %x, start = [0], limit = [1] : f64[1]
  %y = dynamic_update_slice %exp, %first, %i : f64[4]
  return %y
}
`,
  run(module) {
    module.funcs.forEach(requireRanked);
    const ownedBy = ownedArguments(module);
    return mapBodies(module, (body, func) =>
      // a plan that is there stays
      isLoweredBlock(body) || holdsReuses({ funcs: [func] }) ? body : plannedBody(func, ownedBy(func)),
    );
  },
});

/** The tensors in whose memory the results of a branch come to stand; null where that is no matter. */
type Ends = readonly (Value | null)[];

function plannedBody({ body, origin }: Func, owned: readonly Value[]): Block {
  const own = withOwnSplats(body);
  return planned(own, new InPlacePlan(own, owned), origin);
}

/** The block as the plan has it; `origin` is that of what holds it. */
function planned(block: Block, plan: InPlacePlan, origin: Origin | null, ends: Ends = []): Block {
  const operations = block.operations.map((operation) => plannedOperation(operation, plan));
  const builder = new BlockBuilder();
  const results = block.results.map((v, k) => {
    const end = ends[k] ?? null;
    if (end === null || plan.resultStorage[k] === end) return v;
    builder.origin = plan.definitionOf(v)?.origin ?? origin;
    return withBuilder(builder, () => into(v, end));
  });
  return withOperations(block, [...operations, ...builder.operations], results);
}

function plannedOperation(operation: Operation, plan: InPlacePlan): Operation {
  const { op, regions } = operation;
  if (isLowered(operation)) return operation;
  const loop = loopOf(operation);
  if (loop !== null) return plannedLoop(loop, plan);
  if (op.traits.branches) {
    const { regions: plans, sources } = plan.branchPlanOf(operation);
    return withRegions(
      operation,
      regions.map((region, i) => planned(region, plans[i], operation.origin, sources)),
    );
  }
  const update = updateOf(operation);
  if (update === null || plan.overwriterOf(update.operands[0]) !== operation) return operation;
  if (update === operation) return withReuses(operation, [0]);
  const [region] = regions;
  const operations = region.operations.map((o) => (o === update ? withReuses(o, [0]) : o));
  return withRegions(operation, [withOperations(region, operations)]);
}

function plannedLoop(loop: Loop, plan: InPlacePlan): Operation {
  const { operation, inits, firstOperand } = loop;
  const reuses = inits.map((v, k) => (plan.overwriterOf(v) === operation ? firstOperand + k : -1));
  while (reuses.at(-1) === -1) reuses.pop();
  const regions = operation.regions.map((region) =>
    planned(region, region === loop.body ? inPlacePlanOfBody(loop) : new InPlacePlan(region, []), operation.origin),
  );
  return withReuses(withRegions(operation, regions), reuses);
}

/** What changes a splat that is read elsewhere too has one of its own, which costs no more than a copy. */
function withOwnSplats(block: Block): Block {
  const uses = countUses(block);
  const splats = new ValueMap<Operation>();
  const operations = block.operations.flatMap((operation) => {
    if (operation.op.traits.constant && !isDenseConstant(operation)) splats.set(operation.results[0], operation);
    const changed = changedOperands(operation);
    const copies: Operation[] = [];
    const operands = operation.operands.map((v, i) => {
      const splat = changed.includes(i) ? splats.get(v) : undefined;
      const count = uses.get(v) ?? 0;
      if (splat === undefined || count === 1) return v;
      uses.set(v, count - 1);
      const copy = copyOf(splat);
      copies.push(copy);
      return copy.results[0];
    });
    const inside = operation.regions.map((region) => (isGroup(operation) ? region : withOwnSplats(region)));
    return [...copies, withRegions(withOperands(operation, operands), inside)];
  });
  return withOperations(block, operations);
}

/** The operands in whose memory an operation may leave what it makes of them. */
function changedOperands(operation: Operation): readonly number[] {
  if (updateOf(operation) === operation) return [0];
  const loop = loopOf(operation);
  return loop?.inits.flatMap((_, k) => (isInvariantCarry(operation, k) ? [] : [loop.firstOperand + k])) ?? [];
}
