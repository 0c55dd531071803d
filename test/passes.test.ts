// Passes: what each does and leaves alone; unchanged means the same reference; large functions in linear time.

import { describe, expect, it } from "vitest";
import {
  canonicalize,
  constantFolding,
  cse,
  deadNodeElimination,
  loopPipeline,
  refineShapes,
  refineTo,
  standardPasses,
  tensorPipeline,
} from "../passes/index.ts";
import { interpret } from "../src/backend/index.ts";
import {
  buildFunc,
  countOperations,
  type Module,
  makeModule,
  printModule,
  scalar,
  symbol,
  type Type,
  tensorType,
  unranked,
  type Value,
  verify,
} from "../src/ir/index.ts";
import { add, constant, exp, mul, neg, parse, select, sin, standardOps } from "../src/ops/index.ts";
import type { Pass } from "../src/rewrite/index.ts";
import { errorOf } from "./support/errors.ts";
import { product } from "./support/product.ts";

const context = { ops: standardOps, fast: false };

/** The text after a pass; the result verifies, and running the pass again changes nothing. */
function optimised(pass: Pass, text: string): string {
  const module = parse(text);
  verify(module);
  const next = pass.run(module, context);
  verify(next);
  expect(pass.run(next, context)).toBe(next);
  return printModule(next);
}

function unchanged(pass: Pass, text: string): void {
  const module = parse(text);
  verify(module);
  expect(pass.run(module, context)).toBe(module);
}

const f = (head: string, ...lines: string[]): string => `func @f${head} {\n${lines.map((l) => `  ${l}\n`).join("")}}\n`;

const large = 100_000;

function build(args: readonly Type[], body: (...args: Value[]) => readonly Value[]): Module {
  return makeModule([buildFunc({ name: "f" }, args, body)]);
}

/** sin(sin(… x)). */
function chain(): Module {
  return build([scalar("f64")], (x) => {
    let v = x;
    for (let i = 0; i < large; i++) v = sin(v);
    return [v];
  });
}

describe("every pass", () => {
  for (const pass of standardPasses.values()) {
    it(`${pass.name} gives the same module back where there is nothing to do`, () => {
      unchanged(pass, f("(%x: f64, %y: f64) -> f64", "%s = sin %x : f64", "%m = mul %s, %y : f64", "return %m"));
    });
  }

  for (const pass of [canonicalize, constantFolding, cse, deadNodeElimination, refineShapes]) {
    it(`${pass.name} takes a chain of 100,000 operations`, () => {
      const module = chain();
      expect(pass.run(module, context)).toBe(module);
    });
  }
});

describe("canonicalize", () => {
  it("leaves one multiplication of a product's derivative", () => {
    const text = f(
      "(%a: f64, %b: f64) -> (f64, f64)",
      "%one = constant 1 : f64",
      "%da = mul %one, %b : f64",
      "%db = mul %a, %one : f64",
      "return %da, %db",
    );
    expect(optimised(canonicalize, text)).toBe(
      f("(%a: f64, %b: f64) -> (f64, f64)", "%one = constant 1 : f64", "return %b, %a"),
    );
  });

  it("rewrites where an inner operand of a region comes from outside", () => {
    const text = f(
      "(%p: bool, %x: f64) -> f64",
      "%n = neg %x : f64",
      "%y = if %p : f64 {",
      "  %m = neg %n : f64",
      "  yield %m",
      "} else {",
      "  yield %n",
      "}",
      "return %y",
    );
    expect(optimised(canonicalize, text)).toContain("yield %x");
  });

  it("follows known branches inside known branches", () => {
    const text = f(
      "(%x: f64) -> f64",
      "%p = constant true : bool",
      "%y = if %p : f64 {",
      "  %z = if %p : f64 {",
      "    %n = neg %x : f64",
      "    yield %n",
      "  } else {",
      "    yield %x",
      "  }",
      "  %m = neg %z : f64",
      "  yield %m",
      "} else {",
      "  yield %x",
      "}",
      "return %y",
    );
    expect(optimised(canonicalize, text)).toContain("return %x");
  });
});

