// The WebAssembly backend as programs take it, for checkBackend.

import { vectorPipeline } from "../../passes/index.ts";
import type { SynchronousBackend } from "../backend/index.ts";
import { wasmBackend as writer } from "../backend/wasm/index.ts";

/**
 * Compiles to WebAssembly, on vectors.
 *
 * @example checkBackend(wasmBackend, { runs: 500 })
 */
export const wasmBackend: SynchronousBackend = { ...writer, pipeline: vectorPipeline };
