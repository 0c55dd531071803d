// Which tensors of a block are written over, and where: `reuses` says so, of operations and of what their regions hold.

import {
  type Block,
  type Operation,
  reusedBy,
  reusesOf,
  type Value,
  ValueMap,
  ValueSet,
} from "../../../src/ir/index.ts";

const never = (): boolean => false;

export class Overwrites {
  readonly #positions = new Map<Operation, number>();
  readonly #overwriters = new ValueMap<Operation>();

  constructor({ operations }: Block) {
    for (const [position, operation] of operations.entries()) {
      this.#positions.set(operation, position);
      for (const v of overwrittenBy(operation)) this.#overwriters.set(v, operation);
    }
  }

  /** The operation that writes over the memory of a value; undefined where the value is kept. */
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

  /** Whether an operand is overwritten by another operation. */
  readsOverwritten(operation: Operation): boolean {
    return operation.operands.some((v) => {
      const overwriter = this.#overwriters.get(v);
      return overwriter !== undefined && overwriter !== operation;
    });
  }
}

/** Whether a tensor is brought to the memory of another as it is. */
export function isMoveInto(operation: Operation): boolean {
  return operation.op.lowering?.kind === "view" && reusedBy(operation) !== undefined;
}

/** The tensors from outside of an operation whose memory it writes over. */
function overwrittenBy(operation: Operation): readonly Value[] {
  const own = reusesOf(operation).flatMap((operand) => (operand < 0 ? [] : [operation.operands[operand]]));
  return operation.regions.length === 0 ? own : [...own, ...operation.regions.flatMap(overwrittenIn)];
}

function overwrittenIn({ arguments: args, operations }: Block): readonly Value[] {
  const defined = new ValueSet([...args, ...operations.flatMap(({ results }) => results)]);
  return operations.flatMap(overwrittenBy).filter((v) => !defined.has(v));
}
