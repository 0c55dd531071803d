// What checks take: options by name and value, the thing that is checked, and a corpus that failures are added to.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { standardPasses, tensorPipeline } from "../passes/index.ts";
import { jsBackend } from "../src/backend/index.ts";
import { elementDType } from "../src/ir/index.ts";
import { parse, records } from "../src/ops/index.ts";
import { applyRules, definePass, rule, vocabulary } from "../src/rewrite/index.ts";
import { checkBackend, checkPass, checkPipeline, checkRule } from "../src/testing/index.ts";
import { errorOf, messageOf } from "./support/errors.ts";

const { mul } = vocabulary(records);
const cse = standardPasses.get("cse") ?? definePass({ name: "none", summary: "", run: (m) => m });
const zero = rule(
  "x * 0 → 0",
  (x) => mul(x, 0),
  () => 0,
);
const one = rule(
  "x * 1 → x",
  (x) => mul(x, 1),
  (x) => x,
);
const wrong = definePass({ name: "wrong", summary: "Is wrong.", run: (m, cx) => applyRules(m, [zero], cx) });

describe("an option of a check", () => {
  it.each([
    [{ runz: 5 }, "unknown option 'runz', expected one of runs, seed", "did you mean runs?"],
    [{ runs: -1 }, "option 'runs' is -1, expected a whole number from 0", ""],
    [{ runs: "5" }, "option 'runs' is '5', expected a whole number from 0", ""],
    [{ runs: Number.POSITIVE_INFINITY }, "option 'runs' is Infinity, expected a whole number from 0", ""],
    [{ seed: 0.5 }, "option 'seed' is 0.5, expected a whole number", ""],
    [{ replay: null }, "option 'replay' is null, expected a whole number from 0", ""],
    [{ timeBudget: 0 }, "option 'timeBudget' is 0, expected milliseconds above 0", ""],
    [{ vacuous: "alow" }, "option 'vacuous' is 'alow', expected one of fail, allow", "did you mean allow?"],
    [{ origins: 1 }, "option 'origins' is 1, expected true or false", ""],
    [{ corpus: 3 }, "option 'corpus' is 3, expected a folder or a file of IR, a module, or an array of such", ""],
    [{ save: true }, "option 'save' needs a folder as 'corpus'", ""],
    [{ programs: { opz: 1 } }, "option 'programs': unknown option 'opz'", "did you mean ops?"],
    [{ programs: { dtypes: ["f65"] } }, "'dtypes' holds 'f65', expected some of f64", "did you mean f64"],
    [{ programs: { focus: ["mul"] } }, "'focus' holds 'mul', expected ops", ""],
    [{ programs: { operations: 0 } }, "option 'operations' is 0, expected a whole number from 1", ""],
    [{ programs: { ops: {} } }, "option 'ops' is an object, expected a map", ""],
  ])("is refused where it is %j", (options, message, hint) => {
    const said = messageOf(() => checkPass(cse, options as never));
    expect(said).toMatch(/^checkPass: /);
    expect(said).toContain(message);
    expect(said).toContain(hint);
  });

  it("dtypes holds for the arguments of all programs, those that are made of a rule's pattern among them", () => {
    const seen = new Set<string>();
    const looking = definePass({
      name: "looking",
      summary: "Notes the dtypes of the arguments of public functions.",
      run(module, cx) {
        for (const { body, visibility } of module.funcs)
          if (visibility === "public") for (const { type } of body.arguments) seen.add(String(elementDType(type)));
        return applyRules(module, [one], cx);
      },
    });
    const programs = { dtypes: ["f32"], transforms: false } as const;
    expect(checkPass(looking, { runs: 60, programs, vacuous: "allow" }).changed).toBeGreaterThan(10);
    expect([...seen]).toEqual(["f32"]);
  });
});

