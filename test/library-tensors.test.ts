// The library's functions of whole tensors: softmax and losses at their edges, norms, layout; the same at sizes known only
// at run time; and how calls of the library look in a dump.

import { describe, expect, it } from "vitest";
import * as adjoint from "../src/index.ts";
import { AdjointError, compile, grad, printModule, type Tensor, tensor } from "../src/index.ts";
import { expectNear, filled } from "./tensors.ts";

describe("softmax", () => {
  it("is not moved by large numbers, and has sum 1", () => {
    expectNear(adjoint.softmax(tensor([1e300, 0])), [1, 0]);
    expectNear(adjoint.softmax(tensor([-1e300, -1e300])), [0.5, 0.5]);
    expectNear(adjoint.softmax(filled([3, 4]), { axis: 0 }).sum({ axes: 0 }), [1, 1, 1, 1]);
    expectNear(adjoint.logSoftmax(tensor([0, -1e5])), [0, -1e5]);
  });

  it("has the derivative of its definition, at ties too", () => {
    const weights = tensor([1, 2, 3]);
    const slope = grad((x: Tensor) => adjoint.softmax(x).mul(weights).sum())(tensor([1, 1, 1])) as Tensor;
    expectNear(slope, [-1 / 3, 0, 1 / 3]);
    expectNear(grad((x: Tensor) => adjoint.logsumexp(x))(tensor([2, 2])) as Tensor, [0.5, 0.5]);
  });

  it("logcumsumexp is that of each beginning, along any axis", () => {
    const x = tensor([
      [-1000, 0, 3],
      [5, -Infinity, 700],
    ]);
    const expected = [0, 1].flatMap((i) =>
      [1, 2, 3].map((n) => adjoint.logsumexp(x.slice({ start: [i], limit: [i + 1, n] })).item() as number),
    );
    expectNear(adjoint.logcumsumexp(x), expected);
    expectNear(
      adjoint.logcumsumexp(adjoint.matrixTranspose(x), { axis: 0 }),
      adjoint.matrixTranspose(adjoint.logcumsumexp(x)),
    );
    const f = (v: Tensor): Tensor =>
      adjoint
        .logcumsumexp(v)
        .mul(tensor([1, 2, 3]))
        .sum();
    const g = (v: Tensor): Tensor =>
      adjoint
        .log(adjoint.matmul(adjoint.exp(v), adjoint.triu(adjoint.ones([3, 3]))))
        .mul(tensor([1, 2, 3]))
        .sum();
    expectNear(grad(f)(filled([3])) as Tensor, grad(g)(filled([3])) as Tensor);
    expect(adjoint.logcumsumexp(filled([2, 0])).shape).toEqual([2, 0]);
  });

  it("of infinities and of nothing", () => {
    const lse = (x: number[]): unknown => adjoint.logsumexp(tensor(x, { shape: [x.length] })).item();
    expect([lse([]), lse([-Infinity, -Infinity]), lse([Infinity, 1]), lse([-Infinity, 3])]).toEqual([
      -Infinity,
      -Infinity,
      Infinity,
      3,
    ]);
  });
});

