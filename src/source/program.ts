// What a file of TypeScript became: a module, and how JavaScript's values stand for its arguments and results.

import type { Module } from "../ir/index.ts";

/** A value that one argument or result of the module is. */
export type LeafKind = "number" | "boolean" | "number[]" | "Float64Array" | "Float32Array" | "Int32Array";

/** How values make up a parameter or result; leaves in order are arguments or results of the module. */
export type Structure =
  | { readonly kind: "leaf"; readonly leaf: LeafKind }
  | { readonly kind: "tuple"; readonly items: readonly Structure[] }
  | { readonly kind: "object"; readonly keys: readonly string[]; readonly items: readonly Structure[] }
  /** The result of a function that returns nothing. */
  | { readonly kind: "nothing" };

export interface Parameter {
  /** The user's name of it; empty where it is destructured. */
  readonly name: string;
  readonly structure: Structure;
  /** What the parameter is where the call leaves it out; undefined where it may not. */
  readonly fallback: number | boolean | undefined;
}

/** A function of a file, with all that it calls. */
export interface SourceProgram {
  readonly module: Module;
  /** The name of the function in the module. */
  readonly entry: string;
  readonly parameters: readonly Parameter[];
  readonly result: Structure;
  /** The arguments, arrays, that the function writes to. What they hold in the end are the results behind those of `result`. */
  readonly written: readonly number[];
}
