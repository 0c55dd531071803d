// The verifier: one broken module for every invariant that its header lists, and the error that it gives.

import { describe, expect, it } from "vitest";
import {
  AdjointError,
  type Attributes,
  type Block,
  constraint,
  Dense,
  type Func,
  type Module,
  makeBlock,
  makeFunc,
  makeModule,
  memref,
  type Operation,
  operandDim,
  originAt,
  parseModule,
  scalar,
  subDims,
  symbol,
  type Type,
  tensorType,
  unranked,
  Value,
  verify,
} from "../src/ir/index.ts";
import { textOps } from "./text/ops.ts";

const origin = originAt("model.ts", 12, 9);
const f64 = scalar("f64");
const x = new Value(f64, "x");
const y = new Value(f64, "y");

function op(name: string, parts: Partial<Operation> = {}): Operation {
  const record = textOps.get(name);
  if (record === undefined) throw new Error(name);
  const whole = { operands: [], attributes: {}, regions: [], results: [], segments: [], ...parts };
  for (const part of Object.values(whole)) Object.freeze(part);
  return Object.freeze({ op: record, origin, ...whole });
}

const neg = (from: Value, to: Value): Operation => op("neg", { operands: [from], results: [to] });
const body = (...operations: Operation[]): Block => makeBlock([x], operations, []);
const func = (block: Block, parts: Partial<Func> = {}): Module =>
  makeModule([makeFunc({ name: "f", body: block, ...parts })]);
const one = (operation: Operation): Module => func(body(operation));

/** A value of type `type` as the function's argument. */
function taking(type: Type, parts: Partial<Func> = {}): Module {
  return func(makeBlock([new Value(type, "a")], [], []), parts);
}

function thawed<T extends object>(object: T): T {
  return { ...object };
}

const B = symbol("B");
const index = new Value(scalar("index"), "i");
const dim = (value: unknown, operands: readonly Value[] = [index]): Module =>
  func(
    makeBlock(
      [index],
      [
        op("dim", {
          operands,
          attributes: { value } as Attributes,
          results: [new Value(f64)],
          segments: [operands.length],
        }),
      ],
      [],
    ),
  );

function nested(depth: number): Block {
  let block = makeBlock([], [], []);
  for (let i = 0; i < depth; i++)
    block = makeBlock([], [op("if", { operands: [x], regions: [block, makeBlock([], [], [])] })], []);
  return makeBlock([x], block.operations, []);
}

const inside = new Value(f64, "inside");
const branch = op("if", { operands: [x], regions: [makeBlock([], [neg(x, inside)], []), makeBlock([], [], [])] });
const other = (name: string, callee: string): Func =>
  makeFunc({
    name,
    body: makeBlock([], [op("call", { attributes: { callee, bindings: { bindings: {} } }, segments: [0] })], []),
  });
const call = (callee: string): Operation =>
  op("call", { attributes: { callee, bindings: { bindings: {} } }, segments: [0] });
const reduce = (attributes: Record<string, unknown>): Operation =>
  op("reduce", {
    operands: [x],
    attributes: { kind: "sum", axes: [], strict: false, padding: 0, ...attributes } as Attributes,
    results: [new Value(f64)],
  });

