// The order in which a reduction combines elements, spelled twice: on arrays and as loops. Both give the same bits.
//
// Where the last axis is reduced, element i along it goes to accumulator i mod 16, which the other reduced axes share;
// then a tree combines the sixteen. Otherwise one accumulator takes the elements in ascending order.

import {
  type AttributesOf,
  addDims,
  allocate,
  type Dim,
  type DType,
  dtypes,
  type EvalContext,
  floorDim,
  indexDim,
  isFloat,
  type LowerContext,
  mulDims,
  type NdArray,
  type Op,
  type Operation,
  productOf,
  scalar,
  type TypeContext,
  type Value,
  type WholeContext,
} from "../../ir/index.ts";
import { offsetsOf, pick, stridesOf } from "../base/arrays.ts";
import { constant, dim } from "../base/constant.ts";
import { listedAxes, otherAxes, rankOf, tensorOf } from "../base/define.ts";
import { compare } from "../base/elementwise.ts";
import { ifElse } from "../control/control.ts";
import { forLoop, loopNest } from "../loop/loop.ts";
import { add, addOp, maximum, maximumOp, minimum, minimumOp, mul, mulOp } from "../scalar/arithmetic.ts";
import { and, andOp, or, orOp } from "../scalar/bits.ts";

export const reduceKinds = ["sum", "prod", "max", "min", "and", "or"] as const;

export type ReduceKind = (typeof reduceKinds)[number];

export const reduceAttributes = {
  kind: { kind: "word", words: reduceKinds, summary: "how elements combine" },
  axes: {
    kind: "axesOrAll",
    holds: "axes",
    summary: "the axes that disappear; until shapes are refined all, or negative ones, which count from the end",
  },
} as const;

export type ReduceAttributes = AttributesOf<typeof reduceAttributes>;

interface Kind {
  readonly combine: (x: Value, y: Value) => Value;
  readonly record: Op;
  /** The result over nothing. */
  identity(dtype: DType): number;
  readonly bools: boolean;
}

const lowest = (dtype: DType): number => (isFloat(dtype) ? -Infinity : dtypes[dtype].min);
const highest = (dtype: DType): number => (isFloat(dtype) ? Infinity : dtypes[dtype].max);

export const kinds: Readonly<Record<ReduceKind, Kind>> = {
  sum: { combine: add, record: addOp, identity: () => 0, bools: false },
  prod: { combine: mul, record: mulOp, identity: () => 1, bools: false },
  max: { combine: maximum, record: maximumOp, identity: lowest, bools: false },
  min: { combine: minimum, record: minimumOp, identity: highest, bools: false },
  and: { combine: and, record: andOp, identity: () => 1, bools: true },
  or: { combine: or, record: orOp, identity: () => 0, bools: true },
};

/** Numbers or bools, as the kind wants. */
export function requireKind(cx: TypeContext<{ readonly kind: ReduceKind }>, dtype: DType): void {
  const { bools } = kinds[cx.attributes.kind];
  if (bools === (dtype === "bool")) return;
  const reason = `the operand has dtype ${dtype}, expected ${bools ? "bool" : "numbers"}`;
  cx.fail("dtype", reason, bools ? "compare it with 0" : "cast it");
}

/** How many accumulators a reduction along the last axis has. */
const lanes = 16;

/** The reduced axes, ascending: the order in which they are listed means nothing. */
export function reducedAxes(
  operation: Operation<ReduceAttributes>,
  rank = rankOf(operation.operands[0]),
): readonly number[] {
  return [...listedAxes(operation.attributes.axes, rank)].sort((a, b) => a - b);
}

// ---- on arrays ------------------------------------------------------------------------------------------------------

type Combine = (a: number, b: number) => number;

