// The general contraction of two tensors, with batch axes: matrix products of every kind.

import {
  type AttributesOf,
  type AxisPairs,
  allocate,
  axisPairs,
  type ContractionRule,
  counted,
  type Dim,
  dtypes,
  type EvalContext,
  isInteger,
  type LowerContext,
  type NdArray,
  type Operation,
  printShape,
  scalar,
  shapeOf,
  type TensorType,
  type TransposeContext,
  type TypeContext,
  tensorType,
  tensorTypeOf,
  type Value,
  type Varies,
} from "../../ir/index.ts";
import { offsetsOf, pick, stridesOf } from "../base/arrays.ts";
import { constant } from "../base/constant.ts";
import { defineOp, dtypeOf, emit1, inverse, otherAxes, rankOf, requireAxes, requireTensor } from "../base/define.ts";
import { type Contraction, contract } from "../loop/contract.ts";
import { add, mul } from "../scalar/arithmetic.ts";
import { abs } from "../scalar/rounding.ts";
import { broadcast, reduce } from "../shape/reduce.ts";
import { nestedLoops } from "../shape/reduce-order.ts";
import { permute } from "../structural/structural.ts";

const noPairs = axisPairs();

const dotAttributes = {
  contract: { kind: "axisPairs", default: noPairs, summary: "axes of x and of y that are summed over, pair by pair" },
  batch: { kind: "axisPairs", default: noPairs, summary: "axes of x and of y that run along together" },
} as const;

export type DotAttributes = AttributesOf<typeof dotAttributes>;

/** The axes of one side that are neither contracted nor batch, ascending. */
function freeAxes(rank: number, { contract, batch }: DotAttributes, side: keyof AxisPairs): readonly number[] {
  return otherAxes(rank, [...contract[side], ...batch[side]]);
}

export const dotOp = defineOp({
  name: "dot",
  summary: "Sums products over paired axes.",
  operands: [{ name: "x" }, { name: "y" }],
  attributes: dotAttributes,
  types(x) {
    const [left, right] = [requireTensor(x, 0), requireTensor(x, 1)];
    const dtype = dtypeOf(left);
    if (dtype === "bool") x.fail("dtype", "operand 0 has dtype bool, expected numbers", "cast it");
    if (dtypeOf(right) !== dtype)
      x.fail("dtype", `operand 1 has dtype ${dtypeOf(right)}, expected ${dtype} as operand 0`, "cast one of them");
    if (left.kind === "unranked" || right.kind === "unranked") return [left.kind === "unranked" ? left : right];
    return [dotType(x, tensorTypeOf(left), tensorTypeOf(right))];
  },
  eval: (x) => [evalDot(x)],
  varies: contracted,
  derivative: {
    kind: "multilinear",
    transpose: (x) => [x.wanted[0] ? leftCotangent(x) : null, x.wanted[1] ? rightCotangent(x) : null],
    met: metInDot,
    axes({ operands, attributes }, i) {
      const side = i === 0 ? "left" : "right";
      return { summed: attributes.contract[side], free: freeAxes(rankOf(operands[i]), attributes, side) };
    },
  },
  batching: {
    kind: "rule",
    batch({ operation, operands: [x, y], batched }) {
      const { contract, batch } = operation.attributes;
      const shift = (axes: readonly number[], by: boolean): readonly number[] => (by ? axes.map((a) => a + 1) : axes);
      const moved = (p: AxisPairs): AxisPairs => axisPairs(shift(p.left, batched[0]), shift(p.right, batched[1]));
      const both = batched[0] && batched[1];
      const pairs = moved(batch);
      const result = dot(x, y, {
        contract: moved(contract),
        batch: both ? axisPairs([0, ...pairs.left], [0, ...pairs.right]) : pairs,
      });
      if (both) return [result];
      // the new axis is the first free one of its side: behind the batch axes, and behind x's free axes where it is y's
      const from = batched[0] ? batch.left.length : rankOf(x) - contract.left.length;
      return [permute(result, [from, ...otherAxes(rankOf(result), [from])])];
    },
  },
  lowering: { kind: "nest", element: lowerDot, contraction: contractionOfDot },
  docs: {
    semantics:
      "The operands have batch axes, along which they go together, contracted axes, which are summed over, and free axes, which are the rest. The axes of the result are the batch axes in the order given, then the free axes of x, then the free axes of y. Each element is a sum that starts from 0 and adds the products in ascending order of the contracted subscripts; with several contracted axes, the one listed last runs fastest. Each product and each sum is rounded.",
    constraints: ["one dtype", "paired axes have equal extents", "an axis is paired at most once"],
    example: `func @main(%x: f64[2, 2], %y: f64[2, 2]) -> f64[2, 2] {
  %z = dot %x, %y, contract = [1] x [0] : f64[2, 2]
  return %z
}
// run: @main([[1, 2], [3, 4]], [[5, 6], [7, 8]]) == [[19, 22], [43, 50]]
`,
  },
});

