// What holds for all programs: text round-trips, passes keep every bit, backends agree with the interpreter.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gradPipeline, inline, lowerToLoops, standardPasses, tensorPipeline } from "../passes/index.ts";
import { interpret, jsBackend } from "../src/backend/index.ts";
import { compileModule, runPasses } from "../src/compile/index.ts";
import {
  defineOp,
  evaluateDim,
  findFunc,
  isomorphic,
  type Module,
  maxDims,
  type NdArray,
  numberOf,
  type Op,
  type Operation,
  parseTypeText,
  printModule,
  printNumber,
  printType,
  rankedOf,
  sameType,
  signatureOf,
  type Type,
  tensorType,
  verify,
  walk,
} from "../src/ir/index.ts";
import { parse, records, reduceOp, standardOps } from "../src/ops/index.ts";
import { applyRules, definePass, type Pass, rule, vocabulary } from "../src/rewrite/index.ts";
import {
  arbitraryDim,
  arbitraryNumber,
  arbitraryProgram,
  arbitraryType,
  buildProgram,
  checkPass,
  type Outcome,
  outcomeOf,
  type Program,
  sameOutcome,
  sampleArguments,
  showOutcome,
  sizesOf,
} from "../src/testing/index.ts";
import { runs } from "./support/runs.ts";

const context = { ops: standardOps, fast: false };

function argumentsOf(module: Module, program: Program, seed: number): readonly NdArray[] {
  const main = findFunc(module, "main");
  if (main === undefined) throw new Error("no @main");
  return sampleArguments(signatureOf(main), sizesOf(program), seed);
}

function interpreted(module: Module, args: readonly NdArray[]): Outcome {
  return outcomeOf((observe) => interpret(module, "main", args, { observe }));
}

function same(got: Outcome, expected: Outcome): void {
  if (!sameOutcome(got, expected)) expect(showOutcome(got)).toBe(showOutcome(expected));
}

describe("random types", () => {
  it("print, parse back to the same type, and print the same again", () => {
    fc.assert(
      fc.property(arbitraryType(), (type) => {
        expect(sameType(parseTypeText(printType(type)), type)).toBe(true);
      }),
      runs(300),
    );
  });

  it("have dimensions in one normal form, whose value is that of its text", () => {
    const sizes = fc.record({ N: fc.nat(20), M: fc.nat(20) });
    fc.assert(
      fc.property(arbitraryDim(), sizes, (d, size) => {
        const type = tensorType("f64", [maxDims(d, 0)]);
        const again = parseTypeText(printType(type));
        expect(sameType(again, type)).toBe(true);
        const value = (t: Type): number | string => {
          try {
            return evaluateDim(rankedOf(t).shape[0], (name) => size[name as "N" | "M"]);
          } catch (error) {
            return (error as Error).message;
          }
        };
        expect(value(again)).toBe(value(type));
      }),
      runs(300),
    );
  });

  it("have numbers whose text reads back as the same bits", () => {
    for (const dtype of ["f64", "f32", "i32", "u32", "u8"] as const) {
      fc.assert(
        fc.property(arbitraryNumber(dtype), (x) => {
          expect(numberOf(printNumber(x, dtype), dtype)).toBe(x);
        }),
        runs(300),
      );
    }
  });
});

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

  it("between them use every op of the tensor level, but transforms", () => {
    const used = new Set<string>();
    for (const program of fc.sample(arbitraryProgram(), { numRuns: 400, seed: 1 })) {
      for (const func of buildProgram(program).funcs) walk(func.body, ({ op }) => void used.add(op.name));
    }
    const expected = [...standardOps.values()].filter((op) => op.level !== "loop" && !op.traits.transform);
    expect(expected.map((op) => op.name).filter((name) => !used.has(name))).toEqual([]);
  });

  it("use an op that nobody told them of, by its record", () => {
    const known: Op = reduceOp;
    const own = defineOp({ ...known, name: "mylib.combine" });
    const table = new Map([...standardOps, [own.name, own]]);
    const used = fc.sample(arbitraryProgram({ ops: table }), { numRuns: 400, seed: 1 }).flatMap((program) => {
      const module = buildProgram(program);
      verify(module);
      const found: Operation[] = [];
      for (const func of module.funcs) walk(func.body, (o) => void (o.op === own && found.push(o)));
      return found;
    });
    expect(new Set(used.map((o) => o.attributes.kind)).size).toBeGreaterThan(2);
    expect(new Set(used.map((o) => String(o.attributes.axes))).size).toBeGreaterThan(2);
  });

  for (const pass of standardPasses.values()) {
    it(`keep every bit under ${pass.name}`, () => {
      // programs with columns side by side have a test of their own
      const vacuous = pass.name === "batch-scans" ? "allow" : "fail";
      checkPass(pass, { runs: runs(400).numRuns, vacuous });
    });
  }

  it("come out of a pass that calls itself idempotent as it would leave them", () => {
    fc.assert(
      fc.property(arbitraryProgram({ operations: 16 }), (program) => {
        const module = runPasses(buildProgram(program), gradPipeline).module;
        for (const pass of standardPasses.values()) {
          if (pass.idempotent !== true) continue;
          const once = pass.run(module, context);
          expect(pass.run(once, context), pass.name).toBe(once);
        }
      }),
      runs(80),
    );
  });

  it("keep every bit through the whole tensor pipeline, which then finds nothing more to do", () => {
    fc.assert(
      fc.property(arbitraryProgram({ operations: 16 }), fc.nat(1000), (program, seed) => {
        const before = buildProgram(program);
        const args = argumentsOf(before, program, seed);
        const { module } = runPasses(before, tensorPipeline, { check: "verify" });
        same(interpreted(module, args), interpreted(before, args));
        const again = runPasses(module, tensorPipeline).module;
        expect(isomorphic(again, module)).toBeNull();
      }),
      runs(120),
    );
  });

  it("give the interpreter's bits as generated JavaScript", () => {
    fc.assert(
      fc.property(arbitraryProgram({ operations: 16 }), fc.nat(1000), (program, seed) => {
        const module = buildProgram(program);
        const args = argumentsOf(module, program, seed);
        const compiled = outcomeOf((observe) =>
          compileModule(module, { backend: "js", check: "verify", observe }).executable.run(args),
        );
        same(compiled, interpreted(module, args));
      }),
      runs(120),
    );
  });

  it("give the interpreter's bits when only lowered, without any simplification", () => {
    fc.assert(
      fc.property(arbitraryProgram(), fc.nat(1000), (program, seed) => {
        const module = buildProgram(program);
        const args = argumentsOf(module, program, seed);
        const lowered = lowerToLoops.run(inline.run(module, context), context);
        verify(lowered, { level: "loop" });
        const main = findFunc(module, "main");
        if (main === undefined) throw new Error("no @main");
        const signature = signatureOf(main);
        const compiled = outcomeOf((observe) =>
          jsBackend.compile(lowered, { entry: "main", signature, observe }).run(args),
        );
        same(compiled, interpreted(module, args));
      }),
      runs(80),
    );
  });
});

