// In-place reuse: an operation that updates a tensor writes to the tensor's own storage where nothing reads the tensor
// afterwards. A loop whose body updates a carried tensor in place keeps it in one storage for all iterations. A tensor that
// an operation with branches reads last may be overwritten by its regions, since exactly one of them runs, once.

import {
  type Block,
  carriedIn,
  freeValues,
  isDirect,
  isInvariantCarry,
  type Loop,
  loopOf,
  type Operation,
  sameType,
  type Value,
  ValueMap,
  ValueSet,
} from "../../../src/ir/index.ts";
import { isDenseConstant } from "../../../src/ops/index.ts";
import { readsInStep, updateOf } from "./sites.ts";

const never = (): boolean => false;

interface Definition {
  readonly operation: Operation;
  readonly result: number;
}

/** In-place reuse in the regions of an operation that branches, of tensors that it is the last to read. */
interface BranchPlan {
  readonly regions: readonly InPlacePlan[];
  /** For each result, the tensor whose storage it has, whichever region runs. */
  readonly sources: readonly (Value | null)[];
}

export class InPlacePlan {
  readonly #block: Block;
  readonly #owned: ValueSet;
  readonly #definitions = new ValueMap<Definition>();
  /** The operations that read a value, in order: as an operand, or anywhere in their regions. */
  readonly #uses = new ValueMap<Operation[]>();
  /** The free values of an operation's regions. */
  readonly #free = new Map<Operation, readonly Value[]>();
  readonly #results: ValueSet;
  readonly #positions = new Map<Operation, number>();
  /** The operation that overwrites a value's storage. */
  readonly #overwriters = new ValueMap<Operation>();
  readonly #branchPlans = new Map<Operation, BranchPlan>();
  /** Tensors whose storage a result is copied to at the end of the block. */
  readonly #copiedOver = new ValueSet();
  #resultStorage: readonly Value[] | null = null;

