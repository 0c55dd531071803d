// Sums of products at the loop level, by what their operands are and what becomes of each sum: how they are cut into loops
// is decided by a pass.

import {
  type AttributesOf,
  allocate,
  type Block,
  currentBlock,
  type Dim,
  type DType,
  dtypes,
  type EvalContext,
  elementDType,
  emit,
  indexDim,
  isInteger,
  makeBlock,
  type NdArray,
  ndscalar,
  type Operation,
  printType,
  scalar,
  sizeOf,
  type Type,
  type TypeContext,
  type Value,
} from "../../ir/index.ts";
import { defineOp } from "../base/define.ts";
import { and } from "../scalar/bits.ts";
import { atLoopLevel } from "./level.ts";
import { requireTypes } from "./loop.ts";

const contractAttributes = {
  batch: { kind: "dims", default: [], summary: "extents along which both operands go together" },
  rows: { kind: "dims", default: [], summary: "extents of the left operand alone" },
  columns: { kind: "dims", default: [], summary: "extents of the right operand alone" },
  depth: { kind: "dims", default: [], summary: "extents that are summed over, the last one fastest" },
} as const;

export type ContractAttributes = AttributesOf<typeof contractAttributes>;

/** The regions by what they are; `inside` is null where every element of the left operand is one. */
export interface ContractRegions {
  readonly inside: Block | null;
  readonly left: Block;
  readonly right: Block;
  readonly result: Block;
}

export function contractRegions({ regions }: Pick<Operation, "regions">): ContractRegions {
  const [inside, left, right, result] = regions;
  return { inside: inside.results.length === 0 ? null : inside, left, right, result };
}

function requireRegions(cx: TypeContext<ContractAttributes>): void {
  const { batch, rows, columns, depth } = cx.attributes;
  for (const d of [batch, rows, columns, depth].flat()) cx.atLeast(d, 0, "an extent");
  const indices = (...lists: readonly (readonly Dim[])[]): readonly Type[] => lists.flat().map(() => scalar("index"));
  const { inside, left, right, result } = contractRegions(cx);
  if (inside !== null) {
    requireTypes(cx, "the arguments of inside", inside.arguments, indices(batch, rows, depth));
    requireTypes(cx, "the results of inside", inside.results, [scalar("bool")]);
  }
  requireTypes(cx, "the arguments of left", left.arguments, indices(batch, rows, depth));
  requireTypes(cx, "the arguments of right", right.arguments, indices(batch, columns, depth));
  const element = scalar(requireElement(cx, left.results));
  requireTypes(cx, "the results of left", left.results, [element]);
  requireTypes(cx, "the results of right", right.results, [element]);
  requireTypes(cx, "the arguments of result", result.arguments, [...indices(batch, rows, columns), element]);
  requireTypes(cx, "the results of result", result.results, []);
}

function requireElement(cx: TypeContext, [element]: readonly Value[]): DType {
  const dtype = element === undefined ? undefined : elementDType(element.type);
  if (dtype !== undefined && dtype !== "bool" && dtype !== "index") return dtype;
  const got = element === undefined ? "nothing" : printType(element.type);
  return cx.fail("dtype", `left yields ${got}, expected one number`);
}

// ---- meaning --------------------------------------------------------------------------------------------------------

/** Every subscript of these extents, row-major, as operands of a region. */
function* subscripts(extents: readonly number[]): Generator<readonly NdArray[]> {
  const at = extents.map(() => 0);
  for (let count = sizeOf(extents); count > 0; count--) {
    yield at.map((i) => ndscalar("index", i));
    for (let axis = at.length - 1; axis >= 0 && ++at[axis] === extents[axis]; axis--) at[axis] = 0;
  }
}

function evalContract(cx: EvalContext<ContractAttributes>): void {
  const { inside, left, right, result } = contractRegions(cx.operation);
  const extents = (dims: readonly Dim[]): readonly number[] => dims.map((d) => cx.dim(d));
  const { batch, rows, columns, depth } = cx.attributes;
  const [alongRows, alongColumns, alongDepth] = [rows, columns, depth].map((dims) => [...subscripts(extents(dims))]);
  const dtype = elementDType(left.results[0].type) ?? "f64";
  const sumOf = sumOfProducts(dtype);
  // the operands are read once each: nothing that they read changes
  const elements = (at: readonly NdArray[], region: Block, where: Block | null): ArrayLike<number> => {
    const { data } = allocate(dtype, [alongDepth.length]);
    for (const [i, k] of alongDepth.entries()) {
      const args = [...at, ...k];
      if (where === null || cx.run(where, args)[0].data[0] !== 0) data[i] = cx.run(region, args)[0].data[0];
    }
    return data;
  };
  for (const b of subscripts(extents(batch))) {
    const ofColumns = alongRows.length === 0 ? [] : alongColumns.map((at) => elements([...b, ...at], right, null));
    for (const row of alongColumns.length === 0 ? [] : alongRows) {
      const ofRow = elements([...b, ...row], left, inside);
      for (const [j, column] of alongColumns.entries())
        cx.run(result, [...b, ...row, ...column, ndscalar(dtype, sumOf(ofRow, ofColumns[j]))]);
    }
  }
}

