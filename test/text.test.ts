// The text of the IR: round trips of every form, errors with their place, and the grammar against the parser.

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AdjointError,
  type Block,
  constraint,
  Dense,
  dtypes,
  isomorphic,
  type Module,
  makeBlock,
  makeFunc,
  makeModule,
  numberOf,
  type Operation,
  operandDim,
  originAt,
  parseModule,
  parseTypeText,
  printModule,
  printNumber,
  printOperation,
  printType,
  scalar,
  symbol,
  tensorType,
  Value,
} from "../src/ir/index.ts";
import { errorOf } from "./support/errors.ts";
import { documents, located } from "./text/documents.ts";
import { derive, type Grammar, readGrammar, recognises } from "./text/ebnf.ts";
import { textOps } from "./text/ops.ts";

const parse = (text: string): Module => parseModule(text, textOps, { file: "t.ir" });
const read = (text: string): Module => parseModule(text, textOps, { file: "t.ir", verify: false });

/** The error that parsing gives. */
function refusal(text: string): AdjointError {
  return errorOf(() => parse(text));
}

/** An operation of the test's ops, made without builder. */
function operation(name: string, parts: Partial<Operation> = {}): Operation {
  const op = textOps.get(name);
  if (op === undefined) throw new Error(name);
  const frozen = { operands: [], attributes: {}, regions: [], results: [], segments: [], origin: null, ...parts };
  for (const part of Object.values(frozen)) Object.freeze(part);
  return Object.freeze({ op, ...frozen });
}

function moduleOf(body: Block, symbols: readonly string[] = []): Module {
  return makeModule([makeFunc({ name: "f", body, symbols })]);
}

describe("round trips", () => {
  for (const [name, text] of Object.entries(documents)) {
    it(`prints back ${name}`, () => {
      const module = parse(text);
      expect(printModule(module)).toBe(text);
      expect(isomorphic(module, parse(printModule(module)))).toBeNull();
      const withOrigins = printModule(module, { origins: true });
      expect(isomorphic(module, parse(withOrigins), { origins: true })).toBeNull();
      expect(printModule(parse(withOrigins), { origins: true })).toBe(withOrigins);
    });
  }

  it("keeps origins of functions, constraints and operations", () => {
    const module = parse(located);
    expect(printModule(module, { origins: true })).toBe(located);
    expect(module.funcs[0].body.operations[0].origin).toEqual(originAt("examples/a.ts", 5, 11));
    expect(module.funcs[1].origin).toBeNull();
  });

  it("takes the place in the text where no origin is written", () => {
    const module = parse("func @f(%x: f64) {\n\t%y = neg %x : f64\n  return\n}");
    expect(module.funcs[0].body.operations[0].origin).toEqual(originAt("t.ir", 2, 7));
  });

  it("accepts the header, comments, free spacing and other spellings", () => {
    const module = parse(`adjoint 1 // version
      // a comment
      func@f<B>(%x:f32[ (B+1)*2 ]) -> ( f32[2*B+2] ) where B>=1,\r
        B == B {
      %y = neg %x :
        f32[2 + 2*B]
      return %y }`);
    expect(printModule(module, { header: true })).toBe(`adjoint 1

func @f<B>(%x: f32[2*B+2]) -> f32[2*B+2] where B >= 1, B == B {
  %y = neg %x : f32[2*B+2]
  return %y
}
`);
  });

  it("writes large constants as the base64 of their little-endian bytes", () => {
    const data = Float32Array.from({ length: 65 }, (_, i) => i / 3);
    const value = new Dense({ dtype: "f32", shape: [65], data });
    const result = new Value(tensorType("f32", [65]), "c");
    const module = moduleOf(makeBlock([], [operation("constant", { attributes: { value }, results: [result] })], []));
    const text = printModule(module);
    expect(text).toContain('constant dense<"AAAAAKuqqj6rqio/AACAP');
    expect(isomorphic(module, read(text))).toBeNull();
  });

  it("stacks the leading spaces of nothing: an empty module is an empty text", () => {
    expect(printModule(makeModule([]))).toBe("");
    expect(parse("").funcs).toEqual([]);
  });

  it("reads single types", () => {
    for (const text of ["f32[2*B+1, 784]", "memref<u8>", "list<f32[*]>", "bool", "vector<4xbool>"]) {
      expect(printType(parseTypeText(text))).toBe(text);
    }
    expect(() => parseTypeText("f32[B] x")).toThrow("<type>:1:8 got 'x', expected the end of the type");
  });

  it("writes origins as comments on request", () => {
    const text = printModule(parse(located), { origins: "comment" });
    expect(text).toContain("  %y = if %p : f32[B] { // examples/a.ts:5:11\n    %neg = neg %x : f32[B]\n");
    expect(printModule(parse(text))).toBe(printModule(parse(located)));
  });

  it("prints one operation as one line for messages", () => {
    const [main] = parse(documents.loops ?? "").funcs;
    expect(printOperation(main.body.operations[1])).toBe("for %i: index = 0 to B { … }");
  });
});

