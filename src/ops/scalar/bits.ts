// Truth values and the bits of integers, element by element.

import { type DType, kernel, kernelMadeBy, type Op, type ScalarMeaning, type Value } from "../../ir/index.ts";
import { defineOp, dtypeOf, emit1, requireElements } from "../base/define.ts";
import {
  convertedType,
  type ElementwiseRow,
  elementwise,
  evalScalar,
  notDifferentiable,
  typeIn,
} from "../base/elementwise.ts";
import { binary, fromKernel, unary } from "../base/scalar.ts";
import { narrower } from "../varying.ts";
import { bitsOfFloat, floatOfBits, popcount as popcountOf } from "./kernels/index.ts";

export const and = binary(() => andOp);
export const or = binary(() => orOp);
export const xor = binary(() => xorOp);
export const shiftLeft = binary(() => shiftLeftOp);
export const shiftRight = binary(() => shiftRightOp);
export const popcount = unary(() => popcountOp);

/** The same 32 bits as a float or as an integer. */
export function bitcast(x: Value, dtype: DType): Value {
  return emit1(bitcastOp, [x], { types: [typeIn(x, dtype)] });
}

const floatKernel = kernelMadeBy("floatOfBits", [], floatOfBits);
const bitsKernel = kernelMadeBy("bitsOfFloat", [], bitsOfFloat);

/** One side is f32, so the result's dtype tells the operand's kind. */
const bitcastScalar: ScalarMeaning = {
  compute: ([x], { dtype }) => (dtype === "f32" ? floatKernel : bitsKernel).compute(x),
  spell: ([x], { dtype, nameOf }) => `${nameOf(dtype === "f32" ? floatKernel : bitsKernel)}(${x})`,
};

export const bitcastOp = defineOp({
  name: "bitcast",
  summary: "Takes the bits of a number as a number of another dtype.",
  operands: [{ name: "x" }],
  level: "both",
  traits: { elementwise: true },
  types(x) {
    const from = dtypeOf(requireElements(x, 0));
    const type = convertedType(x);
    const to = dtypeOf(type);
    const fits = from === "f32" ? to === "i32" || to === "u32" : to === "f32" && (from === "i32" || from === "u32");
    if (!fits)
      x.fail("dtype", `got ${from} to ${to}, expected f32 to i32 or u32, or back`, "integers of one width are cast");
    return [type];
  },
  scalar: bitcastScalar,
  eval: (x) => [evalScalar(x, bitcastScalar)],
  derivative: notDifferentiable,
  batching: { kind: "elementwise" },
  docs: {
    semantics:
      "The number of the result's dtype that has the same 32 bits as x. Every NaN counts as the canonical one, whose bits are 0x7fc00000.",
    constraints: ["x is f32 and the result i32 or u32, or the other way round"],
    example: `func @main(%x: f32) -> u32 {
  %r = bitcast %x : u32
  return %r
}
// run: @main(1) == 1065353216
`,
  },
});

type Row = Omit<ElementwiseRow, "operands" | "dtypes" | "partials">;

/** @__NO_SIDE_EFFECTS__ */
function ofBits(row: Row): Op {
  return elementwise({ ...row, operands: ["x", "y"], dtypes: "bits", partials: notDifferentiable });
}

/** @__NO_SIDE_EFFECTS__ */
function ofIntegers(row: Row): Op {
  return elementwise({ ...row, operands: ["x", "y"], dtypes: "integer", partials: notDifferentiable });
}

export const andOp = ofBits({
  name: "and",
  cheap: true,
  summary: "Both: the logical and of bools, the bitwise and of integers.",
  commutative: true,
  // a mask of whole rows stays one when it is refined
  varies: ({ operands: [x, y] }, _, of) => narrower(of(x), of(y)),
  scalar: {
    compute: ([x, y]) => x & y,
    spell: ([x, y], { dtype }) => (dtype === "bool" ? `${x} && ${y}` : `${x} & ${y}`),
  },
  semantics: "true where both are true; of integers, the bits set in both.",
  example: { dtype: "bool", run: "@main(true, false) == false" },
});

export const orOp = ofBits({
  name: "or",
  cheap: true,
  summary: "Either: the logical or of bools, the bitwise or of integers.",
  commutative: true,
  scalar: {
    compute: ([x, y]) => x | y,
    spell: ([x, y], { dtype }) => (dtype === "bool" ? `${x} || ${y}` : `${x} | ${y}`),
  },
  semantics: "true where one is true; of integers, the bits set in either.",
  example: { dtype: "bool", run: "@main(true, false) == true" },
});

export const xorOp = ofBits({
  name: "xor",
  cheap: true,
  summary: "One but not both: the logical xor of bools, the bitwise xor of integers.",
  commutative: true,
  scalar: {
    compute: ([x, y]) => x ^ y,
    spell: ([x, y], { dtype }) => (dtype === "bool" ? `${x} !== ${y}` : `${x} ^ ${y}`),
  },
  semantics: "true where the two differ; of integers, the bits set in one of them.",
  example: { dtype: "i32", run: "@main(12, 10) == 6" },
});

export const shiftLeftOp = ofIntegers({
  name: "shift_left",
  cheap: true,
  summary: "Moves bits up.",
  scalar: {
    compute: ([x, y], { dtype }) => x << (dtype === "u8" ? y & 7 : y),
    spell: ([x, y], { dtype }) => (dtype === "u8" ? `${x} << (${y} & 7)` : `${x} << ${y}`),
  },
  semantics: "The bits of x, y places up, zeros below; y counts modulo the width of the dtype.",
  example: { dtype: "i32", run: "@main(3, 4) == 48" },
});

export const shiftRightOp = ofIntegers({
  name: "shift_right",
  cheap: true,
  summary: "Moves bits down.",
  scalar: {
    compute: ([x, y], { dtype }) => (dtype === "u32" ? x >>> y : x >> (dtype === "u8" ? y & 7 : y)),
    spell: ([x, y], { dtype }) =>
      dtype === "u32" ? `${x} >>> ${y}` : dtype === "u8" ? `${x} >> (${y} & 7)` : `${x} >> ${y}`,
  },
  semantics:
    "The bits of x, y places down, copies of the sign above for i32, zeros for u32 and u8; y counts modulo the width of the dtype.",
  example: { dtype: "i32", run: "@main(-16, 2) == -4" },
});

export const popcountOp = elementwise({
  name: "popcount",
  summary: "Counts the bits that are set.",
  operands: ["x"],
  dtypes: "integer",
  partials: notDifferentiable,
  scalar: fromKernel(kernel("popcount", popcountOf)),
  semantics: "How many of the bits of x are 1; all 32 for -1.",
  example: { dtype: "i32", run: "@main(255) == 8" },
});