describe("constant-folding", () => {
  it("computes what the interpreter would, and keeps names", () => {
    const text = f(
      "() -> (f64, bool)",
      "%a = constant 0.5 : f64",
      "%s = sin %a : f64",
      "%p = compare %s, %a, direction = lt : bool",
      "return %s, %p",
    );
    const next = optimised(constantFolding, text);
    expect(next).toContain(`%s = constant ${Math.sin(0.5)} : f64`);
    expect(next).toContain("%p = constant true : bool");
  });

  it("rounds to the dtype and wraps integers", () => {
    const text = f(
      "() -> (f32, i32, u8)",
      "%a = constant 0.1 : f32",
      "%b = add %a, %a : f32",
      "%c = constant 2147483647 : i32",
      "%d = add %c, %c : i32",
      "%e = constant 200 : u8",
      "%g = add %e, %e : u8",
      "return %b, %d, %g",
    );
    const next = optimised(constantFolding, text);
    expect(next).toContain("%b = constant 0.2 : f32");
    expect(next).toContain("%d = constant -2 : i32");
    expect(next).toContain("%g = constant 144 : u8");
  });

  it("folds equal elements whatever the shape, and small arrays", () => {
    const splat = f("<B>(%x: f64[B]) -> f64[B]", "%c = constant 2 : f64[B]", "%e = mul %c, %c : f64[B]", "return %e");
    expect(optimised(constantFolding, splat)).toContain("%e = constant 4 : f64[B]");
    const dense = f("() -> f64[2]", "%c = constant dense<[1, 2]> : f64[2]", "%e = mul %c, %c : f64[2]", "return %e");
    expect(optimised(constantFolding, dense)).toContain("%e = constant dense<[1, 4]> : f64[2]");
    const sum = f(
      "() -> f64",
      "%c = constant dense<[1, 2]> : f64[2]",
      "%e = reduce %c, kind = sum, axes = [0] : f64",
      "return %e",
    );
    expect(optimised(constantFolding, sum)).toContain("%e = constant 3 : f64");
  });

  it("leaves what would grow, what is large, and what has effects", () => {
    unchanged(constantFolding, f("() -> f64[1000, 1000]", "%i = iota axis = 0 : f64[1000, 1000]", "return %i"));
    unchanged(
      constantFolding,
      f(
        "() -> f64[9, 2]",
        "%c = constant dense<[1, 2]> : f64[2]",
        "%e = broadcast %c, axes = [1] : f64[9, 2]",
        "return %e",
      ),
    );
    unchanged(constantFolding, f("() -> f64", "%c = constant 1 : f64", '%e = probe %c, name = "c" : f64', "return %e"));
    unchanged(
      constantFolding,
      f("() -> ()".replace(" -> ()", ""), "%c = constant false : bool", 'check %c, message = "no"', "return"),
    );
  });

  it("keeps sizes free of -0", () => {
    const text = f(
      "() -> index",
      "%a = constant 0 : index",
      "%b = constant -1 : index",
      "%c = mul %a, %b : index",
      "return %c",
    );
    expect(optimised(constantFolding, text)).toContain("%c = constant 0 : index");
  });

  it("folds inside regions", () => {
    const text = f(
      "(%p: bool) -> f64",
      "%a = constant 2 : f64",
      "%y = if %p : f64 {",
      "  %b = mul %a, %a : f64",
      "  yield %b",
      "} else {",
      "  yield %a",
      "}",
      "return %y",
    );
    expect(optimised(constantFolding, text)).toContain("%b = constant 4 : f64");
  });

  it("folds a chain of 100,000 operations", () => {
    const module = build([], () => {
      let v = constant(1, scalar("f64"));
      for (let i = 0; i < large; i++) v = neg(v);
      return [v];
    });
    const next = constantFolding.run(module, context);
    expect(countOperations(deadNodeElimination.run(next, context))).toBe(1);
    expect(interpret(next, "f", [])[0].data[0]).toBe(1);
  });
});

