// Identities of ops that move elements, and of control flow whose way is known.

import { dimsOf, type Operation, sameType, type Value } from "../../src/ir/index.ts";
import { broadcast, permute, records, reshape } from "../../src/ops/index.ts";
import { type Match, opRule, type RewriteContext, type Rule, rule } from "../../src/rewrite/index.ts";
import { patterns as p } from "./vocabulary.ts";

// biome-ignore format: a table one can see
export const structureRules: readonly Rule[] = [
  rule("reshape(x) to its own shape → x", (x) => p.reshape(x), ifSameType),
  rule("reshape(reshape(x)) → reshape(x)", (x) => p.reshape(p.reshape(x)), (x) => (m) => reshape(x, dimsOf(m.type))),
  rule("permute(x) in order → x", (x) => p.permute(x), (x) => (m) => (isInOrder(axes(m, 0, "permutation")) ? x : null)),
  rule("permute(permute(x)) → permute(x)", (x) => p.permute(p.permute(x)), bothPermutations),
  rule("broadcast(x) to its own shape → x", (x) => p.broadcast(x), (x) => (m) => (isInOrder(axes(m, 0, "axes")) ? ifSameType(x)(m) : null)),
  rule("broadcast(broadcast(x)) → broadcast(x)", (x) => p.broadcast(p.broadcast(x)), bothBroadcasts),
  rule("reduce(x) over no axes → x", (x) => p.reduce(x), (x) => (m) => (axes(m, 0, "axes").length === 0 ? x : null)),
  opRule("a move of a constant of equal elements → a constant", (op) => op.traits.moves === true, moveOfSplat),
  opRule("if with a known predicate → its branch", (op) => op.traits.branches === true, knownBranch),
  opRule("while that never runs → its first values", (op) => op === records.while, deadLoop),
];

function ifSameType(x: Value) {
  return (match: Match): Value | null => (sameType(x.type, match.type) ? x : null);
}

function bothPermutations(x: Value) {
  return (match: Match): Value => {
    const inner = axes(match, 1, "permutation");
    return permute(
      x,
      axes(match, 0, "permutation").map((axis) => inner[axis]),
    );
  };
}

function bothBroadcasts(x: Value) {
  return (match: Match): Value => {
    const outer = axes(match, 0, "axes");
    return broadcast(
      x,
      dimsOf(match.type),
      axes(match, 1, "axes").map((axis) => outer[axis]),
    );
  };
}

function axes(match: Match, operation: number, attribute: string): readonly number[] {
  return match.operations[operation].attributes[attribute] as readonly number[];
}

function isInOrder(list: readonly number[]): boolean {
  return list.every((axis, i) => axis === i);
}

/** Broadcast, reshape, permute, … of one operand: every element of the result is one of the operand's. */
function moveOfSplat(operation: Operation, context: RewriteContext): readonly Value[] | null {
  const { operands, results } = operation;
  if (operands.length !== 1 || results.length !== 1) return null;
  const [{ type: from }, { type: to }] = [operands[0], results[0]];
  const splat = context.splat(operands[0]);
  if (splat === null || to.kind !== "tensor" || from.kind !== "tensor" || to.dtype !== from.dtype) return null;
  return [context.constant(splat, to)];
}

function knownBranch(operation: Operation, context: RewriteContext): readonly Value[] | null {
  const predicate = context.splat(operation.operands[0]);
  return predicate === null ? null : context.splice(operation, predicate === 1 ? 0 : 1);
}

/** The condition says false at once and does nothing else. */
function deadLoop(operation: Operation, context: RewriteContext): readonly Value[] | null {
  const [condition] = operation.regions;
  const [result] = condition.results;
  const isFalse = context.splat(result) === 0;
  const isSilent = condition.operations.every((o) => o.op.effect === "pure" && o.regions.length === 0);
  return isFalse && isSilent ? operation.operands : null;
}
