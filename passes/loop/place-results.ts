// Memory that is taken over, element by element: where it is known in whose memory a value has to come to stand, the nest that
// computes it writes it there.
//
// That is the memory of what a loop carries, of a tensor that the caller lets the function change, and of one that a branch
// changes, to which the others bring what they yield (`into`). The nest may read the tensor too, each element where it writes
// it. A result that no nest computes is brought to such memory at the end of its block, if nothing reads the tensor at all.

import {
  type Block,
  BlockBuilder,
  type Func,
  FuncScope,
  finalContents,
  isElementwise,
  loopOf,
  makeBlock,
  makeOperation,
  mapBodies,
  type Operation,
  type Origin,
  Reuses,
  reusedBy,
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
import { isLowered, isLoweredBlock, requireRanked } from "./analyses/lowered.ts";
import { isMoveInto, Overwrites } from "./analyses/overwrites.ts";
import { ownedArguments, ownedByBody } from "./analyses/owned.ts";
import { Readers } from "./analyses/readers.ts";
import { contractionOf, wholeOf } from "./analyses/reads.ts";
import { fusionGroupOf, isGroup, sitesOf, updateOf } from "./analyses/sites.ts";

export const placeResults = definePass({
  name: "place-results",
  summary: "Writes what nests compute where it has to come to stand, over what nothing reads afterwards.",
  level: "fused",
  lowers: "fused",
  idempotent: true,
  example: `func @main(%x: inout f64[4], %g: f64[4]) -> f64[4] {
  %y = sub %x, %g : f64[4]
  return %y
}
`,
  run(module) {
    module.funcs.forEach(requireRanked);
    const ownedBy = ownedArguments(module);
    return mapBodies(module, (body, func) => (isLoweredBlock(body) ? body : placedBody(func, ownedBy(func))));
  },
});

/** The tensors in whose memory the results of a block have to be in the end; null where that does not matter. */
type Targets = readonly (Value | null)[];

function placedBody(func: Func, owned: readonly Value[]): Block {
  const { body, origin } = func;
  const contents = owned.length === 0 ? [] : finalContents(signatureOf(func));
  const targets = body.results.map((_, k) => {
    const argument = contents[k] ?? null;
    return argument === null ? null : body.arguments[argument];
  });
  return new BlockPlaces(body, targets, new Reuses(body), origin).run();
}

class BlockPlaces {
  readonly #block: Block;
  readonly #reuses: Reuses;
  readonly #readers: Readers;
  readonly #overwrites: Overwrites;
  readonly #origin: Origin | null;
  /** The tensors in whose memory results of operations are computed, by operation and result. */
  readonly #places = new Map<Operation, (Value | null)[]>();
  /** What brings tensors to where they are computed now. */
  readonly #spared = new Set<Operation>();
  /** The tensors that results of the block are brought to at its end. */
  readonly #ends: (Value | null)[];

  /** `reuses` are those of the function, `origin` is that of what holds the block. */
  constructor(block: Block, targets: Targets, reuses: Reuses, origin: Origin | null) {
    this.#block = block;
    this.#reuses = reuses;
    this.#readers = new Readers(block);
    this.#overwrites = new Overwrites(block);
    this.#origin = origin;
    this.#ends = block.results.map(() => null);
    for (const operation of block.operations) if (isMoveInto(operation)) this.#spare(operation);
    for (const [k, target] of targets.entries()) if (target !== null) this.#target(k, target);
  }

  run(): Block {
    const operations = this.#block.operations.flatMap((operation) =>
      this.#spared.has(operation) ? [] : [this.#operation(operation)],
    );
    const builder = new BlockBuilder();
    const results = this.#block.results.map((v, k) => {
      const made = this.#readers.definitionOf(v)?.operation;
      if (made !== undefined && this.#spared.has(made)) return made.operands[0];
      const target = this.#ends[k];
      return target === null ? v : moved(v, target, builder, made?.origin ?? this.#origin);
    });
    return withOperations(this.#block, [...operations, ...builder.operations], results);
  }

  /** Has a tensor that is brought to memory at the end of the block computed there, if it can be. */
  #spare(move: Operation): void {
    const { operands, results } = move;
    const memory = reusedBy(move);
    if (memory === undefined || this.#readers.of(results[0]).length > 0) return;
    if (this.#computeIn(memory, operands[0], move)) this.#spared.add(move);
  }

  #target(k: number, target: Value): void {
    const result = this.#block.results[k];
    if (this.#reuses.storageOf(result) === target || this.#computeIn(target, result)) return;
    const isUnread = this.#readers.of(target).length === 0 && !this.#readers.isResult(target);
    if (isUnread) this.#ends[k] = target;
  }

  /** Notes that a tensor is computed in the memory of another, if it can be; but for `move`, which would bring it there. */
  #computeIn(target: Value, value: Value, move?: Operation): boolean {
    const computed = this.#reuses.storageOf(value);
    const { operation, result } = this.#readers.definitionOf(computed) ?? {};
    if (operation === undefined || result === undefined || !isNest(operation)) return false;
    const places = this.#places.get(operation) ?? operation.results.map(() => null);
    if (places[result] !== null || !sameType(target.type, computed.type)) return false;
    if (!this.#isReadUpTo(target, operation, move) || !mayWriteTo(target, operation, result)) return false;
    places[result] = target;
    this.#places.set(operation, places);
    return true;
  }

  /** Whether a tensor from outside, without other names, is read by the operation or before it, and by nothing behind it. */
  #isReadUpTo(value: Value, operation: Operation, move?: Operation): boolean {
    const overwriter = this.#overwrites.overwriterOf(value);
    if (overwriter !== move || this.#readers.isResult(value) || this.#readers.isShared(value)) return false;
    const end = this.#readers.positionOf(operation);
    return this.#readers.of(value).every((reader) => reader === move || this.#readers.positionOf(reader) <= end);
  }

  #operation(operation: Operation): Operation {
    if (isLowered(operation)) return operation;
    const places = this.#places.get(operation);
    if (places !== undefined) return placed(operation, places);
    if (isGroup(operation)) return operation;
    const loop = loopOf(operation);
    const regions = operation.regions.map((region) => {
      const targets = region === loop?.body ? ownedByBody(loop) : [];
      return new BlockPlaces(region, targets, this.#reuses, operation.origin).run();
    });
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