describe("losses", () => {
  const logits = filled([4, 3]);
  const labels = tensor([0, 2, 1, 2], { dtype: "i32" });

  it("crossEntropy of labels is that of the probabilities which they are", () => {
    for (const reduction of ["mean", "sum", "none"] as const) {
      const hot = adjoint.oneHot(labels, 3);
      expectNear(adjoint.crossEntropy(logits, labels, { reduction }), adjoint.crossEntropy(logits, hot, { reduction }));
    }
    const expected = adjoint.logSoftmax(logits).data();
    expectNear(
      adjoint.crossEntropy(logits, labels, { reduction: "none" }),
      [0, 5, 7, 11].map((i) => -expected[i]),
    );
  });

  it("crossEntropy takes the classes along any axis, leaves ignored labels out, smooths", () => {
    const across = adjoint.crossEntropy(adjoint.matrixTranspose(logits), labels, { axis: 0 });
    expectNear(across, adjoint.crossEntropy(logits, labels));
    const some = adjoint.crossEntropy(logits, labels, { ignoreIndex: 2 });
    const each = adjoint.crossEntropy(logits, labels, { reduction: "none" }).data();
    expectNear(some, [(each[0] + each[2]) / 2]);
    const even = adjoint.crossEntropy(logits, labels, { labelSmoothing: 1 });
    expectNear(even, adjoint.logSoftmax(logits).mean().neg());
  });

  it("crossEntropy counts an impossible class only where it is the label", () => {
    const sure = tensor([[0, -Infinity]]);
    const loss = (label: number) => adjoint.crossEntropy(sure, tensor([label], { dtype: "i32" })).item();
    expect([loss(0), loss(1)]).toEqual([0, Infinity]);
  });

  it("crossEntropy weighs classes, in the mean too, and refuses labels that are no class", () => {
    const weight = tensor([1, 2, 0.5]);
    const each = [...adjoint.crossEntropy(logits, labels, { reduction: "none" }).data()];
    const shares = [1, 0.5, 2, 0.5];
    const weighed = each.map((l, i) => l * shares[i]);
    expectNear(adjoint.crossEntropy(logits, labels, { reduction: "none", weight }), weighed);
    const total = (list: number[]): number => list.reduce((a, b) => a + b, 0);
    expectNear(adjoint.crossEntropy(logits, labels, { weight }), [total(weighed) / total(shares)]);
    const some = adjoint.crossEntropy(logits, labels, { weight, ignoreIndex: 0 });
    expectNear(some, [total(weighed.slice(1)) / total(shares.slice(1))]);
    const hot = adjoint.oneHot(labels, 3);
    for (const options of [
      { weight, reduction: "sum" },
      { weight, reduction: "sum", labelSmoothing: 0.3 },
    ] as const) {
      expectNear(adjoint.crossEntropy(logits, labels, options), adjoint.crossEntropy(logits, hot, options));
    }
    expect(() => adjoint.crossEntropy(logits, tensor([0, 1, 3, 0], { dtype: "i32" }))).toThrow(AdjointError);
  });

  it("huber is continuous with its slope, and has both parts", () => {
    const slope = grad((x: Tensor) => adjoint.huber(x, 0, { delta: 2, reduction: "sum" }));
    expectNear(slope(tensor([-5, -2, -1, 0, 1, 2, 5])) as Tensor, [-2, -2, -1, 0, 1, 2, 2]);
    expectNear(adjoint.huber(tensor([1, 5]), tensor([0, 0]), { delta: 2, reduction: "none" }), [0.5, 8]);
  });

  it("binaryCrossEntropyWithLogits is that of the sigmoid, and stays finite", () => {
    const [x, y] = [tensor([-3, 0.5, 2]), tensor([0, 1, 0.3])];
    expectNear(adjoint.binaryCrossEntropyWithLogits(x, y), adjoint.binaryCrossEntropy(adjoint.sigmoid(x), y));
    expect(adjoint.binaryCrossEntropyWithLogits(tensor([-1000]), tensor([1])).item()).toBe(1000);
  });
});

