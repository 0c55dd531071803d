// conv as tiles: layouts, padding, strides and groups at sizes where whole panels are packed, fixed and symbolic; and a
// depth so long that it is taken in parts.

import { describe, expect, it } from "vitest";
import { fuse, lowerToLoops, tile } from "../passes/index.ts";
import { type Block, findFunc, walk } from "../src/ir/index.ts";
import { parse, standardOps } from "../src/ops/index.ts";
import { everyWay } from "./backends.ts";
import { ordinary } from "./op-cases.ts";

interface Case {
  readonly name: string;
  readonly x: string;
  readonly kernel: string;
  readonly result: string;
  readonly attributes: string;
  /** What holds for the symbols. */
  readonly where?: string;
  /** Values of the symbols that the shapes name. */
  readonly sizes: readonly Readonly<Record<string, number>>[];
}

const last = "x_axes = [0, 3, 1, 2], kernel_axes = [3, 2, 0, 1], result_axes = [0, 3, 1, 2]";
const same = "low = [1, 1], high = [1, 1]";

const cases: readonly Case[] = [
  {
    name: "features last",
    x: "B, H, W, 3",
    kernel: "3, 3, 3, 6",
    result: "B, H, W, 6",
    attributes: `${same}, ${last}`,
    sizes: [
      { B: 2, H: 5, W: 8 },
      { B: 1, H: 4, W: 7 },
      { B: 3, H: 1, W: 1 },
      { B: 0, H: 5, W: 5 },
    ],
  },
  {
    name: "one feature",
    x: "B, H, W, 1",
    kernel: "3, 3, 1, 7",
    result: "B, H, W, 7",
    attributes: `${same}, ${last}`,
    sizes: [
      { B: 2, H: 6, W: 9 },
      { B: 1, H: 2, W: 16 },
    ],
  },
  {
    name: "few features from many",
    x: "B, H, W, 8",
    kernel: "3, 3, 8, 3",
    result: "B, H, W, 3",
    attributes: `${same}, ${last}`,
    sizes: [
      { B: 2, H: 5, W: 7 },
      { B: 1, H: 3, W: 3 },
    ],
  },
  {
    name: "two features from many",
    x: "B, H, W, 8",
    kernel: "3, 3, 8, 2",
    result: "B, H, W, 2",
    attributes: `${same}, ${last}`,
    sizes: [{ B: 2, H: 5, W: 7 }],
  },
  {
    name: "features first",
    x: "B, 4, H, W",
    kernel: "5, 4, 3, 2",
    result: "B, 5, H, W",
    attributes: "low = [1, 1], high = [1, 0]",
    sizes: [
      { B: 2, H: 5, W: 6 },
      { B: 1, H: 9, W: 3 },
    ],
  },
  {
    name: "strides and holes",
    x: "B, 2*H, 2*W, 4",
    kernel: "2, 2, 4, 8",
    result: "B, H, 2*W, 8",
    attributes: `strides = [2, 1], low = [1, 1], high = [1, 1], kernel_dilation = [2, 2], ${last}`,
    sizes: [
      { B: 2, H: 3, W: 3 },
      { B: 1, H: 4, W: 5 },
    ],
  },
  {
    name: "between the elements of x",
    x: "B, H, W, 4",
    kernel: "3, 3, 4, 6",
    result: "B, 2*H, 2*W, 6",
    attributes: `dilation = [2, 2], low = [1, 1], high = [2, 2], ${last}`,
    where: "max(2*H-1, 0)+1 == 2*H, max(2*W-1, 0)+1 == 2*W",
    sizes: [
      { B: 1, H: 3, W: 4 },
      { B: 2, H: 5, W: 2 },
    ],
  },
  {
    name: "groups of features",
    x: "B, H, W, 6",
    kernel: "3, 3, 3, 8",
    result: "B, H, W, 8",
    attributes: `${same}, feature_groups = 2, ${last}`,
    sizes: [{ B: 2, H: 4, W: 6 }],
  },
  {
    name: "groups of the batch",
    x: "2*B, H, W, 5",
    kernel: "3, 3, 5, 8",
    result: "B, H, W, 8",
    attributes: `${same}, batch_groups = 2, ${last}`,
    sizes: [{ B: 2, H: 4, W: 6 }],
  },
  {
    name: "the way back to the kernel, in parts",
    x: "B, H, W, 2",
    kernel: "B, H, W, 2",
    result: "3, 3, 2, 2",
    attributes: `${same}, x_axes = [3, 0, 1, 2], kernel_axes = [3, 0, 1, 2], result_axes = [2, 3, 0, 1]`,
    sizes: [
      { B: 3, H: 39, W: 36 },
      { B: 2, H: 3, W: 5 },
      { B: 0, H: 4, W: 4 },
    ],
  },
  {
    name: "many features, in parts",
    x: "B, H, W, 460",
    kernel: "3, 3, 460, 5",
    result: "B, H, W, 5",
    attributes: `${same}, ${last}`,
    sizes: [{ B: 1, H: 2, W: 2 }],
  },
];

