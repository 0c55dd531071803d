// What plan-in-place decides: an operation that updates a tensor writes to the tensor's own storage where nothing reads the
// tensor afterwards. A loop whose body updates a carried tensor in place keeps it in one storage for all iterations. A tensor
// that an operation with branches reads last may be overwritten by its regions, since exactly one of them runs, once.

import {
  type Block,
  carriedIn,
  isDirect,
  isInvariantCarry,
  type Loop,
  loopOf,
  type Operation,
  type Value,
  ValueMap,
  ValueSet,
} from "../../../src/ir/index.ts";
import { isDenseConstant } from "../../../src/ops/index.ts";
import { ownedByBody } from "../analyses/owned.ts";
import { aliasOf, Readers } from "../analyses/readers.ts";
import { readsInStep, updateOf } from "../analyses/sites.ts";

/** In-place reuse in the regions of an operation that branches, of tensors that it is the last to read. */
interface BranchPlan {
  readonly regions: readonly InPlacePlan[];
  /** For each result, the tensor whose storage it has, whichever region runs. */
  readonly sources: readonly (Value | null)[];
}

export class InPlacePlan {
  readonly #block: Block;
  readonly #owned: ValueSet;
  readonly #readers: Readers;
  /** The operation that overwrites a value's storage. */
  readonly #overwriters = new ValueMap<Operation>();
  readonly #branchPlans = new Map<Operation, BranchPlan>();
  #resultStorage: readonly Value[] | null = null;

  /** `owned` are tensors that the block does not define, but whose storage it may write to. */
  constructor(block: Block, owned: readonly Value[]) {
    this.#block = block;
    this.#owned = new ValueSet(owned);
    this.#readers = new Readers(block);
    for (const operation of block.operations) {
      if (operation.op.traits.branches) this.#planBranches(operation);
      else
        for (const v of changedBy(operation))
          if (this.#isOverwritable(v, operation)) this.#overwriters.set(v, operation);
    }
  }

  /** The operation that overwrites the value's storage; undefined where the value is kept. */
  overwriterOf(value: Value): Operation | undefined {
    return this.#overwriters.get(value);
  }

  /** The operation that gives a value, where it stands in the block. */
  definitionOf(value: Value): Operation | undefined {
    return this.#readers.definitionOf(value)?.operation;
  }

  /** The value in whose storage this one is: the first of a chain of updates in place. */
  storageOf(value: Value): Value {
    let storage = value;
    for (let before = this.#previousInStorage(storage); before !== null; before = this.#previousInStorage(storage))
      storage = before;
    return storage;
  }

  /** The storage of each of the block's results. */
  get resultStorage(): readonly Value[] {
    return (this.#resultStorage ??= this.#block.results.map((v) => this.storageOf(v)));
  }

  /** In-place reuse in the regions of an operation that branches. */
  branchPlanOf(operation: Operation): BranchPlan {
    return this.#branchPlans.get(operation) ?? { regions: [], sources: [] };
  }

  /** The value that was updated in place to give this one. */
  #previousInStorage(value: Value): Value | null {
    const definition = this.#readers.definitionOf(value);
    if (definition === undefined) return null;
    const { operation, result } = definition;
    const branches = this.#branchPlans.get(operation);
    if (branches !== undefined) return branches.sources[result];
    const update = updateOf(operation);
    const source = (update ?? operation).operands[update === null ? result : 0];
    const isInPlace = update !== null || isInPlaceCarry(operation, result);
    return isInPlace && this.#overwriters.get(source) === operation ? source : null;
  }

  /** Plans the regions of an operation, which own the tensors that it is the last to read: each may overwrite them. */
  #planBranches(operation: Operation): void {
    const owned = this.#readers
      .freeIn(operation)
      .filter((v) => !this.#isConstant(v) && this.#isOverwritable(v, operation));
    const regions = operation.regions.map((region) => new InPlacePlan(region, owned));
    // two results never share storage
    const open = new ValueSet(owned);
    const sources = operation.results.map((_, k) => {
      const storages = regions.map((region) => region.resultStorage[k]);
      const source = storages.find(
        (storage) => open.has(storage) && regions.every((region) => region.#mayEndIn(storage, k)),
      );
      if (source === undefined) return null;
      open.delete(source);
      return source;
    });
    for (const v of owned) {
      if (!open.has(v) || regions.some((region) => region.overwriterOf(v) !== undefined))
        this.#overwriters.set(v, operation);
    }
    this.#branchPlans.set(operation, { regions, sources });
  }

  /** Whether a result may have a tensor's storage: it has already, or nothing needs the tensor at the end of the block. */
  #mayEndIn(storage: Value, k: number): boolean {
    if (this.resultStorage[k] === storage) return true;
    return !this.#overwriters.has(storage) && !this.#readers.isResult(storage) && !this.#readers.isShared(storage);
  }

  /** Constants are made by the regions that use them. */
  #isConstant(value: Value): boolean {
    return this.definitionOf(value)?.op.traits.constant ?? false;
  }

  /** Whether a value has storage of its own, without aliases, and the operation reads it once and last. */
  #isOverwritable(value: Value, by: Operation): boolean {
    if (isDirect(value.type) || this.#readers.isResult(value) || !this.#isOwned(value)) return false;
    const readers = this.#readers.of(value);
    return readers.indexOf(by) === readers.length - 1 && !this.#readers.isShared(value) && readsInStep(by, value);
  }

  #isOwned(value: Value): boolean {
    const definition = this.#readers.definitionOf(value);
    if (definition === undefined) return this.#owned.has(value);
    const { operation, result } = definition;
    // what would change a splat with other readers has been given one of its own
    if (operation.op.traits.constant) return !isDenseConstant(operation) && this.#readers.of(value).length === 1;
    return operation.op.loop === null ? aliasOf(operation, result) === null : !isInvariantCarry(operation, result);
  }
}

/** The operands that an operation would overwrite. */
function changedBy(operation: Operation): readonly Value[] {
  const update = updateOf(operation);
  if (update !== null) return [update.operands[0]];
  return loopOf(operation)?.inits.filter((_, k) => !isInvariantCarry(operation, k)) ?? [];
}

/** Plans that were made. */
const bodies = new WeakMap<Operation, InPlacePlan>();

/** In-place reuse in the body of a loop. */
export function inPlacePlanOfBody(loop: Loop): InPlacePlan {
  const { operation, body } = loop;
  let plan = bodies.get(operation);
  if (plan === undefined) {
    const owned = ownedByBody(loop).filter((v) => v !== null);
    bodies.set(operation, (plan = new InPlacePlan(body, owned)));
  }
  return plan;
}

/** Whether every iteration of a loop updates a carried tensor in place. */
function isInPlaceCarry(operation: Operation, k: number): boolean {
  const loop = loopOf(operation);
  if (loop === null || k >= loop.count || isInvariantCarry(operation, k)) return false;
  const argument = carriedIn(loop, loop.body)[k];
  return !isDirect(argument.type) && inPlacePlanOfBody(loop).resultStorage[k] === argument;
}
