// WebAssembly with vectors of 128 bits, in V8.

import { javascript } from "./javascript.ts";
import type { Target } from "./target.ts";

export const wasm: Target = {
  ...javascript,
  name: "wasm",
  vectorBits: 128,
  expands: true,
  contraction: { ...javascript.contraction, tiles: [{ rows: 4, columns: 8 }], widens: false },
};
