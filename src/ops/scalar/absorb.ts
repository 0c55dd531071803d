// The zero that absorbs what it is multiplied by, which keeps a branch not taken out of derivatives.

import type { Value } from "../../ir/index.ts";
import { emit1 } from "../base/define.ts";
import { elementwise } from "../base/elementwise.ts";

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
    spell: ([factor, product, x]) => `${factor} !== 0 ? ${x} : Number.isFinite(${product}) ? ${x} + 0 : 0`,
    exact: true,
  },
  partials: {
    kind: "rule",
    vjp: ({ operands: [factor, product], cotangent, wanted }) => [
      null,
      null,
      wanted[2] ? absorb(factor, product, cotangent) : null,
    ],
    // the tangent of a product holds the factor times the tangent of what it is multiplied by: a zero absorbs that too
    jvp({ operands: [factor, product], tangents: [, , tangent] }) {
      return tangent === null ? null : absorb(factor, absorb(factor, product, tangent));
    },
  },
  semantics:
    "x, but 0 where the factor is 0 and the product is infinite or NaN. Where the factor is 0, a -0 becomes 0. Where a select or a branch leaves something out, the derivative multiplies a zero by slopes that may be infinite, and x is that product: its zeros are strong, in the word that Enzyme uses. The derivative goes to x alone, where nothing is absorbed.",
  example: { dtype: "f64", run: "@main(0, inf, 2) == 0" },
});
