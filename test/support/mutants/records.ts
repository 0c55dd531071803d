// Wrong records: derivatives, batching and lowering rules as their authors may get them wrong.

import { batch, differentiate, lowerToLoops } from "../../../passes/index.ts";
import * as ops from "../../../src/ops/index.ts";
import { author, type Mutant } from "./kit.ts";

const { records } = ops;
const elementwise = "elementwise" as const;
const one = "rule" as const;

export const ofRecords: readonly Mutant[] = [
  author("derivatives", "a product has one factor", differentiate, records.mul, {
    derivative: { kind: elementwise, partials: ([x, y]) => [y, ops.zerosLike(x)] },
  }),
  author("derivatives", "tanh without its square", differentiate, records.tanh, {
    derivative: { kind: elementwise, partials: (_, y) => [ops.sub(ops.constantLike(1, y), y)] },
  }),
  author("derivatives", "a quotient grows with its divisor", differentiate, records.div, {
    derivative: {
      kind: elementwise,
      partials: ([x, y]) => [ops.div(ops.constantLike(1, y), y), ops.div(x, ops.mul(y, y))],
    },
  }),
  author("derivatives", "exp has no second derivative", differentiate, records.exp, {
    derivative: { kind: elementwise, partials: (_, y) => [ops.stopGradient(y)] },
  }),
  author("derivatives", "log is flat below one", differentiate, records.log, {
    derivative: {
      kind: elementwise,
      partials: ([x]) => [ops.div(ops.constantLike(1, x), ops.maximum(x, ops.constantLike(1, x)))],
    },
  }),
  author("derivatives", "a difference is a sum", differentiate, records.sub, {
    derivative: { kind: elementwise, partials: ([x]) => [ops.constantLike(1, x), ops.constantLike(1, x)] },
  }),
  author("batching", "a reduction along the axis of the batch", batch, records.reduce, {
    batching: {
      kind: one,
      batch: ({ operation: { attributes: a }, operands: [x] }) => [
        ops.reduce(x, { kind: a.kind, axes: a.axes === "all" ? "all" : a.axes }),
      ],
    },
  }),
  author("batching", "tensors follow one another along the batch", batch, records.concatenate, {
    batching: { kind: one, batch: ({ operation: { attributes: a }, operands }) => [ops.concatenate(operands, a.axis)] },
  }),
  author("batching", "a permutation leaves the batch last", batch, records.permute, {
    batching: {
      kind: one,
      batch: ({ operation: { attributes: a }, operands: [x] }) => [
        ops.permute(x, [...a.permutation, a.permutation.length]),
      ],
    },
  }),
  author("lowering", "nothing is turned round", lowerToLoops, records.reverse, {
    lowering: { kind: "element", element: (x, at) => x.element(0, at) },
  }),
  author("lowering", "every axis is the first", lowerToLoops, records.permute, {
    lowering: { kind: "element", element: (x, at) => x.element(0, at) },
  }),
];
