// The commands that find what is wrong with IR and with passes: reduce, bisect, check.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { main, processIo } from "../src/cli/main.ts";
import * as ops from "../src/ops/index.ts";
import { applyRules, definePass, Pipeline, rule, vocabulary } from "../src/rewrite/index.ts";

const p = vocabulary(ops.records);
const right = rule(
  "x - 0 → x",
  (x) => p.sub(x, 0),
  (x) => x,
);
const zero = rule(
  "x * 0 → 0",
  (x) => p.mul(x, 0),
  () => 0,
);
const tempting = definePass({
  name: "tempting",
  summary: "Forgets NaN.",
  run: (m, cx) => applyRules(m, [right, zero], cx),
});
const fine = definePass({ name: "fine", summary: "Is right.", run: (m, cx) => applyRules(m, [right], cx) });
const pipeline = new Pipeline([fine, tempting].map((pass) => ({ pass, reason: "a test" })));
const exported = { tempting, fine, zero, rules: [right], pipeline, note: 3 };

const program = `private func @half(%x: f64[N]) -> f64[N] {
  %c = constant 0.5 : f64[N]
  %y = mul %x, %c : f64[N]
  return %y
}

func @main<N>(%x: f64[N], %n: f64) -> (f64[N], f64) {
  %h = call @half(%x) : f64[N]
  %c = constant 0 : f64[N]
  %d = sub %h, %c : f64[N]
  %e = exp %d : f64[N]
  %z = mul %e, %c : f64[N]
  %s = sin %z : f64[N]
  %m = neg %n : f64
  return %s, %m
}
`.replace("@half(", "@half<N>(");

async function adjoint(args: readonly string[], input = program) {
  let [out, err] = ["", ""];
  const code = await main(args, {
    ...processIo,
    read: () => input,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    load: async () => exported,
  });
  return { code, out, err };
}

describe("adjoint reduce", () => {
  it("leaves the few lines that the passes still get wrong, and says what goes wrong", async () => {
    const { code, out, err } = await adjoint(["reduce", "-", "--passes", "cse,tempting", "--from", "mine.js"]);
    expect({ code, err }).toMatchObject({
      code: 0,
      err: expect.stringMatching(/^2 operations of 9: after pass tempting/),
    });
    expect(out).toMatch(
      /^\/\/ pass: cse,tempting\nfunc @main\(%\w+: f64\) -> f64 \{\n {2}%c = constant 0 : f64\n {2}%z = mul %\w+, %c : f64\n {2}return %z\n\}\n$/,
    );
    expect(err).toMatch(/\nfor @main\(f64 \(\S+\)\)\n$/);
  });

  it("reduces by the exit code of a command, which gets a file's path", async () => {
    const { code, out, err } = await adjoint(["reduce", "-", "--predicate", "grep -q ' = sin '"]);
    expect({ code, err }).toEqual({ code: 0, err: "1 operation of 9\n" });
    expect(out).toMatch(/^func @main\(%(\w+): f64\) -> f64 \{\n {2}%s = sin %\1 : f64\n {2}return %s\n\}\n$/);
  });

  it("stops a command that does not end, and says what a command is that is not there", async () => {
    expect(await adjoint(["reduce", "-", "--predicate", "sleep 60 #", "--time-budget", "0.2"])).toMatchObject({
      code: 1,
      err: expect.stringContaining("'sleep 60 #' does not end within 0.2 s for the file itself, expected 0"),
    });
    expect(await adjoint(["reduce", "-", "--predicate", "nosuchcommand"])).toMatchObject({
      code: 1,
      err: expect.stringContaining("'nosuchcommand' exits with 127 for the file itself, expected 0: no such command"),
    });
  });

  it("says that nothing fails, and what is given wrongly", async () => {
    expect(await adjoint(["reduce", "-"])).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringMatching(/^nothing fails: /),
    });
    const never = await adjoint(["reduce", "-", "--predicate", "false"]);
    expect(never).toMatchObject({
      code: 1,
      err: expect.stringContaining("'false' exits with 1 for the file itself, expected 0"),
    });
    for (const [args, message] of [
      [["--passes", "temptin", "--from", "mine.js"], "did you mean tempting?"],
      [["--passes", "cse", "--predicate", "true"], "give one of them"],
      [["--time-budget", "soon"], "expected seconds above 0"],
      [["--predicate", "true", "--entry", "f"], "no function @f"],
      [["--passes", "cse", "--entry", "main"], "--entry is for --predicate and for files of TypeScript"],
      [["--from", "mine.js"], "--from says what --passes can name: give --passes, too"],
    ] as const) {
      expect(await adjoint(["reduce", "-", ...args])).toMatchObject({ code: 2, err: expect.stringContaining(message) });
    }
  });
});

