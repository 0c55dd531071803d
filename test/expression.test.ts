// compileExpression: JavaScript's meaning, mathematics' powers, and no text that does harm.

import { describe, expect, it } from "vitest";
import {
  AdjointError,
  cast,
  compile,
  compileExpression,
  grad,
  maximum,
  mul,
  parseModule,
  sin,
  type Tensor,
  tensor,
  valueAndGrad,
  where,
} from "../src/index.ts";
import type { Block, Func } from "../src/ir/index.ts";

describe("an expression", () => {
  it.each([
    ["x + 2 * 3 - 4 / 8 % 3", 1, 1 + 2 * 3 - ((4 / 8) % 3)],
    ["-x^2", 3, -9],
    ["(-x)^2", 3, 9],
    ["2 ** -x ** 2", 2, 0.0625],
    ["2 ^ 3 ^ x", 2, 512],
    ["x ^ 2 * 3", 2, 12],
    ["- - x", 2, 2],
    ["!(x > 1) ? 10 : x == 2 ? 20 : 30", 2, 20],
    ["x>1?.5:.25", 2, 0.5],
    ["x > 1 && x < 3 || x === 5 ? 1 : 0", 2, 1],
    ["Math.sin(x) + (Math . sin)(x)", 1, 2 * Math.sin(1)],
    ["Math.PI * E + LN2 - Math.SQRT1_2", 0, Math.PI * Math.E + Math.LN2 - Math.SQRT1_2],
    ["sec(x) * cos(x) + csc(x) * sin(x) + cot(x) * tan(x)", 1, 3],
    ["max(x, 1, 5) - min(x, 1, 5) + hypot(3, 4) + hypot(-x) + hypot(2, 3, 6)", 7, 25],
    ["max()", 7, -Infinity],
    ["min() + hypot()", 7, Infinity],
    ["round(x) + round(-x) + floor(x) + trunc(-x)", 2.5, 3 - 2 + 2 - 2],
    ["fround(x)", 0.1, Math.fround(0.1)],
    ["clz32(x) + clz32(0) + clz32(-x)", 1, 31 + 32 + 0],
    ["imul(x, 5)", 0xffffffff, -5],
    ["x % 3", -7, -7 % 3],
    [".5e1 + 1.e-1 + 0x1F + 0b11 + 0o17 + 1_000", 0, 5.1 + 31 + 3 + 15 + 1000],
    ["1 / Infinity + x", 1, 1],
    ["\u00a0x\u2003+\r\n1", 1, 2],
    ["atan2(x, 2) + log1p(x) + cbrt(x)", 3, Math.atan2(3, 2) + Math.log1p(3) + Math.cbrt(3)],
  ])("%s", (text, x, want) => {
    expect(compileExpression(text, ["x"])(x)).toBeCloseTo(want, 14);
    expect(compileExpression(text, ["x"], { backend: "interpret" })(x)).toBeCloseTo(want, 14);
  });

  it("knows names, then the user's constants, then those of Math", () => {
    expect(compileExpression("k * PI * E", ["E"], { constants: { k: 2, PI: 3 } })(5)).toBe(30);
    expect(compileExpression("Math.E", ["E"])(5)).toBe(Math.E);
    expect(compileExpression("x > 0", ["x"])(1)).toBe(true);
    expect(compileExpression("true != (x > 0)", ["x"])(1)).toBe(false);
    expect(compileExpression("2", [])()).toBe(2);
    expect(compileExpression("NaN", [])()).toBe(Number.NaN);
    expect(compileExpression("ä + $b + _c1 + 𝑥", ["ä", "$b", "_c1", "𝑥"])(1, 2, 3, 4)).toBe(10);
    expect(compileExpression("sin(sin)", ["sin"])(1)).toBe(Math.sin(1));
  });

  it("gives its gradient and Hessian in structures", () => {
    expect(compileExpression("a*b", ["a", "b"], { gradient: true })(15, 20)).toEqual([300, [20, 15]]);
    expect(compileExpression("a^2*b", ["a", "b"], { hessian: true })(3, 5)).toEqual([
      45,
      [30, 9],
      [
        [10, 6],
        [6, 0],
      ],
    ]);
    expect(compileExpression("x > 0 ? sqrt(x) : 0", ["x"], { gradient: true })(0)).toEqual([0, [0]]);
    expect(compileExpression("x > 0 && sqrt(x) > 1 ? 1/x : x", ["x"], { hessian: true })(0)).toEqual([0, [1], [[0]]]);
    expect(compileExpression("x", ["x"], { gradient: true, backend: "interpret" })(3)).toEqual([3, [1]]);
    expect(compileExpression("2", [], { gradient: true })()).toEqual([2, []]);
    expect(compileExpression("2", [], { hessian: true })()).toEqual([2, [], []]);
  });

  it("takes sums of 20,000 terms", () => {
    expect(compileExpression(new Array(20_000).fill("x").join("+"), ["x"])(1)).toBe(20_000);
  });

  it("takes 200 branches inside each other, with derivatives, and their IR is read again", () => {
    const text = `${Array.from({ length: 200 }, (_, i) => `x < ${i} ? ${i} * x * x : `).join("")}x`;
    const f = compileExpression(text, ["x"], { hessian: true });
    expect(f(99.5)).toEqual([100 * 99.5 * 99.5, [2 * 100 * 99.5], [[200]]]);
    expect(compile(f.ir)(99.5)).toEqual([100 * 99.5 * 99.5, 2 * 100 * 99.5, 200]);
  });

  it("has generated code with its names, and without what is computed twice", () => {
    const { source } = compileExpression("sin(x*y) + sin(x*y)*z", ["x", "y", "z"], { gradient: true });
    expect(source).toMatch(/function main\(x, y, z\)/);
    expect(source?.match(/Math\.sin/g)).toHaveLength(1);
    expect(source?.match(/Math\.cos/g)).toHaveLength(1);
  });

  it("has derivatives in straight lines, and only one of two mixed ones", () => {
    const { source } = compileExpression("exp(x*y)", ["x", "y"], { hessian: true });
    expect(source?.match(/function/g)).toHaveLength(1);
    expect(source?.match(/\*/g)?.length).toBeLessThanOrEqual(8);
  });

  it("keeps an argument's infinity out of the others' second derivatives", () => {
    expect(compileExpression("exp(x) + y^2", ["x", "y"], { hessian: true })(1000, 3)).toEqual([
      Infinity,
      [Infinity, 6],
      [
        [Infinity, 0],
        [0, 2],
      ],
    ]);
  });

  it("has all of its derivatives' operations come from the text", () => {
    const f = compileExpression("sin(x*y) / hypot(x, 3) ^ y", ["x", "y"], { hessian: true });
    const files = f.module.funcs.flatMap((func) =>
      func.body.operations.flatMap((o) => (o.op.traits.constant ? [] : [o.origin?.file])),
    );
    expect(new Set(files)).toEqual(new Set(["<expression>"]));
  });

  it("gives each operation its column, a binary one that of its operator", () => {
    const f = compileExpression("sin(x * y)\n  + ((x) ^ y > 3 ? exp(x) : 2**x)", ["x", "y"]);
    const at: string[] = [];
    const visit = (block: Block): void => {
      for (const { op, origin, regions } of block.operations) {
        if (op.name !== "constant") at.push(`${op.name} ${origin?.file} ${origin?.line}:${origin?.column}`);
        for (const region of regions) visit(region);
      }
    };
    for (const func of f.module.funcs as readonly Func[]) visit(func.body);
    expect(at.sort()).toEqual([
      "add <expression> 2:3",
      "compare <expression> 2:14",
      "exp <expression> 2:20",
      "if <expression> 2:6",
      "mul <expression> 1:7",
      "pow <expression> 2:10",
      "pow <expression> 2:30",
      "sin <expression> 1:1",
    ]);
  });
});

