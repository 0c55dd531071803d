// Every rule of canonicalize on special values: what the pattern computes and what replaces it have the same bits.

import { describe, expect, it } from "vitest";
import { canonicalizeRules } from "../passes/index.ts";
import { interpret } from "../src/backend/index.ts";
import {
  AdjointError,
  type Attribute,
  type AttributeSpec,
  BlockBuilder,
  type DType,
  dtypes,
  emit,
  FuncScope,
  findFunc,
  isFloat,
  isRepresentable,
  type Module,
  makeFunc,
  makeModule,
  type NdArray,
  printModule,
  scalar,
  sizeOf,
  type Value,
  verify,
  withBuilder,
} from "../src/ir/index.ts";
import { constant, parse, standardOps } from "../src/ops/index.ts";
import { applyRules, type Pattern, type Rule } from "../src/rewrite/index.ts";

const floats = [0, -0, 1, -1, 0.1, -2.5, 4, 1e-310, 1.4e-45, 1e38, 1e308, Number.NaN, Infinity, -Infinity];
const integers = [0, 1, -1, 2, 7, 255, 256, -128, 2 ** 31 - 1, -(2 ** 31), 2 ** 32 - 1];
const dtypeList: readonly DType[] = ["f64", "f32", "i32", "u32", "u8", "bool"];

/** The values of a dtype that rules tend to get wrong. */
function specials(dtype: DType): readonly number[] {
  if (isFloat(dtype)) return floats.map(dtypes[dtype].round);
  return integers.filter((n) => isRepresentable(n, dtype));
}

/** The dtypes that an instance of a pattern is built with: of the root, and of operands that have another one. */
interface Choice {
  readonly root: DType;
  readonly inner: readonly DType[];
  /** Constants in place of the variables behind the first. */
  readonly constants: readonly number[] | null;
  /** Which of its samples an attribute has that the pattern leaves open. */
  readonly sample: number;
}

const wholes = [0, 1, 2, 3, 200, Number.MAX_SAFE_INTEGER];

/** What an attribute may be: any of its words, a truth value, or a whole number. Other kinds keep what is usual. */
function samples({ kind, words = [] }: AttributeSpec): readonly Attribute[] {
  if (kind === "integer") return wholes;
  return kind === "boolean" ? [false, true] : words;
}

/** The attributes that a pattern leaves open, with their samples. */
function openAttributes({
  op,
  attributes,
}: Pattern & { readonly kind: "operation" }): readonly (readonly [string, readonly Attribute[]])[] {
  return Object.entries(op.attributes)
    .filter(([name]) => !(name in attributes))
    .map(([name, spec]) => [name, samples(spec)] as const)
    .filter(([, values]) => values.length > 0);
}

/** Ops whose operands have another dtype than the result, beside select. */
const changesDType: ReadonlySet<string> = new Set(["compare", "cast", "bitcast", "is_finite", "is_nan"]);

/** Builds the operations that a pattern describes, on arguments; throws where the dtypes do not fit. */
class Instance {
  readonly #builder = new BlockBuilder(new FuncScope());
  readonly #variables: (Value | undefined)[] = [];
  readonly #choice: Choice;

  constructor(choice: Choice) {
    this.#choice = choice;
  }

