// Zeros that absorb what they are multiplied by, which keeps a branch not taken out of derivatives: of a product, and of
// what derivatives of higher orders make of it.

import type { Value } from "../../ir/index.ts";
import { emit1 } from "../base/define.ts";
import { elementwise } from "../base/elementwise.ts";

/** The product of `factor` and something else, which is 0 where the factor is, whatever it is multiplied by. */
export function vanish(factor: Value, product: Value): Value {
  return emit1(vanishOp, [factor, product]);
}

/** `x`, which is the product where it is left out, but 0 where `factor` is 0 and the product is infinite or NaN. */
export function absorb(factor: Value, product: Value, x: Value = product): Value {
  return emit1(absorbOp, [factor, product, x]);
}

export const absorbOp = elementwise({
  name: "absorb",
  cheap: true,
  summary: "Zero where a product of 0 and something infinite or NaN is meant to be 0.",
  operands: ["factor", "product", "x"],
  dtypes: "float",
  scalar: {
    compute: ([factor, product, x]) => (factor !== 0 ? x : Number.isFinite(product) ? x + 0 : 0),
    spell: ([factor, product, x]) => `${factor} !== 0 ? ${x} : Number.isFinite(${product}) ? ${x} + 0 : ${factor} + 0`,
    exact: true,
  },
  partials: {
    kind: "rule",
    vjp: ({ operands: [factor, product], cotangent, wanted }) => [
      null,
      null,
      wanted[2] ? absorb(factor, product, cotangent) : null,
    ],
    jvp: ({ operands: [factor, product], tangents: [, , tangent] }) => tangentOf(factor, product, tangent),
  },
  semantics:
    "The result is x, but 0 where the factor is 0 and the product is infinite or NaN, and so would spoil the x that was computed from it. Where the factor is 0, an x of -0 becomes 0 too. The derivative goes to x alone, and not where x was replaced.",
  example: { dtype: "f64", run: "@main(0, inf, 2) == 0" },
});

export const vanishOp = elementwise({
  name: "vanish",
  cheap: true,
  summary: "A product that is 0 where one of its factors is.",
  operands: ["factor", "product"],
  dtypes: "float",
  scalar: {
    compute: ([factor, product]) => (factor !== 0 ? product : 0),
    // of the literal 0 engines would make an integer, and look at each result for which it is
    spell: ([factor, product]) => `${factor} !== 0 ? ${product} : ${factor} + 0`,
    exact: true,
  },
  partials: {
    kind: "rule",
    vjp: ({ operands: [factor, product], cotangent, wanted }) => [
      null,
      wanted[1] ? absorb(factor, product, cotangent) : null,
    ],
    jvp: ({ operands: [factor, product], tangents: [, tangent] }) => tangentOf(factor, product, tangent),
  },
  semantics:
    "The product where the factor is not 0, else 0. A select or a branch that leaves something out gives it a cotangent of 0, and the derivative multiplies that by slopes which may be infinite or NaN; this op is that product, whose zeros are strong zeros (a word of Enzyme). Where the product is finite it is 0 with its factor anyway, and so the derivative goes to the product there; nothing else has a derivative.",
  example: { dtype: "f64", run: "@main(0, inf) == 0" },
});

/** The tangent of a product holds the factor times the tangent of the other one: a zero absorbs that too. */
function tangentOf(factor: Value, product: Value, tangent: Value | null): Value | null {
  return tangent === null ? null : absorb(factor, absorb(factor, product, tangent));
}
