// Functions of one or two numbers that need care at their edges.

import { asUser, composite, type Operand, type Tensor } from "../frontend/index.ts";
import { clip, equal, lessEqual, log, log1p, logicalAnd, logicalOr, mul, where } from "./array/index.ts";

/**
 * x · f(y), and 0 where x is 0 and f(y) infinite or undefined; NaN stays.
 *
 * @__NO_SIDE_EFFECTS__
 */
function weighted(name: string, f: (y: Operand) => Tensor, least: number) {
  return composite(name, (x: Operand, y: Operand): Tensor => {
    const isWithout = logicalAnd(equal(x, 0), logicalOr(lessEqual(y, least), equal(y, Infinity)));
    return where(isWithout, 0, mul(x, f(where(isWithout, 1, y))));
  });
}

/** x · log(y), and 0 where x is 0, also for y = 0. @example xlogy(tensor([0, 2]), tensor([0, 1])) // [0, 0] */
export const xlogy = weighted("xlogy", log, 0);

/** x · log(1 + y), and 0 where x is 0, also for y = -1. @example xlog1py(tensor([0, 2]), tensor([-1, 0])) // [0, 0] */
export const xlog1py = weighted("xlog1py", log1p, -1);

/** As `clip`: x kept between two bounds. @example clamp(tensor([-1, 0.5, 2]), 0, 1) // [0, 0.5, 1] */
export function clamp(x: Operand, low?: Operand | null, high?: Operand | null): Tensor {
  return asUser(clamp, () => clip(x, low, high));
}
