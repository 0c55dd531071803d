// What holds for all programs: text round-trips, passes keep every bit, backends agree with the interpreter.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lowerToLoops, standardPasses, tensorPipeline } from "../passes/index.ts";
import { interpret, jsBackend } from "../src/backend/index.ts";
import { compileModule, runPasses } from "../src/compile/index.ts";
import { findFunc, isomorphic, type Module, type NdArray, printModule, signatureOf, verify } from "../src/ir/index.ts";
import { parse, standardOps } from "../src/ops/index.ts";
import { definePass } from "../src/rewrite/index.ts";
import {
  arbitraryProgram,
  buildProgram,
  checkPass,
  type Program,
  sameArrays,
  sampleArguments,
  sizesOf,
} from "../src/testing/index.ts";

const runs = (n: number): { numRuns: number } => ({ numRuns: n * Number(process.env.ADJOINT_FUZZ ?? 1) });
const context = { ops: standardOps, fast: false };

function argumentsOf(module: Module, program: Program, seed: number): readonly NdArray[] {
  const main = findFunc(module, "main");
  if (main === undefined) throw new Error("no @main");
  return sampleArguments(signatureOf(main), sizesOf(program), seed);
}

describe("random programs", () => {
  it("are accepted by the verifier, print, parse back to the same module, and print the same again", () => {
    fc.assert(
      fc.property(arbitraryProgram(), (program) => {
        const module = buildProgram(program);
        verify(module);
        const text = printModule(module);
        const again = parse(text);
        expect(isomorphic(module, again)).toBeNull();
        expect(printModule(again)).toBe(text);
      }),
      runs(150),
    );
  });

  for (const pass of standardPasses.values()) {
    if (pass.lowers === true) continue;
    it(`keep every bit under ${pass.name}`, () => {
      expect(() => checkPass(pass, { runs: runs(80).numRuns })).not.toThrow();
    });
  }

  it("keep every bit through the whole tensor pipeline, which then finds nothing more to do", () => {
    fc.assert(
      fc.property(arbitraryProgram(16), fc.nat(1000), (program, seed) => {
        const before = buildProgram(program);
        const args = argumentsOf(before, program, seed);
        const { module } = runPasses(before, tensorPipeline, { check: "verify" });
        expect(sameArrays(interpret(module, "main", args), interpret(before, "main", args))).toBe(true);
        const again = runPasses(module, tensorPipeline).module;
        expect(isomorphic(again, module)).toBeNull();
      }),
      runs(120),
    );
  });

  it("give the interpreter's bits as generated JavaScript", () => {
    fc.assert(
      fc.property(arbitraryProgram(16), fc.nat(1000), (program, seed) => {
        const module = buildProgram(program);
        const args = argumentsOf(module, program, seed);
        const { executable } = compileModule(module, { backend: "js", check: "verify" });
        expect(sameArrays(executable.run(args), interpret(module, "main", args))).toBe(true);
      }),
      runs(120),
    );
  });

  it("give the interpreter's bits when only lowered, without any simplification", () => {
    fc.assert(
      fc.property(arbitraryProgram(), fc.nat(1000), (program, seed) => {
        const module = buildProgram(program);
        const args = argumentsOf(module, program, seed);
        const lowered = lowerToLoops.run(module, context);
        verify(lowered, { level: "loop" });
        const main = findFunc(module, "main");
        if (main === undefined) throw new Error("no @main");
        const executable = jsBackend.compile(lowered, { entry: "main", signature: signatureOf(main) });
        expect(sameArrays(executable.run(args), interpret(module, "main", args))).toBe(true);
      }),
      runs(80),
    );
  });
});

describe("checkPass", () => {
  it("catches a wrong pass and shrinks it to a few operations", () => {
    const wrong = definePass({
      name: "wrong",
      summary: "Forgets what it is told to negate.",
      run(module) {
        const text = printModule(module);
        return text.includes("= neg ") ? parse(text.replaceAll("= neg ", "= stop_gradient ")) : module;
      },
    });
    let message = "";
    try {
      checkPass(wrong, { runs: 2000, seed: 7 });
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain("pass wrong is wrong");
    expect(message.match(/= neg /g)?.length).toBe(1);
  });
});