describe("functions of the user", () => {
  const functions = {
    relu: (x: Tensor) => maximum(x, 0),
    isBig: (x: Tensor) => where(maximum(x, 0), 1, 0),
    scaled: (x: Tensor, y: Tensor) => mul(mul(x, y), 2),
    seven: () => 7,
  };

  it("are traced where they are called, in branches too", () => {
    const f = compileExpression("x > 0 ? scaled(relu(x), y) : seven()", ["x", "y"], { functions, gradient: true });
    expect(f(3, 4)).toEqual([24, [8, 6]]);
    expect(f(-3, 4)).toEqual([7, [0, 0]]);
  });

  it("come before those of Math, but not where Math is named", () => {
    const own = { sin: (x: Tensor) => x, x: (x: Tensor) => mul(x, 10) };
    expect(compileExpression("sin(x) + Math.sin(x) + x(x)", ["x"], { functions: own })(2)).toBe(22 + Math.sin(2));
  });

  it("may use tensors from outside, which are read at each call", () => {
    const w = tensor(3);
    expect(compileExpression("w(x) + 1", ["x"], { functions: { w: (x: Tensor) => mul(x, w) } })(2)).toBe(7);
  });

  it("have to give one number", () => {
    const wrong = (fn: (...args: Tensor[]) => unknown): string =>
      messageOf("1 + f(x)", ["x"], { functions: { f: fn as never } });
    expect(wrong(() => undefined)).toBe("argument <expression>:1:5 f gives no tensor: is a return missing?");
    expect(wrong((x) => cast(x, "f32"))).toBe(
      "dtype <expression>:1:5 f gives f32, expected f64 or bool: reduce or cast it to one number",
    );
  });
});

