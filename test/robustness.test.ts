// Bad input: every prefix and thousands of mutations of every sample end in a module or in one clear error.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AdjointError, errorCodes, parseModule, parseTypeText, printModule } from "../src/ir/index.ts";
import { parse, standardOps } from "../src/ops/index.ts";
import { oneIn, runs } from "./support/runs.ts";
import { readSamples } from "./support/samples.ts";
import { withoutStacks } from "./support/stacks.ts";

withoutStacks();

const samples = readSamples();
/** The modules of a sample, comments left out: mutations of comments would tell nothing. */
function documentsOf(text: string): readonly string[] {
  const parts = text.split(/^\/\/ -----.*$/m).map((part) => part.replace(/\/\/.*$/gm, "").trim());
  return [...new Set(parts.filter((part) => part !== ""))];
}

const documents = [...new Set(samples.flatMap(({ text }) => documentsOf(text)))];

/** Parses and verifies; null, or the one error. Anything else that is thrown fails the test with the text. */
function errorOf(text: string): AdjointError | null {
  try {
    const module = parse(text, { file: "a.ir" });
    // what was accepted has a text of its own, which is accepted too
    const printed = printModule(module);
    if (printModule(parse(printed)) !== printed)
      throw new Error(`it prints otherwise when it is read again:\n${printed}`);
    return null;
  } catch (error) {
    if (error instanceof AdjointError) return error;
    throw new Error(`not an AdjointError: ${error}, for\n${text.slice(0, 4000)}`, { cause: error });
  }
}

/** Hundreds of thousands of errors are looked at: without `expect`, which would take longer than to parse. */
function checkClear(error: AdjointError, text: string): void {
  const require = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(`${what}: ${error.message}\nfor\n${text.slice(0, 4000)}`);
  };
  const { code, message, origin, frame } = error;
  require(Object.hasOwn(errorCodes, code), "the code is known");
  require(!/\n|undefined|\[object|NaN\b/.test(message), "the message is one line, of words");
  require(message.length < 2000, "the message is short");
  // the text itself may say where an operation comes from
  if (text.includes('loc("a":1:1)') && origin?.file === "a") return;
  require(origin?.file === "a.ir", "the file is named");
  const line = origin?.line ?? 0;
  require(line > 0 && line <= text.split("\n").length, "the line is one of the text");
  require(/^ *\^$/.test(frame?.split("\n")[1] ?? ""), "a caret shows the place");
}

function check(text: string): boolean {
  const error = errorOf(text);
  if (error !== null) checkClear(error, text);
  return error === null;
}

describe("prefixes of every sample", () => {
  it.each(samples.map((s) => [s.name, s] as const))("%s", (_, { text }) => {
    for (const document of documentsOf(text)) {
      for (let end = document.length % oneIn(3); end < document.length; end += oneIn(3)) check(document.slice(0, end));
    }
  });
});

// ---- mutations ------------------------------------------------------------------------------------------------------

/** Pieces of the language, and of what is next to it. */
const pieces = [
  ..."(){}[]<>,=:*+/-%@\"\\.;#'\n\t\0é",
  ..."0 1 -1 256 2147483648 9007199254740992 1e400 0x10 1.5 .5 5. nan inf -inf -0 1e 00".split(" "),
  ..."f64 f32 i32 u8 bool index f64[*] f64[N] f64[-1] f64[0] memref<f64[2]> list<f64> list<list<f32[N]>>".split(" "),
  ..."%x %y %mul_1 %nowhere @f @main @nowhere N B K floor(N/2) exact(N/3) min(N,2) max() N*N N-1".split(" "),
  ..."return yield func private where adjoint else do carry over cotangents to step reverse loc dense".split(" "),
  ...["dense<[1, 2]>", 'dense<"AAAA">', 'loc("a":1:1)', "[0] x [1]", "[0, 0]", "kind = sum", "length = N", "wrt = [9]"],
  ...standardOps.keys(),
];

const token = /[A-Za-z_][\w.]*|[%@][\w.]+|[0-9.e]+|\s+|[^\s\w]/g;

interface Mutation {
  readonly kind: "replace" | "insert" | "delete" | "swap" | "copyLine" | "dropLine" | "splice";
  readonly at: number;
  readonly to: number;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom("replace", "insert", "delete", "swap", "copyLine", "dropLine", "splice"),
  at: fc.nat(1 << 20),
  to: fc.nat(1 << 20),
});

function mutate(text: string, { kind, at, to }: Mutation): string {
  const byLine = kind === "copyLine" || kind === "dropLine";
  const parts = byLine ? text.split("\n") : (text.match(token) ?? []);
  if (parts.length === 0) return text;
  const [i, j] = [at % parts.length, to % parts.length];
  const piece = pieces[to % pieces.length];
  if (kind === "replace") parts[i] = piece;
  else if (kind === "insert") parts.splice(i, 0, piece);
  else if (kind === "delete" || kind === "dropLine") parts.splice(i, 1);
  else if (kind === "swap") [parts[i], parts[j]] = [parts[j], parts[i]];
  else if (kind === "copyLine") parts.splice(j, 0, parts[i]);
  else parts[i] = parts[j];
  return parts.join(byLine ? "\n" : "");
}