function dotType(cx: TypeContext<DotAttributes>, left: TensorType, right: TensorType): TensorType {
  const axes = cx.attributes;
  for (const [what, pairs] of Object.entries(axes)) {
    if (pairs.left.length !== pairs.right.length) {
      cx.fail(
        "axis",
        `${what} pairs ${counted(pairs.left.length, "axis")} of operand 0 with ${pairs.right.length} of operand 1`,
      );
    }
  }
  requireAxes(cx, [...axes.batch.left, ...axes.contract.left], left.shape.length, "operand 0's batch and contract");
  requireAxes(cx, [...axes.batch.right, ...axes.contract.right], right.shape.length, "operand 1's batch and contract");
  const paired = (pairs: AxisPairs): readonly Dim[] =>
    pairs.left.map((a, i) => pairExtent(cx, left, right, a, pairs.right[i]));
  paired(axes.contract);
  const free = [
    ...pick(left.shape, freeAxes(left.shape.length, axes, "left")),
    ...pick(right.shape, freeAxes(right.shape.length, axes, "right")),
  ];
  return tensorType(left.dtype, [...paired(axes.batch), ...free]);
}

function pairExtent(cx: TypeContext, left: TensorType, right: TensorType, a: number, b: number): Dim {
  const [p, q] = [left.shape[a], right.shape[b]];
  if (typeof p === "number" && typeof q === "number" && p !== q) {
    const expected = right.shape.map((_, i) => (i === b ? p : "?")).join(", ");
    const hint = right.shape.includes(p)
      ? "did you mean its transpose?"
      : `axis ${b} is paired with axis ${a} of ${printShape(left.shape)}`;
    cx.fail("shape", `operand 1 has shape ${printShape(right.shape)}, expected [${expected}]`, hint);
  }
  return cx.equal(q, p, `axis ${b} of operand 1, paired with axis ${a} of operand 0,`);
}

/** Sums products of `x` and `y` over the axes of `contract`, side by side along those of `batch`. */
export function dot(
  x: Value,
  y: Value,
  { contract, batch = noPairs }: { readonly contract: AxisPairs; readonly batch?: AxisPairs },
): Value {
  return emit1(dotOp, [x, y], { attributes: { contract, batch } });
}

// ---- evaluation -----------------------------------------------------------------------------------------------------

function evalDot(cx: EvalContext<DotAttributes>): NdArray {
  const [left, right] = cx.operands;
  const { dtype } = left;
  const { round } = dtypes[dtype];
  const times = isInteger(dtype) ? Math.imul : (a: number, b: number) => a * b;
  const result = allocate(dtype, cx.shape(cx.operation.results[0].type));
  const [p, q] = [sideOffsets(left, cx.attributes, "left"), sideOffsets(right, cx.attributes, "right")];
  let next = 0;
  for (const [b, batch] of p.batch.entries()) {
    for (const row of p.free) {
      for (const column of q.free) {
        const [i, j] = [batch + row, q.batch[b] + column];
        let acc = 0;
        for (let k = 0; k < p.contract.length; k++) {
          acc = round(acc + round(times(left.data[i + p.contract[k]], right.data[j + q.contract[k]])));
        }
        result.data[next++] = acc;
      }
    }
  }
  return result;
}