/** From 0, in ascending order: each product and each sum is rounded. */
function sumOfProducts(dtype: DType): (left: ArrayLike<number>, right: ArrayLike<number>) => number {
  const { round } = dtypes[dtype];
  const times = isInteger(dtype) ? Math.imul : (a: number, b: number) => a * b;
  return (left, right) => {
    let sum = 0;
    for (let k = 0; k < left.length; k++) sum = round(sum + round(times(left[k], right[k])));
    return sum;
  };
}

// ---- record ---------------------------------------------------------------------------------------------------------

export const contractOp = defineOp({
  name: "contract",
  summary: "Sums products of two operands, and does something with each sum.",
  operands: [],
  attributes: contractAttributes,
  regions: [
    { name: "inside", named: true, optional: true, readsOnly: true },
    { name: "left", readsOnly: true },
    { name: "right", readsOnly: true },
    { name: "result" },
  ],
  assembly: [],
  ...atLoopLevel,
  types(cx) {
    requireRegions(cx);
    return [];
  },
  eval(cx) {
    evalContract(cx);
    return [];
  },
  docs: {
    semantics:
      "For each subscript of the batch, of the rows and of the columns a sum starts from 0 and takes the products of left and right in ascending order of the depth, whose last axis runs fastest; product and sum are each rounded. Then result runs on the sum. Left gets the subscripts of batch, row and depth, right those of batch, column and depth. Where a region inside says false of the subscripts of left, the element is 0 instead, and left does not run. The order in which elements are read and results run is not defined, nor how often an element is read.",
    constraints: [
      "left and right yield one number each, of one dtype; inside yields one bool",
      "inside, left and right write no memory, and read none that result writes",
    ],
    example: `func @product(%x: memref<f64[2, 2]>, %y: memref<f64[2, 2]>, %z: inout memref<f64[2, 2]>) -> f64 {
  contract rows = [2], columns = [2], depth = [2] left(%i: index, %k: index) {
    %x_ik = load %x[%i, %k] : f64
    yield %x_ik
  } right(%j: index, %l: index) {
    %y_lj = load %y[%l, %j] : f64
    yield %y_lj
  } result(%r: index, %c: index, %sum: f64) {
    store %sum, %z[%r, %c]
  }
  %corner = load %z[1, 1] : f64
  return %corner
}
// run: @product([[1, 2], [3, 4]], [[5, 6], [7, 8]], [[0, 0], [0, 0]]) == 50
`,
  },
});

// ---- building -------------------------------------------------------------------------------------------------------

type Along = readonly Dim[];

/** A contraction by rules over subscripts along its lists of axes. */
export interface Contraction {
  readonly batch: readonly Dim[];
  readonly rows: readonly Dim[];
  readonly columns: readonly Dim[];
  readonly depth: readonly Dim[];
  /** What holds where the left operand has an element; elsewhere it is 0. */
  inside?(batch: Along, row: Along, depth: Along): readonly Value[];
  left(batch: Along, row: Along, depth: Along): Value;
  right(batch: Along, column: Along, depth: Along): Value;
  result(batch: Along, row: Along, column: Along, sum: Value): void;
}

const noBlock = makeBlock([], [], []);

/** Appends a contraction. */
export function contract(c: Contraction): void {
  const { batch, rows, columns, depth } = c;
  const inside = region([batch, rows, depth], "bik", [], ([b, i, k]) => {
    const conditions = c.inside?.(b, i, k) ?? [];
    return conditions.length === 0 ? [] : [conditions.reduce(and)];
  });
  const left = region([batch, rows, depth], "bik", [], ([b, i, k]) => [c.left(b, i, k)]);
  const right = region([batch, columns, depth], "bjk", [], ([b, j, k]) => [c.right(b, j, k)]);
  const result = region([batch, rows, columns], "bij", [left.results[0].type], ([b, i, j], [sum]) => {
    c.result(b, i, j, sum);
    return [];
  });
  const regions = [inside.results.length === 0 ? noBlock : inside, left, right, result];
  emit(contractOp, [], { attributes: { batch, rows, columns, depth }, regions });
}

/** A region on subscripts along lists of axes, and on further arguments. */
function region(
  lists: readonly Along[],
  names: string,
  rest: readonly Type[],
  body: (at: readonly Along[], rest: readonly Value[]) => readonly Value[],
): Block {
  const ofAxes = lists.flatMap((extents, i) => extents.map(() => names[i]));
  const types = [...ofAxes.map(() => scalar("index")), ...rest];
  const split = (...args: Value[]): readonly Value[] => {
    let next = 0;
    const at = lists.map(({ length }) => args.slice(next, (next += length)).map(indexDim));
    return body(at, args.slice(next));
  };
  return currentBlock().region(types, split, [...ofAxes, ...rest.map(() => "sum")]);
}
