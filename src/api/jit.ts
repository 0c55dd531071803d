// The public function `jit`: a function that compiles itself when it is called. Which versions it compiles, and which
// of them serves a call, is decided in jit-cache.ts.

import type { CompileOptions } from "../compile/index.ts";
import { requireCompileOptions } from "../compile/index.ts";
import {
  atBoundary,
  callUsers,
  currentTrace,
  describe,
  flattenList,
  graphOf,
  isStatic,
  type Numeric,
  named,
  nested,
  type Returned,
  requireConcrete,
  type Structure,
  Tensor,
  type Tensors,
  type TracedFunction,
  type Tree,
  withGraph,
} from "../frontend/index.ts";
import { captureOrigin, counted, fail, formatOrigin, type Origin, showAs } from "../ir/index.ts";
import { bringTensors } from "../parts/index.ts";
import { isLeaf, typeOf } from "./convert.ts";
import { donation } from "./donating.ts";
import { type Call, EntryPoint } from "./entry-point.ts";
import { refuseInTrace } from "./into.ts";
import { Cache, type Compilation, checkedSizes } from "./jit-cache.ts";
import type { CompiledFunction } from "./traced.ts";

export interface JitOptions extends Omit<CompileOptions, "entry"> {
  /**
   * The numbers of arguments whose tensors a call uses up: results take their memory, and nothing is copied for who might ask for
   * them. Whoever does is told where they were donated. The first parameters of a training step are such arguments.
   */
  readonly donate?: readonly number[];
}

/**
 * A function that compiles itself; `ir`, `source` and `log` are those of the version that served the last call. It takes
 * and gives what a `CompiledFunction` does.
 */
// biome-ignore lint/suspicious/noExplicitAny: a function of which nothing is known
export type JitFunction<P extends readonly unknown[] = any[], N = any, T = N> = CompiledFunction<P, N, T> & JitFacts;

interface JitFacts {
  /** The compilations so far, in order; the oldest are dropped when there are many. */
  readonly compilations: readonly Compilation[];
  /** The compilations as text: what was compiled, when and why. */
  explain(): string;
}

/**
 * Compiles `fn` when it is called: once for each structure, dtypes, ranks and static leaves (strings, functions, null)
 * of the arguments. When an extent has a second size, it becomes a symbol, so that one compilation serves all sizes.
 * Numbers and booleans are traced, and a number takes the dtype of the tensor that it meets, as a literal does. Tensors
 * from outside are inputs; which tensor a variable holds is fixed when the function is traced, as all other state is.
 *
 * A size that is a symbol is an `Extent` in `x.shape`. Where the function needs its number (`1 / x.shape[0]`, a loop up
 * to it, a branch on it), it is compiled for each size separately, and `explain()` says why. To find that out, a
 * function that reads shapes is traced once for each new size, possibly several times during one call: it should have
 * no side effects.
 *
 * @throws AdjointError code `option` for options that do not exist; at a call, what tracing `fn` throws, and code `argument` for
 * a tensor that another call used up.
 * @example const f = jit((x) => sum(x)); f([1, 2]); f([1, 2, 3]); f.explain()
 */
export function jit<P extends readonly unknown[] = Tensor[], R extends Structure = Tensor>(
  fn: (...args: P) => Returned<R>,
  options?: JitOptions,
): JitFunction<P, Numeric<R>, Tensors<R>>;
export function jit(fn: TracedFunction, options: JitOptions = {}): JitFunction {
  return atBoundary(named("jit", jit), () => {
    bringTensors();
    if (typeof fn !== "function") fail("argument", `jit: got ${describe(fn)}, expected a function`);
    requireCompileOptions(options, "jit", ["donate"]);
    const { donate, ...others } = options;
    const origin = fn.name === "" ? captureOrigin(jit) : null;
    return compileOnCall(fn, others, readArguments, origin, donation(donate));
  });
}

/** Reads a call's arguments: their leaves, and their structure. */
export type ReadArguments = (args: readonly unknown[]) => { readonly leaves: readonly unknown[]; readonly tree: Tree };

