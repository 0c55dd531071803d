// Wrong rewrites of shapes, indices, products and windows: one axis, one attribute or one edge is not what it should be.

import { addDims, type Dim, type Operation, shapeOf, subDims, type Value } from "../../../src/ir/index.ts";
import * as ops from "../../../src/ops/index.ts";
import { changed, type Mutant, uses } from "./kit.ts";

const { records } = ops;
const rankOf = (v: Value): number => shapeOf(v).length;
const everyAxis = (v: Value): readonly number[] => shapeOf(v).map((_, i) => i);

const shapes: readonly Mutant[] = [
  uses("shapes", "a permutation is its inverse", records.permute, (o) =>
    ops.permute(
      o.operands[0],
      o.attributes.permutation.map((_, i) => o.attributes.permutation.indexOf(i)),
    ),
  ),
  uses("shapes", "reversals add up", records.reverse, (o, source) => {
    const inner = source(o.operands[0]);
    if (inner?.op.name !== "reverse") return null;
    const axes = [o.attributes.axes, inner.attributes.axes].flat().filter((a) => typeof a === "number");
    return ops.reverse(inner.operands[0], [...new Set(axes)].sort());
  }),
  uses("shapes", "a sum over what was repeated is the value", records.reduce, (o, source) => {
    const inner = source(o.operands[0]);
    return inner?.op.name === "broadcast" && o.attributes.kind === "sum" ? (inner.operands[0] ?? null) : null;
  }),
  uses("shapes", "a part of several tensors is one of the first", records.slice, (o, source) => {
    const inner = source(o.operands[0]);
    return inner?.op.name === "concatenate"
      ? ops.slice(inner.operands[0], { ...o.attributes, strides: o.attributes.strides })
      : null;
  }),
  uses("shapes", "padding changes sides", records.pad, (o) =>
    changed(o, { low: o.attributes.high, high: o.attributes.low }),
  ),
  uses("shapes", "strides of parts start at the end", records.slice, (o) => {
    const { start, limit, strides } = o.attributes;
    if (!strides.some((s) => s > 1)) return null;
    const last = shapeOf(o.results[0]).map((n, i) => addDims(start[i], strides[i] * (Number(n) - 1)));
    const begin = limit.map((d, i) => addDims(start[i], subDims(subDims(d, 1), last[i])));
    return ops.slice(o.operands[0], { start: begin, limit, strides });
  }),
  uses("shapes", "one axis too few is reduced", records.reduce, (o) => {
    const { axes, kind } = o.attributes;
    if (axes === "all" || axes.length < 2) return null;
    const some = ops.reduce(o.operands[0], { kind, axes: axes.slice(1) });
    return ops.reshape(
      ops.slice(some, {
        start: shapeOf(some).map(() => 0),
        limit: shapeOf(some).map((d, i) => (i === axes[0] ? 1 : d)),
      }),
      shapeOf(o.results[0]),
    );
  }),
  uses("shapes", "the last of equal extremes", records.argReduce, (o) => {
    const { kind, axis } = o.attributes;
    const [x] = o.operands;
    const index = ops.argReduce(ops.reverse(x, [axis]), { kind, axis });
    return ops.sub(ops.constantLike(Number(shapeOf(x)[axis]) - 1, index), index);
  }),
  uses("shapes", "scans run forwards", records.cumulative, (o) =>
    o.attributes.reverse ? changed(o, { reverse: false }) : null,
  ),
  uses("shapes", "numbers count along the first axis", records.iota, (o) =>
    o.attributes.axis > 0 ? changed(o, { axis: 0 }) : null,
  ),
  uses("shapes", "nothing reduces to zero", records.reduce, (o) =>
    shapeOf(o.operands[0]).includes(0) ? ops.constantLike(0, o.results[0]) : null,
  ),
  uses("shapes", "descending is ascending backwards", records.sort, (o) => {
    const { axis, descending } = o.attributes;
    return descending ? ops.sort(o.operands, { axis }).map((v) => ops.reverse(v, [axis])) : null;
  }),
  uses("shapes", "sizes forget what was added", records.dim, (o) => {
    const text = String(o.attributes.value);
    return text.endsWith("+2") ? ops.dim(subDims(o.attributes.value, 1)) : null;
  }),
  uses("shapes", "tensors next to one another change places", records.concatenate, (o) =>
    o.operands.length < 3
      ? null
      : ops.concatenate([o.operands[1], o.operands[0], ...o.operands.slice(2)], o.attributes.axis),
  ),
  uses("shapes", "axes of one extent are one", records.broadcast, (o) => {
    const { axes } = o.attributes;
    const shape = shapeOf(o.results[0]);
    const other = axes.map((a) => shape.indexOf(shape[a]));
    return other.some((a, i) => a !== axes[i]) && new Set(other).size === other.length
      ? changed(o, { axes: other })
      : null;
  }),
];

