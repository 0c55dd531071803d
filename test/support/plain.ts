// Tensors as the values of JavaScript that they hold, to compare results with.

import { Tensor } from "../../src/index.ts";

/** Nested arrays and numbers in place of tensors, in their structure. */
export function plain(x: unknown): unknown {
  if (x instanceof Tensor) return x.toArray();
  if (Array.isArray(x)) return x.map(plain);
  if (typeof x !== "object" || x === null || ArrayBuffer.isView(x)) return x;
  return Object.fromEntries(Object.entries(x).map(([key, part]) => [key, plain(part)]));
}