describe("statistics", () => {
  const x = filled([3, 4]);
  const column = (j: number): number[] => [0, 1, 2].map((i) => x.data()[4 * i + j]);
  const variance = (list: number[], correction: number): number => {
    const m = list.reduce((a, b) => a + b, 0) / list.length;
    return list.reduce((a, b) => a + (b - m) ** 2, 0) / (list.length - correction);
  };

  it("mean, variance and std are their definitions", () => {
    expectNear(
      adjoint.mean(x, { axes: 0 }),
      [0, 1, 2, 3].map((j) => column(j).reduce((a, b) => a + b, 0) / 3),
    );
    for (const correction of [0, 1]) {
      expectNear(
        x.var({ axes: 0, correction }),
        [0, 1, 2, 3].map((j) => variance(column(j), correction)),
      );
      expectNear(
        x.std({ axes: 0, correction }),
        [0, 1, 2, 3].map((j) => Math.sqrt(variance(column(j), correction))),
      );
    }
    expect(adjoint.mean(filled([0])).item()).toBe(Number.NaN);
    expect(() => adjoint.mean(tensor([1], { dtype: "i32" }))).toThrow("expected f32 or f64");
  });

  it("norm is its definition for every order, and does not overflow", () => {
    const data = [...x.data()];
    for (const p of [1, 1.5, 2, 3, 4]) {
      expectNear(adjoint.norm(x, { p }), [data.reduce((s, v) => s + Math.abs(v) ** p, 0) ** (1 / p)]);
    }
    expectNear(adjoint.norm(tensor([3e200, 4e200])), [5e200]);
    expect(adjoint.norm(tensor([3e-200, 4e-200])).item()).toBeCloseTo(5e-200, 210);
    const of = (p: number) => adjoint.norm(tensor([-3, 0, 2]), { p }).item();
    expect([of(0), of(Infinity), of(-Infinity)]).toEqual([2, 3, 0]);
    expect(adjoint.norm(tensor([1, Infinity])).item()).toBe(Infinity);
    expect(adjoint.norm(tensor([1, Number.NaN])).item()).toBe(Number.NaN);
    expect(adjoint.norm(tensor([], { shape: [0], dtype: "f64" })).item()).toBe(0);
  });

  it("norm and std have the derivative 0 at their corner", () => {
    for (const p of [2, 3]) expectNear(grad((v: Tensor) => adjoint.norm(v, { p }))(tensor([0, 0])) as Tensor, [0, 0]);
    expectNear(grad((v: Tensor) => adjoint.std(v))(tensor([1, 1])) as Tensor, [0, 0]);
    expectNear(grad((v: Tensor) => adjoint.norm(v))(tensor([3, -4])) as Tensor, [0.6, -0.8]);
  });
});

describe("normalisations", () => {
  const x = filled([4, 3, 2]);

  it("give mean 0 and variance 1 over their axes, whatever the scale", () => {
    for (const [y, axes] of [
      [adjoint.layerNorm(x, null, null, { epsilon: 0, axes: [1, 2] }), [1, 2]],
      [adjoint.batchNorm(x, null, null, { epsilon: 0, axis: 1 }), [0, 2]],
    ] as const) {
      const size = y.mean({ axes }).size;
      expectNear(y.mean({ axes }), new Array(size).fill(0));
      expectNear(y.var({ axes }), new Array(size).fill(1));
    }
  });

  it("batchNorm takes running statistics, scales and shifts channels", () => {
    const channels = (...v: number[]): Tensor => tensor(v);
    const y = adjoint.batchNorm(x, channels(1, 2, 3), channels(0, 1, 2), {
      axis: 1,
      epsilon: 0,
      mean: channels(0, 1, 0),
      variance: channels(1, 4, 9),
    });
    const expected = [...x.data()].map((v, i) => [v, v - 1 + 1, v + 2][Math.floor(i / 2) % 3]);
    expectNear(y, expected);
    expect(() => adjoint.batchNorm(x, null, null, { mean: channels(1) })).toThrow("expected both or none");
  });

  it("groupNorm with one group for each channel normalises each example's channel", () => {
    const y = adjoint.groupNorm(filled([2, 5, 3]), 3, null, null, { epsilon: 0 });
    expectNear(y.mean({ axes: 1 }), new Array(6).fill(0));
    expect(() => adjoint.groupNorm(x, 3)).toThrow("3 groups of 2 channels");
  });
});

