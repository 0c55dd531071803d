// Each operation stands for something in the source: what passes make has the place of what it is made for.

import fc from "fast-check";
import { expect, it } from "vitest";
import { loopPipeline, tensorPipeline } from "../passes/index.ts";
import { AdjointError, type Module, type Operation, printModule, walk } from "../src/ir/index.ts";
import { parse, standardOps } from "../src/ops/index.ts";
import { arbitraryProgram } from "../src/testing/index.ts";
import { runs } from "./support/runs.ts";

function withoutOrigin(module: Module): readonly string[] {
  const found: Operation[] = [];
  for (const { body } of module.funcs)
    walk(body, (operation) => void (operation.origin === null && found.push(operation)));
  return found.map(({ op }) => op.name);
}

it.each([true, false])("operations that passes make have a place in the source (transforms: %s)", (transforms) => {
  const context = { ops: standardOps, fast: false };
  fc.assert(
    fc.property(arbitraryProgram({ transforms }), ({ module }) => {
      // what is read from text has the places of its lines
      const read = parse(printModule(module));
      expect(withoutOrigin(read)).toEqual([]);
      try {
        tensorPipeline.concat(loopPipeline).run(read, (pass, before) => {
          const after = pass.run(before, context);
          expect(withoutOrigin(after), `after ${pass.name}`).toEqual([]);
          return after;
        });
      } catch (error) {
        // not every program has a derivative
        if (!(error instanceof AdjointError)) throw error;
        fc.pre(false);
      }
    }),
    runs(60),
  );
});
