// Every function of the library, and the types of their options. Nothing runs here, so bundlers drop what is not used.

export * from "./array/free-functions.ts";
export * from "./attention.ts";
export * from "./creation.ts";
export * from "./einsum.ts";
export * from "./methods.ts";
export * from "./random.ts";
export type { DTypeOptions } from "./shapes.ts";
export type { LayoutName, PaddingOption } from "./windows.ts";
