// gather and scatter as loops: indices become subscripts, checked where they are read.

import {
  type Dim,
  indexDim,
  type LowerContext,
  scalar,
  subDims,
  type UpdateContext,
  type Value,
} from "../../ir/index.ts";
import { constant, indexValue } from "../base/constant.ts";
import { tensorOf } from "../base/define.ts";
import { cast, compare } from "../base/elementwise.ts";
import { zeros } from "../base/zeros.ts";
import { ifElse } from "../control/control.ts";
import { type Range, subscript } from "../loop/subscript.ts";
import { and } from "../scalar/bits.ts";
import {
  batchElements,
  type GatherAttributes,
  gatherNumbers,
  type IndexNumbers,
  namedAxis,
  operandSubscript,
  type ScatterAttributes,
  scatterNumbers,
  windowSizes,
} from "./index-space.ts";
import { combine } from "./scatter-kinds.ts";

/** A subscript of the operand, and the conditions under which it is in range. */
interface GuardedSubscript {
  readonly at: readonly Dim[];
  readonly conditions: readonly Value[];
}

/** The subscript in the operand of an element of gather's result, or of scatter's updates. */
function guardedSubscript(
  cx: LowerContext<GatherAttributes | ScatterAttributes>,
  at: readonly Dim[],
  numbers: IndexNumbers,
  sizes: readonly Dim[],
): GuardedSubscript {
  const { operation } = cx;
  const [source, indices] = operation.operands.map(tensorOf);
  const mode = operation.attributes.mode;
  const conditions: Value[] = [];
  const start = (_: number, axis: number, vector: readonly Dim[]): Dim => {
    const range = { axis: namedAxis(axis, numbers), extent: source.shape[axis], size: sizes[axis] };
    if (mode === "clamp") return indexDim(subscript(cx.element(1, vector), operation, range, mode));
    if (mode === "fail") return indexDim(checked(cx, vector, range, sizes, batchElements(vector, numbers)));
    const index = cast(cx.element(1, vector), "index");
    conditions.push(compare(index, constant(0, scalar("index")), "ge"));
    conditions.push(compare(index, indexValue(subDims(range.extent, range.size)), "le"));
    return indexDim(index);
  };
  return { at: operandSubscript(source, indices, at, numbers, start), conditions };
}

/**
 * The check stands in front of the loops over a window, unless the window may be empty: then any index is allowed. No pass moves
 * what may fail out of a loop.
 */
function checked(
  cx: LowerContext,
  vector: readonly Dim[],
  range: Range,
  sizes: readonly Dim[],
  elements: readonly Dim[],
): Value {
  const check = (index: Value): Value => subscript(index, cx.operation, range, "fail", elements.map(indexValue));
  const isFilled = sizes.every((d) => typeof d === "number" && d > 0);
  return isFilled ? cx.outermost(1, vector, check) : check(cx.element(1, vector));
}

/** With mode = fill, elements out of range are zero, and not read. */
export function elementOfGather(cx: LowerContext<GatherAttributes>, at: readonly Dim[]): Value {
  const { operands, attributes } = cx.operation;
  const element = guardedSubscript(cx, at, gatherNumbers(attributes), attributes.sizes);
  if (element.conditions.length === 0) return cx.element(0, element.at);
  return ifElse(
    element.conditions.reduce(and),
    () => [cx.element(0, element.at)],
    () => [zeros(scalar(tensorOf(operands[0]).dtype))],
  )[0];
}

/** Writes the updates in row-major order, but for those out of range where the mode drops them. */
export function updateOfScatter(cx: UpdateContext<ScatterAttributes>): void {
  const { operands, attributes } = cx.operation;
  const numbers = scatterNumbers(attributes);
  const { shape } = tensorOf(operands[2]);
  const sizes = windowSizes(tensorOf(operands[0]).shape.length, shape, numbers);
  const kind = attributes.kind;
  cx.nest(shape, (at) => {
    const element = guardedSubscript(cx, at, numbers, sizes);
    const write = (): void => {
      const update = cx.element(2, at);
      cx.write(kind === "set" ? update : combine(kind, cx.read(element.at), update), element.at);
    };
    if (element.conditions.length === 0) write();
    else {
      const nothing = (): readonly Value[] => [];
      ifElse(
        element.conditions.reduce(and),
        () => {
          write();
          return [];
        },
        nothing,
      );
    }
  });
}
