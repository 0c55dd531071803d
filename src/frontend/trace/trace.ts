// Tracing: running a user's function on handles whose operations are recorded.

import {
  AdjointError,
  collectSymbols,
  type Func,
  fail,
  forEachDim,
  type Module,
  makeFunc,
  makeModule,
  parseTypeText,
  type Type,
  type Value,
  withBuilder,
} from "../../ir/index.ts";
import { bringTypeTexts } from "../../parts/index.ts";
import { type Boundary, callUsers, ownFunction } from "../handle/boundary.ts";
import type { DTypeConstant } from "../handle/dtypes.ts";
import { ExtentUses, notingExtents } from "../handle/extent.ts";
import { tracksGradient } from "../handle/history.ts";
import { evaluate, isOperand, literal } from "../handle/lift.ts";
import { nested, withOrder } from "../handle/nesting.ts";
import { currentTrace, graphOf, TraceScope, withGraph, withTrace } from "../handle/scope.ts";
import { Tensor } from "../handle/tensor.ts";
import { flatten, flattenList, isStatic, pathsOf, type Tree, unflatten } from "../handle/tree.ts";
import { isWeak } from "../handle/weak.ts";

// biome-ignore lint/suspicious/noExplicitAny: users' functions take and give what they like
export type TracedFunction = (...args: any[]) => any;

/** A type as users write it: IR spelling, a dtype constant for a scalar, or a structure of these. */
export type Annotation = string | DTypeConstant | readonly Annotation[] | { readonly [key: string]: Annotation };

/** One traced function. */
export interface Trace {
  readonly func: Func;
  /** Tensors from outside, in the order of the arguments behind the declared ones. */
  readonly captured: readonly Tensor[];
  readonly arguments: Tree;
  readonly results: Tree;
  /** Which of the results are weak numbers. */
  readonly weakResults: readonly boolean[];
}

const isAnnotation = (x: unknown): x is string | DTypeConstant => typeof x === "string" || typeof x === "function";

/** The types that annotations stand for, and their structure: those of tensors whose rank is known. */
export function readAnnotations(annotations: readonly Annotation[]): {
  readonly types: readonly Type[];
  readonly tree: Tree;
} {
  bringTypeTexts();
  const { leaves, tree } = flattenList(annotations, isAnnotation, "the type of argument");
  return { types: leaves.map((leaf) => readType(typeof leaf === "string" ? leaf : leaf.name)), tree };
}

function readType(text: string): Type {
  const type = parsed(text);
  if (type.kind === "tensor" && type.dtype !== "index") return type;
  const hint =
    type.kind === "unranked"
      ? "write its extents, as f64[N, 3], or leave the types out and call the function"
      : "write f64, f32[3], i32[N, M], …";
  return fail("argument", `the type '${text}' is no type of an argument`, { hint });
}

function parsed(text: string): Type {
  try {
    return parseTypeText(text);
  } catch (error) {
    if (!(error instanceof AdjointError)) throw error;
    const { code, reason, frame, cause } = error;
    const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
    throw new AdjointError(code, `the type '${shown}': ${reason}`, { frame, cause });
  }
}

/** The arguments that a function is traced on: their types, and which of them are weak numbers. */
export interface Leaves {
  readonly types: readonly Type[];
  readonly weak?: readonly boolean[];
}

/** Records `fn` on arguments of these types as a function of the module that `scope` belongs to. */
export function traceInto(
  scope: TraceScope,
  fn: TracedFunction,
  { types, weak = [] }: Leaves,
  tree: Tree,
  visibility: Func["visibility"],
): Trace {
  const name = scope.freshName(nameOf(fn));
  const hints = leafHints(tree, parameterNames(fn));
  const args = types.map((type, i) => scope.root.argument(type, hints[i] ?? null));
  const handles = args.map((value, i) => new Tensor({ value, builder: scope.root, isWeak: weak[i] ?? false }));
  const origin = currentTrace() === null ? null : (scope.parent?.root.origin ?? null);
  const traced = withTrace(scope, () =>
    withBuilder(scope.root, () =>
      results(scope, callUsers(fn, ...(unflatten(tree, handles) as unknown[])), name, tree),
    ),
  );
  const symbols = new Set<string>();
  for (const value of scope.root.arguments) forEachDim(value.type, (d) => void collectSymbols(d, symbols));
  const func = makeFunc({
    name,
    visibility,
    symbols: [...symbols],
    constraints: scope.root.scope.dims.constraints,
    body: scope.root.finish(traced.values),
    origin,
  });
  scope.funcs.set(name, func);
  const captured = [...scope.captured.keys()];
  return { func, captured, arguments: tree, results: traced.tree, weakResults: traced.weak };
}

