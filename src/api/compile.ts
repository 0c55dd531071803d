// compile: a function, a module or IR text becomes a callable that knows its IR, its code and its log.

import { type Compiled, type CompileOptions, compileModule, requireCompileOptions } from "../compile/index.ts";
import {
  type Annotation,
  type Boundary,
  currentTrace,
  describe,
  flattenList,
  isStatic,
  readAnnotations,
  requireConcrete,
  Tensor,
  type TracedFunction,
  type Tree,
  trace,
  treeKey,
} from "../frontend/index.ts";
import { fail, type Module, printModule, printType, type Signature, type Type } from "../ir/index.ts";
import { parse } from "../ops/index.ts";
import type { CompileLog } from "../rewrite/index.ts";
import { type Callable, callable, type Traced } from "./call.ts";
import { isLeaf, typeOf } from "./convert.ts";

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

/**
 * Compiles a function of tensors for these types, or a module.
 *
 * @param types one per argument: IR spelling (`"f32[B, 784]"`), dtype constants for scalars, structures of these. Left
 * out, the function is compiled at its first call with arguments of each new type; strings, functions and null in them
 * reach the function as they are, and are part of what it is compiled for.
 * @throws AdjointError at the user's line, when an operation is applied wrongly; code `option` for options that do not
 * exist or cannot be had here.
 * @example compile((a, b) => mul(a, b), ["f64", "f64"])(15, 20) // 300
 */
export function compile(
  source: TracedFunction | Module | string,
  types?: readonly Annotation[] | CompileOptions,
  options?: CompileOptions,
): CompiledFunction {
  if (Array.isArray(types)) {
    if (typeof source !== "function")
      fail("argument", `compile: got types for ${nameOfSource(source)}`, { hint: "types are for a function to trace" });
    requireCompileOptions(options ?? {});
    return compileTraced(source, readAnnotations(types), options ?? {}, compile).compiled;
  }
  if (typeof types === "string") {
    fail("argument", `compile: the types are ${describe(types)}, expected an array`, {
      hint: "write one per argument",
    });
  }
  const chosen: unknown = types ?? options ?? {};
  requireCompileOptions(chosen);
  if (typeof source === "function") return compileOnCall(source, chosen);
  return finish(compileModule(moduleOf(source), chosen), null).compiled;
}

function nameOfSource(source: unknown): string {
  if (typeof source === "string") return "IR text";
  return isModule(source) ? "a module" : describe(source);
}

function isModule(x: unknown): x is Module {
  return typeof x === "object" && x !== null && "funcs" in x && Array.isArray(x.funcs);
}

function moduleOf(source: unknown): Module {
  if (typeof source === "string") return parse(source);
  if (isModule(source)) return source;
  return fail("argument", `compile: got ${describe(source)}, expected a function, a module or IR text`);
}

interface Finished extends Callable {
  readonly compiled: CompiledFunction;
}

function compileTraced(
  fn: TracedFunction,
  { types, tree }: { readonly types: readonly Type[]; readonly tree: Tree },
  options: CompileOptions,
  entry: Boundary,
): Finished {
  const traced = trace(fn, types, tree, entry);
  return finish(compileModule(traced.module, { ...options, entry: traced.func.name }), { ...traced, fn });
}

function finish(result: Compiled, traced: Traced | null): Finished {
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

// ---- compiled at the call -------------------------------------------------------------------------------------------

/** How many types of arguments one function is kept compiled for. */
const cacheSize = 64;

function compileOnCall(fn: TracedFunction, options: CompileOptions): CompiledFunction {
  const cache = new Map<string, Finished>();
  let last: CompiledFunction | null = null;
  const current = (): CompiledFunction =>
    last ??
    fail("argument", `${fn.name || "the function"} has not been compiled yet`, {
      hint: "call it, or give compile the types",
    });
  const call = (...args: unknown[]): unknown => {
    // in a trace the function becomes part of it
    if (currentTrace() !== null) return fn(...args);
    const { leaves, tree } = flattenList(args, isLeaf, "argument", isStatic);
    for (const leaf of leaves) if (leaf instanceof Tensor) requireConcrete(leaf);
    const types = leaves.map((leaf) => typeOf(leaf, "an argument"));
    const key = `${treeKey(tree)} ${types.map(printType).join(" ")}`;
    let finished = cache.get(key);
    if (finished === undefined) {
      finished = compileTraced(fn, { types, tree }, options, call);
      if (cache.size >= cacheSize) cache.delete(cache.keys().next().value as string);
      cache.set(key, finished);
    }
    last = finished.compiled;
    return finished.onLeaves(leaves);
  };
  Object.defineProperty(call, "name", { value: fn.name });
  for (const name of ["ir", "source", "log", "module", "signature"] as const) {
    Object.defineProperty(call, name, { get: () => current()[name] });
  }
  return call as CompiledFunction;
}
