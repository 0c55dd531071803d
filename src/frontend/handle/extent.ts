// Extents that are not known while a function is traced: objects, where users would otherwise have numbers.
//
// An extent stands wherever a size or an operand does. Used as a JavaScript number or text it throws, for there is no
// number yet. What JavaScript cannot trap (`n === 1`, `typeof n`, `new Array(n)`) passes in silence: so a trace notes which
// extents its function was given, and who compiles it can look whether it would do the same for a size that comes.

import {
  type AdjointError,
  addDims,
  atCaller,
  type BlockBuilder,
  collectSymbols,
  type Dim,
  divideDims,
  fail,
  floorDim,
  mulDims,
  shownAs,
  subDims,
  type Value,
} from "../../ir/index.ts";
import { atBoundary, type Boundary, named } from "./boundary.ts";
import { describe } from "./describe.ts";

/** What arithmetic on extents takes: a known size, or another extent. */
export type Countable = number | Extent;

/** A traced value in whose type the symbols of an extent stand. */
export interface ExtentSource {
  readonly value: Value;
  readonly builder: BlockBuilder;
}

/** What an extent is made of, for functions that take it. */
export let partsOf: (extent: Extent) => { readonly dim: Dim; readonly sources: readonly ExtentSource[] };

export class Extent {
  readonly #dim: Dim;
  readonly #sources: readonly ExtentSource[];

  /** Made by functions of this package; users read `x.shape[i]`, or write `extent(n)`. */
  constructor(dim: Dim, sources: readonly ExtentSource[]) {
    if (typeof dim === "string" || !Array.isArray(sources))
      atCaller(Extent, () =>
        fail("argument", "new Extent takes no data of users", { hint: "read x.shape[i], or write extent(n)" }),
      );
    this.#dim = dim;
    this.#sources = sources;
    Object.freeze(this);
  }

  static [Symbol.hasInstance](x: unknown): x is Extent {
    return typeof x === "object" && x !== null && #dim in x;
  }

