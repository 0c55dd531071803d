// What each op computes: special values, the generated spelling, defined orders, empty shapes, and what it refuses.

import { describe, expect, it } from "vitest";
import {
  AdjointError,
  type Attributes,
  BlockBuilder,
  Dense,
  type DType,
  dtypeNames,
  dtypes,
  emit,
  isFloat,
  isRepresentable,
  type Kernel,
  type NdArray,
  type Op,
  scalar,
  sizeOf,
  type TensorType,
  tensorType,
} from "../src/ir/index.ts";
import * as ops from "../src/ops/index.ts";
import { kernelText, records, spellRound, standardOps } from "../src/ops/index.ts";
import { everyWay, type Nested, nd } from "./backends.ts";
import { ordinary, runOn } from "./op-cases.ts";

const floats = [
  0,
  -0,
  1,
  -1,
  0.5,
  1.5,
  -2.75,
  3,
  255.9,
  256,
  -129,
  2 ** 31,
  2 ** 32 + 5.5,
  -(2 ** 33) - 1,
  1e-310,
  5e-324,
  1e-45,
  16777217,
  1e38,
  3.5e38,
  1e308,
  Infinity,
  -Infinity,
  Number.NaN,
];
const integers = [0, 1, -1, 2, 3, 7, 100, 127, 128, 255, -128, 46341, 65537, 2 ** 31 - 1, -(2 ** 31), 2 ** 32 - 1];

function specials(dtype: DType): readonly number[] {
  return isFloat(dtype) ? floats.map(dtypes[dtype].round) : integers.filter((n) => isRepresentable(n, dtype));
}

const scalarOps = [...standardOps.values()].filter((op) => op.scalar !== null);

/** Every choice of the op's words and truth values, and some of its integers. */
function choices(op: Op): readonly Attributes[] {
  return Object.entries(op.attributes).reduce<readonly Attributes[]>(
    (all, [name, { kind, words = kind === "boolean" ? [false, true] : [0, 1, 2, 3] }]) =>
      all.flatMap((a) => words.map((w) => ({ ...a, [name]: w }))),
    [{}],
  );
}

/** The ops whose result's dtype has to be written. */
const takesResultType: readonly Op[] = [records.cast, records.bitcast];

/** The dtypes of operands and result with which the op's type rule agrees. */
function signaturesOf(op: Op): readonly { readonly operands: readonly DType[]; readonly result: DType }[] {
  const attributes = choices(op)[0];
  const declared: readonly (DType | null)[] = takesResultType.includes(op) ? dtypeNames : [null];
  const lists = op.operands.reduce<readonly (readonly DType[])[]>(
    (all) => all.flatMap((l) => dtypeNames.map((d) => [...l, d])),
    [[]],
  );
  return lists.flatMap((operands) =>
    declared.flatMap((d) => {
      const builder = new BlockBuilder();
      const types = d === null ? null : [scalar(d)];
      try {
        const [r] = builder.emit(
          op,
          operands.map((o) => builder.argument(scalar(o))),
          { attributes, types },
        );
        return [{ operands, result: (r.type as TensorType).dtype }];
      } catch (error) {
        if (error instanceof AdjointError && error.code === "dtype") return [];
        throw error;
      }
    }),
  );
}

function product(lists: readonly (readonly number[])[]): readonly (readonly number[])[] {
  return lists.reduce<readonly (readonly number[])[]>((all, l) => all.flatMap((a) => l.map((x) => [...a, x])), [[]]);
}

/** The generated code of one operation, called with the operands as generated code holds them. */
function compileSpelling(
  op: Op,
  attributes: Attributes,
  dtype: DType,
): (...args: readonly (number | boolean)[]) => unknown {
  const names = op.operands.map((_, i) => `x${i}`);
  const kernels: string[] = [];
  const nameOf = (kernel: Kernel): string => {
    kernels.push(`const ${kernel.name} = ${kernelText(kernel, kernel.uses.map(nameOf))};`);
    return kernel.name;
  };
  const text = op.scalar?.spell(names, { attributes, dtype, nameOf }) ?? "";
  const rounded = op.scalar?.exact === true ? text : spellRound(text, dtype);
  return new Function(
    ...names,
    `"use strict"; const { fround } = Math; ${kernels.join(" ")} const r = ${rounded}; return r;`,
  ) as () => unknown;
}