/** The offsets of one operand's elements along its batch, free and contracted axes. */
function sideOffsets({ shape }: NdArray, axes: DotAttributes, side: keyof AxisPairs) {
  const strides = stridesOf(shape);
  const along = (list: readonly number[]): Float64Array => offsetsOf(pick(shape, list), pick(strides, list));
  return {
    batch: along(axes.batch[side]),
    free: along(freeAxes(shape.length, axes, side)),
    contract: along(axes.contract[side]),
  };
}

// ---- derivative -----------------------------------------------------------------------------------------------------

/** ct[batch, xfree, yfree] · y over yfree → [batch, xfree, contracted], with x's axes put back in order. */
function leftCotangent({ operation, operands: [x, y], cotangent }: TransposeContext<DotAttributes>): Value {
  const axes = operation.attributes;
  const yFree = freeAxes(rankOf(y), axes, "right");
  const xFree = freeAxes(rankOf(x), axes, "left");
  const count = axes.batch.left.length;
  const contract = axisPairs(
    yFree.map((_, i) => count + xFree.length + i),
    yFree,
  );
  // y's contracted axes remain in ascending order of y
  const remaining = axes.contract.right
    .map((b, i) => ({ b, a: axes.contract.left[i] }))
    .sort((s, t) => s.b - t.b)
    .map(({ a }) => a);
  return dotBack(cotangent, y, { contract, batch: axes.batch.right }, [axes.batch.left, xFree, remaining]);
}

/** The same with the sides exchanged: ct · x over xfree → [batch, yfree, contracted]. */
function rightCotangent({ operation, operands: [x, y], cotangent }: TransposeContext<DotAttributes>): Value {
  const axes = operation.attributes;
  const yFree = freeAxes(rankOf(y), axes, "right");
  const xFree = freeAxes(rankOf(x), axes, "left");
  const count = axes.batch.left.length;
  const contract = axisPairs(
    xFree.map((_, i) => count + i),
    xFree,
  );
  const remaining = axes.contract.left
    .map((a, i) => ({ a, b: axes.contract.right[i] }))
    .sort((s, t) => s.a - t.a)
    .map(({ b }) => b);
  return dotBack(cotangent, x, { contract, batch: axes.batch.left }, [axes.batch.right, yFree, remaining]);
}

/**
 * The product of a cotangent, whose batch axes are its first, and the other operand. `to` says which axes of the result its
 * own are: those of the batch, of the cotangent and of the other. The other comes first where that puts them in order.
 */
function dotBack(
  cotangent: Value,
  other: Value,
  { contract, batch }: { readonly contract: AxisPairs; readonly batch: readonly number[] },
  [ofBatch, ofCotangent, ofOther]: readonly (readonly number[])[],
): Value {
  const first = batch.map((_, i) => i);
  const order = [...ofBatch, ...ofCotangent, ...ofOther];
  if (!isAscending(order) && isAscending([...ofBatch, ...ofOther, ...ofCotangent])) {
    return dot(other, cotangent, {
      contract: axisPairs(contract.right, contract.left),
      batch: axisPairs(batch, first),
    });
  }
  return permute(dot(cotangent, other, { contract, batch: axisPairs(first, batch) }), inverse(order));
}

function isAscending(axes: readonly number[]): boolean {
  return axes.every((axis, i) => axis === i);
}

/** The largest magnitude of one operand's elements: of those that an element of the result, or of the other operand, meets. */
function metInDot(
  { operands, results, attributes }: Operation<DotAttributes>,
  i: number,
  by: "result" | "other",
): Value {
  const x = abs(operands[i]);
  const side = i === 0 ? "left" : "right";
  const { contract, batch } = attributes;
  const free = freeAxes(rankOf(x), attributes, side);
  const combined = by === "result" ? contract[side] : free;
  const largest = combined.length === 0 ? x : reduce(x, { kind: "max", axes: combined });
  const kept = otherAxes(rankOf(x), combined);
  const place = (axis: number): number => {
    if (by === "other") {
      const pairs = batch[side].includes(axis) ? batch : contract;
      return pairs[side === "left" ? "right" : "left"][pairs[side].indexOf(axis)];
    }
    if (batch[side].includes(axis)) return batch[side].indexOf(axis);
    const before = i === 0 ? 0 : freeAxes(rankOf(operands[0]), attributes, "left").length;
    return batch[side].length + before + free.indexOf(axis);
  };
  return broadcast(largest, shapeOf(by === "result" ? results[0] : operands[1 - i]), kept.map(place));
}

