// Which operations one nest of loops may compute, element by element.

import { Dense, isElementwise, isScalar, type Operation } from "../../ir/index.ts";

/** Whether an operation is a constant whose elements are written out: more than one, and no splat. */
export function isDenseConstant({ op, attributes }: Operation): boolean {
  return op.traits.constant && attributes.value instanceof Dense && attributes.value.size > 1;
}

/** Whether an operation gives one tensor that is computed element by element; dense constants are memory instead. */
export function isFusible(operation: Operation): boolean {
  const { op, results, operands } = operation;
  if (results.length !== 1 || results[0].type.kind !== "tensor" || isDenseConstant(operation)) return false;
  const kind = op.lowering?.kind;
  if (kind === "element" || kind === "nest" || kind === "update" || op.traits.constant) return true;
  return isElementwise(operation) && !(isScalar(results[0].type) && operands.every((v) => isScalar(v.type)));
}