describe("the project's own ops", () => {
  it("are found by name, and a user's op of that name is not one of them", () => {
    for (const [name, op] of standardOps) expect(ops.isOwn(op, name), name).toBe(true);
    const mul = ops.defineOp({ ...records.mul, summary: "Another.", docs: records.mul.docs });
    expect([ops.isOwn(mul, "mul"), ops.ownOp("mul") === records.mul]).toEqual([false, true]);
  });

  it("have definitions as defineOp wants them of users: their records are made without its checks", () => {
    for (const [name, op] of standardOps) expect(ops.defineOp({ ...op }), name).toEqual(op);
    const store: Op = records.store;
    const wrong = { ...store, effects: { writes: ["place"] } };
    expect(() => ops.defineOp(wrong)).toThrow("expected one of its operands");
  });
});

describe("the spelling computes what the interpreter computes, bit for bit", () => {
  const rows = scalarOps.flatMap((op) =>
    signaturesOf(op).map(
      ({ operands, result }) => [`${op.name} ${operands} → ${result}`, op, operands, result] as const,
    ),
  );

  it.each(rows)("%s", (_, op, operands, result) => {
    for (const attributes of choices(op)) {
      const spelled = compileSpelling(op, attributes, result);
      const round = op.scalar?.exact === true ? (x: number) => x : dtypes[result].round;
      for (const args of product(operands.map(specials))) {
        const computed = round(op.scalar?.compute(args, { attributes, dtype: result }) ?? Number.NaN);
        const got = spelled(...args.map((x, i) => (operands[i] === "bool" ? x !== 0 : x)));
        const expected = result === "bool" ? computed !== 0 : computed;
        if (!Object.is(got, expected)) expect(got, `${op.name}(${args})`).toBe(expected);
        if (!isFloat(result) && !isSettled(computed, result)) expect(computed, `${op.name}(${args})`).toBe("in range");
      }
    }
  });
});

/** A value that memory of the dtype holds as it is. */
function isSettled(x: number, dtype: DType): boolean {
  return dtype === "index" ? !Object.is(x, -0) && !Number.isNaN(x) : isRepresentable(x, dtype);
}

it("elementwise ops work on every shape, empty ones too, as their scalar function says", () => {
  for (const op of scalarOps) {
    const [{ operands, result }] = signaturesOf(op);
    const [attributes] = choices(op);
    for (const shape of [[], [0], [1], [3], [2, 0, 3], [2, 1, 3]]) {
      const args = operands.map((d, i) => ordinary(d, shape, i + 1));
      const [got] = runOn(args, (...x) => emit(op, x, { attributes, types: [tensorType(result, shape)] }));
      const expected = Array.from({ length: sizeOf(shape) }, (_, i) => {
        const x =
          op.scalar?.compute(
            args.map((a) => a.data[i]),
            { attributes, dtype: result },
          ) ?? 0;
        return op.scalar?.exact === true ? x : dtypes[result].round(x);
      });
      expect([got.shape, [...got.data]], op.name).toEqual([shape, expected]);
    }
  }
});

// ---- special values -------------------------------------------------------------------------------------------------

const [nan, inf] = [Number.NaN, Infinity];
type Row = readonly [name: string, dtype: DType, args: readonly number[], expected: number, attributes?: Attributes];