describe("checkPass", () => {
  const { mul } = vocabulary(records);

  function wrongness(pass: Pass): string {
    try {
      checkPass(pass);
    } catch (error) {
      return (error as Error).message;
    }
    return "nothing found";
  }

  it("catches a wrong rule, names it, and shrinks to the one operation it gets wrong and the constant it matches", () => {
    const zero = rule(
      "x * 0 → 0",
      (x) => mul(x, 0),
      () => 0,
    );
    const wrong = definePass({
      name: "wrong",
      summary: "Forgets NaN.",
      run: (m, context) => applyRules(m, [zero], context),
    });
    const message = wrongness(wrong);
    expect(message).toMatch(
      /^pass wrong is wrong \(seed 1, program \d+ after \d+\): @main: result 0 is \S+, expected \S+/,
    );
    expect(message).toContain("by the rule 'x * 0 → 0'");
    expect(message).toMatch(/\nreplay: checkPass\(pass, \{ seed: 1, replay: \d+ \}\)$/);
    const operations = message.split("\n").filter((line) => line.startsWith("  %"));
    expect(operations.map((line) => /= (\w+)/.exec(line)?.[1]).sort(), message).toEqual(["constant", "mul"]);
  });

  it("catches a wrong pass and shrinks to one operation", () => {
    const wrong = definePass({
      name: "wrong",
      summary: "Forgets what it is told to negate.",
      run(module) {
        const text = printModule(module);
        return text.includes("= neg ") ? parse(text.replaceAll("= neg ", "= stop_gradient ")) : module;
      },
    });
    const message = wrongness(wrong);
    expect(message).toContain("pass wrong is wrong");
    expect(message.match(/ = /g)?.length, message).toBe(1);
  });

  it("says what it tried, and fails where it tried nothing", () => {
    const idle = definePass({ name: "idle", summary: "Does nothing.", run: (module) => module });
    expect(() => checkPass(idle, { runs: 20 })).toThrow(
      /^checkPass: pass idle changed none of 20 programs, so nothing was tried/,
    );
    const report = checkPass(standardPasses.get("cse") as Pass, { runs: 100 });
    expect(report.programs).toBe(100);
    expect(report.changed).toBeGreaterThan(20);
    expect(report.coverage.ops.get("add")?.count).toBeGreaterThan(10);
  });

  it("says which function takes what it was given instead of a pass, and checks the names of options", () => {
    const double = rule(
      "x + x",
      (x) => vocabulary(records).add(x, x),
      (x) => x,
    );
    expect(() => checkPass(double as never)).toThrow("got a rule, expected a pass: call checkRule(rule)");
    expect(() => checkPass(tensorPipeline as never)).toThrow(
      "got a pipeline, expected a pass: call checkPipeline(pipeline)",
    );
    expect(() => checkPass(standardPasses.get("cse") as Pass, { runz: 5 } as never)).toThrow("unknown option 'runz'");
  });
});
