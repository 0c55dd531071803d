// Products of tensors against sums written out, with their gradients.

import { describe, expect, it } from "vitest";
import * as adjoint from "../src/index.ts";
import { AdjointError, compile, grad, type Tensor, tensor } from "../src/index.ts";
import { expectNear, filled } from "./tensors.ts";

/** einsum as its definition says: over all values of all letters. */
function einsumWrittenOut(equation: string, ...operands: Tensor[]): Tensor {
  const [left, right] = equation.split("->");
  const inputs = left.split(",");
  const letters = [...new Set(inputs.join(""))];
  const extent = (l: string): number =>
    Math.max(
      ...inputs.flatMap((list, o) => [...list].flatMap((m, a) => (m === l ? [Number(operands[o].shape[a])] : []))),
    );
  const shape = [...right].map(extent);
  const result = new Float64Array(shape.reduce((a, b) => a * b, 1));
  const sizes = letters.map(extent);
  const data = operands.map((x) => x.data());
  const offset = (list: string, of: readonly (number | string)[], at: readonly number[]): number =>
    [...list].reduce((sum, l, a) => sum * Number(of[a]) + (of[a] === 1 ? 0 : at[letters.indexOf(l)]), 0);
  for (let n = 0; n < sizes.reduce((a, b) => a * b, 1); n++) {
    let rest = n;
    const at = sizes.map((size) => {
      const digit = rest % size;
      rest = Math.floor(rest / size);
      return digit;
    });
    result[offset(right, shape, at)] += inputs.reduce(
      (p, list, o) => p * data[o][offset(list, operands[o].shape, at)],
      1,
    );
  }
  return tensor(result, { shape });
}

describe("einsum", () => {
  const extents: Readonly<Record<string, number>> = { a: 2, b: 3, i: 3, j: 4, k: 2, q: 2 };
  const equations = [
    "ij->ji",
    "ij->",
    "ii->",
    "ii->i",
    "iij->j",
    "iji->ij",
    "ijk->ik",
    "i,i->",
    "i,j->ij",
    "ij,j->i",
    "ij,jk->ik",
    "aij,ajk->aik",
    "abiq,abjq->abij",
    "i,i,i->",
    "ij,jk,kb->ib",
    "ij,kj,aj->aik",
    "ij,ab->bjia",
    "ijk,ijk->",
    "i->i",
    "ij,ij->j",
  ];
  it.each(equations)("%s is the sum written out, and so is its gradient", (equation) => {
    const [left] = equation.split("->");
    const operands = left.split(",").map((list, o) =>
      filled(
        [...list].map((l) => extents[l]),
        o + 1,
      ),
    );
    expectNear(adjoint.einsum(equation, ...operands), einsumWrittenOut(equation, ...operands));
    const objective = (x: Tensor): Tensor =>
      adjoint
        .einsum(equation, x, ...operands.slice(1))
        .square()
        .sum();
    const slope = grad(objective)(operands[0]) as Tensor;
    const [h, place] = [1e-5, 1];
    const moved = (by: number): number => {
      const data = operands[0].data();
      data[place] += by;
      return objective(tensor(data, { shape: operands[0].shape as number[] })).item() as number;
    };
    expect(slope.data()[place]).toBeCloseTo((moved(h) - moved(-h)) / (2 * h), 5);
  });

  it("broadcasts axes of extent 1 and those that an ellipsis covers", () => {
    const [x, y] = [filled([2, 1, 3]), filled([4, 3])];
    expectNear(
      adjoint.einsum("...i,...i->...", x, y),
      adjoint.einsum("abi,bi->ab", adjoint.broadcastTo(x, [2, 4, 3]), y),
    );
    expectNear(adjoint.einsum("ai,ai->i", filled([1, 3]), y), filled([3]).mul(y.sum({ axes: 0 })));
    expect(adjoint.einsum("...ij->...ji", filled([5, 2, 3])).shape).toEqual([5, 3, 2]);
  });

  it("without an arrow keeps the letters that stand once, in their order", () => {
    const x = filled([2, 3]);
    expectNear(adjoint.einsum("ba", x), adjoint.einsum("ba->ab", x));
    expectNear(adjoint.einsum("ij,jk", x, filled([3, 2])), adjoint.matmul(x, filled([3, 2])));
  });

  it.each([
    ["ij->ik", "names 'k'"],
    ["i->ii", "names a letter twice"],
    ["i->i->i", "two arrows"],
    ["i$->i", "no list of letters"],
    ["ijk->i", "has rank 2, expected 3"],
    ["ij,jk->ik", "got 1 operand, expected 2"],
  ])("refuses %s: %s", (equation, message) => {
    expect(() => adjoint.einsum(equation, filled([2, 3]))).toThrow(message);
  });

  it("names the letter whose extents differ", () => {
    expect(() => adjoint.einsum("ij,jk->ik", filled([2, 3]), filled([4, 5]))).toThrow(
      "axis 'j' has the extents 3 and 4",
    );
  });
});

describe("matmul", () => {
  const written = (x: Tensor, y: Tensor): Tensor => {
    const [a, b] = [x.rank === 1 ? x.expandDims() : x, y.rank === 1 ? y.expandDims({ axis: 1 }) : y];
    const product = a
      .expandDims({ axis: a.rank })
      .mul(b.expandDims({ axis: b.rank - 2 }))
      .sum({ axes: -2 });
    const dropped = [...(x.rank === 1 ? [-2] : []), ...(y.rank === 1 ? [-1] : [])];
    return product.squeeze({ axes: dropped });
  };
  it.each([
    [[3], [3]],
    [[2, 3], [3]],
    [[3], [3, 4]],
    [
      [2, 3],
      [3, 4],
    ],
    [
      [5, 2, 3],
      [3, 4],
    ],
    [
      [2, 3],
      [5, 3, 4],
    ],
    [
      [5, 2, 3],
      [5, 3, 4],
    ],
    [
      [5, 1, 2, 3],
      [1, 6, 3, 4],
    ],
    [
      [1, 2, 3],
      [5, 3, 4],
    ],
    [[3], [5, 3, 4]],
    [[5, 2, 3], [3]],
    [
      [2, 0],
      [0, 3],
    ],
    [
      [0, 2, 3],
      [3, 4],
    ],
    [
      [1, 1, 1],
      [1, 1, 1],
    ],
  ])("of %j and %j is rows times columns, the axes before broadcast", (m, n) => {
    const [x, y] = [filled(m), filled(n, 2)];
    expectNear(adjoint.matmul(x, y), written(x, y));
    for (const wrt of [0, 1]) {
      const slope = (f: typeof written) =>
        grad((a: Tensor, b: Tensor) => f(a, b).square().sum(), { wrt })(x, y) as Tensor;
      expectNear(slope(adjoint.matmul), slope(written));
    }
  });

  it("takes sizes known only at run time, and says which do not fit", () => {
    const f = compile((x: Tensor, y: Tensor) => adjoint.matmul(x, y), ["f64[B, N, K]", "f64[B, K, M]"]);
    for (const [b, n, k, m] of [
      [2, 3, 4, 5],
      [1, 1, 1, 1],
      [0, 2, 3, 1],
      [3, 2, 0, 2],
    ]) {
      const [x, y] = [filled([b, n, k]), filled([b, k, m], 3)];
      expectNear(f(x, y), adjoint.matmul(x, y));
    }
    expect(() => adjoint.matmul(filled([2, 3, 4]), filled([2, 5, 6]))).toThrow(AdjointError);
  });
});
