// Functions of f32 become the operations that are their meaning, so that vectors compute them.
//
// JavaScript has a function of each, which is shorter, and no vectors.

import {
  type Block,
  BlockBuilder,
  elementDType,
  FuncScope,
  type Module,
  mapBodies,
  mapOperations,
  Replacements,
  withBuilder,
  withRegions,
} from "../../src/ir/index.ts";
import { definePass } from "../../src/rewrite/index.ts";
import { javascript } from "../../src/target/index.ts";

const name = "expand-math";

export const expandMath = definePass({
  name,
  summary: "Puts the operations that a function of f32 consists of in its place.",
  level: "both",
  idempotent: true,
  isNear: true,
  small: { name, summary: "", level: "both", idempotent: true, isNear: true, run: expanded },
  example: `func @main(%x: f32) -> f32 {
  %y = tanh %x : f32
  return %y
}
`,
  run: (module, { target = javascript }) => (target.expands ? expanded(module) : module),
});

function expanded(module: Module): Module {
  return mapBodies(module, (body, func) => {
    const replaced = new Replacements();
    const scope = new FuncScope(func.constraints, () => null, false);
    return replaced.block(expandedIn(body, scope, replaced));
  });
}

/** The block with arithmetic in place of functions, whose uses are replaced later. */
function expandedIn(block: Block, scope: FuncScope, replaced: Replacements): Block {
  return mapOperations(block, (operation) => {
    const { op, operands, results, regions, origin } = operation;
    const single = op.scalar?.single;
    if (single !== undefined && elementDType(results[0].type) === "f32") {
      const builder = new BlockBuilder(scope);
      builder.origin = origin;
      replaced.set(
        results[0],
        withBuilder(builder, () => single.expand(...operands)),
      );
      return builder.operations;
    }
    return withRegions(
      operation,
      regions.map((region) => expandedIn(region, scope, replaced)),
    );
  });
}
