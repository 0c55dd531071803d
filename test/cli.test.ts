// The command as a user meets it: output, errors with a caret, exit codes, reproducers that rerun.

import { describe, expect, it } from "vitest";
import { standardPasses } from "../passes/index.ts";
import { main } from "../src/cli/main.ts";
import { standardOps } from "../src/ops/index.ts";

const product = `private func @product(%a: f64, %b: f64) -> f64 {
  %c = mul %a, %b : f64
  return %c
}

func @main(%a: f64, %b: f64) -> (f64, f64, f64) {
  %one = constant 1 : f64
  %c, %da, %db = vjp @product(%a, %b) cotangents(%one) : f64, f64, f64
  return %c, %da, %db
}
`;

const written = new Map<string, string>();

function adjoint(args: readonly string[], input = product) {
  let out = "";
  let err = "";
  written.clear();
  const code = main(args, {
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
  it("runs the default pipeline, or the passes asked for by flag or by the file", () => {
    const simple =
      "func @main(%a: f64, %b: f64) -> (f64, f64, f64) {\n  %c = mul %a, %b : f64\n  return %c, %b, %a\n}\n";
    expect(adjoint(["opt", "-"])).toEqual({ code: 0, out: simple, err: "" });
    expect(adjoint(["opt", "-", "--passes", "differentiate"]).out).toContain("call @product.bwd");
    expect(adjoint(["opt", "-"], `// pass: differentiate\n${product}`).out).toContain("call @product.bwd");
  });

  it("shows what each pass does", () => {
    expect(adjoint(["opt", "-", "--diff"]).out).toContain("+   %mul = mul %c_ct, %b : f64");
    expect(adjoint(["opt", "-", "--print-after=inline"]).out).toContain("// ----- after inline");
    expect(JSON.parse(adjoint(["opt", "-", "--json"]).out).operations).toBe(1);
  });

  it("says where the text is wrong, with a caret", () => {
    const { code, err } = adjoint(["opt", "-"], "func @f(%x: f64) -> f32 {\n  return %x\n}\n");
    expect(code).toBe(1);
    expect(err).toMatch(/^<stdin>:2:\d+ .*f64.*f32.*\n.*return %x\n *\^/);
  });
});

describe("adjoint run", () => {
  it("takes JSON and gives JSON, negative and special numbers among them", () => {
    expect(adjoint(["run", "-", "15", "-20"]).out).toBe("-300\n-20\n15\n");
    expect(adjoint(["run", "-", "@main", "inf", "0", "--backend", "interpret"]).out).toBe('"nan"\n0\n"inf"\n');
  });

  it("names wrong arguments", () => {
    expect(adjoint(["run", "-", "1"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("takes 2 arguments, got 1"),
    });
    expect(adjoint(["run", "-", "1", "x"])).toMatchObject({ code: 1, err: expect.stringContaining("expected JSON") });
  });
});

describe("adjoint grad", () => {
  it("prints the function with its gradient, optimised", () => {
    expect(adjoint(["grad", "-", "@product", "--wrt", "1"]).out).toContain("return %c, %a");
  });
});

it("says how it is used", () => {
  expect(adjoint(["--help"])).toMatchObject({ code: 0, out: expect.stringContaining("adjoint opt") });
  expect(adjoint(["opt", "--help"]).out).toContain("--print-after-all");
  expect(adjoint([]).code).toBe(2);
  expect(adjoint(["optimise"])).toMatchObject({ code: 2, err: expect.stringContaining("unknown command 'optimise'") });
  expect(adjoint(["opt", "-", "--passes", "nope"])).toMatchObject({
    code: 2,
    err: expect.stringContaining("unknown pass 'nope'"),
  });
  expect(adjoint(["opt", "-", "--bogus"]).code).toBe(2);
});

describe("adjoint expr", () => {
  it("shows IR, JavaScript, value and derivatives at a glance", () => {
    const { code, out } = adjoint(["expr", "x^2*y", "--at", "x=3,y=5", "--hessian"]);
    expect(code).toBe(0);
    expect(out).toContain("mul %x, %x : f64");
    expect(out).toContain("function main(x, y) {");
    expect(out).toContain(
      "value        = 45\nd/dx         = 30\nd/dy         = 9\nd²/dxd(x, y) = 10, 6\nd²/dyd(x, y) = 6, 0\n",
    );
    expect(JSON.parse(adjoint(["expr", "a*b", "--at=a=15,b=20", "--gradient", "--json"]).out).result).toEqual([
      300,
      [20, 15],
    ]);
    expect(adjoint(["expr", "1 + 1"]).out).toContain("value = 2");
  });

  it("says what is wrong with the expression or the point", () => {
    expect(adjoint(["expr", "sin(x"])).toEqual({
      code: 1,
      out: "",
      err: "<expression>:1:6 got the end of the text, expected , or )\n  sin(x\n       ^\n",
    });
    expect(adjoint(["expr", "x*y", "--at", "x=1"]).err).toContain("--at says nothing of y, expected x, y");
    expect(adjoint(["expr", "x", "--at", "x=one"]).err).toContain("--at has 'x=one', expected name=number");
    expect(adjoint(["expr", "x", "--at", "x=1,z=2"]).code).toBe(2);
  });
});

describe("adjoint draw", () => {
  const branch =
    'func @f(%x: f64, %p: bool) -> f64 {\n  %"a\\"b" = if %p : f64 {\n    yield %x\n  } else {\n    %y = neg %x : f64\n    yield %y\n  }\n  return %"a\\"b"\n}\n';

  it("draws operations as nodes, or values", () => {
    const operations = adjoint(["draw", "-"], branch).out;
    expect(operations).toContain('n3 [label="neg", shape=box, style=rounded];\n      n0 -> n3 [label="%x: f64"];');
    expect(operations).toContain('subgraph cluster_1 {\n      label="then";');
    expect(operations).toContain('label="%a\\"b: f64"');
    const values = adjoint(["draw", "-", "--style", "values"], branch).out;
    expect(values).toContain('[label="%y: f64", shape=ellipse];');
    expect(adjoint(["draw", "-", "--style", "dots"], branch).code).toBe(2);
  });
});

describe("adjoint ops and passes", () => {
  it("list what there is, and document each", () => {
    const { out } = adjoint(["ops"]);
    for (const name of standardOps.keys()) expect(out).toMatch(new RegExp(`^${name} `, "m"));
    for (const op of standardOps.values()) expect(adjoint(["ops", op.name]).out).toContain(op.docs.semantics);
    expect(adjoint(["ops", "sine"]).err).toContain("unknown op 'sine': did you mean sin?");
    expect(JSON.parse(adjoint(["ops", "mul", "--json"]).out).traits.commutative).toBe(true);
  });

  it("show what each pass does to its example", () => {
    for (const pass of standardPasses.values()) {
      const { code, out } = adjoint(["passes", pass.name]);
      expect(code).toBe(0);
      const [, before, after] = /\/\/ before\n([\s\S]*)\/\/ after\n([\s\S]*)$/.exec(out) ?? [];
      expect(after, pass.name).not.toBe(before.trimEnd());
      expect(after.trim(), pass.name).not.toBe(before.trim());
    }
    expect(adjoint(["passes"]).out).toContain("the default pipeline, tensor level:");
    expect(adjoint(["passes", "css"]).err).toContain("unknown pass 'css': did you mean cse?");
  });
});

describe("adjoint compile", () => {
  it("writes a module, and its types beside it", () => {
    expect(adjoint(["compile", "-"]).out).toContain("export { main };");
    expect(adjoint(["compile", "-", "-o", "out.mjs", "--types"])).toEqual({ code: 0, out: "", err: "" });
    expect([...written.keys()]).toEqual(["out.mjs", "out.d.mts"]);
    expect(written.get("out.d.mts")).toBe(
      "export declare function main(a: number, b: number): [number, number, number];\n",
    );
    const { out } = adjoint(["compile", "--expr", "a*b", "--gradient", "--json"]);
    expect(JSON.parse(out).types).toBe(
      "export declare function main(a: number, b: number): [number, [number, number]];\n",
    );
    const gradient = "func @f(%x: f64[N]) -> f64 {\n  %s = reduce %x, kind = sum, axes = [0] : f64\n  return %s\n}\n";
    expect(adjoint(["compile", "-", "--gradient"], gradient.replace("@f", "@f<N>")).out).toContain(
      "f_grad$module as f_grad",
    );
    expect(adjoint(["compile", "-", "--expr", "x"]).code).toBe(2);
  });
});
