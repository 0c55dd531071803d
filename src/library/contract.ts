// Sums of products over labelled axes: what einsum and the batched matrix product are.

import type { Tensor } from "../frontend/index.ts";
import { type Dim, fail, shapeOf } from "../ir/index.ts";
import { dot, permuteDims, squeeze, sum } from "./array/index.ts";
import { diagonalAlong } from "./diagonal-of.ts";

/** A tensor whose axes have labels. */
export interface Labelled {
  readonly tensor: Tensor;
  readonly labels: readonly string[];
}

/**
 * Σ of the products over all labels that `output` does not have. Axes of extent 1 broadcast. Operands are taken two by
 * two from the left; a label goes as soon as nothing needs it any more.
 */
export function contraction(where: string, operands: readonly Labelled[], output: readonly string[]): Tensor {
  const extents = extentsOf(where, operands);
  const prepared = operands.map((o) => withoutOnes(withoutTwins(o), extents));
  let left = prepared[0];
  for (let i = 1; i <= prepared.length; i++) {
    const needed = new Set([...output, ...prepared.slice(i).flatMap((o) => o.labels)]);
    left = summedOver(left, needed);
    if (i === prepared.length) break;
    const after = new Set([...output, ...prepared.slice(i + 1).flatMap((o) => o.labels)]);
    left = product(left, summedOver(prepared[i], new Set([...left.labels, ...after])), after);
  }
  return inOrder(left, output);
}

/** What each label runs to: the extent that is not 1, if there is one. */
function extentsOf(where: string, operands: readonly Labelled[]): ReadonlyMap<string, Dim> {
  const extents = new Map<string, Dim>();
  for (const { tensor, labels } of operands) {
    for (const [axis, label] of labels.entries()) {
      const [before, extent] = [extents.get(label) ?? 1, shapeOf(tensor)[axis]];
      if (typeof before === "number" && typeof extent === "number" && before !== extent && before !== 1 && extent !== 1)
        fail("shape", `${where}: axis '${label}' has the extents ${before} and ${extent}`);
      if (!extents.has(label) || before === 1) extents.set(label, extent);
    }
  }
  return extents;
}

/** Labels that stand twice stand for a diagonal. */
function withoutTwins({ tensor, labels }: Labelled): Labelled {
  let [x, rest] = [tensor, labels];
  for (;;) {
    const second = rest.findIndex((label, i) => rest.indexOf(label) !== i);
    if (second < 0) return { tensor: x, labels: rest };
    const label = rest[second];
    const first = rest.indexOf(label);
    x = diagonalAlong(x, first, second);
    rest = [...rest.filter((_, i) => i !== first && i !== second), label];
  }
}

/** Axes of extent 1 go where other operands have more along their label. */
function withoutOnes({ tensor, labels }: Labelled, extents: ReadonlyMap<string, Dim>): Labelled {
  const isOne = labels.map((label, axis) => shapeOf(tensor)[axis] === 1 && extents.get(label) !== 1);
  const axes = isOne.flatMap((one, axis) => (one ? [axis] : []));
  if (axes.length === 0) return { tensor, labels };
  return { tensor: squeeze(tensor, { axes }), labels: labels.filter((_, axis) => !isOne[axis]) };
}

function summedOver({ tensor, labels }: Labelled, needed: ReadonlySet<string>): Labelled {
  const axes = labels.flatMap((label, axis) => (needed.has(label) ? [] : [axis]));
  if (axes.length === 0) return { tensor, labels };
  return { tensor: sum(tensor, { axes }), labels: labels.filter((label) => needed.has(label)) };
}

function product(x: Labelled, y: Labelled, needed: ReadonlySet<string>): Labelled {
  const both = x.labels.filter((label) => y.labels.includes(label));
  const pairs = (labels: readonly string[]): [number[], number[]] => [
    labels.map((label) => x.labels.indexOf(label)),
    labels.map((label) => y.labels.indexOf(label)),
  ];
  const batch = both.filter((label) => needed.has(label));
  const contract = both.filter((label) => !needed.has(label));
  const own = (labels: readonly string[]): readonly string[] => labels.filter((label) => !both.includes(label));
  return {
    tensor: dot(x.tensor, y.tensor, { contract: pairs(contract), batch: pairs(batch) }),
    labels: [...batch, ...own(x.labels), ...own(y.labels)],
  };
}

function inOrder({ tensor, labels }: Labelled, output: readonly string[]): Tensor {
  const order = output.map((label) => labels.indexOf(label));
  return order.every((axis, i) => axis === i) ? tensor : permuteDims(tensor, order);
}
