// How much an operation adds to the size of a generated function. The unit is one multiplication.

import { type DType, dtypes, elementDType, type Op, type Operation } from "../../ir/index.ts";

/** The weight of an operation that is written, its regions left out. */
export function weightOf(operation: Operation): number {
  return operation.op.scalar === null ? 1 + operation.results.length : elementwiseWeight(operation);
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
    const rounded = op.scalar?.exact === true ? text : dtypes[dtype].spellRound(text);
    weight = 1 + (rounded.match(/[A-Za-z]\(/g)?.length ?? 0);
    weights[dtype] = weight;
  }
  return weight;
}
