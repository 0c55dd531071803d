// Which elements the first few iterations of a loop touch: two that touch one, which one of them writes, are not in any order.

import {
  addDims,
  type Block,
  boundBy,
  type Dim,
  dimsIn,
  indicesOf,
  layoutOf,
  type Operation,
  placeIn,
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

/** As many neighbours are looked at, of those that one operation touches. */
const mostNeighbours = 64;

interface Touch {
  readonly iteration: number;
  readonly isWritten: boolean;
}

/** Elements side by side that an operation surely touches, the first of them over index values. */
interface Span {
  readonly memory: Value;
  readonly first: readonly Dim[];
  readonly count: number;
  readonly isWritten: boolean;
}

/** What touches what another iteration touches, where one of the two writes it; null where nothing surely does. */
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
      const span = spanOf(operation);
      if (span !== null && this.#isConflict(span, inner)) return operation;
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

  #isConflict(
    { memory, first, count, isWritten }: Span,
    inner: readonly (readonly [Value, readonly Dim[]])[],
  ): boolean {
    const used = indicesOf(first);
    const loops = inner.filter(([index]) => used.has(index));
    const isKnown = [...used].every((v) => !this.#inside.has(v) || loops.some(([index]) => index === v));
    if (this.#inside.has(memory) || loops.length > 2 || !isKnown) return false;
    let touches = this.#touches.get(memory);
    if (touches === undefined) this.#touches.set(memory, (touches = new Map()));
    const layout = layoutOf(memory.type);
    const last = first.length - 1;
    let isConflict = false;
    for (const [iteration, step] of this.#firsts.entries()) {
      for (const indices of combinations(loops)) {
        const at = first.map((d) => substituteIndices(d, (v) => (v === this.#index ? step : indices.get(v))));
        for (let k = 0; k < count; k++) {
          const element = at.map((d, axis) => (axis === last ? addDims(d, k) : d));
          const key = layout === undefined ? element.join() : String(placeIn(layout, element));
          const known = touches.get(key) ?? [];
          isConflict ||= known.some((t) => t.iteration !== iteration && (t.isWritten || isWritten));
          touches.set(key, [...known, { iteration, isWritten }]);
        }
      }
    }
    return isConflict;
  }
}

/** The elements of an operation whose text has a subscript or bounds; null of others, and where their number is open. */
function spanOf(operation: Operation): Span | null {
  const { op, operands, results, attributes } = operation;
  for (const item of op.assembly) {
    if (item.kind !== "subscript" && item.kind !== "span") continue;
    const memory = operands[item.operand];
    if (memory.type.kind !== "memref") return null;
    const bound = (d: Dim): Dim => boundBy(d, operation, item.group);
    const [lower, upper] = [attributes.lower, attributes.upper].map((d) => (item.kind === "span" ? dimsIn(d)[0] : 0));
    const count = item.kind === "span" ? subDims(upper, lower) : item.lanes === true ? lanesIn(operation) : 1;
    if (typeof count !== "number") return null;
    const first = item.kind === "span" ? [lower] : dimsIn(attributes.at);
    return {
      memory,
      first: first.map(bound),
      count: Math.min(count, mostNeighbours),
      isWritten: results.length === 0,
    };
  }
  return null;
}

/** How many lanes are surely touched: where a count says how many, it may be none. */
function lanesIn({ op, operands, results, segments }: Operation): number {
  if (segments[op.groups.indexOf("count")] > 0) return 0;
  for (const { type } of [...results, ...operands]) if (type.kind === "vector") return type.shape[0];
  return 0;
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
