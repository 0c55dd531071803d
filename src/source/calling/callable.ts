// A compiled program as a function of JavaScript: on plain values, and inside a trace on tensors.

import { type Compiled, type Convention, leavesOf, standaloneOf, withFacts } from "../../compile/index.ts";
import { atBoundary, currentTrace, Tensor } from "../../frontend/index.ts";
import { type DType, elementDType } from "../../ir/index.ts";
import { arrange, fromArray, type Leaf, leavesOfArguments, requireApart, toArray, writeBack } from "../state/bind.ts";
import type { LeafFunction } from "./derivatives.ts";
import type { SourceFunction } from "./types.ts";

/**
 * The function by its calling convention. Arguments that fit go straight to generated code; others, and all where there is
 * none, are converted one by one. On tensors of a trace, `traced` runs instead.
 */
export function callable(compiled: Compiled, convention: Convention, traced: LeafFunction): SourceFunction {
  const { executable, signature, entry } = compiled;
  const dtypes = signature.arguments.map((type) => elementDType(type) ?? "f64");
  const kinds = leavesOf(convention.result);
  const general = (args: readonly unknown[]): unknown => {
    const leaves = leavesOfArguments(entry, convention.parameters, args);
    if (currentTrace() !== null && leaves.some((leaf) => leaf.value instanceof Tensor)) {
      const tensors = traced(...leaves.map((leaf, i) => tensorOf(leaf, dtypes[i])));
      let next = 0;
      return arrange(convention.result, () => tensors[next++]);
    }
    requireApart(convention, leaves);
    const results = executable.run(leaves.map((leaf, i) => toArray(leaf, dtypes[i])));
    writeBack(convention, results.slice(kinds.length), leaves);
    let k = 0;
    return arrange(convention.result, () => {
      const i = k++;
      return fromArray(results[i], kinds[i]);
    });
  };
  const otherwise = (...args: unknown[]): unknown => atBoundary(call, () => general(args));
  const call = executable.native(convention, otherwise) ?? otherwise;
  return withFacts(call as SourceFunction, compiled, (options = {}) =>
    standaloneOf(compiled, convention, options, `${entry}: toModule`),
  );
}

/** A leaf as a tensor. */
function tensorOf(leaf: Leaf, dtype: DType): Tensor {
  return leaf.value instanceof Tensor ? leaf.value : new Tensor(toArray(leaf, dtype));
}
