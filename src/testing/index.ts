// The property-testing kit: random types and programs, sample values, bit comparison, checkPass.

export {
  type ArrayProgram,
  arbitraryArrayProgram,
  buildArrayProgram,
  gradientOfArrayProgram,
} from "./array-programs.ts";
export { type CheckPassOptions, checkPass } from "./check-pass.ts";
export { type Outcome, outcomeOf, sameOutcome, showOutcome } from "./outcome.ts";
export { arbitraryProgram, buildProgram, type Program, sizesOf } from "./programs.ts";
export { reduceModule } from "./reduce.ts";
export { arbitraryDim, arbitraryDType, arbitraryNumber, arbitraryTensorType, arbitraryType } from "./types.ts";
export { type Dims, elementsOf, sameArrays, sampleArguments, samples, showArray } from "./values.ts";
