// Memory that is taken over: a result stands in the memory of an operand that nothing reads afterwards.
//
// What changes some elements of a tensor does so in the tensor's own memory, and so does a loop that carries it. Where it is
// known whose memory a value has to come to stand in (of what a loop carries, of the caller's, of a tensor that a branch
// changes), it is computed there, element by element, if nothing reads the tensor behind that; `into` says so where the tensor
// is no operand.

import {
  type Block,
  BlockBuilder,
  type Func,
  FuncScope,
  finalContents,
  holdsReuses,
  isElementwise,
  type Loop,
  loopOf,
  makeBlock,
  makeOperation,
  mapBodies,
  type Operation,
  type Origin,
  sameType,
  signatureOf,
  type Value,
  withBuilder,
  withOperations,
  withParts,
  withRegions,
  withReuses,
} from "../../src/ir/index.ts";
import { fusedOp, into, isFusible } from "../../src/ops/index.ts";
import { copyOf, definePass } from "../../src/rewrite/index.ts";
import { InPlacePlan, inPlacePlanOfBody, ownedByBody } from "./analyses/in-place.ts";
import { isLowered, isLoweredBlock, ownedArguments, requireRanked } from "./analyses/lowered.ts";
import { contractionOf, wholeOf } from "./analyses/reads.ts";
import { fusionGroupOf, isGroup, sitesOf, updateOf } from "./analyses/sites.ts";

