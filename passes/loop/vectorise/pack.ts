// Accumulators that a loop carries side by side, as a reduction has sixteen of, become the lanes of vectors.
//
// What the accumulators of one vector become in a step is the same computation of each, on elements that lie side by side. So it
// is of their operands, and so on down to loads, to what is the same for all, and to what is carried.

import {
  accessOf,
  addDims,
  type BlockBuilder,
  boundBy,
  currentBlock,
  type Dim,
  definitions,
  dtypes,
  elementDType,
  emit,
  indexDim,
  mustStay,
  type Operation,
  sameAttribute,
  sameDim,
  substituteIndices,
  touchesMemory,
  type Value,
  ValueMap,
  vector,
  withBuilder,
  withParts,
} from "../../../src/ir/index.ts";
import { extractLane, forLoop, loadLanes, splat } from "../../../src/ops/index.ts";
import { copyOf } from "../../../src/rewrite/index.ts";
import type { Target } from "../../../src/target/index.ts";
import { type CountedLoop, isOverIndices } from "../analyses/counted.ts";

/** Thrown where accumulators have no form on vectors; nobody outside sees it. */
class NoVector extends Error {}

/** The loop with vectors in place of what it carries, and the accumulators out of them behind it; null where there is no such loop. */
export function packed(loop: CountedLoop, target: Target, before: BlockBuilder): readonly Operation[] | null {
  const { operation, carry, inits, body } = loop;
  const lanes = lanesFor(loop, target);
  if (lanes < 2 || carry.length < 2 * lanes || carry.length % lanes !== 0 || !isOverIndices(operation)) return null;
  if (!body.operations.every(isFree)) return null;
  // a vector begins with one number in all of its lanes
  if (inits.some((v, k) => v !== inits[k - (k % lanes)])) return null;
  try {
    withBuilder(before, () => new Packing(loop, lanes, before).run());
    return before.operations;
  } catch (error) {
    if (error instanceof NoVector) return null;
    throw error;
  }
}

function lanesFor({ index, carry, body }: CountedLoop, { vectorBits }: Target): number {
  const [first] = carry;
  const dtype = first === undefined ? undefined : elementDType(first.type);
  if (index === null || dtype === undefined || !carry.every((v) => elementDType(v.type) === dtype)) return 0;
  const results = [first, ...body.operations.flatMap((o) => o.results)].map((v) => elementDType(v.type) ?? dtype);
  const sizes = results.flatMap((d) => (d === "bool" || d === "index" ? [] : [dtypes[d].bytes]));
  return sizes.length === 0 ? 0 : Math.floor(vectorBits / (8 * Math.max(...sizes)));
}

/** Whether an operation may be left out, and run in another order among its like: it reads at most. */
function isFree({ op, regions }: Operation): boolean {
  const fails = op.effects.fails && !touchesMemory(op.effects);
  return regions.length === 0 && !mustStay(op.effects) && !op.effects.allocates && !fails;
}

class Packing {
  readonly #loop: CountedLoop;
  readonly #lanes: number;
  readonly #before: BlockBuilder;
  readonly #definitions: ValueMap<Operation>;
  /** Vectors by the values in their lanes. */
  readonly #vectors = new Map<string, Value>();
  /** Numbers of the new body by those of the old. */
  readonly #numbers = new ValueMap<Value>();
  #index: Value | null = null;

  constructor(loop: CountedLoop, lanes: number, before: BlockBuilder) {
    this.#loop = loop;
    this.#lanes = lanes;
    this.#before = before;
    this.#definitions = definitions(loop.body);
  }

