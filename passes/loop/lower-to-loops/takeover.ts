// Whose memory may be written to: an operation that changes a tensor takes its memory over where nobody reads the tensor
// afterwards. A loop whose body only takes over what it carries works in one memory from the first step to the last, and
// what is read last by an operation that branches is for its regions to take over, since one of them runs, once.

import {
  type Block,
  carriedIn,
  Dense,
  freeValues,
  isDirect,
  type Loop,
  loopOf,
  type Operation,
  sameType,
  type Value,
  ValueMap,
  ValueSet,
} from "../../../src/ir/index.ts";

interface Definition {
  readonly operation: Operation;
  readonly result: number;
}

/** What the regions of an operation that branches do with the tensors that it is the last to read. */
interface Branches {
  readonly regions: readonly Takeovers[];
  /** By result: the tensor in whose memory it stands, whichever region runs. */
  readonly sources: readonly (Value | null)[];
}

export class Takeovers {
  readonly #block: Block;
  readonly #owned: ValueSet;
  readonly #definitions = new ValueMap<Definition>();
  /** The operations that read a value, in order: as an operand, or anywhere in their regions. */
  readonly #uses = new ValueMap<Operation[]>();
  /** What the regions of an operation read from around it. */
  readonly #free = new Map<Operation, readonly Value[]>();
  readonly #results: ValueSet;
  readonly #positions = new Map<Operation, number>();
  readonly #takers = new ValueMap<Operation>();
  readonly #branches = new Map<Operation, Branches>();
  /** Tensors whose memory a result is copied to when all else is done. */
  readonly #replaced = new ValueSet();
  /** Those results, by position. */
  readonly #last = new Set<number>();
  #resultHomes: readonly Value[] | null = null;

