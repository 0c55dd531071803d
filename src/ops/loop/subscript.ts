// From integers in data to places in memory: what makes an index that is in range, and what is said of one that is not.

import {
  type AttributesOf,
  type Dim,
  type EvalContext,
  elementDType,
  isFloat,
  isScalar,
  ndscalar,
  type Operation,
  printType,
  sameType,
  scalar,
  subjectOf,
  type Type,
  type TypeContext,
  type Value,
} from "../../ir/index.ts";
import { defineOp, emit1 } from "../base/define.ts";
import { atLoopLevel } from "./level.ts";

/** Which elements an index selects: so many from it on, along an axis of an extent. */
export interface Range {
  readonly axis: number;
  readonly extent: Dim;
  readonly size: Dim;
}

/**
 * What is said of an index out of range, or of a float that is no index at all; `elements` says in which element of each
 * batch around it.
 */
export function rangeMessage(
  index: number,
  axis: number,
  extent: number,
  size: number,
  elements: readonly number[] = [],
): string {
  const where = inBatch(elements);
  if (!Number.isInteger(index)) return `index ${index} is no integer${where}`;
  const what = size === 1 ? `index ${index} is` : `${size} elements from index ${index} on are`;
  const hint = index < 0 ? ": indices count from 0" : "";
  return `${what} out of range for axis ${axis} of extent ${extent}${where}${hint}`;
}

/** ` in element 5 of the batch`, ` in element [3, 5] of the batches` */
function inBatch(elements: readonly number[]): string {
  if (elements.length === 0) return "";
  return elements.length === 1
    ? ` in element ${elements[0]} of the batch`
    : ` in element [${elements.join(", ")}] of the batches`;
}

/** Whether integers of the type can be indices. */
function isIndexType(type: Type): boolean {
  const dtype = elementDType(type);
  return dtype !== undefined && dtype !== "bool" && dtype !== "index" && !isFloat(dtype);
}

/** An operand of integers; of floats that are integers too, where those that are not are an error. */
export function requireIndexType(cx: TypeContext, i: number, what: string, mode = "clamp"): void {
  const type = cx.operands[i];
  const dtype = elementDType(type);
  if (isIndexType(type) || (mode === "fail" && dtype !== undefined && isFloat(dtype))) return;
  cx.fail("dtype", `${what} has type ${printType(type)}, expected integers`, "cast it to i32");
}

// ---- the op of the loop level -----------------------------------------------------------------------------------------

const subscriptAttributes = {
  of: { kind: "string", summary: "what the error names" },
  axis: { kind: "integer", summary: "the axis that the error names" },
  extent: { kind: "dim", summary: "the extent of the axis" },
  size: { kind: "dim", default: 1, summary: "how many elements are taken from the index on" },
  mode: { kind: "word", words: ["fail", "clamp"], default: "fail", summary: "what becomes of an index out of range" },
} as const;

export type SubscriptAttributes = AttributesOf<typeof subscriptAttributes>;

export const subscriptOp = defineOp({
  name: "subscript",
  summary: "An integer as an index value in range; one that is not fails or is moved.",
  operands: [
    { name: "index", variadic: true },
    { name: "memory", variadic: true },
  ],
  groups: ["index", "memory"],
  attributes: subscriptAttributes,
  assembly: [
    { kind: "operands", group: "index" },
    { kind: "group", group: "memory" },
  ],
  ...atLoopLevel,
  effects: { fails: true },
  succeeds: ({ attributes }) => attributes.mode === "clamp",
  types(x) {
    const [index, ...elements] = x.group("index");
    if (index === undefined) x.fail("arity", "got no index, expected 1");
    if (!isScalar(index)) x.fail("shape", `the index has type ${printType(index)}, expected rank 0`);
    requireIndexType(x, 0, "the index", x.attributes.mode);
    const other = elements.find((type) => !sameType(type, scalar("index")));
    if (other !== undefined) x.fail("dtype", `the element of a batch has type ${printType(other)}, expected index`);
    requireBounding(x, x.group("memory"));
    return [scalar("index")];
  },
  eval(x) {
    const [{ data }, ...elements] = x.group("index");
    const { axis, extent, size, mode } = x.attributes;
    const range = { axis, extent: x.dim(extent), size: x.dim(size) };
    return [ndscalar("index", placed(x, data[0], range, mode, () => elements.map((e) => e.data[0])) ?? 0)];
  },
  docs: {
    semantics:
      "The result is the index, as a value that loads and stores take. An index is in range where it is an integer and 0 <= index <= extent - size. Where it is not, mode = fail ends the run with an error that names what `of` says, the index, the axis and the extent; mode = clamp gives the nearest index in range. Inside of a batch, further operands say which element of each batch the index is of, and the error names them too. Where a memory is given, it bounds the index: reading its element there is the check, for whoever can read beside an array.",
    constraints: [
      "the index is a scalar of an integer dtype, or with mode = fail of a float dtype",
      "with mode = clamp, size <= extent",
      "the memory is one of one axis, of the subscript's extent, with mode = fail and size = 1",
    ],
    example: `func @element(%x: memref<f64[3]>, %i: i32) -> f64 {
  %at = subscript %i, of = "element", axis = 0, extent = 3, mode = clamp : index
  %x_i = load %x[%at] : f64
  return %x_i
}
// run: @element([5, 6, 7], 9) == 7
`,
  },
});

/** Memory that bounds an index: at most one, and the index is in range where it has an element. */
function requireBounding(cx: TypeContext<SubscriptAttributes>, [memory, ...more]: readonly Type[]): void {
  if (memory === undefined) return;
  const { extent, mode, size } = cx.attributes;
  if (more.length > 0) cx.fail("arity", `got ${more.length + 1} operands of memory, expected at most 1`);
  if (memory.kind !== "memref" || memory.shape.length !== 1)
    cx.fail("shape", `the memory has type ${printType(memory)}, expected a memref of one axis`);
  if (mode !== "fail" || size !== 1)
    cx.fail("attribute", `memory bounds an index with mode = fail and size = 1, got mode = ${mode} and size = ${size}`);
  cx.equal(memory.shape[0], extent, "the extent of the memory");
}

/** Where an index selects along its axis; null where it selects nothing (modes fill and drop). */
export function placed(
  cx: EvalContext,
  index: number,
  { axis, extent, size }: { readonly axis: number; readonly extent: number; readonly size: number },
  mode: string,
  elements: () => readonly number[] = () => [],
): number | null {
  if (index >= 0 && index <= extent - size && Number.isInteger(index)) return index;
  if (mode === "clamp") return Math.max(0, Math.min(index, extent - size));
  return mode === "fail"
    ? cx.fail("range", rangeMessage(index, axis, extent, size, elements()), nameOf(cx.operation))
    : null;
}

/** What errors call that which is indexed. */
function nameOf(operation: Operation): string {
  const { of } = operation.attributes;
  return typeof of === "string" && of !== "" ? of : subjectOf(operation);
}

/** An integer scalar as an index that is in range; errors name the element of each batch that it is of. */
export function subscript(
  index: Value,
  operation: Operation,
  { axis, extent, size }: Range,
  mode: "fail" | "clamp",
  elements: readonly Value[] = [],
): Value {
  return emit1(subscriptOp, [index, ...elements], {
    attributes: { of: nameOf(operation), axis, extent, size, mode },
    segments: [1 + elements.length, 0],
  });
}
