// A traced function, compiled: the callable that users get.

import { type Compiled, type CompileOptions, compileModule, type StandaloneModule } from "../compile/index.ts";
import { type Boundary, type TracedFunction, type Tree, trace } from "../frontend/index.ts";
import { type Module, printModule, type Signature, type Type } from "../ir/index.ts";
import type { CompileLog } from "../rewrite/index.ts";
import { type Callable, callable, moduleOf, type Traced } from "./call.ts";

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
  /**
   * The generated code as a standalone ES module without imports and eval, the same bytes each time, and its `.d.ts`.
   * Tensors go in as typed arrays or `{ data, shape }`, and come out as `{ data, shape }`.
   * @throws AdjointError code `option` where there is no generated code, or a structure that a module cannot take.
   */
  toModule(): StandaloneModule;
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
    toModule: { value: () => moduleOf(result, traced) },
  });
  return { call, onLeaves, compiled: call as CompiledFunction };
}
