// Compiles a traced function and makes it the callable that users get, with its IR, code and log as properties.

import { type Compiled, type CompileOptions, compileProgram, type Facts, withFacts } from "../compile/index.ts";
import {
  type Boundary,
  type Calls,
  type GivenArguments,
  type Memory,
  type ModuleTrace,
  type TracedFunction,
  type Tree,
  trace,
} from "../frontend/index.ts";
import type { Type } from "../ir/index.ts";
import { type Callable, callable, moduleOf, type Traced } from "./call.ts";

/** The call that writes what it gives to arrays of the caller's. */
interface WritingCall<P extends readonly unknown[], T> {
  /**
   * Calls the function and writes what it gives to typed arrays, of the structure, dtypes and sizes of the results (one of one
   * element for rank 0). Nothing is allocated for them; no gradient is recorded. Gives `results` back.
   * @throws AdjointError code `argument` where an array is of another dtype or size, or shares memory with an argument.
   * @example f.into(out, x, y)
   */
  into<M extends Memory<T>>(results: M, ...args: GivenArguments<P>): M;
}

/**
 * A compiled function of the parameters `P`: it gives `N` where all arguments are numbers, else `T`. Left out, they may be
 * anything.
 */
// biome-ignore lint/suspicious/noExplicitAny: a function of which nothing is known
export type CompiledFunction<P extends readonly unknown[] = any[], N = any, T = N> = Calls<P, N, T> &
  Facts &
  WritingCall<P, T>;

export interface Finished extends Callable {
  readonly compiled: CompiledFunction;
  /** The backend that runs it, and why that is not the preferred one. */
  readonly backend: string;
  readonly instead: string | null;
}

/** Traces a function for these types and compiles the trace. `entry` is the public function that the user called. */
export function compileTraced(
  fn: TracedFunction,
  { types, tree }: { readonly types: readonly Type[]; readonly tree: Tree },
  options: CompileOptions,
  entry: Boundary,
  isAlwaysPlain = false,
): Finished {
  return compileTrace(trace(fn, { types }, tree, entry), fn, options, isAlwaysPlain);
}

/** Compiles the trace of a function. */
export function compileTrace(
  traced: ModuleTrace,
  fn: TracedFunction,
  options: CompileOptions,
  isAlwaysPlain = false,
): Finished {
  const result = compileProgram(traced.module, { ...options, entry: traced.func.name });
  return finish(result, { ...traced, fn }, isAlwaysPlain);
}

export function finish(result: Compiled, traced: Traced | null, isAlwaysPlain = false): Finished {
  const made = callable(result, traced, isAlwaysPlain);
  const call = Object.defineProperty(made.call, "into", { value: made.into }) as Callable["call"] & CompiledFunction;
  const { backend, instead } = result;
  return {
    ...made,
    backend,
    instead,
    compiled: withFacts(call, result, (options) => moduleOf(result, traced, options)),
  };
}
