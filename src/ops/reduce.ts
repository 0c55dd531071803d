// Repeating and reducing: broadcast and the sum over the same axes are each other's transposes.
//
// The order of every reduction is defined (see `docs.semantics` of reduce), and eval and lowering spell out the same one.

import {
  addDims,
  allocate,
  type Dim,
  type DType,
  dimsOf,
  dtypes,
  type EvalContext,
  floorDim,
  indexDim,
  isFloat,
  type LowerContext,
  mulDims,
  type NdArray,
  type Op,
  productOf,
  scalar,
  type TensorType,
  type TransposeContext,
  tensorType,
  type Value,
} from "../ir/index.ts";
import { add, and, arithmeticRecords, div, maximum, minimum, mul, or } from "./arithmetic.ts";
import { constant, constantLike, dim, gatherOffsets, iota } from "./constant.ts";
import { ifElse } from "./control.ts";
import {
  defineOp,
  dtypeOf,
  emit1,
  forEachOffset,
  otherAxes,
  rankOf,
  requireAxes,
  requireDeclared,
  stridesOf,
  tensorOf,
} from "./define.ts";
import { cast, compare, select } from "./elementwise.ts";
import { forLoop } from "./loop.ts";
import { permute, ranked, reshape } from "./structural.ts";

// ---- broadcast ------------------------------------------------------------------------------------------------------

const broadcastOp: Op = defineOp({
  name: "broadcast",
  summary: "Repeats a tensor along new axes.",
  operands: [{ name: "x" }],
  attributes: {
    axes: { kind: "axes", default: [], summary: "for each axis of x, the axis of the result that it becomes" },
  },
  traits: { moves: true },
  types(x) {
    const operand = ranked(x);
    const axes = x.attributes.axes as readonly number[];
    const type = requireDeclared(x, x.operands[0].kind === "list" ? undefined : x.operands[0].dtype);
    requireAxes(x, axes, type.shape.length, "axes");
    if (operand === null) return [type];
    if (axes.length !== operand.shape.length) {
      x.fail(
        "axis",
        `axes names ${axes.length} axes, expected one for each of the ${operand.shape.length} of the operand`,
      );
    }
    for (const [i, axis] of axes.entries()) x.equal(operand.shape[i], type.shape[axis], `axis ${i} of the operand`);
    return [type];
  },
  eval(x) {
    const shape = x.shape(x.operation.results[0].type);
    const [source] = x.operands;
    const strides: number[] = new Array(shape.length).fill(0);
    const own = stridesOf(source.shape);
    for (const [i, axis] of (x.attributes.axes as readonly number[]).entries()) strides[axis] = own[i];
    return [gatherOffsets(source, shape, strides)];
  },
  derivative: {
    kind: "linear",
    transpose({ operation, cotangent }) {
      const axes = operation.attributes.axes as readonly number[];
      const summed = reduceSum(cotangent, otherAxes(dimsOf(cotangent.type).length, axes));
      const ascending = [...axes].sort((a, b) => a - b);
      return [
        permute(
          summed,
          axes.map((a) => ascending.indexOf(a)),
        ),
      ];
    },
  },
  batching: {
    kind: "rule",
    batch({ operation, operands: [x], size }) {
      const { shape } = operation.results[0].type as TensorType;
      const axes = operation.attributes.axes as readonly number[];
      return [broadcast(x, [size, ...shape], [0, ...axes.map((a) => a + 1)])];
    },
  },
  lowering: {
    kind: "element",
    element: (x, at) =>
      x.element(
        0,
        (x.operation.attributes.axes as readonly number[]).map((a) => at[a]),
      ),
  },
  docs: {
    semantics: "The element of x whose subscripts are those of the result along `axes`.",
    constraints: ["the result type is written", "extents agree along axes: size 1 is not stretched"],
    example: `func @main(%x: f64[2]) -> f64[3, 2] {
  %b = broadcast %x, axes = [1] : f64[3, 2]
  return %b
}
// run: @main([1, 2]) == [[1, 2], [1, 2], [1, 2]]
`,
  },
});

