// In whose memory results stand: what an operation says by `reuses`, and which operands allow that.

import type { Value } from "../data/value.ts";
import { ValueMap } from "../data/value-map.ts";
import { sameType } from "../types/type.ts";
import { carriedIn, loopOf } from "./loop.ts";
import type { Block, Operation } from "./module.ts";
import { walk } from "./walk.ts";

const none: readonly number[] = [];

/** By result, the operand in whose memory it stands; negative or left out where it has memory of its own. */
export function reusesOf({ op, attributes: { reuses } }: Operation): readonly number[] {
  return reuses === undefined || Object.hasOwn(op.attributes, "reuses") ? none : (reuses as readonly number[]);
}

/** The operand in whose memory a result stands; undefined where it has memory of its own. */
export function reusedBy(operation: Operation, result = 0): Value | undefined {
  const operand = reusesOf(operation)[result];
  return operand === undefined ? undefined : operation.operands[operand];
}

/** Whether an element depends on its operands' elements at the same subscripts alone, as in a view that keeps the shape. */
export function isElementwise({ op, results, operands }: Operation): boolean {
  return op.scalar !== null || (op.lowering?.kind === "view" && sameType(operands[0].type, results[0].type));
}

/**
 * Whether an operation may write a result over an operand: it reads each element last where it writes it, or it changes some
 * elements of the operand, or it carries it from step to step.
 */
export function mayReuse(operation: Operation, operand: number, result: number): boolean {
  const loop = loopOf(operation);
  if (loop !== null) return result < loop.count && operand === loop.firstOperand + result;
  if (result !== 0) return false;
  return operation.op.lowering?.kind === "update" ? operand === 0 : isElementwise(operation);
}

/** Whether every step of a loop gives a carried value back unchanged. */
export function isInvariantCarry(operation: Operation, k: number): boolean {
  const loop = loopOf(operation);
  return loop !== null && k < loop.count && loop.body.results[k] === carriedIn(loop, loop.body)[k];
}

interface Definition {
  readonly operation: Operation;
  readonly result: number;
}

/** Whose memory the tensors of a block stand in, as far as operations reuse it. */
export class Reuses {
  readonly #definitions = new ValueMap<Definition>();
  readonly #storages = new ValueMap<Value>();

  constructor(body: Block) {
    walk(body, (operation) => {
      for (const [result, v] of operation.results.entries()) this.#definitions.set(v, { operation, result });
    });
  }

  /** The tensor whose memory a value stands in: the first of a chain, which has it from nobody. */
  storageOf(value: Value): Value {
    const chain: Value[] = [];
    let storage = value;
    for (;;) {
      const known = this.#storages.get(storage);
      const before = known ?? this.#before(storage);
      if (before === undefined || before === storage) break;
      chain.push(storage);
      storage = before;
    }
    for (const v of chain) this.#storages.set(v, storage);
    this.#storages.set(storage, storage);
    return storage;
  }

  /** Whether every step of a loop leaves a carried tensor in the memory that it came in. */
  isInPlaceCarry(operation: Operation, k: number): boolean {
    const loop = loopOf(operation);
    if (loop === null || k >= loop.count || isInvariantCarry(operation, k)) return false;
    return this.storageOf(loop.body.results[k]) === carriedIn(loop, loop.body)[k];
  }

  /** The value in whose memory this one was written. */
  #before(value: Value): Value | undefined {
    const definition = this.#definitions.get(value);
    if (definition === undefined) return undefined;
    const { operation, result } = definition;
    const { op, regions } = operation;
    if (op.traits.branches) return this.branchSource(operation, result);
    if (op.loop !== null) return this.isInPlaceCarry(operation, result) ? reusedBy(operation, result) : undefined;
    const [region] = regions;
    return region === undefined ? reusedBy(operation, result) : this.#before(region.results[result]);
  }

  /**
   * The tensor around an operation with branches in whose memory a result stands, whichever of them runs: of results that are
   * alike, the first has it.
   */
  branchSource(operation: Operation, result: number): Value | undefined {
    const source = this.#commonSource(operation, result);
    if (source === undefined) return undefined;
    for (let k = 0; k < result; k++) if (this.#commonSource(operation, k) === source) return undefined;
    return source;
  }

  #commonSource({ regions }: Operation, result: number): Value | undefined {
    const yielded = regions.map((region) => region.results[result]);
    const [source, ...others] = yielded.map((v) => this.storageOf(v));
    const isCommon = others.every((v) => v === source) && yielded.some((v) => v !== source);
    return isCommon ? source : undefined;
  }
}
