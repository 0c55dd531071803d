// Whether a function does for sizes that come what its trace with open extents says.
//
// A function that was given an extent may have looked at it where JavaScript tells nobody: n === 1, typeof n, new Array(n).
// So it is traced once more for each new size, where that is a number, and the two have to come to the same operations.

import { simplifyFor } from "../compile/index.ts";
import { type ModuleTrace, type Tensor, tracksGradient, treeKey } from "../frontend/index.ts";
import { AdjointError, isomorphic, sameType, type Type } from "../ir/index.ts";
import { type Place, sizeAt } from "./jit-sizes.ts";

/** How many sizes one compilation remembers the answer for. */
const checkedSizes = 64;

export class SizeCheck {
  readonly #open: ModuleTrace;
  /** The extents that the function was given: it cannot depend on others. */
  readonly given: readonly Place[];
  readonly #retrace: (types: readonly Type[]) => ModuleTrace;
  /** The answers by size; what was asked for last is last. */
  readonly #answers = new Map<string, boolean>();

  /** `retrace` traces the function for types of known sizes. */
  constructor(open: ModuleTrace, given: readonly Place[], retrace: (types: readonly Type[]) => ModuleTrace) {
    this.#open = open;
    this.given = given;
    this.#retrace = retrace;
  }

  /** Whether the function does the same for these sizes. What it throws for them is thrown. */
  agrees(types: readonly Type[]): boolean {
    const key = this.given.map((place) => sizeAt(types, place)).join();
    const answer = this.#answers.get(key) ?? isSame(this.#open, this.#retrace(types), types);
    this.#answers.delete(key);
    this.#answers.set(key, answer);
    if (this.#answers.size > checkedSizes) this.#answers.delete(this.#answers.keys().next().value as string);
    return answer;
  }
}

/** Tensors from outside are the same ones; those that the function makes are new each time, and never change. */
function isSameTensor(a: Tensor, b: Tensor): boolean {
  if (a === b) return true;
  if (tracksGradient(a) || tracksGradient(b) || !sameType(a.type, b.type)) return false;
  const [left, right] = [a, b].map((t) => t.array("a captured tensor").data);
  return left.every((x: number, i: number) => Object.is(x, right[i]));
}

/** Whether a trace with open extents and one for these types are the same function of them. */
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
    // the open trace cannot be bound to these sizes
    if (error instanceof AdjointError) return false;
    throw error;
  }
}