/** `x` repeated to `shape`: axis i of `x` becomes axis `axes[i]` of the result. */
export function broadcast(x: Value, shape: readonly Dim[], axes: readonly number[] = []): Value {
  return emit1(broadcastOp, [x], { attributes: { axes }, types: [tensorType(tensorOf(x).dtype, shape)] });
}

// ---- reduce ---------------------------------------------------------------------------------------------------------

export type ReduceKind = "sum" | "prod" | "max" | "min" | "and" | "or";

interface Kind {
  readonly combine: (x: Value, y: Value) => Value;
  readonly record: Op;
  /** The result over nothing. */
  identity(dtype: DType): number;
  readonly bools: boolean;
}

const lowest = (dtype: DType): number => (isFloat(dtype) ? -Infinity : dtypes[dtype].min);
const highest = (dtype: DType): number => (isFloat(dtype) ? Infinity : dtypes[dtype].max);

const kinds: Readonly<Record<ReduceKind, Kind>> = {
  sum: { combine: add, record: arithmeticRecords.add, identity: () => 0, bools: false },
  prod: { combine: mul, record: arithmeticRecords.mul, identity: () => 1, bools: false },
  max: { combine: maximum, record: arithmeticRecords.maximum, identity: lowest, bools: false },
  min: { combine: minimum, record: arithmeticRecords.minimum, identity: highest, bools: false },
  and: { combine: and, record: arithmeticRecords.and, identity: () => 1, bools: true },
  or: { combine: or, record: arithmeticRecords.or, identity: () => 0, bools: true },
};

/** How many accumulators a reduction along the last axis has. */
const lanes = 16;

const reduceOp: Op = defineOp({
  name: "reduce",
  summary: "Combines elements along axes, which disappear.",
  operands: [{ name: "x" }],
  attributes: {
    kind: { kind: "word", words: Object.keys(kinds), summary: "how elements combine" },
    axes: {
      kind: "axes",
      summary: "the axes that disappear; negative ones count from the end until shapes are refined",
    },
  },
  types(x) {
    const operand = ranked(x);
    const { bools } = kinds[x.attributes.kind as ReduceKind];
    const dtype = dtypeOf(x.operands[0]);
    if (bools !== (dtype === "bool")) {
      x.fail(
        "dtype",
        `kind ${x.attributes.kind} reduces ${bools ? "bool" : "numbers"}, the operand has dtype ${dtype}`,
      );
    }
    if (operand === null) return [x.operands[0]];
    const axes = x.attributes.axes as readonly number[];
    requireAxes(x, axes, operand.shape.length, "axes");
    return [
      tensorType(
        dtype,
        otherAxes(operand.shape.length, axes).map((a) => operand.shape[a]),
      ),
    ];
  },
  eval: (x) => [evalReduce(x)],
  derivative: {
    kind: "rule",
    vjp: (x) => [reduceCotangent(x)],
    jvp: ({ operation, operands: [x], result, tangents: [tangent] }) =>
      tangent === null
        ? null
        : reduceSum(
            mul(tangent, reducePartial(operation.attributes.kind as ReduceKind, x, result, axesOf(operation))),
            axesOf(operation),
          ),
  },
  batching: {
    kind: "rule",
    batch: ({ operation, operands: [x] }) => [
      reduce(x, { kind: operation.attributes.kind as ReduceKind, axes: axesOf(operation).map((a) => a + 1) }),
    ],
  },
  lowering: { kind: "nest", element: lowerReduce },
  docs: {
    semantics:
      "The identity of the kind (0, 1, -∞ or least, ∞ or largest, true, false) combined with the elements, rounding at every step. Where the last axis is reduced, element i along it goes to accumulator i mod 16, which all other reduced axes share, running outside, row-major; then a[j] is combined with a[j+8], a[j+4], a[j+2], a[j+1]. Otherwise the order is ascending, row-major. Over nothing the result is the identity; over no axes it is x. NaN propagates through max and min, whose derivative is shared equally among ties.",
    constraints: ["sum, prod, max and min take numbers, and and or take bool", "axes are axes of x, each once"],
    example: `func @main(%x: f64[2, 3]) -> f64[2] {
  %s = reduce %x, kind = sum, axes = [1] : f64[2]
  return %s
}
// run: @main([[1, 2, 3], [4, 5, 6]]) == [6, 15]
`,
  },
});