export function evalReduce(cx: EvalContext<ReduceAttributes>): NdArray {
  const [source] = cx.operands;
  const { dtype, shape } = source;
  const axes = reducedAxes(cx.operation, shape.length);
  if (axes.length === 0) return source;
  const { record, identity } = kinds[cx.attributes.kind];
  const strides = stridesOf(shape);
  const kept = otherAxes(shape.length, axes);
  const result = allocate(dtype, pick(shape, kept));
  const starts = offsetsOf(result.shape, pick(strides, kept));
  const inLanes = axes[axes.length - 1] === shape.length - 1;
  const outer = inLanes ? axes.slice(0, -1) : axes;
  const steps = offsetsOf(pick(shape, outer), pick(strides, outer));
  const row = inLanes ? shape[shape.length - 1] : 1;
  const acc: number[] = new Array(inLanes ? lanes : 1);
  const combine = scalarCombination(record, dtype);
  for (const [i, start] of starts.entries()) {
    acc.fill(identity(dtype));
    for (const step of steps) {
      for (let j = 0; j < row; j++) acc[j % lanes] = combine(acc[j % lanes], source.data[start + step + j]);
    }
    result.data[i] = combineTree(acc, combine);
  }
  return result;
}

/** The op's scalar function, rounded to the dtype. */
export function scalarCombination(record: Op, dtype: DType): Combine {
  const { compute, exact } = record.scalar as NonNullable<Op["scalar"]>;
  const { round } = dtypes[dtype];
  const about = { attributes: {}, dtype };
  return (a, b) => (exact === true ? compute([a, b], about) : round(compute([a, b], about)));
}

/**
 * a[j] ∘= a[j+8], then +4, +2, +1, of up to sixteen; of more from the half of the next power of two on. Accumulators beyond
 * those there are would be the identity.
 */
export function combineTree<T>(accumulators: readonly T[], combine: (a: T, b: T) => T): T {
  const acc = [...accumulators];
  let half = 1;
  while (2 * half < acc.length) half *= 2;
  for (let width = half; width >= 1; width /= 2) {
    for (let j = 0; j < width && j + width < acc.length; j++) acc[j] = combine(acc[j], acc[j + width]);
  }
  return acc[0];
}

// ---- as loops -------------------------------------------------------------------------------------------------------

export function lowerReduce(cx: LowerContext<ReduceAttributes>, at: readonly Dim[]): Value {
  const { shape, dtype } = tensorOf(cx.operation.operands[0]);
  const axes = reducedAxes(cx.operation);
  const kept = otherAxes(shape.length, axes);
  const read = (subscripts: readonly Dim[]): Value =>
    cx.element(
      0,
      shape.map((_, a) => (axes.includes(a) ? subscripts[axes.indexOf(a)] : at[kept.indexOf(a)])),
    );
  if (axes.length === 0) return read([]);
  const kind = kinds[cx.operation.attributes.kind];
  const identity = kind.identity(dtype);
  const start = constant(dtype === "bool" ? identity !== 0 : identity, scalar(dtype));
  const extents = pick(shape, axes);
  if (axes[axes.length - 1] !== shape.length - 1) {
    return nestedLoops(extents, [start], (subscripts, [acc]) => [kind.combine(acc, read(subscripts))])[0];
  }
  return lowerLanes(extents, start, kind.combine, read);
}

/**
 * Where the last axis stays, whole rows are combined with what the result holds already: the order of each element's is
 * as before, and memory is read as it lies. Null where a row is short, or there are few.
 */
export function lowerWholeReduce(operation: Operation<ReduceAttributes>): ((cx: WholeContext) => void) | null {
  const { shape, dtype } = tensorOf(operation.operands[0]);
  const axes = reducedAxes(operation);
  const last = axes[axes.length - 1];
  const rowAxes = otherAxes(shape.length, axes).filter((a) => a > last);
  if (axes.length === 0 || isBelow(pick(shape, rowAxes), 8) || isBelow(pick(shape, axes), 16)) return null;
  const kind = kinds[operation.attributes.kind];
  const identity = kind.identity(dtype);
  const outerAxes = otherAxes(shape.length, [...axes, ...rowAxes]);
  return (x) => {
    const rows = (body: (row: readonly Dim[]) => void): void => loopNest(pick(shape, rowAxes), ["j"], body);
    loopNest(pick(shape, outerAxes), ["i"], (outer) => {
      const start = constant(dtype === "bool" ? identity !== 0 : identity, scalar(dtype));
      rows((row) => x.write([...outer, ...row], start));
      loopNest(pick(shape, axes), ["k"], (reduced) => {
        rows((row) => {
          const at = shape.map((_, a) => (axes.includes(a) ? reduced[axes.indexOf(a)] : row[rowAxes.indexOf(a)]));
          for (const [i, a] of outerAxes.entries()) at[a] = outer[i];
          const kept = [...outer, ...row];
          x.write(kept, kind.combine(x.written(kept), x.element(0, at)));
        });
      });
    });
  };
}

