// Fused operations: tensors that one nest of loops computes, and which operations may stand in one.

import {
  type Block,
  counted,
  Dense,
  isScalar,
  type Operation,
  printType,
  sameType,
  standsAt,
  type TypeContext,
} from "../../ir/index.ts";
import { defineOp } from "../base/define.ts";

/** Whether an operation is a constant whose elements are written out: more than one, and no splat. */
export function isDenseConstant({ op, attributes }: Operation): boolean {
  return op.traits.constant && attributes.value instanceof Dense && attributes.value.size > 1;
}

/** Whether an element depends on its operands' elements at the same subscripts alone, as in a view that keeps the shape. */
export function isElementwise({ op, results, operands }: Operation): boolean {
  return op.scalar !== null || (op.lowering?.kind === "view" && sameType(operands[0].type, results[0].type));
}

/** Whether an operation gives one tensor that is computed element by element; dense constants are memory instead. */
export function isFusible(operation: Operation): boolean {
  const { op, results, operands } = operation;
  if (results.length !== 1 || results[0].type.kind !== "tensor" || isDenseConstant(operation)) return false;
  const kind = op.lowering?.kind;
  if (kind === "element" || kind === "nest" || kind === "update" || op.traits.constant) return true;
  return isElementwise(operation) && !(isScalar(results[0].type) && operands.every((v) => isScalar(v.type)));
}

/** Whether an operation works on scalars alone, so that it stays as it is at the loop level. */
function isOfScalars(operation: Operation): boolean {
  const { op, operands, results, regions } = operation;
  return standsAt(op, "loop") && regions.length === 0 && [...operands, ...results].every((v) => isScalar(v.type));
}

/** What a fused operation needs of its region so that one nest can compute it. */
function requireOneNest(cx: TypeContext, { operations, results }: Block): void {
  const [first] = results;
  if (first === undefined) cx.fail("arity", "the region yields nothing, expected at least one tensor");
  for (const operation of operations) {
    const { op } = operation;
    if (!isFusible(operation)) {
      if (isOfScalars(operation) || isDenseConstant(operation)) continue;
      cx.fail("structure", `${op.name} stands in the region, expected operations that are computed element by element`);
    }
    const [value] = operation.results;
    const isAlone = results.length === 1 && value === first;
    if (op.lowering?.kind === "update" && !isAlone)
      cx.fail("structure", `${op.name} is not the one value that the region yields, which an update has to be`);
    if (isScalar(value.type) && !(isAlone && operations[operations.length - 1] === operation))
      cx.fail("structure", `${op.name} gives a scalar that is not the one value that the region yields`);
  }
  for (const result of results) {
    if (sameType(result.type, first.type) || shapeText(result) === shapeText(first)) continue;
    const [got, expected] = [result, first].map(({ type }) => printType(type));
    cx.fail("shape", `the region yields ${got} beside ${expected}, expected one shape`);
  }
}

function shapeText({ type }: Operation["results"][number]): string {
  return type.kind === "tensor" && type.shape !== null ? type.shape.join() : printType(type);
}

export const fusedOp = defineOp({
  name: "fused",
  summary: "Computes tensors of one shape in one nest of loops.",
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
      "The results are what the region yields; it sees the values around it. Only these come to stand in memory. Every other tensor of the region is computed where an element of it is read, in the nest of loops over the shape of the results, or in loops inside of it.",
    constraints: [
      "the region has no arguments, and yields tensors of one shape",
      "its operations are computed element by element, work on scalars, or are constants",
      "an update, or what is computed of tensors and has rank 0, is the one value that is yielded",
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
