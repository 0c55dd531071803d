// Compiles a traced function and makes it the callable that users get, with its IR, code and log as properties.

import { type Compiled, type CompileOptions, compileModule, type Facts, withFacts } from "../compile/index.ts";
import {
  type Boundary,
  type Calls,
  type ModuleTrace,
  type TracedFunction,
  type Tree,
  trace,
} from "../frontend/index.ts";
import type { Type } from "../ir/index.ts";
import { type Callable, callable, moduleOf, type Traced } from "./call.ts";

/**
 * A compiled function of the parameters `P`: it gives `N` where all arguments are numbers, else `T`. Left out, they may be
 * anything.
 */
// biome-ignore lint/suspicious/noExplicitAny: a function of which nothing is known
export type CompiledFunction<P extends readonly unknown[] = any[], N = any, T = N> = Calls<P, N, T> & Facts;

export interface Finished extends Callable {
  readonly compiled: CompiledFunction;
}

/** Traces a function for these types and compiles the trace. `entry` is the public function that the user called. */
export function compileTraced(
  fn: TracedFunction,
  { types, tree }: { readonly types: readonly Type[]; readonly tree: Tree },
  options: CompileOptions,
  entry: Boundary,
): Finished {
  return compileTrace(trace(fn, { types }, tree, entry), fn, options);
}

/** Compiles the trace of a function. */
export function compileTrace(traced: ModuleTrace, fn: TracedFunction, options: CompileOptions): Finished {
  return finish(compileModule(traced.module, { ...options, entry: traced.func.name }), { ...traced, fn });
}

export function finish(result: Compiled, traced: Traced | null): Finished {
  const { call, onLeaves } = callable(result, traced);
  return { call, onLeaves, compiled: withFacts(call, result, (options) => moduleOf(result, traced, options)) };
}
