// What each op computes: special values, the generated spelling, defined orders, empty shapes, and what it refuses.

import { describe, expect, it } from "vitest";
import {
  AdjointError,
  type Attributes,
  axisPairs,
  BlockBuilder,
  Dense,
  type DType,
  dtypeNames,
  dtypes,
  emit,
  isFloat,
  isRepresentable,
  type NdArray,
  type Op,
  scalar,
  sizeOf,
  type TensorType,
  tensorType,
} from "../src/ir/index.ts";
import * as ops from "../src/ops/index.ts";
import { records, standardOps } from "../src/ops/index.ts";
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

/** Every choice of the op's word attributes. */
function choices(op: Op): readonly Attributes[] {
  const words = Object.entries(op.attributes).filter(([, spec]) => spec.kind === "word");
  return words.reduce<readonly Attributes[]>(
    (all, [name, spec]) => all.flatMap((a) => (spec.words ?? []).map((w) => ({ ...a, [name]: w }))),
    [{}],
  );
}

/** The dtypes of operands and result with which the op's type rule agrees. */
function signaturesOf(op: Op): readonly { readonly operands: readonly DType[]; readonly result: DType }[] {
  const attributes = choices(op)[0];
  const declared: readonly (DType | null)[] = op === records.cast ? dtypeNames : [null];
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
  const text = op.scalar?.spell(names, { attributes, dtype }) ?? "";
  const rounded = op.scalar?.exact === true ? text : dtypes[dtype].spellRound(text);
  return new Function(...names, `"use strict"; const r = ${rounded}; return r;`) as () => unknown;
}

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

// ---- moving, reducing, contracting: against the definition written out ----------------------------------------------

function subscripts(shape: readonly number[]): readonly (readonly number[])[] {
  return product(shape.map((n) => Array.from({ length: n }, (_, i) => i)));
}

function elementAt(a: NdArray, at: readonly number[]): number {
  return a.data[at.reduce((offset, i, axis) => offset * a.shape[axis] + i, 0)];
}

describe("moving elements", () => {
  it.each([
    [
      [2, 3],
      [2, 3, 4],
      [0, 1],
    ],
    [
      [2, 3],
      [3, 4, 2],
      [2, 0],
    ],
    [[], [2, 2], []],
    [
      [1, 2],
      [1, 2, 2],
      [0, 2],
    ],
    [[0], [3, 0], [1]],
    [[2], [0, 2], [1]],
  ])("broadcast of %j to %j along %j", (from, to, axes) => {
    const x = ordinary("f32", from, 3);
    const [r] = runOn([x], (v) => [ops.broadcast(v, to, axes)]);
    expect(r.shape).toEqual(to);
    expect([...r.data]).toEqual(
      subscripts(to).map((at) =>
        elementAt(
          x,
          axes.map((a) => at[a]),
        ),
      ),
    );
  });

  it.each([
    [
      [2, 3, 4],
      [2, 0, 1],
    ],
    [
      [2, 3, 4],
      [0, 2, 1],
    ],
    [
      [0, 2],
      [1, 0],
    ],
    [[3], [0]],
    [[], []],
  ])("permute of %j by %j", (shape, permutation) => {
    const x = ordinary("f64", shape, 4);
    const [r] = runOn([x], (v) => emit(records.permute, [v], { attributes: { permutation } }));
    const to = permutation.map((p) => shape[p]);
    expect(r.shape).toEqual(to);
    const from = (at: readonly number[]): readonly number[] => shape.map((_, a) => at[permutation.indexOf(a)]);
    expect([...r.data]).toEqual(subscripts(to).map((at) => elementAt(x, from(at))));
  });

  it.each([
    [
      [2, 6],
      [3, 4],
    ],
    [[4], [2, 1, 2]],
    [[1, 1], []],
    [
      [0, 3],
      [5, 0],
    ],
  ])("reshape of %j to %j", (from, to) => {
    const x = ordinary("f64", from, 5);
    const [r] = runOn([x], (v) => [ops.reshape(v, to)]);
    expect([r.shape, [...r.data]]).toEqual([to, [...x.data]]);
  });

  it("gives the operand itself where permute moves nothing", () => {
    runOn([ordinary("f64", [2, 3], 1)], (x) => {
      expect(ops.permute(x, [0, 1])).toBe(x);
      return [x];
    });
  });
});

const identities: Readonly<Record<string, (dtype: DType) => number>> = {
  sum: () => 0,
  prod: () => 1,
  max: (d) => (isFloat(d) ? -Infinity : dtypes[d].min),
  min: (d) => (isFloat(d) ? Infinity : dtypes[d].max),
  and: () => 1,
  or: () => 0,
};

