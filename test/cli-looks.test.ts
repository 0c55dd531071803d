// How the command looks: help, versions, colours, JSON for programs, progress for who waits.

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonText } from "../src/cli/json.ts";
import { main, processIo } from "../src/cli/main.ts";
import { Progress, type Terminal, wantsColours } from "../src/cli/terminal.ts";
import { product } from "./support/product.ts";

async function adjoint(args: readonly string[], input = product, terminal?: Partial<Terminal>) {
  const said: string[] = [];
  let [out, err] = ["", ""];
  const whole = {
    outHasColours: false,
    errHasColours: false,
    columns: 100,
    progress: (doing: string) => void said.push(doing),
  };
  const code = await main(args, {
    ...processIo,
    read: () => input,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    terminal: terminal === undefined ? undefined : { ...whole, ...terminal },
  });
  return { code, out, err, said };
}

const esc = "\u001b";
const plain = (text: string): string => text.replaceAll(new RegExp(`${esc}\\[\\d+m`, "g"), "");
const names = ["opt", "run", "grad", "compile", "expr", "draw", "ops", "passes", "reduce", "bisect", "check"];

describe("help", () => {
  it.each(names)(
    "of %s says what it does, its options and how it is called, on lines of bearable length",
    async (name) => {
      const { code, out, err } = await adjoint([name, "--help"]);
      expect([code, err]).toEqual([0, ""]);
      expect(out).toMatch(new RegExp(`^Usage: adjoint ${name} `));
      expect(out).toMatch(new RegExp(`\nExamples:\n {2}adjoint ${name}`));
      expect(out).toContain("-h, --help");
      expect(out).not.toMatch(/default: (none|\[\])/);
      for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
      expect(await adjoint(["help", name])).toEqual({ code, out, err, said: [] });
      expect((await adjoint([name, "-h"])).out).toBe(out);
    },
  );

  it("lists every command", async () => {
    const { code, out } = await adjoint(["--help"]);
    expect(code).toBe(0);
    for (const name of names) expect(out).toMatch(new RegExp(`^ {2}${name} +[A-Z]`, "m"));
    expect(await adjoint([])).toEqual({ code: 2, out, err: "", said: [] });
  });

  it("gives the version", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    for (const flag of ["--version", "-v"])
      expect(await adjoint([flag])).toMatchObject({ code: 0, out: `${version}\n` });
  });
});

describe("wrong usage", () => {
  it("is a line, and a second one where the first leaves open what to do", async () => {
    expect((await adjoint(["run"])).err).toBe("adjoint run: FILE is missing\nadjoint run --help says how it is used\n");
    expect((await adjoint(["opt", "-", "--passes"])).err).toMatch(
      /^adjoint opt: option '--passes <a,b,c>' argument missing\n.*\n$/,
    );
    expect((await adjoint(["opt", "-", "more"])).err).toMatch(/^adjoint opt: unexpected argument 'more'\n/);
    expect((await adjoint(["opt", "-", "--passes", "inlin"])).err).toBe(
      "adjoint opt: unknown pass 'inlin': did you mean inline?\n",
    );
    expect((await adjoint(["optt"])).err).toBe("adjoint: unknown command 'optt': did you mean opt?\n");
    expect((await adjoint(["help", "nope"])).code).toBe(2);
  });

  it("names arguments and their types", async () => {
    expect((await adjoint(["run", "-", "1"])).err).toBe(
      "adjoint run: @main takes 2 arguments, got 1\nits arguments are a: f64, b: f64\n",
    );
    const source = "export function f(x: { a: number; b: [number, boolean] }, n = 3): number {\n  return x.a * n;\n}\n";
    expect((await adjoint(["run", "f.ts"], source)).err).toBe(
      "adjoint run: 'f' takes 1 to 2 arguments, got 0\nits parameters are x: { a: number; b: [number, boolean] }, n?: number\n",
    );
  });
});

describe("negative numbers", () => {
  it("are arguments and values of options, among other options", async () => {
    expect((await adjoint(["run", "-", "-15", "--json", "-0.5"])).out).toBe("[7.5, -0.5, -15]\n");
    expect((await adjoint(["check", "x.js", "--runs", "-3x"])).err).toContain("x.js");
    expect((await adjoint(["reduce", "-", "--time-budget", "-3"])).err).toContain(
      "--time-budget is '-3', expected seconds above 0",
    );
  });
});

