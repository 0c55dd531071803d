// `axis: null`: all elements, as one axis, or a refusal; never the axis that stands for one left out.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as adjoint from "../src/index.ts";

const { AdjointError, i32, reshape, tensor } = adjoint;
type Tensor = adjoint.Tensor;
type Options = { readonly axis?: number | null };

const x = tensor([
  [5, 1, 4],
  [2, 6, 3],
]);

/** Functions with one axis, on x. */
const functions: Readonly<Record<string, (x: Tensor, options: Options) => unknown>> = {
  argMax: adjoint.argMax,
  argMin: adjoint.argMin,
  argsort: adjoint.argsort,
  concat: (y, options) => adjoint.concat([y, y], options),
  cross: (y, options) => adjoint.cross(y, y, options as never),
  crossEntropy: (y, options) => adjoint.crossEntropy(y, i32([0, 1]), options as never),
  cummax: adjoint.cummax,
  cummin: adjoint.cummin,
  cumprod: adjoint.cumprod,
  cumsum: adjoint.cumsum,
  diff: (y, options) => adjoint.diff(y, options as never),
  logSoftmax: (y, options) => adjoint.logSoftmax(y, options as never),
  logcumsumexp: (y, options) => adjoint.logcumsumexp(y, options as never),
  repeat: (y, options) => adjoint.repeat(y, 2, options),
  softmax: (y, options) => adjoint.softmax(y, options as never),
  sort: adjoint.sort,
  split: (y, options) => adjoint.split(y, 1, options as never),
  stack: (y, options) => adjoint.stack([y, y], options as never),
  take: (y, options) => adjoint.take(y, i32([0, 1]), options as never),
  takeAlongAxis: (y, options) => adjoint.takeAlongAxis(y, i32([[0], [1]]), options as never),
  topK: (y, options) => adjoint.topK(y, 1, options as never),
  unstack: (y, options) => adjoint.unstack(y, options as never),
  vecdot: (y, options) => adjoint.vecdot(y, y, options as never),
};

/** Functions with one axis, on a vector; where they name an axis of the result, the one of several numbers. */
const ofVectors: typeof functions = {
  ...functions,
  batchNorm: (y, options) => adjoint.batchNorm(y, null, null, options as never),
  categorical: (y, options) => adjoint.categorical(adjoint.key(1), y, options as never),
  crossEntropy: (y, options) => adjoint.crossEntropy(y, i32(1), options as never),
  groupNorm: (y, options) => adjoint.groupNorm(y, 3, null, null, options as never),
  oneHot: (y, options) => adjoint.oneHot(adjoint.cast(y, "i32").at(0), 9, options as never),
  permutation: (y, options) => adjoint.permutation(adjoint.key(1), y, options as never),
  stack: (y, options) => adjoint.stack(adjoint.unstack(y), options as never),
  takeAlongAxis: (y, options) => adjoint.takeAlongAxis(y, i32([0, 1]), options as never),
  topK: (y, options) => adjoint.topK(y, 2, options as never).values,
};

function plain(result: unknown): unknown {
  if (Array.isArray(result)) return result.map(plain);
  return result instanceof adjoint.Tensor ? result.toArray() : result;
}

describe("axis: null", () => {
  it.each(Object.keys(functions))("of %s means all elements, or is refused", (name) => {
    let result: unknown;
    try {
      result = functions[name](x, { axis: null });
    } catch (error) {
      expect(error).toBeInstanceOf(AdjointError);
      expect((error as Error).message).toMatch(new RegExp(`${name}: option 'axis' is (null|left out).*reshape`));
      return;
    }
    expect(plain(result)).toEqual(plain(functions[name](reshape(x, [-1]), { axis: 0 })));
  });

  it.each(Object.keys(ofVectors))("of %s is the only axis where there is one", (name) => {
    const f = ofVectors[name];
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 3, maxLength: 3 }), (elements) => {
        const v = tensor(elements);
        expect(plain(f(v, { axis: null }))).toEqual(plain(f(v, { axis: 0 })));
      }),
      { numRuns: 10 },
    );
    const traced = adjoint.compile((y: Tensor) => f(y, { axis: null }) as Tensor, ["f64[3]"]);
    expect(plain(traced(tensor([5, 1, 4])))).toEqual(plain(f(tensor([5, 1, 4]), { axis: 0 })));
  });

  it("means all elements where NumPy means them", () => {
    expect(plain(adjoint.cumsum(x, { axis: null }))).toEqual([5, 6, 10, 12, 18, 21]);
    expect(plain(adjoint.cumsum(x, { axis: null, includeInitial: true, reverse: true }))).toEqual([
      21, 16, 15, 11, 9, 3, 0,
    ]);
    expect(plain(adjoint.sort(x, { axis: null, descending: true }))).toEqual([6, 5, 4, 3, 2, 1]);
    expect(plain(adjoint.repeat(tensor([[1], [2]]), 2, { axis: null }))).toEqual([1, 1, 2, 2]);
    expect(plain(adjoint.argMax(x, { axis: null }))).toBe(4);
    expect(plain(adjoint.grad((y: Tensor) => adjoint.cumsum(y, { axis: null }).at(3))(x))).toEqual([
      [1, 1, 1],
      [1, 0, 0],
    ]);
  });
});

describe("diff with elements before and behind", () => {
  it("is diff of all in a row", () => {
    const squares = tensor([1, 4, 9]);
    expect(plain(adjoint.diff(squares, { prepend: 0, append: tensor([16, 25]) }))).toEqual([1, 3, 5, 7, 9]);
    for (const n of [0, 1, 2, 3])
      for (const axis of [0, 1]) {
        const before = tensor(axis === 0 ? [[7, 8, 9]] : [[7], [8]]);
        const whole = adjoint.concat([before, x, before.mul(0).sub(1)], { axis });
        expect(plain(adjoint.diff(x, { n, axis, prepend: before, append: -1 }))).toEqual(
          plain(adjoint.diff(whole, { n, axis })),
        );
      }
  });

  it("has a derivative with respect to them", () => {
    const last = (a: Tensor, b: Tensor): Tensor =>
      adjoint.sum(adjoint.square(adjoint.diff(a, { prepend: b, append: adjoint.mul(b, 2) })));
    // (1 - b)² + (2b - 1)²
    expect(
      adjoint
        .grad(last, { wrt: 1 })(tensor([1]), 3)
        .item(),
    ).toBe(2 * (3 - 1) + 4 * (6 - 1));
  });

  it("refuses what does not fit", () => {
    const message = (options: object): string => {
      try {
        adjoint.diff(x, options);
      } catch (error) {
        return error instanceof AdjointError ? error.reason : String(error);
      }
      return "accepted";
    };
    expect(message({ prepend: tensor([1, 2]) })).toMatch(/^diff: operand 1 has shape|^diff: /);
    expect(message({ append: [1] })).toMatch(/^diff: an operand is an Array/);
    expect(message({ prepend: null })).toMatch(/^diff: an operand is null/);
  });
});