describe("a check", () => {
  const things = { pass: cse, rule: zero, pipeline: tensorPipeline, op: records.mul, backend: jsBackend };
  const checks = { pass: checkPass, rule: checkRule, pipeline: checkPipeline, backend: checkBackend };
  const callOf = { pass: "Pass", rule: "Rule", pipeline: "Pipeline", op: "Op", backend: "Backend" };

  it("that is given what another one takes says which", () => {
    for (const [wanted, check] of Object.entries(checks)) {
      for (const [kind, thing] of Object.entries(things)) {
        if (kind === wanted) continue;
        const said = messageOf(() => (check as (x: unknown) => unknown)(thing));
        const call = `check${callOf[kind as keyof typeof callOf]}(${kind})`;
        expect(said).toMatch(new RegExp(`^check\\w+: got an? ${kind}, expected an? ${wanted}: `));
        expect(said).toContain(`call ${call}`);
      }
      for (const nothing of [undefined, null, 5, "cse", () => 1, {}]) {
        const said = messageOf(() => (check as (x: unknown) => unknown)(nothing));
        expect(said).toMatch(/^check\w+: got .*, expected a \w+: (make one with|give) /);
      }
    }
    expect(messageOf(() => checkRule([zero, zero] as never))).toContain("call it for each rule");
    expect(messageOf(() => checkPass([zero, zero] as never))).toContain(
      "got an array, expected a pass: call checkRule(rule) for each",
    );
  });
});

