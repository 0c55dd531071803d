// The options that every transform has: how what it gives is compiled.

import { type CompileOptions, requireCompileOptions } from "../compile/index.ts";
import { describe } from "../frontend/index.ts";
import { fail } from "../ir/index.ts";

/** The options of `compile` that transforms take, too. */
export interface TransformOptions {
  /** As of `compile`: `js`, `wasm`, `interpret`, or a backend of your own. */
  readonly backend?: CompileOptions["backend"];
  /**
   * Ends at the first operation that makes a NaN or an infinity of finite numbers, with an error that names it, its operands
   * and the user's line, as `compile` does.
   */
  readonly debug?: boolean;
}

/** Their names. */
export const transformOptionNames: readonly string[] = ["debug", "backend"];

/** Reads the options, after checking them; what is left out, the process decides. */
export function readTransformOptions(name: string, { debug, backend }: TransformOptions): TransformOptions {
  if (debug !== undefined && typeof debug !== "boolean")
    fail("option", `${name}: option 'debug' is ${describe(debug)}, expected true or false`);
  requireCompileOptions({ debug, backend }, name);
  return { debug, backend };
}
