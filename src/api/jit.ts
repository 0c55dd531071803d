// jit: a function compiled for the arguments that its calls bring.
//
// What is compiled serves a tree of arguments, dtypes and ranks. Its first call compiles for the very sizes; a call with
// other sizes compiles once more with the extents that changed as symbols, and later calls of any size share that. Where
// the function needs a size to be known, or the symbols to be what they are not, the sizes stay as they came.

import type { CompileOptions } from "../compile/index.ts";
import { requireCompileOptions } from "../compile/index.ts";
import {
  currentTrace,
  describe,
  flattenList,
  graphOf,
  isStatic,
  requireConcrete,
  Tensor,
  type TracedFunction,
  type Tree,
  treeKey,
  withGraph,
} from "../frontend/index.ts";
import {
  AdjointError,
  atCaller,
  type Dim,
  elementDType,
  fail,
  mapDims,
  printType,
  rankedOf,
  symbol,
  type Type,
} from "../ir/index.ts";
import { Binder } from "../runtime/index.ts";
import { isLeaf, typeOf } from "./convert.ts";
import { type CompiledFunction, compileTraced, type Finished } from "./traced.ts";

export type JitOptions = Omit<CompileOptions, "entry">;

/** One compilation of a jit function. */
export interface Compilation {
  /** The types compiled for, in IR spelling; sizes that may be any are symbols. */
  readonly types: readonly string[];
  /** The call that asked for it, counted from 1. */
  readonly call: number;
  readonly reason: string;
  readonly milliseconds: number;
}

/** A function that compiles itself; `ir`, `source` and `log` are those of the last call. */
export interface JitFunction extends CompiledFunction {
  /** What was compiled, in order; the oldest are dropped when there are many. */
  readonly compilations: readonly Compilation[];
  /** The same as text: what was compiled, when and why. */
  explain(): string;
}

/**
 * Compiles `fn` at its calls: once for each structure, dtypes, ranks and static leaves (strings, functions, null) of the
 * arguments. A second size makes that extent a symbol, so that one compilation serves all sizes. Numbers and booleans are
 * traced; tensors from outside are read at each call; other state is fixed when the function is traced.
 *
 * @throws AdjointError code `option` for options that do not exist; at a call, what tracing `fn` throws.
 * @example const f = jit((x) => sum(x)); f([1, 2]); f([1, 2, 3]); f.explain()
 */
export function jit(fn: TracedFunction, options: JitOptions = {}): JitFunction {
  return atCaller(jit, () => {
    if (typeof fn !== "function") fail("argument", `jit: got ${describe(fn)}, expected a function`);
    requireCompileOptions(options);
    return compileOnCall(fn, options);
  });
}

/** Reads a call's arguments: their leaves, and their structure. */
export type ReadArguments = (args: readonly unknown[]) => { readonly leaves: readonly unknown[]; readonly tree: Tree };

const readArguments: ReadArguments = (args) => flattenList(args, isLeaf, "argument", isStatic);

export function compileOnCall(
  fn: TracedFunction,
  options: CompileOptions,
  read: ReadArguments = readArguments,
): JitFunction {
  const cache = new Cache(fn, options);
  const run = (args: readonly unknown[]): unknown => {
    const { leaves, tree } = read(args);
    const graph = graphOf(leaves);
    if (graph !== null) return withGraph(graph, () => fn(...args));
    for (const leaf of leaves) if (leaf instanceof Tensor) requireConcrete(leaf);
    const types = leaves.map((leaf) => typeOf(leaf, "an argument"));
    return cache.find(tree, types, call).onLeaves(leaves);
  };
  // in a trace the function becomes part of it
  const call = (...args: unknown[]): unknown =>
    currentTrace() === null ? atCaller(call, () => run(args)) : fn(...args);
  Object.defineProperty(call, "name", { value: fn.name });
  for (const name of ["ir", "source", "log", "module", "signature", "toModule"] as const) {
    Object.defineProperty(call, name, { get: () => cache.last[name] });
  }
  Object.defineProperty(call, "compilations", { get: () => [...cache.compilations] });
  Object.defineProperty(call, "explain", { value: () => explained(call.name || "the function", cache.compilations) });
  return call as JitFunction;
}

function explained(name: string, compilations: readonly Compilation[]): string {
  if (compilations.length === 0) return `${name} has not been compiled yet`;
  return compilations
    .map((c) => `${name}(${c.types.join(", ")}) at call ${c.call}, ${c.milliseconds.toFixed(1)} ms: ${c.reason}`)
    .join("\n");
}

// ---- what is compiled -----------------------------------------------------------------------------------------------

/** How many compilations one function keeps, and how many lines of its history. */
const cacheSize = 64;
const historySize = 256;

