// How much operations add to the size of a generated function. The unit is one multiplication.

import { type Block, type DType, elementDType, isFree, type Op, type Operation } from "../../../src/ir/index.ts";
import { spellRound } from "../../../src/ops/index.ts";

/** The weight of an operation, its regions left out. */
export function weightOf(operation: Operation): number {
  const { op, results } = operation;
  if (isFree(operation)) return 0;
  return op.scalar === null ? 1 + results.length : elementwiseWeight(operation);
}

/** Whether a block with its regions is heavier than that. */
export function isHeavy(block: Block, heaviest: number): boolean {
  return weightUpTo(block, heaviest) > heaviest;
}

/** The weight of a block with its regions, if that is at most `most`, else something above. */
function weightUpTo({ operations }: Block, most: number): number {
  let weight = 0;
  for (const operation of operations) {
    weight += weightOf(operation);
    for (const region of operation.regions) if (weight <= most) weight += weightUpTo(region, most - weight);
    if (weight > most) break;
  }
  return weight;
}

/** Weights that were computed, by op and dtype. */
const elementwiseWeights = new WeakMap<Op, Partial<Record<DType, number>>>();

/** 1, and 1 for each call in the operation's spelling. */
function elementwiseWeight({ op, operands, results, attributes }: Operation): number {
  const dtype = elementDType(results[0].type) ?? "f64";
  let weights = elementwiseWeights.get(op);
  if (weights === undefined) elementwiseWeights.set(op, (weights = {}));
  let weight = weights[dtype];
  if (weight === undefined) {
    const text =
      op.scalar?.spell(
        operands.map((_, i) => `x${i}`),
        { attributes, dtype, nameOf: (kernel) => kernel.name },
      ) ?? "";
    const rounded = op.scalar?.exact === true ? text : spellRound(text, dtype);
    weight = 1 + (rounded.match(/[A-Za-z]\(/g)?.length ?? 0);
    weights[dtype] = weight;
  }
  return weight;
}