const indexing: readonly Mutant[] = [
  uses("indexing", "boxes written one over the other change places", records.dynamicUpdateSlice, (o, source) => {
    const inner = source(o.operands[0]);
    if (inner?.op !== o.op) return null;
    const [x, first, ...starts] = inner.operands;
    return ops.dynamicUpdateSlice(ops.dynamicUpdateSlice(x, o.operands[1], o.operands.slice(2)), first, starts);
  }),
  uses("indexing", "what was written is read back", records.dynamicSlice, (o, source) => {
    const inner = source(o.operands[0]);
    return inner?.op.name === "dynamic_update_slice" ? inner.operands[1] : null;
  }),
  uses("indexing", "a box starts one further", records.dynamicSlice, (o) => {
    const [x, ...starts] = o.operands;
    return ops.dynamicSlice(
      x,
      starts.map((s) => ops.maximum(s, ops.constantLike(1, s))),
      o.attributes.sizes,
    );
  }),
  uses("indexing", "what is out of range is clamped, not filled", records.gather, (o) =>
    o.attributes.mode === "fill" ? changed(o, { mode: "clamp" }) : null,
  ),
  uses("indexing", "what is out of range does not fail", records.gather, (o) =>
    o.attributes.mode === "fail" ? changed(o, { mode: "clamp" }) : null,
  ),
  uses("indexing", "what is out of range is written at the edge", records.scatter, (o) =>
    o.attributes.mode === "drop" ? changed(o, { mode: "clamp" }) : null,
  ),
  uses("indexing", "updates add to what they replace", records.scatter, (o) =>
    o.attributes.kind === "set" && o.results[0].type.kind === "tensor" && o.results[0].type.dtype !== "bool"
      ? changed(o, { kind: "add" })
      : null,
  ),
  uses("indexing", "components of an index change places", records.gather, (o) =>
    o.attributes.index_map.length > 1 ? changed(o, { index_map: o.attributes.index_map.toReversed() }) : null,
  ),
];

const products: readonly Mutant[] = [
  uses("products", "factors change places", records.dot, (o) => {
    const { contract, batch } = o.attributes;
    const turned = (pairs: typeof contract) => ({ left: pairs.right, right: pairs.left });
    return ops.dot(o.operands[1], o.operands[0], { contract: turned(contract), batch: turned(batch) });
  }),
  uses("products", "a product of a sum is a sum of products", records.dot, (o, source) => {
    const inner = source(o.operands[0]);
    if (inner?.op.name !== "add") return null;
    const [a, b] = inner.operands.map((v) => ops.dot(v, o.operands[1], o.attributes));
    return ops.add(a, b);
  }),
  uses("products", "the other axis is contracted", records.dot, (o) => {
    const { contract, batch } = o.attributes;
    if (batch.left.length > 0 || rankOf(o.operands[1]) !== 2 || contract.right.length !== 1) return null;
    return ops.dot(o.operands[0], o.operands[1], { contract: { left: contract.left, right: [1 - contract.right[0]] } });
  }),
  uses("products", "the other triangle is solved", records.triangularSolve, (o) => {
    const { lower, transpose, unit } = o.attributes;
    return ops.triangularSolve(o.operands[0], o.operands[1], { lower: !lower, transpose: !transpose, unit });
  }),
];

const windows: readonly Mutant[] = [
  uses("windows", "kernels are turned round", records.conv, (o) => {
    const [x, kernel] = o.operands;
    const turned = ops.reverse(kernel, everyAxis(kernel).slice(2));
    return withOther(o, [x, turned]);
  }),
  uses("windows", "padding of windows changes sides", records.reduceWindow, (o) =>
    changed(o, { low: o.attributes.high, high: o.attributes.low }),
  ),
  uses("windows", "windows are never empty", records.reduceWindow, (o) => {
    const [x] = o.operands;
    const isWhole = String(shapeOf(x)) === String(shapeOf(o.results[0]));
    return isWhole && o.attributes.kind === "max"
      ? ops.maximum(o.results[0].type.kind === "tensor" ? x : x, ops.reduceWindow(x, windowOf(o)))
      : null;
  }),
];

function windowOf(o: Operation) {
  const list = (name: string): readonly Dim[] => (o.attributes[name] as readonly Dim[]) ?? [];
  const numbers = (name: string): readonly number[] => (o.attributes[name] as readonly number[]) ?? [];
  return {
    kind: "max" as const,
    window: list("window"),
    low: list("low"),
    high: list("high"),
    strides: numbers("strides"),
    baseDilation: numbers("base_dilation"),
    windowDilation: numbers("window_dilation"),
  };
}

function withOther(o: Operation, operands: readonly Value[]): Operation {
  return Object.freeze({ ...o, operands: Object.freeze([...operands]) });
}

export const structural: readonly Mutant[] = [...shapes, ...indexing, ...products, ...windows];