/** The invariant, a module that breaks it, the code, and a part of the message. */
const broken: readonly (readonly [string, () => Module, string, string])[] = [
  ["a function has a name", () => func(body(), { name: "" }), "name", "a function has no name"],
  [
    "function names are unique",
    () => makeModule([...func(body()).funcs, ...func(makeBlock([], [], [])).funcs]),
    "name",
    "function @f is defined twice",
  ],
  [
    "functions do not call themselves",
    () => makeModule([other("f", "g"), other("g", "h"), other("h", "g")]),
    "structure",
    "@g calls itself: it calls @h, then @g",
  ],
  ["callees exist", () => one(call("g")), "name", "@f: call: unknown function @g"],
  ["modules are frozen", () => thawed(func(body())), "structure", "the module is not frozen: make it with makeModule"],
  [
    "functions are frozen",
    () => makeModule([thawed(func(body()).funcs[0])]),
    "structure",
    "@f: the function is not frozen: make it with makeFunc",
  ],
  [
    "blocks are frozen",
    () => func(thawed(body())),
    "structure",
    "@f: a block is not frozen: make it with makeBlock or withOperations",
  ],
  ["operations are frozen", () => one(thawed(neg(x, y))), "structure", "@f: neg is not frozen: make it with withParts"],
  [
    "data is plain",
    () => one(Object.freeze(Object.assign(Object.create({ extra: 1 }), neg(x, y)))),
    "structure",
    "@f: neg is not plain data",
  ],
  [
    "attributes are frozen",
    () => one(Object.freeze({ ...neg(x, y), attributes: {} })),
    "structure",
    "@f: neg is not frozen",
  ],
  ["operands are Values", () => one(neg({ type: f64 } as Value, y)), "structure", "@f: neg: an operand is not a Value"],
  [
    "results are Values",
    () => one(op("neg", { operands: [x], results: [{ type: f64 } as Value] })),
    "structure",
    "neg is not a Value",
  ],
  [
    "values are defined before their use",
    () => one(neg(y, y)),
    "structure",
    "@f: neg: %y is not defined before its use",
  ],
  ["values are defined once", () => func(body(neg(x, y), neg(x, y))), "structure", "@f: %y is defined twice"],
  [
    "functions do not share values",
    () => makeModule([makeFunc({ name: "f", body: body() }), makeFunc({ name: "g", body: body() })]),
    "structure",
    "@g: %x is defined twice",
  ],
  [
    "values of a region end with it",
    () => func(body(branch, neg(inside, y))),
    "structure",
    "%inside is defined where it cannot be seen",
  ],
  [
    "block results are visible",
    () => func(makeBlock([], [], [x])),
    "structure",
    "@f: return: %x is not defined before its use",
  ],
  ["nesting is limited", () => func(nested(257)), "structure", "regions are nested more than 256 deep"],
  [
    "symbols are identifiers",
    () => func(body(), { symbols: ["b"] }),
    "name",
    "@f: symbol b is not an upper-case identifier",
  ],
  ["symbols are declared once", () => func(body(), { symbols: ["B", "B"] }), "name", "@f: symbol B is declared twice"],
  [
    "symbols of types are declared",
    () => taking(tensorType("f32", [B])),
    "name",
    "@f: %a uses the dimension symbol B, which is not declared",
  ],
  ["symbols of attributes are declared", () => dim(B, []), "name", "@f: dim uses the dimension symbol B"],
  [
    "symbols of constraints are declared",
    () => func(body(), { constraints: [constraint(B, ">=", 1)] }),
    "name",
    "a constraint uses the dimension symbol B",
  ],
  [
    "operand symbols have no place in types",
    () => taking(tensorType("f32", [operandDim(0)])),
    "name",
    "dimension symbol %0",
  ],
  [
    "extents are not negative",
    () => taking(tensorType("f32", [subDims(-1, B)]), { symbols: ["B"] }),
    "shape",
    "@f: %a has an extent of -B-1, expected at least 0",
  ],
  [
    "extents are integers",
    () => taking(tensorType("f32", [0.5])),
    "shape",
    "@f: %a has the dimension 0.5, expected an integer",
  ],
  [
    "constraints can hold",
    () => func(body(), { constraints: [constraint(1, ">=", 2)] }),
    "shape",
    "@f: the constraint 1 >= 2 never holds",
  ],
  [
    "operands are as many as the record has",
    () => one(op("add", { operands: [x], results: [y] })),
    "arity",
    "@f: add: got 1 operand, expected 2",
  ],
  [
    "every group has a count",
    () => one(op("vjp", { attributes: { callee: "f", bindings: { bindings: {} }, wrt: [] }, segments: [0] })),
    "structure",
    "vjp: segments has 1 count, expected 2",
  ],
  [
    "segments sum to the operands",
    () => one(op("while", { operands: [x], regions: [makeBlock([], [], []), makeBlock([], [], [])], segments: [2] })),
    "structure",
    "while: segments sum to 2, expected 1",
  ],
  [
    "segments are counts",
    () => one(op("dim", { attributes: { value: 1 }, results: [new Value(f64)], segments: [-1] })),
    "structure",
    "dim: segment 0 is -1",
  ],
  [
    "single operands stand alone",
    () => one(op("load", { operands: [x, x], attributes: { at: [] }, results: [y], segments: [2, 0] })),
    "arity",
    "load: got 2 operands for memory, expected 1",
  ],
  [
    "attributes are complete",
    () => one(op("iota", { results: [y] })),
    "attribute",
    "@f: iota: attribute 'axis' is missing",
  ],
  [
    "attributes are those of the record",
    () => one(op("neg", { operands: [x], attributes: { axis: 1 }, results: [y] })),
    "attribute",
    "@f: neg: unknown attribute 'axis'",
  ],
  [
    "attributes have their kind",
    () => one(reduce({ axes: [0.5] })),
    "attribute",
    "@f: reduce: attribute 'axes' is [0.5], expected a list of integers",
  ],
  [
    "words are those of the record",
    () => one(reduce({ kind: "mean" })),
    "attribute",
    "attribute 'kind' is 'mean', expected one of sum, max",
  ],
  [
    "null is no attribute",
    () => one(reduce({ axes: null })),
    "attribute",
    "attribute 'axes' is null, expected a list of integers",
  ],
  [
    "constants are values of their dtype",
    () => one(op("constant", { attributes: { value: 0.1 }, results: [new Value(scalar("f32"))] })),
    "literal",
    "@f: constant: 0.1 is not a value of f32",
  ],
  [
    "operand symbols name operands",
    () => dim(operandDim(1)),
    "structure",
    "@f: dim: attribute 'value' has %1, but 1 operand can be named there",
  ],
  [
    "operand symbols stand in subscripts only",
    () => one(op("reshape", { operands: [x], attributes: { shape: [operandDim(0)] }, results: [y] })),
    "structure",
    "reshape: attribute 'shape' has %0, but 0 operands",
  ],
  [
    "regions are as many as the record has",
    () => one(op("if", { operands: [x], regions: [makeBlock([], [], [])] })),
    "structure",
    "@f: if: got 1 region, expected 2",
  ],
  [
    "result types follow from the rule",
    () => one(op("add", { operands: [x, x], results: [new Value(scalar("f32"))] })),
    "shape",
    "@f: add: the result has type f64, written as f32",
  ],
  [
    "results are as many as the rule gives",
    () => one(op("add", { operands: [x, x] })),
    "arity",
    "@f: add: got 0 results, expected 1",
  ],
];