describe("cse", () => {
  it("merges equal operations, either way round where the op commutes", () => {
    const text = f(
      "(%x: f64, %y: f64) -> (f64, f64, f64)",
      "%a = mul %x, %y : f64",
      "%b = mul %y, %x : f64",
      "%c = neg %a : f64",
      "%d = neg %b : f64",
      "return %b, %c, %d",
    );
    expect(optimised(cse, text)).toBe(
      f("(%x: f64, %y: f64) -> (f64, f64, f64)", "%a = mul %x, %y : f64", "%c = neg %a : f64", "return %a, %c, %c"),
    );
  });

  it("tells attributes, types and signed zeros apart", () => {
    unchanged(
      cse,
      f(
        "(%x: f64, %y: f64) -> (bool, bool, f32, i32, f64, f64)",
        "%a = compare %x, %y, direction = lt : bool",
        "%b = compare %x, %y, direction = le : bool",
        "%c = cast %x : f32",
        "%d = cast %x : i32",
        "%e = constant 0 : f64",
        "%g = constant -0 : f64",
        "return %a, %b, %c, %d, %e, %g",
      ),
    );
  });

  it("lets regions see what is outside, and not each other", () => {
    const text = f(
      "(%p: bool, %x: f64) -> (f64, f64)",
      "%a = sin %x : f64",
      "%y = if %p : f64 {",
      "  %b = sin %x : f64",
      "  %c = cos %x : f64",
      "  %d = add %b, %c : f64",
      "  yield %d",
      "} else {",
      "  %e = cos %x : f64",
      "  yield %e",
      "}",
      "%g = cos %x : f64",
      "%h = add %y, %g : f64",
      "return %a, %h",
    );
    const next = optimised(cse, text);
    expect(next.match(/sin/g)?.length).toBe(1);
    expect(next.match(/cos/g)?.length).toBe(3);
  });

  it("merges operations with equal regions", () => {
    const branch = (name: string, last: string): string[] => [
      `${name} = if %p : f64 {`,
      "  %b = sin %x : f64",
      `  %c = ${last} %b : f64`,
      "  yield %c",
      "} else {",
      "  yield %x",
      "}",
    ];
    const text = (last: string): string =>
      f("(%p: bool, %x: f64) -> (f64, f64)", ...branch("%y", "neg"), ...branch("%z", last), "return %y, %z");
    expect(optimised(cse, text("neg"))).toContain("return %y, %y");
    unchanged(cse, text("cos"));
  });

  it("never merges effects", () => {
    const shown = '= probe %x, name = "x" : f64';
    unchanged(cse, f("(%x: f64) -> (f64, f64)", `%a ${shown}`, `%b ${shown}`, "return %a, %b"));
  });

  it("merges 100,000 equal operations into one", () => {
    const module = build([scalar("f64")], (x) => {
      const sines = Array.from({ length: large }, () => sin(x));
      return [sines.reduce((a, b) => add(a, b))];
    });
    expect(countOperations(cse.run(module, context))).toBe(large);
  });
});

describe("dead-node-elimination", () => {
  it("removes what is unused, in regions too, and keeps effects", () => {
    const text = f(
      "(%p: bool, %x: f64) -> f64",
      "%a = sin %x : f64",
      "%b = neg %a : f64",
      '%c = probe %x, name = "x" : f64',
      'check %p, message = "p"',
      "%y = if %p : f64 {",
      "  %d = cos %x : f64",
      "  yield %x",
      "} else {",
      '  %e = probe %x, name = "e" : f64',
      "  yield %x",
      "}",
      "return %x",
    );
    const next = optimised(deadNodeElimination, text);
    expect(next).not.toMatch(/sin|neg|cos/);
    expect(next.match(/probe/g)?.length).toBe(2);
    expect(next).toContain("check");
  });

  it("drops results of branches that nobody uses", () => {
    const text = f(
      "(%p: bool, %x: f64) -> f64",
      "%y, %z = if %p : f64, f64 {",
      "  %d = cos %x : f64",
      "  yield %x, %d",
      "} else {",
      "  %e = sin %x : f64",
      "  yield %e, %e",
      "}",
      "return %z",
    );
    const next = optimised(deadNodeElimination, text);
    expect(next).toContain("%z = if %p : f64 {");
    expect(next).toContain("yield %d\n");
  });

  it("drops private functions that no public one reaches", () => {
    const g = "private func @g(%x: f64) -> f64 {\n  %s = sin %x : f64\n  return %s\n}\n";
    const h = "private func @h(%x: f64) -> f64 {\n  %s = call @g(%x) : f64\n  return %s\n}\n";
    const called = f("(%x: f64) -> f64", "%y = call @g(%x) : f64", "return %y");
    expect(optimised(deadNodeElimination, `${g}\n${h}\n${called}`)).toBe(`${g}\n${called}`);
    const uncalled = f("(%x: f64) -> f64", "%y = call @g(%x) : f64", "return %x");
    expect(optimised(deadNodeElimination, `${g}\n${uncalled}`)).toBe(f("(%x: f64) -> f64", "return %x"));
  });

  it("removes 100,000 unused operations, deep or wide", () => {
    const deep = build([scalar("f64")], (x) => {
      let v = x;
      for (let i = 0; i < large; i++) v = sin(v);
      return [x];
    });
    const wide = build([scalar("f64")], (x) => {
      for (let i = 0; i < large; i++) sin(x);
      return [x];
    });
    for (const module of [deep, wide]) expect(countOperations(deadNodeElimination.run(module, context))).toBe(0);
  });
});

