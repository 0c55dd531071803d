// Loads and stores of other elements.

import { affineOperands } from "../module/affine.ts";
import { type Operation, segmentOf, type Value } from "../module/module.ts";
import type { Dim } from "../types/dim.ts";
import { withParts } from "./edit.ts";

/** A load or store of another element: `memory[at…]`, whose subscripts are over index values. */
export function withAccess(operation: Operation, memory: Value, at: readonly Dim[]): Operation {
  const { op, operands, attributes } = operation;
  const item = op.assembly.find((i) => i.kind === "subscript");
  if (item === undefined) return operation;
  const indices = affineOperands(at);
  const given = operands.map((v, i) => (i === item.operand ? memory : v));
  const groups = op.groups.map((name) => {
    const [start, count] = segmentOf(operation, name);
    return name === item.group ? indices.operands : given.slice(start, start + count);
  });
  return withParts(operation, {
    operands: groups.flat(),
    attributes: { ...attributes, at: indices.dims },
    segments: groups.map((values) => values.length),
  });
}
