// What tests of functions of tensors share: tensors of known numbers, and closeness.

import { expect } from "vitest";
import { Tensor, tensor } from "../src/index.ts";

/** Numbers that repeat and depend on their place. */
export function filled(shape: readonly number[], seed = 1): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float64Array.from({ length: size }, (_, i) => (((i + seed) * 7919) % 23) / 8 - 1.25);
  return tensor(data, { shape });
}

export function expectNear(got: Tensor, expected: Tensor | readonly number[], tolerance = 1e-12): void {
  const e = expected instanceof Tensor ? [...expected.data()] : expected;
  if (expected instanceof Tensor) expect(got.shape).toEqual(expected.shape);
  const g = [...got.data()];
  expect(g.length).toBe(e.length);
  for (const [i, x] of e.entries()) {
    const isNear = Object.is(g[i], x) || Math.abs(g[i] - x) <= tolerance * (1 + Math.abs(x));
    expect(isNear, `${i}: ${g[i]}, expected ${x}`).toBe(true);
  }
}