function axesOf(operation: { readonly attributes: Readonly<Record<string, unknown>> }): readonly number[] {
  return operation.attributes.axes as readonly number[];
}

/** Combines `x` along `axes`. */
export function reduce(
  x: Value,
  { kind, axes }: { readonly kind: ReduceKind; readonly axes: readonly number[] },
): Value {
  return emit1(reduceOp, [x], { attributes: { kind, axes } });
}

/** The sum along axes; `x` itself where there are none. */
export function reduceSum(x: Value, axes: readonly number[]): Value {
  return axes.length === 0 ? x : reduce(x, { kind: "sum", axes });
}

// ---- evaluation -----------------------------------------------------------------------------------------------------

function evalReduce(x: EvalContext): NdArray {
  const [source] = x.operands;
  const { dtype, shape } = source;
  const axes = [...axesOf(x.operation)].sort((a, b) => a - b);
  if (axes.length === 0) return source;
  const { record, identity } = kinds[x.attributes.kind as ReduceKind];
  const { compute, exact } = record.scalar as NonNullable<Op["scalar"]>;
  const round = exact === true ? (v: number) => v : dtypes[dtype].round;
  const about = { attributes: {}, dtype };
  const combine = (a: number, b: number): number => round(compute([a, b], about));
  const strides = stridesOf(shape);
  const kept = otherAxes(shape.length, axes);
  const result = allocate(
    dtype,
    kept.map((a) => shape[a]),
  );
  const [extents, steps] = [axes.map((a) => shape[a]), axes.map((a) => strides[a])];
  const lastReduced = axes[axes.length - 1] === shape.length - 1;
  const reduceFrom = lastReduced ? inLanes : inOrder;
  let next = 0;
  forEachOffset(
    result.shape,
    kept.map((a) => strides[a]),
    (base) => {
      result.data[next++] = reduceFrom(source, base, extents, steps, identity(dtype), combine);
    },
  );
  return result;
}

type Combine = (a: number, b: number) => number;

function inOrder(
  source: NdArray,
  base: number,
  extents: readonly number[],
  steps: readonly number[],
  identity: number,
  combine: Combine,
): number {
  let acc = identity;
  forEachOffset(extents, steps, (offset) => {
    acc = combine(acc, source.data[base + offset]);
  });
  return acc;
}

function inLanes(
  source: NdArray,
  base: number,
  extents: readonly number[],
  steps: readonly number[],
  identity: number,
  combine: Combine,
): number {
  const acc: number[] = new Array(lanes).fill(identity);
  const last = extents[extents.length - 1];
  forEachOffset(extents.slice(0, -1), steps, (offset) => {
    for (let i = 0; i < last; i++) acc[i % lanes] = combine(acc[i % lanes], source.data[base + offset + i]);
  });
  for (let width = lanes / 2; width >= 1; width /= 2) {
    for (let j = 0; j < width; j++) acc[j] = combine(acc[j], acc[j + width]);
  }
  return acc[0];
}

// ---- derivative -----------------------------------------------------------------------------------------------------