// ---- lowering -------------------------------------------------------------------------------------------------------

/** The result as sums of products over lists of axes. */
function subscriptsOf({ operands, attributes }: Operation<DotAttributes>): Shape {
  const axes = attributes;
  const [left, right] = operands.map((v) => tensorTypeOf(v.type));
  const [leftFree, rightFree] = [
    freeAxes(left.shape.length, axes, "left"),
    freeAxes(right.shape.length, axes, "right"),
  ];
  const subscripts =
    (side: keyof AxisPairs, rank: number, free: readonly number[]) =>
    (batch: readonly Dim[], at: readonly Dim[], k: readonly Dim[]): readonly Dim[] => {
      const result: Dim[] = new Array(rank);
      for (const [i, a] of axes.batch[side].entries()) result[a] = batch[i];
      for (const [i, a] of free.entries()) result[a] = at[i];
      for (const [i, a] of axes.contract[side].entries()) result[a] = k[i];
      return result;
    };
  return {
    batch: pick(left.shape, axes.batch.left),
    rows: pick(left.shape, leftFree),
    columns: pick(right.shape, rightFree),
    depth: pick(left.shape, axes.contract.left),
    left: subscripts("left", left.shape.length, leftFree),
    right: subscripts("right", right.shape.length, rightFree),
  };
}

type Subscripts = (batch: readonly Dim[], at: readonly Dim[], k: readonly Dim[]) => readonly Dim[];

interface Shape extends Omit<Contraction, "inside" | "left" | "right" | "result"> {
  /** The subscripts in the operands. */
  readonly left: Subscripts;
  readonly right: Subscripts;
}

/** One element: a loop over the contracted axes. */
function lowerDot(cx: LowerContext<DotAttributes>, at: readonly Dim[]): Value {
  const { batch, rows, depth, left, right } = subscriptsOf(cx.operation);
  const zero = constant(0, scalar(dtypeOf(cx.operation.results[0].type)));
  const [b, row] = [at.slice(0, batch.length), at.slice(batch.length, batch.length + rows.length)];
  const column = at.slice(batch.length + rows.length);
  const step = (k: readonly Dim[], [acc]: readonly Value[]): readonly Value[] => [
    add(acc, mul(cx.element(0, left(b, row, k)), cx.element(1, right(b, column, k)))),
  ];
  return nestedLoops(depth, [zero], step)[0];
}

function contractionOfDot(operation: Operation<DotAttributes>): ContractionRule {
  const shape = subscriptsOf(operation);
  return {
    ...shape,
    slides: false,
    emit: (cx) =>
      contract({
        ...shape,
        left: (batch, row, k) => cx.element(0, shape.left(batch, row, k)),
        right: (batch, column, k) => cx.element(1, shape.right(batch, column, k)),
        result: (batch, row, column, sum) => cx.write([...batch, ...row, ...column], sum),
      }),
  };
}

/** dot: the axes of the result are the batch axes, then the free axes of each operand. */
function contracted(operation: Operation<DotAttributes>, _: Value, of: (v: Value) => Varies): Varies {
  const { left, right } = operation.attributes.batch;
  const [x, y] = operation.operands.map(of);
  const [ofX, ofY] = [x, y].map((varies, i) => pick(varies, freeAxes(varies.length, operation.attributes, sides[i])));
  return [...left.map((axis, i) => x[axis] || y[right[i]]), ...ofX, ...ofY];
}

const sides = ["left", "right"] as const;
