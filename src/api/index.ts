// The room's public face: compile, jit, the transforms of functions, and sessions.

import { compileProgram, interpret } from "../compile/index.ts";
import { installEvaluate } from "../frontend/index.ts";
import { isDebugging, type Module, type NdArray } from "../ir/index.ts";

/** Runs an eager operation: a single one is interpreted, one with regions or callees is compiled first. */
function evaluate(module: Module, entry: string, args: readonly NdArray[]): readonly NdArray[] {
  const isSimple = module.funcs.length === 1 && module.funcs[0].body.operations.every((o) => o.regions.length === 0);
  return isSimple
    ? interpret(module, entry, args, { debug: isDebugging() })
    : compileProgram(module, { entry }).executable.run(args);
}

installEvaluate(evaluate);

export { compile } from "./compile.ts";
export { debugNaNs } from "./debug.ts";
export { recorded } from "./eager.ts";
export { compileExpression, type ExpressionOptions } from "./expression.ts";
export { bringChecks, bringTexts, bringWasm, toModule } from "./extras.ts";
export { hessian, jacobian } from "./jacobian.ts";
export { type JitFunction, type JitOptions, jit } from "./jit.ts";
export type { Compilation } from "./jit-cache.ts";
export { type Feed, Session, type SessionOptions } from "./session.ts";
export { tensor } from "./tensor.ts";
export type { CompiledFunction } from "./traced.ts";
export type { TransformOptions } from "./transform-options.ts";
export { type AuxOptions, type GradOptions, grad, hvp, jvp, valueAndGrad, vjp } from "./transforms.ts";
export { type Axis, type AxisTree, checkpoint, type VmapOptions, vmap } from "./vmap.ts";