describe("JSON", () => {
  const errors: readonly (readonly string[])[] = [
    ["expr", "sin(x", "--json"],
    ["opt", "-", "--json"],
    ["run", "-", "1", "--json"],
    ["ops", "sine", "--json"],
    ["opt", "-", "--bogus", "--json"],
  ];

  it("is errors, too", async () => {
    const given = await Promise.all(errors.map((args) => adjoint(args, args[0] === "opt" ? "func @f(" : product)));
    expect(given.map(({ code, out, err }) => [code, out, JSON.parse(err).error])).toEqual([
      [
        1,
        "",
        {
          code: "syntax",
          message: "<expression>:1:6 got the end of the text, expected , or )",
          file: "<expression>",
          line: 1,
          column: 6,
          frame: "  sin(x\n       ^",
        },
      ],
      [
        1,
        "",
        {
          code: "syntax",
          message: expect.stringMatching(/^<stdin>:1:9 /),
          file: "<stdin>",
          line: 1,
          column: 9,
          frame: "func @f(\n        ^",
        },
      ],
      [2, "", { code: "usage", message: "@main takes 2 arguments, got 1: its arguments are a: f64, b: f64" }],
      [2, "", { code: "usage", message: "unknown op 'sine': did you mean sin?" }],
      [2, "", { code: "usage", message: expect.stringContaining("unknown option '--bogus'") }],
    ]);
  });

  it("has one layout: a line where it fits, and what JSON lacks as strings", async () => {
    expect((await adjoint(["run", "-", "inf", "0", "--json"])).out).toBe('["nan", 0, "inf"]\n');
    expect((await adjoint(["expr", "1/x", "--at", "x=0", "--json"])).out).toContain('\n  "result": "inf"\n}\n');
    expect(jsonText({ a: undefined, b: [1, -0], c: Float32Array.of(2) })).toBe('{"b": [1, -0], "c": [2]}\n');
    expect(jsonText(["x".repeat(60), "y".repeat(60)])).toBe(`[\n  "${"x".repeat(60)}",\n  "${"y".repeat(60)}"\n]\n`);
  });

  it("reads back as what it was made of", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(jsonText(value))).toEqual(value);
      }),
    );
  });
});

describe("expr", () => {
  it("writes the second derivative by one name as one", async () => {
    const { out } = await adjoint(["expr", "x^3", "--at", "x=2", "--hessian"]);
    expect(out).toContain("value  = 8\nd/dx   = 12\nd²/dx² = 12\n");
  });
});

describe("grad", () => {
  it("prints no function that was not asked for", async () => {
    const two = `${product}\nfunc @other(%x: f64) -> f64 {\n  return %x\n}\n`;
    const { out } = await adjoint(["grad", "-", "@product"], two);
    expect(out.match(/func @\w+/g)).toEqual(["func @product_grad"]);
  });
});

describe("colours", () => {
  it("are for who looks, unless the environment says otherwise", () => {
    const [tty, pipe] = [{ isTTY: true }, {}];
    const rows: readonly (readonly [{ isTTY?: boolean }, Record<string, string>, boolean])[] = [
      [tty, {}, true],
      [pipe, {}, false],
      [tty, { NO_COLOR: "1" }, false],
      [tty, { NO_COLOR: "" }, true],
      [tty, { TERM: "dumb" }, false],
      [pipe, { FORCE_COLOR: "1" }, true],
      [pipe, { FORCE_COLOR: "", NO_COLOR: "1" }, true],
      [tty, { FORCE_COLOR: "0" }, false],
    ];
    for (const [stream, env, wanted] of rows) expect(wantsColours(stream, env), JSON.stringify(env)).toBe(wanted);
  });

  it.each([
    ["opt", "-", "--diff", "--passes", "cse,inline,dead-node-elimination"],
    ["opt", "--help"],
    ["ops"],
    ["passes"],
    ["expr", "sin(x"],
    ["run", "-"],
    ["expr", "x", "--at", "x=1"],
  ])("change no character of %s %s", async (...args) => {
    const without = await adjoint(args);
    const coloured = await adjoint(args, product, { outHasColours: true, errHasColours: true });
    expect(plain(coloured.out)).toBe(without.out);
    expect(plain(coloured.err)).toBe(without.err);
    expect(without.out + without.err).not.toContain(esc);
    if (args[1] !== "x") expect(coloured.out + coloured.err).toContain(esc);
  });
});

describe("progress", () => {
  const streamed = (isTTY: boolean) => {
    let [now, text] = [0, ""];
    const stream = { isTTY, columns: 30, write: (t: string) => void (text += t) };
    const progress = new Progress(stream, () => now);
    return { progress, at: (time: number) => void (now = time), text: () => text };
  };

  it("is said on a terminal after a second, not too often, and goes when something else is written", () => {
    const { progress, at, text } = streamed(true);
    at(900);
    progress.show("running cse");
    progress.clear();
    expect(text()).toBe("");
    at(1100);
    progress.show("running cse");
    at(1150);
    progress.show("running inline");
    at(2300);
    progress.show("running dead-node-elimination");
    progress.clear();
    progress.clear();
    expect(text().split("\r\u001b[2K")).toEqual(["", "running cse … 1 s", "running dead-node-elimination", ""]);
  });

  it("is not said where nobody looks", () => {
    const { progress, at, text } = streamed(false);
    at(5000);
    progress.show("running cse");
    progress.clear();
    expect(text()).toBe("");
  });

  it("tells which pass runs, and changes no result", async () => {
    const { out, said } = await adjoint(["opt", "-"], product, {});
    expect(said[0]).toBe("running refine-shapes");
    expect(new Set(said)).toContain("running differentiate");
    expect(out).toBe((await adjoint(["opt", "-"])).out);
  });
});
