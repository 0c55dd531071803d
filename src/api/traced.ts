// A traced function, compiled: the callable that users get.

import { type Compiled, type CompileOptions, compileModule } from "../compile/index.ts";
import { type Boundary, type TracedFunction, type Tree, trace } from "../frontend/index.ts";
import { type Module, printModule, type Signature, type Type } from "../ir/index.ts";
import type { CompileLog } from "../rewrite/index.ts";
import { type Callable, callable, type Traced } from "./call.ts";

/** A compiled function. */
export interface CompiledFunction {
  // biome-ignore lint/suspicious/noExplicitAny: the traced function decides what it takes and gives
  (...args: any[]): any;
  /** The optimised IR. */
  readonly ir: string;
  /** The generated code; null where the interpreter runs. */
  readonly source: string | null;
  /** Every pass: the IR before and after, what changed, how long. */
  readonly log: CompileLog;
  readonly module: Module;
  readonly signature: Signature;
}

export interface Finished extends Callable {
  readonly compiled: CompiledFunction;
}

/** Traces a function for these types, and compiles what it did. `entry` is what the user called for it. */
export function compileTraced(
  fn: TracedFunction,
  { types, tree }: { readonly types: readonly Type[]; readonly tree: Tree },
  options: CompileOptions,
  entry: Boundary,
): Finished {
  const traced = trace(fn, types, tree, entry);
  return finish(compileModule(traced.module, { ...options, entry: traced.func.name }), { ...traced, fn });
}

export function finish(result: Compiled, traced: Traced | null): Finished {
  const { call, onLeaves } = callable(result, traced);
  const { module, signature, source, log, entry } = result;
  let ir: string | undefined;
  Object.defineProperties(call, {
    // the name is the IR's, an identifier or not: never text of the function
    name: { value: entry },
    ir: { get: () => (ir ??= printModule(module)) },
    source: { value: source },
    log: { value: log },
    module: { value: module },
    signature: { value: signature },
  });
  return { call, onLeaves, compiled: call as CompiledFunction };
}
