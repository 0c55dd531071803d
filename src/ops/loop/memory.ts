// Memory as a whole, or a part in order: under another shape, filled and copied.

import {
  affineOperands,
  boundBy,
  type Dim,
  emit,
  isOf,
  type MemRefType,
  memref,
  type Operation,
  printShape,
  printType,
  productOf,
  sameType,
  scalar,
  shapeOf,
  subDims,
  type TypeContext,
  type Value,
} from "../../ir/index.ts";
import { defineOp, emit1 } from "../base/define.ts";
import { atLoopLevel } from "./level.ts";
import { requireIndices } from "./loop.ts";

function requireMemory(cx: TypeContext, i: number, what: string): MemRefType {
  const type = cx.operands[i];
  if (type.kind === "memref") return type;
  return cx.fail("dtype", `${what} has type ${printType(type)}, expected memref<…>`);
}

// ---- view -----------------------------------------------------------------------------------------------------------

export const viewOp = defineOp({
  name: "view",
  summary: "The same memory under another shape, or a part of it.",
  operands: [{ name: "memory" }],
  ...atLoopLevel,
  aliases: [0],
  types(x) {
    const { dtype, shape } = requireMemory(x, 0, "the operand");
    const [declared] = x.declared ?? [];
    if (declared?.kind !== "memref" || declared.dtype !== dtype || x.declared?.length !== 1)
      return x.fail("dtype", `the result has to be written as one memref<…> of dtype ${dtype}`);
    // which part it may be is known where constraints are: see the verifier
    if (declared.layout !== undefined) return [declared];
    const what = `the number of elements of ${printShape(declared.shape)} (from ${printShape(shape)})`;
    x.equal(productOf(declared.shape), productOf(shape), what);
    return [declared];
  },
  eval: (x) => [{ ...x.operands[0], shape: x.shape(x.operation.results[0].type) }],
  docs: {
    semantics:
      "The memory of the operand: what is stored through one is loaded through the other. Element i, counted row-major, is element i of the operand. Where the result type has strides and an offset, its element [i, j] is element offset + i·strides[0] + j·strides[1] of the operand, counted row-major: a row, a column, a diagonal.",
    constraints: [
      "the result type is written: a memref of the operand's dtype with as many elements, or with strides and an offset that stay inside of the operand",
      "the operand has no strides and no offset: a part is taken of the whole",
    ],
    example: `func @corner(%x: inout memref<f64[2, 3]>, %v: f64) -> f64 {
  %flat = view %x : memref<f64[6]>
  store %v, %flat[5]
  %corner = load %x[1, 2] : f64
  return %corner
}
// run: @corner([[1, 2, 3], [4, 5, 6]], 7) == 7
`,
  },
});

/** The memory under another shape of as many elements. */
export function view(memory: Value, type: MemRefType, name: string | null = null): Value {
  return emit1(viewOp, [memory], { types: [type], names: [name] });
}

/** The memory along one axis; itself where it has one. */
export function flatView(memory: Value): Value {
  const { type } = memory;
  if (type.kind !== "memref" || type.shape.length === 1) return memory;
  return view(memory, memref(type.dtype, [productOf(type.shape)]), "flat");
}

// ---- fill -----------------------------------------------------------------------------------------------------------