export const planInPlace = definePass({
  name: "plan-in-place",
  summary: "Says of each result in whose memory it comes to stand, where nothing reads an operand afterwards.",
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

/** The tensors in whose memory the results of a block have to be in the end; null where that does not matter. */
type Targets = readonly (Value | null)[];

function plannedBody(func: Func, owned: readonly Value[]): Block {
  const { body } = func;
  const contents = owned.length === 0 ? [] : finalContents(signatureOf(func));
  const targets = body.results.map((_, k) => {
    const argument = contents[k] ?? null;
    return argument === null ? null : body.arguments[argument];
  });
  return new BlockPlanning(body, new InPlacePlan(body, owned), targets, "may", func.origin).run();
}

class BlockPlanning {
  readonly #block: Block;
  readonly #plan: InPlacePlan;
  readonly #origin: Origin | null;
  /** The tensors in whose memory results of operations are computed, by operation and result. */
  readonly #places = new Map<Operation, (Value | null)[]>();
  /** The tensors that results of the block are brought to at its end. */
  readonly #ends: (Value | null)[];

  /** Of targets that results `must` come to stand in, the plan says that they can; `origin` is that of what holds the block. */
  constructor(block: Block, plan: InPlacePlan, targets: Targets, demand: "may" | "must", origin: Origin | null) {
    this.#origin = origin;
    this.#block = block;
    this.#plan = plan;
    this.#ends = block.results.map(() => null);
    for (const [k, target] of targets.entries()) {
      if (target === null || target === undefined || plan.resultStorage[k] === target) continue;
      if (!this.#computeIn(target, plan.resultStorage[k]) && (demand === "must" || plan.isUnread(target)))
        this.#ends[k] = target;
    }
  }

  run(): Block {
    const operations = this.#block.operations.map((operation) => this.#operation(operation));
    const builder = new BlockBuilder();
    const results = this.#block.results.map((v, k) => {
      const target = this.#ends[k];
      return target === null ? v : moved(v, target, builder, this.#plan.definitionOf(v)?.origin ?? this.#origin);
    });
    return withOperations(this.#block, [...operations, ...builder.operations], results);
  }

  /** Notes that a tensor is computed in the memory of another, if it can be. */
  #computeIn(target: Value, computed: Value): boolean {
    const operation = this.#plan.definitionOf(computed);
    if (operation === undefined || !isNest(operation) || !sameType(target.type, computed.type)) return false;
    const result = operation.results.indexOf(computed);
    const places = this.#places.get(operation) ?? operation.results.map(() => null);
    if (places[result] !== null || !this.#plan.isReadUpTo(target, operation)) return false;
    if (!mayWriteTo(target, operation, result)) return false;
    places[result] = target;
    this.#places.set(operation, places);
    return true;
  }

  #operation(operation: Operation): Operation {
    const { op, regions } = operation;
    if (isLowered(operation)) return operation;
    const loop = loopOf(operation);
    if (loop !== null) return this.#loop(loop);
    if (op.traits.branches) return this.#branches(operation);
    const places = this.#places.get(operation);
    if (places !== undefined) return placed(operation, places);
    const update = updateOf(operation);
    if (update === null || this.#plan.overwriterOf(update.operands[0]) !== operation) return operation;
    if (update === operation) return withReuses(operation, [0]);
    const [region] = regions;
    return withRegions(operation, [
      withOperations(
        region,
        region.operations.map((o) => (o === update ? withReuses(o, [0]) : o)),
      ),
    ]);
  }

  #loop(loop: Loop): Operation {
    const { operation, inits, firstOperand } = loop;
    const reuses = inits.map((v, k) => (this.#plan.overwriterOf(v) === operation ? firstOperand + k : -1));
    while (reuses.at(-1) === -1) reuses.pop();
    const regions = operation.regions.map((region) =>
      region === loop.body
        ? new BlockPlanning(region, inPlacePlanOfBody(loop), ownedByBody(loop), "may", operation.origin).run()
        : new BlockPlanning(region, new InPlacePlan(region, []), [], "may", operation.origin).run(),
    );
    return withReuses(withRegions(operation, regions), reuses);
  }

  #branches(operation: Operation): Operation {
    const { regions: plans, sources } = this.#plan.branchPlanOf(operation);
    const regions = operation.regions.map((region, i) =>
      new BlockPlanning(region, plans[i], sources, "must", operation.origin).run(),
    );
    return withRegions(operation, regions);
  }
}

/** Whether one nest computes the results, none of them by changing a tensor. */
function isNest(operation: Operation): boolean {
  return (isGroup(operation) || isFusible(operation)) && updateOf(operation) === null;
}

/**
 * Whether the nest that writes a result may write it to the memory of a tensor: it reads that only where it writes the same
 * element, before it does.
 */
function mayWriteTo(tensor: Value, operation: Operation, result: number): boolean {
  const { operations, results } = fusionGroupOf(operation);
  const given = results[result];
  const made = operations.find((o) => o.results[0] === given);
  if (made === undefined || !isWrittenByElement(made)) return false;
  const readers = operations.filter(({ operands }) => operands.includes(tensor));
  const sites = sitesOf(operation);
  // what is stored where something else reads it cannot be moved behind that
  if (sites.storedAt(given) !== sites.outermost)
    return readers.length === 1 && readers[0] === made && isElementwise(made);
  return readers.every((reader) => isElementwise(reader) && sites.outermost.members.includes(reader));
}

/** Whether the nest over a tensor writes it element by element, where it is also read: rules for the whole have their own way. */
function isWrittenByElement(operation: Operation): boolean {
  const { lowering } = operation.op;
  if (isElementwise(operation) || contractionOf(operation) !== null) return true;
  return wholeOf(operation) === null && !(lowering?.kind === "element" && lowering.pieces !== undefined);
}

/** Brings a tensor to the memory of another where the builder is; it is part of what computes the tensor. */
function moved(v: Value, target: Value, builder: BlockBuilder, origin: Origin | null): Value {
  builder.origin = origin;
  return withBuilder(builder, () => into(v, target));
}

/** A nest with results in the memory of tensors. */
function placed(operation: Operation, places: Targets): Operation {
  const { regions, results, origin } = operation;
  if (!isGroup(operation)) {
    const [target] = places;
    const operand = target === null || !isElementwise(operation) ? -1 : operation.operands.indexOf(target);
    if (operand >= 0) return withReuses(operation, [operand]);
  }
  const inner = isGroup(operation) ? regions[0].operations : [copyOf(operation)];
  const given = isGroup(operation) ? regions[0].results : inner[0].results;
  const operations = [...inner];
  const builder = new BlockBuilder();
  const yielded = given.map((v, i) => {
    const target = places[i];
    if (target === null) return v;
    const at = inner.findIndex((o) => o.results[0] === v);
    const operand = isElementwise(inner[at]) ? inner[at].operands.indexOf(target) : -1;
    const isLast = inner.slice(at + 1).every(({ operands }) => !operands.includes(target));
    if (operand < 0 || !isLast) return moved(v, target, builder, inner[at].origin);
    operations[at] = withReuses(inner[at], [operand]);
    return v;
  });
  const region = makeBlock([], [...operations, ...builder.operations], yielded);
  if (isGroup(operation)) return withRegions(operation, [region]);
  return withParts(makeOperation(fusedOp, [], { regions: [region] }, new FuncScope(), origin), { results });
}
