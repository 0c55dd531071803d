// Fused operations: tensors that one nest of loops computes.

import {
  type Block,
  counted,
  isScalar,
  type Operation,
  printType,
  Sites,
  standsAt,
  type TypeContext,
} from "../../ir/index.ts";
import { defineOp } from "../base/define.ts";
import { isDenseConstant, isFusible } from "./fusible.ts";

/** Whether an operation works on scalars alone, so that it stays as it is at the loop level. */
function isOfScalars(operation: Operation): boolean {
  const { op, operands, results, regions } = operation;
  return standsAt(op, "loop") && regions.length === 0 && [...operands, ...results].every((v) => isScalar(v.type));
}

/** What a fused operation needs of its region so that one nest can compute it. */
function requireOneNest(cx: TypeContext, { operations, results }: Block): void {
  const [root] = results.slice(-1);
  if (root === undefined) cx.fail("arity", "the region yields nothing, expected at least one tensor");
  for (const operation of operations) {
    const { op } = operation;
    if (!isFusible(operation)) {
      if (isOfScalars(operation) || isDenseConstant(operation)) continue;
      cx.fail("structure", `${op.name} stands in the region, expected operations that are computed element by element`);
    }
    const [value] = operation.results;
    if (op.lowering?.kind === "update" && !(results.length === 1 && value === root))
      cx.fail("structure", `${op.name} is not the one value that the region yields, which an update has to be`);
    if (isScalar(value.type) && !(value === root && operations[operations.length - 1] === operation))
      cx.fail("structure", `${op.name} gives a scalar that is not the last value that the region yields`);
  }
  const sites = new Sites({ operations, results });
  for (const result of results) {
    if (sites.storedAt(result) !== undefined) continue;
    const [got, expected] = [result, root].map(({ type }) => printType(type));
    cx.fail(
      "shape",
      `the region yields ${got} beside ${expected}, expected one shape, or a tensor of which one operation reads each element once`,
    );
  }
}

export const fusedOp = defineOp({
  name: "fused",
  summary: "Computes tensors in one nest of loops.",
  operands: [],
  regions: [{ name: "body" }],
  level: "fused",
  assembly: [],
  types(cx) {
    const [{ arguments: args, results }] = cx.regions;
    if (args.length > 0) cx.fail("arity", `the region has ${counted(args.length, "argument")}, expected none`);
    requireOneNest(cx, cx.regions[0]);
    return results.map((v) => v.type);
  },
  eval: (cx) => cx.run(cx.operation.regions[0], []),
  derivative: { kind: "none", reason: "differentiation works on the tensor level, before fusion" },
  batching: { kind: "none", reason: "batching works on the tensor level, before fusion" },
  lowering: { kind: "structured" },
  docs: {
    semantics:
      "The results are what the region yields; it sees the values around it. Only these come to stand in memory. Every other tensor of the region is computed where an element of it is read, in the nest of loops over the shape of the last result, or in loops inside of it. A result of another shape is stored there too.",
    constraints: [
      "the region has no arguments, and yields tensors of one shape, that of the last; any other is read by an operation that reads each of its elements once, as a reduction does",
      "its operations are computed element by element, work on scalars, or are constants",
      "an update is the one value that is yielded, and what has rank 0 is the last",
    ],
    example: `func @main(%x: f64[3]) -> f64[3] {
  %z = fused : f64[3] {
    %y = exp %x : f64[3]
    %n = neg %y : f64[3]
    yield %n
  }
  return %z
}
// run: @main([0, 0, 0]) == [-1, -1, -1]
`,
  },
});
