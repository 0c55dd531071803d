// A target with vectors and without JavaScript: its pipeline on samples and random programs, run in the interpreter.

import { describe, expect, it } from "vitest";
import { scalarise, standardPasses, vectorPipeline } from "../passes/index.ts";
import { type Module, verify, walk } from "../src/ir/index.ts";
import { definePass, type Pass, type PassContext, Pipeline, runPass } from "../src/rewrite/index.ts";
import { javascript, type Target } from "../src/target/index.ts";
import { checkPass, checkPipeline } from "../src/testing/index.ts";
import { runs } from "./support/runs.ts";

/** Eight numbers of 32 bits in a vector. */
const wide: Target = { ...javascript, name: "wide", vectorBits: 256 };
/** The same, with tails in part of a vector. */
const counting: Target = { ...wide, name: "counting", countsLanes: true };

/** A pass for a target, whatever target the pipeline is for. */
function passFor(target: Target, pass: Pass): Pass {
  return { ...pass, run: (module: Module, cx: PassContext) => pass.run(module, { ...cx, target }) };
}

function pipelineFor(target: Target): Pipeline {
  return new Pipeline(vectorPipeline.stages.map((stage) => ({ ...stage, pass: passFor(target, stage.pass) })));
}

function vectorsIn(module: Module): number {
  let count = 0;
  for (const { body } of module.funcs)
    walk(body, ({ results }) => {
      count += results.filter(({ type }) => type.kind === "vector").length;
    });
  return count;
}

describe.each([wide, counting])("a target with vectors: $name", (target) => {
  it("its pipeline keeps every bit of random programs", () => {
    const { changed } = checkPipeline(pipelineFor(target), { runs: runs(150).numRuns });
    expect(changed).toBeGreaterThan(50);
  });

  it("vectorise keeps every bit of random programs, and finds loops in many", () => {
    let vectors = 0;
    const pass = standardPasses.get("vectorise");
    if (pass === undefined) throw new Error("no pass vectorise");
    const counted = definePass({
      ...pass,
      small: undefined,
      run(module, cx) {
        const after = runPass(pass, module, { ...cx, target });
        verify(after, { level: "vector" });
        if (vectorsIn(after) > 0) vectors++;
        return after;
      },
    });
    checkPass(counted, { runs: runs(150).numRuns });
    expect(vectors).toBeGreaterThan(20);
  });
});

it("scalarise keeps every bit of what vectorise makes", () => {
  const { changed } = checkPass(scalarise, { runs: runs(150).numRuns });
  expect(changed).toBeGreaterThan(20);
});
