// Reverse mode of one operation: the cotangents of its operands from the cotangent of its result, by the kind of its
// derivative (partial derivatives, transpose or rule).

import {
  type Contribution,
  fail,
  type Operation,
  type PartialDerivative,
  subjectOf,
  Value,
} from "../../../src/ir/index.ts";
import { constant, mul, neg } from "../../../src/ops/index.ts";

/** An operation of the original function, and what its operands and result are in the forward function. */
interface Transposed {
  readonly operation: Operation;
  readonly operands: readonly Value[];
  readonly result: Value;
  readonly cotangent: Value;
  /** For each operand, whether its cotangent is asked for. */
  readonly wanted: readonly boolean[];
}

/** The contribution to the cotangent of each operand; null where it is zero or not asked for. */
export function transposed(given: Transposed): readonly Contribution[] {
  const { operation, operands, result, cotangent, wanted } = given;
  const { derivative } = operation.op;
  switch (derivative.kind) {
    case "elementwise": {
      const partials = derivative.partials(operands, result, operation);
      return partials.map((p, i) => (wanted[i] ? scale(cotangent, p) : null));
    }
    case "linear":
    case "multilinear":
      return derivative.transpose(given);
    case "rule":
      return derivative.vjp(given);
    case "none":
      return fail("no-derivative", `${subjectOf(operation)} has no derivative: ${derivative.reason}`, {
        origin: operation.origin,
      });
    default:
      return [];
  }
}

/** value · partial; null where the partial derivative is 0. */
export function scale(value: Value, partial: PartialDerivative): Value | null {
  if (partial === null || partial === 0) return null;
  if (partial === 1) return value;
  if (partial === -1) return neg(value);
  if (partial instanceof Value) return mul(value, partial);
  if (value.type.kind !== "tensor") return fail("no-derivative", "a cotangent has to be a tensor");
  return mul(value, constant(partial, value.type));
}
