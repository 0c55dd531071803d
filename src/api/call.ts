// How a compiled function is called: the leaves of its arguments become arrays, and the arrays of its results are put
// into the structure that the traced function returned.

import {
  type Compiled,
  type Convention,
  type ModuleOptions,
  type StandaloneModule,
  type Structure,
  standaloneOf,
} from "../compile/index.ts";
import {
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
  printType,
  requireFunc,
  type Type,
} from "../ir/index.ts";
import { Bindings } from "./bindings.ts";
import { fromArray, isNumber, toArray } from "./convert.ts";
import { type Call, EntryPoint } from "./entry-point.ts";
import { readResults, refuseInTrace, writeResults } from "./into.ts";

/** What was traced of a function: the structures of arguments and results, and what runs inside of other traces. */
export type Traced = Omit<Trace, "func"> & {
  readonly fn: TracedFunction;
  /** A module that still holds custom derivatives, for `backward`, and the tensors from outside that it reads. */
  readonly differentiable: () => { readonly module: Module; readonly captured: readonly Tensor[] };
};

/** A compiled function. */
export interface Callable {
  readonly call: Call;
  /** The same, with typed arrays in front of the arguments that the results are written to. */
  readonly into: Call;
  /** The call on the leaves of arguments that were read already; the second one writes to the results given. */
  onLeaves(leaves: readonly unknown[]): unknown;
  intoOnLeaves(results: unknown, leaves: readonly unknown[]): unknown;
  readonly bindings: Bindings;
}

/**
 * Makes a compiled module callable; `traced` is null where the user gave the module itself. `isAlwaysPlain`: results of rank 0
 * are numbers whatever the arguments are.
 */
export function callable(compiled: Compiled, traced: Traced | null, isAlwaysPlain: boolean): Callable {
  const { onLeaves, intoOnLeaves } = callsOnLeaves(compiled, traced, isAlwaysPlain);
  const trees = treesOf(compiled, traced);
  const bindings = new Bindings(compiled, trees.arguments, trees.results, traced?.captured ?? []);
  const noting = (point: EntryPoint, leaves: readonly unknown[], isInto: boolean): void => {
    const { placed } = point;
    const wanted = { fixed: [], isOrdered: false, isInto, isAlwaysPlain, mayServe: null, placed };
    const binding = bindings.like(leaves, wanted);
    if (binding !== null) point.prefer(binding);
  };
  const entry = new EntryPoint((args) =>
    checked(compiled, traced, args, (leaves) => {
      const result = onLeaves(leaves);
      noting(entry, leaves, false);
      return result;
    }),
  );
  const into = new EntryPoint(([results, ...args]) => {
    refuseInTrace(`@${compiled.entry}`);
    const leaves = leavesOf(args, trees.arguments, compiled, traced);
    intoOnLeaves(results, leaves);
    noting(into, leaves, true);
    return results;
  });
  const isScalarCall = traced === null || (traced.captured.length === 0 && isFlat(traced.arguments));
  const convention = isScalarCall ? conventionOf(compiled, traced) : null;
  // generated code passes `undefined` for arguments that a call leaves out
  const otherwise: Call = (...args) => entry.call(...args.slice(0, countOf(args)));
  const native = convention === null ? null : compiled.executable.native(convention, otherwise);
  if (native !== null) entry.boundary = native;
  return { call: entry.boundary, into: into.call, onLeaves, intoOnLeaves, bindings };
}

/** The structures of a function's arguments and results; a module's results are one as it is, and several in an array. */
function treesOf({ signature }: Compiled, traced: Traced | null): { arguments: ListTree; results: Tree } {
  const leaf: Tree = { kind: "leaf" };
  const list = (items: readonly unknown[]): ListTree => ({ kind: "array", items: items.map(() => leaf) });
  if (traced !== null) return { arguments: traced.arguments as ListTree, results: traced.results };
  const { arguments: args, results } = signature;
  return { arguments: list(args), results: results.length === 1 ? leaf : list(results) };
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
  if (!structures.every(isPresent)) return null;
  return structures.map((structure, i) => ({ name: names[i] ?? "", structure, fallback: undefined }));
}

const isPresent = (structure: Structure | null): structure is Structure => structure !== null;

function leafOf(type: Type): Structure {
  if (!isScalar(type)) return { kind: "leaf", leaf: "tensor" };
  return { kind: "leaf", leaf: elementDType(type) === "bool" ? "boolean" : "number" };
}

/** The structure of an argument or a result, for generated code; null where it holds a static part or an empty structure. */
function structureOf(tree: Tree, leaf: () => Structure): Structure | null {
  if (tree.kind === "leaf") return leaf();
  if (tree.kind === "static" || tree.items.length === 0) return null;
  const items = tree.items.map((item) => structureOf(item, leaf));
  if (!items.every(isPresent)) return null;
  return tree.kind === "array" ? { kind: "tuple", items } : { kind: "object", keys: tree.keys, items };
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
  return standaloneOf(compiled, convention, options, where);
}

