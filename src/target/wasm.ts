// WebAssembly with vectors of 128 bits, in V8.

import { javascript } from "./javascript.ts";
import type { Target } from "./target.ts";

export const wasm: Target = {
  ...javascript,
  name: "wasm",
  vectorBits: 128,
  expands: true,
  // a call takes about 1.5 µs longer; single elements take about 1 ns an operation, so that a sum of 4,096 numbers of f64, a·b + a
  // of 1,024 of f32, exp of 128 and a product of 12 by 12 are where it pays
  calls: { ...javascript.calls, least: 1500, expanded: 16 },
  contraction: { ...javascript.contraction, tiles: [{ rows: 4, columns: 8 }], widens: false },
};
