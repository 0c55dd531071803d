// Identities of ops that move elements, which programs of numbers have none of.

import {
  type Attributes,
  addDims,
  type Dim,
  emit,
  mulDims,
  type Operation,
  sameType,
  shapeOf,
  subDims,
  type Value,
} from "../../../src/ir/index.ts";
import { type Box, broadcast, extentOf, isOwn, permute, reshape, view } from "../../../src/ops/index.ts";
import { type Match, opRule, type RewriteContext, type Rule } from "../../../src/rewrite/index.ts";
import { patterns as p, rule } from "./vocabulary.ts";

// biome-ignore format: a table one can see
export const movingRules: readonly Rule[] = [
  rule("reshape(x) to its own shape → x", "reshape", (x) => [x], ifSameType),
  rule("reshape(reshape(x)) → reshape(x)", "reshape", (x) => [p.reshape(x)], (x) => (m) => reshape(x, shapeOf(m))),
  rule("reshape(x) of one number → broadcast(x)", "reshape", (x) => [x], (x) => (m) => (x.type.kind === "tensor" && shapeOf(x).length === 0 ? broadcast(x, shapeOf(m)) : null)),
  rule("view(x) of its own shape → x", "view", (x) => [x], ifSameType),
  rule("view(view(x)) → view(x)", "view", (x) => [p.view(x)], (x) => (m) => (m.type.kind === "memref" ? view(x, m.type) : null)),
  rule("permute(x) in order → x", "permute", (x) => [x], (x) => (m) => (isInOrder(axes(m, 0, "permutation")) ? x : null)),
  rule("permute(permute(x)) → permute(x)", "permute", (x) => [p.permute(x)], bothPermutations),
  rule("broadcast(x) to its own shape → x", "broadcast", (x) => [x], (x) => (m) => (isInOrder(axes(m, 0, "axes")) ? ifSameType(x)(m) : null)),
  rule("broadcast(broadcast(x)) → broadcast(x)", "broadcast", (x) => [p.broadcast(x)], bothBroadcasts),
  rule("reverse(x) along no axes → x", "reverse", (x) => [x], (x) => (m) => (axes(m, 0, "axes").length === 0 ? x : null)),
  rule("reverse(reverse(x)) → reverse(x)", "reverse", (x) => [p.reverse(x)], bothReversals),
  rule("slice(x) of the whole → x", "slice", (x) => [x], ifSameType),
  rule("slice(slice(x)) → slice(x)", "slice", (x) => [p.slice(x)], bothSlices),
  rule("pad(x) by nothing → x", "pad", (x, v) => [x, v], (x, _) => (m) => (["low", "high", "interior"].every((a) => isZero(axes(m, 0, a))) ? x : null)),
  rule("concatenate(x) → x", "concatenate", (x) => [x], (x) => x),
  opRule("concatenate with nothing → concatenate", (op) => isOwn(op, "concatenate"), withoutEmpty),
  rule("extent(x) of a known rank → its dimensions", "extent", (x) => [x], (x) => (m) => (x.type.kind === "tensor" ? extentOf(x, axes(m, 0, "axes")) : null)),
  rule("reduce(x) over no axes → x", "reduce", (x) => [x], (x) => (m) => (axes(m, 0, "axes").length === 0 ? x : null)),
  opRule("a move of a constant of equal elements → a constant", (op) => op.traits.moves, moveOfSplat),
];

/** An operation of the same op. A rule that named the op's own function would bring it into programs that have none. */
function again({ op }: Operation, operands: readonly Value[], attributes: Attributes): Value {
  return emit(op, operands, { attributes })[0];
}

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
      shapeOf(match),
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

function isZero(list: readonly unknown[]): boolean {
  return list.every((d) => d === 0);
}

/** An axis that both turn round is as it was. */
function bothReversals(x: Value) {
  return (match: Match): Value => {
    const [outer, inner] = [axes(match, 0, "axes"), axes(match, 1, "axes")];
    const axesOnce = [...outer.filter((a) => !inner.includes(a)), ...inner.filter((a) => !outer.includes(a))];
    return axesOnce.length === 0 ? x : again(match.operations[0], [x], { axes: axesOnce });
  };
}

/** One box, where it is known to lie within x. */
function bothSlices(x: Value) {
  return (match: Match): Value | null => {
    const [outer, inner] = match.operations.map(({ attributes }) => attributes as unknown as Required<Box>);
    const extents = shapeOf(x);
    const boxes = shapeOf(match).map((n, a) => {
      const stride = (inner.strides[a] ?? 1) * (outer.strides[a] ?? 1);
      const [first, second] = [inner.start[a], outer.start[a]];
      if (typeof first !== "number" || typeof second !== "number") return null;
      return innerBox(first + second * (inner.strides[a] ?? 1), n, stride, extents[a]);
    });
    if (boxes.some((box) => box === null)) return null;
    const known = boxes.filter((box) => box !== null);
    const strides = known.map(({ stride }) => stride);
    return again(match.operations[0], [x], {
      start: known.map(({ start }) => start),
      limit: known.map(({ limit }) => limit),
      strides: strides.every((stride) => stride === 1) ? [] : strides,
    });
  };
}

/** `n` elements from `start` on; null where they may lie outside, or where how many they are would be spelled otherwise. */
function innerBox(start: number, n: Dim, stride: number, extent: Dim) {
  const isOpen = stride > 1 && typeof n !== "number";
  const limit = isOpen || n === 0 ? addDims(start, n) : addDims(start + 1, mulDims(stride, subDims(n, 1)));
  const rest = subDims(extent, limit);
  return !isOpen && typeof rest === "number" && rest >= 0 ? { start, limit, stride } : null;
}

function withoutEmpty(operation: Operation): readonly Value[] | null {
  const { operands, attributes } = operation;
  const axis = attributes.axis as number;
  const filled = operands.filter((v) => shapeOf(v)[axis] !== 0);
  if (filled.length === operands.length) return null;
  return filled.length < 2 ? [filled[0] ?? operands[0]] : [again(operation, filled, { axis })];
}

/** Broadcast, reshape, concatenate, …: every element of the result is one of an operand's. */
function moveOfSplat(operation: Operation, context: RewriteContext): readonly Value[] | null {
  const { operands, results } = operation;
  const to = results[0].type;
  const [splat, ...others] = operands.map((v) => context.splat(v));
  if (splat == null || !others.every((s) => s !== null && Object.is(s, splat)) || to.kind !== "tensor") return null;
  const isMove = operands.every((v) => v.type.kind === "tensor" && v.type.dtype === to.dtype);
  return isMove ? [context.constant(splat, to)] : null;
}