const readArguments: ReadArguments = (args) => flattenList(args, isLeaf, "argument", isStatic);

/** What users call of an entry point, whose arguments stand behind so many others. */
type CallOf = (point: EntryPoint, name: string, behind: number) => Call;

const plainly: CallOf = ({ call }) => call;

/** `origin` says which function it is, where it has no name; `callOf`, what is called of it. */
export function compileOnCall(
  fn: TracedFunction,
  options: CompileOptions,
  read: ReadArguments = readArguments,
  origin: Origin | null = null,
  callOf: CallOf = plainly,
): JitFunction {
  const cache = new Cache(fn, options, () => {
    entry.forget();
    into.forget();
  });
  /** The version for a call, and what a binding of it for such calls depends on. */
  const serving = (leaves: readonly unknown[], tree: Tree, point: EntryPoint, isInto: boolean) => {
    for (const leaf of leaves) if (leaf instanceof Tensor) requireConcrete(leaf);
    const types = leaves.map((leaf) => typeOf(leaf, "an argument"));
    const weak = leaves.map((leaf) => typeof leaf === "number");
    const version = cache.find({ tree, types, weak, entry: point.call });
    const note = (): void => {
      const { mayServe, finished } = version;
      const fixed = checkedSizes(version, types);
      const wanted = { fixed, isOrdered: true, isInto, isAlwaysPlain: false, mayServe, placed: point.placed };
      const binding = finished.bindings.like(leaves, wanted);
      if (binding !== null) point.prefer(binding);
    };
    return { finished: version.finished, note };
  };
  const run = (args: readonly unknown[]): unknown => {
    const { leaves, tree } = read(args);
    const graph = graphOf(leaves);
    if (graph !== null) return withGraph(graph, () => callUsers(fn, ...args));
    const { finished, note } = serving(leaves, tree, entry, false);
    const result = finished.onLeaves(leaves);
    note();
    return result;
  };
  // in a trace, the function is traced as a part of it
  const entry: EntryPoint = new EntryPoint((args) =>
    nested(call, () => (currentTrace() === null ? run(args) : callUsers(fn, ...args))),
  );
  const into: EntryPoint = new EntryPoint(([results, ...args]) => {
    refuseInTrace(fn.name || "the function");
    const { leaves, tree } = read(args);
    const { finished, note } = serving(leaves, tree, into, true);
    finished.intoOnLeaves(results, leaves);
    note();
    return results;
  });
  const name = fn.name || "the function";
  const call = callOf(entry, name, 0);
  // behind the results that it writes to
  Object.defineProperty(call, "into", { value: callOf(into, `${name}: into`, 1) });
  showCompilations(call, fn.name, cache, origin);
  return call as JitFunction;
}

/** What a compiled function says of itself: its name, its last version's code, and what was compiled when. */
function showCompilations(call: object, name: string, cache: Cache, origin: Origin | null): void {
  Object.defineProperty(call, "name", { value: name });
  for (const key of ["ir", "source", "backend", "log", "module", "signature", "toModule"] as const) {
    Object.defineProperty(call, key, { get: () => cache.last[key] });
  }
  Object.defineProperty(call, "compilations", { get: () => [...cache.compilations] });
  showAs(call, () => {
    const last = cache.compilations.at(-1);
    const state = last === undefined ? "not compiled yet" : counted(cache.compilations.length, "compilation");
    return `[jit ${name || "function"}: ${state}${last === undefined ? "" : `, the last for (${last.types.join(", ")})`}]`;
  });
  const unnamed = origin === null ? "the function" : `the function at ${formatOrigin(origin)}`;
  Object.defineProperty(call, "explain", { value: () => explained(name || unnamed, cache.compilations) });
}

function explained(name: string, compilations: readonly Compilation[]): string {
  if (compilations.length === 0) return `${name} has not been compiled yet`;
  return compilations
    .map(
      (c) =>
        `${name}(${c.types.join(", ")}) at call ${c.call}, ${c.milliseconds.toFixed(1)} ms, backend ${c.backend}: ${c.reason}`,
    )
    .join("\n");
}
