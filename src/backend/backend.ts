// The interface of a backend: from a module to something that runs.

import {
  fail,
  type Module,
  type NdArray,
  type Operation,
  type Origin,
  pathOf,
  requireChoice,
  requireOptions,
  type Signature,
} from "../ir/index.ts";
import type { Pipeline } from "../rewrite/index.ts";
import type { Target } from "../target/index.ts";

export interface BackendOptions {
  /** The function to run. */
  readonly entry: string;
  /**
   * The entry's signature at tensor level: the roles of a lowered function say which arguments behind it are its results. Where
   * an `inout` tensor of the signature is `inout` memory of the lowered function, that is argument and result.
   */
  readonly signature: Signature;
  /** Receives what `probe` operations observe. */
  readonly observe?: (name: string, value: NdArray, origin: Origin | null) => void;
  /** Ends the run at the first operation that makes a NaN or an infinity of finite numbers; the interpreter can. */
  readonly debug?: boolean;
  /** What a backend with a memory of its own may have of it. */
  readonly memory?: {
    /**
     * How many bytes that memory may have for calls of this function. Arguments and results stay in it as long as there is room,
     * and those that were used longest ago leave it first; a call that alone needs more is an error (code `range`). Left out, that
     * is all that the backend can have, and what stays between calls takes about as much as two calls use.
     */
    readonly limit?: number;
  };
}

/** The types of JavaScript for an array of numbers. */
export type ArrayKind = "number[]" | "Float64Array" | "Float32Array" | "Int32Array";

/** The type of JavaScript for one argument or result. Rows are results only; a tensor is a typed array with a shape. */
export type LeafKind = "number" | "boolean" | ArrayKind | `${ArrayKind}[]` | "tensor";

/** How a parameter or result nests. Its leaves in order are arguments or results of the function. */
export type Structure<Leaf extends LeafKind = LeafKind> =
  | { readonly kind: "leaf"; readonly leaf: Leaf }
  | { readonly kind: "tuple"; readonly items: readonly Structure<Leaf>[] }
  | { readonly kind: "object"; readonly keys: readonly string[]; readonly items: readonly Structure<Leaf>[] }
  /** The result of a function that returns nothing. */
  | { readonly kind: "nothing" };

export interface Parameter<Leaf extends LeafKind = LeafKind> {
  /** The user's name for it; empty where there is none. */
  readonly name: string;
  readonly structure: Structure<Leaf>;
  /** The default of a call that leaves it out; undefined where it is required. */
  readonly fallback: number | boolean | undefined;
}

/** A calling convention: how a function is called with JavaScript's values. */
export interface Convention<Leaf extends LeafKind = LeafKind> {
  readonly parameters: readonly Parameter<Leaf>[];
  readonly result: Structure<Leaf>;
  /** The array arguments that a call writes to. Their final contents are the results behind those of `result`. */
  readonly written: readonly number[];
}

/** The leaves of a structure, in order. */
export function leavesOf<Leaf extends LeafKind>(structure: Structure<Leaf>): readonly Leaf[] {
  if (structure.kind === "leaf") return [structure.leaf];
  return structure.kind === "nothing" ? [] : structure.items.flatMap((item) => leavesOf(item));
}

/** A standalone ES module, and its `.d.ts`. */
export interface StandaloneModule {
  readonly code: string;
  readonly types: string;
}

export interface ModuleOptions {
  /** The directory, as a path or a `file:` address, below which places are named; left out, the module names none. */
  readonly root?: string;
  /** `js` where left out; `wasm` adds WebAssembly, which runs where the host compiles it. */
  readonly target?: "js" | "wasm";
}

/** The options, checked; the directory with the slash at its end. */
export function moduleOptionsOf(
  options: ModuleOptions,
  where: string,
): { readonly root: string | null; readonly target: ModuleOptions["target"] } {
  requireOptions(where, options, ["root", "target"]);
  const { root, target } = options;
  requireChoice(where, "target", target, ["js", "wasm"]);
  return { root: root === undefined ? null : directoryOf(root, where), target };
}

function directoryOf(root: unknown, where: string): string {
  const path = typeof root === "string" ? pathOf(root) : "";
  if (!/^(\/|[A-Za-z]:)/.test(path))
    fail(
      "option",
      `${where}: option 'root' is ${typeof root === "string" ? JSON.stringify(root) : `a ${typeof root}`}, expected a whole path`,
      {
        hint: "write process.cwd(), or import.meta.dirname",
      },
    );
  return path.endsWith("/") ? path : `${path}/`;
}

/** What a standalone module is to be. */
export interface ModuleRequest {
  /** How the function is called with JavaScript's values. */
  readonly convention: Convention;
  /** The directory below which places are named; null where none are. */
  readonly root: string | null;
  /** What it holds beside its own code; null where that is nothing, or what there is has no code for the program, and why. */
  readonly embedded: EmbeddedCode | { readonly missing: string } | null;
}

/**
 * Code of another kind in a standalone module of JavaScript. It computes what the function does, with the same bits, for whoever
 * passes the same arguments; what it cannot do it leaves to that function, errors included.
 */
