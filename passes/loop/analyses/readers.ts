// Who makes and who reads the tensors of one block, operation by operation: a region reads what is free in it.

import {
  type Block,
  freeValues,
  isInvariantCarry,
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

export class Readers {
  readonly #definitions = new ValueMap<Definition>();
  readonly #readers = new ValueMap<Operation[]>();
  readonly #free = new Map<Operation, readonly Value[]>();
  readonly #positions = new Map<Operation, number>();
  readonly #results: ValueSet;

  constructor(block: Block) {
    this.#results = new ValueSet(block.results);
    for (const operation of block.operations) this.#collect(operation);
  }

  /** The operation of the block that gives a value, and as which result. */
  definitionOf(value: Value): Definition | undefined {
    return this.#definitions.get(value);
  }

  /** The operations that read a value, in order, each as often as it has it as an operand, and once more for its regions. */
  of(value: Value): readonly Operation[] {
    return this.#readers.get(value) ?? [];
  }

  /** The values from outside that the regions of an operation read. */
  freeIn(operation: Operation): readonly Value[] {
    return this.#free.get(operation) ?? [];
  }

  positionOf(operation: Operation): number {
    return this.#positions.get(operation) ?? -1;
  }

  isResult(value: Value): boolean {
    return this.#results.has(value);
  }

  /** Whether a result of a reader has the memory of a tensor under another name. */
  isShared(value: Value): boolean {
    return this.of(value).some((reader) => shares(reader, value));
  }

  #collect(operation: Operation): void {
    this.#positions.set(operation, this.#positions.size);
    for (const [result, v] of operation.results.entries()) this.#definitions.set(v, { operation, result });
    const free = operation.regions.length === 0 ? [] : freeValues(...operation.regions);
    if (free.length > 0) this.#free.set(operation, free);
    for (const v of [...operation.operands, ...free]) {
      const readers = this.#readers.get(v);
      if (readers === undefined) this.#readers.set(v, [operation]);
      else readers.push(operation);
    }
  }
}

/** The operand that a result aliases; null where it has storage of its own, as a reshape to the same type does. */
export function aliasOf({ op, operands, results }: Operation, k: number): Value | null {
  const operand = k < op.aliases.length ? operands[op.aliases[k]] : null;
  const isCopy = op.lowering?.kind === "view" && operand !== null && sameType(operand.type, results[k].type);
  return isCopy ? null : operand;
}

/** Whether a result of the operation aliases the operand. */
function shares(operation: Operation, operand: Value): boolean {
  if (operation.op.aliases.some((_, k) => aliasOf(operation, k) === operand)) return true;
  return loopOf(operation)?.inits.some((v, k) => v === operand && isInvariantCarry(operation, k)) ?? false;
}
