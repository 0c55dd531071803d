// Convolutions, pooling and images against loops written out, in both layouts, at sizes known only at run time.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as adjoint from "../src/index.ts";
import { AdjointError, compile, grad, type Tensor, tensor } from "../src/index.ts";
import { expectNear, filled } from "./tensors.ts";

/** A tensor from a function of its subscripts. */
function from(shape: readonly number[], element: (...at: number[]) => number): Tensor {
  const data = new Float64Array(shape.reduce((a, b) => a * b, 1));
  const at = shape.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = element(...at);
    for (let a = shape.length - 1; a >= 0 && ++at[a] === shape[a]; a--) at[a] = 0;
  }
  return tensor(data, { shape: [...shape] });
}

/** Reads a tensor at subscripts; outside of it stands `padding`. */
function reader(x: Tensor, padding = 0): (...at: number[]) => number {
  const [data, shape] = [x.data(), x.shape as number[]];
  return (...at) => {
    if (at.some((i, a) => i < 0 || i >= shape[a])) return padding;
    return data[at.reduce((sum, i, a) => sum * shape[a] + i, 0)];
  };
}

interface Window {
  readonly stride: number[];
  readonly padding: [number, number][];
  readonly dilation: number[];
}

const places = (n: number, k: number, axis: number, w: Window): number =>
  Math.floor((n + w.padding[axis][0] + w.padding[axis][1] - (w.dilation[axis] * (k - 1) + 1)) / w.stride[axis]) + 1;

/** NHWC times HWIO, written out. */
function convWrittenOut(x: Tensor, kernel: Tensor, w: Window, groups: number): Tensor {
  const [n, height, width] = x.shape as number[];
  const [kh, kw, inputs, outputs] = kernel.shape as number[];
  const [at, k] = [reader(x), reader(kernel)];
  return from([n, places(height, kh, 0, w), places(width, kw, 1, w), outputs], (b, i, j, o) => {
    const group = Math.floor(o / (outputs / groups));
    let sum = 0;
    for (let p = 0; p < kh; p++)
      for (let q = 0; q < kw; q++)
        for (let c = 0; c < inputs; c++) {
          const row = i * w.stride[0] + p * w.dilation[0] - w.padding[0][0];
          const column = j * w.stride[1] + q * w.dilation[1] - w.padding[1][0];
          sum += at(b, row, column, group * inputs + c) * k(p, q, c, o);
        }
    return sum;
  });
}

const small = (min: number, max: number) => fc.integer({ min, max });
const pair = (min: number, max: number) => fc.tuple(small(min, max), small(min, max));
const windows = fc.record({
  stride: pair(1, 3),
  padding: fc.tuple(pair(0, 2), pair(0, 2)),
  dilation: pair(1, 2),
}) as fc.Arbitrary<Window>;

const first = (x: Tensor): Tensor => adjoint.moveaxis(x, -1, 1);
const outFirst = (kernel: Tensor): Tensor => kernel.permuteDims([3, 2, 0, 1]);