  /** `owned` are tensors that the block does not define, but whose storage it may write to. */
  constructor(block: Block, owned: readonly Value[]) {
    this.#block = block;
    this.#owned = new ValueSet(owned);
    this.#results = new ValueSet(block.results);
    for (const operation of block.operations) this.#collect(operation);
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

  /**
   * Whether an operand of `operation` is overwritten behind it, up to the operation `by` and there; `isHarmless` says of
   * which operands `by` may overwrite.
   */
  isOverwrittenAfter(operation: Operation, by: Operation, isHarmless: (operand: number) => boolean = never): boolean {
    const end = this.#positions.get(by) ?? 0;
    const start = this.#positions.get(operation) ?? 0;
    return operation.operands.some((v, i) => {
      const overwriter = this.#overwriters.get(v);
      if (overwriter === by && isHarmless(i)) return false;
      const at = overwriter === undefined ? -1 : (this.#positions.get(overwriter) ?? 0);
      return at > start && at <= end;
    });
  }

  /** Whether an operand is overwritten by another operation, or at the end of the block. */
  readsOverwritten(operation: Operation): boolean {
    return operation.operands.some((v) => {
      if (this.#copiedOver.has(v)) return true;
      const overwriter = this.#overwriters.get(v);
      return overwriter !== undefined && overwriter !== operation;
    });
  }

  /** The operation that gives a value, where it stands in the block. */
  definitionOf(value: Value): Operation | undefined {
    return this.#definitions.get(value)?.operation;
  }

  /** Whether nothing in the block reads a tensor from outside, and it is no result. */
  isUnread(value: Value): boolean {
    return !this.#uses.has(value) && !this.#results.has(value);
  }

  /** Whether a tensor from outside, without other names, is read by the operation or before it, and by nothing behind it. */
  isReadUpTo(value: Value, operation: Operation): boolean {
    if (this.#overwriters.has(value) || this.#results.has(value)) return false;
    const end = this.#positions.get(operation) ?? -1;
    const uses = this.#uses.get(value) ?? [];
    return uses.every((use) => (this.#positions.get(use) ?? 0) <= end && !shares(use, value));
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
    const definition = this.#definitions.get(value);
    if (definition === undefined) return null;
    const { operation, result } = definition;
    const branches = this.#branchPlans.get(operation);
    if (branches !== undefined) return branches.sources[result];
    const update = updateOf(operation);
    const source = (update ?? operation).operands[update === null ? result : 0];
    const isInPlace = update !== null || isInPlaceCarry(operation, result);
    return isInPlace && this.#overwriters.get(source) === operation ? source : null;
  }

  #collect(operation: Operation): void {
    this.#positions.set(operation, this.#positions.size);
    for (const [result, v] of operation.results.entries()) this.#definitions.set(v, { operation, result });
    const free = operation.regions.length === 0 ? [] : freeValues(...operation.regions);
    if (free.length > 0) this.#free.set(operation, free);
    for (const v of [...operation.operands, ...free]) {
      const uses = this.#uses.get(v);
      if (uses === undefined) this.#uses.set(v, [operation]);
      else uses.push(operation);
    }
  }

  /** Plans the regions of an operation, which own the tensors that it is the last to read: each may overwrite them. */
  #planBranches(operation: Operation): void {
    const owned = (this.#free.get(operation) ?? []).filter(
      (v) => !this.#isConstant(v) && this.#isOverwritable(v, operation),
    );
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
      for (const region of regions) region.#endIn(source, k);
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
    if (this.#overwriters.has(storage) || this.#results.has(storage)) return false;
    return (this.#uses.get(storage) ?? []).every((use) => !shares(use, storage));
  }

  #endIn(storage: Value, k: number): void {
    if (this.resultStorage[k] === storage || !this.#uses.has(storage)) return;
    this.#copiedOver.add(storage);
  }

  /** Constants are made by the regions that use them. */
  #isConstant(value: Value): boolean {
    return this.#definitions.get(value)?.operation.op.traits.constant ?? false;
  }

  /** Whether a value has storage of its own, without aliases, and the operation reads it once and last. */
  #isOverwritable(value: Value, by: Operation): boolean {
    if (isDirect(value.type) || this.#results.has(value) || !this.#isOwned(value)) return false;
    const uses = this.#uses.get(value) ?? [];
    return (
      uses[uses.length - 1] === by &&
      uses.every((use, i) => (i === uses.length - 1 || use !== by) && !shares(use, value)) &&
      readsInStep(by, value)
    );
  }

  #isOwned(value: Value): boolean {
    const definition = this.#definitions.get(value);
    if (definition === undefined) return this.#owned.has(value);
    const { operation, result } = definition;
    // a splat with other readers is rematerialised there instead
    if (operation.op.traits.constant) return !isDenseConstant(operation) && this.#uses.get(value)?.length === 1;
    return operation.op.loop === null ? aliasOf(operation, result) === null : !isInvariantCarry(operation, result);
  }
}

/** The operands that an operation would overwrite. */
function changedBy(operation: Operation): readonly Value[] {
  const update = updateOf(operation);
  if (update !== null) return [update.operands[0]];
  return loopOf(operation)?.inits.filter((_, k) => !isInvariantCarry(operation, k)) ?? [];
}

/** Whether a result of the operation aliases the operand. */
function shares(operation: Operation, operand: Value | undefined): boolean {
  if (operation.op.aliases.some((_, k) => aliasOf(operation, k) === operand)) return true;
  return loopOf(operation)?.inits.some((v, k) => v === operand && isInvariantCarry(operation, k)) ?? false;
}

/** The operand that a result aliases; null where it has storage of its own, as a reshape to the same type does. */
function aliasOf({ op, operands, results }: Operation, k: number): Value | null {
  const operand = k < op.aliases.length ? operands[op.aliases[k]] : null;
  const isCopy = op.lowering?.kind === "view" && operand !== null && sameType(operand.type, results[k].type);
  return isCopy ? null : operand;
}

/** Plans that were made. */
const bodies = new WeakMap<Operation, InPlacePlan>();

/** The tensors that the body of a loop owns: what is carried, null for what comes back unchanged and for scalars. */
export function ownedByBody(loop: Loop): readonly (Value | null)[] {
  const { operation, body } = loop;
  return carriedIn(loop, body).map((v, k) => (isDirect(v.type) || isInvariantCarry(operation, k) ? null : v));
}

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
