// The tangent of one operation's result, from those of its operands. Where these have masks, so has it: element by element
// the same ones, else the elements that depend on one in them.

import {
  type Block,
  type Contribution,
  currentBlock,
  emit,
  fail,
  type Op,
  type Operation,
  shapeOf,
  type Type,
  tensorType,
  type Value,
  ValueSet,
} from "../../../src/ir/index.ts";
import { type AxesOrAll, add, constant, reduce, reduceOp, zerosLike } from "../../../src/ops/index.ts";
import { type Flow, flowOf, maskOf, plain, predicateOf, sum, unmask, within } from "./mask.ts";
import { scaleValue } from "./transpose.ts";

type Tangents = readonly (Flow | null)[];

/**
 * The values of a function's body, within its regions too, whose tangents keep their masks: those that go on, by moves
 * alone, to where a partial derivative may be infinite.
 */
export function keptMasks(body: Block): ValueSet {
  const keeps = new ValueSet();
  const visit = (block: Block): void => {
    for (let i = block.operations.length - 1; i >= 0; i--) {
      const { op, operands, results, regions } = block.operations[i];
      regions.forEach(visit);
      const mayDiverge = op.traits.elementwise && op.derivative.kind !== "linear" && op.derivative.kind !== "zero";
      if (mayDiverge || (movesMask(op) && results.some((r) => keeps.has(r)))) for (const v of operands) keeps.add(v);
    }
  };
  visit(body);
  return keeps;
}

/** Whether a mask goes through the op: what is linear moves elements, and a reduction combines them. */
function movesMask(op: Op): boolean {
  return op.derivative.kind === "linear" || op === reduceOp;
}

/** The tangent of an operation's one result; null where it is zero. `keeps`: its mask may be asked for. */
export function tangentOf(operation: Operation, tangents: Tangents, keeps: boolean): Flow | null {
  const { op, operands, results } = operation;
  const { derivative } = op;
  if (op.traits.elementwise && derivative.kind !== "none") return elementwise(operation, tangents, keeps);
  const mask = keeps && movesMask(op) ? movedMask(operation, tangents) : null;
  // what stands off the mask is moved with the rest, but not added to it
  const isMoved = mask !== null && derivative.kind === "linear";
  const values = tangents.map((t) => (t === null ? null : isMoved ? t.value : unmask(t)));
  const flow = (value: Value | null): Flow | null => {
    if (value === null || mask === null) return value === null ? null : plain(value);
    return { value, mask: maskOf(mask), isClean: !isMoved };
  };
  switch (derivative.kind) {
    case "linear": {
      const linear = derivative.in ?? operands.map((_, i) => i);
      return flow(
        again(
          operation,
          operands.map((v, i) => (linear.includes(i) ? (values[i] ?? zerosLike(v)) : v)),
        ),
      );
    }
    case "multilinear": {
      const linear = derivative.in ?? operands.map((_, i) => i);
      const parts = linear.map((i) => {
        const tangent = values[i];
        return tangent === null ? null : again(operation, operands.with(i, tangent));
      });
      return flow(parts.reduce((a, b) => (a === null ? b : b === null ? a : add(a, b)), null));
    }
    case "rule":
      return flow(derivative.jvp({ operation, operands, result: results[0], tangents: values }));
    case "none":
      return fail("no-derivative", `${op.name} has no derivative: ${derivative.reason}`, operation);
    default:
      return null;
  }
}

/**
 * Each element of the result has a derivative to one element of each operand. So the derivative is diagonal and its
 * transpose the same: what a rule masks of a cotangent, it masks of a tangent.
 */
function elementwise(operation: Operation, tangents: Tangents, keeps: boolean): Flow | null {
  const { op, operands, results } = operation;
  const { derivative } = op;
  if (derivative.kind === "elementwise" && derivative.tangent !== undefined) {
    const isPlain = tangents.every((t) => t === null || t.mask.length === 0);
    const values = tangents.map((t) => t?.value ?? null);
    const tangent = isPlain ? derivative.tangent(operands, results[0], values) : null;
    if (tangent !== null) return plain(tangent);
  }
  const partials = derivative.kind === "elementwise" ? derivative.partials(operands, results[0], operation) : [];
  const parts = tangents.map((tangent, i): Flow | null => {
    if (tangent === null) return null;
    if (derivative.kind === "elementwise") {
      const partial = partials[i];
      if (partial === null || partial === 0) return null;
      // a partial of 1 leaves what is zero off the mask as it is
      return partial === 1 ? tangent : within(plain(scaleValue(tangent.value, partial)), tangent.mask);
    }
    if (operands.length === 1) return within(plain(again(operation, [tangent.value])), tangent.mask);
    const given = diagonal(operation, tangent.value, i);
    return given === null || "addTo" in given ? null : within(flowOf(given, false), tangent.mask);
  });
  return parts.reduce((a, b) => (a === null ? b : b === null ? a : sum(a, b, keeps)), null);
}

/** What an elementwise op makes of the tangent of operand `i`. */
function diagonal(operation: Operation, tangent: Value, i: number): Contribution {
  const { operands, op, results } = operation;
  const wanted = operands.map((_, j) => j === i);
  const cx = { operation, operands, wanted, cotangent: tangent };
  if (op.derivative.kind === "linear") return op.derivative.transpose(cx)[i];
  return op.derivative.kind === "rule" ? op.derivative.vjp({ ...cx, result: results[0] })[i] : null;
}

/** Which elements of the result depend on one in the masks of the operands; null where any may. */
function movedMask(operation: Operation, tangents: Tangents): Value | null {
  const { op, operands, results } = operation;
  if (tangents.every((t) => t === null || t.mask.length === 0)) return null;
  if ([...operands, ...results].some((v) => v.type.kind !== "tensor")) return null;
  if (op === reduceOp) {
    const [flow] = tangents;
    return flow === null
      ? null
      : reduce(predicateOf(flow.mask), { kind: "or", axes: operation.attributes.axes as AxesOrAll });
  }
  const { derivative } = op;
  const linear = (derivative.kind === "linear" ? derivative.in : undefined) ?? operands.map((_, i) => i);
  const masks = operands.map((v, i) => {
    if (!linear.includes(i)) return v;
    const flow = tangents[i];
    return flow !== null && flow.mask.length > 0
      ? predicateOf(flow.mask)
      : constant(flow !== null, tensorType("bool", shapeOf(v)));
  });
  return again(operation, masks, tensorType("bool", shapeOf(results[0])));
}

/** The operation on other operands. */
function again({ op, attributes, segments, results }: Operation, operands: readonly Value[], type?: Type): Value {
  return emit(op, operands, {
    attributes,
    segments,
    types: [type ?? results[0].type],
    origin: currentBlock().origin,
  })[0];
}