describe("layout", () => {
  const x = filled([2, 3]);
  it("diag, diagonal, trace, tril and triu on every offset", () => {
    const [rows, columns] = [3, 4];
    const m = filled([rows, columns]);
    const at = (i: number, j: number): number => m.data()[i * columns + j];
    for (let offset = -4; offset <= 5; offset++) {
      const places = [0, 1, 2].flatMap((i) => (i + offset >= 0 && i + offset < columns ? [at(i, i + offset)] : []));
      expectNear(adjoint.diagonal(m, { offset }), places);
      expectNear(adjoint.trace(m, { offset }), [places.reduce((a, b) => a + b, 0)]);
      const kept = (keep: (d: number) => boolean): number[] =>
        [0, 1, 2].flatMap((i) => [0, 1, 2, 3].map((j) => (keep(j - i) ? at(i, j) : 0)));
      expectNear(
        adjoint.tril(m, { k: offset }),
        kept((d) => d <= offset),
      );
      expectNear(
        adjoint.triu(m, { k: offset }),
        kept((d) => d >= offset),
      );
      expectNear(adjoint.diagonal(adjoint.diag(tensor([1, 2, 3]), { offset }), { offset }), [1, 2, 3]);
    }
  });

  it("diagonal keeps infinities and NaN where they stand, and takes unequal extents known only at run time", () => {
    const m = tensor([
      [1, Infinity],
      [Number.NaN, 2],
    ]);
    expectNear(adjoint.diagonal(m), [1, 2]);
    const f = compile((v: Tensor) => adjoint.diagonal(v, { offset: 1 }), ["f64[N, M]"]);
    for (const shape of [
      [2, 2],
      [2, 5],
      [5, 3],
      [1, 2],
    ])
      expectNear(f(filled(shape)), adjoint.diagonal(filled(shape), { offset: 1 }));
  });

  it("tile, repeat and roll are what their elements say", () => {
    expect(adjoint.tile(x, [2, 1, 2]).shape).toEqual([2, 2, 6]);
    expectNear(adjoint.tile(x, 2), adjoint.concat([x, x], { axis: 1 }));
    expect(adjoint.tile(x, 0).shape).toEqual([2, 0]);
    expectNear(
      adjoint.repeat(x, 2),
      [...x.data()].flatMap((v) => [v, v]),
    );
    expectNear(
      adjoint.repeat(x, 3, { axis: 0 }),
      adjoint.concat([0, 0, 0, 1, 1, 1].map((i) => x.slice({ start: [i], limit: [i + 1] }))),
    );
    for (const shift of [-4, -1, 0, 1, 2, 3, 7]) {
      const expected = [0, 1, 2].map((i) => [10, 20, 30][(((i - shift) % 3) + 3) % 3]);
      expectNear(adjoint.roll(tensor([10, 20, 30]), shift), expected);
    }
    expectNear(
      adjoint.roll(x, [1, -1], { axes: [0, 1] }),
      adjoint.roll(adjoint.roll(x, 1, { axes: 0 }), -1, { axes: 1 }),
    );
    expect(adjoint.roll(filled([0, 2]), 3).shape).toEqual([0, 2]);
  });

  it("pad puts in elements of the tensor: the nearest, mirrored, or from the beginning again", () => {
    const x = tensor([1, 2, 3]);
    const of = (mode: "edge" | "reflect" | "wrap", low: number, high: number) =>
      adjoint.pad(x, { low, high, mode }).toArray();
    expect(of("edge", 2, 1)).toEqual([1, 1, 1, 2, 3, 3]);
    expect(of("reflect", 2, 3)).toEqual([3, 2, 1, 2, 3, 2, 1, 2]);
    expect(of("wrap", 4, 1)).toEqual([3, 1, 2, 3, 1, 2, 3, 1]);
    expect(of("edge", -1, 0)).toEqual([2, 3]);
    expect(adjoint.pad(tensor([7]), { low: 1, high: 1, mode: "reflect" }).toArray()).toEqual([7, 7, 7]);
    const f = compile((v: Tensor) => adjoint.pad(v, { low: [1, 1], high: [0, 2], mode: "reflect" }), ["f64[N, M]"]);
    for (const shape of [
      [2, 3],
      [1, 1],
      [3, 2],
    ])
      expectNear(f(filled(shape)), adjoint.pad(filled(shape), { low: [1, 1], high: [0, 2], mode: "reflect" }));
    expect(grad((v: Tensor) => adjoint.pad(v, { low: 1, mode: "reflect" }).sum())(x).toArray()).toEqual([1, 2, 1]);
    expect(() => adjoint.pad(x, { low: 1, mode: "edge", value: 0 })).toThrow("are for mode");
  });

  it("split by sizes and by one size, and concat is its inverse", () => {
    const pieces = adjoint.split(filled([7, 2]), 3);
    expect(pieces.map((p) => p.shape[0])).toEqual([3, 3, 1]);
    expectNear(adjoint.concat(pieces), filled([7, 2]));
    expect(() => adjoint.split(x, [1, 1], { axis: 1 })).toThrow("the sizes 1 + 1 make 2, but axis 1 has extent 3");
    const f = compile((v: Tensor) => adjoint.split(v, [1, 2]), ["f64[N, 2]"]);
    expect(() => f(filled([4, 2]))).toThrow(AdjointError);
  });

  it("moveaxis keeps the rest in order", () => {
    expect(adjoint.moveaxis(filled([2, 3, 4]), 0, -1).shape).toEqual([3, 4, 2]);
    expect(adjoint.moveaxis(filled([2, 3, 4]), [2, 0], [0, 1]).shape).toEqual([4, 2, 3]);
  });
});

