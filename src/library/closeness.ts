// Whether numbers are equal up to rounding.

import { composite, describe, type Operand, Tensor } from "../frontend/index.ts";
import { dtypes, fail, requireOptions } from "../ir/index.ts";
import {
  abs,
  add,
  all,
  cast,
  equal,
  isInf,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  mul,
  notEqual,
  sub,
} from "./array/index.ts";

export interface CloseOptions {
  /** How far they may be apart as a share of the second one's size; 1e-5 where left out. */
  readonly rtol?: number;
  /** How far they may be apart beside that; 1e-8 where left out. */
  readonly atol?: number;
  /** Whether a NaN is close to a NaN; false where left out. */
  readonly equalNaN?: boolean;
}

function close(x: Operand, y: Operand, options: CloseOptions, where: string): Tensor {
  requireOptions(where, options, ["atol", "equalNaN", "rtol"]);
  const { rtol = 1e-5, atol = 1e-8, equalNaN = false } = options;
  for (const [name, value] of Object.entries({ rtol, atol }))
    if (!(typeof value === "number" && value >= 0))
      fail("option", `${where}: option '${name}' is ${describe(value)}, expected a number from 0`);
  const [a, b] = [x, y].map((t) => (t instanceof Tensor && dtypes[t.dtype].kind !== "float" ? cast(t, "f64") : t));
  const bound = add(mul(abs(b), rtol), atol);
  const near = logicalAnd(logicalNot(isInf(b)), lessEqual(abs(sub(a, b)), bound));
  const same = logicalOr(equal(a, b), near);
  return equalNaN ? logicalOr(same, logicalAnd(notEqual(a, a), notEqual(b, b))) : same;
}

/**
 * Whether |x - y| is at most atol + rtol · |y|, element by element; infinities are close to themselves alone (NumPy
 * `isclose`). Numbers of any dtype, which broadcast; integers and bools count as f64.
 *
 * @throws AdjointError `shape` where they do not broadcast, `dtype` for floats of two dtypes, `option`.
 * @example isClose(tensor([1, 2]), tensor([1.000001, 2.1])) // [true, false]
 */
export const isClose = composite(
  "isClose",
  (x: Operand, y: Operand, options: CloseOptions = {}): Tensor => close(x, y, options, "isClose"),
);

/**
 * Whether all elements are close, as `isClose` has it: one bool (NumPy `allclose`).
 *
 * @throws AdjointError as isClose.
 * @example allclose(tensor([1, 2]), tensor([1.000001, 2])) // true
 */
export const allclose = composite(
  "allclose",
  (x: Operand, y: Operand, options: CloseOptions = {}): Tensor => all(close(x, y, options, "allclose")),
);
