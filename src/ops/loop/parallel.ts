// `parallel`: a loop whose iterations may run in any order, or at once.

import {
  affineAttributes,
  type Block,
  counted,
  groupOf,
  ndscalar,
  type Operation,
  ownEffects,
  printValueName,
  scalar,
  type TypeContext,
  touchesMemory,
  ValueSet,
} from "../../ir/index.ts";
import { defineOp } from "../base/define.ts";
import { atLoopLevel } from "./level.ts";
import { type ForAttributes, overIndices, requireIndices, requireTypes } from "./loop.ts";
import { conflictIn } from "./parallel-conflicts.ts";

export const parallelOp = defineOp({
  name: "parallel",
  summary: "Runs its body for each index from a lower to an upper bound, in any order.",
  ...atLoopLevel,
  ...overIndices,
  loop: { ...overIndices.loop, anyOrder: true },
  types(cx) {
    requireIndices(cx, "bounds");
    if (cx.attributes.step < 1) cx.fail("attribute", `step is ${cx.attributes.step}, expected at least 1`);
    const carried = cx.group("carry").length;
    if (carried > 0) {
      const reason = `it carries ${counted(carried, "value")}, expected none: iterations run in any order`;
      cx.fail("arity", reason, "write for");
    }
    requireTypes(cx, "the body's arguments", cx.regions[0].arguments, [scalar("index")]);
    requireTypes(cx, "the body's results", cx.regions[0].results, []);
    requireApart(cx, cx.regions[0]);
    const conflict = conflictIn(cx.regions[0], cx.attributes);
    if (conflict !== null) {
      const reason = `${conflict.op.name} touches an element that another iteration touches, one of them writing it`;
      cx.fail("structure", `${reason}, expected each its own`, "write for");
    }
    return [];
  },
  // the last one first, so that whatever leans on the order gives something else
  eval(cx) {
    const { step } = cx.attributes;
    const lower = cx.affine(cx.attributes.lower, "bounds");
    const steps = Math.ceil((cx.affine(cx.attributes.upper, "bounds") - lower) / step);
    for (let k = steps - 1; k >= 0; k--) cx.run(cx.operation.regions[0], [ndscalar("index", lower + k * step)]);
    return [];
  },
  docs: {
    semantics:
      "The body runs once for each index lower, lower + step, … that is below upper, in any order or at once. What an iteration writes, no other one reads or writes. Whoever makes the loop promises that; the interpreter runs the last iteration first.",
    constraints: [
      "bounds are affine in symbols and index values",
      "it carries nothing",
      "no write is to the same elements in every iteration, nor to what another iteration surely touches",
      "step >= 1",
    ],
    example: `func @double(%x: inout memref<f64[3]>) -> f64 {
  parallel %i: index = 0 to 3 {
    %x_i = load %x[%i] : f64
    %sum = add %x_i, %x_i : f64
    store %sum, %x[%i]
  }
  %last = load %x[2] : f64
  return %last
}
// run: @double([1, 2, 3]) == 6
`,
  },
});

/** Refuses a write whose elements are the same in every iteration. */
function requireApart(cx: TypeContext<ForAttributes>, body: Block): void {
  const { lower, upper, step } = cx.attributes;
  if (typeof lower === "number" && typeof upper === "number" && upper - lower <= step) return;
  const inside = new ValueSet();
  const varying = new ValueSet(body.arguments);
  const visit = (block: Block): void => {
    for (const v of block.arguments) inside.add(v);
    for (const operation of block.operations) {
      const { op, operands, regions, results } = operation;
      for (const v of ownEffects(operation).writes) {
        if (inside.has(v) || isPlacedBy(operation, varying)) continue;
        const called = v.name === null ? "memory" : printValueName(v.name);
        const reason = `${op.name} writes to the same elements of ${called} in every iteration, expected each its own`;
        cx.fail("structure", reason, "write for");
      }
      const varies = operands.some((v) => varying.has(v)) || touchesMemory(op.effects) || regions.length > 0;
      for (const [k, v] of results.entries()) {
        const alias = op.aliases[k];
        // a view of what stands outside does, too
        if (alias === undefined || inside.has(operands[alias])) inside.add(v);
        if (varies) varying.add(v);
      }
      // of a branch it is not known that it is taken in two iterations
      if (op.loop === null || op.loop.test !== null || isEmpty(operation)) continue;
      if (operands.some((v) => varying.has(v))) for (const v of operation.regions[0].arguments) varying.add(v);
      regions.forEach(visit);
    }
  };
  visit(body);
}

/** Whether a loop surely runs no step. */
function isEmpty({ attributes: { lower, upper } }: Operation): boolean {
  return typeof lower === "number" && typeof upper === "number" && lower >= upper;
}

/** Whether the place that an operation writes to may be another in another iteration. */
function isPlacedBy(operation: Operation, varying: ValueSet): boolean {
  const groups = new Set(affineAttributes(operation.op).values());
  return [...groups].some((group) => groupOf(operation, group).some((v) => varying.has(v)));
}
