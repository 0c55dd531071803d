// What holds for all programs: text round-trips, passes keep every bit, backends agree with the interpreter.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  batchScans,
  canonicalize,
  canonicalizeRules,
  expandWindows,
  gradPipeline,
  loopPipeline,
  parallelise,
  scalarise,
  skipArms,
  spareBranches,
  standardPasses,
  tensorPipeline,
} from "../passes/index.ts";
import { runPasses } from "../src/compile/index.ts";
import {
  defineOp,
  evaluateDim,
  isomorphic,
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
  type Type,
  tensorType,
  verify,
  walk,
} from "../src/ir/index.ts";
import { parse, records, reduceOp, scanOp, standardOps } from "../src/ops/index.ts";
import { applyRules, definePass, type Pass, Pipeline, rule, vocabulary } from "../src/rewrite/index.ts";
import {
  arbitraryDim,
  arbitraryNumber,
  arbitraryProgram,
  arbitraryType,
  type Backend,
  buildProgram,
  checkBackend,
  checkPass,
  checkPipeline,
  interpretBackend,
  jsBackend,
} from "../src/testing/index.ts";
import { runs } from "./support/runs.ts";

const context = { ops: standardOps, fast: false };

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
    const atTensors = ["tensor", "both"];
    const expected = [...standardOps.values()].filter((op) => atTensors.includes(op.level) && !op.traits.transform);
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

  // these are tried on the same programs, and more of them, by tests of their own
  const elsewhere: readonly Pass[] = [parallelise, scalarise, expandWindows];
  for (const pass of standardPasses.values()) {
    if (elsewhere.includes(pass)) continue;
    it(`keep every bit under ${pass.name}`, () => {
      // few programs have rows with loops in them
      const programs = pass === batchScans ? { focus: [scanOp] } : {};
      checkPass(pass, {
        runs: runs(pass.lowers !== undefined ? 80 : pass.level === "loop" ? 70 : 140).numRuns,
        programs,
        // no random program compares with 0, or chooses between lanes: those of spare-branches and skip-arms.test.ts do
        vacuous: pass === spareBranches || pass === skipArms ? "allow" : "fail",
      });
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

  it("come out of such a pass of the loop pipeline as it would leave them", () => {
    fc.assert(
      fc.property(arbitraryProgram({ operations: 16, transforms: false }), (program) => {
        const module = runPasses(buildProgram(program), tensorPipeline).module;
        loopPipeline.stages.reduce((before, { pass }) => {
          const once = pass.run(before, context);
          if (pass.idempotent === true) expect(pass.run(once, context), pass.name).toBe(once);
          return once;
        }, module);
      }),
      runs(80),
    );
  });

  it("keep every bit through the whole tensor pipeline", () => {
    checkPipeline(tensorPipeline, { runs: runs(120).numRuns });
  });

  it("come out of the tensor pipeline such that it finds nothing more to do", () => {
    fc.assert(
      fc.property(arbitraryProgram({ operations: 16 }), (program) => {
        const { module } = runPasses(buildProgram(program), tensorPipeline, { check: "verify" });
        expect(isomorphic(runPasses(module, tensorPipeline).module, module)).toBeNull();
      }),
      runs(80),
    );
  });

  it("keep every bit down to loops", () => {
    checkPipeline(tensorPipeline.concat(loopPipeline), { runs: runs(60).numRuns });
  });

  it.each([jsBackend, interpretBackend])("give the interpreter's bits by the backend $name", (backend) => {
    checkBackend(backend, { runs: runs(60).numRuns });
  });
});

describe("checkBackend", () => {
  it("finds what a backend gets wrong: rounding, messages, and what a second call finds in memory", () => {
    const wrongly = (change: (results: readonly NdArray[], calls: number) => readonly NdArray[]): Backend => ({
      ...interpretBackend,
      name: "wrong",
      compile(module, options) {
        const executable = interpretBackend.compile(module, options);
        let calls = 0;
        return { ...executable, scalar: null, run: (args) => change(executable.run(args), calls++) };
      },
    });
    const messageOf = (backend: Backend): string => {
      try {
        checkBackend(backend, { runs: 200 });
      } catch (error) {
        return (error as Error).message;
      }
      return "nothing found";
    };
    const halfUp = wrongly((results) =>
      results.map((r) => (r.dtype === "f32" ? { ...r, data: r.data.map((x) => x + x * 2 ** -23) } : r)),
    );
    expect(messageOf(halfUp)).toMatch(
      /^backend wrong is wrong \(seed 1, program \d+; \d+ tried, \d+ changed\): @\w+: result \d/,
    );
    const staleAfterFour = wrongly((results, calls) =>
      calls < 4 ? results : results.map((r) => ({ ...r, data: r.data.map(() => 1) })),
    );
    expect(messageOf(staleAfterFour)).toContain("backend wrong is wrong");
    const mute: Backend = {
      ...interpretBackend,
      name: "mute",
      compile: (module, options) => interpretBackend.compile(module, { ...options, observe: undefined }),
    };
    expect(messageOf(mute)).toContain("no longer runs");
    expect(messageOf(interpretBackend)).toBe("nothing found");
  });

  it("says what it takes", () => {
    expect(() => checkBackend("js" as never)).toThrow("checkBackend: got a string, expected a backend");
    expect(() => checkBackend(jsBackend, { run: 3 } as never)).toThrow("unknown option 'run'");
  });
});

describe("checkPipeline", () => {
  it("names the pass after which a program is wrong", () => {
    const wrong = definePass({
      name: "halves",
      summary: "Takes x + x for x.",
      run: (m, cx) =>
        applyRules(
          m,
          [
            rule(
              "x + y → x",
              (x, y) => vocabulary(records).add(x, y),
              (x) => x,
            ),
          ],
          cx,
        ),
    });
    const pipeline = tensorPipeline.insertAfter("inline", wrong);
    expect(() => checkPipeline(pipeline)).toThrow(/^pipeline is wrong \(.*\): after pass halves \(run \d+ of \d+\): @/);
    const lowered = pipeline.concat(loopPipeline);
    expect(() => checkPipeline(lowered)).toThrow(/^pipeline is wrong \(.*\): after pass halves \(run \d+ of \d+\): @/);
  });

  it("finds one wrong rule among the many of a pass in a whole pipeline, and names both", () => {
    const { mul, add, sub } = vocabulary(records);
    const wrong = [
      rule(
        "wrong: x * 0 → 0",
        (x) => mul(x, 0),
        () => 0,
      ),
      rule(
        "wrong: x + 0 → x",
        (x) => add(x, 0),
        (x) => x,
      ),
      rule(
        "wrong: x - x → 0",
        (x) => sub(x, x),
        () => 0,
      ),
    ];
    const messages = wrong.flatMap((bad) => {
      const rules = [...canonicalizeRules, bad];
      const pass = definePass({ ...canonicalize, run: (m, cx) => applyRules(m, rules, cx) });
      const stages = tensorPipeline.stages.map((stage) => (stage.pass === canonicalize ? { ...stage, pass } : stage));
      return [1, 2, 3].map((seed): string => {
        try {
          checkPipeline(new Pipeline(stages), { runs: 400, seed });
        } catch (error) {
          const { message } = error as Error;
          expect(message).toContain(": after pass canonicalize (run ");
          expect(message).toContain(`by the rule '${bad.name}'`);
          return message;
        }
        return "nothing found";
      });
    });
    expect(messages.slice(0, 3)).not.toContain("nothing found");
    expect(messages.filter((m) => m !== "nothing found").length).toBeGreaterThan(6);
  });

  it("says which function takes a pass", () => {
    expect(() => checkPipeline(standardPasses.get("cse") as never)).toThrow(
      "got a pass, expected a pipeline: call checkPass",
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
      /^pass wrong is wrong \(seed 1, program \d+; \d+ tried, \d+ changed\): @main: result 0 is \S+, expected \S+/,
    );
    expect(message).toContain("by the rule 'x * 0 → 0'");
    expect(message).toMatch(/\nreplay: checkPass\(pass, \{ seed: 1, replay: \d+ \}\)$/m);
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
    expect(message.match(/^ +%.* = /gm)?.length, message).toBe(1);
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