const combinations: Readonly<Record<string, (a: number, b: number) => number>> = {
  sum: (a, b) => a + b,
  prod: (a, b) => a * b,
  max: Math.max,
  min: Math.min,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
};

/** The definition: sixteen accumulators along a reduced last axis, else one; then the tree. */
function reduceByDefinition(x: NdArray, kind: string, axes: readonly number[]): number[] {
  const { round } = dtypes[x.dtype];
  const combine = (a: number, b: number): number => round(combinations[kind](a, b));
  const rank = x.shape.length;
  const kept = x.shape.map((_, a) => a).filter((a) => !axes.includes(a));
  const inner = x.shape.map((_, a) => a).filter((a) => axes.includes(a));
  return subscripts(kept.map((a) => x.shape[a])).map((outer) => {
    const acc = new Array(16).fill(identities[kind](x.dtype));
    for (const along of subscripts(inner.map((a) => x.shape[a]))) {
      const at = x.shape.map((_, a) => (kept.includes(a) ? outer[kept.indexOf(a)] : along[inner.indexOf(a)]));
      const lane = axes.includes(rank - 1) ? at[rank - 1] % 16 : 0;
      acc[lane] = combine(acc[lane], elementAt(x, at));
    }
    for (const w of [8, 4, 2, 1]) for (let j = 0; j < w; j++) acc[j] = combine(acc[j], acc[j + w]);
    return acc[0];
  });
}

const shapes: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[0], [0]],
  [[1], [0]],
  [[15], [0]],
  [[16], [0]],
  [[17], [0]],
  [[53], [0]],
  [[5, 37], [1]],
  [[37, 5], [0]],
  [
    [5, 37],
    [0, 1],
  ],
  [
    [5, 37],
    [1, 0],
  ],
  [
    [3, 4, 21],
    [0, 2],
  ],
  [
    [3, 4, 5],
    [0, 1],
  ],
  [[2, 0], [1]],
  [[0, 2], [1]],
  [
    [0, 2],
    [0, 1],
  ],
];

describe("reduce combines in the defined order", () => {
  it.each(shapes)("%j over %j", (shape, axes) => {
    for (const dtype of ["f64", "f32", "i32", "u8", "bool"] as const) {
      for (const kind of dtype === "bool" ? (["and", "or"] as const) : (["sum", "prod", "max", "min"] as const)) {
        const x = ordinary(dtype, shape, 8);
        if (dtype === "i32" && kind === "prod") continue; // the definition above has no 64-bit product
        const [r] = runOn([x], (v) => [ops.reduce(v, { kind, axes })]);
        expect([...r.data], `${kind} ${dtype}`).toEqual(reduceByDefinition(x, kind, axes));
      }
    }
  });

  it.each([0, 1, 2, 15, 16, 17, 31, 32, 33, 100])("as loops too, a symbolic last axis of %d", (n) => {
    const text = `func @f<N>(%x: f32[3, N]) -> (f32[3], f32, f32[N], f32) {
  %rows = reduce %x, kind = sum, axes = [1] : f32[3]
  %all = reduce %x, kind = sum, axes = [0, 1] : f32
  %columns = reduce %x, kind = prod, axes = [0] : f32[N]
  %max = reduce %x, kind = max, axes = [1, 0] : f32
  return %rows, %all, %columns, %max
}`;
    const x = ordinary("f32", [3, n], 9);
    const got = everyWay(text, "f", [x]).map((a) => [...a.data]);
    const expected = [
      ["sum", [1]],
      ["sum", [0, 1]],
      ["prod", [0]],
      ["max", [0, 1]],
    ] as const;
    expect(got).toEqual(expected.map(([kind, axes]) => reduceByDefinition(x, kind, axes)));
  });

  it.each([0, 1, 5, 16, 19, 32])("as loops too, a last axis that is known to be %d", (n) => {
    const text = `func @f(%x: f64[2, ${n}]) -> (f64[2], f64) {
  %rows = reduce %x, kind = sum, axes = [1] : f64[2]
  %all = reduce %x, kind = prod, axes = [0, 1] : f64
  return %rows, %all
}`;
    const x = ordinary("f64", [2, n], 10);
    const got = everyWay(text, "f", [x]).map((a) => [...a.data]);
    expect(got).toEqual([reduceByDefinition(x, "sum", [1]), reduceByDefinition(x, "prod", [0, 1])]);
  });

  it("starts sums from +0, lets NaN through, gives x over no axes", () => {
    const of = (x: Nested, kind: ops.ReduceKind, axes = [0]): number[] => [
      ...runOn([nd("f64", x)], (v) => [ops.reduce(v, { kind, axes })])[0].data,
    ];
    expect(of([-0, -0], "sum")).toEqual([0]);
    expect(of([-0, 0], "max")).toEqual([0]);
    expect(of([1, nan, 3], "max")).toEqual([nan]);
    expect(of([nan, -inf], "min")).toEqual([nan]);
    expect(of([0, inf], "prod")).toEqual([nan]);
    expect(of([-0, 1], "sum", [])).toEqual([-0, 1]);
    const i32 = runOn([nd("i32", [65537, 65537, 2 ** 31 - 1])], (v) => [ops.reduce(v, { kind: "prod", axes: [0] })]);
    expect(i32[0].data[0]).toBe(Math.imul(131073, 2 ** 31 - 1));
  });
});

