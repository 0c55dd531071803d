// A tensor in the memory of another: what says whose memory a result comes to stand in that is computed of something else.

import { emit, printType, sameType, type Value } from "../../ir/index.ts";
import { defineOp } from "../base/define.ts";

export const intoOp = defineOp({
  name: "into",
  summary: "The same tensor, in the memory of another that nothing reads afterwards.",
  operands: [{ name: "x" }, { name: "memory" }],
  level: "fused",
  types(cx) {
    const [x, memory] = cx.operands;
    if (!sameType(x, memory))
      cx.fail("shape", `memory has type ${printType(memory)}, expected that of x, ${printType(x)}`);
    return [x];
  },
  eval: (cx) => [cx.operands[0]],
  derivative: { kind: "none", reason: "differentiation works on the tensor level, before memory is planned" },
  batching: { kind: "none", reason: "batching works on the tensor level, before memory is planned" },
  lowering: { kind: "view" },
  docs: {
    semantics:
      "x, whatever memory holds. With `reuses = [1]` the result stands in that memory: x is computed there, or is copied to it where something else is done with it before.",
    constraints: ["x and memory have one type"],
    example: `func @main(%x: f64[2], %y: f64[2]) -> f64[2] {
  %sum = add %x, %y : f64[2]
  %dead = exp %x : f64[2]
  %z = into %sum, %dead, reuses = [1] : f64[2]
  return %z
}
// run: @main([1, 2], [3, 4]) == [4, 6]
`,
  },
});

/** A tensor in the memory of another. */
export function into(x: Value, memory: Value): Value {
  const options = { attributes: { reuses: [1] }, names: [x.name] };
  return emit(intoOp, [x, memory], options)[0];
}
