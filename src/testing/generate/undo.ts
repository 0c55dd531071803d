// What takes back or takes apart what an operation before it did: pairs that passes look for, and that hardly ever stand next
// to one another by chance.

import {
  type Attributes,
  addDims,
  currentBlock,
  type Dim,
  isOf,
  type Op,
  type Operation,
  shapeOf,
  type Value,
} from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { dtypeOf, type Pool } from "./pool.ts";
import type { Random } from "./random.ts";

type Way = (operation: Operation, random: Random) => Value | null;

function way<A extends Attributes>(op: Op<A>, of: (operation: Operation<A>, random: Random) => Value): Way {
  return (operation, random) => (isOf(op, operation) ? of(operation, random) : null);
}

const { records } = ops;

const ways: readonly Way[] = [
  way(records.not, ({ results: [y] }) => ops.not(y)),
  way(records.cast, ({ operands: [x], results: [y] }) => ops.cast(y, dtypeOf(x))),
  way(records.reshape, ({ operands: [x], results: [y] }) => ops.reshape(y, shapeOf(x))),
  way(records.reverse, ({ attributes: { axes }, results: [y] }) => ops.reverse(y, axes)),
  way(records.permute, ({ attributes: { permutation }, results: [y] }, random) => {
    const inverse = permutation.map((_, i) => permutation.indexOf(i));
    return ops.permute(y, random.oneIn(2) ? inverse : permutation);
  }),
  way(records.broadcast, ({ attributes: { axes }, results: [y] }, random) => {
    const others = shapeOf(y).flatMap((_, a) => (axes.includes(a) ? [] : [a]));
    const kinds = dtypeOf(y) === "bool" ? (["or", "and"] as const) : (["sum", "max", "min", "prod"] as const);
    return ops.reduce(y, { kind: random.pick<(typeof kinds)[number]>(kinds), axes: others });
  }),
  // one of the tensors, or what is about it
  way(records.concatenate, ({ attributes: { axis }, operands, results: [y] }, random) => {
    const which = random.below(operands.length);
    const before = operands.slice(0, which).reduce<Dim>((sum, v) => addDims(sum, shapeOf(v)[axis]), 0);
    const from = addDims(before, random.pick([0, 0, 1]));
    return ops.slice(y, {
      start: shapeOf(y).map((_, a) => (a === axis ? from : 0)),
      limit: shapeOf(y).map((d, a) => (a === axis ? addDims(from, shapeOf(operands[which])[axis]) : d)),
    });
  }),
  way(records.pad, ({ attributes: { low }, operands: [x], results: [y] }) =>
    ops.slice(y, { start: low, limit: low.map((d, a) => addDims(d, shapeOf(x)[a])) }),
  ),
  way(records.dynamicUpdateSlice, ({ operands: [, update, ...starts], results: [y] }) =>
    ops.dynamicSlice(y, starts, shapeOf(update)),
  ),
  // what was just put, at the same indices, some of them twice or out of range
  way(records.scatter, ({ attributes, operands: [x, indices, updates], results: [y] }, random) => {
    const { update_axes, inserted_axes, batch_axes, index_batch_axes, index_map, index_axis } = attributes;
    const left = [...update_axes];
    const sizes = shapeOf(x).map((_, a): Dim => {
      if (inserted_axes.includes(a) || batch_axes.includes(a)) return 1;
      return shapeOf(updates)[left.shift() ?? 0];
    });
    return ops.gather(y, indices, {
      offsetAxes: update_axes,
      collapsedAxes: inserted_axes,
      batchAxes: batch_axes,
      indexBatchAxes: index_batch_axes,
      indexMap: index_map,
      indexAxis: index_axis,
      sizes,
      mode: random.pick(["clamp", "fill"]),
    });
  }),
  way(records.bitcast, ({ operands: [x], results: [y] }, random) =>
    ops.bitcast(y, dtypeOf(y) !== "f32" ? "f32" : random.oneIn(2) ? dtypeOf(x) : random.pick(["i32", "u32"])),
  ),
  // another part as large
  way(records.slice, ({ attributes: { start, limit, strides }, operands: [x] }, random) => {
    const by = start.map(() => random.pick([0, 1, -1]));
    const moved = (dims: readonly Dim[]) => dims.map((d, a) => addDims(d, by[a]));
    return ops.slice(x, { start: moved(start), limit: moved(limit), strides });
  }),
];

/** How many of the last operations one is chosen among. */
const recent = 8;

/** One of the last operations that there is a way to take back, taken back. */
export function undo({ random }: Pool): readonly Value[] {
  for (const operation of random.shuffled(currentBlock().operations.slice(-recent))) {
    for (const take of ways) {
      const value = take(operation, random);
      if (value !== null) return [value];
    }
  }
  return [];
}