describe("adjoint bisect", () => {
  it("names the pass and the one rewrite", async () => {
    const { code, out } = await adjoint(["bisect", "-", "--passes", "inline,pipeline", "--from", "mine.js"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^pass tempting \(run \d+ of \d+\) is the first after which it is wrong\n/);
    expect(out).toContain("by the rule 'x * 0 → 0' (rewrite 1 of 1, of mul : f64[N])");
    expect(out).toContain("// before it: adjoint reduce FILE --passes tempting --from mine.js\nfunc @main");
    const json = JSON.parse(
      (await adjoint(["bisect", "-", "--passes", "tempting", "--from", "mine.js", "--json"])).out,
    );
    expect(json).toMatchObject({ pass: "tempting", run: 1, runs: 1, rewrite: { rule: "x * 0 → 0", number: 2, of: 2 } });
  });

  it("says that nothing is wrong", async () => {
    expect(await adjoint(["bisect", "-"])).toMatchObject({ code: 0, out: expect.stringMatching(/^nothing fails/) });
  });
});

describe("adjoint check", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "checked-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("runs the kit on what a module exports: exit code 1, and a report, where something is wrong", async () => {
    const { code, out, err } = await adjoint(["check", "mine.js", "--runs", "400"]);
    expect(code).toBe(1);
    expect(out).toMatch(/^pass fine: 400 programs, \d+ changed\nrule 'x - 0 → x': 400 programs, \d+ changed\n$/);
    expect(err).toMatch(/^pass tempting is wrong /);
    expect(err).toContain("rule 'x * 0 → 0' is wrong");
    expect(err).toContain("pipeline pipeline is wrong");
    const [, again] = /\nreplay: adjoint (check mine\.js --only zero --seed 1 --replay \d+)\n/.exec(err) ?? [];
    const { err: same } = await adjoint(again.split(" "));
    expect(same).toMatch(/^rule 'x \* 0 → 0' is wrong \(seed 1, program \d+; 1 tried, 1 changed\)/);
    expect(err).toMatch(/mine\.js: 3 of 5 wrong\n$/);
  });

  it("says where its time ended, which is the processor's", async () => {
    let user = 0;
    const usage = vi.spyOn(process, "cpuUsage").mockImplementation(() => ({ user: (user += 100_000), system: 0 }));
    const asked = ["check", "mine.js", "--only", "fine", "--runs", "400", "--time-budget", "1"];
    const [{ code, out }, json] = [await adjoint(asked), await adjoint([...asked, "--json"])];
    usage.mockRestore();
    expect(code).toBe(0);
    expect(out).toMatch(
      /^pass fine: \d{1,3} programs, \d+ changed, where its time ended \(--time-budget SECONDS gives it more\)\n$/,
    );
    expect(JSON.parse(json.out)).toMatchObject([{ name: "pass fine", stopped: "time" }]);
  });

  it("runs one export, adds what fails to a corpus, and answers in JSON", async () => {
    expect(await adjoint(["check", "mine.js", "--only", "fine", "--runs", "50"])).toMatchObject({ code: 0, err: "" });
    const wrong = await adjoint(["check", "mine.js", "--only", "zero", "--corpus", folder, "--json"]);
    expect(wrong.code).toBe(1);
    expect(JSON.parse(wrong.out)).toMatchObject([
      { name: "rule 'x * 0 → 0'", wrong: expect.stringContaining("saved: ") },
    ]);
    expect(readdirSync(folder)).toHaveLength(1);
    // what a corpus keeps is shown again by a command, too
    const kept = await adjoint(["check", "mine.js", "--only", "zero", "--corpus", folder]);
    const [, again, file] =
      /\nreplay: adjoint (check mine\.js --only zero --runs 0 --corpus) "(.*)"\n/.exec(kept.err) ?? [];
    const { code, err } = await adjoint([...again.split(" "), file]);
    expect(code).toBe(1);
    expect(err).toBe(kept.err);
  });

  it("says what is given wrongly", async () => {
    for (const [args, message] of [
      [[], "PASS.js is missing"],
      [["mine.js", "--only", "gone"], "mine.js exports no 'gone', but tempting"],
      [["mine.js", "--runs", "many"], "--runs is 'many', expected a whole number from 0"],
      [["mine.js", "--runs", "5.5"], "--runs is '5.5', expected a whole number from 0"],
      [["mine.js", "--time-budget", "0"], "--time-budget is '0', expected a number above 0"],
      [["mine.ir"], "'mine.ir' is IR, expected a module of JavaScript: adjoint reduce and adjoint bisect take IR"],
      [["mine.js", "--only", "note"], "mine.js exports no pass, rule, pipeline, op or backend"],
    ] as const) {
      expect(await adjoint(["check", ...args])).toMatchObject({ code: 2, err: expect.stringContaining(message) });
    }
  });

  it("loads a file, and says where that fails", async () => {
    const file = join(folder, "mine.mjs");
    writeFileSync(file, 'export const pass = { name: "mine", summary: "Is right.", run: (module) => module };\n');
    expect(Object.keys(await processIo.load(file))).toEqual(["pass"]);
    let err = "";
    const code = await main(["check", join(folder, "gone.mjs")], { ...processIo, err: (text) => void (err += text) });
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining("gone.mjs: ") });
  });
});
