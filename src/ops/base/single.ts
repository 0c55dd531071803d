// The meaning of functions of f32, which only programs with f32 have: what makes one brings it.

import type { Kernel, ScalarMeaning, SingleFunction } from "../../ir/index.ts";

/** A function of f32, and its kernel. */
export interface Single {
  readonly single: SingleFunction;
  kernel(): Kernel;
}

/** By the names of ops; empty where nothing makes f32. */
let singles: ReadonlyMap<string, Single> = new Map();

/** Brings the functions. */
export function provideSingles(functions: ReadonlyMap<string, Single>): void {
  singles = functions;
}

function kernelOf(name: string): Kernel {
  const found = singles.get(name);
  if (found === undefined) throw new Error(`internal invariant broken: nothing brought ${name} of f32`);
  return found.kernel();
}

/**
 * The meaning of an op that is `other` for f64, and for f32 a function of its own.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function withSingle(name: string, other: ScalarMeaning): ScalarMeaning {
  return {
    ...other,
    compute: (args, about) => (about.dtype === "f32" ? kernelOf(name).compute(...args) : other.compute(args, about)),
    spell: (args, about) =>
      about.dtype === "f32" ? `${about.nameOf(kernelOf(name))}(${args.join(", ")})` : other.spell(args, about),
    get single() {
      return singles.get(name)?.single;
    },
  };
}