describe("names", () => {
  it("come from the mnemonic, made unique by a suffix", () => {
    const x = new Value(scalar("f64"), "x");
    const results = Array.from({ length: 3 }, () => new Value(scalar("f64")));
    const swish = new Value(scalar("f64"));
    const operations = results.map((r) => operation("neg", { operands: [x], results: [r] }));
    operations.push(operation("mylib.swish", { operands: [results[2]], attributes: { beta: 1 }, results: [swish] }));
    const module = moduleOf(makeBlock([x], operations, [swish]));
    expect(printModule(module)).toBe(`func @f(%x: f64) -> f64 {
  %neg = neg %x : f64
  %neg_1 = neg %x : f64
  %neg_2 = neg %x : f64
  %swish = mylib.swish %neg_2 : f64
  return %swish
}
`);
    expect(isomorphic(module, parse(printModule(module)))).toBeNull();
  });

  it("round-trip whatever the hints are", () => {
    const hint = fc.oneof(
      fc.constantFrom("x", "x_1", "x_1_2", "_1", "", "neg", "neg_1", "x y", "0", 'a"b\\', "%", "é", "\ud800", "\u2028"),
      fc.string(),
      fc.constant(null),
    );
    fc.assert(
      fc.property(fc.array(hint, { minLength: 1, maxLength: 12 }), (hints) => {
        const [x, ...rest] = hints.map((name) => new Value(scalar("f64"), name));
        const operations = rest.map((r) => operation("neg", { operands: [x], results: [r] }));
        const module = moduleOf(makeBlock([x], operations, rest));
        const text = printModule(module);
        expect(isomorphic(module, parse(text))).toBeNull();
        expect(printModule(parse(text))).toBe(text);
      }),
    );
  });

  it("of functions are quoted where they are not identifiers", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (name) => {
        const module = makeModule([makeFunc({ name, body: makeBlock([], [], []) })]);
        expect(parse(printModule(module)).funcs[0].name).toBe(name);
      }),
    );
  });
});

describe("index operands", () => {
  const i = new Value(scalar("index"), "i");
  const j = new Value(scalar("index"), "j");
  const dimOf = (value: ReturnType<typeof symbol>, operands: readonly Value[]): Module => {
    const result = new Value(scalar("index"), "d");
    const parts = { operands, attributes: { value }, results: [result], segments: [operands.length] };
    return moduleOf(makeBlock([i, j], [operation("dim", parts)], [result]));
  };

  it("are compared by what the expression means, not by their numbers", () => {
    const twice = dimOf(operandDim(0), [j, i]);
    expect(printModule(twice)).toContain("dim %j : index");
    expect(isomorphic(twice, parse(printModule(twice)))).toBeNull();
    expect(isomorphic(twice, dimOf(operandDim(1), [i, j]))).toBeNull();
    expect(isomorphic(twice, dimOf(operandDim(0), [i, j]))).toContain("attribute value differs");
  });

  it("that are the same value merge in text", () => {
    const expression = parse(`func @f(%i: index, %j: index) {\n  %d = dim %i+%j : index\n  return\n}\n`);
    const merged = dimOf(expression.funcs[0].body.operations[0].attributes.value as never, [i, i]);
    expect(printModule(merged)).toContain("dim 2*%i : index");
    expect(isomorphic(merged, parse(printModule(merged)))).toBeNull();
  });
});

