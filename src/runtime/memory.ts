// Memory for results. Sizes are checked before the engine is asked, so that a bad one is an error that a user understands.

import { type DType, dtypes, fail, type NdArray, printShape, sizeOf } from "../ir/index.ts";

/** The most elements one array may have. */
const maxElements = 2 ** 32 - 1;

/** A zeroed array. A negative, fractional or too large extent is an error (code `range`) that names `what` it is for. */
export function allocateChecked(dtype: DType, shape: readonly number[], what: string): NdArray {
  const size = checkedSize(shape, what);
  try {
    return { dtype, shape, data: new dtypes[dtype].array(size) };
  } catch (cause) {
    return fail("range", `${what} has shape ${printShape(shape)}, which does not fit in memory`, { cause });
  }
}

/** The number of elements. A negative, fractional or too large extent is an error (code `range`) that names `what` has it. */
export function checkedSize(shape: readonly number[], what: string): number {
  for (const extent of shape) {
    if (!Number.isInteger(extent) || extent < 0)
      fail("range", `${what} has shape ${printShape(shape)}, expected sizes >= 0`);
  }
  const size = sizeOf(shape);
  if (size > maxElements) fail("range", `${what} has shape ${printShape(shape)}, ${size} elements are too many`);
  return size;
}