  module(pattern: Pattern): Module {
    const result = withBuilder(this.#builder, () => this.#build(pattern, this.#choice.root, 0));
    return makeModule([makeFunc({ name: "f", body: this.#builder.finish([result]) })]);
  }

  #build(pattern: Pattern, dtype: DType, depth: number): Value {
    if (pattern.kind === "literal") {
      if (!isRepresentable(pattern.value, dtype)) throw new AdjointError("literal", "not of this dtype");
      return constant(dtype === "bool" ? pattern.value === 1 : pattern.value, scalar(dtype));
    }
    if (pattern.kind === "variable") return this.#variable(pattern.index, dtype);
    const { op, operands, attributes } = pattern;
    const chosen = openAttributes(pattern).map(([name, all]) => [name, all[this.#choice.sample % all.length]]);
    const other = this.#choice.inner[depth] ?? dtype;
    const wanted = operands.map((_, i) => {
      if (op.name === "select") return i === 0 ? "bool" : dtype;
      return changesDType.has(op.name) ? other : dtype;
    });
    const values = operands.map((p, i) => this.#build(p, wanted[i], depth + 1));
    return emit(op, values, {
      attributes: { ...attributes, ...Object.fromEntries(chosen) },
      types: op.name === "cast" ? [scalar(dtype)] : null,
    })[0];
  }

  #variable(index: number, dtype: DType): Value {
    const literal = index === 0 ? undefined : this.#choice.constants?.[index - 1];
    const make = (): Value =>
      literal === undefined ? this.#builder.argument(scalar(dtype)) : constant(literal, scalar(dtype));
    const value = (this.#variables[index] ??= make());
    if (value.type !== scalar(dtype)) throw new AdjointError("dtype", "one variable, two dtypes");
    return value;
  }
}

/** A class-fast rule is right up to rounding where nothing cancels, overflows or underflows. */
const moderate = [0, 1, -1, 0.1, -2.5];

/** How many samples the attributes have that a pattern leaves open: the most of any of them. */
function openSamples(pattern: Pattern): number {
  if (pattern.kind !== "operation") return 1;
  return Math.max(1, ...openAttributes(pattern).map(([, all]) => all.length), ...pattern.operands.map(openSamples));
}

function* choices(isExact: boolean, samples: number): Generator<Choice> {
  for (const root of dtypeList) {
    for (const a of dtypeList)
      for (const b of dtypeList)
        for (let sample = 0; sample < samples; sample++) yield { root, inner: [a, b], constants: null, sample };
    const values = specials(root).filter((x) => isExact || moderate.includes(x));
    for (const a of values)
      for (const b of values)
        for (let sample = 0; sample < samples; sample++) yield { root, inner: [], constants: [a, b], sample };
  }
}

/** All tuples of special values for a function's arguments. */
function tuples(module: Module): readonly (readonly NdArray[])[] {
  let all: readonly (readonly NdArray[])[] = [[]];
  for (const { type } of findFunc(module, "f")?.body.arguments ?? []) {
    if (type.kind !== "tensor") continue;
    const { dtype } = type;
    const values = specials(dtype).map((x) => ({ dtype, shape: [], data: new dtypes[dtype].array([x]) }));
    all = all.flatMap((t) => values.map((v) => [...t, v]));
  }
  return all;
}

function agree(before: Module, after: Module, args: readonly NdArray[], isExact: boolean): void {
  const [expected] = interpret(before, "f", args);
  const [got] = interpret(after, "f", args);
  expect(got.dtype).toBe(expected.dtype);
  expect([...got.shape]).toEqual([...expected.shape]);
  for (const [i, e] of expected.data.entries()) {
    const g = got.data[i];
    if (Object.is(g, e) || (!isExact && (!Number.isFinite(e) || !Number.isFinite(g)))) continue;
    const size = Math.max(1, Math.abs(e), ...args.map((a) => Math.abs(a.data[0])));
    const near = !isExact && Math.abs(g - e) <= 1e-5 * size;
    if (!near) {
      const given = args.map((a) => a.data[0]).join(", ");
      expect.fail(`for (${given}) element ${i} is ${g}, was ${e}\n${printModule(before)}\n${printModule(after)}`);
    }
  }
}

function applied(rule: Rule, module: Module): Module {
  const after = applyRules(module, [rule], { ops: standardOps, fast: true });
  verify(after);
  return after;
}

/** Instances of an elementwise pattern that the rule rewrites. */
function* instances(rule: Rule): Generator<readonly [Module, Module]> {
  const seen = new Set<string>();
  if (rule.pattern === null) return;
  for (const choice of choices(rule.class === "exact", openSamples(rule.pattern))) {
    let module: Module;
    try {
      module = new Instance(choice).module(rule.pattern);
      verify(module);
    } catch (error) {
      if (error instanceof AdjointError) continue;
      throw error;
    }
    const text = printModule(module);
    if (seen.has(text)) continue;
    seen.add(text);
    const after = applied(rule, module);
    if (after !== module) yield [module, after];
  }
}

const f = (head: string, ...lines: string[]): string => `func @f${head} {\n${lines.map((l) => `  ${l}\n`).join("")}}\n`;

/** Examples of the rules whose patterns move elements or hold regions; all arguments are of dtype f64 or bool. */
const examples: Readonly<Record<string, readonly string[]>> = {
  "reshape(x) to its own shape → x": [f("<B>(%x: f64[B, 3]) -> f64[B, 3]", "%y = reshape %x : f64[B, 3]", "return %y")],
  "reshape(reshape(x)) → reshape(x)": [
    f("<B>(%x: f64[B, 4]) -> f64[2, 2*B]", "%a = reshape %x : f64[4*B]", "%y = reshape %a : f64[2, 2*B]", "return %y"),
  ],
  "view(x) of its own shape → x": [
    f(
      "(%x: f64) -> f64",
      ...["%m = alloc : memref<f64[2]>", "%v = view %m : memref<f64[2]>", "store %x, %v[1]"],
      ...["%y = load %m[1] : f64", "return %y"],
    ),
  ],
  "view(view(x)) → view(x)": [
    f(
      "(%x: f64) -> f64",
      ...["%m = alloc : memref<f64[2, 3]>", "%v = view %m : memref<f64[6]>", "%w = view %v : memref<f64[3, 2]>"],
      ...["store %x, %w[2, 0]", "%y = load %m[1, 1] : f64", "return %y"],
    ),
  ],
  "reshape(x) of one number → broadcast(x)": [f("(%x: f64) -> f64[1, 1]", "%y = reshape %x : f64[1, 1]", "return %y")],
  "permute(x) in order → x": [
    f("(%x: f64[2, 3]) -> f64[2, 3]", "%y = permute %x, permutation = [0, 1] : f64[2, 3]", "return %y"),
  ],
  "permute(permute(x)) → permute(x)": [
    f(
      "(%x: f64[2, 3, 4]) -> f64[4, 2, 3]",
      "%a = permute %x, permutation = [1, 2, 0] : f64[3, 4, 2]",
      "%y = permute %a, permutation = [1, 2, 0] : f64[4, 2, 3]",
      "return %y",
    ),
  ],
  "extent(x) of a known rank → its dimensions": [
    f("<B>(%x: f64[2, B, 3]) -> i32", "%y = extent %x, axes = [0, 1] : i32", "return %y"),
    f("(%x: f64[2, 3]) -> i32", "%y = extent %x, axes = [] : i32", "return %y"),
  ],
  "broadcast(x) to its own shape → x": [
    f("<B>(%x: f64[B, 2]) -> f64[B, 2]", "%y = broadcast %x, axes = [0, 1] : f64[B, 2]", "return %y"),
  ],
  "broadcast(broadcast(x)) → broadcast(x)": [
    f(
      "<B>(%x: f64[3]) -> f64[2, B, 3, 4]",
      "%a = broadcast %x, axes = [1] : f64[B, 3]",
      "%y = broadcast %a, axes = [1, 2] : f64[2, B, 3, 4]",
      "return %y",
    ).replace("(%x: f64[3])", "(%x: f64[3], %s: f64[B])"),
  ],
  "reverse(x) along no axes → x": [f("(%x: f64[2]) -> f64[2]", "%y = reverse %x, axes = [] : f64[2]", "return %y")],
  "reverse(reverse(x)) → reverse(x)": [
    f(
      "<B>(%x: f64[2, B, 2]) -> f64[2, B, 2]",
      "%a = reverse %x, axes = [1, 0] : f64[2, B, 2]",
      "%y = reverse %a, axes = [1, 2] : f64[2, B, 2]",
      "return %y",
    ),
    f(
      "<B>(%x: f64[B]) -> f64[B]",
      "%a = reverse %x, axes = [0] : f64[B]",
      "%y = reverse %a, axes = [0] : f64[B]",
      "return %y",
    ),
  ],
  "slice(x) of the whole → x": [
    f("<B>(%x: f64[B, 2]) -> f64[B, 2]", "%y = slice %x, start = [0, 0], limit = [B, 2] : f64[B, 2]", "return %y"),
  ],
  "slice(slice(x)) → slice(x)": [
    f(
      "<B>(%x: f64[B, 12]) -> f64[B-1, 2] where B >= 1",
      "%a = slice %x, start = [0, 1], limit = [B, 12], strides = [1, 2] : f64[B, 6]",
      "%y = slice %a, start = [1, 1], limit = [B, 6], strides = [1, 3] : f64[B-1, 2]",
      "return %y",
    ),
    f(
      "(%x: f64[5]) -> f64[0]",
      "%a = slice %x, start = [1], limit = [5], strides = [2] : f64[2]",
      "%y = slice %a, start = [2], limit = [2], strides = [2] : f64[0]",
      "return %y",
    ),
  ],
  "pad(x) by nothing → x": [
    f(
      "<B>(%x: f64[B, 2]) -> f64[B, 2]",
      "%v = constant 1 : f64",
      "%y = pad %x, %v, low = [0, 0], high = [0, 0], interior = [0, 0] : f64[B, 2]",
      "return %y",
    ),
  ],
  "concatenate(x) → x": [f("<B>(%x: f64[B]) -> f64[B]", "%y = concatenate %x : f64[B]", "return %y")],
  "concatenate with nothing → concatenate": [
    f(
      "<B>(%x: f64[2, B], %y: f64[2, 0], %z: f64[2, 1]) -> f64[2, B+1]",
      "%c = concatenate %x, %y, %z, axis = 1 : f64[2, B+1]",
      "return %c",
    ),
    f("(%x: f64[0]) -> f64[0]", "%c = concatenate %x, %x, axis = 0 : f64[0]", "return %c"),
  ],
  "reduce(x) over no axes → x": ["sum", "max", "min", "prod"].map((kind) =>
    f("(%x: f64[13]) -> f64[13]", `%y = reduce %x, kind = ${kind}, axes = [] : f64[13]`, "return %y"),
  ),
  "a move of a constant of equal elements → a constant": [
    f(
      "<B>(%x: f64[B]) -> f64[2, B]",
      "%c = constant -0 : f64",
      "%y = broadcast %c, axes = [] : f64[2, B]",
      "return %y",
    ),
    f("(%x: f64) -> f64[4]", "%c = constant nan : f64[2, 2]", "%y = reshape %c : f64[4]", "return %y"),
    f(
      "<B>(%x: f64[B]) -> f64[B+6]",
      "%c = constant -0 : f64[3]",
      "%d = constant -0 : f64[B]",
      "%y = concatenate %c, %d, %c : f64[B+6]",
      "return %y",
    ),
    f(
      "(%x: f64) -> f64[4]",
      "%c = constant nan : f64[3]",
      "%v = constant nan : f64",
      "%y = pad %c, %v, low = [1], high = [0] : f64[4]",
      "return %y",
    ),
    f("(%x: f64) -> f64", "%c = constant 3 : f64", "%y = stop_gradient %c : f64", "return %y"),
  ],
  "if with a known predicate → its branch": [
    f(
      "(%x: f64) -> f64",
      "%p = constant true : bool",
      "%y = if %p : f64 {",
      "  %s = sin %x : f64",
      "  yield %s",
      "} else {",
      "  yield %x",
      "}",
      "return %y",
    ),
  ],
  "if whose branches all yield a value → the value": [
    f(
      "(%x: f64, %p: bool) -> (f64, f64, f64)",
      "%y, %z = if %p : f64, f64 {",
      "  %s = sin %x : f64",
      "  yield %x, %s",
      "} else {",
      "  yield %x, %x",
      "}",
      "%w = if %p : f64 {",
      "  yield %y",
      "} else {",
      "  yield %x",
      "}",
      "return %y, %z, %w",
    ),
  ],
  "while that never runs → its first values": [
    f(
      "(%x: f64) -> f64",
      "%y = while carry(%a: f64 = %x) : f64 {",
      "  %p = constant false : bool",
      "  yield %p",
      "} do(%b: f64) {",
      "  %n = neg %b : f64",
      "  yield %n",
      "}",
      "return %y",
    ),
  ],
};

/** Arguments of the sizes that a type has for B = 3, filled with special values. */
function sampleArguments(module: Module): readonly NdArray[] {
  return (findFunc(module, "f")?.body.arguments ?? []).map(({ type }) => {
    if (type.kind !== "tensor") throw new Error("tensors only");
    const shape = type.shape.map((d) => (typeof d === "number" ? d : 3));
    const values = specials(type.dtype);
    const data = new dtypes[type.dtype].array(sizeOf(shape)).map((_, i) => values[i % values.length]);
    return { dtype: type.dtype, shape, data };
  });
}

describe("rules of canonicalize", () => {
  const isStructural = (rule: Rule): boolean => rule.name in examples;

  it("have an example each, or a pattern of elementwise ops", () => {
    for (const rule of canonicalizeRules) {
      const { pattern } = rule;
      const isElementwise = pattern?.kind === "operation" && pattern.op.traits.elementwise;
      expect(isStructural(rule) || isElementwise, rule.name).toBe(true);
    }
  });

  for (const rule of canonicalizeRules.filter((r) => !isStructural(r))) {
    it(`${rule.name} (${rule.class})`, () => {
      let count = 0;
      for (const [before, after] of instances(rule)) {
        count++;
        for (const args of tuples(before)) agree(before, after, args, rule.class === "exact");
      }
      expect(count).toBeGreaterThan(0);
    });
  }

  for (const rule of canonicalizeRules.filter(isStructural)) {
    it(rule.name, () => {
      for (const text of examples[rule.name]) {
        const module = parse(text);
        verify(module);
        const after = applied(rule, module);
        expect(after, text).not.toBe(module);
        agree(module, after, sampleArguments(module), true);
      }
    });
  }

  it("leave alone what only looks like a match", () => {
    for (const lines of [
      ["%c = constant 0 : f64", "%y = add %x, %c : f64"], // -0 + 0 is 0
      ["%c = constant 0 : f64", "%y = mul %x, %c : f64"], // nan, inf, -1
      ["%c = cast %x : f32", "%y = cast %c : f64"], // loses bits
      ["%c = constant 3 : f64", "%y = div %x, %c : f64"], // 1/3 is rounded
      ["%c = constant 5e-324 : f64", "%y = div %x, %c : f64"], // its reciprocal overflows
      ["%y = sub %x, %x : f64"],
      ["%y = copysign %x, %x : f64"], // its derivative at 0 is that of |x|
      [
        "%c = constant 0 : f64[1]",
        "%d = constant -0 : f64[1]",
        "%e = concatenate %c, %d : f64[2]",
        "%y = add %x, %x : f64",
      ],
      ["%c = constant 0 : f64[1]", "%p = pad %c, %x, low = [1], high = [-1] : f64[1]", "%y = add %x, %x : f64"],
      ["%s = sub %x, %x : f64", "%y = neg %s : f64"], // -(1 - 1) is -0
    ]) {
      const module = parse(f("(%x: f64) -> f64", ...lines, "return %y"));
      verify(module);
      expect(applyRules(module, canonicalizeRules, { ops: standardOps, fast: false }), lines[0]).toBe(module);
    }
  });
});