function reduceCotangent({
  operation,
  operands: [x],
  result,
  cotangent,
}: TransposeContext & { readonly result: Value }): Value {
  const kind = operation.attributes.kind as ReduceKind;
  const axes = axesOf(operation);
  const spread = spreadBack(cotangent, x, axes);
  return kind === "sum" ? spread : mul(spread, reducePartial(kind, x, result, axes));
}

/** A value of the result's shape repeated to the operand's. */
function spreadBack(value: Value, x: Value, axes: readonly number[]): Value {
  return broadcast(value, tensorOf(x).shape, otherAxes(rankOf(x), axes));
}

/** ∂result/∂x, in x's shape. */
function reducePartial(kind: ReduceKind, x: Value, result: Value, axes: readonly number[]): Value {
  if (kind === "sum") return constantLike(1, x);
  if (kind === "prod") return productOfOthers(x, axes);
  // ties share equally
  const ties = cast(compare(x, spreadBack(result, x, axes), "eq"), tensorOf(x).dtype);
  return div(ties, spreadBack(reduceSum(ties, axes), x, axes));
}

/**
 * For each element the product of all others along the axes, zeros included: the axes become one, x is repeated to a
 * matrix whose diagonal is 1, and its rows are multiplied. Quadratic in the extent of that axis.
 */
function productOfOthers(x: Value, axes: readonly number[]): Value {
  const { shape } = tensorOf(x);
  const kept = otherAxes(shape.length, axes);
  const order = [...kept, ...axes];
  const outer = kept.map((a) => shape[a]);
  const size = productOf(axes.map((a) => shape[a]));
  const flat = reshape(permute(x, order), [...outer, size]);
  const square = [...outer, size, size];
  const rank = outer.length;
  const matrix = broadcast(flat, square, [...outer.map((_, i) => i), rank + 1]);
  const index = tensorType("i32", square);
  const others = compare(iota(index, rank), iota(index, rank + 1), "ne");
  const rows = reduce(select(others, matrix, constantLike(1, matrix)), { kind: "prod", axes: [rank + 1] });
  const back = order.map((_, i) => order.indexOf(i));
  const unflat = reshape(
    rows,
    order.map((a) => shape[a]),
  );
  return permute(unflat, back);
}

// ---- lowering -------------------------------------------------------------------------------------------------------

function lowerReduce(x: LowerContext, at: readonly Dim[]): Value {
  const { shape, dtype } = tensorOf(x.operation.operands[0]);
  const axes = [...axesOf(x.operation)].sort((a, b) => a - b);
  const kept = otherAxes(shape.length, axes);
  const read = (subscripts: readonly Dim[]): Value =>
    x.element(
      0,
      shape.map((_, a) => (axes.includes(a) ? subscripts[axes.indexOf(a)] : at[kept.indexOf(a)])),
    );
  if (axes.length === 0) return read([]);
  const kind = kinds[x.operation.attributes.kind as ReduceKind];
  const identity = kind.identity(dtype);
  const start = constant(dtype === "bool" ? identity !== 0 : identity, scalar(dtype));
  const extents = axes.map((a) => shape[a]);
  if (axes[axes.length - 1] !== shape.length - 1) {
    return loops(extents, [start], (subscripts, [acc]) => [kind.combine(acc, read(subscripts))])[0];
  }
  return lowerLanes(extents, start, kind.combine, read);
}

type Read = (subscripts: readonly Dim[]) => Value;
type CombineValues = (x: Value, y: Value) => Value;

/** Nested ascending loops over extents, row-major, carrying values. */
function loops(
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
  const acc = [...loops(extents.slice(0, -1), inits, (outer, carry) => lanesOfRow(outer, last, carry, combine, read))];
  for (let width = lanes / 2; width >= 1; width /= 2) {
    for (let j = 0; j < width; j++) if (j + width < acc.length) acc[j] = combine(acc[j], acc[j + width]);
  }
  return acc[0];
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

export { loops as nestedLoops };
export const reduceRecords = { broadcast: broadcastOp, reduce: reduceOp };