export const fillOp = defineOp({
  name: "fill",
  summary: "Writes one number to memory, from one element up to another.",
  operands: [{ name: "value" }, { name: "memory" }, { name: "bounds", variadic: true }],
  groups: ["value", "memory", "bounds"],
  attributes: {
    lower: { kind: "dim", summary: "the first element" },
    upper: { kind: "dim", summary: "the element it stops before" },
  },
  assembly: [
    { kind: "operand", operand: 0 },
    { kind: "span", operand: 1, group: "bounds" },
  ],
  ...atLoopLevel,
  effects: { writes: ["memory"], fails: true },
  types(x) {
    const [value] = x.operands;
    const memory = requireMemory(x, 1, "the memory");
    requireIndices(x, "bounds");
    if (memory.shape.length !== 1) {
      x.fail("shape", `the memory has type ${printType(memory)}, expected one axis`, "take a view of it");
    }
    if (!sameType(value, scalar(memory.dtype))) {
      x.fail("dtype", `the value has type ${printType(value)}, expected ${memory.dtype} for ${printType(memory)}`);
    }
    return [];
  },
  eval(x) {
    const [value, memory] = x.operands;
    const [lower, upper] = [x.affine(x.attributes.lower, "bounds"), x.affine(x.attributes.upper, "bounds")];
    if (lower >= upper) return [];
    const [extent] = memory.shape;
    if (lower < 0 || upper > extent) x.fail("range", `fill: elements ${lower} to ${upper} are outside [0, ${extent})`);
    memory.data.fill(value.data[0], lower, upper);
    return [];
  },
  docs: {
    semantics:
      "Sets the elements lower, lower + 1, … that are before upper, and none where upper <= lower. Passes only make bounds that are in range; the interpreter checks them.",
    constraints: [
      "the value is a scalar of the memory's dtype",
      "the memory has one axis, and no strides or offset",
      "bounds are affine in symbols and index values",
    ],
    example: `func @ones(%x: inout memref<f64[2, 3]>) -> f64 {
  %one = constant 1 : f64
  %flat = view %x : memref<f64[6]>
  fill %one, %flat[3 to 6]
  %last = load %x[1, 2] : f64
  return %last
}
// run: @ones([[5, 6, 7], [8, 9, 10]]) == 1
`,
  },
});

/** Writes `value` to `memory[lower]` and what follows, up to `upper`. */
export function fill(value: Value, memory: Value, lower: Dim, upper: Dim): void {
  const bounds = affineOperands([lower, upper]);
  emit(fillOp, [value, memory, ...bounds.operands], {
    attributes: { lower: bounds.dims[0], upper: bounds.dims[1] },
    segments: [1, 1, bounds.operands.length],
  });
}

// ---- copy -----------------------------------------------------------------------------------------------------------

export const copyOp = defineOp({
  name: "copy",
  summary: "Writes all elements of one memory to the beginning of another.",
  operands: [{ name: "from" }, { name: "to" }],
  ...atLoopLevel,
  effects: { reads: ["from"], writes: ["to"] },
  types(x) {
    const [from, to] = [requireMemory(x, 0, "the source"), requireMemory(x, 1, "the destination")];
    if (from.dtype !== to.dtype) {
      x.fail("dtype", `the destination has type ${printType(to)}, expected dtype ${from.dtype} of ${printType(from)}`);
    }
    const [most, count] = [productOf(to.shape), productOf(from.shape)];
    x.atLeast(most, count, `the number of elements of ${printShape(to.shape)}`);
    return [];
  },
  eval(x) {
    const [from, to] = x.operands;
    to.data.set(from.data);
    return [];
  },
  docs: {
    semantics:
      "Sets element i of the destination, counted row-major, to element i of the source, for all of the source.",
    constraints: [
      "both have one dtype, and no strides or offset",
      "the destination has at least as many elements as the source",
    ],
    example: `func @both(%x: memref<f64[2, 2]>, %y: inout memref<f64[5]>) -> f64 {
  copy %x, %y
  %y_3 = load %y[3] : f64
  return %y_3
}
// run: @both([[1, 2], [3, 4]], [5, 6, 7, 8, 9]) == 4
`,
  },
});

/** How many elements are filled or copied at once, over index values; 0 of any other operation. */
export function elementsWritten(operation: Operation): Dim {
  if (isOf(fillOp, operation)) {
    const { lower, upper } = operation.attributes;
    return boundBy(subDims(upper, lower), operation, "bounds");
  }
  return operation.op === copyOp ? productOf(shapeOf(operation.operands[0])) : 0;
}

/** Writes the elements of `from` to the first of `to`. */
export function copy(from: Value, to: Value): void {
  emit(copyOp, [from, to]);
}