const pairs = (left: readonly number[], right: readonly number[]) => axisPairs(left, right);

describe("dot adds rounded products in ascending order", () => {
  it.each([
    [[2, 3], [3, 4], pairs([1], [0]), pairs([], [])],
    [[3, 2], [4, 3], pairs([0], [1]), pairs([], [])],
    [[2, 3, 4], [4, 2, 5], pairs([2], [0]), pairs([0], [1])],
    [[2, 3, 4], [3, 5, 2], pairs([1, 0], [0, 2]), pairs([], [])],
    [[2, 3, 2], [2, 3, 2], pairs([1], [1]), pairs([2, 0], [0, 2])],
    [[2], [3], pairs([], []), pairs([], [])],
    [[100], [100], pairs([0], [0]), pairs([], [])],
    [[2, 0], [0, 3], pairs([1], [0]), pairs([], [])],
    [[0, 2], [2, 3], pairs([1], [0]), pairs([], [])],
    [[], [], pairs([], []), pairs([], [])],
  ])("%j and %j, contract %j, batch %j", (p, q, contract, batch) => {
    for (const dtype of ["f64", "f32", "i32"] as const) {
      const [x, y] = [ordinary(dtype, p, 11), ordinary(dtype, q, 12)];
      const [r] = runOn([x, y], (a, b) => [ops.dot(a, b, { contract, batch })]);
      expect([...r.data], dtype).toEqual(dotByDefinition(x, y, contract, batch));
    }
  });

  it("wraps integers and lets NaN through", () => {
    const run = (dtype: DType, x: Nested, y: Nested): number =>
      runOn([nd(dtype, x), nd(dtype, y)], (a, b) => [ops.dot(a, b, { contract: pairs([0], [0]) })])[0].data[0];
    expect(run("i32", [65537, 1], [65537, -1])).toBe(131072);
    expect(run("u8", [200, 100], [2, 1])).toBe(244);
    expect(run("f64", [0, 1], [inf, 1])).toBe(nan);
    expect(run("f64", [-0], [1])).toBe(0);
  });

  it("as loops too, for symbolic sizes", () => {
    const text = `func @f<B, K>(%x: f32[B, K], %y: f32[K, 3]) -> f32[B, 3] {
  %z = dot %x, %y, contract = [1] x [0] : f32[B, 3]
  return %z
}`;
    for (const [b, k] of [
      [0, 2],
      [2, 0],
      [1, 1],
      [5, 19],
    ]) {
      const [x, y] = [ordinary("f32", [b, k], 13), ordinary("f32", [k, 3], 14)];
      const got = everyWay(text, "f", [x, y]).map((a) => [...a.data]);
      expect(got).toEqual([dotByDefinition(x, y, pairs([1], [0]), pairs([], []))]);
    }
  });
});

function dotByDefinition(x: NdArray, y: NdArray, contract: ReturnType<typeof pairs>, batch: ReturnType<typeof pairs>) {
  const { round } = dtypes[x.dtype];
  const free = (a: NdArray, taken: readonly number[]): readonly number[] =>
    a.shape.map((_, axis) => axis).filter((axis) => !taken.includes(axis));
  const [p, q] = [free(x, [...batch.left, ...contract.left]), free(y, [...batch.right, ...contract.right])];
  const extents = (a: NdArray, axes: readonly number[]): readonly number[] => axes.map((axis) => a.shape[axis]);
  const place = (axes: readonly (readonly number[])[], at: readonly (readonly number[])[]): readonly number[] => {
    const result: number[] = [];
    for (const [g, group] of axes.entries()) for (const [i, axis] of group.entries()) result[axis] = at[g][i];
    return result;
  };
  return subscripts(extents(x, batch.left)).flatMap((b) =>
    subscripts(extents(x, p)).flatMap((i) =>
      subscripts(extents(y, q)).map((j) => {
        let acc = 0;
        for (const k of subscripts(extents(x, contract.left))) {
          const left = elementAt(x, place([batch.left, p, contract.left], [b, i, k]));
          const right = elementAt(y, place([batch.right, q, contract.right], [b, j, k]));
          acc = round(acc + round(left * right));
        }
        return acc;
      }),
    ),
  );
}
