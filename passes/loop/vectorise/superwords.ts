// Numbers of straight-line code as the lanes of vectors: what is computed alike from neighbours, down to loads that lie side by
// side, to what is the same for all, and to lanes that were taken out of a vector. Each vector is made once.
//
// After S. Larsen and S. Amarasinghe, "Exploiting Superword Level Parallelism with Multimedia Instruction Sets" (PLDI 2000).

import {
  accessOf,
  addDims,
  currentBlock,
  type Dim,
  elementDType,
  emit,
  type Operation,
  sameAttribute,
  sameDim,
  type Value,
  ValueMap,
  type VectorType,
  vector,
} from "../../../src/ir/index.ts";
import { loadLanes } from "../../../src/ops/index.ts";

/** Thrown where numbers have no form as a vector; nobody outside sees it. */
export class NoVector extends Error {}

/** Where vectors are made. */
export interface Site {
  /** The operation that gives a number, where that stands in the code that is looked at. */
  definition(v: Value): Operation | undefined;
  /** The subscripts of a load, as they are said at the site; throws `NoVector` where it may not be done there. */
  placeOf(load: Operation): readonly Dim[];
  /** A number in every lane. */
  splat(v: Value, type: VectorType): Value;
}

/** Which lane of which vector a number was taken out of. */
export class Lanes {
  readonly #of = new ValueMap<{ readonly vector: Value; readonly lane: number }>();
  readonly #around: Lanes | null;

  /** With those that were taken out before. */
  constructor(around: Lanes | null = null) {
    this.#around = around;
  }

  set(number: Value, vector: Value, lane: number): void {
    this.#of.set(number, { vector, lane });
  }

  /** The vector that has these numbers in its lanes, and no others. */
  vectorOf(numbers: readonly Value[]): Value | null {
    const first = this.#laneOf(numbers[0]);
    if (first === undefined || first.vector.type.kind !== "vector" || first.vector.type.shape[0] !== numbers.length)
      return null;
    const isLane = (v: Value, lane: number): boolean => {
      const of = this.#laneOf(v);
      return of?.vector === first.vector && of.lane === lane;
    };
    return numbers.every(isLane) ? first.vector : null;
  }

  #laneOf(v: Value): { readonly vector: Value; readonly lane: number } | undefined {
    const own = this.#of.get(v);
    return own !== undefined || this.#around === null ? own : this.#around.#laneOf(v);
  }
}

export class Superwords {
  readonly #site: Site;
  readonly #lanes: Lanes;
  /** Vectors by the numbers in their lanes. */
  readonly #vectors: Map<string, Value>;

  constructor(site: Site, lanes: Lanes, known: ReadonlyMap<string, Value> = new Map()) {
    this.#site = site;
    this.#lanes = lanes;
    this.#vectors = new Map(known);
  }

  /** What was made. */
  get vectors(): ReadonlyMap<string, Value> {
    return this.#vectors;
  }

  /** The vector of these numbers, appended to the current builder where there is none yet. */
  vector(numbers: readonly Value[]): Value {
    const key = keyOf(numbers);
    let known = this.#vectors.get(key) ?? this.#lanes.vectorOf(numbers);
    if (known === null) {
      known = this.#made(numbers);
      this.#vectors.set(key, known);
    }
    return known;
  }

  #made(numbers: readonly Value[]): Value {
    const [first] = numbers;
    const type = vector(elementDType(first.type) ?? "f64", numbers.length);
    if (numbers.every((v) => v === first)) return this.#site.splat(first, type);
    const [leader, ...others] = numbers.map((v) => this.#site.definition(v));
    if (leader === undefined) throw new NoVector();
    const alike = others.map((o) => {
      if (o === undefined || o.op !== leader.op || !sameAttributes(o, leader)) throw new NoVector();
      return o;
    });
    const all = [leader, ...alike];
    const { op, attributes, origin } = leader;
    if (accessOf(leader) !== null) return this.#loaded(all, type);
    if (op.traits.constant) return this.#site.splat(first, type);
    if (op.scalar === null) throw new NoVector();
    const operands = leader.operands.map((_, i) => this.vector(all.map((o) => o.operands[i])));
    currentBlock().origin = origin;
    return emit(op, operands, { attributes, types: [type], names: [first.name] })[0];
  }

  #loaded(loads: readonly Operation[], type: VectorType): Value {
    const [first] = loads;
    const memory = accessOf(first)?.memory;
    const places = loads.map((o) => this.#site.placeOf(o));
    if (memory === undefined || loads.some((o) => accessOf(o)?.memory !== memory) || !areSideBySide(places))
      throw new NoVector();
    currentBlock().origin = first.origin;
    return loadLanes(memory, places[0], type, { name: first.results[0].name });
  }
}

/** Whether subscripts follow one another along the last axis. */
function areSideBySide(places: readonly (readonly Dim[])[]): boolean {
  const [at] = places;
  const last = at.length - 1;
  return (
    last >= 0 &&
    places.every((other, lane) => at.every((d, axis) => sameDim(other[axis], axis === last ? addDims(d, lane) : d)))
  );
}

function keyOf(numbers: readonly Value[]): string {
  return numbers.map((v) => v.id).join();
}

/** Whether attributes are equal; those of loads say where, which is looked at by itself. */
function sameAttributes(a: Operation, b: Operation): boolean {
  if (accessOf(a) !== null) return true;
  return Object.keys(a.attributes).every((name) => sameAttribute(a.attributes[name], b.attributes[name]));
}