export interface EmbeddedCode {
  /** Functions of numbers that it calls: the module holds each as a function of JavaScript. */
  readonly called: readonly Operation[];
  /** Its text, where the names are these. */
  write(names: EmbeddedNames): EmbeddedText;
}

export interface EmbeddedNames {
  /** The function of JavaScript, which takes its symbols, its arguments, then memory for results. */
  readonly inner: string;
  /** Its symbols, in the order of its parameters. */
  readonly symbols: readonly string[];
  /** The function to write, which takes and gives the same. */
  readonly outer: string;
  /** The functions of what is called. */
  readonly called: readonly string[];
}

export interface EmbeddedText {
  /** The function, which stands beside the one of JavaScript. */
  readonly code: string;
  /** What stands behind all else: nobody reads bytes. */
  readonly data: string;
}

export type NativeCall = (...args: unknown[]) => unknown;

/** The structure of arguments or results: leaves in order, and parts that are the same in each call. */
export type ValueTree =
  | { readonly kind: "leaf" }
  | { readonly kind: "static"; readonly value: unknown }
  | { readonly kind: "array"; readonly items: readonly ValueTree[] }
  | { readonly kind: "object"; readonly keys: readonly string[]; readonly items: readonly ValueTree[] };

/**
 * What a call passes for a leaf: a number or boolean, an array of numbers, a flat typed array, or a value that holds an array
 * of the IR.
 */
export type ValueKind = "scalar" | "numbers" | "flat" | "held";

/** One form in which a function is called, for which a binding of its own is generated. */
export interface CallForm {
  /** The arguments: an array, of which the leaves are the function's arguments. */
  readonly arguments: ValueTree;
  /** What is passed for each leaf. */
  readonly leaves: readonly ValueKind[];
  readonly results: ValueTree;
  /** Whether results of rank 0 are numbers and booleans; all others are held. */
  readonly isPlain: boolean;
  /** Values whose arrays are the arguments behind those of the leaves. */
  readonly captured: readonly unknown[];
  /** Extents that have to be of these sizes. */
  readonly fixed: readonly { readonly argument: number; readonly axis: number; readonly size: number }[];
  /** Whether the keys of objects have to stand in the order of the trees. */
  readonly isOrdered: boolean;
  /** Whether the results are written to typed arrays of the caller's, which a call passes in front of its arguments. */
  readonly isInto: boolean;
}

/** What a binding needs of those who hold arrays. */
export interface Holders {
  /** The array that a value holds; null where it holds none that may be read here and now. */
  arrayOf(x: unknown): NdArray | null;
  hold(array: NdArray): unknown;
  /** Is asked last whether the binding may serve the call. */
  readonly mayServe: (() => boolean) | null;
  /** The error to throw for one that generated code threw. */
  failed(error: unknown): unknown;
}

/** A binding: it serves calls of its form, and passes others on. */
export interface Binding {
  readonly call: NativeCall;
  otherwise: NativeCall;
}

/** A compiled function on arrays. */
export interface Executable {
  /** Arguments that do not fit the signature are an error (code `argument`). */
  run(args: readonly NdArray[]): readonly NdArray[];
  /**
   * Where all arguments and results are rank 0: the function on plain numbers (booleans for bool), which gives a
   * number or, for several results, an array of them. Null for other functions.
   */
  readonly scalar: ((...args: (number | boolean)[]) => number | boolean | readonly (number | boolean)[]) | null;
  /**
   * The function on JavaScript's values. Arguments that fit go straight through, at next to no cost, and all others to
   * `otherwise`. Null where that would gain nothing.
   */
  native(convention: Convention, otherwise: NativeCall): NativeCall | null;
  /** A binding of one form of call; null where there is no code, or the form is none that code is generated for. */
  bind(form: CallForm, holders: Holders): Binding | null;
  /** The generated code; null where there is none. */
  readonly source: string | null;
}

export interface Backend {
  /** What the option `backend` calls it. */
  readonly name: string;
  /** The level it takes; the driver lowers to it. */
  readonly level: "tensor" | "loop" | "vector";
  /** What its code is made for, whose figures passes read; JavaScript where left out. */
  readonly target?: Target;
  /** The passes from the tensor level to its own; those for JavaScript where left out. One of the vector level has its own. */
  readonly pipeline?: Pipeline;
  /** Whether it can run here (a content security policy may forbid generated code). */
  isAvailable(): boolean;
  /** Compiles a module that is at this backend's level. */
  compile?(module: Module, options: BackendOptions): Executable;
  /** The same, of a backend that has to wait for something: whoever compiles with it waits, too. */
  compileAsync?(module: Module, options: BackendOptions): Promise<Executable>;
  /** Writes a module that is at this backend's level as a standalone one; left out where there is no text to write. */
  standalone?(module: Module, options: BackendOptions, request: ModuleRequest): StandaloneModule;
  /** The code of a module that is at this backend's level, for a standalone module of JavaScript to hold. */
  embed?(module: Module, options: BackendOptions): EmbeddedCode;
}

/** A backend that compiles at once. */
export type SynchronousBackend = Backend & Required<Pick<Backend, "compile">>;
