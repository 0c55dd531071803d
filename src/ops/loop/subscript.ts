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
  scalar,
  type Type,
  type TypeContext,
  type Value,
} from "../../ir/index.ts";
import { defineOp, emit1 } from "../base/define.ts";

/** Which elements an index selects: so many from it on, along an axis of an extent. */
export interface Range {
  readonly axis: number;
  readonly extent: Dim;
  readonly size: Dim;
}

/** What is said of an index out of range, or of a float that is no index at all. */
export function rangeMessage(index: number, axis: number, extent: number, size: number): string {
  if (!Number.isInteger(index)) return `index ${index} is no integer`;
  const what = size === 1 ? `index ${index} is` : `${size} elements from index ${index} on are`;
  const hint = index < 0 ? ": indices count from 0" : "";
  return `${what} out of range for axis ${axis} of extent ${extent}${hint}`;
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
  of: { kind: "string", summary: "the op that the error names" },
  axis: { kind: "integer", summary: "the axis that the error names" },
  extent: { kind: "dim", summary: "the extent of the axis" },
  size: { kind: "dim", default: 1, summary: "how many elements are taken from the index on" },
  mode: { kind: "word", words: ["fail", "clamp"], default: "fail", summary: "what becomes of an index out of range" },
} as const;

export type SubscriptAttributes = AttributesOf<typeof subscriptAttributes>;

export const subscriptOp = defineOp({
  name: "subscript",
  summary: "An integer as an index value in range; one that is not fails or is moved.",
  operands: [{ name: "index" }],
  attributes: subscriptAttributes,
  level: "loop",
  effect: "mayFail",
  types(x) {
    if (!isScalar(x.operands[0])) x.fail("shape", `the index has type ${printType(x.operands[0])}, expected rank 0`);
    requireIndexType(x, 0, "the index", x.attributes.mode);
    return [scalar("index")];
  },
  eval(x) {
    const [{ data }] = x.operands;
    const { axis, extent, size, mode } = x.attributes;
    const range = { axis, extent: x.dim(extent), size: x.dim(size) };
    return [ndscalar("index", placed(x, data[0], range, mode, x.attributes.of) ?? 0)];
  },
  derivative: { kind: "none", reason: "differentiation works on the tensor level, before lowering" },
  batching: { kind: "none", reason: "batching works on the tensor level, before lowering" },
  lowering: { kind: "structured" },
  docs: {
    semantics:
      "The index where it is an integer and 0 <= index <= extent - size. Otherwise, with mode = fail, the run ends with an error that names the op, index, axis and extent; with mode = clamp it is the nearest index for which this holds.",
    constraints: [
      "the index is a scalar of an integer dtype, or with mode = fail of a float dtype",
      "with mode = clamp, size <= extent",
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

/** Where an index selects along its axis; null where it selects nothing (modes fill and drop). */
export function placed(
  cx: EvalContext,
  index: number,
  { axis, extent, size }: { readonly axis: number; readonly extent: number; readonly size: number },
  mode: string,
  of = nameOf(cx.operation),
): number | null {
  if (index >= 0 && index <= extent - size && Number.isInteger(index)) return index;
  if (mode === "clamp") return Math.max(0, Math.min(index, extent - size));
  return mode === "fail" ? cx.fail("range", rangeMessage(index, axis, extent, size), of) : null;
}

/** What errors call that which is indexed. */
function nameOf({ op, attributes }: Operation): string {
  return typeof attributes.of === "string" && attributes.of !== "" ? attributes.of : op.name;
}

/** An integer scalar as an index that is in range. */
export function subscript(
  index: Value,
  operation: Operation,
  { axis, extent, size }: Range,
  mode: "fail" | "clamp",
): Value {
  return emit1(subscriptOp, [index], { attributes: { of: nameOf(operation), axis, extent, size, mode } });
}