describe("the verifier", () => {
  for (const [invariant, build, code, message] of broken) {
    it(`requires that ${invariant}`, () => {
      let error: unknown;
      try {
        verify(build());
      } catch (thrown) {
        error = thrown;
      }
      if (!(error instanceof AdjointError)) throw error ?? new Error("no error");
      expect(error.message).toContain(message);
      expect(error.code).toBe(code);
      expect(error.message).not.toContain("\n");
    });
  }

  it("names the function and carries the user's line", () => {
    expect(() => verify(one(op("add", { operands: [x], results: [y] })))).toThrow(
      "model.ts:12:9 @f: add: got 1 operand, expected 2",
    );
  });

  it("takes the constraints of the function and no others", () => {
    const text = (where: string): string =>
      `func @f<A, B>(%x: f32[A], %y: f32[B]) -> f32[B]${where} {\n  %z = add %x, %y : f32[B]\n  return %z\n}\n`;
    expect(() => parseModule(text(""), textOps)).toThrow(
      "<ir>:2:8 @f: add: axis 0 of the result is A, expected B, which does not follow: declare it: where A == B",
    );
    parseModule(text(" where A == B"), textOps);
    parseModule(text(" where B == 2, 3 >= A, A+1 == 3"), textOps);
    expect(() => parseModule(text(" where A == B+1"), textOps)).toThrow("axis 0 of the result is A, expected B");
  });

  it("knows the level that a module has to be at", () => {
    const memory = taking(memref("f32", [4]));
    const shapeless = taking(unranked("f32"));
    verify(memory);
    verify(memory, { level: "loop" });
    expect(() => verify(memory, { level: "tensor" })).toThrow(
      "@f: %a has type memref<f32[4]>, which belongs to the loop level",
    );
    verify(shapeless, { level: "tensor" });
    expect(() => verify(shapeless, { level: "loop" })).toThrow(
      "@f: %a has type f32[*], but shapes are known at the loop level",
    );
    const loop = parseModule("func @f(%n: index) {\n  for %i: index = 0 to %n {\n  }\n  return\n}", textOps);
    verify(loop, { level: "loop" });
    expect(() => verify(loop, { level: "tensor" })).toThrow("for is an op of the loop level");
  });

  it("accepts 256 nested regions, large constants and 0 as an extent", () => {
    verify(func(nested(256)));
    const value = new Dense({ dtype: "f32", shape: [0, 3], data: new Float32Array(0) });
    const result = new Value(tensorType("f32", [0, 3]));
    verify(one(op("constant", { attributes: { value }, results: [result] })));
  });
});
