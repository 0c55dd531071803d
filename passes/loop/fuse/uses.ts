// Who reads what in one block, and which of its values are read where no nest of the block computes them.

import {
  type Block,
  freeValues,
  isScalar,
  type Operation,
  reusedBy,
  type Value,
  ValueMap,
  ValueSet,
} from "../../../src/ir/index.ts";
import { isDenseConstant } from "../../../src/ops/index.ts";
import { isMoveInto } from "../analyses/overwrites.ts";

/** An operand of an operation. */
export interface Use {
  readonly by: Operation;
  readonly operand: number;
}

export class BlockUses {
  readonly #uses = new ValueMap<Use[]>();
  readonly #positions = new Map<Operation, number>();
  readonly #escaping = new ValueSet();
  readonly #escapesAt = new ValueMap<number>();
  readonly #splats = new ValueSet();

  constructor(block: Block) {
    for (const [position, operation] of block.operations.entries()) this.#collect(operation, position);
    for (const v of block.results) this.#escaping.add(v);
  }

  /** The operands in the block, regions apart, that are a value. */
  of(value: Value): readonly Use[] {
    return this.#uses.get(value) ?? [];
  }

  positionOf(operation: Operation): number {
    return this.#positions.get(operation) ?? 0;
  }

  /** Whether a value is read by a region, is brought to memory, or is a result of the block. */
  escapes(value: Value): boolean {
    return this.#escaping.has(value);
  }

  /** The position of the first operation that reads a value so, but for the block's end: of that alone it is the position. */
  escapesAt(value: Value): number {
    return this.#escapesAt.get(value) ?? Infinity;
  }

  /** Whether all elements of a tensor are one constant. */
  isSplat(value: Value): boolean {
    return this.#splats.has(value);
  }

  #collect(operation: Operation, position: number): void {
    this.#positions.set(operation, position);
    const { op, operands, results, regions } = operation;
    const isMovedSplat = op.traits.moves && operands.every((v) => isScalar(v.type) || this.#splats.has(v));
    if (isMovedSplat || (op.traits.constant && !isDenseConstant(operation))) this.#splats.add(results[0]);
    const isMove = isMoveInto(operation);
    for (const [operand, v] of operands.entries()) {
      if (isMove && v !== reusedBy(operation)) {
        this.#escape(v, position);
        continue;
      }
      const uses = this.#uses.get(v);
      const use = { by: operation, operand };
      if (uses === undefined) this.#uses.set(v, [use]);
      else uses.push(use);
    }
    if (regions.length === 0) return;
    for (const v of freeValues(...regions)) this.#escape(v, position);
  }

  #escape(v: Value, position: number): void {
    this.#escaping.add(v);
    if (!this.#escapesAt.has(v)) this.#escapesAt.set(v, position);
  }
}