/** Reads the arguments, and runs on their leaves; in a trace or a declared graph, the function is traced as a part of it. */
function checked(
  compiled: Compiled,
  traced: Traced | null,
  args: readonly unknown[],
  run: (leaves: readonly unknown[]) => unknown,
): unknown {
  const tree = treesOf(compiled, traced).arguments;
  const leaves = leavesOf(args, tree, compiled, traced);
  if (!leaves.some((leaf) => leaf instanceof Tensor && leaf.traced !== null)) return run(leaves);
  const graph = traced === null ? null : graphOf(leaves);
  if (currentTrace() === null && graph === null) {
    for (const leaf of leaves) if (leaf instanceof Tensor) requireConcrete(leaf);
  }
  const own = args.slice(0, tree.items.length);
  const inPlace = (): unknown => nested(checked, () => (traced === null ? undefined : callUsers(traced.fn, ...own)));
  if (graph !== null) return withGraph(graph, inPlace);
  if (traced !== null) return inPlace();
  return fail("scope", `@${compiled.entry} is called in a trace, but was compiled from IR`, {
    hint: "call it on concrete tensors, or write its operations as a function",
  });
}

const anything = (_: unknown): _ is unknown => true;

/** The leaves of the arguments, which have to have the declared structure. */
function leavesOf(
  args: readonly unknown[],
  tree: ListTree,
  compiled: Compiled,
  traced: Traced | null,
): readonly unknown[] {
  const { entry } = compiled;
  const expected = tree.items.length;
  const given = countOf(args);
  if (given !== expected) {
    fail("argument", `@${entry}: got ${counted(given, "argument")}, expected ${expected}`, {
      hint:
        given > expected
          ? "leave the others out, as in list.map((x) => f(x))"
          : `it takes ${parametersInWords(compiled, traced)}`,
    });
  }
  // callers may pass `undefined` behind the last argument, as generated code does
  const declared = args.slice(0, expected);
  if (isFlat(tree)) return declared;
  return declared.flatMap((arg, i) => flattenAs(arg, tree.items[i], anything, `argument ${i} of @${entry}`));
}

/** `w: f64[3], x: f64`; the names alone where they are structures. */
function parametersInWords({ signature, module, entry }: Compiled, traced: Traced | null): string {
  if (traced !== null && !isFlat(traced.arguments)) return parameterNames(traced.fn).join(", ");
  const names = requireFunc(module, entry).body.arguments.map((a) => a.name);
  return signature.arguments.map((type, i) => `${names[i] ?? i}: ${printType(type)}`).join(", ");
}

/** How many arguments a call passes: those behind the last one that is not undefined it leaves out. */
function countOf(args: readonly unknown[]): number {
  return args.findLastIndex((arg) => arg !== undefined) + 1;
}

function callsOnLeaves(
  compiled: Compiled,
  traced: Traced | null,
  isAlwaysPlain: boolean,
): Pick<Callable, "onLeaves" | "intoOnLeaves"> {
  const { executable, signature, given: before, entry } = compiled;
  const captured = traced?.captured ?? [];
  const labels = labelsOf(compiled, traced);
  const { results: tree } = treesOf(compiled, traced);
  const arraysOf = (leaves: readonly unknown[]): readonly NdArray[] => [
    ...leaves.map((leaf, i) => toArray(leaf, signature.arguments[i], labels[i])),
    ...captured.map((tensor) => tensor.array("a captured tensor")),
  ];
  const onLeaves = (leaves: readonly unknown[]): unknown => {
    const arrays = arraysOf(leaves);
    const outputs = executable.run(arrays);
    const tracks = [...leaves, ...captured].some((leaf) => leaf instanceof Tensor && tracksGradient(leaf));
    // a result that tracks gradients has to be a tensor: a plain number has no history
    const isPlain = !tracks && (isAlwaysPlain || leaves.every(isNumber));
    const results = outputs.map((array) => fromArray(array, isPlain));
    if (tracks) {
      const tensors = leaves.map((leaf, i) => (leaf instanceof Tensor ? leaf : new Tensor(arrays[i])));
      // remember the module from before the passes, which still holds custom derivatives
      const given = traced?.differentiable() ?? { module: before, captured };
      remember(given.module, entry, [...tensors, ...given.captured], results as readonly Tensor[]);
    }
    return unflatten(tree, results);
  };
  const intoOnLeaves = (results: unknown, leaves: readonly unknown[]): unknown => {
    const memory = readResults(results, tree, entry);
    writeResults(memory, executable.run(arraysOf(leaves)), leaves);
    return results;
  };
  return { onLeaves, intoOnLeaves };
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