describe("attention", () => {
  const [q, k, v] = [filled([2, 3, 4]), filled([2, 5, 4], 2), filled([2, 5, 6], 3)];
  const written = (scores: Tensor): Tensor => adjoint.matmul(adjoint.softmax(scores), v);
  const scores = adjoint.matmul(q, adjoint.matrixTranspose(k)).div(2);

  it("is a softmax of scores times values, masked, causal or scaled", () => {
    expectNear(adjoint.attention(q, k, v), written(scores));
    expectNear(adjoint.attention(q, k, v, { scale: 1 }), written(scores.mul(2)));
    const bias = filled([3, 5], 5);
    expectNear(adjoint.attention(q, k, v, { mask: bias }), written(scores.add(bias)));
    const past = adjoint.tril(adjoint.ones([3, 5], { dtype: "bool" }));
    const causal = adjoint.attention(q, k, v, { causal: true });
    expectNear(causal, written(adjoint.where(past, scores, -Infinity)));
    expectNear(causal, adjoint.attention(q, k, v, { mask: past }));
  });

  it("gives 0 where nothing may be looked at, and derivatives that are no NaN", () => {
    const mask = tensor([
      [true, true, true, true, true],
      [false, false, false, false, false],
      [true, false, true, false, true],
    ]);
    const y = adjoint.attention(q, k, v, { mask });
    expectNear(y.slice({ start: [0, 1], limit: [2, 2] }), new Array(12).fill(0));
    for (const wrt of [0, 1, 2]) {
      const slope = grad((...x: Tensor[]) => adjoint.attention(x[0], x[1], x[2], { mask }).sum(), { wrt })(
        q,
        k,
        v,
      ) as Tensor;
      expect([...slope.data()].every(Number.isFinite)).toBe(true);
    }
  });
});