describe("in a trace, a compiled expression", () => {
  const f = compileExpression("x^2 * y", ["x", "y"]);

  it("becomes part of the function, and is differentiated", () => {
    expect(compile((x: Tensor) => mul(f(x, sin(x)), 2), ["f64"])(1.5)).toBe(2 * (1.5 * 1.5 * Math.sin(1.5)));
    expect(valueAndGrad(f, { wrt: [0, 1] })(3, 5)).toEqual([45, [30, 9]]);
    expect(grad(grad(f))(3, 5)).toBe(10);
    const g = compileExpression("x^3", ["x"], { gradient: true });
    expect(grad((x: Tensor) => (g(x) as [Tensor, [Tensor]])[1][0])(2)).toBe(12);
  });

  it("takes f64 scalars and nothing else", () => {
    const message = (type: string): string => messageFrom(() => compile((x: Tensor) => f(x, x), [type]));
    expect(message("f32")).toMatch(/^dtype .*: argument 'x' of an expression is f32, expected f64: an expression/);
    expect(message("f64[2]")).toMatch(/^dtype .* is f64\[2\], expected f64/);
  });
});

function messageFrom(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    if (!(error instanceof AdjointError)) throw error;
    return `${error.code} ${error.message}`.replace(/ [^ ]*\.test\.ts:\d+:\d+/, " here:");
  }
  return "compiled";
}

function messageOf(text: string, names: readonly string[] = ["x"], options = {}): string {
  return messageFrom(() => compileExpression(text, names, options));
}

const operand = "expected a number, a name or (";

