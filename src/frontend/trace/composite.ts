// Composites: functions written in other functions. In a trace each is a private function of the module being built,
// traced once per types of its arguments and called, so that dumps show `call @softmax` until it is inlined.

import {
  collectSymbols,
  type Func,
  fail,
  forEachDim,
  printType,
  type Signature,
  signatureOf,
  symbol,
} from "../../ir/index.ts";
import { call, isUnranked } from "../../ops/index.ts";
import { atBoundary, type Boundary, callUsers, ownFunction } from "../handle/boundary.ts";
import { describe } from "../handle/describe.ts";
import { Extent, partsOf } from "../handle/extent.ts";
import { apply, asUser } from "../handle/lift.ts";
import { nested, noteLeftOut, noting, wantedDerivatives } from "../handle/nesting.ts";
import { currentTrace, graphOf, TraceScope, withGraph } from "../handle/scope.ts";
import { Tensor } from "../handle/tensor.ts";
import { flattenList, isStatic, type Tree, treeKey, unflatten } from "../handle/tree.ts";
import { isWeak, weakened } from "../handle/weak.ts";
import { requireFunction } from "./structure.ts";
import { atOnce, type TracedFunction, traceInto } from "./trace.ts";

/** The function made for one list of types: what it is called by, and the structure of what it gives. */
interface Made {
  readonly signature: Signature;
  readonly results: Tree;
  /** Which of the results are weak numbers. */
  readonly weakResults: readonly boolean[];
  /** For how many derivatives; `isPartial`: of more it would hold rules that it leaves out. */
  readonly order: number;
  readonly isPartial: boolean;
}

/**
 * By module, which its table of functions stands for, and by body, since two may have one name: what composites made there,
 * by what is fixed and by types.
 */
const madeIn = new WeakMap<ReadonlyMap<string, Func>, Map<TracedFunction, Map<string, Made>>>();

const isTensor = (x: unknown): x is Tensor => x instanceof Tensor;
/** Everything but tensors, and structures that may hold some, is part of the function made. */
const isFixed = (x: unknown): boolean =>
  isStatic(x) || typeof x === "number" || typeof x === "boolean" || x instanceof Extent;

/**
 * As composite, of a body that is ours: errors in there have the line that calls the function.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function ownComposite<F extends TracedFunction>(name: string, body: F): F {
  return composite(name, ownFunction(body));
}

/**
 * The function `body` under a name: in a trace a call of a private function, whose operations have the line of each call
 * as origin; on concrete tensors it runs at once. The body reads its arguments and nothing else from outside, and what it
 * gives depends on them alone. Options and literals are part of the function made.
 *
 * @throws AdjointError `argument` for a name that is no identifier, `scope` where the body reads a tensor from outside.
 * @example const swish = composite("swish", (x) => x.mul(logistic(x)))
 * @__NO_SIDE_EFFECTS__
 */
export function composite<F extends TracedFunction>(name: string, body: F): F {
  atBoundary(composite, () => {
    requireFunction(body, "composite: the function");
    if (typeof name === "string" && /^[A-Za-z_]\w*$/.test(name)) return;
    fail("argument", `composite: the name is ${describe(name)}, expected an identifier`);
  });
  const f = (...args: unknown[]): unknown => asUser(f, () => nested(f, () => run(f, body, args)));
  Object.defineProperty(body, "name", { value: name });
  Object.defineProperty(f, "name", { value: name });
  return f as F;
}

function run(f: Boundary, body: TracedFunction, args: readonly unknown[]): unknown {
  const { leaves, tree } = flattenList(args, isTensor, `${f.name}: argument`, isFixed);
  const extents = extentsAmong(tree);
  const scope = currentTrace();
  if (scope === null) {
    const graph = graphOf([...leaves, ...extents]);
    if (graph !== null) return withGraph(graph, () => run(f, body, args));
    return atOnce(f, [], () => callUsers(body, ...args));
  }
  // without ranks there is no type to make a function for, and sizes have to follow from the types of its arguments
  if (leaves.some((t) => isUnranked(t.type)) || !bindSizes(leaves, extents)) return callUsers(body, ...args);
  const made = makeIn(scope, f, body, leaves, tree);
  const identity = Object.fromEntries(made.signature.symbols.map((name) => [name, symbol(name)]));
  const results = apply(f, leaves, (...values) => call(made.signature, values, identity));
  return unflatten(
    made.results,
    results.map((t, i) => (made.weakResults[i] ? weakened(t) : t)),
  );
}

function makeIn(scope: TraceScope, f: Boundary, body: TracedFunction, leaves: readonly Tensor[], tree: Tree): Made {
  let bodies = madeIn.get(scope.funcs);
  if (bodies === undefined) madeIn.set(scope.funcs, (bodies = new Map()));
  let all = bodies.get(body);
  if (all === undefined) bodies.set(body, (all = new Map()));
  const types = leaves.map((t) => t.type);
  const weak = leaves.map(isWeak);
  const key = `${fixedKey(tree)} ${types.map((type, i) => `${weak[i] ? "weak " : ""}${printType(type)}`).join()}`;
  const { order } = wantedDerivatives();
  let made = all.get(key);
  if (made === undefined || (made.isPartial && made.order < order)) {
    const inner = new TraceScope(scope, f, body, "caller");
    const { result, isPartial } = noting(() => traceInto(inner, body, { types, weak }, tree, "private"));
    const { func, results, weakResults, captured } = result;
    if (captured.length > 0)
      fail("scope", `${f.name} reads a tensor from outside`, {
        hint: "make it an argument, for it is read at each call",
      });
    all.set(key, (made = { signature: signatureOf(func), results, weakResults, order, isPartial }));
  }
  if (made.isPartial) noteLeftOut();
  return made;
}

function extentsAmong(tree: Tree): readonly Extent[] {
  if (tree.kind === "leaf") return [];
  if (tree.kind === "static") return tree.value instanceof Extent ? [tree.value] : [];
  return tree.items.flatMap(extentsAmong);
}

/** Whether the types of tensors mention every symbol of the extents. */
function bindSizes(tensors: readonly Tensor[], extents: readonly Extent[]): boolean {
  if (extents.length === 0) return true;
  const bound = new Set<string>();
  for (const t of tensors) forEachDim(t.type, (d) => void collectSymbols(d, bound));
  return extents.every((e) => [...collectSymbols(partsOf(e).dim, new Set())].every((name) => bound.has(name)));
}

/** As treeKey, with extents, and with numbers that JSON does not tell apart. */
function fixedKey(tree: Tree): string {
  if (tree.kind === "static" && tree.value instanceof Extent) return `extent ${tree.value.name}`;
  if (tree.kind === "static" && typeof tree.value === "number")
    return Object.is(tree.value, -0) ? "-0" : `${tree.value}`;
  if (tree.kind === "leaf" || tree.kind === "static") return treeKey(tree);
  const items = tree.items.map(fixedKey);
  return tree.kind === "array" ? `[${items}]` : `{${tree.keys.map((k, i) => `${JSON.stringify(k)}:${items[i]}`)}}`;
}
