// The driver: entries, backends, checks that catch a wrong pass, and reproducers that the command reruns.

import { describe, expect, it } from "vitest";
import { standardPasses } from "../passes/index.ts";
import { main, processIo } from "../src/cli/main.ts";
import { compileModule, runPasses } from "../src/compile/index.ts";
import { type Func, type Module, makeModule, type NdArray } from "../src/ir/index.ts";
import { parse } from "../src/ops/index.ts";
import { definePass, type Pass, Pipeline } from "../src/rewrite/index.ts";
import { errorOf } from "./support/errors.ts";

const square = "func @square(%x: f64) -> f64 {\n  %y = mul %x, %x : f64\n  return %y\n}\n";
const double = "func @double(%x: f64) -> f64 {\n  %y = add %x, %x : f64\n  return %y\n}\n";
const three: NdArray = { dtype: "f64", shape: [], data: Float64Array.of(3) };

/** Loop level, and two equal operations for cse. */
const loops = `func @f<N>(%x: memref<f64[N]>, %c: out memref<f64[N]>) {
  for %i: index = 0 to N {
    %a = load %x[%i] : f64
    %b = mul %a, %a : f64
    %d = mul %a, %a : f64
    %e = add %b, %d : f64
    store %e, %c[%i]
  }
  return
}
`;

async function adjoint(args: readonly string[], input: string) {
  const parts = { out: "", err: "" };
  const code = await main(args, {
    ...processIo,
    read: () => input,
    write: () => undefined,
    out: (text) => {
      parts.out += text;
    },
    err: (text) => {
      parts.err += text;
    },
  });
  return { code, ...parts };
}

const only = (...passes: Pass[]): Pipeline => new Pipeline(passes.map((pass) => ({ pass, reason: "a test" })));

/** A pass that gives every function the body of another text. */
function becomes(text: string): Pass {
  return definePass({ name: "becomes", summary: "Replaces.", run: () => parse(text) });
}

describe("compileModule", () => {
  it("takes the last public function, or the one named", () => {
    const module = parse(`${square}\n${double}\nprivate ${square.replace("@square", "@hidden")}`);
    expect(compileModule(module).entry).toBe("double");
    expect(compileModule(module, { entry: "square" }).executable.run([three])[0].data[0]).toBe(9);
    expect(errorOf(() => compileModule(module, { entry: "cube" }))).toMatchObject({ code: "name" });
    expect(errorOf(() => compileModule(parse(`private ${square}`))).code).toBe("name");
  });

  it("runs on both backends, with source only where code is generated", () => {
    const module = parse(square);
    const [interpreted, generated] = (["interpret", "js"] as const).map((backend) =>
      compileModule(module, { backend }),
    );
    expect(interpreted.source).toBeNull();
    expect(generated.source).toContain("*");
    for (const { executable } of [interpreted, generated]) expect(executable.run([three])[0].data[0]).toBe(9);
    expect(errorOf(() => compileModule(module, { backend: "cuda" })).code).toBe("option");
  });

  it("logs each pass of the tensor pipeline, then of the loop pipeline", () => {
    const vector = square.replaceAll("f64", "f64[N]").replace("@square", "@square<N>");
    const names = compileModule(parse(vector), { backend: "js" }).log.entries.map((e) => e.pass);
    expect(names[0]).toBe("refine-shapes");
    expect(names.indexOf("lower-to-loops")).toBeGreaterThan(names.indexOf("inline"));
  });
});

