// adjoint/passes: the passes and pipelines, and how to make one's own passes, rules and ops.

import "../ops/documentation.ts";
import { bringTexts } from "../parts/index.ts";

// logs and rules are shown whoever runs the passes
bringTexts();

export * from "../../passes/index.ts";
export { type Backend, type BackendOptions, type Executable, registerBackend } from "../backend/index.ts";
export { compileModule, compileModuleAsync, runPasses } from "../compile/index.ts";
export { type Kernel, kernel, kernelMadeBy } from "../ir/index.ts";
export { defineOp, elementwise, standardOps } from "../ops/index.ts";
export * from "../rewrite/index.ts";
export { javascript, type Target } from "../target/index.ts";