describe("a corpus", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "corpus-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("is added to by a failure, which the next check tries first, and passes once it is mended", () => {
    const first = messageOf(() => checkPass(wrong, { corpus: folder }));
    const [file, ...others] = readdirSync(folder);
    expect(others).toEqual([]);
    expect(file).toMatch(/^pass-wrong-[0-9a-f]{8}\.ir$/);
    expect(first).toContain(`\nsaved: ${join(folder, file)}`);
    const text = readFileSync(join(folder, file), "utf8");
    expect(text).toMatch(
      /^\/\/ pass wrong is wrong \(seed 1, program \d+; .*\)\n\/\/ run: @main\(\S+\) == \S+\nfunc @main/,
    );
    // no random program runs
    const again = messageOf(() => checkPass(wrong, { runs: 0, corpus: folder }));
    expect(again).toContain(`pass wrong is wrong (seed 1, ${join(folder, file)})`);
    expect(again).toContain(`replay: checkPass(pass, { runs: 0, corpus: ${JSON.stringify(join(folder, file))} })`);
    expect(readdirSync(folder)).toEqual([file]);
    expect(checkPass(cse, { runs: 0, corpus: folder, vacuous: "allow" }).programs).toBe(2);
  });

  it("is left alone where save is false", () => {
    const before = readdirSync(folder);
    const other = definePass({ ...wrong, name: "other" });
    expect(messageOf(() => checkPass(other, { corpus: folder, save: false }))).not.toContain("saved:");
    expect(readdirSync(folder)).toEqual(before);
  });

  it("tries the call of its run line, special values and symbols among them", () => {
    const file = join(folder, "nan.ir");
    const body =
      "func @f<N>(%x: f64[N]) -> f64[N] {\n  %c = constant 0 : f64[N]\n  %y = mul %x, %c : f64[N]\n  return %y\n}\n";
    writeFileSync(file, `// run: @f([1, -inf, -0, nan, 2]) == [0, nan, -0, nan, 0]\n${body}`);
    expect(messageOf(() => checkPass(wrong, { runs: 0, corpus: file }))).toContain("result 0 is 0, expected ");
    writeFileSync(file, `// run: @f([1, [2]])\n${body}`);
    expect(messageOf(() => checkPass(wrong, { runs: 0, corpus: file }))).toContain("argument 0 of @f is not f64[N]");
    rmSync(file);
  });

  it("may be modules; what is no IR, or is not there, is an error", () => {
    const module = parse("func @f(%x: f64) -> f64 {\n  %c = constant 0 : f64\n  %y = mul %x, %c : f64\n  return %y\n}");
    expect(messageOf(() => checkPass(wrong, { runs: 0, corpus: [module] }))).toContain("module 0 of the corpus");
    expect(messageOf(() => checkPass(wrong, { corpus: join(folder, "gone.ir") }))).toContain("no file");
    const file = join(folder, "broken.ir");
    writeFileSync(file, "func @f(");
    expect(errorOf(() => checkPass(wrong, { corpus: file })).message).toContain(`${file}:1:9`);
    rmSync(file);
  });

  it("that is not there is an error, unless failures are to be saved to it", () => {
    const gone = join(folder, "gone");
    const said = `checkPass: option 'corpus': there is no folder '${gone}': make it, or save to it`;
    expect(messageOf(() => checkPass(cse, { corpus: gone, save: false, runs: 5 }))).toContain(said);
    expect(messageOf(() => checkPass(cse, { corpus: [gone], runs: 5 }))).toContain(said);
    expect(checkPass(cse, { corpus: gone, runs: 20 }).programs).toBe(20);
    expect(messageOf(() => checkPass(wrong, { corpus: gone }))).toContain("\nsaved: ");
    expect(readdirSync(gone)).toHaveLength(1);
    rmSync(gone, { recursive: true });
  });

  it("is no text", () => {
    for (const text of ["func @main() -> f64 {}", `// a line\n${constantly}`, "private func @f"])
      expect(messageOf(() => checkPass(cse, { corpus: text }))).toMatch(
        /^checkPass: option 'corpus' is IR, expected a folder .*: give parseModule\(text\)/,
      );
  });

  const constantly = "func @main(%x: f64) -> f64 {\n  %c = constant 1 : f64\n  %y = mul %x, %c : f64\n  return %y\n}\n";
  /** What a check says of a file with these lines above a module. */
  const saysOf = (lines: string): string => {
    const file = join(folder, "lines.ir");
    writeFileSync(file, `// some words\n${lines}\n${constantly}`);
    try {
      return messageOf(() => checkPass(wrong, { corpus: file, runs: 0 })).replace(file, "lines.ir");
    } finally {
      rmSync(file);
    }
  };

  it.each([
    ["// run: @main(2) == 3", "lines.ir:2: the run line says == 3, and the program == 2: mend the line"],
    ["// run: @main(2) ~= 2.1", "lines.ir:2: the run line says ~= 2.1, and the program == 2"],
    ["// run: @main(2) == (2, 2)", "lines.ir:2: the run line says == (2, 2), and the program == 2"],
    ["// run: @main(2) fails: below", "lines.ir:2: the run line says fails: below, and the program == 2"],
    [
      "// run: @mian(2) == 2",
      "lines.ir:2: the run line calls @mian, which is no function of the file: did you mean main?",
    ],
    ["// run: @main 2", "lines.ir:2: 'run: @main 2' names no call, expected one like run: @main(1, [2, 3]) == 5"],
    ["// run: @main(2) = 2", "names no call"],
    ["//run: @main(2, 3)", "lines.ir:2: the run line does not give @main 1 argument"],
    ["// run: @main(x)", "lines.ir:2: the run line has x where numbers are expected"],
    ["// run: @main([2])", "lines.ir:2: argument 0 of @main is not f64"],
    ["// run: @main(2) == 2\n// run: @main(3) == 4", "lines.ir:3: the run line says == 4, and the program == 3"],
    ["// vmap: @main([1, 2])", "names no call"],
  ])("whose run line is wrong is an error: %s", (lines, message) => {
    expect(saysOf(lines)).toContain(message);
  });

  it("tries each of its run lines, which are right for what they were saved of", () => {
    const file = join(folder, "right.ir");
    const lines = ["@main(2) == 2", "main(-0) == -0", "@main(nan) == nan", "@main(0.1) ~= 0.1000000001", "@main(3)"];
    writeFileSync(file, lines.map((line) => `// run: ${line}\n`).join("") + constantly);
    expect(checkPass(cse, { corpus: file, runs: 0, vacuous: "allow" }).programs).toBe(lines.length + 1);
    rmSync(file);
  });
});