  /** Appends the loop to the builder, and what takes its results apart. */
  run(): void {
    const { lower, upper, step, inits, carry, operation, body, index } = this.#loop;
    const groups = this.#groupsOf(carry);
    const starts = groups.map((_, g) => this.#splat(inits[g * this.#lanes]));
    const iteration = (here: Value, ...vectors: Value[]): readonly Value[] => {
      this.#index = here;
      for (const [g, group] of groups.entries()) this.#vectors.set(keyOf(group), vectors[g]);
      return this.#groupsOf(body.results).map((values) => this.#vector(values));
    };
    const names = [index?.name ?? null, ...groups.map(([v]) => v.name)];
    const results = forLoop(lower, upper, step, starts, iteration, names);
    const builder = currentBlock();
    for (const [k, v] of operation.results.entries()) {
      extractLane(results[Math.floor(k / this.#lanes)], k % this.#lanes);
      const { operations } = builder;
      operations[operations.length - 1] = withParts(operations[operations.length - 1], { results: [v] });
    }
  }

  #groupsOf(values: readonly Value[]): readonly (readonly Value[])[] {
    const count = values.length / this.#lanes;
    return Array.from({ length: count }, (_, g) => values.slice(g * this.#lanes, (g + 1) * this.#lanes));
  }

  /** The vector of these values. */
  #vector(values: readonly Value[]): Value {
    const key = keyOf(values);
    let known = this.#vectors.get(key);
    if (known === undefined) this.#vectors.set(key, (known = this.#made(values)));
    return known;
  }

  #made(values: readonly Value[]): Value {
    const [first] = values;
    if (values.every((v) => v === first)) return this.#splat(first);
    const operations = values.map((v) => this.#definitions.get(v));
    const [leader, ...others] = operations;
    if (leader === undefined) throw new NoVector();
    const alike = others.map((o) => {
      if (o === undefined || o.op !== leader.op || !sameAttributes(o, leader)) throw new NoVector();
      return o;
    });
    const all = [leader, ...alike];
    const { op, attributes, origin } = leader;
    currentBlock().origin = origin;
    if (accessOf(leader) !== null) return this.#loaded(all, first);
    if (op.traits.constant) return this.#splat(first);
    if (op.scalar === null) throw new NoVector();
    const operands = leader.operands.map((_, i) => this.#vector(all.map((o) => o.operands[i])));
    return emit(op, operands, { attributes, types: [this.#typeFor(first)], names: [first.name] })[0];
  }

  /** Elements that lie side by side along the last axis. */
  #loaded(loads: readonly Operation[], first: Value): Value {
    const places = loads.map((o) => ({ memory: accessOf(o)?.memory, at: this.#placeOf(o) }));
    const [{ memory, at }] = places;
    const last = at.length - 1;
    const isNext = (other: readonly Dim[], lane: number): boolean =>
      at.every((d, axis) => sameDim(other[axis], axis === last ? addDims(d, lane) : d));
    if (memory === undefined || last < 0 || !places.every((p, lane) => p.memory === memory && isNext(p.at, lane)))
      throw new NoVector();
    return loadLanes(memory, at, this.#typeFor(first), { name: first.name });
  }

  /** The subscripts of a load, over the index of the new loop. */
  #placeOf(load: Operation): readonly Dim[] {
    const { index } = this.#loop;
    const here = this.#index;
    const at = accessOf(load)?.at ?? [];
    return at.map((d) =>
      substituteIndices(boundBy(d, load, "at"), (v) => {
        if (this.#definitions.has(v)) throw new NoVector();
        return v === index && here !== null ? indexDim(here) : undefined;
      }),
    );
  }

  /** One number in all lanes: before the loop, unless it is one of a step. */
  #splat(v: Value): Value {
    const definition = this.#definitions.get(v);
    const type = this.#typeFor(v);
    const isInside = definition !== undefined || v === this.#loop.index || this.#loop.carry.includes(v);
    if (definition?.op.traits.constant === true) {
      const { op, attributes, origin } = definition;
      return withBuilder(this.#before, () => emit(op, [], { attributes, origin, types: [type], names: [v.name] })[0]);
    }
    return isInside ? splat(this.#number(v), type) : withBuilder(this.#before, () => splat(v, type));
  }

  /** A number of a step, in the new body. */
  #number(v: Value): Value {
    const known = this.#numbers.get(v);
    if (known !== undefined) return known;
    if (v === this.#loop.index && this.#index !== null) return this.#index;
    if (this.#loop.carry.includes(v)) throw new NoVector();
    const definition = this.#definitions.get(v);
    if (definition === undefined) return v;
    const copy = copyOf(definition, (operand) => this.#number(operand));
    currentBlock().append(copy);
    this.#numbers.set(v, copy.results[0]);
    return copy.results[0];
  }

  #typeFor(v: Value) {
    return vector(elementDType(v.type) ?? "f64", this.#lanes);
  }
}

function keyOf(values: readonly Value[]): string {
  return values.map((v) => v.id).join();
}

/** Whether attributes are equal; those of loads say where, which is looked at by itself. */
function sameAttributes(a: Operation, b: Operation): boolean {
  if (accessOf(a) !== null) return true;
  return Object.keys(a.attributes).every((name) => sameAttribute(a.attributes[name], b.attributes[name]));
}
