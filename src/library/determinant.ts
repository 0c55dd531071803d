// Determinants.

import { applyContracting, applyLooping, asUser, composite, customJvp, type Tensor } from "../frontend/index.ts";
import * as ops from "../ops/index.ts";
import { abs, equal, log, mul, prod, sign, stopGradient, sub, sum, where } from "./array/index.ts";
import { diagonal } from "./diagonals.ts";
import { requireSquare } from "./shapes.ts";

/** The diagonal of the upper factor, and the sign of the row exchanges. */
function pivots(x: Tensor): { readonly diagonal: Tensor; readonly parity: Tensor } {
  const [packed, parity] = applyContracting(pivots, [x], (v) => {
    const [factors, permutation] = ops.lu(v);
    return [factors, ops.parityOf(permutation, v)];
  });
  return { diagonal: diagonal(packed), parity };
}

function productOfPivots(x: Tensor): Tensor {
  const found = pivots(x);
  return mul(found.parity, prod(found.diagonal, { axes: [-1] }));
}

/**
 * A polynomial of the elements: its slopes are the cofactors, which take no division by a pivot. Where it is differentiated
 * its value is that of the pivots still, with the slopes of one that may be differentiated again.
 */
const polynomial = customJvp(productOfPivots, ([x], [tangent]) => {
  const [smooth, slopes] = applyLooping(polynomial, [x as Tensor], (v) => {
    const { determinant, cofactors } = ops.cofactors(v);
    return [determinant, cofactors];
  });
  const value = stopGradient(productOfPivots(x as Tensor));
  // 0, or NaN where it overflows
  const none = sub(stopGradient(smooth), smooth);
  return [where(equal(none, 0), sub(value, none), value), sum(mul(slopes, tangent as Tensor), { axes: [-2, -1] })];
});

/**
 * The determinant, by LU factorization with row exchanges. Its derivatives of all orders are those of the polynomial that
 * it is, the cofactors and so on, of singular matrices too.
 *
 * @throws AdjointError `dtype` for integers, `shape` for what are no square matrices.
 * @example det(tensor([[1, 2], [3, 4]])) // -2
 */
export const det = composite("det", (x: Tensor): Tensor => {
  requireSquare(x, "det");
  return polynomial(x) as Tensor;
});

/**
 * The sign and the logarithm of the absolute value of the determinant, where that itself would overflow. Of a singular
 * matrix they are 0 and -∞, and the logarithm has no derivative there: it is NaN or infinite. That of the sign is 0.
 *
 * @throws AdjointError as det.
 * @example slogdet(tensor([[0, 2], [3, 0]])).sign // -1
 */
export function slogdet(x: Tensor): { readonly sign: Tensor; readonly logabsdet: Tensor } {
  return asUser(slogdet, () => ({ sign: signOfDet(x), logabsdet: logOfDet(x) }));
}

// apart, so that who asks for the sign alone does not meet the slopes of the logarithm
const signOfDet = composite("slogdet", (x: Tensor): Tensor => {
  requireSquare(x, "slogdet");
  const found = pivots(stopGradient(x));
  return mul(found.parity, prod(sign(found.diagonal), { axes: [-1] }));
});

const logOfDet = composite("slogdet", (x: Tensor): Tensor => {
  requireSquare(x, "slogdet");
  return sum(log(abs(pivots(x).diagonal)), { axes: [-1] });
});
