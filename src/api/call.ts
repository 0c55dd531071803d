// How a compiled function is called: the leaves of its arguments become arrays, and the arrays of its results are put
// into the structure that the traced function returned.

import {
  type Compiled,
  type Convention,
  type ModuleOptions,
  rootOf,
  type StandaloneModule,
  type Structure,
} from "../compile/index.ts";
import {
  atBoundary,
  callUsers,
  currentTrace,
  flattenAs,
  graphOf,
  nested,
  parameterNames,
  pathsOf,
  remember,
  requireConcrete,
  Tensor,
  type Trace,
  type TracedFunction,
  type Tree,
  tracksGradient,
  unflatten,
  withGraph,
} from "../frontend/index.ts";
import {
  counted,
  elementDType,
  fail,
  isScalar,
  type Module,
  type NdArray,
  requireFunc,
  type Type,
} from "../ir/index.ts";
import { fromArray, toArray } from "./convert.ts";

type Call = (...args: unknown[]) => unknown;

/** What was traced of a function: the structures of arguments and results, and what runs inside of other traces. */
export type Traced = Omit<Trace, "func"> & {
  readonly fn: TracedFunction;
  /** A module that still holds custom derivatives, for `backward`, and the tensors from outside that it reads. */
  readonly differentiable: () => { readonly module: Module; readonly captured: readonly Tensor[] };
};

/** A compiled function: `call` takes the user's arguments, `onLeaves` their leaves where these were read already. */
export interface Callable {
  readonly call: Call;
  onLeaves(leaves: readonly unknown[]): unknown;
}

/** Makes a compiled module callable; `traced` is null where the user gave the module itself. */
export function callable(compiled: Compiled, traced: Traced | null): Callable {
  const onLeaves = leavesCall(compiled, traced);
  const checked = checkedCall(compiled, traced, onLeaves);
  const general: Call = (...args) => atBoundary(call, () => checked(args));
  const isPlain = traced === null || (traced.captured.length === 0 && isFlat(traced.arguments));
  const convention = isPlain ? conventionOf(compiled, traced) : null;
  const call = (convention === null ? null : compiled.executable.native(convention, general)) ?? general;
  return { call, onLeaves };
}

type ListTree = Extract<Tree, { kind: "array" }>;

function isFlat(tree: Tree): boolean {
  return tree.kind === "array" && tree.items.every((t) => t.kind === "leaf");
}

/**
 * The calling convention of generated code: what each argument is, and how the results are put together. Null where one of
 * them holds a static part or an empty structure, which generated code cannot make.
 */
function conventionOf(compiled: Compiled, traced: Traced | null): Convention | null {
  const parameters = parametersOf(compiled, traced);
  if (parameters === null) return null;
  const leaves = compiled.signature.results.map(leafOf);
  // a module's results: one as it is, several in an array
  if (traced === null)
    return { parameters, result: leaves.length === 1 ? leaves[0] : { kind: "tuple", items: leaves }, written: [] };
  let next = 0;
  const result = structureOf(traced.results, () => leaves[next++]);
  return result === null ? null : { parameters, result, written: [] };
}

/** The parameters: a structure of leaves each, or one leaf. Null where one holds a static part. */
function parametersOf({ signature, module, entry }: Compiled, traced: Traced | null): Convention["parameters"] | null {
  const leaves = signature.arguments.map(leafOf);
  const inner = requireFunc(module, entry).body.arguments.map((a) => a.name ?? "");
  const isStructured = traced !== null && !isFlat(traced.arguments);
  const names = isStructured ? parameterNames(traced.fn) : inner;
  let next = 0;
  const structures = isStructured
    ? (traced.arguments as ListTree).items.map((item) => structureOf(item, () => leaves[next++]))
    : leaves;
  if (structures.includes(null)) return null;
  return structures.map((structure, i) => ({
    name: names[i] ?? "",
    structure: structure as Structure,
    fallback: undefined,
  }));
}

function leafOf(type: Type): Structure {
  if (!isScalar(type)) return { kind: "leaf", leaf: "tensor" };
  return { kind: "leaf", leaf: elementDType(type) === "bool" ? "boolean" : "number" };
}

/** The structure of an argument or a result, for generated code; null where it holds a static part or an empty structure. */
function structureOf(tree: Tree, leaf: () => Structure): Structure | null {
  if (tree.kind === "leaf") return leaf();
  if (tree.kind === "static" || tree.items.length === 0) return null;
  const items = tree.items.map((item) => structureOf(item, leaf));
  if (items.includes(null)) return null;
  const parts = items as readonly Structure[];
  return tree.kind === "array" ? { kind: "tuple", items: parts } : { kind: "object", keys: tree.keys, items: parts };
}

