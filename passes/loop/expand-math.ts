// Functions of f32 become operations that every machine has, so that vectors compute them, to the same bits in every engine.
//
// A target without need of that has its own functions: JavaScript calls Math, whose results are other bits.

import {
  type Block,
  BlockBuilder,
  elementDType,
  FuncScope,
  type Module,
  mapBodies,
  Replacements,
  withBuilder,
  withOperations,
  withRegions,
} from "../../src/ir/index.ts";
import { definePass } from "../../src/rewrite/index.ts";
import { javascript } from "../../src/target/index.ts";
import { mathKernels } from "./expand-math/kernels.ts";

const name = "expand-math";

export const expandMath = definePass({
  name,
  summary: "Turns functions of f32 into arithmetic.",
  level: "both",
  idempotent: true,
  isNear: true,
  small: { name, summary: "", level: "both", idempotent: true, isNear: true, run: expanded },
  example: `func @main(%x: f32) -> f32 {
  %y = tanh %x : f32
  return %y
}
`,
  run: (module, { target = javascript }) => (target.hasKernels ? expanded(module) : module),
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
  const operations = block.operations.flatMap((operation) => {
    const { op, operands, results, regions, origin } = operation;
    const kernel = mathKernels.get(op);
    if (kernel !== undefined && elementDType(results[0].type) === "f32") {
      const builder = new BlockBuilder(scope);
      builder.origin = origin;
      replaced.set(
        results[0],
        withBuilder(builder, () => kernel.expand(operands[0])),
      );
      return builder.operations;
    }
    return [
      withRegions(
        operation,
        regions.map((region) => expandedIn(region, scope, replaced)),
      ),
    ];
  });
  return withOperations(block, operations);
}
