// The property-testing kit: random programs, sample values, bit comparison, checkPass.

export { type CheckPassOptions, checkPass } from "./check-pass.ts";
export { arbitraryProgram, buildProgram, type Program, sizesOf } from "./programs.ts";
export { type Dims, elementsOf, sameArrays, sampleArguments, showArray } from "./values.ts";
