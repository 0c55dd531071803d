// Reading TypeScript: a function of a file, and what it calls, as a module and as a callable.

export { compileProgram, compileSource, type ProgramOptions, type SourceOptions } from "./calling/compile-source.ts";
export type { SourceBody, SourceFunction } from "./calling/types.ts";
export { type ReadOptions, readSource } from "./reading/read-source.ts";
export type { HostFunctionBody } from "./state/host-scope.ts";
export type { LeafKind, Parameter, SourceProgram, Structure } from "./state/program.ts";