describe("special values", () => {
  const rows: readonly Row[] = [
    ["maximum", "f64", [0, -0], 0],
    ["maximum", "f64", [-0, 0], 0],
    ["maximum", "f64", [-0, -0], -0],
    ["maximum", "f64", [nan, 1], nan],
    ["maximum", "f32", [1, nan], nan],
    ["minimum", "f64", [0, -0], -0],
    ["minimum", "f64", [-inf, nan], nan],
    ["neg", "f64", [0], -0],
    ["neg", "i32", [-(2 ** 31)], -(2 ** 31)],
    ["neg", "i32", [0], 0],
    ["neg", "u8", [1], 255],
    ["neg", "u32", [1], 2 ** 32 - 1],
    ["add", "i32", [2 ** 31 - 1, 1], -(2 ** 31)],
    ["add", "u8", [250, 10], 4],
    ["add", "f32", [16777216, 1], 16777216],
    ["add", "f64", [-0, -0], -0],
    ["add", "f64", [-0, 0], 0],
    ["add", "f64", [inf, -inf], nan],
    ["sub", "u32", [0, 1], 2 ** 32 - 1],
    ["mul", "i32", [65537, 65537], 131073],
    ["mul", "u32", [2 ** 32 - 1, 2 ** 32 - 1], 1],
    ["mul", "u8", [16, 17], 16],
    ["mul", "f64", [0, inf], nan],
    ["mul", "f32", [1e38, 10], inf],
    ["mul", "index", [-1, 0], 0],
    ["div", "f64", [1, -0], -inf],
    ["div", "f64", [0, 0], nan],
    ["div", "i32", [7, -2], -3],
    ["div", "i32", [-(2 ** 31), -1], -(2 ** 31)],
    ["div", "i32", [5, 0], 0],
    ["div", "u32", [2 ** 32 - 1, 2], 2 ** 31 - 1],
    ["div", "u8", [255, 0], 0],
    ["div", "index", [-1, 2], 0],
    ["div", "index", [3, 0], 0],
    ["sin", "f64", [-0], -0],
    ["sin", "f64", [inf], nan],
    ["cos", "f32", [nan], nan],
    ["exp", "f64", [-inf], 0],
    ["exp", "f32", [89], inf],
    ["exp", "f64", [-0], 1],
    ["rem", "f64", [-6, 3], -0],
    ["rem", "f64", [6, -4], 2],
    ["rem", "f64", [1, inf], 1],
    ["rem", "f64", [1, 0], nan],
    ["rem", "f32", [5.5, 0.1], Math.fround(5.5 % Math.fround(0.1))],
    ["rem", "i32", [-(2 ** 31), -1], 0],
    ["rem", "i32", [-7, 0], 0],
    ["rem", "index", [-4, 2], 0],
    ["pow", "f64", [nan, 0], 1],
    ["pow", "f64", [1, nan], nan],
    ["pow", "f64", [-1, inf], nan],
    ["pow", "f64", [1, -inf], nan],
    ["pow", "f64", [-0, -3], -inf],
    ["pow", "f64", [1.1, 2], 1.1 * 1.1],
    ["pow", "f32", [3, 20], Math.fround(3 ** 20)],
    ["pow", "i32", [3, 40], Number(BigInt.asIntN(32, 3n ** 40n))],
    ["pow", "u32", [3, 40], Number(BigInt.asUintN(32, 3n ** 40n))],
    ["pow", "u8", [3, 40], Number(BigInt.asUintN(8, 3n ** 40n))],
    ["abs", "i32", [-(2 ** 31)], -(2 ** 31)],
    ["abs", "f64", [-0], 0],
    ["sign", "f64", [-0], -0],
    ["sign", "u8", [200], 1],
    ["round", "f64", [2 ** 52 + 1], 2 ** 52 + 1],
    ["round", "f32", [-1.5], -2],
    ["trunc", "f64", [-0.9], -0],
    ["hypot", "f64", [nan, -inf], inf],
    ["atan2", "f64", [-0, -0], -Math.PI],
    ["copysign", "f64", [nan, -1], nan],
    ["copysign", "f32", [2, -0], -2],
    ["clamp", "f64", [1, nan, 2], nan],
    ["clamp", "f64", [3, 0, 2], 2],
    ["clamp", "u8", [10, 255, 20], 20],
    ["nextafter", "f32", [1, 2], 1 + 2 ** -23],
    ["nextafter", "f64", [1, 2], 1 + 2 ** -52],
    ["log", "f64", [-0], -inf],
    ["sqrt", "f64", [-0], -0],
    ["rsqrt", "f64", [-0], -inf],
    ["log1p", "f64", [-1], -inf],
    ["exp2", "f64", [0.5 - 1075], 5e-324],
    ["lgamma", "f64", [-3], inf],
    ["digamma", "f64", [0], nan],
    ["polygamma", "f64", [0], inf, { order: 1 }],
    ["polygamma", "f64", [0], nan, { order: 2 }],
    ["not", "u8", [0], 255],
    ["xor", "u32", [2 ** 32 - 1, 1], 2 ** 32 - 2],
    ["xor", "bool", [1, 1], 0],
    ["shift_left", "i32", [1, -1], -(2 ** 31)],
    ["shift_left", "u8", [255, 9], 254],
    ["shift_right", "i32", [-1, 32], -1],
    ["shift_right", "u32", [2 ** 32 - 1, 31], 1],
    ["shift_right", "u8", [128, 7], 1],
    ["popcount", "i32", [-1], 32],
    ["is_finite", "f32", [nan], 0],
    ["is_nan", "f64", [nan], 1],
    ["and", "i32", [-1, 12], 12],
    ["or", "u32", [2 ** 31, 1], 2 ** 31 + 1],
    ["not", "bool", [1], 0],
    ["compare", "f64", [nan, nan], 0, { direction: "eq" }],
    ["compare", "f64", [nan, nan], 1, { direction: "ne" }],
    ["compare", "f64", [nan, 1], 0, { direction: "ge" }],
    ["compare", "f64", [0, -0], 1, { direction: "eq" }],
    ["compare", "f64", [-0, 0], 0, { direction: "lt" }],
    ["compare", "u32", [2 ** 32 - 1, 1], 1, { direction: "gt" }],
    ["compare", "bool", [0, 1], 1, { direction: "lt" }],
  ];

  const complete = rows.map(([name, dtype, args, expected, attributes]) => ({
    name,
    dtype,
    args,
    expected,
    attributes,
  }));
  it.each(complete)("$name of $dtype $args is $expected", ({ name, dtype, args, expected, attributes }) => {
    const op = standardOps.get(name) as Op;
    const arrays = args.map((x) => nd(dtype, x));
    expect(runOn(arrays, (...x) => emit(op, x, { attributes }))[0].data[0]).toBe(expected);
  });

  const casts: readonly (readonly [DType, number, DType, number])[] = [
    ["f64", -2.7, "i32", -2],
    ["f64", nan, "i32", 0],
    ["f64", inf, "i32", 0],
    ["f64", 2 ** 31, "i32", -(2 ** 31)],
    ["f64", 2 ** 32 + 5, "i32", 5],
    ["f64", -1, "u32", 2 ** 32 - 1],
    ["f64", -1.5, "u8", 255],
    ["f64", 300, "u8", 44],
    ["f64", 0.1, "f32", Math.fround(0.1)],
    ["f64", 1e300, "f32", inf],
    ["f64", -0, "f32", -0],
    ["f64", -0, "i32", 0],
    ["f64", nan, "bool", 0],
    ["f64", -0, "bool", 0],
    ["f64", 5e-324, "bool", 1],
    ["f64", -0.5, "index", 0],
    ["bool", 1, "f32", 1],
    ["i32", -1, "u8", 255],
    ["u32", 2 ** 32 - 1, "f32", 2 ** 32],
    ["u32", 2 ** 31, "i32", -(2 ** 31)],
  ];

  it.each(casts)("cast of %s %d to %s is %d", (from, x, to, expected) => {
    expect(runOn([nd(from, x)], (v) => [ops.cast(v, to)])[0].data[0]).toBe(expected);
  });

  it("select ignores what it does not take", () => {
    const [r] = runOn([nd("bool", [1, 0]), nd("f64", [-0, nan]), nd("f64", [nan, -0])], (p, x, y) => [
      ops.select(p, x, y),
    ]);
    expect([...r.data]).toEqual([-0, -0]);
  });
});

