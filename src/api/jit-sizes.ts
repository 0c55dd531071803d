// The sizes that a jit function was called with: which extents a compilation makes symbols, and which stay numbers.

import { type Dim, mapDims, rankedOf, symbol, type Type } from "../ir/index.ts";

/** One extent of one argument; arguments are counted by the leaves of all of them. */
export interface Place {
  readonly argument: number;
  readonly axis: number;
}

/** Types in which open extents are symbols, and the positions and names of these. */
export interface OpenTypes {
  readonly types: readonly Type[];
  readonly open: readonly (Place & { readonly name: string })[];
}

/** What the calls of one structure, dtypes and ranks tell about sizes. */
export class Sizes {
  readonly #first: readonly Type[];
  /** The extents that differed between calls, as `argument.axis`. */
  readonly #varied = new Set<string>();
  /** The extents whose sizes the function has to know. */
  readonly #fixed = new Set<string>();

  constructor(first: readonly Type[]) {
    this.#first = first;
  }

  /** Takes note of the sizes of a call, and gives the extents that differ for the first time. */
  note(types: readonly Type[]): readonly Place[] {
    const changed: Place[] = [];
    for (const [argument, type] of types.entries()) {
      for (const [axis, size] of sizesIn(type).entries()) {
        if (size === sizesIn(this.#first[argument])[axis] || this.#varied.has(keyOf({ argument, axis }))) continue;
        this.#varied.add(keyOf({ argument, axis }));
        changed.push({ argument, axis });
      }
    }
    return changed;
  }

  /** From now on these extents stay numbers: each of their sizes gets a version of its own. */
  fix(places: readonly Place[]): void {
    for (const place of places) this.#fixed.add(keyOf(place));
  }

  /** The types, with symbols for all extents that differed, except for the fixed ones and those at `known`. */
  open(types: readonly Type[], known: readonly Place[] = []): OpenTypes {
    const open: (Place & { readonly name: string })[] = [];
    const kept = new Set(known.map(keyOf));
    const general = types.map((type, argument) => {
      let axis = -1;
      return mapDims(type, (size: Dim): Dim => {
        axis++;
        const key = keyOf({ argument, axis });
        if (!this.#varied.has(key) || this.#fixed.has(key) || kept.has(key)) return size;
        const name = symbolName(open.length);
        open.push({ argument, axis, name });
        return symbol(name);
      });
    });
    return { types: general, open };
  }
}

/** The extents of an argument of a call. */
export function sizesIn(type: Type): readonly number[] {
  return rankedOf(type).shape as readonly number[];
}

export function sizeAt(types: readonly Type[], { argument, axis }: Place): number {
  return sizesIn(types[argument])[axis];
}

function keyOf({ argument, axis }: Place): string {
  return `${argument}.${axis}`;
}

const symbolNames = ["N", "M", "K", "L", "P", "Q"];

function symbolName(i: number): string {
  const round = Math.floor(i / symbolNames.length);
  return symbolNames[i % symbolNames.length] + (round === 0 ? "" : String(round));
}

/** `axis 0 of argument 1 and axis 2 of argument 3`, for messages. */
export function describePlaces(places: readonly Place[]): string {
  return listed(places.map(({ argument, axis }) => `axis ${axis} of argument ${argument}`));
}

/** `size 5 of axis 0 of argument 1`, for messages. */
export function describeSizes(types: readonly Type[], places: readonly Place[]): string {
  return listed(places.map((place) => `size ${sizeAt(types, place)} of ${describePlaces([place])}`));
}

function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts[parts.length - 1]}`;
}
