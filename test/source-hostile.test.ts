// Source that nobody writes but to see what happens: each gives the right answer, or an error at its place.

import { describe, expect, it } from "vitest";
import { AdjointError } from "../src/ir/index.ts";
import { compileSource } from "../src/source/index.ts";
import { errorOf } from "./support/errors.ts";

const inFunction = (body: string): string => `export function f(x: number): number {\n${body}\n}\n`;

/** What the program gives for 3, or what is said instead. */
function outcome(text: string): unknown {
  try {
    return compileSource(text, { file: "a.ts", entry: text.includes("function main") ? "main" : "f" })(3);
  } catch (error) {
    if (error instanceof AdjointError) return `${error.code} ${error.reason}`;
    throw error;
  }
}

const many = 10_000;
const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join("\n");
const tooDeep = /^unsupported (nesting deeper than 250|branches and loops nest deeper than 200)/;

describe("deep and long source", () => {
  it.each([
    ["parentheses", `return ${"(".repeat(many)}x${")".repeat(many)};`],
    ["signs", `return ${"- ".repeat(many)}x;`],
    ["calls", `return ${"Math.abs(".repeat(many)}x${")".repeat(many)};`],
    ["branches", `${"if (x > 0) { ".repeat(many)}x = 2;${"}".repeat(many)} return x;`],
    ["loops", `${"for (let i = 0; i < 1; i++) {".repeat(many)}x++;${"}".repeat(many)} return x;`],
    [
      "a chain of else if",
      `if (x === 0) x = 1;\n${lines(many, (i) => `else if (x === ${i + 1}) x = ${i};`)} return x;`,
    ],
    ["early returns", `${lines(many, (i) => `if (x === ${i + 10}) return ${i};`)} return x;`],
    ["ternaries", `return ${lines(many, (i) => `x === ${i} ? ${i} :`)} x;`],
  ])("%s within one another are refused", (_, body) => {
    expect(outcome(inFunction(body))).toMatch(tooDeep);
  });

  it.each([
    [
      "100 loops within one another",
      `${"for (let i = 0; i < 1; i++) {".repeat(100)}x++;${"}".repeat(100)} return x;`,
      4,
    ],
    ["150 early returns", `${lines(150, (i) => `if (x === ${i + 10}) return ${i};`)} return x;`, 3],
    ["a long sum", `return ${lines(many, (i) => `x * ${i} +`)} 0;`, 3 * ((many * (many - 1)) / 2)],
    ["a long condition", `return ${lines(many, (i) => `x !== ${i + 9} &&`)} true ? 1 : 0;`, 1],
    ["many cases", `switch (x) { ${lines(many, (i) => `case ${i}: x = ${i + 1}; break;`)} } return x;`, 4],
    ["20,000 lines", `${lines(20_000, (i) => `x = x * 0.5 + ${i % 7};`)} return x > 0 ? 1 : 0;`, 1],
    ["many branches", `${lines(5000, (i) => `if (x > ${i}) x--;`)} return x;`, 1],
    ["a large table", `const a = [${lines(20_000, (i) => `${i},`)}]; return a[x];`, 3],
    ["a long sequence", `return (${lines(many, () => "x,")} 7);`, 7],
    ["many cases that fall through", `switch (x) { ${lines(5000, (i) => `case ${i}: x++;`)} } return x;`, 5000],
    ["a long name", `const ${"v".repeat(100_000)} = x; return ${"v".repeat(100_000)};`, 3],
  ])("%s give the right answer", (_, body, expected) => {
    expect(outcome(inFunction(body))).toBe(expected);
  });

  it("says where the nesting is too deep", () => {
    const error = errorOf(() => compileSource(inFunction(`\n  return ${"(".repeat(many)}x${")".repeat(many)};`)));
    expect(error.origin?.line).toBe(3);
    expect(error.origin?.column).toBeGreaterThan(250);
  });

  it.each([
    [
      "functions that call one another",
      `${lines(3000, (i) => `function f${i + 1}(x: number): number { return f${i}(x); }`)}\nconst f0 = (x: number) => x;\n${inFunction("return f3000(x);")}`,
      /^unsupported .*nest too deep/,
    ],
    [
      "constants that follow from one another",
      `const a0 = 1;\n${lines(5000, (i) => `const a${i + 1} = a${i} + 1;`)}\n${inFunction("return a5000;")}`,
      /^unsupported .*nest too deep/,
    ],
    [
      "types that hold one another twice",
      `type A0 = [];\n${lines(40, (i) => `type A${i + 1} = [A${i}, A${i}];`)}\nexport function f(x: A40): number { return 1; }`,
      /^dtype types have more than 10000 parts here/,
    ],
    [
      "tuples that hold one another twice",
      inFunction(`const a0 = [x];\n${lines(40, (i) => `const a${i + 1} = [a${i}, a${i}];`)}\nreturn a40[0];`),
      /^unsupported a tuple or object holds more than 100000 values/,
    ],
  ])("refuses %s", (_, text, message) => {
    expect(outcome(text)).toMatch(message);
  });

  it("refuses calls that double thirty times", () => {
    const functions = lines(
      30,
      (i) => `function f${i}(x: number): number { return ${i === 0 ? "x" : `f${i - 1}(x) + f${i - 1}(x + 1)`}; }`,
    );
    expect(outcome(`${functions}\nexport function main(x: number): number { return f29(x); }`)).toMatch(
      /^unsupported the calls unfold to more than/,
    );
  });
});

