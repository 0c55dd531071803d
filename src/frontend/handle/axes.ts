// Extents and axes as users write them: symbols by name, negative axes from the end.

import {
  AdjointError,
  type BlockBuilder,
  collectSymbols,
  currentBlock,
  type Dim,
  fail,
  forEachDim,
  isSafeInteger,
  rankedOf,
} from "../../ir/index.ts";
import { here } from "../../parts/index.ts";
import { describe } from "./describe.ts";
import { type Countable, Extent, partsOf } from "./extent.ts";
import { currentTrace, rootOf } from "./scope.ts";
import { Tensor } from "./tensor.ts";

/** A size as users write it: a number, an extent, or an expression of dimensions such as "2*N". */
export type Size = Countable | string;

/** A shape as users write it: sizes in a list, or one for one axis; -1 is left to the caller. */
export function dimsFor(shape: Size | readonly Size[]): readonly Dim[] {
  if (isSize(shape)) return dimsFor([shape]);
  requireList(shape, "the shape");
  // holes are extents too: `map` would leave them out
  return Array.from(shape, (size) => {
    const open = openDim(size);
    if (open !== null) return open;
    if (isSafeInteger(size) && size >= -1) return size;
    return fail("shape", `got the extent ${describe(size)}, expected an integer from 0`);
  });
}

function isSize(shape: Size | readonly Size[]): shape is Size {
  return typeof shape === "number" || typeof shape === "string" || shape instanceof Extent;
}

/** The dimension that an extent or an expression stands for here; null for numbers, and for what is no size. */
export function openDim(size: unknown): Dim | null {
  if (size instanceof Extent) return dimHere(size);
  return typeof size === "string" ? symbolicDim(size) : null;
}

/** The dimension of an extent in the function that is built: its symbols have to be those of an argument. */
export function dimHere(extent: Extent): Dim {
  const { dim, sources } = partsOf(extent);
  const scope = currentTrace();
  for (const source of sources) {
    const root = rootOf(source.builder);
    if (scope?.root === root) continue;
    if (scope === null || !scope.isAround(root)) {
      fail("scope", `the extent ${extent.name} of another trace is used here`, {
        hint: "an extent lives only while its function is traced: read the shape of a tensor of this one",
      });
    }
    // the tensor becomes an argument where no other says the size
    if (!isSubset(collectSymbols(dim, new Set()), symbolsAt(scope.root))) scope.value(new Tensor(source), null);
  }
  return dim;
}

function isSubset(names: ReadonlySet<string>, of: ReadonlySet<string>): boolean {
  return [...names].every((name) => of.has(name));
}

/** The symbols that the arguments of a function bind. */
function symbolsAt(root: BlockBuilder): ReadonlySet<string> {
  const bound = new Set<string>();
  for (const value of root.arguments) forEachDim(value.type, (d) => void collectSymbols(d, bound));
  return bound;
}

/** An extent such as "4*N", of symbols that the function's arguments bind. */
function symbolicDim(text: string): Dim {
  const extent = parseExtent(text);
  const bound = symbolsAt(rootOf(currentBlock()));
  for (const name of collectSymbols(extent, new Set())) {
    if (!bound.has(name))
      fail("shape", `the extent '${text}' names ${name}, which is no dimension of an argument`, {
        hint: `write ${[...bound].join(", ") || "a number"}`,
      });
  }
  return extent;
}

function parseExtent(text: string): Dim {
  const { parseTypeText } = here;
  if (parseTypeText === null)
    return fail("shape", `the extent '${text.slice(0, 40)}' is text, in a program whose sizes have no names`, {
      hint: "write a number, or an extent as x.shape[0]",
    });
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

/**
 * The option `axis` of so many axes, counted from the front, or the one that stands for it where it is left out. Null stands
 * for all elements in a row: the only axis where there is one. Where there are several it is refused, as it is not the same
 * as nothing. An axis of a rank that is not known, null, stays as it is.
 */
export function axisOr(axis: number | null | undefined, otherwise: number, rank: number | null): number {
  const meant = axis === undefined ? otherwise : axis === null && rank === 1 ? 0 : axis;
  if (typeof meant === "number") return rank === null ? meant : axisOf(meant, rank);
  return fail("option", `option 'axis' is ${describe(axis)}, expected an integer`, {
    hint: axis === null ? "reshape(x, [-1]) makes one axis of all elements" : undefined,
  });
}