describe("creation", () => {
  it("takes dtypes, extents of the arguments, and gives elements without drift", () => {
    expect(adjoint.arange(5, 0, { step: -2, dtype: "i32" }).toArray()).toEqual([5, 3, 1]);
    expect(adjoint.arange(0.5, { step: 0.1 }).toArray()).toEqual([0, 0.1, 0.2, 0.30000000000000004, 0.4]);
    expect(adjoint.linspace(0, 0.3, 4).data()[3]).toBe(0.3);
    expect(adjoint.linspace(0, 1, 2, { endpoint: false, dtype: "f32" }).toArray()).toEqual([0, 0.5]);
    expect(adjoint.linspace(3, 5, 1).toArray()).toEqual([3]);
    expect(adjoint.full([2], true).dtype).toBe("bool");
    expect(adjoint.eye(2, { columns: 3, k: 1, dtype: "i32" }).toArray()).toEqual([
      [0, 1, 0],
      [0, 0, 1],
    ]);
    const f = compile(
      (x: Tensor) => [adjoint.arange("N"), adjoint.zeros(["N", 2]), adjoint.eye("N").mul(x)],
      ["f64[N]"],
    );
    const [i, z, e] = f([4, 5]) as Tensor[];
    expect([i.toArray(), z.shape, e.toArray()]).toEqual([
      [0, 1],
      [2, 2],
      [
        [4, 0],
        [0, 5],
      ],
    ]);
  });

  it("oneHot puts the new axis anywhere, and gives zeros for what is outside", () => {
    const indices = tensor(
      [
        [2, 0],
        [1, 5],
      ],
      { dtype: "i32" },
    );
    const last = adjoint.oneHot(indices, 3, { dtype: "f32" });
    expect(last.toArray()).toEqual([
      [
        [0, 0, 1],
        [1, 0, 0],
      ],
      [
        [0, 1, 0],
        [0, 0, 0],
      ],
    ]);
    expectNear(adjoint.oneHot(indices, 3, { axis: 0 }), adjoint.moveaxis(adjoint.oneHot(indices, 3), -1, 0));
  });
});

describe("xlogy", () => {
  it("is 0 where x is 0, with its derivatives", () => {
    expectNear(adjoint.xlogy(tensor([0, 0, 0, 2]), tensor([0, -1, Infinity, 3])), [0, 0, 0, 2 * Math.log(3)]);
    expect(adjoint.xlogy(tensor(0), tensor(Number.NaN)).item()).toBe(Number.NaN);
    const slopes = grad((x: Tensor, y: Tensor) => adjoint.xlogy(x, y).sum(), { wrt: [0, 1] });
    const [dx, dy] = slopes(tensor([0, 0, 2]), tensor([0, 2, 4])) as Tensor[];
    expectNear(dx, [0, Math.log(2), Math.log(4)]);
    expectNear(dy, [0, 0, 0.5]);
  });
});