describe("numbers", () => {
  it("are the shortest decimals that read back in their own dtype", () => {
    fc.assert(
      fc.property(fc.float(), (x) => {
        const text = printNumber(x, "f32");
        expect(numberOf(text, "f32")).toBe(x);
        const shorter = Number(
          x.toPrecision(Math.max(1, text.replace(/e.*|[^0-9]/g, "").replace(/^0+/, "").length - 1)),
        );
        expect(
          !Number.isFinite(x) || Number.isInteger(x) || Math.fround(shorter) !== x || Number(text) === shorter,
        ).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.double(), (x) => {
        expect(numberOf(printNumber(x), "f64")).toBe(x);
      }),
    );
    expect(printNumber(Math.fround(0.1), "f32")).toBe("0.1");
    expect(printNumber(2 ** -149, "f32")).toBe("1e-45");
    expect(printNumber(Math.fround(2 ** 90), "f32")).toBe("1.2379401e+27");
    expect(printNumber(9.5367431640625e-7, "f32")).toBe("9.536743e-7");
  });

  it("of every dtype round-trip in constants", () => {
    for (const dtype of Object.keys(dtypes) as (keyof typeof dtypes)[]) {
      const { kind, min, max } = dtypes[dtype];
      const specials = kind === "float" ? [-0, NaN, Infinity, -Infinity, 2 ** -149] : [];
      for (const x of kind === "bool" ? [] : [0, 1, min, max, ...specials]) {
        const result = new Value(scalar(dtype), "c");
        const module = moduleOf(
          makeBlock([], [operation("constant", { attributes: { value: x }, results: [result] })], [result]),
        );
        const [back] = parse(printModule(module)).funcs[0].body.operations;
        expect(back.attributes.value).toBe(x);
      }
    }
  });
});

/** What is wrong, the code, a part of the message, and where the caret stands. */
const faults: readonly (readonly [string, string, string, string])[] = [
  ["func", "syntax", "1:5 got the end of the text, expected the function's name", ""],
  ["fun @f() {}", "syntax", "1:1 got 'fun', expected 'func' or 'private func'", "fun"],
  ["adjoint 3", "syntax", "got version 3 of the text, expected 1 or 2", "3"],
  ["func @f(%x: f33) {", "name", "'f33' is no type: did you mean f32?", "f33"],
  ["func @f(%x: f32[b]) {", "syntax", "got 'b', expected a dimension (symbols are upper-case identifiers)", "b]"],
  ["func @f(%x: f32[-1]) {", "shape", "an extent is -1, expected at least 0", "-1"],
  ["func @f(%x: f32[floor(B/0)]) {", "shape", "floor divides by 0", "floor"],
  ["func @f(%x: f32[floor(B+1/2)]) {", "syntax", "put a sum in parentheses", "+1"],
  ["func @f(%x: f32[99999999999999999]) {", "range", "beyond 2^53", "999"],
  ["func @f(%x: f32, %x: f32) {", "name", "%x is defined twice", "%x: f32) {"],
  ["func @f(%0: f32) {", "syntax", "got '%0:', expected an argument", "%0"],
  ["func @f<b>() {", "syntax", "expected a symbol (upper-case identifier)", "b>"],
  ["func @f() {\n  $\n", "syntax", "got '$', expected an operation", "$"],
  ['func @f() {\n  %x = constant "abc\n', "syntax", "got '\"abc', expected an attribute value", '"abc'],
  ['func @f() {\n  check message = "\\q"\n', "syntax", "is not a string: escape it as in JSON", '"\\q"'],
  ["func @f(%a: f64) {\n  %b = mu %a, %a : f64\n", "name", "2:8 unknown op 'mu': did you mean mul?", "mu"],
  ["func @f(%a: f64) {\n  %b = zzzzzz %a : f64\n", "name", "unknown op 'zzzzzz': ops of your own", "zzz"],
  [
    "func @f(%alpha: f64) {\n  %b = neg %alpa : f64\n",
    "name",
    "is not defined before its use: did you mean %alpha?",
    "%alpa",
  ],
  ["func @f(%a: f64) {\n  %b = neg %b : f64\n", "name", "%b is not defined before its use", "%b :"],
  [
    "func @f(%p: bool) {\n  if %p {\n    %a = neg %p : f32\n  }\n  %b = neg %a : f32\n",
    "name",
    "its region has ended; yield it",
    "%a :",
  ],
  ["func @f(%a: f64) {\n  %a = neg %a : f64\n", "name", "%a is defined twice: give it another name", "%a ="],
  [
    "func @f(%a: f64) {\n  %b, %c = neg %a : f64\n",
    "arity",
    "neg: got names for 2 results, and 1 type after the colon",
    "neg",
  ],
  [
    "func @f(%a: f64) {\n  %b = neg %a : f64 %c = neg %a : f64\n",
    "syntax",
    "got '%c', expected the end of the line",
    "%c",
  ],
  ["func @f(%a: f64) {\n  %b = add %a : f64\n  return\n}", "arity", "@f: add: got 1 operand, expected 2", "add"],
  [
    "func @f(%a: f64) {\n  %b = reduce %a, axs = [1] : f64\n",
    "attribute",
    "reduce: unknown attribute 'axs': did you mean axes?",
    "axs",
  ],
  [
    "func @f(%a: f64) {\n  %b = neg %a, axs = [1] : f64\n",
    "attribute",
    "neg: unknown attribute 'axs': it has none",
    "axs",
  ],
  ["func @f(%a: f64) {\n  %b = iota axis = 1, axis = 1 : f64\n", "attribute", "'axis' is given twice", "axis = 1 :"],
  [
    "func @f(%a: f64) {\n  %b = iota axis = [B] : f64\n",
    "attribute",
    "attribute 'axis' is a list, expected an integer",
    "[B]",
  ],
  ["func @f(%a: f64) {\n  %b = iota : f64\n", "attribute", "iota: attribute 'axis' is missing", "iota"],
  [
    "func @f(%a: f64) {\n  %b = compare %a, %a, direction = xx : f64\n",
    "attribute",
    "direction' is 'xx', expected one of lt, eq",
    "xx",
  ],
  ["func @f() {\n  %b = constant 300 : u8\n", "literal", "300 is not a value of u8: it takes 0 to 255", "300"],
  ["func @f() {\n  %b = constant 0.5 : i32\n", "literal", "0.5 is not a value of i32: write an integer", "0.5"],
  ["func @f() {\n  %b = constant 1e39 : f32\n", "literal", "1e39 is beyond f32: write inf", "1e39"],
  ["func @f() {\n  %b = constant 1 : bool\n", "literal", "1 is not a bool: write true or false", "1 :"],
  [
    "func @f() {\n  %b = constant dense<[1, [2]]> : f32[2]\n",
    "shape",
    "a list stands where a number is expected",
    "dense",
  ],
  ["func @f() {\n  %b = constant dense<[1]> : f32[2]\n", "shape", "has 1 element, expected 2", "dense"],
  ["func @f() {\n  %b = constant dense<[1]> : f32[B]\n", "attribute", "which needs a static type", "dense"],
  ['func @f() {\n  %b = constant dense<"AAAA"> : f32[1]\n', "shape", "holds 3 bytes, expected 4", "dense"],
  ['func @f() {\n  %b = constant dense<"!"> : f32[9007199254740991]\n', "literal", "is not base64", "dense"],
  ["func @f(%p: bool) {\n  with_arguments %p {\n  }\n", "structure", "with_arguments: region second is missing", ""],
  ["func @f(%p: bool) {\n  %x = neg %p : bool {\n", "structure", "neg takes no region", "{"],
  ["func @f(%p: bool) {\n  if %p {\n  } else {\n  } other {\n", "structure", "if takes no region after else", "other"],
  ["func @f() -> f32 {\n  return\n}", "arity", "@f returns 0 values, its signature has 1", "return"],
  ["func @f(%x: f32) -> f64 {\n  return %x\n}", "shape", "@f returns %x of type f32, its signature has f64", "f64 {"],
  ["func @f() {\n  return\n}\nfunc @f() {\n  return\n}", "name", "4:1 function @f is defined twice", "func @f() {"],
  [
    "func @f() {\n  call @goo()\n  return\n}\nfunc @go() {\n  return\n}",
    "name",
    "@f: call: unknown function @goo: did you mean @go?",
    "call",
  ],
  ["func @f() {\n  call @f()\n  return\n}", "structure", "@f calls itself", "func @f()"],
  ["func @f(%x: f32[B]) {\n  return\n}", "name", "%x uses the dimension symbol B, which is not declared", "func @f"],
  ["func @f<BATCH>(%x: f32[BATH]) {\n  return\n}", "name", "did you mean BATCH?", "func @f"],
  ["func @f<B, B>() {\n  return\n}", "name", "symbol B is declared twice", "func @f"],
  [
    "func @f(%x: f32) {\n  %y = add %x, %x : f64\n  return\n}",
    "shape",
    "add: the result has type f32, written as f64",
    "add",
  ],
  ["func @f(%i: index) {\n  %y = dim %i*%i : index\n  return\n}", "attribute", "multiplies two index values", "dim"],
];

describe("errors", () => {
  for (const [text, code, message, caret] of faults) {
    it(`says ${message}`, () => {
      const error = refusal(text);
      expect(error.message).toContain(message);
      expect(error.message).not.toContain("\n");
      expect(error.code).toBe(code);
      expect(error.origin).not.toBeNull();
      const [line, pointer] = (error.frame ?? "").split("\n");
      expect(line.slice(pointer.indexOf("^"))).toMatch(caret === "" ? /^/ : startsWith(caret));
    });
  }

  it("show tabs as blanks and cut long lines around the caret", () => {
    expect(refusal("func @f() {\n\t\tx\n").frame).toBe("  x\n  ^");
    const frame = refusal(
      `func @f(${Array.from({ length: 200 }, (_, i) => `%a${i}: f32`).join(", ")}, %b: f3) {`,
    ).frame;
    const [line, pointer] = (frame ?? "").split("\n");
    expect(line.length).toBeLessThan(110);
    expect(line.slice(pointer.length - 1)).toMatch(/^f3\) \{/);
  });

  it("refuse what is nested more than 256 deep, wherever it is", () => {
    const deep = 5000;
    const nested = (open: string, close: string, inner: string): string =>
      open.repeat(deep) + inner + close.repeat(deep);
    for (const text of [
      `func @f(%x: ${nested("list<", ">", "f32")}) {`,
      `func @f(%x: f32[${nested("(", ")", "B")}]) {`,
      `func @f(%x: f32[${nested("floor((1+", ")/2)", "B")}]) {`,
      `func @f(%x: f32[${nested("min(1, ", ")", "B")}]) {`,
      `func @f() {\n  %x = constant dense<${nested("[", "]", "1")}> : f32\n`,
      `func @f() {\n  reduce axes = ${nested("[", "]", "")}\n`,
      `func @f(%p: bool) {\n${nested("if %p {\n", "}\n", "")}return\n}`,
    ]) {
      expect(refusal(text).message).toMatch(/nested more than \d+ deep/);
    }
  });

  it("are one AdjointError for every prefix and for thousands of mutations of every document", () => {
    const survives = (text: string): void => {
      try {
        parse(text);
      } catch (error) {
        if (!(error instanceof AdjointError)) throw new Error(`${error}\n${text}`, { cause: error });
        expect(error.message).not.toContain("\n");
      }
    };
    let seed = 1;
    const random = (n: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return (seed >>> 8) % n;
    };
    const snippets = [
      "%x",
      "(",
      ")",
      "{",
      "}",
      "[",
      "]",
      "<",
      ">",
      ",",
      ":",
      "=",
      "-",
      "9e99",
      '"',
      "\\",
      "\n",
      "loc(",
      "@f",
      "B",
    ];
    for (const text of [...Object.values(documents), located]) {
      for (let i = 0; i < text.length; i++) survives(text.slice(0, i));
      for (let i = 0; i < 300; i++) {
        const at = random(text.length);
        const snippet = snippets[random(snippets.length)];
        survives(text.slice(0, at) + snippet + text.slice(at + random(8)));
      }
    }
  });
});

function startsWith(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`);
}

describe("isomorphism", () => {
  const base = "func @f<B>(%x: f32[B]) -> f32[B] where B >= 1 {\n  %y = neg %x : f32[B]\n  return %y\n}\n";
  const differences: readonly (readonly [string, string, string])[] = [
    ["@f", "@g", "name is @f, then @g"],
    ["func", "private func", "visibility is public, then private"],
    ["<B>", "<B, C>", "symbols is B, then B, C"],
    ["B >= 1", "B >= 2", "constraints is B >= 1, then B >= 2"],
    ["neg %x", "cast %x", "operation 0 (neg): op is neg, then cast"],
    ["%y", "%z", "result 0 is %y, then %z"],
    ["return %y", "return %x", "block result 0 is %y, then %x"],
    ["f32[B]", "f32[2*B]", "argument 0 has type f32[B], then f32[2*B]"],
    ["neg %x : f32[B]\n", 'neg %x : f32[B]\n  check %x, message = "m"\n', "number of operations is 1, then 2"],
  ];
  for (const [from, to, sentence] of differences) {
    it(`sees that ${sentence}`, () => {
      expect(isomorphic(read(base), read(base.replaceAll(from, to)))).toContain(sentence);
    });
  }

  it("ignores the printer's suffixes, and origins unless asked", () => {
    const suffixed = base.replaceAll("%y", "%y_7");
    expect(isomorphic(read(base), read(suffixed))).toBeNull();
    expect(isomorphic(read(base), read(`\n${base}`))).toBeNull();
    expect(isomorphic(read(base), read(`\n${base}`), { origins: true })).toContain("from t.ir:2:40");
  });

  it("keeps constraints' origins apart when asked", () => {
    const make = (line: number): Module => {
      const constraints = [constraint(symbol("B"), ">=", 1, originAt("a", line, 1))];
      return makeModule([makeFunc({ name: "f", symbols: ["B"], constraints, body: makeBlock([], [], []) })]);
    };
    expect(isomorphic(make(1), make(2))).toBeNull();
    expect(isomorphic(make(1), make(2), { origins: true })).toContain("constraints");
  });
});

describe("the grammar", () => {
  const grammar: Grammar = readGrammar(readFileSync(new URL("../ir-samples/grammar.ebnf", import.meta.url), "utf8"));
  const all = [...Object.values(documents), located, `adjoint 1\n${documents.if}`];

  it("accepts every document of these tests, and they use every production", () => {
    const used = new Set<string>();
    for (const text of all) expect([text, recognises(grammar, "module", text, used)]).toEqual([text, true]);
    const unused = [...grammar.keys()].filter((name) => !used.has(name));
    expect(unused).toEqual([]);
  });

  it("rejects what is not IR", () => {
    for (const text of ["func @f() {", "func @f() { return }", "func @f()\n{\n  %x = neg : f32,\n  return\n}"]) {
      expect(recognises(grammar, "module", text, new Set())).toBe(false);
    }
  });

  const starts: readonly (readonly [string, number, (derived: string) => string])[] = [
    ["module", 500, (text) => text],
    ["operation", 3000, (text) => `func @f<B, N>(%x: f32) {\n${text}\n  return\n}\n`],
    ["head", 2000, (text) => `func @f<B, N>(%x: f32) {\n${text}\n  return\n}\n`],
    ["dim", 1000, (text) => `func @f<B, N>(%x: f32[${text}]) {\n  return\n}\n`],
    ["type", 300, (text) => `func @f<B, N>(%x: ${text}) {\n  return\n}\n`],
    ["literal", 1000, (text) => `func @f<B, N>() {\n  reshape shape = ${text}\n  return\n}\n`],
  ];
  for (const [start, count, wrap] of starts) {
    it(`derives no ${start} that the parser calls a syntax error`, () => {
      for (let seed = 1; seed <= count; seed++) {
        const text = wrap(sentence(grammar, start, seed));
        try {
          parse(text);
        } catch (error) {
          if (!(error instanceof AdjointError)) throw new Error(`${error}\n${text}`, { cause: error });
          if (error.code === "syntax") throw new Error(`${error.message}\n${error.frame}\n${text}`);
        }
      }
    });
  }
});

/** A random sentence whose names are those of the test's ops and of values already defined, so that parsing gets far. */
function sentence(grammar: Grammar, start: string, seed: number): string {
  let state = Math.imul(seed, 2654435761) | 1;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) / 2 ** 24;
  };
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)];
  const plain = [...textOps.keys()].filter(
    (name) =>
      !/^(constant|dim|call|vjp|while|scan|for|parallel|window|load|store|load_lanes|store_lanes|fill|contract|subscript)$/.test(
        name,
      ),
  );
  let count = 0;
  const override = (name: string): string | null => {
    if (name === "definition" && random() < 0.95) return `%v${count++} `;
    if (name === "use" && random() < 0.95) return "%x ";
    if (name === "MNEMONIC") return random() < 0.95 ? pick(plain) : "unknown.op";
    if (name === "ATTRIBUTE_NAME") return pick(["axis", "axes", "kind", "shape", "length", "message", "padding", "to"]);
    if (name === "REGION_NAME") return pick(["else", "do", "second"]);
    if (name === "SYMBOL" && random() < 0.9) return pick(["B", "N"]);
    if (name === "WORD") return pick(["sum", "lt", "f32", "xyz"]);
    if (name === "INTEGER" && random() < 0.9) return pick(["1", "2", "3", "10"]);
    return null;
  };
  return derive(grammar, start, { random, override, depth: 10 + Math.floor(random() * 12), size: 1500 });
}

describe("large functions", () => {
  it("of 200,000 operations parse, verify, print and compare", () => {
    const lines = ["func @f(%x: f64) -> f64 {", "  %v0 = neg %x : f64"];
    for (let i = 1; i < 200_000; i++) lines.push(`  %v${i} = add %v${i - 1}, %x : f64`);
    const text = [...lines, "  return %v199999", "}", ""].join("\n");
    const module = parse(text);
    expect(printModule(module) === text).toBe(true);
    expect(isomorphic(module, read(text))).toBeNull();
  });

  it("with lists of 100,000 operands, arguments and dimensions do not overflow the stack", () => {
    const operands = Array.from({ length: 100_000 }, () => "%x").join(", ");
    const text = `func @f(%x: f64) {\n  %c = concatenate ${operands}, axis = 0 : f64\n  return\n}\n`;
    expect(printModule(parse(text))).toBe(text);
    const args = Array.from({ length: 100_000 }, (_, i) => `%a${i}: f64[${i}, 1]`).join(", ");
    expect(parse(`func @f(${args}) {\n  return\n}`).funcs[0].body.arguments.length).toBe(100_000);
    expect(refusal(`func @f(%x: f32[${Array.from({ length: 100_000 }, (_, i) => `A${i}`).join("+")}]) {`).code).toBe(
      "range",
    );
    expect(
      refusal(`func @f(%x: f32[min(${Array.from({ length: 100_000 }, (_, i) => `A${i}`).join(", ")})]) {`).code,
    ).toBe("range");
    expect(refusal(`func @f(%x: f32[${Array.from({ length: 10_000 }, () => "A").join("*")}]) {`).code).toBe("range");
  });
});
