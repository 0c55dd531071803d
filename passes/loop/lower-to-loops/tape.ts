// Lists of tensors at the loop level: a tensor is pushed element by element, and popped in the opposite order.

import {
  type Dim,
  emit,
  indexDim,
  isDirect,
  loweredType,
  type Operation,
  shapeOf,
  subDims,
  type Value,
} from "../../../src/ir/index.ts";
import { forLoop, store } from "../../../src/ops/index.ts";
import type { BlockLowering } from "./block.ts";

export function lowerEmpty({ nests }: BlockLowering, { op, results, origin }: Operation): void {
  const [{ type, name }] = results;
  nests.scalars.set(results[0], emit(op, [], { types: [loweredType(type)], names: [name], origin })[0]);
}

export function lowerPush({ nests }: BlockLowering, { op, operands: [tape, ...values], results }: Operation): void {
  const before = nests.scalars.get(tape);
  // by the operation's own record, which programs without tapes do not have
  const push = (list: Value, ...tops: readonly Value[]): Value => emit(op, [list, ...tops])[0];
  const after = isDirect(values[0].type)
    ? push(before, ...values.map((v) => nests.scalars.get(v)))
    : values.reduce((list, v) => eachElement(shapeOf(v), list, (at, rest) => push(rest, nests.element(v, at))), before);
  nests.scalars.set(results[0], after);
}

export function lowerPop(block: BlockLowering, { op, operands: [tape], results: [rest, ...values] }: Operation): void {
  const { nests } = block;
  const pop = (list: Value, count: number): readonly Value[] => emit(op, [list], { attributes: { count } });
  const before = nests.scalars.get(tape);
  if (!isDirect(values[0].type)) {
    nests.scalars.set(
      rest,
      values.reduceRight((list, v) => popTensor(block, list, v, pop), before),
    );
    return;
  }
  const [after, ...tops] = pop(before, values.length);
  nests.scalars.set(rest, after);
  for (const [i, v] of values.entries()) nests.scalars.set(v, tops[i]);
}

/** Pops the elements of a tensor. Returns the list below them. */
function popTensor(
  block: BlockLowering,
  tape: Value,
  value: Value,
  pop: (list: Value, count: number) => readonly Value[],
): Value {
  const buffer = block.bufferFor(value);
  const shape = shapeOf(value);
  block.nests.buffers.set(value, buffer);
  return eachElement(shape, tape, (at, list) => {
    const [below, top] = pop(list, 1);
    const position = at.map((d, axis) => subDims(subDims(shape[axis], 1), d));
    store(top, buffer.memory, [...buffer.prefix, ...position]);
    return below;
  });
}

/** Loops over a shape that carry a list. */
function eachElement(
  shape: readonly Dim[],
  tape: Value,
  body: (at: readonly Dim[], tape: Value) => Value,
  at: readonly Dim[] = [],
): Value {
  if (at.length === shape.length) return body(at, tape);
  const iteration = (index: Value, carried: Value): readonly Value[] => [
    eachElement(shape, carried, body, [...at, indexDim(index)]),
  ];
  return forLoop(0, shape[at.length], 1, [tape], iteration, [`i${at.length}`, tape.name])[0];
}