describe("names and values of JavaScript's own", () => {
  it.each([
    [
      "escapes in names",
      "export function f(\\u0061: number): number { const größe = a * 2; const \\u{1d4d0} = größe; return 𝓐 + a; }",
      9,
    ],
    [
      "names of Object's prototype",
      inFunction("const __proto__ = x, constructor = 2, toString = 3; return __proto__ + constructor + toString;"),
      8,
    ],
    ["a Math of one's own", inFunction("const Math = { sin: (y: number) => y * 100 }; return Math.sin(x);"), 300],
    ["a parameter called NaN", "export function f(NaN: number): number { return NaN + 1; }", 4],
    ["a byte order mark", `\ufeff${inFunction("return x;")}`, 3],
    [
      "names of the generator's",
      "export function $s(_$: number): number { const $m = _$; return $m; }\nexport const f = (x: number) => $s(x);",
      3,
    ],
    ["comments of many lines", `/*\n${"*\n".repeat(1000)}*/${inFunction("return x; // }")}`, 3],
  ])("%s mean what they mean", (_, text, expected) => {
    expect(outcome(text)).toBe(expected);
  });

  it.each([
    ["eval", "return eval(1);", "unsupported eval is not compiled"],
    ["the function constructor", "return Function(1);", "unsupported Function is not compiled"],
    ["globalThis", "return globalThis.x;", "name 'globalThis' is not declared"],
    ["process", "return process.exit(1);", "name 'process' is not declared"],
    ["arguments", "return arguments[0];", "unsupported arguments is not compiled"],
    ["__proto__ as a field", "const o = { x }; return o.__proto__;", "name the object has no field '__proto__'"],
    ["the constructor", "const o = { x }; return o.constructor;", "name the object has no field 'constructor'"],
    ["a getter", "const o = { get a() { return x; } }; return o.a;", "unsupported a getter is not compiled"],
    ["with", "with (x) return x;", "unsupported with is not compiled"],
    ["an octal number", "return 010;", "syntax octal literals are not allowed"],
    ["a null character", "return x;\0", "syntax invalid character"],
  ])("%s is refused", (_, body, message) => {
    expect(outcome(inFunction(body))).toContain(message);
  });

  it("runs nothing of the text", () => {
    const before = Object.keys(globalThis).length;
    expect(outcome("globalThis.leaked = 1;\nexport function f(x: number) { return x; }")).toContain(
      "unsupported a statement outside of functions",
    );
    expect(Object.keys(globalThis)).toHaveLength(before);
  });
});
