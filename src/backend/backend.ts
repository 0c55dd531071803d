// The interface of a backend: from a module to something that runs.

import { fail, type Module, type NdArray, type Origin, pathOf, requireOptions, type Signature } from "../ir/index.ts";

export interface BackendOptions {
  /** The function to run. */
  readonly entry: string;
  /** The entry's signature at tensor level: which memory arguments of a lowered function are its results. */
  readonly signature: Signature;
  /** Receives what `probe` operations observe. */
  readonly observe?: (name: string, value: NdArray, origin: Origin | null) => void;
  /** Ends the run at the first operation that makes a NaN or an infinity of finite numbers; the interpreter can. */
  readonly debug?: boolean;
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
}

/** The directory that the options name, with the slash at its end. */
export function rootOf(options: ModuleOptions, where: string): string | null {
  requireOptions(where, options, ["root"]);
  const { root } = options;
  if (root === undefined) return null;
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

export type NativeCall = (...args: unknown[]) => unknown;

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
  /** The generated code; null where there is none. */
  readonly source: string | null;
  /**
   * The generated code as a module of its own, with places as they are below the directory `root`, or none where that is
   * null; null where there is no code.
   */
  standalone(convention: Convention, root: string | null): StandaloneModule | null;
}

export interface Backend {
  readonly name: string;
  /** The level it takes; the driver lowers to it. */
  readonly level: "tensor" | "loop";
  /** Whether it can run here (a content security policy may forbid generated code). */
  isAvailable(): boolean;
  /** Compiles a module that is at this backend's level. */
  compile(module: Module, options: BackendOptions): Executable;
}
