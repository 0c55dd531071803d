// The result of reading a file of TypeScript: a module, and how JavaScript's values stand for its arguments and results.

import type * as calls from "../../compile/index.ts";
import type { Module } from "../../ir/index.ts";

/** The JavaScript type of one argument or result of the module. */
export type LeafKind = "number" | "boolean" | calls.ArrayKind;

/** How a parameter or result nests; its leaves in order are arguments or results of the module. */
export type Structure = calls.Structure<LeafKind>;

export type Parameter = calls.Parameter<LeafKind>;

/** A function of a file, with all that it calls. */
export interface SourceProgram extends calls.Convention<LeafKind> {
  readonly module: Module;
  /** The name of the function in the module. */
  readonly entry: string;
}