describe("mutations", () => {
  it("of every sample end in a module or in one clear error", () => {
    let accepted = 0;
    const each = Math.max(20, Math.ceil(6000 / documents.length));
    for (const document of documents) {
      fc.assert(
        fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
          if (check(mutations.reduce(mutate, document))) accepted++;
        }),
        runs(each),
      );
    }
    // a mutator that never leaves a valid program would not get past the parser
    expect(accepted).toBeGreaterThan(20);
  });

  it("of characters, and noise, end in a module or in one clear error", () => {
    const document = fc.constantFrom(...documents);
    fc.assert(
      fc.property(document, fc.nat(1 << 20), fc.string({ unit: "binary", maxLength: 4 }), (text, at, noise) => {
        const i = at % text.length;
        check(text.slice(0, i) + noise + text.slice(i + 1));
      }),
      runs(2000),
    );
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 40 }), (words) => void check(words.join(" "))),
      runs(1000),
    );
  });

  it("of types end in a type or in one clear error", () => {
    const words = [..."[](){}<>,*+-/", ..."f64 f32[ memref< list< N 2 0 floor( exact( min( max( % @".split(" ")];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 12 }), (parts) => {
        try {
          parseTypeText(parts.join(""));
        } catch (error) {
          expect(error).toBeInstanceOf(AdjointError);
        }
      }),
      runs(2000),
    );
  });
});

// ---- extremes -------------------------------------------------------------------------------------------------------

const many = 100_000;
const f = (body: string): string => `func @f(%x: f64, %p: bool) -> f64 {\n${body}\n  return %x\n}\n`;
const extremes: Readonly<Record<string, string>> = {
  "brackets without end": `func @f(%x: f64${"[".repeat(many)}`,
  "nested lists": f(`  %c = constant dense<${"[".repeat(many)}${"]".repeat(many)}> : f64[2]`),
  "nested types": `func @f(%x: ${"list<".repeat(many)}f64${">".repeat(many)}) {\n  return\n}\n`,
  "nested dimensions": `func @f<N>(%x: f64[${"(".repeat(many)}N${")".repeat(many)}]) {\n  return\n}\n`,
  "nested minima": `func @f<N>(%x: f64[${"min(".repeat(many)}N${", 1)".repeat(many)}]) {\n  return\n}\n`,
  "a long sum of one symbol's powers": `func @f<N>(%x: f64[${Array.from({ length: 80 }, () => "N").join("*")}]) {\n  return\n}\n`,
  "a product of sums": `func @f<A, B, C, D>(%x: f64[${Array.from({ length: 40 }, () => "(A+B+C+D)").join("*")}]) {\n  return\n}\n`,
  "minus signs": f(`  %c = constant ${"-".repeat(many)}1 : f64`),
  "nested regions": f(`${"  if %p {\n".repeat(300)}${"  }\n".repeat(300)}`),
  "regions without end": f("  if %p {\n".repeat(many)),
  "a string without end": f(`  check %p, message = "${"x".repeat(many)}`),
  backslashes: f(`  check %p, message = "${"\\".repeat(many + 1)}"`),
  "a very long name": f(`  %${"a".repeat(many)} = neg %y : f64`),
  "a very long number": f(`  %c = constant ${"9".repeat(many)} : i32`),
  "a very long line of operands": f(`  %y = add ${Array.from({ length: many }, () => "%x").join(", ")} : f64`),
  "very many results": f(`  ${Array.from({ length: many }, (_, i) => `%r${i}`).join(", ")} = neg %x : f64`),
  "very many attributes": f(`  check %p, ${Array.from({ length: many }, () => 'message = ""').join(", ")}`),
  "a tensor beyond memory": f("  %c = constant dense<[1]> : f64[9007199254740991]"),
  "a size beyond 2^53": `func @f(%x: f64[9007199254740991, 9007199254740991]) {\n  return\n}\n`,
  "very many axes": `func @f(%x: f64[${Array.from({ length: many }, () => "1").join(", ")}], %y: f32) {\n  %z = neg %y : f64\n  return\n}\n`,
  "a chain of calls that closes": Array.from(
    { length: 5000 },
    (_, i) => `func @f${i}() {\n  call @f${(i + 1) % 5000}()\n  return\n}\n`,
  ).join("\n"),
};

describe("extremes end in one clear error, soon", () => {
  it.each(Object.entries(extremes))("%s", (name, text) => {
    const error = errorOf(text);
    if (name === "a size beyond 2^53") return;
    expect(error).not.toBeNull();
    if (error !== null) checkClear(error, text);
  });
});

describe("the prototype of objects", () => {
  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])(
    "is no op, attribute, function or symbol: %s",
    (word) => {
      const texts = [
        f(`  %y = ${word} %x : f64`),
        f(`  %y = neg %x, ${word} = 1 : f64`),
        f(`  %y = call @${word}(%x) : f64`),
        f(`  %y = compare %x, %x, direction = ${word} : bool`),
        `func @f<N>(%x: f64[${word}(N)]) {\n  return\n}\n`,
        `func @f(%x: ${word}) {\n  return\n}\n`,
      ];
      for (const text of texts) {
        const error = errorOf(text);
        expect(error, text).not.toBeNull();
        if (error !== null) checkClear(error, text);
      }
      expect(() =>
        parseModule(`func @${word}(%${word}: f64) -> f64 {\n  return %${word}\n}\n`, standardOps),
      ).not.toThrow();
    },
  );
});