describe("hostile or mistaken text", () => {
  it.each([
    ["x +", `syntax <expression>:1:4 got the end of the text, ${operand}`],
    ["x y", "syntax <expression>:1:3 got 'y', expected an operator or the end"],
    ["", `syntax <expression>:1:1 got the end of the text, ${operand}`],
    ["()", `syntax <expression>:1:2 got ')', ${operand}`],
    ["(x,)", "syntax <expression>:1:3 got ',', expected an operator or )"],
    ["x;", "syntax <expression>:1:2 got ';', expected an operator or the end"],
    ["max(x x)", "syntax <expression>:1:7 got 'x', expected , or )"],
    ["max(x,)", `syntax <expression>:1:7 got ')', ${operand}`],
    ["sin(x", "syntax <expression>:1:6 got the end of the text, expected , or )"],
    ["x ? 1", "syntax <expression>:1:6 expected :"],
    ["2x", "syntax <expression>:1:2 got 'x' right after a number: write 2 * x"],
    ["1.2.3", "syntax <expression>:1:4 got '.' right after a number"],
    ["1e+", "syntax <expression>:1:2 got 'e' right after a number: write 1 * e"],
    ["017", "syntax <expression>:1:2 got '1' right after a number"],
    ["x = 3", "syntax <expression>:1:3 got '=', expected an operator or the end"],
    ["x += 3", `syntax <expression>:1:4 got '=', ${operand}`],
    ["--x", "syntax <expression>:1:1 -- has no meaning in an expression: write - -"],
    ["x++", "syntax <expression>:1:2 ++ has no meaning in an expression: write + +"],
    ["x => x", "syntax <expression>:1:3 got '=', expected an operator or the end"],
    ["~x", "syntax <expression>:1:1 the operator ~ has no meaning in an expression"],
    ["x ?? 1", `syntax <expression>:1:4 got '?', ${operand}`],
    ["x; process.exit()", "syntax <expression>:1:2 got ';', expected an operator or the end"],
    [
      "constructor.constructor('x')()",
      "syntax <expression>:1:12 members have no meaning in an expression: only Math has some",
    ],
    ["x.constructor", "syntax <expression>:1:2 members have no meaning in an expression: only Math has some"],
    ["Math.sin.call(x)", "syntax <expression>:1:9 members have no meaning in an expression: only Math has some"],
    ["Math['sin'](x)", "syntax <expression>:1:5 a subscript has no meaning in an expression"],
    ["Math?.sin(x)", `syntax <expression>:1:6 got '.', ${operand}`],
    ["sin(x)(x)", "syntax <expression>:1:7 only a name can be called"],
    ["Math", "name <expression>:1:1 unknown name 'Math': the arguments are x"],
    ["Math.PIE", "name <expression>:1:1 unknown name 'Math.PIE': did you mean PI?"],
    ["__proto__", "name <expression>:1:1 unknown name '__proto__': the arguments are x"],
    ["toString", "name <expression>:1:1 unknown name 'toString': the arguments are x"],
    ["Math.toString()", "name <expression>:1:1 unknown function 'Math.toString': the functions are"],
    ["constructor(x)", "name <expression>:1:1 unknown function 'constructor': the functions are those of Math"],
    ["1 + sine(x)", "name <expression>:1:5 unknown function 'sine': did you mean sin?"],
    ["1 + x(2)", "name <expression>:1:5 x is a number, not a function: write x * (…)"],
    ["sin", "name <expression>:1:1 sin is a function: call it: sin(…)"],
    ["Math.sin", "name <expression>:1:1 Math.sin is a function: call it: Math.sin(…)"],
    ["sin(x, x)", "arity <expression>:1:1 sin: got 2 arguments, expected 1"],
    ["this", "syntax <expression>:1:1 this has no meaning in an expression"],
    ["null", "syntax <expression>:1:1 null has no meaning in an expression"],
    ["[x]", "syntax <expression>:1:1 an array has no meaning in an expression"],
    ["'x'", "syntax <expression>:1:1 a string has no meaning in an expression"],
    ["`$" + "{x}`", `syntax <expression>:1:1 got '\`', ${operand}`],
    ["\\u0078", `syntax <expression>:1:1 got '\\', ${operand}`],
    ["x && 1", "dtype <expression>:1:1 the left of && is a number, expected a boolean: compare it: x != 0"],
    ["x + (x > 1)", "dtype <expression>:1:6 the right of + is a boolean, expected a number: write p ? 1 : 0"],
    ["sin(x > 1)", "dtype <expression>:1:5 the argument 0 of sin is a boolean, expected a number: write p ? 1 : 0"],
    ["x < 1 == x", "dtype <expression>:1:10 the right of == is a number, its left a boolean, expected two of a kind"],
    ["x ? 1 : 2", "dtype <expression>:1:1 the test of ? is a number, expected a boolean: compare it: x != 0"],
    [
      "x > 1 ? 1 : true",
      "dtype <expression>:1:13 the branches of ? give a number and a boolean, expected two of a kind",
    ],
    ["\n  x +\n  foo", "name <expression>:3:3 unknown name 'foo': the arguments are x"],
  ])("%j", (text, message) => {
    expect(messageOf(text).slice(0, message.length)).toBe(message);
  });

  it("has no gradient where it gives a boolean", () => {
    expect(messageOf("x > 1", ["x"], { gradient: true })).toBe(
      "no-derivative <expression>:1:1 the expression gives a boolean, which has no derivative: write p ? 1 : 0",
    );
  });

  it("ends in one error in bounded time, however deep it nests", () => {
    const deep = ["(", "- ", "!", "x^", "2**-", "sin(", "x>0?", "x>0?1:", "max(x,", "((x)+", "f(1,"];
    for (const text of deep) expect(messageOf(`${text.repeat(100_000)}x`), text).toMatch(/nested more than 256 deep$/);
    for (const text of ["-", "[", "x.a", "f()", "`", "x ", "1 "])
      expect(messageOf(`${text.repeat(100_000)}x`), text).toMatch(/^syntax <expression>:1:\d /);
    expect(messageOf("x".repeat(2_000_000))).toBe(
      "syntax <expression>:1:1000001 the expression has 2000000 characters, expected at most 1000000",
    );
    expect(messageOf("x".repeat(900_000)).length).toBeLessThan(200);
  });

  it("shows the place with a caret", () => {
    const frameOf = (text: string): string | undefined => {
      try {
        compileExpression(text, []);
      } catch (error) {
        return (error as AdjointError).frame;
      }
      return undefined;
    };
    expect(frameOf("1 + foo(2)")).toBe("  1 + foo(2)\n      ^");
    expect(frameOf("1 +\n 2 3\n+ 4")).toBe("   2 3\n     ^");
    expect(frameOf(`${"1+".repeat(60)}\u0000`)).toBe(`  ${"1+".repeat(20)}?\n  ${" ".repeat(40)}^`);
  });

  it("is no name of an argument, a constant or a function", () => {
    const named = (...names: unknown[]): string => messageOf("1", names as string[]);
    expect(named("a;process.exit()")).toBe(
      "name here: compileExpression: name 0 is no identifier: letters, digits, _ and $",
    );
    expect(named("x", "x")).toBe("name here: compileExpression: two arguments are called 'x'");
    expect(named("Math")).toBe("name here: compileExpression: 'Math' has a meaning of its own, so name 0 cannot be it");
    expect(named(3)).toBe("name here: compileExpression: name 0 is no identifier: letters, digits, _ and $");
    expect(messageOf("1", [], { constants: { "a;b": 1 } })).toMatch(/the name of a constant is no identifier/);
    expect(messageOf("1", [], { functions: { "": () => 1 } })).toMatch(/the name of a function is no identifier/);
    const f = compileExpression("__proto__ + constructor + eval + let", ["__proto__", "constructor", "eval", "let"]);
    expect(f(1, 2, 3, 4)).toBe(10);
    expect(f.source).not.toMatch(/__proto__ |\beval\b|\blet\b/);
    expect(parseModule(f.ir).funcs).toHaveLength(1);
  });

  it("is no option", () => {
    expect(messageOf("1", [], { gradient: 1 })).toBe(
      "option here: compileExpression: option 'gradient' is 1, expected true or false",
    );
    expect(messageOf("1", [], { constants: { a: "1" } })).toMatch(/constant 'a' is .*, expected a number/);
    expect(messageOf("1", [], { functions: { a: 1 } })).toMatch(/function 'a' is .*, expected a function/);
    expect(messageOf("1", [], { functions: 3 })).toMatch(/the functions are .*, expected an object/);
    expect(messageOf("1", [], { hesian: true })).toMatch(/unknown option 'hesian'.*did you mean hessian/);
  });
});
