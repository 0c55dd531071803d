// Scratch memory of a function, planned as a whole: what is not in use at the same time shares one place.

import {
  type AttributesOf,
  addDims,
  type Dim,
  dtypes,
  type EvalContext,
  emit,
  fillGarbage,
  floorDim,
  type MemRefType,
  maxDims,
  memRefTypeOf,
  mulDims,
  type NdArray,
  overlaps,
  productOf,
  type Span,
  sizeOf,
  statedSpans,
  type Type,
  type TypeContext,
  type Value,
} from "../../ir/index.ts";
import { defineOp } from "../base/define.ts";
import { atLoopLevel } from "./level.ts";

const scratchAttributes = {
  from: { kind: "integers", summary: "when each memory begins to be in use" },
  to: { kind: "integers", summary: "when each memory ceases to be in use, which is still part of it" },
} as const;

export type ScratchAttributes = AttributesOf<typeof scratchAttributes>;

/** Memory begins at multiples of this many bytes. */
const alignment = 16;

function scratchTypes(cx: TypeContext<ScratchAttributes>): readonly Type[] {
  const types = cx.declared ?? [];
  if (types.length === 0 || types.some((type) => type.kind !== "memref"))
    cx.fail("dtype", "the results have to be written as memref<…>, at least one");
  const { from, to } = cx.attributes;
  if (from.length !== types.length || to.length !== types.length)
    cx.fail(
      "attribute",
      `got ${from.length} beginnings and ${to.length} ends of use, expected ${types.length} of each`,
    );
  const wrong = from.findIndex((first, k) => first > to[k]);
  if (wrong >= 0)
    cx.fail("attribute", `memory ${wrong} is in use from ${from[wrong]} to ${to[wrong]}, expected an order`);
  return types;
}

function evalScratch(cx: EvalContext<ScratchAttributes>): readonly NdArray[] {
  const types = cx.operation.results.map((v) => memRefTypeOf(v.type));
  const sizes = types.map((type) => cx.dim(bytesOf(type)));
  const { starts, end } = layOut(sizes, statedSpans(cx.operation) ?? []);
  const arena = new ArrayBuffer(cx.dim(end));
  return types.map((type, k) => {
    const shape = cx.shape(type);
    const data = new dtypes[type.dtype].array(arena, cx.dim(starts[k]), sizeOf(shape));
    const memory = { dtype: type.dtype, shape, data };
    fillGarbage(memory);
    return memory;
  });
}

/** How many bytes memory takes up in an arena. */
export function bytesOf({ dtype, shape }: MemRefType): Dim {
  const bytes = mulDims(productOf(shape), dtypes[dtype].bytes);
  return mulDims(floorDim(addDims(bytes, alignment - 1), alignment), alignment);
}

/** Where each memory of an arena begins, and where the last one ends. */
interface Layout {
  readonly starts: readonly Dim[];
  readonly end: Dim;
}

/** Lays each memory above those before it that are in use when it is; `named` gives what stands for the end of one. */
export function layOut(
  sizes: readonly Dim[],
  spans: readonly Span[],
  named: (end: Dim, k: number) => Dim = (end) => end,
): Layout {
  const ends: Dim[] = [];
  const above = (span: Span): Dim => {
    const below: number[] = [];
    // what lies below another one of them ends before
    for (let j = ends.length - 1; j >= 0; j--)
      if (overlaps(span, spans[j]) && !below.some((k) => overlaps(spans[k], spans[j]))) below.push(j);
    return below.length === 0 ? 0 : maxDims(...below.map((j) => ends[j]));
  };
  const starts = spans.map((span, k) => {
    const start = above(span);
    ends.push(named(addDims(start, sizes[k]), k));
    return start;
  });
  return { starts, end: above({ from: -1, to: Number.POSITIVE_INFINITY }) };
}

export const scratchOp = defineOp({
  name: "scratch",
  summary: "Memory for one call, of which what is not in use at the same time shares a place.",
  operands: [],
  attributes: scratchAttributes,
  ...atLoopLevel,
  effects: { allocates: true },
  types: scratchTypes,
  eval: evalScratch,
  docs: {
    semantics:
      "Memory that holds anything at first. Each result lies in one arena above all those before it that are in use when it is; spans of use are stated as numbers, smaller ones earlier. Backends may keep the arena for the next call: a call takes it, and puts it back when it returns, so that a call inside of it makes another.",
    constraints: [
      "the result types are memrefs",
      "results that are in use at the same time have spans that overlap",
      "elements are written before they are used",
    ],
    example: `func @total(%x: f64) -> f64 {
  %a, %b = scratch from = [0, 2], to = [1, 3] : memref<f64[1]>, memref<f64[2]>
  store %x, %a[0]
  %y = load %a[0] : f64
  store %y, %b[1]
  %z = load %b[1] : f64
  return %z
}
// run: @total(3) == 3
`,
  },
});

/** Memory for one call, in the order in which it lies. */
export function scratch(
  types: readonly MemRefType[],
  spans: readonly Span[],
  names: readonly (string | null)[] = [],
): readonly Value[] {
  const attributes = { from: spans.map(({ from }) => from), to: spans.map(({ to }) => to) };
  return emit(scratchOp, [], { types, attributes, names });
}
