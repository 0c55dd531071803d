// Functions that are no methods: what they take first is a list, a predicate, indices or an order.

import {
  apply,
  applyBroadcast,
  asTensor,
  axisOr,
  type Broadcast,
  type Checked,
  type ConcatShape,
  describe,
  dtypeMet,
  named,
  type Operand,
  type OwnDType,
  type PairDType,
  type PairFault,
  type PairShape,
  type ResultShape,
  type ShapeIn,
  type Tensor,
} from "../../frontend/index.ts";
import { fail, printShape, requireOptions, shapeOf } from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { constantIndices, type Indices, takeAlong, tensorsAmong, tensorsOf, withAxis } from "./along.ts";

/**
 * The derivative of digamma of a whole order; digamma itself for 0.
 *
 * @throws AdjointError code `attribute` for an order that is no whole number from 0.
 */
export function polygamma(order: number, x: Operand): Tensor {
  return applyBroadcast(named("polygamma", polygamma), [x], (v) => ops.polygamma(v, order));
}

/** `x` where the predicate holds, else `y`; the element not taken has no influence, derivatives included. */
export function where<P extends Tensor | boolean, X extends Operand, Y extends Operand>(
  predicate: P,
  x: X,
  y: Checked<PairFault<X, Y>, Y>,
): Tensor<ResultShape<Broadcast<ShapeIn<P>, PairShape<X, Y>>>, PairDType<X, Y>>;
export function where(predicate: Tensor | boolean, x: Operand, y: Operand): Tensor {
  const beside = dtypeMet([x, y]);
  const operands = [
    asTensor(named("where", where), predicate, null),
    asTensor(where, x, beside),
    asTensor(where, y, beside),
  ];
  return applyBroadcast(where, operands, ops.select);
}

/**
 * Fails at run time with `message` unless the bool scalar holds.
 *
 * @throws AdjointError code `check` with the message when it runs, `argument` for a message that is no string, `dtype` and
 *   `shape` for a predicate that is no bool scalar.
 * @example check(less(sum(x), 10), "the sum is too large")
 */
export function check(predicate: Tensor, message: string): void {
  apply(named("check", check), [predicate], (p) => {
    if (typeof message !== "string") fail("argument", `check: the message is ${describe(message)}, expected a string`);
    ops.check(p, message);
    return [];
  });
}

/** The shape of concatenated tensors, or what is wrong. */
type ConcatOf<T extends readonly unknown[], A> = ConcatShape<
  { readonly [I in keyof T]: ShapeIn<T[I]> },
  { readonly axis: A }
>;

/**
 * Tensors one behind the other along an axis, the first where it is left out; with null the elements of all, row-major.
 *
 * @throws AdjointError `shape` where ranks or other extents differ, `dtype` where dtypes do.
 * @example concat([tensor([1, 2]), tensor([3])]) // [1, 2, 3]
 */
export function concat<const T extends readonly Tensor[] | [], A extends number | null | undefined = 0>(
  tensors: Checked<ConcatOf<T, A>, T>,
  options?: { readonly axis?: A },
): Tensor<ResultShape<ConcatOf<T, A>>, OwnDType<T[number]>>;
export function concat(tensors: readonly Tensor[], options: { readonly axis?: number | null } = {}): Tensor {
  return apply(named("concat", concat), tensorsOf(concat, tensors), (...values) => {
    requireOptions("concat", options, ["axis"]);
    const parts = options.axis === null ? values.map(ops.flatten) : values;
    const rank = ops.isUnranked(parts[0].type) ? null : shapeOf(parts[0]).length;
    return [ops.concatenate(parts, axisOr(options.axis ?? undefined, 0, rank))];
  })[0];
}

/**
 * Tensors of one shape beside each other along a new axis, the first where it is left out. Numbers have rank 0.
 *
 * @example stack([tensor([1, 2]), tensor([3, 4])], { axis: 1 }) // [[1, 3], [2, 4]]
 */
export function stack(tensors: readonly Operand[], options: { readonly axis?: number } = {}): Tensor {
  return apply(named("stack", stack), tensorsOf(stack, tensors), (...values) => {
    requireOptions("stack", options, ["axis"]);
    const axis = axisOr(options.axis, 0, shapeOf(values[0], "stack").length + 1);
    return [
      ops.concatenate(
        values.map((v) => withAxis(v, axis, "stack")),
        axis,
      ),
    ];
  })[0];
}

/**
 * Rows of a table, by their indices: a vector for each index, along a new last axis.
 *
 * @throws AdjointError `range` when it runs and an index is out of range; `shape` where the table is no matrix.
 * @example embedding(i32([2, 0]), tensor([[1, 2], [3, 4], [5, 6]])) // [[5, 6], [1, 2]]
 */
export function embedding(indices: Indices, table: Tensor): Tensor {
  const operands = [table, ...tensorsAmong(embedding, [indices])];
  return apply(named("embedding", embedding), operands, (v, i = constantIndices(indices, "embedding")) => {
    const shape = shapeOf(v, "embedding");
    if (shape.length !== 2) {
      fail("shape", `embedding: the table has shape ${printShape(shape)}, expected [size, features]`, {
        hint: "the indices come first",
      });
    }
    return [takeAlong(v, i, 0, "fail", "embedding")];
  })[0];
}