/** The extents of a shape as numbers. */
function extents(shape: string, at: Readonly<Record<string, number>>): number[] {
  return shape.split(", ").map((d) => d.split("*").reduce((n, f) => n * (at[f] ?? Number(f)), 1));
}

function program(dtype: string, c: Case, at: Readonly<Record<string, number>> | null): string {
  const spell = (shape: string): string => `${dtype}[${at === null ? shape : extents(shape, at).join(", ")}]`;
  const result = spell(c.result);
  return `func @main${at === null ? "<B, H, W>" : ""}(%x: ${spell(c.x)}, %kernel: ${spell(c.kernel)}) -> ${result}${at === null ? `${c.where === undefined ? "" : ` where ${c.where}`}` : ""} {
  %y = conv %x, %kernel, ${c.attributes} : ${result}
  return %y
}
`;
}

function count(block: Block, name: string): number {
  let n = 0;
  walk(block, ({ op }) => {
    if (op.name === name) n++;
  });
  return n;
}

/** The nests of a program, before what they hold is outlined. */
function bodyOf(text: string): Block {
  const cx = { ops: standardOps, fast: false };
  const func = findFunc(tile.run(lowerToLoops.run(fuse.run(parse(text), cx), cx), cx), "main");
  if (func === undefined) throw new Error("no @main");
  return func.body;
}

describe("conv in tiles has the bits of the plain sums", () => {
  for (const c of cases) {
    for (const dtype of ["f32", "f64", "i32"] as const) {
      it(`${c.name}, ${dtype}`, () => {
        expect(count(bodyOf(program(dtype, c, null)), "alloc")).toBe(2);
        for (const at of c.sizes) {
          const args = [ordinary(dtype, extents(c.x, at), 1), ordinary(dtype, extents(c.kernel, at), 2)];
          everyWay(program(dtype, c, null), "main", args);
          everyWay(program(dtype, c, at), "main", args);
        }
      });
    }
  }

  it("where x is padded, infinities in the kernel make NaN", () => {
    const at = { B: 1, H: 4, W: 8 };
    const kernel = ordinary("f32", extents(cases[0].kernel, at), 2);
    kernel.data[0] = Infinity;
    const args = [ordinary("f32", extents(cases[0].x, at), 1), kernel];
    const [y] = everyWay(program("f32", cases[0], at), "main", args);
    expect(Number.isNaN(y.data[0])).toBe(true);
  });
});

describe("tiles lie along the batch", () => {
  const ifs = (batch: number): number => {
    const body =
      bodyOf(`func @main<H, W>(%x: f32[${batch}, H, W, 4], %kernel: f32[3, 3, 4, 4]) -> f32[${batch}, H, W, 4] {
  %y = conv %x, %kernel, ${same}, ${last} : f32[${batch}, H, W, 4]
  return %y
}
`);
    return count(body, "if");
  };

  it("where it is known to fill them: padding is decided for all rows at once, and every sum is one of the result", () => {
    expect(ifs(32)).toBe(1);
  });

  it("and else along the last axis, where rows are cut off", () => {
    expect([ifs(1), ifs(17)]).toEqual([4, 4]);
  });

  it("with the bits of the plain sums", () => {
    const shapes = { x: "16, H, W, B", kernel: "3, 3, B, 6", result: "16, H, W, 6" };
    const fixed: Case = { ...cases[0], ...shapes, sizes: [{ B: 3, H: 3, W: 5 }] };
    for (const at of fixed.sizes) {
      const args = [ordinary("f32", extents(fixed.x, at), 1), ordinary("f32", extents(fixed.kernel, at), 2)];
      everyWay(program("f32", fixed, null), "main", args);
      everyWay(program("f32", fixed, at), "main", args);
    }
  });
});

describe("what a window reads is computed", () => {
  const exps = (window: string, strides: string, result: string): number[] => {
    const body = bodyOf(`func @main<N>(%x: f32[N]) -> f32[${result}] {
  %e = exp %x : f32[N]
  %y = reduce_window %e, kind = sum, window = [${window}], strides = [${strides}], high = [${window}] : f32[${result}]
  return %y
}
`);
    return [count(body, "exp"), count(body, "alloc")];
  };

  it("once, into memory, where windows overlap", () => {
    expect(exps("64", "1", "N+1")).toEqual([1, 1]);
  });

  it("in place where they do not", () => {
    expect(exps("64", "64", "floor(N/64)+1")).toEqual([1, 0]);
  });

  it("once where a convolution reads it, which packs each element several times", () => {
    const body = bodyOf(`func @main<H, W>(%x: f32[1, H, W, 4], %kernel: f32[3, 3, 4, 4]) -> f32[1, H, W, 4] {
  %e = exp %x : f32[1, H, W, 4]
  %y = conv %e, %kernel, ${same}, ${last} : f32[1, H, W, 4]
  return %y
}
`);
    expect([count(body, "exp"), count(body, "alloc")]).toEqual([1, 3]);
  });
});
