// Targets: figures of what code is made for.

export { javascript } from "./javascript.ts";
export type { ContractionFigures, FunctionFigures, FusionFigures, Target } from "./target.ts";
