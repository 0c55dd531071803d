// dot as tiles: sizes around the tile's, with every arrangement of the operands' axes, fixed and symbolic.

import { describe, expect, it } from "vitest";
import { interpret } from "../src/backend/index.ts";
import type { DType, NdArray } from "../src/ir/index.ts";
import { parse } from "../src/ops/index.ts";
import { compileJs, everyWay, same } from "./backends.ts";
import { ordinary } from "./op-cases.ts";

/** Around 2, 4 and their multiples. */
const sizes = [0, 1, 2, 3, 4, 5, 7, 8, 11];

interface Arrangement {
  readonly name: string;
  readonly left: string;
  readonly right: string;
  readonly attributes: string;
  readonly result: string;
}

const arrangements: readonly Arrangement[] = [
  { name: "x · y", left: "M, K", right: "K, N", attributes: "contract = [1] x [0]", result: "M, N" },
  { name: "xᵀ · y", left: "K, M", right: "K, N", attributes: "contract = [0] x [0]", result: "M, N" },
  { name: "x · yᵀ", left: "M, K", right: "N, K", attributes: "contract = [1] x [1]", result: "M, N" },
  {
    name: "a batch in both",
    left: "B, M, K",
    right: "K, B, N",
    attributes: "contract = [2] x [0], batch = [0] x [1]",
    result: "B, M, N",
  },
  {
    name: "several free and contracted axes",
    left: "M, K, B, L",
    right: "L, N, K, B",
    attributes: "contract = [1, 3] x [2, 0]",
    result: "M, B, N, B",
  },
];

const symbols = ["M", "K", "N", "B", "L"] as const;
type Sizes = Readonly<Record<(typeof symbols)[number], number>>;

function program(dtype: DType, a: Arrangement, at: Sizes | null): string {
  const spell = (axes: string): string =>
    at === null ? axes : axes.replace(/[A-Z]/g, (s) => String(at[s as keyof Sizes]));
  const used = symbols.filter((s) => `${a.left}, ${a.right}`.includes(s));
  const [left, right, result] = [a.left, a.right, a.result].map((axes) => `${dtype}[${spell(axes)}]`);
  return `func @main${at === null ? `<${used.join(", ")}>` : ""}(%x: ${left}, %y: ${right}) -> ${result} {
  %z = dot %x, %y, ${a.attributes} : ${result}
  return %z
}
`;
}

function operands(dtype: DType, a: Arrangement, at: Sizes): readonly NdArray[] {
  const shape = (axes: string): number[] => axes.split(", ").map((s) => at[s as keyof Sizes]);
  return [ordinary(dtype, shape(a.left), 1), ordinary(dtype, shape(a.right), 2)];
}

const cube = sizes.flatMap((M) => sizes.flatMap((N) => [0, 1, 4, 5, 19].map((K) => ({ M, N, K, B: 2, L: 3 }))));

describe("dot in tiles has the bits of the plain loop", () => {
  for (const dtype of ["f32", "f64"] as const) {
    for (const a of arrangements) {
      it(`${dtype}, ${a.name}, sizes known when it runs`, () => {
        const module = parse(program(dtype, a, null));
        const compiled = compileJs(module, "main");
        for (const at of cube) {
          const args = operands(dtype, a, at);
          same(compiled.run(args), interpret(module, "main", args));
        }
      });

      it(`${dtype}, ${a.name}, sizes known before`, () => {
        for (const at of cube.filter((_, i) => i % 3 === 0)) {
          const module = parse(program(dtype, a, at));
          const args = operands(dtype, a, at);
          same(compileJs(module, "main").run(args), interpret(module, "main", args));
        }
      });
    }
  }

  it("with one, two or three rows or columns, or none", () => {
    for (const dtype of ["f32", "f64"] as const) {
      for (const a of arrangements.slice(0, 4)) {
        for (const [M, N] of [
          [1, 40],
          [3, 37],
          [41, 2],
          [0, 40],
        ]) {
          const at = { M, K: 17, N, B: 3, L: 3 };
          everyWay(program(dtype, a, at), "main", operands(dtype, a, at));
        }
      }
      for (const [left, right, contract] of [
        ["[37, 19]", "[19]", "[1] x [0]"],
        ["[19, 37]", "[19]", "[0] x [0]"],
        ["[19]", "[19, 37]", "[0] x [0]"],
        ["[19]", "[37, 19]", "[0] x [1]"],
      ]) {
        const text = `func @main(%x: ${dtype}${left}, %y: ${dtype}${right}) -> ${dtype}[37] {
  %z = dot %x, %y, contract = ${contract} : ${dtype}[37]
  return %z
}
`;
        everyWay(text, "main", [ordinary(dtype, JSON.parse(left), 1), ordinary(dtype, JSON.parse(right), 2)]);
      }
    }
    const text = `func @main<M, K>(%x: f32[M, K], %y: f32[K]) -> f32[M] {
  %z = dot %x, %y, contract = [1] x [0] : f32[M]
  return %z
}
`;
    for (const M of sizes) {
      for (const K of [0, 1, 9]) everyWay(text, "main", [ordinary("f32", [M, K], 1), ordinary("f32", [K], 2)]);
    }
  });

  it("also as loops in the interpreter, where subscripts are checked", () => {
    for (const a of arrangements) {
      for (const [M, K, N] of [
        [4, 5, 4],
        [5, 4, 7],
        [11, 6, 11],
        [0, 4, 5],
        [5, 0, 5],
      ]) {
        const at = { M, K, N, B: 2, L: 3 };
        everyWay(program("f32", a, at), "main", operands("f32", a, at));
        everyWay(program("f32", a, null), "main", operands("f32", a, at));
      }
    }
  });

  it("on infinities, NaN, and products that overflow or vanish in f32", () => {
    const specials = [Infinity, -Infinity, Number.NaN, 0, -0, 3e38, -3e38, 1e-30, 1e-45, 1.5];
    const special = (i: number, k: number): number => (k === 2 ? specials[i % 10] : k - 1.5);
    const data = (f: (i: number) => number): Float32Array => Float32Array.from({ length: 50 }, (_, i) => f(i));
    const x: NdArray = { dtype: "f32", shape: [10, 5], data: data((i) => special(Math.floor(i / 5), i % 5)) };
    const y: NdArray = { dtype: "f32", shape: [5, 10], data: data((i) => special(i % 10, Math.floor(i / 10))) };
    const [z] = everyWay(program("f32", arrangements[0], null), "main", [x, y]);
    expect(new Set([...z.data].map(Number.isFinite))).toEqual(new Set([true, false]));
  });

  it("and computes what it packs where it packs it", () => {
    const text = `func @main<M, N>(%x: f32[M, 9], %y: f32[9, N], %s: f32) -> f32[M, N] {
  %e = exp %x : f32[M, 9]
  %b = broadcast %s : f32[9, N]
  %m = mul %y, %b : f32[9, N]
  %z = dot %e, %m, contract = [1] x [0] : f32[M, N]
  return %z
}
`;
    const s: NdArray = { dtype: "f32", shape: [], data: new Float32Array([0.3]) };
    everyWay(text, "main", [ordinary("f32", [7, 9], 1), ordinary("f32", [9, 6], 2), s]);
  });
});
