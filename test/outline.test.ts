// Functions made of ranges of loops and parts of blocks: the same bits in generated code, and errors that name the same.

import { describe, expect, it } from "vitest";
import { loopPipeline, outlineParts, outlineRanges, planMemory, tensorPipeline } from "../passes/index.ts";
import { type Backend, jsBackend } from "../src/backend/index.ts";
import { verify } from "../src/ir/index.ts";
import { standardOps } from "../src/ops/index.ts";
import { runPass } from "../src/rewrite/index.ts";
import { checkBackend } from "../src/testing/index.ts";
import { runs } from "./support/runs.ts";

describe("outlined functions", () => {
  it("keep every bit in generated code, with ranges and parts of few operations", () => {
    let made = 0;
    const backend: Backend = {
      ...jsBackend,
      compile(module, options) {
        let outlined = module;
        for (const pass of [outlineRanges, outlineParts, planMemory]) {
          outlined = runPass(pass.small ?? pass, outlined, { ops: standardOps, fast: false });
          verify(outlined, { level: "loop" });
        }
        made += outlined.funcs.length - module.funcs.length;
        return jsBackend.compile(outlined, options);
      },
    };
    const pipeline = tensorPipeline.concat(loopPipeline).without("plan-memory");
    checkBackend(backend, { runs: runs(60).numRuns, pipeline });
    expect(made).toBeGreaterThan(100);
  });
});
