// Strides and offsets of concrete row-major arrays, for the evals that move or combine elements.

import { allocate, type NdArray, sizeOf } from "../../ir/index.ts";

/** The strides of a row-major shape. */
export function stridesOf(shape: readonly number[]): readonly number[] {
  const strides: number[] = new Array(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** The offset that `strides` give to each subscript of a shape, row-major. */
export function offsetsOf(shape: readonly number[], strides: readonly number[]): Float64Array {
  let offsets = Float64Array.of(0);
  for (const [axis, extent] of shape.entries()) {
    const finer = new Float64Array(offsets.length * extent);
    let next = 0;
    for (const offset of offsets) for (let i = 0; i < extent; i++) finer[next++] = offset + i * strides[axis];
    offsets = finer;
  }
  return offsets;
}

/** The array of `shape` whose elements stand in `source` at the offsets that `strides` give, counted from `base`. */
export function gather(source: NdArray, shape: readonly number[], strides: readonly number[], base = 0): NdArray {
  const result = allocate(source.dtype, shape);
  if (sizeOf(shape) === 0) return result;
  const offsets = offsetsOf(shape, strides);
  for (let i = 0; i < offsets.length; i++) result.data[i] = source.data[base + offsets[i]];
  return result;
}

/** The items at these positions: the extents of some axes, the strides of others. */
export function pick<T>(items: readonly T[], positions: readonly number[]): readonly T[] {
  return positions.map((i) => items[i]);
}
