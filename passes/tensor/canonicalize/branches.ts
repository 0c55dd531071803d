// Identities of control flow whose way is known.

import { emit, isSilent, makeBlock, type Operation, type Value } from "../../../src/ir/index.ts";
import { isOwn } from "../../../src/ops/index.ts";
import { opRule, type RewriteContext, type Rule } from "../../../src/rewrite/index.ts";

// biome-ignore format: a table one can see
export const branchRules: readonly Rule[] = [
  opRule("if with a known predicate → its branch", (op) => op.traits.branches, knownBranch),
  opRule("if whose branches all yield a value → the value", (op) => op.traits.branches, sameInEach),
  opRule("while that never runs → its first values", (op) => isOwn(op, "while"), deadLoop),
];

function knownBranch(operation: Operation, context: RewriteContext): readonly Value[] | null {
  const predicate = context.splat(operation.operands[0]);
  return predicate === null ? null : context.splice(operation, predicate === 1 ? 0 : 1);
}

/** The operation keeps the results that differ, and whatever else its branches do. */
function sameInEach({ op, operands, regions, results }: Operation): readonly Value[] | null {
  const [first, ...others] = regions;
  // no branch sees what another one defines
  const differs = first.results.map((v, k) => others.some((other) => other.results[k] !== v));
  if (differs.every((d) => d)) return null;
  const where = (values: readonly Value[]): readonly Value[] => values.filter((_, k) => differs[k]);
  const kept = emit(op, operands, {
    regions: regions.map((r) => makeBlock(r.arguments, r.operations, where(r.results))),
    names: where(results).map((r) => r.name),
  });
  let next = 0;
  return first.results.map((v, k) => (differs[k] ? kept[next++] : v));
}

/** The condition says false at once and does nothing else. */
function deadLoop(operation: Operation, context: RewriteContext): readonly Value[] | null {
  const [condition] = operation.regions;
  const [result] = condition.results;
  const isFalse = context.splat(result) === 0;
  const hasNoEffects = condition.operations.every((o) => isSilent(o.op.effects) && o.regions.length === 0);
  return isFalse && hasNoEffects ? operation.operands : null;
}
