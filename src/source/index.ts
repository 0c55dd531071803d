// Reading TypeScript: a function of a file, and what it calls, as a module and as a callable.

export { compileProgram, compileSource, type ProgramOptions, type SourceOptions } from "./compile-source.ts";
export type { LeafKind, Parameter, SourceProgram, Structure } from "./program.ts";
export { type ReadOptions, readSource } from "./read-source.ts";
