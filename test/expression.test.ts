// compileExpression: JavaScript's meaning, mathematics' powers, and no text that does harm.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AdjointError, compileExpression } from "../src/index.ts";

const fuzz = Number(process.env.ADJOINT_FUZZ ?? 1);

function messageOf(text: string, names: readonly string[] = ["x"]): string {
  try {
    compileExpression(text, names);
  } catch (error) {
    if (!(error instanceof AdjointError)) throw error;
    return `${error.code} ${error.message.replace(/^test\S+ /, "")}`;
  }
  return "compiled";
}

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
    ["x > 1 && x < 3 || x === 5 ? 1 : 0", 2, 1],
    ["Math.sin(x) + sin(x)", 1, 2 * Math.sin(1)],
    ["Math.PI * E + LN2 - Math.SQRT1_2", 0, Math.PI * Math.E + Math.LN2 - Math.SQRT1_2],
    ["sec(x) * cos(x) + csc(x) * sin(x) + cot(x) * tan(x)", 1, 3],
    ["max(x, 1, 5) - min(x, 1, 5) + max() + hypot(3, 4)", 7, -Infinity],
    ["round(x) + round(-x) + floor(x) + trunc(-x)", 2.5, 3 - 2 + 2 - 2],
    ["fround(x)", 0.1, Math.fround(0.1)],
    ["x % 3", -7, -7 % 3],
    [".5e1 + 1.e-1", 0, 5.1],
    ["atan2(x, 2) + log1p(x) + cbrt(x)", 3, Math.atan2(3, 2) + Math.log1p(3) + Math.cbrt(3)],
  ])("%s", (text, x, want) => {
    expect(compileExpression(text, ["x"])(x)).toBeCloseTo(want, 14);
    expect(compileExpression(text, ["x"], { backend: "interpret" })(x)).toBeCloseTo(want, 14);
  });

  it("knows names, then the user's constants, then those of Math", () => {
    expect(compileExpression("k * PI * E", ["E"], { constants: { k: 2, PI: 3 } })(5)).toBe(30);
    expect(compileExpression("x > 0", ["x"])(1)).toBe(true);
    expect(compileExpression("2", [])()).toBe(2);
    expect(compileExpression("ä + $b + _c1", ["ä", "$b", "_c1"])(1, 2, 3)).toBe(6);
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
    expect(compileExpression("x", ["x"], { gradient: true, backend: "interpret" })(3)).toEqual([3, [1]]);
  });

  it("takes sums of 20,000 terms", () => {
    expect(compileExpression(new Array(20_000).fill("x").join("+"), ["x"])(1)).toBe(20_000);
  });
});

/** Well-formed expressions as text; powers bind in JavaScript as here where everything has parentheses. */
const wellFormed: fc.Arbitrary<string> = fc.letrec<{ e: string }>((tie) => ({
  e: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom("x", "y", "1", "0.5", "3", "Math.PI", "2e-3"),
    fc.tuple(tie("e"), fc.constantFrom("+", "-", "*", "/", "%"), tie("e")).map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc.tuple(tie("e"), tie("e")).map(([a, b]) => `Math.pow(${a}, ${b})`),
    fc
      .tuple(fc.constantFrom("sin", "exp", "sqrt", "abs", "atan", "floor", "tanh", "log1p"), tie("e"))
      .map(([f, a]) => `Math.${f}(${a})`),
    fc
      .tuple(tie("e"), fc.constantFrom("<", ">=", "===", "!="), tie("e"), tie("e"), tie("e"))
      .map(([a, op, b, c, d]) => `(${a} ${op} ${b} ? ${c} : ${d})`),
    fc.tuple(fc.constantFrom("-", "+"), tie("e")).map(([op, a]) => `(${op} ${a})`),
  ),
})).e;

const numbers = [0, -0, 1, -1, 0.5, 2.5, -3.25, 1e3, 1e-3, 1e300, Number.NaN, Infinity, -Infinity];

it("has the bits of the same text as JavaScript", () => {
  fc.assert(
    fc.property(wellFormed, fc.constantFrom(...numbers), fc.constantFrom(...numbers), (text, x, y) => {
      // pow with exponent 2 is x·x by definition, whatever the engine's pow rounds to
      fc.pre(!text.includes("pow"));
      const want = new Function("x", "y", `return ${text};`)(x, y) as number;
      for (const backend of ["js", "interpret"] as const) {
        expect(Object.is(compileExpression(text, ["x", "y"], { backend })(x, y), want), `${text} at ${x}, ${y}`).toBe(
          true,
        );
      }
    }),
    { numRuns: 300 * fuzz },
  );
});

