// Checks that a trace with open extents is what a function does for a new size.
//
// A function that was given an `Extent` may have examined it in ways that cannot be intercepted, such as `n === 1`. So
// it is traced once more for each new size, with numbers for extents, and both traces have to simplify to isomorphic
// functions.

import { simplifyFor } from "../compile/index.ts";
import { type ModuleTrace, type Tensor, tracksGradient, treeKey } from "../frontend/index.ts";
import { AdjointError, isomorphic, sameType, type Type } from "../ir/index.ts";
import { type Place, sizeAt } from "./jit-sizes.ts";

/** The number of sizes for which one version remembers the answer. */
const checkedSizes = 64;

export class SizeCheck {
  readonly #open: ModuleTrace;
  /** The extents that the function was given as `Extent`: it cannot depend on the size of others. */
  readonly given: readonly Place[];
  readonly #retrace: (types: readonly Type[]) => ModuleTrace;
  /** The answers by size; the one asked for last comes last. */
  readonly #answers = new Map<string, boolean>();

  /** `retrace` traces the function for types of known sizes. */
  constructor(open: ModuleTrace, given: readonly Place[], retrace: (types: readonly Type[]) => ModuleTrace) {
    this.#open = open;
    this.given = given;
    this.#retrace = retrace;
  }

  /** Whether the function does the same for these sizes; if it throws for them, so does this. */
  agrees(types: readonly Type[]): boolean {
    const key = this.given.map((place) => sizeAt(types, place)).join();
    const answer = this.#answers.get(key) ?? isSame(this.#open, this.#retrace(types), types);
    this.#answers.delete(key);
    this.#answers.set(key, answer);
    if (this.#answers.size > checkedSizes) this.#answers.delete(this.#answers.keys().next().value as string);
    return answer;
  }
}

/** Whether two captured tensors are the same: identical, or equal constants that the function makes in each trace. */
function isSameTensor(a: Tensor, b: Tensor): boolean {
  if (a === b) return true;
  if (tracksGradient(a) || tracksGradient(b) || !sameType(a.type, b.type)) return false;
  const [left, right] = [a, b].map((t) => t.array("a captured tensor").data);
  return left.every((x: number, i: number) => Object.is(x, right[i]));
}

/** Whether a trace with open extents and one for these types are isomorphic once simplified for these types. */
function isSame(open: ModuleTrace, known: ModuleTrace, types: readonly Type[]): boolean {
  const { length } = known.captured;
  if (open.captured.length !== length || !open.captured.every((t, i) => isSameTensor(t, known.captured[i])))
    return false;
  if (treeKey(open.results) !== treeKey(known.results)) return false;
  const all = [...types, ...known.captured.map((t) => t.type)];
  try {
    const [a, b] = [open, known].map(({ module, func }) => simplifyFor(module, func.name, all));
    return isomorphic(a, b, { names: false }) === null;
  } catch (error) {
    // the constraints of the open trace exclude these sizes
    if (error instanceof AdjointError) return false;
    throw error;
  }
}