/** The standalone module of a compiled function. */
export function moduleOf(compiled: Compiled, traced: Traced | null, options: ModuleOptions = {}): StandaloneModule {
  const where = `@${compiled.entry}: toModule`;
  if (traced !== null && traced.captured.length > 0) {
    const hint = "pass them as arguments";
    fail("option", `${where}: the function reads ${counted(traced.captured.length, "tensor")} from outside`, { hint });
  }
  const convention = conventionOf(compiled, traced);
  if (convention === null) {
    const what = parametersOf(compiled, traced) === null ? "arguments" : "results";
    fail("option", `${where}: the ${what} hold a part that is no tensor and has none`, {
      hint: what === "arguments" ? "let the function take it from outside" : "leave it out",
    });
  }
  const made = compiled.executable.standalone(convention, rootOf(options, where));
  return made ?? fail("option", `${where}: there is no generated code`, { hint: 'compile with backend: "js"' });
}

function checkedCall(
  { signature, entry }: Compiled,
  traced: Traced | null,
  onLeaves: Callable["onLeaves"],
): (args: readonly unknown[]) => unknown {
  const items = Array.from(signature.arguments, (): Tree => ({ kind: "leaf" }));
  const tree: Tree = traced?.arguments ?? { kind: "array", items };
  return (args) => {
    const leaves = leavesOf(args, tree as ListTree, entry);
    if (!leaves.some((leaf) => leaf instanceof Tensor && leaf.traced !== null)) return onLeaves(leaves);
    const graph = traced === null ? null : graphOf(leaves);
    if (currentTrace() === null && graph === null) {
      for (const leaf of leaves) if (leaf instanceof Tensor) requireConcrete(leaf);
    }
    // in a trace or a declared graph, the function is traced again as a part of it
    const own = args.slice(0, (tree as ListTree).items.length);
    const inPlace = (): unknown =>
      nested(checkedCall, () => (traced === null ? undefined : callUsers(traced.fn, ...own)));
    if (graph !== null) return withGraph(graph, inPlace);
    if (traced !== null) return inPlace();
    return fail("scope", `@${entry} is called in a trace, but was compiled from IR`, {
      hint: "call it on concrete tensors, or write its operations as a function",
    });
  };
}

const anything = (_: unknown): _ is unknown => true;

/** The leaves of the arguments, which have to have the declared structure. */
function leavesOf(args: readonly unknown[], tree: ListTree, entry: string): readonly unknown[] {
  const expected = tree.items.length;
  const given = args.findLastIndex((arg) => arg !== undefined) + 1;
  if (given !== expected) {
    fail("argument", `@${entry}: got ${counted(given, "argument")}, expected ${expected}`, {
      hint: given > expected ? "leave the others out, as in list.map((x) => f(x))" : undefined,
    });
  }
  // callers may pass `undefined` behind the last argument, as generated code does
  const declared = args.slice(0, expected);
  if (isFlat(tree)) return declared;
  return declared.flatMap((arg, i) => flattenAs(arg, tree.items[i], anything, `argument ${i} of @${entry}`));
}

function leavesCall(compiled: Compiled, traced: Traced | null): Callable["onLeaves"] {
  const { executable, signature, given: before, entry } = compiled;
  const captured = traced?.captured ?? [];
  const labels = labelsOf(compiled, traced);
  const plain = signature.results.every(isScalar);
  return (leaves) => {
    const arrays: NdArray[] = leaves.map((leaf, i) => toArray(leaf, signature.arguments[i], labels[i]));
    for (const tensor of captured) arrays.push(tensor.array("a captured tensor"));
    const outputs = executable.run(arrays);
    const inputs = [...leaves, ...captured];
    const tracks = inputs.some((leaf) => leaf instanceof Tensor && tracksGradient(leaf));
    // a result that tracks gradients has to be a tensor: a plain number has no history
    const results = outputs.map((array) => fromArray(array, plain && !tracks));
    if (tracks) {
      const tensors = leaves.map((leaf, i) => (leaf instanceof Tensor ? leaf : new Tensor(arrays[i])));
      // remember the module from before the passes, which still holds custom derivatives
      const given = traced?.differentiable() ?? { module: before, captured };
      remember(given.module, entry, [...tensors, ...given.captured], results as readonly Tensor[]);
    }
    if (traced === null) return results.length === 1 ? results[0] : results;
    return unflatten(traced.results, results);
  };
}

/** What errors call each leaf: the name of its parameter, or its path in the arguments. */
function labelsOf({ module, entry, signature }: Compiled, traced: Traced | null): readonly string[] {
  const func = requireFunc(module, entry);
  const paths = traced === null || isFlat(traced.arguments) ? null : pathsOf(traced.arguments);
  return signature.arguments.map((_, i) => {
    const name = paths === null ? func.body.arguments[i].name : null;
    return `argument ${name === null ? (paths?.[i] ?? i) : `'${name}'`} of @${func.name}`;
  });
}
