// Scalar functions that JavaScript's Math lacks: the interpreter calls them, and generated code carries their text.

import { AdjointError } from "../diagnostics/errors.ts";

/** A function of numbers; booleans are 0 and 1. */
export type KernelFunction = (...args: number[]) => number;

/** Makes a kernel's function from those of the kernels it calls. */
export type KernelMaker = (...uses: KernelFunction[]) => KernelFunction;

const namePattern = /^[A-Za-z][A-Za-z0-9]{0,39}$/;

/**
 * A scalar function whose own text is what generated code carries, so both compute the same bits. The text has to mean
 * the same wherever it stands: the function, or the function that makes it, refers to nothing outside itself but
 * JavaScript's globals, and gets the kernels it calls as parameters. Names of parameters survive bundlers and minifiers,
 * names around a function do not.
 */
export class Kernel {
  /** What generated code calls it, where that name is free. */
  readonly name: string;
  readonly compute: KernelFunction;
  /** The kernels it calls. */
  readonly uses: readonly Kernel[];
  /** The function whose text generated code carries. */
  readonly source: KernelFunction | KernelMaker;
  /** Whether that function makes the kernel's, of those of the kernels it calls. */
  readonly isMade: boolean;
  /** Writes the text of a maker, where no function has it. */
  readonly write: (() => string) | null;

  constructor(
    name: string,
    compute: KernelFunction,
    uses: readonly Kernel[],
    source: KernelFunction | KernelMaker,
    isMade: boolean,
    write: (() => string) | null = null,
  ) {
    if (!namePattern.test(name)) {
      throw new AdjointError("name", `kernel name '${name}' is not a name`, {
        hint: "write up to 40 letters and digits",
      });
    }
    this.name = name;
    this.compute = compute;
    this.uses = uses;
    this.source = source;
    this.isMade = isMade;
    this.write = write;
    Object.freeze(this);
  }
}

/**
 * A kernel from a self-contained function, which refers to nothing but JavaScript's globals.
 *
 * @example const double = kernel("double", (x) => x + x);
 * @__NO_SIDE_EFFECTS__
 */
export function kernel(name: string, compute: KernelFunction): Kernel {
  return new Kernel(name, compute, [], compute, false);
}

/**
 * A kernel from a self-contained function that makes it, run once: for one that calls other kernels, which `make` takes as
 * parameters in the order of `uses`, or that keeps memory between calls.
 *
 * @example const quadruple = kernelMadeBy("quadruple", [double], (twice) => (x) => twice(twice(x)));
 * @__NO_SIDE_EFFECTS__
 */
export function kernelMadeBy(name: string, uses: readonly Kernel[], make: KernelMaker): Kernel {
  return new Kernel(name, make(...uses.map((k) => k.compute)), uses, make, true);
}

/**
 * A kernel that is made of something else than a function: `write` gives the text of one that makes it.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function kernelWritten(
  name: string,
  uses: readonly Kernel[],
  compute: KernelFunction,
  write: () => string,
): Kernel {
  return new Kernel(name, compute, uses, compute, true, write);
}