  /** The expression that it is, such as `N` or `2*N+1`. */
  get name(): string {
    return String(this.#dim);
  }

  /** This and another size together. @example zeros([extent(x.shape[0]).add(1)]) */
  add(other: Countable): Extent {
    return this.#with(Extent.prototype.add, other, addDims);
  }
  /** This less another size. */
  sub(other: Countable): Extent {
    return this.#with(Extent.prototype.sub, other, subDims);
  }
  /** This so many times. */
  mul(other: Countable): Extent {
    return this.#with(Extent.prototype.mul, other, mulDims);
  }
  /**
   * This divided by a positive size, rounded down.
   * @throws AdjointError `argument` for a divisor that is not known, unless it divides the expression.
   */
  floorDiv(other: Countable): Extent {
    return this.#with(Extent.prototype.floorDiv, other, quotient);
  }
  /**
   * What a division by a positive size leaves over: n - n.floorDiv(k) · k.
   * @throws AdjointError as `floorDiv`.
   */
  mod(other: Countable): Extent {
    return this.#with(Extent.prototype.mod, other, (a, b) => subDims(a, mulDims(quotient(a, b), b)));
  }

  /** There is no number yet: whatever JavaScript wants of it is an error. */
  [Symbol.toPrimitive](hint: string): never {
    const how = wanted[hint] ?? wanted.default;
    return asked(this, Extent.prototype[Symbol.toPrimitive], `was used as ${how.what}`, how.hint);
  }
  toString(): never {
    return asked(this, Extent.prototype.toString, `was used as ${wanted.string.what}`, wanted.string.hint);
  }
  toJSON(): never {
    return asked(this, Extent.prototype.toJSON, "was given to JSON.stringify", "return it from the function");
  }

  /** How it is shown on a console. */
  [shownAs](): string {
    return `Extent(${this.#dim})`;
  }

  static {
    partsOf = (extent) => ({ dim: extent.#dim, sources: extent.#sources });
  }

  #with(boundary: (other: Countable) => Extent, other: Countable, combine: (a: Dim, b: Dim) => Dim): Extent {
    return atBoundary(boundary, () => {
      const by = extentOf(other, boundary.name);
      return new Extent(combine(this.#dim, by.#dim), [...new Set([...this.#sources, ...by.#sources])]);
    });
  }
}

const wanted: Readonly<Record<string, { readonly what: string; readonly hint: string }>> = {
  number: {
    what: "a JavaScript number",
    hint: "write div(a, n) or less(a, n) for values, extent(n).add(1) for sizes, fori(0, n, …) for a loop",
  },
  string: { what: "text", hint: "write extent(n).name for its name" },
  default: {
    what: "a JavaScript primitive",
    hint: "write add(a, n) or equal(a, n) for values, extent(n).add(1) for sizes",
  },
};

function quotient(a: Dim, b: Dim): Dim {
  if (typeof b === "number" && b > 0) return floorDim(a, b);
  const exact = typeof b === "number" ? null : divideDims(a, b);
  return (
    exact ?? fail("argument", `floorDiv: got ${b} for a divisor, expected an integer from 1, or one that divides ${a}`)
  );
}

/**
 * A size on which one can count further, whether it is known or not: where sizes are known `x.shape[i]` is a number, which
 * has no `add`.
 *
 * @throws AdjointError `argument` for anything but an integer or an extent.
 * @example zeros([extent(x.shape[0]).mul(2)])
 */
export function extent(size: Countable): Extent {
  return atBoundary(named("extent", extent), () => extentOf(size, "extent"));
}

function extentOf(size: Countable, where: string): Extent {
  if (size instanceof Extent) return size;
  if (Number.isSafeInteger(size)) return new Extent(size, []);
  return fail("argument", `${where}: got ${describe(size)}, expected an integer or an extent`);
}

// ---- what a function does with extents ------------------------------------------------------------------------------

/** The symbols of the open extents that a function was given while it was traced, and of those whose number it wanted. */
export class ExtentUses {
  readonly given = new Set<string>();
  readonly asked = new Set<string>();
  /** The first of the errors that it got for that. */
  error: AdjointError | null = null;
}

let current: ExtentUses | null = null;

/** Runs `body`, and notes what it does with extents; what it runs with other `uses` is not noted here. */
export function notingExtents<T>(uses: ExtentUses, body: () => T): T {
  const before = current;
  current = uses;
  try {
    return body();
  } finally {
    current = before;
  }
}

/** Extents by the builder of the tensors that have them: one object for one expression, so that `===` of two is right. */
const interned = new WeakMap<BlockBuilder, Map<string, Extent>>();

/** A dimension of a value's type as a size. */
export function extentIn(dim: Dim, source: ExtentSource | null): Countable {
  if (typeof dim === "number" || source === null) return dim as number;
  let known = interned.get(source.builder);
  if (known === undefined) interned.set(source.builder, (known = new Map()));
  let extent = known.get(dim.key);
  if (extent === undefined) known.set(dim.key, (extent = new Extent(dim, [source])));
  return extent;
}

/** Users' code is given these dimensions. */
export function noteGiven(dims: readonly Dim[]): void {
  if (current !== null) for (const d of dims) collectSymbols(d, current.given);
}

/** The refusal of a function that needs a number where an extent stands. */
export function requireKnown(extent: Extent, where: string): never {
  return wantedNumber(extent, () =>
    fail("primitive", `${where}: the extent ${extent.name} is not known while the function is traced`, {
      hint: "write a number, or leave it to jit, which traces the function for each size",
    }),
  );
}

function asked(extent: Extent, boundary: Boundary, how: string, hint: string): never {
  const reason = `the extent ${extent.name}, which is not known while the function is traced, ${how}`;
  return wantedNumber(extent, () => atBoundary(boundary, () => fail("primitive", reason, { hint })));
}

function wantedNumber(extent: Extent, refuse: () => never): never {
  try {
    return refuse();
  } catch (error) {
    if (current !== null) {
      collectSymbols(partsOf(extent).dim, current.asked);
      current.error ??= error as AdjointError;
    }
    throw error;
  }
}