describe("refine-shapes", () => {
  const open = f(
    "(%x: f32[*], %y: f32[*]) -> f32[*]",
    "%s = add %x, %y : f32[*]",
    "%m = reduce %s, kind = sum, axes = [-1] : f32[*]",
    "%c = cast %m : f32[*]",
    "return %c",
  );

  function refined(text: string, entry: string, ...types: Type[]): string {
    const module = parse(text);
    verify(module);
    const next = refineTo(entry, types).run(module, context);
    verify(next);
    expect(refineShapes.run(next, context)).toBe(next);
    expect(refineTo(entry, types).run(next, context)).toBe(next);
    return printModule(next);
  }

  it("leaves open what the arguments leave open", () => {
    unchanged(refineShapes, open);
  });

  it("writes broadcasting out and counts axes from the front", () => {
    expect(refined(open, "f", tensorType("f32", [4, 1]), tensorType("f32", [3]))).toBe(
      f(
        "(%x: f32[4, 1], %y: f32[3]) -> f32[4]",
        "%reshape = reshape %x : f32[4]",
        "%broadcast = broadcast %reshape, axes = [0] : f32[4, 3]",
        "%broadcast_1 = broadcast %y, axes = [1] : f32[4, 3]",
        "%s = add %broadcast, %broadcast_1 : f32[4, 3]",
        "%m = reduce %s, kind = sum, axes = [1] : f32[4]",
        "%c = cast %m : f32[4]",
        "return %c",
      ),
    );
  });

  it("takes ranked types without a change where they fit", () => {
    const next = refined(open, "f", tensorType("f32", [4, 3]), tensorType("f32", [4, 3]));
    expect(next).toContain("%s = add %x, %y : f32[4, 3]");
  });

  it("substitutes symbols that become known, constraints and attributes included", () => {
    const text = f(
      "<B, K>(%x: f32[B, K]) -> (f32[K, B], i32) where B >= 1, K == 2*B",
      "%p = permute %x, permutation = [1, 0] : f32[K, B]",
      "%c = constant 2 : f32[K, B]",
      "%m = mul %p, %c : f32[K, B]",
      "%d = dim 2*B+K : i32",
      "return %m, %d",
    );
    const next = refined(text, "f", tensorType("f32", [3, 6]));
    expect(next).toContain("func @f(%x: f32[3, 6]) -> (f32[6, 3], i32) {");
    expect(next).toContain("%c = constant 2 : f32[6, 3]");
    expect(next).toContain("%d = dim 12 : i32");
    const error = errorOf(() => refined(text, "f", tensorType("f32", [3, 5])));
    expect(error.code).toBe("shape");
    expect(error.message).toMatch("K == 2*B");
  });

  it("refuses types that do not fit the parameters", () => {
    const text = f("(%x: f32[2, 3]) -> f32[2, 3]", "return %x");
    const wrong = [tensorType("f32", [2]), tensorType("f64", [2, 3]), tensorType("f32", [2, 4])];
    for (const type of wrong) expect(errorOf(() => refined(text, "f", type)).message).toMatch("expected f32[2, 3]");
    expect(errorOf(() => refined(text, "g", unranked("f32"))).message).toMatch("no function @g: it has @f");
    expect(errorOf(() => refined(text, "f")).code).toBe("arity");
  });

  it("copies a private function for each signature it is called with", () => {
    const g = "private func @g(%x: f32[*], %y: f32[*]) -> f32[*] {\n  %s = mul %x, %y : f32[*]\n  return %s\n}\n";
    const main = `func @main(%a: f32[*], %b: f32[*]) -> (f32[*], f32[*], f32[*]) {
  %u = call @g(%a, %a) : f32[*]
  %v = call @g(%b, %a) : f32[*]
  %w = call @g(%a, %a) : f32[*]
  return %u, %v, %w
}
`;
    const text = refined(
      `${g}\n${main}`,
      "main",
      tensorType("f32", [symbol("N")]),
      tensorType("f32", [symbol("N"), 1]),
    );
    expect(text).toContain("private func @g<N>(%x: f32[N], %y: f32[N]) -> f32[N] {");
    expect(text).toContain("private func @g.v2<N>(%x: f32[N, 1], %y: f32[N]) -> f32[N, N] {");
    expect(text).toContain("func @main<N>(%a: f32[N], %b: f32[N, 1]) -> (f32[N], f32[N, N], f32[N]) {");
    expect(text).toContain("%u = call @g(%a, %a) : f32[N]");
    expect(text).toContain("%v = call @g.v2(%b, %a) : f32[N, N]");
    expect(text).toContain("%w = call @g(%a, %a) : f32[N]");
  });

  it("binds the sizes of a callee that its arguments no longer give", () => {
    const g = `private func @g<B>(%x: f32[2*B]) -> f32[2*B] {
  %s = sin %x : f32[2*B]
  return %s
}
`;
    const main = `func @main<B>(%a: f32[B], %b: f32[2*B]) -> f32[2*B] {
  %u = call @g<B = B>(%b) : f32[2*B]
  return %u
}
`;
    unchanged(refineShapes, `${g}\n${main}`);
    const text = refined(`${g}\n${main}`, "main", tensorType("f32", [3]), tensorType("f32", [6]));
    expect(text).toContain("private func @g(%x: f32[6]) -> f32[6] {");
    expect(text).toContain("%u = call @g(%b) : f32[6]");
  });

  it("carries refined types through branches and loops", () => {
    const text = f(
      "(%p: bool, %x: f32[*]) -> (f32[*], f32[*])",
      "%y = if %p : f32[*] {",
      "  %s = sin %x : f32[*]",
      "  yield %s",
      "} else {",
      "  yield %x",
      "}",
      "%z = while carry(%a: f32[*] = %y) : f32[*] {",
      "  yield %p",
      "} do(%b: f32[*]) {",
      "  %n = neg %b : f32[*]",
      "  yield %n",
      "}",
      "return %y, %z",
    );
    const next = refined(text, "f", scalar("bool"), tensorType("f32", [2, 3]));
    expect(next).not.toContain("[*]");
    expect(next).toContain("while carry(%a: f32[2, 3] = %y) : f32[2, 3]");
  });

  it("goes down chains of 2,000 calls", () => {
    const n = 2000;
    const funcs = Array.from({ length: n }, (_, i) => {
      const body = i === 0 ? "  %y = sin %x : f32[*]\n" : `  %y = call @g${i - 1}(%x) : f32[*]\n`;
      return `private func @g${i}(%x: f32[*]) -> f32[*] {\n${body}  return %y\n}\n`;
    });
    const main = `func @f(%x: f32[*]) -> f32[*] {\n  %y = call @g${n - 1}(%x) : f32[*]\n  return %y\n}\n`;
    expect(refined(`${funcs.join("\n")}\n${main}`, "f", tensorType("f32", [5]))).not.toContain("[*]");
  });
});

