// The driver: compiles a module through a pipeline that is logged and, on request, checked.

export {
  type ArrayKind,
  type Binding,
  type CallForm,
  type Convention,
  type Holders,
  interpret,
  type LeafKind,
  leavesOf,
  type ModuleOptions,
  type NativeCall,
  OutOfSteps,
  type Parameter,
  type StandaloneModule,
  type Structure,
  type ValueKind,
} from "../backend/index.ts";
export {
  type Compiled,
  type CompileOptions,
  compileModule,
  compileModuleAsync,
  compileProgram,
  requireCompileOptions,
} from "./compile-module.ts";
export { type Facts, withFacts } from "./facts.ts";
export { gradModule } from "./grad-module.ts";
export { type Check, type RunOptions, runPasses } from "./run-passes.ts";
export { simplifyFor } from "./simplify-for.ts";
export { standaloneOf } from "./standalone.ts";