describe("conv2d", () => {
  const shapes = fc.record({
    image: pair(1, 6),
    kernel: pair(1, 3),
    groups: small(1, 2),
    inputs: small(1, 2),
    outputs: small(1, 2),
  });

  it("is its sum written out, in both layouts, with its gradients", () => {
    fc.assert(
      fc.property(shapes, windows, ({ image, kernel, groups, inputs, outputs }, w) => {
        fc.pre([0, 1].every((a) => places(image[a], kernel[a], a, w) >= 1));
        const x = filled([2, ...image, groups * inputs]);
        const k = filled([...kernel, inputs, groups * outputs], 5);
        const bias = filled([groups * outputs], 3);
        const options = { ...w, groups };
        const expected = convWrittenOut(x, k, w, groups);
        expectNear(adjoint.conv2d(x, k, options), expected);
        expectNear(adjoint.conv2d(x, k, bias, options), expected.add(bias));
        const other = adjoint.conv2d(first(x), outFirst(k), bias, { ...options, layout: "NCHW" });
        expectNear(other, first(expected.add(bias)));
        const slope = grad((v: Tensor) => adjoint.conv2d(v, k, options).square().sum())(x) as Tensor;
        const moved = (h: number): number => {
          const data = x.data();
          data[0] += h;
          return convWrittenOut(tensor(data, { shape: x.shape as number[] }), k, w, groups)
            .square()
            .sum()
            .item() as number;
        };
        expect(slope.data()[0]).toBeCloseTo((moved(1e-4) - moved(-1e-4)) / 2e-4, 5);
      }),
      { numRuns: 25 },
    );
  });

  it("same padding gives extents / stride, more of it behind", () => {
    for (const stride of [1, 2, 3]) {
      for (const n of [1, 4, 5, 7]) {
        const x = filled([1, n, n, 1]);
        const k = filled([3, 2, 1, 1]);
        const y = adjoint.conv2d(x, k, { padding: "same", stride });
        const out = Math.ceil(n / stride);
        expect(y.shape).toEqual([1, out, out, 1]);
        const total = (size: number) => Math.max((out - 1) * stride + size - n, 0);
        const around = (size: number): [number, number] => [Math.floor(total(size) / 2), Math.ceil(total(size) / 2)];
        expectNear(y, adjoint.conv2d(x, k, { padding: [around(3), around(2)], stride }));
      }
    }
  });

  it("takes sizes known only at run time, and gives the bits of the sizes written", () => {
    for (const options of [
      { padding: "same", stride: 2 },
      { padding: 1 },
      { stride: [2, 1], dilation: 2, padding: 2 },
    ] as const) {
      const f = (x: Tensor, k: Tensor, b: Tensor): Tensor => adjoint.conv2d(x, k, b, options).relu().sum();
      const g = (x: Tensor, k: Tensor, b: Tensor): readonly Tensor[] => grad(f, { wrt: [0, 1, 2] })(x, k, b);
      const open = compile(g, ["f32[B, H, W, 2]", "f32[3, 3, 2, 4]", "f32[4]"]);
      for (const [b, h, w] of [
        [2, 5, 6],
        [1, 1, 3],
        [0, 4, 4],
        [1, 8, 2],
      ]) {
        const fixed = compile(g, [`f32[${b}, ${h}, ${w}, 2]`, "f32[3, 3, 2, 4]", "f32[4]"]);
        const [image, kernel, bias] = [filled([b, h, w, 2]), filled([3, 3, 2, 4], 2), filled([4], 3)].map((t) =>
          t.cast("f32"),
        );
        const [x, y] = [open(image, kernel, bias), fixed(image, kernel, bias)];
        for (const i of [0, 1, 2]) expect([...x[i].data()]).toEqual([...y[i].data()]);
      }
    }
  });

  it.each([
    [() => adjoint.conv2d(filled([1, 4, 4]), filled([3, 3, 1, 1])), "x has rank 3, expected 4"],
    [() => adjoint.conv2d(filled([1, 4, 4, 2]), filled([3, 3, 1, 1])), "AdjointError"],
    [() => adjoint.conv2d(filled([1, 4, 4, 1]), filled([3, 3, 1])), "the kernel has rank 3"],
    [
      () => adjoint.conv2d(filled([1, 4, 4, 1]), filled([3, 3, 1, 1]), { padding: "full" as "same" }),
      'expected numbers, "same" or "valid"',
    ],
    [() => adjoint.conv2d(filled([1, 4, 4, 1]), filled([3, 3, 1, 1]), { layout: "NCW" }), 'expected "NHWC" or "NCHW"'],
    [() => adjoint.conv2d(filled([1, 1, 2, 1]), filled([3, 3, 1, 1])), "AdjointError"],
    [() => adjoint.conv2d(filled([1, 4, 4, 1]), filled([3, 3, 1, 1]), { stride: 0 }), "expected an integer from 1"],
  ])("refuses what does not fit: %#", (f, message) => {
    expect(f).toThrow(AdjointError);
    if (message !== "AdjointError") expect(f).toThrow(message);
  });
});

describe("convolutions of one and three axes", () => {
  it("are those of two with an axis of extent 1", () => {
    const [x, k] = [filled([2, 6, 3]), filled([3, 3, 2], 2)];
    const flat = adjoint.conv2d(x.expandDims({ axis: 1 }), k.expandDims(), { padding: [0, 1], stride: [1, 2] });
    expectNear(adjoint.conv1d(x, k, { padding: 1, stride: 2 }), flat.squeeze({ axes: 1 }));
    const deep = adjoint.conv3d(x.reshape([2, 1, 6, 1, 3]), k.reshape([1, 3, 1, 3, 2]));
    expectNear(deep, adjoint.conv1d(x, k).reshape([2, 1, 4, 1, 2]));
  });
});