describe("check", () => {
  it("validate names the pass, the inputs and both results; verify and none let a valid change pass", () => {
    const wrong = only(becomes(square.replace("mul %x, %x", "add %x, %x")));
    const error = errorOf(() => runPasses(parse(square), wrong, { check: "validate" }));
    expect(error.code).toBe("validate");
    expect(error.message).toMatch(/pass becomes: changed @square: result 0 is .* was .* for f64/);
    expect(error.reproducer).toBe(`// pass: becomes\n${square}`);
    for (const check of ["none", "verify"] as const) runPasses(parse(square), wrong, { check });
  });

  it.each([
    ["the sign of zero", "%z = constant 0 : f64\n  %y = add %x, %z : f64"],
    ["NaN", "%z = constant 0 : f64\n  %y = mul %x, %z : f64"],
    [
      "subnormals",
      "%h = constant 0.5 : f64\n  %t = constant 2 : f64\n  %m = mul %x, %h : f64\n  %y = mul %m, %t : f64",
    ],
  ])("validate sees a change of %s only", (_, body) => {
    const after = body.startsWith("%z = constant 0 : f64\n  %y = mul")
      ? "%y = constant 0 : f64"
      : "%o = constant 1 : f64\n  %y = mul %x, %o : f64";
    const text = (inside: string): string => `func @f(%x: f64) -> f64 {\n  ${inside}\n  return %y\n}\n`;
    const run = () => runPasses(parse(text(body)), only(becomes(text(after))), { check: "validate" });
    expect(errorOf(run).code).toBe("validate");
  });

  it("validate runs symbolic sizes, with f32 subnormals among the elements", () => {
    const text = (inside: string): string => `func @f<N>(%x: f32[N]) -> f32[N] {\n  ${inside}\n  return %y\n}\n`;
    const halves =
      "%h = constant 0.5 : f32[N]\n  %t = constant 2 : f32[N]\n  %m = mul %x, %h : f32[N]\n  %y = mul %m, %t : f32[N]";
    const run = () =>
      runPasses(parse(text(halves)), only(becomes(text("%o = constant 1 : f32[N]\n  %y = mul %x, %o : f32[N]"))), {
        check: "validate",
      });
    expect(errorOf(run).code).toBe("validate");
  });

  it("verify names the pass that broke the IR", () => {
    const breaks = definePass({
      name: "breaks",
      summary: "Leaves a result without its definition.",
      run(module: Module): Module {
        const strip = (f: Func): Func => ({ ...f, body: { ...f.body, operations: [] } });
        return makeModule(module.funcs.map(strip));
      },
    });
    const error = errorOf(() => runPasses(parse(square), only(breaks), { check: "verify" }));
    expect(error).toMatchObject({ code: "verify", reproducer: `// pass: breaks\n${square}` });
    expect(error.message).toContain("pass breaks: ");
  });
});

describe("reproducers", () => {
  it("of a pass at loop level is taken by opt as it is", async () => {
    const cse = standardPasses.get("cse") as Pass;
    const failing = definePass({
      ...cse,
      run: () => {
        throw new Error("lost");
      },
    });
    const { reproducer } = errorOf(() => runPasses(parse(loops), only(failing), { check: "verify" }));
    const { code, out, err } = await adjoint(["opt", "-"], reproducer ?? "");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.match(/ = mul /g)).toHaveLength(1);
  });
});

describe("the command's options", () => {
  it("may follow negative numbers", async () => {
    expect(await adjoint(["run", "-", "-3", "--backend", "interpret"], square)).toEqual({
      code: 0,
      out: "9\n",
      err: "",
    });
    expect((await adjoint(["run", "-", "--backend", "js", "-inf", "--json"], square)).out).toBe('["inf"]\n');
  });

  it("give gradients as JSON, and name an argument that the function lacks", async () => {
    const { module } = JSON.parse((await adjoint(["grad", "-", "@square", "--json"], square)).out);
    expect(module).toContain("func @square_grad(%x: f64)");
    const { code, err } = await adjoint(["grad", "-", "@square", "--wrt", "7"], square);
    expect({ code, err }).toEqual({ code: 1, err: "--wrt names argument 7, @square has 1: arguments count from 0\n" });
  });

  it("know every pass they name", async () => {
    expect(await adjoint(["opt", "-", "--print-after=nope"], square)).toMatchObject({ code: 2, out: "" });
  });
});