/** Whether the extents are known to hold fewer elements. */
export function isBelow(extents: readonly Dim[], count: number): boolean {
  const size = productOf(extents);
  return typeof size === "number" && size < count;
}

type Read = (subscripts: readonly Dim[]) => Value;
type CombineValues = (x: Value, y: Value) => Value;

/** Nested ascending loops over extents, row-major, carrying values. */
export function nestedLoops(
  extents: readonly Dim[],
  inits: readonly Value[],
  body: (subscripts: readonly Dim[], carry: readonly Value[]) => readonly Value[],
): readonly Value[] {
  const names = ["k", "l", "m", "n"];
  const open = (subscripts: readonly Dim[], carry: readonly Value[]): readonly Value[] => {
    if (subscripts.length === extents.length) return body(subscripts, carry);
    const step = (index: Value, ...inner: Value[]): readonly Value[] => open([...subscripts, indexDim(index)], inner);
    const hints = [names[subscripts.length] ?? "k", ...carry.map(() => "acc")];
    return forLoop(0, extents[subscripts.length], 1, carry, step, hints);
  };
  return open([], inits);
}

/** Sixteen accumulators along the last axis, shared by the others, and then the tree over them. */
function lowerLanes(extents: readonly Dim[], start: Value, combine: CombineValues, read: Read): Value {
  const last = extents[extents.length - 1];
  // accumulators beyond a short last axis keep the identity, which combines without effect
  const count = typeof last === "number" ? Math.max(1, Math.min(lanes, last)) : lanes;
  const inits = Array.from({ length: count }, () => start);
  const acc = [
    ...nestedLoops(extents.slice(0, -1), inits, (outer, carry) => lanesOfRow(outer, last, carry, combine, read)),
  ];
  return combineTree(acc, combine);
}

/** One run along the last axis: whole groups of sixteen in a loop, then what is left over. */
function lanesOfRow(
  outer: readonly Dim[],
  last: Dim,
  carry: readonly Value[],
  combine: CombineValues,
  read: Read,
): readonly Value[] {
  if (typeof last === "number" && last <= lanes) {
    return carry.map((acc, j) => (j < last ? combine(acc, read([...outer, j])) : acc));
  }
  const whole = mulDims(lanes, floorDim(last, lanes));
  const group = (base: Dim, accs: readonly Value[]): readonly Value[] =>
    accs.map((acc, j) => combine(acc, read([...outer, addDims(base, j)])));
  const body = (index: Value, ...accs: Value[]): readonly Value[] => group(indexDim(index), accs);
  const accs = forLoop(0, whole, lanes, carry, body, ["k", ...carry.map(() => "acc")]);
  if (typeof last === "number") {
    const rest = last % lanes;
    return accs.map((acc, j) => (j < rest ? combine(acc, read([...outer, addDims(whole, j)])) : acc));
  }
  return accs.map((acc, j) =>
    j === lanes - 1 ? acc : leftOver(addDims(whole, j), last, acc, (at) => combine(acc, read([...outer, at]))),
  );
}

/** `then(at)` where `at` is still within the extent, else the accumulator as it is. */
function leftOver(at: Dim, extent: Dim, acc: Value, then: (at: Dim) => Value): Value {
  const inside = compare(dim(at, "index"), dim(extent, "index"), "lt");
  return ifElse(
    inside,
    () => [then(at)],
    () => [acc],
  )[0];
}