describe("hostile text", () => {
  it.each([
    ["x +", "syntax <expression>:1:4 the expression does not parse: expected expression after +"],
    ["x y", "syntax <expression>:1:1 got no expression, or several, expected one"],
    ["", "syntax <expression>:1:1 got no expression, or several, expected one"],
    ["x = 3", 'syntax <expression>:1:3 the expression does not parse: unexpected "="'],
    ["x; process.exit()", "syntax <expression>:1:1 got no expression, or several, expected one"],
    ["constructor.constructor('x')()", "syntax <expression>:1:1 only functions of Math can be called"],
    ["x.constructor", "syntax <expression>:1:1 members have no meaning in an expression: only Math has some"],
    ["Math['sin'](x)", "syntax <expression>:1:1 members have no meaning in an expression: only Math has some"],
    ["Math.constructor", "name <expression>:1:1 unknown name 'Math.constructor': the arguments are x"],
    ["__proto__", "name <expression>:1:1 unknown name '__proto__': the arguments are x"],
    [
      "constructor(x)",
      "name <expression>:1:1 unknown function 'constructor': the functions are those of Math, sec, csc and cot",
    ],
    ["toString", "name <expression>:1:1 unknown name 'toString': the arguments are x"],
    ["1 + sine(x)", "name <expression>:1:5 unknown function 'sine': did you mean sin?"],
    ["sin", "name <expression>:1:1 sin is a function: call it: sin(…)"],
    ["sin(x, x)", "arity <expression>:1:1 sin: got 2 arguments, expected 1"],
    ["this", "syntax <expression>:1:1 this has no meaning in an expression"],
    ["[x]", "syntax <expression>:1:1 an array has no meaning in an expression"],
    ["'x'", "syntax <expression>:1:1 a string has no meaning in an expression"],
    ["x && 1", "dtype <expression>:1:1 the left of && is a number, expected a boolean: compare it: x != 0"],
    ["x + (x > 1)", "dtype <expression>:1:1 the right of + is a bool, expected a number: write p ? 1 : 0"],
    ["x ? 1 : 2", "dtype <expression>:1:1 the test of ? is a number, expected a boolean: compare it: x != 0"],
    ["x > 1 ? 1 : true", "dtype <expression>:1:1 the branches of ? give f64 and bool, expected one of them"],
    ["\n  x +\n  foo", "name <expression>:3:3 unknown name 'foo': the arguments are x"],
  ])("%j", (text, message) => {
    expect(messageOf(text)).toBe(message);
  });

  it("ends in one error in bounded time, however deep it nests", () => {
    for (const text of ["(", "-", "- ", "!", "x^", "2**-", "sin(", "x>0?", "x>0?1:", "[", "max(x,", "((x)+"]) {
      expect(messageOf(`${text.repeat(100_000)}x`), text).toMatch(/nested more than 256 deep|does not parse/);
    }
    expect(messageOf("x".repeat(2_000_000))).toBe(
      "syntax the expression has 2000000 characters, expected at most 1000000",
    );
  });

  it("shows the place with a caret", () => {
    try {
      compileExpression("1 + foo(2)", []);
    } catch (error) {
      expect((error as AdjointError).frame).toBe("  1 + foo(2)\n      ^");
    }
  });

  it("never is anything but an error of ours, whatever it holds", () => {
    const alphabet = [
      "x",
      "sin",
      "Math",
      ".",
      "(",
      ")",
      "[",
      "]",
      "`",
      "$",
      "{",
      "}",
      "'",
      '"',
      "\\u0061",
      "=",
      "=>",
      ";",
      ",",
      "?",
      ":",
      "^",
      "**",
      "-",
      "!",
      "&&",
      "1",
      "1e9",
      "constructor",
      "__proto__",
      "process",
      "new ",
      "function",
      " ",
      "\n",
      "π",
      "/",
      "//",
      "/*",
      "%",
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...alphabet), { maxLength: 12 }), (parts) => {
        expect(messageOf(parts.join(""))).not.toBe("");
      }),
      { numRuns: 2000 * fuzz },
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => void messageOf(text)),
      { numRuns: 500 * fuzz },
    );
  });

  it("is no name of an argument", () => {
    const named = (...names: unknown[]): string => messageOf("1", names as string[]);
    expect(named("a;process.exit()")).toBe("name compileExpression: name 0 is no identifier: letters, digits, _ and $");
    expect(named("x", "x")).toBe("name compileExpression: two arguments are called 'x'");
    expect(named("Math")).toBe("name compileExpression: 'Math' cannot name an argument");
    expect(named(3)).toBe("name compileExpression: name 0 is no identifier: letters, digits, _ and $");
    const f = compileExpression("__proto__ + constructor + eval + let", ["__proto__", "constructor", "eval", "let"]);
    expect(f(1, 2, 3, 4)).toBe(10);
    expect(f.source).not.toMatch(/__proto__|\beval\b|\blet\b/);
  });
});
