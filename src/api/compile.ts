// compile: a function, a module or IR text becomes a callable that knows its IR, its code and its log.

import { type Compiled, type CompileOptions, compileModule } from "../compile/index.ts";
import {
  type Annotation,
  type Boundary,
  currentTrace,
  flattenList,
  readAnnotations,
  Tensor,
  type Trace,
  type TracedFunction,
  type Tree,
  trace,
  treeKey,
  unflatten,
} from "../frontend/index.ts";
import {
  type Func,
  fail,
  findFunc,
  isScalar,
  type Module,
  type NdArray,
  printModule,
  type Signature,
} from "../ir/index.ts";
import { parse } from "../ops/index.ts";
import type { CompileLog } from "../rewrite/index.ts";
import { Binder } from "../runtime/index.ts";
import { annotationOf, fromArray, isLeaf, toArray } from "./convert.ts";
import { guard } from "./guard.ts";

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
 * out, the function is compiled at its first call with arguments of each new type.
 * @throws AdjointError at the user's line, when an operation is applied wrongly.
 * @example compile((a, b) => mul(a, b), ["f64", "f64"])(15, 20) // 300
 */
export function compile(
  source: TracedFunction | Module | string,
  types?: readonly Annotation[] | CompileOptions,
  options: CompileOptions = {},
): CompiledFunction {
  if (typeof source === "function") {
    return Array.isArray(types)
      ? compileTraced(source, types, options, compile)
      : compileOnCall(source, (types as CompileOptions | undefined) ?? options);
  }
  const module = typeof source === "string" ? parse(source) : source;
  return finish(compileModule(module, (types as CompileOptions | undefined) ?? options), null);
}

function compileTraced(
  fn: TracedFunction,
  types: readonly Annotation[],
  options: CompileOptions,
  entry: Boundary,
): CompiledFunction {
  const read = readAnnotations(types);
  const traced = trace(fn, read.types, read.tree, entry);
  return finish(compileModule(traced.module, { ...options, entry: traced.func.name }), { ...traced, fn });
}

function finish(compiled: Compiled, traced: Traced | null): CompiledFunction {
  const call = callable(compiled, traced);
  const { module, signature, source, log } = compiled;
  let ir: string | undefined;
  Object.defineProperties(call, {
    ir: { get: () => (ir ??= printModule(module)) },
    source: { value: source },
    log: { value: log },
    module: { value: module },
    signature: { value: signature },
  });
  return call as CompiledFunction;
}

type Call = (...args: unknown[]) => unknown;

/** What was traced, and from which function. */
type Traced = Trace & { readonly fn: TracedFunction };

/** All plain scalars: the generated function behind a check of its arguments; else the general way. */
function callable(compiled: Compiled, traced: Traced | null): Call {
  const { executable, signature } = compiled;
  const general = generalCall(compiled, traced);
  const flatIn = traced === null || (traced.captured.length === 0 && isFlat(traced.arguments));
  const flatOut =
    traced === null || traced.results.kind === "leaf" || (isFlat(traced.results) && traced.results.items.length > 1);
  if (executable.scalar === null || compiled.source === null || !flatIn || !flatOut) return general;
  return guard(compiled.entry, executable.scalar, signature.arguments, general);
}

function isFlat(tree: Tree): tree is Extract<Tree, { kind: "array" }> {
  return tree.kind === "array" && tree.items.every((t) => t.kind === "leaf");
}

function generalCall(compiled: Compiled, traced: Traced | null): Call {
  const { executable, signature, entry, module } = compiled;
  const func = findFunc(module, entry) as Func;
  const binder = new Binder(
    signature,
    func.body.arguments.map((a) => a.name),
  );
  const captured = traced?.captured ?? [];
  const declared = signature.arguments.length - captured.length;
  const plain = signature.results.every(isScalar);
  const resultTree: Tree = traced?.results ?? { kind: "array", items: signature.results.map(() => ({ kind: "leaf" })) };
  return (...args) => {
    const leaves = leavesOf(args, traced?.arguments ?? null, declared, entry);
    // in a trace the function becomes part of it
    if (traced !== null && leaves.some((leaf) => leaf instanceof Tensor && leaf.traced !== null))
      return traced.fn(...args);
    const given = leaves.map((leaf, i) => toArray(leaf, signature.arguments[i], labelOf(func, i)));
    const arrays: readonly NdArray[] = [...given, ...captured.map((t: Tensor) => t.array("a captured tensor"))];
    binder.check(arrays);
    const results = executable.run(arrays).map((array) => fromArray(array, plain));
    if (traced === null) return results.length === 1 ? results[0] : results;
    return unflatten(resultTree, results);
  };
}

function labelOf(func: Func, i: number): string {
  const { name } = func.body.arguments[i];
  return name === null ? `argument ${i} of @${func.name}` : `argument '${name}' of @${func.name}`;
}

/** The arguments' leaves, in the structure that was declared. */
function leavesOf(args: readonly unknown[], tree: Tree | null, count: number, entry: string): readonly unknown[] {
  const expected = tree?.kind === "array" ? tree.items.length : count;
  const given = args.findLastIndex((arg) => arg !== undefined) + 1;
  if (given !== expected) fail("argument", `@${entry}: got ${given} arguments, expected ${expected}`);
  if (tree === null || isFlat(tree)) return args;
  const leaves: unknown[] = [];
  const open = (x: unknown, t: Tree): void => {
    if (t.kind === "leaf") leaves.push(x);
    else if (t.kind === "array") {
      if (!Array.isArray(x) || x.length !== t.items.length)
        fail("argument", `@${entry}: an argument is not an array of ${t.items.length}, as declared`);
      for (const [i, item] of t.items.entries()) open(x[i], item);
    } else {
      if (typeof x !== "object" || x === null)
        fail("argument", `@${entry}: an argument is not an object with ${t.keys.join(", ")}, as declared`);
      for (const [i, key] of t.keys.entries()) open((x as Record<string, unknown>)[key], t.items[i]);
    }
  };
  open(args, tree);
  return leaves;
}

// ---- compiled at the call -------------------------------------------------------------------------------------------

/** How many types of arguments one function is kept compiled for. */
const cacheSize = 64;

function compileOnCall(fn: TracedFunction, options: CompileOptions): CompiledFunction {
  const cache = new Map<string, CompiledFunction>();
  let last: CompiledFunction | null = null;
  const current = (): CompiledFunction =>
    last ??
    fail("argument", `${fn.name || "the function"} has not been compiled yet`, {
      hint: "call it, or give compile the types",
    });
  const call = (...args: unknown[]): unknown => {
    // in a trace the function becomes part of it
    if (currentTrace() !== null) return fn(...args);
    const { leaves, tree } = flattenList(args, isLeaf, "the arguments");
    const annotations = leaves.map((leaf, i) => annotationOf(leaf, `argument ${i}`));
    const key = `${treeKey(tree)} ${annotations.join(" ")}`;
    let compiled = cache.get(key);
    if (compiled === undefined) {
      compiled = compileTraced(fn, unflatten(tree, annotations) as readonly Annotation[], options, call);
      if (cache.size >= cacheSize) cache.delete(cache.keys().next().value as string);
      cache.set(key, compiled);
    }
    last = compiled;
    return compiled(...args);
  };
  for (const name of ["ir", "source", "log", "module", "signature"] as const) {
    Object.defineProperty(call, name, { get: () => current()[name] });
  }
  return call as CompiledFunction;
}
