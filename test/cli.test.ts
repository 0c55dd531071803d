// The command as a user meets it: output, errors with a caret, exit codes, reproducers that rerun.

import { describe, expect, it } from "vitest";
import { main } from "../src/cli/main.ts";

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

function adjoint(args: readonly string[], input = product) {
  let out = "";
  let err = "";
  const code = main(args, {
    read: () => input,
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
