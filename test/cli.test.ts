// The command as a user meets it: output, errors with a caret, exit codes, reproducers that rerun.

import { describe, expect, it } from "vitest";
import { standardPasses } from "../passes/index.ts";
import { main, processIo } from "../src/cli/main.ts";
import { standardOps } from "../src/ops/index.ts";
import { product } from "./support/product.ts";

const written = new Map<string, string>();

async function adjoint(args: readonly string[], input = product) {
  let out = "";
  let err = "";
  written.clear();
  const code = await main(args, {
    ...processIo,
    read: () => input,
    write: (path, text) => void written.set(path, text),
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

describe("adjoint opt", () => {
  it("runs the default pipeline, or the passes asked for by flag or by the file", async () => {
    const simple =
      "func @main(%a: f64, %b: f64) -> (f64, f64, f64) {\n  %c = mul %a, %b : f64\n  return %c, %b, %a\n}\n";
    expect(await adjoint(["opt", "-"])).toEqual({ code: 0, out: simple, err: "" });
    expect((await adjoint(["opt", "-", "--passes", "differentiate"])).out).toContain("call @product.bwd");
    expect((await adjoint(["opt", "-"], `// pass: differentiate\n${product}`)).out).toContain("call @product.bwd");
  });

  it("shows what each pass does", async () => {
    expect((await adjoint(["opt", "-", "--diff"])).out).toContain("+   %mul = mul %c_ct, %b : f64");
    expect((await adjoint(["opt", "-", "--print-after=inline"])).out).toContain("// ----- after inline");
    expect(JSON.parse((await adjoint(["opt", "-", "--json"])).out).operations).toBe(1);
  });

  it("says where the text is wrong, with a caret", async () => {
    const { code, err } = await adjoint(["opt", "-"], "func @f(%x: f64) -> f32 {\n  return %x\n}\n");
    expect(code).toBe(1);
    expect(err).toMatch(/^<stdin>:1:21 .*f64.*f32.*\nfunc @f\(%x: f64\) -> f32 \{\n {20}\^/);
  });
});

describe("adjoint run", () => {
  it("takes JSON and gives JSON, negative and special numbers among them", async () => {
    expect((await adjoint(["run", "-", "15", "-20"])).out).toBe("-300\n-20\n15\n");
    expect((await adjoint(["run", "-", "@main", "inf", "0", "--backend", "interpret"])).out).toBe('"nan"\n0\n"inf"\n');
  });

  it("names wrong arguments", async () => {
    expect(await adjoint(["run", "-", "1"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("takes 2 arguments, got 1"),
    });
    expect(await adjoint(["run", "-", "1", "x"])).toMatchObject({
      code: 1,
      err: expect.stringContaining("expected JSON"),
    });
  });
});

describe("adjoint grad", () => {
  it("prints the function with its gradient, optimised", async () => {
    expect((await adjoint(["grad", "-", "@product", "--wrt", "1"])).out).toContain("return %c, %a");
  });
});

it("says how it is used", async () => {
  expect(await adjoint(["--help"])).toMatchObject({ code: 0, out: expect.stringContaining("adjoint opt") });
  expect((await adjoint(["opt", "--help"])).out).toContain("--print-after-all");
  expect(await adjoint(["help", "opt"])).toEqual(await adjoint(["opt", "--help"]));
  expect((await adjoint([])).code).toBe(2);
  expect(await adjoint(["optimise"])).toMatchObject({
    code: 2,
    err: expect.stringContaining("unknown command 'optimise'"),
  });
  expect(await adjoint(["opt", "-", "--passes", "nope"])).toMatchObject({
    code: 2,
    err: expect.stringContaining("unknown pass 'nope'"),
  });
  expect((await adjoint(["opt", "-", "--bogus"])).code).toBe(2);
});

describe("adjoint expr", () => {
  it("shows IR, JavaScript, value and derivatives at a glance", async () => {
    const { code, out } = await adjoint(["expr", "x^2*y", "--at", "x=3,y=5", "--hessian"]);
    expect(code).toBe(0);
    expect(out).toContain("mul %x, %x : f64");
    expect(out).toContain("function main(x, y) {");
    expect(out).toContain(
      "value        = 45\nd/dx         = 30\nd/dy         = 9\nd²/dxd(x, y) = 10, 6\nd²/dyd(x, y) = 6, 0\n",
    );
    expect(JSON.parse((await adjoint(["expr", "a*b", "--at=a=15,b=20", "--gradient", "--json"])).out).result).toEqual([
      300,
      [20, 15],
    ]);
    expect((await adjoint(["expr", "1 + 1"])).out).toContain("value = 2");
  });

  it("says what is wrong with the expression or the point", async () => {
    expect(await adjoint(["expr", "sin(x"])).toEqual({
      code: 1,
      out: "",
      err: "<expression>:1:6 got the end of the text, expected , or )\n  sin(x\n       ^\n",
    });
    expect((await adjoint(["expr", "x*y", "--at", "x=1"])).err).toContain("--at says nothing of y, expected x, y");
    expect((await adjoint(["expr", "x", "--at", "x=one"])).err).toContain("--at has 'x=one', expected name=number");
    expect((await adjoint(["expr", "x", "--at", "x=1,z=2"])).code).toBe(2);
  });
});

describe("adjoint draw", () => {
  const branch =
    'func @f(%x: f64, %p: bool) -> f64 {\n  %"a\\"b" = if %p : f64 {\n    yield %x\n  } else {\n    %y = neg %x : f64\n    yield %y\n  }\n  return %"a\\"b"\n}\n';

  it("draws operations as nodes, or values", async () => {
    const operations = (await adjoint(["draw", "-"], branch)).out;
    expect(operations).toContain('n3 [label="neg", shape=box, style=rounded];\n      n0 -> n3 [label="%x: f64"];');
    expect(operations).toContain('subgraph cluster_1 {\n      label="then";');
    expect(operations).toContain('label="%a\\"b: f64"');
    const values = (await adjoint(["draw", "-", "--style", "values"], branch)).out;
    expect(values).toContain('[label="%y: f64", shape=ellipse];');
    expect((await adjoint(["draw", "-", "--style", "dots"], branch)).code).toBe(2);
  });
});

describe("adjoint ops and passes", () => {
  it("list what there is, and document each", async () => {
    const { out } = await adjoint(["ops"]);
    for (const name of standardOps.keys()) expect(out).toMatch(new RegExp(`^${name} `, "m"));
    for (const op of standardOps.values()) expect((await adjoint(["ops", op.name])).out).toContain(op.docs.semantics);
    expect((await adjoint(["ops", "sine"])).err).toContain("unknown op 'sine': did you mean sin?");
    expect(JSON.parse((await adjoint(["ops", "mul", "--json"])).out).traits.commutative).toBe(true);
  });

  it("show what each pass does to its example", async () => {
    for (const pass of standardPasses.values()) {
      const { code, out } = await adjoint(["passes", pass.name]);
      expect(code).toBe(0);
      const [, before, after] = /\/\/ before\n([\s\S]*)\/\/ after\n([\s\S]*)$/.exec(out) ?? [];
      expect(after, pass.name).not.toBe(before.trimEnd());
      expect(after.trim(), pass.name).not.toBe(before.trim());
    }
    expect((await adjoint(["passes"])).out).toContain("the default pipeline, tensor level:");
    expect((await adjoint(["passes", "css"])).err).toContain("unknown pass 'css': did you mean cse?");
    expect((await adjoint(["passes", "grow"])).err).toContain("unknown pass 'grow': without a name all are listed");
    expect((await adjoint(["opt", "-", "--passes", "inlin"])).err).toContain("did you mean inline?");
  });
});

describe("adjoint compile", () => {
  it("writes a module, and its types beside it", async () => {
    expect((await adjoint(["compile", "-"])).out).toContain("export { main };");
    expect(await adjoint(["compile", "-", "-o", "out.mjs", "--types"])).toEqual({ code: 0, out: "", err: "" });
    expect([...written.keys()]).toEqual(["out.mjs", "out.d.mts"]);
    expect(written.get("out.d.mts")).toBe(
      "export declare function main(a: number, b: number): [number, number, number];\n",
    );
    const { out } = await adjoint(["compile", "--expr", "a*b", "--gradient", "--json"]);
    expect(JSON.parse(out).types).toBe(
      "export declare function main(a: number, b: number): [number, [number, number]];\n",
    );
    const gradient = "func @f(%x: f64[N]) -> f64 {\n  %s = reduce %x, kind = sum, axes = [0] : f64\n  return %s\n}\n";
    expect((await adjoint(["compile", "-", "--gradient"], gradient.replace("@f", "@f<N>"))).out).toContain(
      "f_grad$module as f_grad",
    );
    expect((await adjoint(["compile", "-", "--expr", "x"])).code).toBe(2);
  });

  it("writes WebAssembly into the module, and beside it as text", async () => {
    written.clear();
    const wasm = ["compile", "-", "--target", "wasm"];
    expect((await adjoint(wasm)).out).toMatch(/\nexport \{ main\$wasm as main \};\n[\s\S]+ \$load\("AGFz\w+"\);\n$/);
    expect((await adjoint([...wasm, "--wat"])).out).toMatch(/^\(module\n[\s\S]+\n\)\n$/);
    expect(await adjoint([...wasm, "-o", "out.mjs", "--types", "--wat"])).toEqual({ code: 0, out: "", err: "" });
    expect([...written.keys()]).toEqual(["out.mjs", "out.d.mts", "out.wat"]);
    const { out } = await adjoint(["compile", "--expr", "a*b", "--target", "wasm", "--wat", "--json"]);
    expect(Object.keys(JSON.parse(out))).toEqual(["code", "types", "wat"]);
    const refused = [["--wat"], ["--target", "wsam"], ["--target", "wasm", "--wat", "--types"]];
    const said = await Promise.all(refused.map((words) => adjoint(["compile", "-", ...words])));
    expect(said.map(({ code, err }) => [code, err.split("\n")[0]])).toEqual([
      [2, "adjoint compile: --wat goes with --target wasm"],
      [2, "adjoint compile: --target is 'wsam', expected js or wasm"],
      [2, "adjoint compile: --types and --wat are two texts: write one of them, or -o"],
    ]);
  });
});

describe("a file of TypeScript", () => {
  const file = `
/** Newton's method. */
export function root(a: number, tolerance = 1e-9): number {
  let x = a;
  while (Math.abs(x * x - a) > tolerance) x = 0.5 * (x + a / x);
  return x;
}

export function saxpy(k: number, x: Float64Array, y: number[]): void {
  for (let i = 0; i < y.length; i++) y[i] += k * x[i];
}

export function scale(p: { x: number; v: [number, number] }, k: number): { x: number; sum: number } {
  return { x: p.x * k, sum: p.v[0] + p.v[1] };
}
`;
  const source = (...args: readonly string[]) => adjoint(args, file);

  it("is IR for opt, with the lines it came from", async () => {
    const { out } = await source("opt", "a.ts", "--entry", "root", "--origins");
    expect(out).toContain("func @root(%a: f64, %tolerance: f64) -> f64 { // a.ts:3:17");
    expect(out).toMatch(/%div = div %a, %\w+ : f64 \/\/ a\.ts:5:60/);
    // the last exported function, as it was read
    const read = await source("opt", "a.mts", "--passes", "");
    expect(read.out).toContain("func @scale(%x: f64, %v_0: f64, %v_1: f64, %k: f64) -> (f64, f64) {");
    expect((await source("opt", "a.ts", "--passes", "dead-node-elimination", "--diff")).out).toContain("-   %constant");
    expect((await source("draw", "a.ts")).out).toContain('label="@scale";');
    expect((await source("grad", "a.ts", "@root", "--wrt", "0")).out).toContain("func @root_grad(");
  });

  it("runs on JSON, and gives what it writes to", async () => {
    expect(Number((await source("run", "a.ts", "@root", "2")).out)).toBeCloseTo(Math.SQRT2, 9);
    expect((await source("run", "a.ts", "@root", "2", "10", "--backend", "interpret")).out).toBe("2\n");
    expect((await source("run", "a.ts", "@saxpy", "2", "[1, 2]", "[10, 20]")).out).toBe("[12, 24]\n");
    expect((await source("run", "a.ts", '{"x": 2, "v": [1, "inf"]}', "-3", "--json")).out).toBe(
      '[{"x": -6, "sum": "inf"}]\n',
    );
  });

  it("becomes a module, with its types", async () => {
    const { out } = await source("compile", "a.ts", "--entry", "saxpy");
    expect(out).toContain("export { saxpy$module as saxpy };");
    expect(await source("compile", "a.ts", "--entry", "root", "--gradient", "--types", "-o", "root.js")).toEqual({
      code: 0,
      out: "",
      err: "",
    });
    expect(written.get("root.d.ts")).toBe(
      "export declare function root(a: number, tolerance?: number): [number, [number, number]];\n",
    );
    expect((await source("compile", "a.ts", "--entry", "root", "--hessian", "--wrt", "a", "--types")).out).toContain(
      ": [number, [number], [[number]]];",
    );
  });

  it("is refused at the place in the file, or by what was asked", async () => {
    const wrong = "export function f(x: number) {\n  return x + ;\n}\n";
    expect(await adjoint(["opt", "b.ts"], wrong)).toEqual({
      code: 1,
      out: "",
      err: "b.ts:2:14 expression expected\n  return x + ;\n             ^\n",
    });
    const errors = [
      ["opt", "a.ts", "--entry", "sqrt"],
      ["run", "a.ts", "@saxpy", "2", "[1]", "[10, 20]"],
      ["run", "a.ts", "@scale", '{"x": 2}', "3"],
      ["run", "a.ts", "@root", "[1]"],
      ["compile", "a.ts", "--gradient"],
      ["compile", "a.ts", "--entry", "root", "--gradient", "--wrt", "b"],
    ];
    const given = await Promise.all(errors.map((args) => source(...args)));
    expect(given.map((g) => g.code)).toEqual(errors.map(() => 1));
    expect(given.map((g) => g.err.split("\n")[0])).toEqual([
      "a.ts has no function 'sqrt', expected one of root, saxpy, scale",
      expect.stringMatching(/^a\.ts:10:\d+ .*out of range/),
      "scale: argument 'p' has no field 'v', expected { x: number; v: [number, number] }",
      "root: argument 'a' is an Array, expected a number",
      "scale gives { x: number; sum: number }, expected a number: the gradient is that of one number",
      "root: wrt names 'b', which is no parameter: its parameters are a, tolerance",
    ]);
    const usage = [
      ["run", "a.ts", "@root"],
      ["opt", "-", "--entry", "f"],
      ["compile", "-", "--hessian"],
      ["compile", "--expr", "x", "--wrt", "x"],
      ["compile", "a.ts", "--wrt", "x"],
    ];
    expect(
      (await Promise.all(usage.map((args) => source(...args)))).map((g) => [g.code, g.err.split("\n")[0]]),
    ).toEqual([
      [2, "adjoint run: 'root' takes 1 to 2 arguments, got 0"],
      [2, "adjoint opt: --entry is for files of TypeScript: all functions of a file of IR are read"],
      [2, "adjoint compile: --hessian is for expressions and files of TypeScript"],
      [2, "adjoint compile: --wrt is for files of TypeScript"],
      [2, "adjoint compile: --wrt goes with --gradient or --hessian"],
    ]);
  });

  it("is told by its name, and never written over", async () => {
    for (const name of ["a.cts", "a.tsx", "A.TS"])
      expect(await source("run", name, "@root", "4"), name).toEqual({ code: 0, out: "2.000000000000002\n", err: "" });
    expect((await adjoint(["opt", "a.tsx"], "export const f = (x: number) => <a>{x}</a>;")).err).toContain(
      "a.tsx:1:33 JSX is not compiled",
    );
    const given = await Promise.all([
      source("compile", "a.js"),
      source("compile", "a.ts", "-o", "./a.ts"),
      source("compile", "a.ts", "-o", ""),
      source("compile", "a.ts", "-o", "a.js", "--json"),
      source("draw", "b/../a.ts", "-o", "a.ts"),
    ]);
    expect(given.map((g) => [g.code, g.err.split("\n")[0]])).toEqual([
      [
        2,
        "adjoint compile: 'a.js' is JavaScript, expected IR or TypeScript: give the parameters types, and the file the name .ts",
      ],
      [2, "adjoint compile: -o would write over 'a.ts': give the output a name of its own"],
      [2, "adjoint compile: -o has no name of a file"],
      [2, '{"error": {"code": "usage", "message": "--json goes to standard output, without -o"}}'],
      [2, "adjoint draw: -o would write over 'b/../a.ts': give the output a name of its own"],
    ]);
    expect(written.size).toBe(0);
  });

  it("says which function is meant, and what an argument is no number of", async () => {
    const given = await Promise.all([
      source("opt", "a.ts", "--entry", "saxpi"),
      source("run", "a.ts", "@saxpy", "2", '[1, "x"]', "[1]"),
      source("run", "a.ts", "@root", '"x"'),
      adjoint(["opt", "a.d.ts"], "export declare function f(x: number): number;"),
    ]);
    expect(given.map((g) => [g.code, g.err])).toEqual([
      [1, "a.ts has no function 'saxpi', expected one of root, saxpy, scale: did you mean saxpy?\n"],
      [1, 'argument x holds "x", expected numbers\n'],
      [1, 'argument a holds "x", expected a number\n'],
      [1, "a.d.ts has no function, only declarations: name the file that has their bodies\n"],
    ]);
  });
});

describe("a misspelt word of the command line", () => {
  const options: Readonly<Record<string, readonly string[]>> = {
    opt: ["passes", "timing", "diff", "check", "print-after-all"],
    run: ["backend", "json"],
    grad: ["wrt", "json"],
    compile: ["gradient", "hessian", "types", "target", "wat", "output"],
    expr: ["gradient", "json"],
    draw: ["style", "output"],
    ops: ["json"],
    passes: ["json"],
  };
  /** A letter twice, a letter left out, two in the wrong order. */
  const misspelt = (word: string): readonly string[] => [
    `${word}${word.at(-1)}`,
    ...(word.length < 4 ? [] : [word.slice(0, -1), `${word.slice(0, -2)}${word.at(-1)}${word.at(-2)}`]),
  ];

  it.each(Object.keys(options).flatMap((name) => misspelt(name).map((typed) => [typed, name])))(
    "%s is taken for %s",
    async (typed, name) => {
      const { code, err } = await adjoint([typed]);
      expect(code).toBe(2);
      expect(err).toMatch(new RegExp(`^adjoint: unknown command '${typed}'.*did you mean ${name}\\?\n$`));
    },
  );

  it.each(
    Object.entries(options).flatMap(([command, names]) =>
      names.flatMap((name) => misspelt(name).flatMap((typed) => (typed === name ? [] : [[command, typed, name]]))),
    ),
  )("adjoint %s --%s is taken for --%s", async (command, typed, name) => {
    const { code, err } = await adjoint([command, `--${typed}`]);
    expect(code).toBe(2);
    expect(err.split("\n")[0]).toBe(`adjoint ${command}: unknown option '--${typed}': did you mean --${name}?`);
  });

  it("lists the options where none is near", async () => {
    expect((await adjoint(["ops", "--everything"])).err).toContain(
      "unknown option '--everything': the options are --help, -h, --json",
    );
  });
});
