// Targets: figures of what code is made for.

export { javascript } from "./javascript.ts";
export type { ContractionFigures, FunctionFigures, FusionFigures, MergingFigures, Target } from "./target.ts";
export { wasm } from "./wasm.ts";