describe("convTranspose2d", () => {
  it("is the gradient of conv2d with respect to its image", () => {
    const shapes = fc.record({
      image: pair(1, 5),
      kernel: pair(1, 3),
      groups: small(1, 2),
      inputs: small(1, 2),
      outputs: small(1, 2),
    });
    fc.assert(
      fc.property(shapes, windows, ({ image, kernel, groups, inputs, outputs }, w) => {
        fc.pre([0, 1].every((a) => places(image[a], kernel[a], a, w) >= 1));
        const k = filled([...kernel, inputs, groups * outputs], 5);
        const x = filled([1, ...image, groups * inputs]);
        const y = adjoint.conv2d(x, k, { ...w, groups });
        const ct = filled(y.shape as number[], 4);
        const expected = grad((v: Tensor) =>
          adjoint
            .conv2d(v, k, { ...w, groups })
            .mul(ct)
            .sum(),
        )(x) as Tensor;
        const left = [0, 1].map((a) => {
          const span = w.dilation[a] * (kernel[a] - 1) + 1;
          return (image[a] + w.padding[a][0] + w.padding[a][1] - span) % w.stride[a];
        });
        // [kh, kw, in / groups, out] of the convolution is [kh, kw, out, in / groups] of its transpose
        const options = { ...w, groups, outputPadding: left };
        expectNear(adjoint.convTranspose2d(ct, k.permuteDims([0, 1, 3, 2]), options), expected);
        const channels = adjoint.convTranspose2d(first(ct), outFirst(k), { ...options, layout: "NCHW" });
        expectNear(channels, first(expected));
      }),
      { numRuns: 25 },
    );
  });

  it("adds a bias, and takes one and three axes", () => {
    const x = filled([1, 3, 3, 2]);
    const k = filled([2, 2, 2, 3]);
    expectNear(adjoint.convTranspose2d(x, k, filled([3])), adjoint.convTranspose2d(x, k).add(filled([3])));
    const line = adjoint.convTranspose1d(filled([1, 4, 2]), filled([3, 2, 3]), { stride: 2 });
    const plane = adjoint.convTranspose2d(filled([1, 1, 4, 2]), filled([1, 3, 2, 3]), { stride: [1, 2] });
    expectNear(line.expandDims({ axis: 1 }), plane);
  });
});

describe("pooling", () => {
  /** Windows over NHWC, written out; `of` gets what lies under one that stands inside. */
  function poolWrittenOut(
    x: Tensor,
    size: number[],
    w: Window,
    of: (under: number[]) => number,
    padding: number,
  ): Tensor {
    const [n, height, width, c] = x.shape as number[];
    const at = reader(x, padding);
    return from([n, places(height, size[0], 0, w), places(width, size[1], 1, w), c], (b, i, j, f) => {
      const under: number[] = [];
      for (let p = 0; p < size[0]; p++)
        for (let q = 0; q < size[1]; q++)
          under.push(
            at(
              b,
              i * w.stride[0] + p * w.dilation[0] - w.padding[0][0],
              j * w.stride[1] + q * w.dilation[1] - w.padding[1][0],
              f,
            ),
          );
      return of(under);
    });
  }
  const mean = (list: number[]): number => list.reduce((a, b) => a + b, 0) / list.length;

  it("takes the largest and the mean under each window, in both layouts", () => {
    fc.assert(
      fc.property(pair(1, 7), pair(1, 3), windows, (image, size, w) => {
        fc.pre([0, 1].every((a) => places(image[a], size[a], a, w) >= 1));
        const x = filled([2, ...image, 2]);
        const largest = poolWrittenOut(x, size, w, (under) => Math.max(...under), -Infinity);
        fc.pre([...largest.data()].every(Number.isFinite));
        expectNear(adjoint.maxPool(x, size, w), largest);
        expectNear(adjoint.maxPool(first(x), size, { ...w, layout: "NCHW" }), first(largest));
        const dense = { ...w, dilation: [1, 1] };
        const { dilation: _, ...options } = dense;
        fc.pre([0, 1].every((a) => places(image[a], size[a], a, dense) >= 1));
        expectNear(adjoint.avgPool(x, size, options), poolWrittenOut(x, size, dense, mean, 0));
        const inside = poolWrittenOut(
          x,
          size,
          dense,
          (under) => mean(under.filter((v) => !Number.isNaN(v))),
          Number.NaN,
        );
        fc.pre([...inside.data()].every(Number.isFinite));
        expectNear(adjoint.avgPool(x, size, { ...options, countIncludePad: false }), inside);
      }),
      { numRuns: 40 },
    );
  });

  it("ceilMode counts a last window that begins inside, and the mean only what is there", () => {
    const x = tensor([1, 2, 3, 4, 5], { shape: [1, 5, 1] });
    const of = (y: Tensor): number[] => [...y.data()];
    expect(of(adjoint.maxPool1d(x, 2, { ceilMode: true }))).toEqual([2, 4, 5]);
    expect(of(adjoint.maxPool1d(x, 2))).toEqual([2, 4]);
    expect(of(adjoint.avgPool(x, 2, { ceilMode: true }))).toEqual([1.5, 3.5, 5]);
    expect(of(adjoint.avgPool(x, 3, { ceilMode: true, stride: 2, padding: 1 }))).toEqual([1, 3, 3]);
    // a window that would begin in the padding behind does not count
    expect(of(adjoint.maxPool1d(x, 1, { ceilMode: true, stride: 3 }))).toEqual([1, 4]);
    expect(
      of(adjoint.maxPool1d(tensor([1, 2, 3], { shape: [1, 3, 1] }), 2, { ceilMode: true, stride: 3, padding: 1 })),
    ).toEqual([1, 3]);
  });

  it("the derivative of a tie goes to the first", () => {
    const slope = grad((x: Tensor) => adjoint.maxPool1d(x, 2).sum())(
      tensor([1, 1, 0, 2], { shape: [1, 4, 1] }),
    ) as Tensor;
    expect([...slope.data()]).toEqual([1, 0, 0, 1]);
  });

  it("takes sizes known only at run time", () => {
    const f = compile(
      (x: Tensor) => [
        adjoint.maxPool(x, 2),
        adjoint.avgPool(x, 3, { padding: "same", ceilMode: true, countIncludePad: false }),
        adjoint.globalAvgPool(x),
      ],
      ["f64[B, H, W, 2]"],
    );
    for (const [b, h, w] of [
      [2, 5, 6],
      [1, 2, 3],
      [0, 4, 4],
    ]) {
      const x = filled([b, h, w, 2]);
      const [m, a, g] = f(x) as Tensor[];
      expectNear(m, adjoint.maxPool(x, 2));
      expectNear(a, adjoint.avgPool(x, 3, { padding: "same", ceilMode: true, countIncludePad: false }));
      expectNear(g, x.mean({ axes: [1, 2] }));
    }
  });
});

