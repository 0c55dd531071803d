// adjoint/passes: the passes and pipelines, and how to make one's own passes, rules and ops.

import "../ops/documentation.ts";

export * from "../../passes/index.ts";
export { compileModule, runPasses } from "../compile/index.ts";
export { type Kernel, kernel, kernelMadeBy } from "../ir/index.ts";
export { defineOp, elementwise, standardOps } from "../ops/index.ts";
export * from "../rewrite/index.ts";
