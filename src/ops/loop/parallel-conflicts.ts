// Which elements the first few iterations of a loop touch: two that touch one, which one of them writes, are not in any order.

import {
  type Access,
  addDims,
  type Block,
  boundBy,
  type Dim,
  elementOf,
  indicesOf,
  type Operation,
  positionOf,
  subDims,
  substituteIndices,
  termsOf,
  type Value,
  ValueMap,
  ValueSet,
} from "../../ir/index.ts";
import type { ForAttributes } from "./loop.ts";

/** As many steps of each loop are looked at: overlaps of neighbours show in the first two. */
const mostSteps = 4;

interface Touch {
  readonly iteration: number;
  readonly isWritten: boolean;
}

/** A load or store that touches what another iteration touches, where one of the two writes it; null where none surely does. */
export function conflictIn(body: Block, steps: ForAttributes): Operation | null {
  return new Conflicts(body.arguments[0], steps).in(body, []);
}

class Conflicts {
  readonly #index: Value;
  readonly #firsts: readonly Dim[];
  readonly #inside = new ValueSet();
  /** What touches elements of each memory, by their places. */
  readonly #touches = new ValueMap<Map<string, Touch[]>>();

  constructor(index: Value, steps: ForAttributes) {
    this.#index = index;
    this.#firsts = firstSteps(steps);
  }

  in({ operations }: Block, inner: readonly (readonly [Value, readonly Dim[]])[]): Operation | null {
    for (const operation of operations) {
      const { op, results, regions } = operation;
      for (const v of results) this.#inside.add(v);
      const access = elementOf(operation);
      if (access !== null && this.#isConflict(operation, access, inner)) return operation;
      // bounds of numbers and sizes are the same in every iteration; of a branch it is not known that it is taken
      if (op.loop?.indices !== 1 || operation.segments[0] > 0) continue;
      const [region] = regions;
      for (const v of region.arguments) this.#inside.add(v);
      const found = this.in(region, [
        ...inner,
        [region.arguments[0], firstSteps((operation as Operation<ForAttributes>).attributes)],
      ]);
      if (found !== null) return found;
    }
    return null;
  }

  #isConflict(operation: Operation, access: Access, inner: readonly (readonly [Value, readonly Dim[]])[]): boolean {
    const { memory, at, isWritten } = access;
    const used = indicesOf(at.map((d) => boundBy(d, operation, "at")));
    const loops = inner.filter(([index]) => used.has(index));
    const isKnown = [...used].every((v) => !this.#inside.has(v) || loops.some(([index]) => index === v));
    if (this.#inside.has(memory) || loops.length > 2 || !isKnown) return false;
    let touches = this.#touches.get(memory);
    if (touches === undefined) this.#touches.set(memory, (touches = new Map()));
    const places =
      memory.type.kind === "memref" && memory.type.layout !== undefined
        ? [positionOf(access, operation)]
        : at.map((d) => boundBy(d, operation, "at"));
    let isConflict = false;
    for (const [iteration, first] of this.#firsts.entries()) {
      for (const indices of combinations(loops)) {
        const key = places.map((d) => substituteIndices(d, (v) => (v === this.#index ? first : indices.get(v)))).join();
        const known = touches.get(key) ?? [];
        isConflict ||= known.some((t) => t.iteration !== iteration && (t.isWritten || isWritten));
        touches.set(key, [...known, { iteration, isWritten }]);
      }
    }
    return isConflict;
  }
}

/** The indices of the first steps: of a loop of a size that is open, two; where that is a minimum, one may be all. */
function firstSteps({ lower, upper, step }: ForAttributes): readonly Dim[] {
  const length = subDims(upper, lower);
  const isSize = termsOf(length).every(({ factors }) => factors.every(({ kind }) => kind === "symbol"));
  const count = typeof length === "number" ? Math.ceil(length / step) : isSize ? 2 : 1;
  return Array.from({ length: Math.max(0, Math.min(count, mostSteps)) }, (_, k) => addDims(lower, k * step));
}

function combinations(loops: readonly (readonly [Value, readonly Dim[]])[]): readonly ReadonlyMap<Value, Dim>[] {
  return loops.reduce<readonly ReadonlyMap<Value, Dim>[]>(
    (all, [index, firsts]) => all.flatMap((known) => firsts.map((d) => new Map([...known, [index, d]]))),
    [new Map()],
  );
}