  /** `owned` are the tensors that the block does not define, but whose memory is the block's to write to. */
  constructor(block: Block, owned: readonly Value[]) {
    this.#block = block;
    this.#owned = new ValueSet(owned);
    this.#results = new ValueSet(block.results);
    for (const operation of block.operations) this.#collect(operation);
    for (const operation of block.operations) {
      if (operation.op.traits.branches) this.#branch(operation);
      else for (const v of changedBy(operation)) if (this.#isTaken(v, operation)) this.#takers.set(v, operation);
    }
  }

  /** The operation that writes to the value's memory; undefined where the value stays. */
  takerOf(value: Value): Operation | undefined {
    return this.#takers.get(value);
  }

  /** Whether what an operation reads is overwritten later than by the operation at `by`, or there. */
  isOverwrittenAfter(operation: Operation, by: Operation): boolean {
    const end = this.#positions.get(by) ?? 0;
    const start = this.#positions.get(operation) ?? 0;
    return operation.operands.some((v) => {
      const taker = this.#takers.get(v);
      const at = taker === undefined ? -1 : (this.#positions.get(taker) ?? 0);
      return at > start && at <= end;
    });
  }

  /** Whether a result may be computed where it has to end up, rather than be copied there when all else is done. */
  mayStandAtOnce(k: number): boolean {
    return !this.#last.has(k);
  }

  /** Whether what an operation reads is overwritten by another one, or at the end. */
  readsTaken(operation: Operation): boolean {
    return operation.operands.some((v) => {
      if (this.#replaced.has(v)) return true;
      const taker = this.#takers.get(v);
      return taker !== undefined && taker !== operation;
    });
  }

  /** The value whose memory this one came to stand in. */
  homeOf(value: Value): Value {
    let home = value;
    for (let before = this.#before(home); before !== null; before = this.#before(home)) home = before;
    return home;
  }

  /** The homes of the block's results. */
  get resultHomes(): readonly Value[] {
    return (this.#resultHomes ??= this.#block.results.map((v) => this.homeOf(v)));
  }

  /** What the regions of an operation that branches take over. */
  branchesOf(operation: Operation): Branches {
    return this.#branches.get(operation) ?? { regions: [], sources: [] };
  }

  /** The value that an operation turned into this one in its memory. */
  #before(value: Value): Value | null {
    const definition = this.#definitions.get(value);
    if (definition === undefined) return null;
    const { operation, result } = definition;
    const branches = this.#branches.get(operation);
    if (branches !== undefined) return branches.sources[result];
    const source = operation.operands[result];
    const isInPlace = isUpdate(operation) || isInPlaceCarry(operation, result);
    return isInPlace && this.#takers.get(source) === operation ? source : null;
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

  /** What the operation is the last to read is its regions' own: each may change it, and give it back or not. */
  #branch(operation: Operation): void {
    const owned = (this.#free.get(operation) ?? []).filter((v) => !this.#isConstant(v) && this.#isTaken(v, operation));
    const regions = operation.regions.map((region) => new Takeovers(region, owned));
    // two results never stand in one memory
    const open = new ValueSet(owned);
    const sources = operation.results.map((_, k) => {
      const homes = regions.map((region) => region.resultHomes[k]);
      const source = homes.find((home) => open.has(home) && regions.every((region) => region.#mayEndIn(home, k)));
      if (source === undefined) return null;
      open.delete(source);
      for (const region of regions) region.#endIn(source, k);
      return source;
    });
    for (const v of owned) {
      if (!open.has(v) || regions.some((region) => region.takerOf(v) !== undefined)) this.#takers.set(v, operation);
    }
    this.#branches.set(operation, { regions, sources });
  }

  /** Whether a result may come to stand in a tensor's memory: it does, or the tensor is of no use once all else is done. */
  #mayEndIn(home: Value, k: number): boolean {
    if (this.resultHomes[k] === home) return true;
    if (this.#takers.has(home) || this.#results.has(home)) return false;
    return (this.#uses.get(home) ?? []).every((use) => !shares(use, home));
  }

  #endIn(home: Value, k: number): void {
    if (this.resultHomes[k] === home || !this.#uses.has(home)) return;
    this.#replaced.add(home);
    this.#last.add(k);
  }

  /** A constant is made by the region that wants it. */
  #isConstant(value: Value): boolean {
    return this.#definitions.get(value)?.operation.op.traits.constant ?? false;
  }

  /** The value has memory of its own, the operation reads it once and last, and nothing else shares its memory. */
  #isTaken(value: Value, by: Operation): boolean {
    if (isDirect(value.type) || this.#results.has(value) || !this.#isOwned(value)) return false;
    const uses = this.#uses.get(value) ?? [];
    return (
      uses[uses.length - 1] === by &&
      uses.every((use, i) => (i === uses.length - 1 || use !== by) && !shares(use, value))
    );
  }

  #isOwned(value: Value): boolean {
    const definition = this.#definitions.get(value);
    if (definition === undefined) return this.#owned.has(value);
    const { operation, result } = definition;
    // a number that others read as well is better written where it is read
    if (operation.op.traits.constant) return !isManifold(operation) && this.#uses.get(value)?.length === 1;
    return operation.op.loop === null ? aliasOf(operation, result) === null : !isFixed(operation, result);
  }
}

/** The operands whose memory an operation writes to, if it may. */
function changedBy(operation: Operation): readonly Value[] {
  if (isUpdate(operation)) return [operation.operands[0]];
  return loopOf(operation)?.inits.filter((_, k) => !isFixed(operation, k)) ?? [];
}

/** Whether a result of the operation stands in the memory of the operand without changing it. */
function shares(operation: Operation, operand: Value | undefined): boolean {
  if (operation.op.aliases.some((_, k) => aliasOf(operation, k) === operand)) return true;
  return loopOf(operation)?.inits.some((v, k) => v === operand && isFixed(operation, k)) ?? false;
}

/** The operand in whose memory a result stands; null where it has its own, as what is reshaped to the same type. */
function aliasOf({ op, operands, results }: Operation, k: number): Value | null {
  const operand = k < op.aliases.length ? operands[op.aliases[k]] : null;
  const isCopy = op.lowering?.kind === "view" && operand !== null && sameType(operand.type, results[k].type);
  return isCopy ? null : operand;
}

function isUpdate({ op }: Operation): boolean {
  return op.lowering?.kind === "update";
}

/** Whether every step of a loop gives the carried value back as it was. */
function isFixed(operation: Operation, k: number): boolean {
  const loop = loopOf(operation);
  return loop !== null && k < loop.count && loop.body.results[k] === carriedIn(loop, loop.body)[k];
}

/** A constant of more than one element, each written out. */
export function isManifold({ op, attributes }: Operation): boolean {
  return op.traits.constant && attributes.value instanceof Dense && attributes.value.size > 1;
}

const bodies = new WeakMap<Operation, Takeovers>();

/** The takeovers in the body of a loop: its carried tensors are its own. */
export function takeoversOfBody(loop: Loop): Takeovers {
  const { operation, body } = loop;
  let takeovers = bodies.get(operation);
  if (takeovers === undefined) {
    const owned = carriedIn(loop, body).filter((v, k) => !isDirect(v.type) && !isFixed(operation, k));
    bodies.set(operation, (takeovers = new Takeovers(body, owned)));
  }
  return takeovers;
}

/** Whether a step of a loop changes a carried tensor in its own memory. */
export function isInPlaceCarry(operation: Operation, k: number): boolean {
  const loop = loopOf(operation);
  if (loop === null || k >= loop.count || isFixed(operation, k)) return false;
  const argument = carriedIn(loop, loop.body)[k];
  return !isDirect(argument.type) && takeoversOfBody(loop).resultHomes[k] === argument;
}