interface Version {
  readonly finished: Finished;
  readonly types: readonly Type[];
  readonly binder: Binder;
}

/** All compilations for one structure with its dtypes and ranks; those used last come first. */
interface Family {
  readonly versions: Version[];
  /** Extents that have to stay numbers, as `argument.axis`. */
  readonly fixed: Set<string>;
}

class Cache {
  readonly compilations: Compilation[] = [];
  readonly #fn: TracedFunction;
  readonly #options: CompileOptions;
  readonly #families = new Map<string, Family>();
  #count = 0;
  #calls = 0;
  #last: CompiledFunction | null = null;

  constructor(fn: TracedFunction, options: CompileOptions) {
    this.#fn = fn;
    this.#options = options;
  }

  get last(): CompiledFunction {
    if (this.#last !== null) return this.#last;
    const hint = "call it, or give compile the types";
    return fail("argument", `${this.#fn.name || "the function"} has not been compiled yet`, { hint });
  }

  find(tree: Tree, types: readonly Type[], entry: (...args: unknown[]) => unknown): Finished {
    this.#calls++;
    const key = `${treeKey(tree)} ${types.map((t) => `${elementDType(t)}:${rankedOf(t).shape.length}`).join(" ")}`;
    let family = this.#families.get(key);
    if (family === undefined) this.#families.set(key, (family = { versions: [], fixed: new Set() }));
    const shapes = types.map((t) => rankedOf(t).shape as readonly number[]);
    const at = family.versions.findIndex((v) => v.binder.accepts(shapes));
    const version = at < 0 ? this.#add(family, tree, types, entry) : family.versions.splice(at, 1)[0];
    family.versions.unshift(version);
    this.#last = version.finished.compiled;
    return version.finished;
  }

  #add(family: Family, tree: Tree, types: readonly Type[], entry: (...args: unknown[]) => unknown): Version {
    if (this.#count >= cacheSize) this.#evict();
    this.#count++;
    const make = (to: readonly Type[], reason: string): Version => this.#compile(tree, to, entry, reason);
    const [newest] = family.versions;
    if (newest === undefined)
      return make(types, this.#calls === 1 ? "the first call" : "new dtypes, ranks or structure");
    const { general, changed } = generalize(newest.types, types, family.fixed);
    if (changed.length === 0) return make(types, "sizes that have to be known");
    try {
      const version = make(general, `${list(changed.map((c) => c.text))} changed`);
      if (version.binder.accepts(types.map((t) => rankedOf(t).shape as readonly number[]))) return version;
    } catch (error) {
      if (!(error instanceof AdjointError)) throw error;
    }
    // the function asks for these sizes, or ties them to others that differ
    for (const { key } of changed) family.fixed.add(key);
    return make(types, `${list(changed.map((c) => c.text))} changed, but cannot be any size`);
  }

  #compile(tree: Tree, types: readonly Type[], entry: (...args: unknown[]) => unknown, reason: string): Version {
    const start = performance.now();
    const finished = compileTraced(this.#fn, { types, tree }, this.#options, entry);
    const milliseconds = performance.now() - start;
    const { signature } = finished.compiled;
    const own = { ...signature, arguments: signature.arguments.slice(0, types.length) };
    this.compilations.push({ types: types.map(printType), call: this.#calls, reason, milliseconds });
    if (this.compilations.length > historySize) this.compilations.shift();
    return { finished, types, binder: new Binder(own) };
  }

  /** Drops the version used longest ago in the family that was made first. */
  #evict(): void {
    for (const [key, { versions }] of this.#families) {
      versions.pop();
      if (versions.length === 0) this.#families.delete(key);
      this.#count--;
      return;
    }
  }
}

interface Changed {
  readonly key: string;
  readonly text: string;
}

/** The types of an earlier compilation with the extents that differ now as symbols; which these are. */
function generalize(before: readonly Type[], now: readonly Type[], fixed: ReadonlySet<string>) {
  const changed: Changed[] = [];
  let symbols = 0;
  const general = before.map((type, argument) => {
    const sizes = rankedOf(now[argument]).shape;
    let axis = -1;
    return mapDims(type, (d: Dim) => {
      axis++;
      const key = `${argument}.${axis}`;
      if (fixed.has(key)) return sizes[axis];
      if (typeof d === "number" && d === sizes[axis]) return d;
      if (typeof d === "number") changed.push({ key, text: `axis ${axis} of argument ${argument}` });
      return symbol(symbolName(symbols++));
    });
  });
  return { general, changed };
}

const symbolNames = ["N", "M", "K", "L", "P", "Q"];

function symbolName(i: number): string {
  const round = Math.floor(i / symbolNames.length);
  return symbolNames[i % symbolNames.length] + (round === 0 ? "" : String(round));
}

function list(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts[parts.length - 1]}`;
}
