// Extents and axes as users write them: symbols by name, negative axes from the end.

import {
  AdjointError,
  collectSymbols,
  currentBlock,
  type Dim,
  fail,
  forEachDim,
  parseTypeText,
  rankedOf,
} from "../../ir/index.ts";
import { describe } from "./describe.ts";
import { rootOf } from "./scope.ts";

/** A shape as users write it; -1 is left to the caller. */
export function dimsFor(shape: readonly (number | string)[]): readonly Dim[] {
  requireList(shape, "the shape");
  // holes are extents too: `map` would leave them out
  return Array.from(shape, (extent) => {
    if (typeof extent === "string") return symbolicDim(extent);
    if (extent === -1 || (Number.isSafeInteger(extent) && extent >= 0)) return extent;
    return fail("shape", `got the extent ${describe(extent)}, expected an integer from 0`);
  });
}

/** An extent such as "4*N", of symbols that the function's arguments bind. */
export function symbolicDim(text: string): Dim {
  const extent = parseExtent(text);
  const bound = new Set<string>();
  for (const value of rootOf(currentBlock()).arguments) forEachDim(value.type, (d) => void collectSymbols(d, bound));
  for (const name of collectSymbols(extent, new Set())) {
    if (!bound.has(name))
      fail("shape", `the extent '${text}' names ${name}, which is no dimension of an argument`, {
        hint: `write ${[...bound].join(", ") || "a number"}`,
      });
  }
  return extent;
}

function parseExtent(text: string): Dim {
  try {
    const [extent, ...more] = rankedOf(parseTypeText(`f64[${text}]`)).shape;
    if (extent !== undefined && more.length === 0) return extent;
  } catch (error) {
    if (!(error instanceof AdjointError)) throw error;
  }
  return fail("shape", `the extent '${text.slice(0, 40)}' is no expression of dimensions`, {
    hint: "write N, 4*N, N + 1, …",
  });
}

export function requireList(x: unknown, what: string): void {
  if (!Array.isArray(x)) fail("argument", `${what}: got ${describe(x)}, expected an array`);
}

/** An axis counted from the front; negative ones count from the end. */
export function axisOf(axis: number, rank: number): number {
  const positive = Number.isInteger(axis) && axis < 0 ? axis + rank : axis;
  if (Number.isInteger(axis) && positive >= 0 && positive < rank) return positive;
  const hint = rank === 0 ? "a scalar has no axes" : `expected ${-rank} to ${rank - 1}`;
  return fail("axis", `axis ${describe(axis)} is out of range for rank ${rank}`, { hint });
}
