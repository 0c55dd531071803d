// Memory as a whole: the same memory under another shape.

import { type MemRefType, printShape, printType, productOf, type TypeContext, type Value } from "../../ir/index.ts";
import { defineOp, emit1 } from "../base/define.ts";

const atLoopLevel = {
  level: "loop",
  derivative: { kind: "none", reason: "differentiation works on the tensor level, before lowering" },
  batching: { kind: "none", reason: "batching works on the tensor level, before lowering" },
  lowering: { kind: "structured" },
} as const;

function requireMemory(cx: TypeContext, i: number, what: string): MemRefType {
  const type = cx.operands[i];
  if (type.kind === "memref") return type;
  return cx.fail("dtype", `${what} has type ${printType(type)}, expected memref<…>`);
}

// ---- view -----------------------------------------------------------------------------------------------------------

export const viewOp = defineOp({
  name: "view",
  summary: "The same memory under another shape.",
  operands: [{ name: "memory" }],
  ...atLoopLevel,
  aliases: [0],
  types(x) {
    const { dtype, shape } = requireMemory(x, 0, "the operand");
    const [declared] = x.declared ?? [];
    if (declared?.kind !== "memref" || declared.dtype !== dtype || x.declared?.length !== 1)
      return x.fail("dtype", `the result has to be written as one memref<…> of dtype ${dtype}`);
    const what = `the number of elements of ${printShape(declared.shape)} (from ${printShape(shape)})`;
    x.equal(productOf(declared.shape), productOf(shape), what);
    return [declared];
  },
  eval: (x) => [{ ...x.operands[0], shape: x.shape(x.operation.results[0].type) }],
  docs: {
    semantics:
      "The memory of the operand: what is stored through one is loaded through the other. Element i, counted row-major, is element i of the operand.",
    constraints: ["the result type is written: a memref of the operand's dtype with as many elements"],
    example: `func @corner(%x: memref<f64[2, 3]>, %v: f64) -> f64 {
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
