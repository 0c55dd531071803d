// What an idiom is, and the values that many of them start from.

import { type DType, shapeOf, type TensorType, tensorType, type Value } from "../../../ir/index.ts";
import { dtypeOf, type Pool } from "../pool.ts";
import { tensorDTypes } from "../uses.ts";

/** What a use gives; nothing where the values there are do not suit. */
export type Idiom = (pool: Pool, symbols: readonly string[]) => readonly Value[];

export const all = (rank: number): readonly number[] => Array.from({ length: rank }, (_, i) => i);
export const typeOf = (v: Value): TensorType => tensorType(dtypeOf(v), shapeOf(v));

/** One of the values that have axes, at most so many. */
export function withAxes(pool: Pool, most = 3, dtypes: readonly DType[] = tensorDTypes): Value | undefined {
  return pool.find(({ shape, dtype }) => shape.length > 0 && shape.length <= most && dtypes.includes(dtype));
}