describe("im2col", () => {
  it("times a flat kernel is the convolution, in both layouts", () => {
    fc.assert(
      fc.property(pair(1, 5), pair(1, 3), windows, (image, size, w) => {
        fc.pre([0, 1].every((a) => places(image[a], size[a], a, w) >= 1));
        const [x, k] = [filled([2, ...image, 2]), filled([...size, 2, 3], 4)];
        const y = adjoint.conv2d(x, k, w);
        const rows = adjoint.im2col(x, size, w);
        expectNear(adjoint.matmul(rows, k.reshape([-1, 3])).reshape(y.shape), y);
        const columns = adjoint.im2col(first(x), size, { ...w, layout: "NCHW" });
        expectNear(adjoint.matmul(outFirst(k).reshape([3, -1]), columns).reshape(first(y).shape), first(y));
      }),
      { numRuns: 20 },
    );
  });
});

describe("resizeBilinear", () => {
  const written = (x: number[], m: number, corners: boolean): number[] =>
    Array.from({ length: m }, (_, i) => {
      const n = x.length;
      const scale = corners ? (m > 1 ? (n - 1) / (m - 1) : 0) : n / m;
      const at = corners ? i * scale : Math.max((i + 0.5) * scale - 0.5, 0);
      const low = Math.floor(at);
      const high = Math.min(low + 1, n - 1);
      return x[low] + (x[high] - x[low]) * (at - low);
    });

  it("is linear interpolation along each axis", () => {
    for (const [n, m] of [
      [3, 4],
      [4, 3],
      [1, 3],
      [5, 1],
      [2, 7],
      [4, 4],
    ]) {
      for (const alignCorners of [false, true]) {
        const x = filled([1, n, 1]);
        const y = adjoint.resizeBilinear(x, [m], { alignCorners });
        expectNear(y, tensor(written([...x.data()], m, alignCorners), { shape: [1, m, 1] }));
      }
    }
    const x = filled([2, 3, 4, 2]);
    const rows = adjoint.resizeBilinear(x, [5, 4]);
    expectNear(adjoint.resizeBilinear(x, [5, 6]), adjoint.resizeBilinear(rows, [5, 6]));
    expectNear(adjoint.resizeBilinear(first(x), [5, 6], { layout: "NCHW" }), first(adjoint.resizeBilinear(x, [5, 6])));
  });

  it("takes sizes known only at run time", () => {
    const f = compile((x: Tensor) => adjoint.resizeBilinear(x, ["2*H", 3]), ["f64[1, H, W, 1]"]);
    for (const [h, w] of [
      [2, 3],
      [1, 1],
      [4, 5],
    ]) {
      expectNear(f(filled([1, h, w, 1])), adjoint.resizeBilinear(filled([1, h, w, 1]), [2 * h, 3]));
    }
  });
});