describe("the tensor pipeline", () => {
  const run = (module: Module): Module => tensorPipeline.run(module, (pass, m) => pass.run(m, context));

  it("gives the derivative of a product as the other factor", () => {
    const next = run(parse(product));
    verify(next);
    expect(printModule(next)).toBe(
      "func @main(%a: f64, %b: f64) -> (f64, f64, f64) {\n  %c = mul %a, %b : f64\n  return %c, %b, %a\n}\n",
    );
    expect(run(next)).toBe(next);
  });

  it("converges on constants behind known branches", () => {
    const module = build([scalar("f64")], (x) => {
      let v = x;
      for (let i = 0; i < 5; i++) {
        const c = mul(constant(i, scalar("f64")), constant(0, scalar("f64")));
        v = add(mul(v, exp(c)), exp(c));
        v = select(constant(true, scalar("bool")), v, neg(v));
      }
      return [v];
    });
    const next = run(module);
    verify(next);
    expect(run(next)).toBe(next);
    expect(printModule(next)).not.toMatch(/exp|select|mul/);
  });

  for (const op of standardOps.values()) {
    it(`takes the example of ${op.name} to loops, and has nothing left to do on its own result`, () => {
      const module = parse(op.docs.example);
      const next = run(module);
      verify(next);
      expect(run(next)).toBe(next);
      if (next.funcs.some((fn) => fn.body.arguments.some((a) => a.type.kind === "memref"))) return;
      const loops = loopPipeline.run(next, (pass, m) => pass.run(m, context));
      verify(loops, { level: "loop" });
    });
  }
});
