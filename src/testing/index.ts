// The property-testing kit: random types and programs, sample values, comparison, and checks of passes and rules.

export { type Backend, type BackendOptions, type Executable, interpretBackend, jsBackend } from "../backend/index.ts";
export {
  arbitraryProgram,
  arrays,
  buildProgram,
  callArguments as arguments,
  modules,
  sizesOf,
  type TypeOptions,
  types,
} from "./arbitraries.ts";
export {
  type ArrayProgram,
  arbitraryArrayProgram,
  buildArrayProgram,
  gradientOfArrayProgram,
} from "./array-programs.ts";
export type { CheckOptions, CheckReport } from "./check.ts";
export { checkAny, type NamedCheck } from "./check-any.ts";
export { type BackendCheckOptions, checkBackend } from "./check-backend.ts";
export { checkBatching } from "./check-batching.ts";
export { checkDerivative, type DerivativeReport } from "./check-derivative.ts";
export { checkOp, type OpCheckOptions } from "./check-op.ts";
export { checkPass, checkRule } from "./check-pass.ts";
export { checkPipeline } from "./check-pipeline.ts";
export type { Corpus } from "./corpus.ts";
export type { Coverage, OpCoverage } from "./coverage.ts";
export {
  type Bisection,
  bisectFailure,
  describeBisection,
  type Failure,
  type FailureOptions,
  reduceFailure,
} from "./failure.ts";
export type { Dims, Program, ProgramOptions } from "./generate/program.ts";
export type { Facet } from "./op/facets.ts";
export { type Outcome, outcomeOf, sameOutcome, showOutcome } from "./outcome.ts";
export { reduceModule } from "./reduce.ts";
export type { Transforming } from "./resolver.ts";
export {
  arbitraryDim,
  arbitraryDType,
  arbitraryNumber,
  arbitraryTensorType,
  arbitraryType,
} from "./types.ts";
export { elementsOf, sameArrays, sampleArguments, samples, showArray } from "./values.ts";
export { wasmBackend } from "./wasm-backend.ts";