// ---- leaves ---------------------------------------------------------------------------------------------------------

function valuesOf(arrays: readonly NdArray[]): Nested {
  return arrays.map((a) => [...a.data]);
}

describe("leaves", () => {
  it("constants repeat one value or hold an array, rounded to a float dtype", () => {
    const dense = new Dense(nd("f64", [[1, -0]]));
    const built = runOn([], () => [
      ops.constant(0.1, tensorType("f32", [2])),
      ops.constant(true, scalar("bool")),
      ops.constant(-0, tensorType("f64", [0])),
      ops.constant(dense, tensorType("f64", [1, 2])),
      ops.constant(nan, scalar("f64")),
    ]);
    expect(valuesOf(built)).toEqual([[Math.fround(0.1), Math.fround(0.1)], [1], [], [1, -0], [nan]]);
  });

  it("iota counts along one axis and wraps", () => {
    const built = runOn([], () => [
      ops.iota(tensorType("i32", [2, 3]), 0),
      ops.iota(tensorType("f32", [2, 2]), 1),
      ops.iota(tensorType("i32", [0])),
    ]);
    expect(valuesOf(built)).toEqual([[0, 0, 0, 1, 1, 1], [0, 1, 0, 1], []]);
    expect(runOn([], () => [ops.iota(tensorType("u8", [258]))])[0].data[257]).toBe(1);
  });

  it("dim gives the value of an expression for the sizes of the call", () => {
    const text = `func @f<B, H>(%x: f64[B, H]) -> (i32, i32) {
  %a = dim 2*B+floor(H/2) : i32
  %b = dim max(B, H) : i32
  return %a, %b
}`;
    for (const [b, h] of [
      [0, 0],
      [1, 5],
      [3, 2],
    ]) {
      const results = everyWay(text, "f", [ordinary("f64", [b, h], 1)]);
      expect(valuesOf(results)).toEqual([[2 * b + Math.floor(h / 2)], [Math.max(b, h)]]);
    }
  });
});
