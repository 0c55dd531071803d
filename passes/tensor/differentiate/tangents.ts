// Forward mode of one operation: the tangent of its result from those of its operands, by the kind of its derivative.

import { currentBlock, emit, fail, type Operation, subjectOf, type Value } from "../../../src/ir/index.ts";
import { add, zerosLike } from "../../../src/ops/index.ts";
import { scale } from "./transpose.ts";

type Tangents = readonly (Value | null)[];

/** The tangent of an operation's one result; null stands for zero, in what it takes and in what it gives. */
export function tangentOf(operation: Operation, tangents: Tangents): Value | null {
  const { operands, results } = operation;
  const { derivative } = operation.op;
  switch (derivative.kind) {
    case "elementwise": {
      const tangent = derivative.tangent?.(operands, results[0], tangents) ?? null;
      if (tangent !== null) return tangent;
      return total(derivative.partials(operands, results[0], operation).map((p, i) => scaled(tangents[i], p)));
    }
    case "linear": {
      if (tangents.every((t) => t === null)) return null;
      const linear = derivative.in ?? operands.map((_, i) => i);
      return again(
        operation,
        operands.map((v, i) => (linear.includes(i) ? (tangents[i] ?? zerosLike(v)) : v)),
      );
    }
    case "multilinear": {
      const linear = derivative.in ?? operands.map((_, i) => i);
      return total(
        linear.map((i) => {
          const tangent = tangents[i];
          return tangent === null ? null : again(operation, operands.with(i, tangent));
        }),
      );
    }
    case "rule":
      return derivative.jvp({ operation, operands, result: results[0], tangents });
    case "none":
      return fail("no-derivative", `${subjectOf(operation)} has no derivative: ${derivative.reason}`, operation);
    default:
      return null;
  }
}

function scaled(tangent: Value | null, partial: Parameters<typeof scale>[1]): Value | null {
  return tangent === null ? null : scale(tangent, partial);
}

function total(parts: Tangents): Value | null {
  return parts.reduce((a, b) => (a === null ? b : b === null ? a : add(a, b)), null);
}

/** Emits the operation again, on other operands. */
function again({ op, attributes, segments, results }: Operation, operands: readonly Value[]): Value {
  return emit(op, operands, {
    attributes,
    segments,
    types: [results[0].type],
    origin: currentBlock().origin,
  })[0];
}
