// The interface every backend meets: from a module to something that runs.

import type { Module, NdArray, Origin, Signature } from "../ir/index.ts";

export interface BackendOptions {
  /** The function to run. */
  readonly entry: string;
  /** The entry's signature at tensor level: which memory arguments of a lowered function are its results. */
  readonly signature: Signature;
  /** Receives what `probe` operations observe. */
  readonly observe?: (name: string, value: NdArray, origin: Origin | null) => void;
}

/** How results are handed out: null is one of them, in order; arrays and objects hold more. */
export type Arrangement = null | readonly Arrangement[] | { readonly [key: string]: Arrangement };

/** A standalone ES module, and its `.d.ts`. */
export interface StandaloneModule {
  readonly code: string;
  readonly types: string;
}

/** A compiled function on arrays. */
export interface Executable {
  /** Arguments that do not fit the signature are an error (code `argument`). */
  run(args: readonly NdArray[]): readonly NdArray[];
  /**
   * Where all arguments and results are rank 0: the function on plain numbers (booleans for bool), which gives a
   * number or, for several results, an array of them. Else null.
   */
  readonly scalar: ((...args: (number | boolean)[]) => number | boolean | readonly (number | boolean)[]) | null;
  /**
   * `scalar` for callers who pass anything: as many plain numbers as it takes go straight through, at no cost, all else
   * goes to `otherwise`. Its results come in the structure of `results`. null where that would gain nothing.
   */
  guarded(otherwise: (...args: unknown[]) => unknown, results: Arrangement): ((...args: unknown[]) => unknown) | null;
  /** The generated code; null where there is none. */
  readonly source: string | null;
  /** The generated code as a module of its own; null where there is none. */
  standalone(results: Arrangement): StandaloneModule | null;
}

export interface Backend {
  readonly name: string;
  /** The level it takes; the driver lowers to it. */
  readonly level: "tensor" | "loop";
  /** Whether it can run here (a content security policy may forbid generated code). */
  isAvailable(): boolean;
  /** `module` is at this backend's level. */
  compile(module: Module, options: BackendOptions): Executable;
}
