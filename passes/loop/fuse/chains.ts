// Which tensors of a block can be computed with each of the sums of a contraction, as these come about.

import { type Block, isScalar, type Operation, shapeText, type Value, ValueMap } from "../../../src/ir/index.ts";
import { contractionOf, isPointwise } from "../analyses/reads.ts";

/** By position: the last contraction that a value depends on, and the one from whose sums it follows element by element. */
interface Chain {
  readonly last: number;
  readonly of: number;
}

const none = -1;
const free: Chain = { last: none, of: none };

/** What follows element by element from the sums of a contraction of its shape, and otherwise from what does not need them. */
export class SumChains {
  readonly #chains = new ValueMap<Chain>();

  constructor({ operations }: Block) {
    let latest = none;
    for (const [position, operation] of operations.entries()) {
      const isSums = contractionOf(operation) !== null;
      if (isSums) latest = position;
      if (latest === none) continue;
      const chain = isSums ? { last: position, of: position } : this.#follows(operation, latest);
      if (chain.last !== none) for (const v of operation.results) this.#chains.set(v, chain);
    }
  }

  /** Whether a value is one of the sums of a contraction, or follows from them. */
  has(value: Value): boolean {
    return this.#of(value).of !== none;
  }

  #of(value: Value): Chain {
    return this.#chains.get(value) ?? free;
  }

  #follows(operation: Operation, latest: number): Chain {
    const { operands, regions, results } = operation;
    // regions may read anything
    if (regions.length > 0) return { last: latest, of: none };
    const chains = operands.map((v) => this.#of(v));
    const last = Math.max(none, ...chains.map((chain) => chain.last));
    const isChain =
      last !== none &&
      isPointwise(operation) &&
      chains.every((chain, i) => chain.last < last || (chain.of === last && hasShapeOf(operands[i], results[0])));
    return { last, of: isChain ? last : none };
  }
}

function hasShapeOf(operand: Value, result: Value): boolean {
  return !isScalar(result.type) && shapeText(operand) === shapeText(result);
}