describe("in a trace", () => {
  it("calls are calls of private functions, one for each list of types and options", () => {
    const f = compile(
      (x: Tensor) =>
        adjoint
          .softmax(x)
          .add(adjoint.softmax(x.square()))
          .add(adjoint.softmax(x, { axis: 0 }))
          .sum(),
      ["f32[N, 4]"],
    );
    const text = printModule(f.log.entries[0].before);
    expect(text.match(/private func @softmax/g)?.length).toBe(2);
    expect(text.match(/call @softmax\(/g)?.length).toBe(2);
    expect(f.ir).not.toMatch(/call|private/);
  });

  it("what is inlined has the line of its call", () => {
    const f = compile(
      (x: Tensor) => {
        const a = adjoint.softplus(x);
        return adjoint.softplus(a);
      },
      ["f64"],
    );
    const lines = new Set(f.module.funcs[0].body.operations.map((o) => o.origin?.line));
    expect(lines.has(undefined)).toBe(false);
    expect(lines.size).toBe(2);
  });

  it("an error names the user's line, through composites of composites", () => {
    const bad = (): unknown => adjoint.crossEntropy(filled([2, 3]), tensor([0], { dtype: "i32" }).expandDims());
    expect(bad).toThrow(/library-tensors\.test\.ts.*the labels have rank 2, expected 1/);
    expect(() => compile((x: Tensor) => adjoint.softmax(x, { axis: 3 }), ["f64[2]"])).toThrow(
      /library-tensors\.test\.ts/,
    );
  });

  it("sizes known only at run time give the bits of the sizes written", () => {
    const f = (x: Tensor, w: Tensor, t: Tensor): Tensor =>
      adjoint.crossEntropy(adjoint.layerNorm(adjoint.gelu(adjoint.matmul(x, w))), t);
    const g = (x: Tensor, w: Tensor, t: Tensor): readonly Tensor[] => grad(f, { wrt: [0, 1] })(x, w, t);
    const open = compile(g, ["f32[B, N]", "f32[N, C]", "i32[B]"]);
    for (const [b, n, c] of [
      [3, 4, 5],
      [1, 1, 2],
      [0, 3, 2],
      [2, 0, 3],
    ]) {
      const fixed = compile(g, [`f32[${b}, ${n}]`, `f32[${n}, ${c}]`, `i32[${b}]`]);
      const args = [
        filled([b, n]).cast("f32"),
        filled([n, c], 2).cast("f32"),
        adjoint.zeros([b], { dtype: "i32" }),
      ] as const;
      const [x, y] = [open(...args), fixed(...args)];
      for (const i of [0, 1]) expect([...x[i].data()]).toEqual([...y[i].data()]);
    }
  });

  it("what is called and differentiated in one module keeps what it calls", () => {
    const f = (x: Tensor): Tensor => adjoint.crossEntropy(x, tensor([0, 2], { dtype: "i32" }));
    const both = compile((x: Tensor) => [f(x), grad(f)(x), f(x)], ["f64[2, 3]"]);
    const [value, slope] = both(filled([2, 3])) as Tensor[];
    expectNear(value, f(filled([2, 3])));
    expectNear(slope, grad(f)(filled([2, 3])) as Tensor);
  });

  it("transforms go through calls: vmap, jvp, hessian, backward", () => {
    const x = filled([3, 4]);
    expectNear(adjoint.vmap((row: Tensor) => adjoint.softmax(row))(x) as Tensor, adjoint.softmax(x));
    const loss = (row: Tensor): Tensor => adjoint.crossEntropy(row.expandDims(), tensor([1], { dtype: "i32" }));
    const slopes = adjoint.vmap(grad(loss))(x) as Tensor;
    const expected = adjoint.softmax(x).sub(adjoint.oneHot(tensor([1], { dtype: "i32" }), 4));
    expectNear(slopes, expected);
    const row = x.slice({ limit: [1] }).reshape([4]);
    const p = adjoint.softmax(row);
    expectNear(adjoint.hessian(loss)(row) as Tensor, adjoint.diag(p).sub(adjoint.outer(p, p)));
    const [, tangent] = adjoint.jvp(adjoint.logsumexp)([row], [adjoint.ones([4])]) as unknown as number[];
    expect(tangent).toBeCloseTo(1, 14);
    const leaf = tensor([...row.data()], { requiresGrad: true });
    loss(leaf).backward();
    expectNear(leaf.grad as Tensor, grad(loss)(row) as Tensor);
  });

  it("users write composites as the library does; what one reads from outside is refused", () => {
    const swish = adjoint.composite("swish", (x: Tensor, beta: number) => x.mul(adjoint.sigmoid(x.mul(beta))));
    const f = compile((x: Tensor) => swish(swish(x, 1), 1), ["f64[N]"]);
    expect(printModule(f.log.entries[0].before).match(/call @swish\(/g)?.length).toBe(2);
    expectNear(f(filled([3])), swish(swish(filled([3]), 1), 1));
    const shift = tensor([1, 2]);
    const shifted = adjoint.composite("shifted", (x: Tensor) => x.add(shift));
    expect(() => compile((x: Tensor) => shifted(x), ["f64[2]"])).toThrow(/shifted reads a tensor from outside/);
    expect(() => adjoint.composite("a b", (x: Tensor) => x)).toThrow("expected an identifier");
  });

  it("a declared graph calls them too", () => {
    const graph = new adjoint.Graph();
    const x = graph.placeholder("f64", { name: "x", shape: ["N"] });
    const y = adjoint.softmax(x).sum();
    expect(printModule(graph.module([y]))).toMatch(/call @softmax/);
    expect(new adjoint.Session(graph).run(y, { x: [1, 2, 3] })).toBeDefined();
  });
});