/** The names of those arguments that are one tensor, leaf by leaf. */
function leafHints(tree: Tree, names: readonly string[]): readonly (string | null)[] {
  if (tree.kind !== "array") return [];
  return tree.items.flatMap((item, i) => (item.kind === "leaf" ? [names[i] ?? null] : pathsOf(item).map(() => null)));
}

interface Results {
  readonly values: readonly Value[];
  readonly tree: Tree;
  readonly weak: readonly boolean[];
}

function results(scope: TraceScope, returned: unknown, name: string, given: Tree): Results {
  if (returned instanceof Promise)
    fail("argument", `${name} gives a promise`, { hint: "a traced function has to return at once, not be async" });
  if (returned === undefined)
    fail("argument", `${name} returns nothing, expected tensors`, { hint: undefinedAmong(given) });
  const { leaves, tree } = flatten(returned, isOperand, `what ${name} returns`, isStatic);
  return {
    values: leaves.map((leaf) => (leaf instanceof Tensor ? scope.value(leaf, null) : literal(leaf, null))),
    tree,
    weak: leaves.map((leaf) => typeof leaf === "number" || isWeak(leaf)),
  };
}

/** Why a function may have returned nothing: it was given nothing, or it has no return. */
function undefinedAmong(given: Tree): string {
  const items = given.kind === "array" ? given.items : [];
  const i = items.findIndex((item) => item.kind === "static" && item.value === undefined);
  return i < 0 ? "is a return missing?" : `argument ${i} of the call is undefined`;
}

/**
 * What `body` gives: recorded in the running trace, or in the declared graph of one of the operands; where there is none,
 * traced on its own and run at once on the concrete tensors that it uses.
 */
export function atOnce<T>(boundary: Boundary, operands: Iterable<unknown>, body: () => T): T {
  return nested(boundary, () => recordedOrRun(boundary, operands, body));
}

function recordedOrRun<T>(boundary: Boundary, operands: Iterable<unknown>, body: () => T): T {
  if (currentTrace() !== null) return body();
  const graph = graphOf(operands);
  if (graph !== null) return withGraph(graph, body);
  const plain = trace(ownFunction(body), { types: [] }, { kind: "array", items: [] }, boundary);
  const traced = plain.isPartial && plain.captured.some(tracksGradient) ? plain.differentiable() : plain;
  return unflatten(traced.results, evaluate(traced.module, traced.func.name, traced.captured)) as T;
}

/** A traced function in a module of its own. */
export interface ModuleTrace extends Trace {
  readonly module: Module;
  /** Rules for derivatives were left out, since none was wanted. */
  readonly isPartial: boolean;
  /** The same with those rules: the function is traced again, once, where they were left out. */
  differentiable(): ModuleTrace;
}

export interface TraceOptions {
  /** How many derivatives are wanted of the function; none where left out. */
  readonly order?: number;
  /** Takes what the function does with extents, also where it throws. */
  readonly uses?: ExtentUses;
}

/** Traces a function into a module of its own. `entry` is the public function that the user called for it. */
export function trace(
  fn: TracedFunction,
  leaves: Leaves,
  tree: Tree,
  entry: Boundary,
  { order = 0, uses = new ExtentUses() }: TraceOptions = {},
): ModuleTrace {
  const scope = new TraceScope(null, entry, fn);
  const { result, isPartial } = withOrder(order, () =>
    nested(entry, () => notingExtents(uses, () => traceInto(scope, fn, leaves, tree, "public"))),
  );
  let complete: ModuleTrace | null = null;
  const made: ModuleTrace = {
    ...result,
    isPartial,
    module: makeModule([...scope.funcs.values()]),
    differentiable: () => (complete ??= isPartial ? trace(fn, leaves, tree, entry, { order: 1 }) : made),
  };
  return made;
}

/** The function's name where it is an identifier, else `main`. */
function nameOf(fn: TracedFunction): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(fn.name) ? fn.name : "main";
}

const namedParameters = new WeakMap<TracedFunction, readonly string[]>();

/** Names the parameters of a function whose text does not. */
export function nameParameters<F extends TracedFunction>(fn: F, names: readonly string[]): F {
  namedParameters.set(fn, names);
  return fn;
}

/** The names of simple parameters, from the function's text; hints for readable IR and nothing else. */
export function parameterNames(fn: TracedFunction): readonly string[] {
  const named = namedParameters.get(fn);
  if (named !== undefined) return named;
  const text = Function.prototype.toString.call(fn).slice(0, 500);
  const list = /^(?:function\s*[\w$]*\s*)?\(([\w$,\s]*)/.exec(text)?.[1] ?? /^([\w$]+)\s*=>/.exec(text)?.[1] ?? "";
  return list
    .split(",")
    .map((part) => part.trim())
    .filter((part) => /^[A-Za-z_]\w*$/.test(part));
}
