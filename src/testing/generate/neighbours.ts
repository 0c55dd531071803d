// One op applied to what another one gives, at any of its operands: as the values there are allow it, else with what gives
// the operand's type made for it, else with a conversion between.

import {
  BlockBuilder,
  Cloner,
  currentBlock,
  type Dim,
  type DType,
  emit,
  freeValues,
  makeBlock,
  type Op,
  type Operation,
  sameType,
  shapeOf,
  type TensorType,
  tensorType,
  touchesMemory,
  type Value,
  ValueSet,
  withBuilder,
} from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { tensorOf } from "../../ops/index.ts";
import { twin, unpromised } from "./echo.ts";
import type { Pair } from "./pairs.ts";
import { Pool } from "./pool.ts";
import { mayFail } from "./program.ts";
import { Random } from "./random.ts";
import { tensorDTypes } from "./uses.ts";

/** How often a pair is tried, and what gives an operand's type. */
const tries = 3;
const triesOfType = 6;

/** Random uses of ops; nothing is left of one that does not fit. */
export interface Uses {
  use(op: Op, pool: Pool): readonly Value[];
  attempt(body: () => readonly Value[]): readonly Value[];
}

/** What a pair gives: what is applied last, and now and then what it is applied to; nothing where nothing fits. */
export function pairUse(pair: Pair, pool: Pool, uses: Uses): readonly Value[] {
  return new PairUse(pair, pool, uses).values();
}

class PairUse {
  readonly #pair: Pair;
  readonly #pool: Pool;
  readonly #uses: Uses;

  constructor(pair: Pair, pool: Pool, uses: Uses) {
    this.#pair = pair;
    this.#pool = pool;
    this.#uses = uses;
  }

  values(): readonly Value[] {
    const { consumer, place } = this.#pair;
    // the first operand is mostly what decides what the others are
    const isForward =
      this.#pair.producer === null || place === 0 || place === consumer.operands.length || consumer.regions.length > 0;
    const { operations } = currentBlock();
    const before = operations.length;
    let made: readonly Value[] = [];
    for (let i = 0; i < tries && made.length === 0; i++)
      made = this.#attempt(() => ((i % 2 === 0) === isForward ? this.#forward() : this.#backward()));
    if (made.length === 0) made = this.#attempt(() => this.#converted());
    // what nothing reads may go, and its error with it
    const failing = operations.slice(before).flatMap((o) => (mayFail(o) ? o.results : []));
    const given = [...made, ...failing.filter((v) => !made.includes(v))];
    this.#drop(operations, before, given);
    return given;
  }

  /** What is made; nothing is left where nothing is given, either. */
  #attempt(body: () => readonly Value[]): readonly Value[] {
    const { operations } = currentBlock();
    const before = operations.length;
    const made = this.#uses.attempt(body);
    if (made.length === 0) operations.length = before;
    return made;
  }

  /** Drops the constants that nothing reads any more, and that are not given. */
  #drop(operations: Operation[], before: number, given: readonly Value[]): void {
    const made = operations.splice(before);
    const read = new ValueSet([...given, ...made.flatMap((o) => [...o.operands, ...freeValues(...o.regions)])]);
    operations.push(...made.filter((o) => !o.op.traits.constant || read.has(o.results[0])));
  }

  // ---- from what gives the operand -----------------------------------------------------------------------------------------

  /** The producer on any values, and the consumer on what it gives. */
  #forward(): readonly Value[] {
    if (this.#pair.producer === null) return this.#alone(this.#pair.consumer);
    const operation = this.#produced(this.#pool);
    return operation === null ? [] : this.#consumed(operation, operation.results[0]);
  }

  #alone(op: Op): readonly Value[] {
    this.#use(op, this.#pool);
    return currentBlock().operations.findLast((o) => o.op === op)?.results ?? [];
  }

  /** A use, with the words with which the op was seen half of the time. */
  #use(op: Op, pool: Pool): readonly Value[] {
    const { words, consumer, producer } = this.#pair;
    const { operations } = currentBlock();
    const before = operations.length;
    const made = this.#uses.use(op, pool);
    // where nothing was made, the last operation is not one of this use
    if (words === undefined || operations.length === before || pool.random.oneIn(2)) return made;
    const last = operations[operations.length - 1];
    const own = op === consumer && (op !== producer || pool.random.oneIn(2)) ? words.consumer : words.producer;
    if (last?.op !== op || last.regions.length > 0 || touchesMemory(op.effects) || Object.keys(own).length === 0)
      return made;
    operations.pop();
    const { operands, segments, results } = last;
    const again = this.#attempt(() =>
      emit(op, operands, { attributes: { ...last.attributes, ...own }, segments, types: results.map((v) => v.type) }),
    );
    if (again.length > 0) return again;
    currentBlock().append(last);
    return made;
  }

  #produced(pool: Pool): Operation | null {
    const { producer } = this.#pair;
    if (producer === null) return null;
    const { operations } = currentBlock();
    const before = operations.length;
    this.#use(producer, pool);
    const made = operations.slice(before).findLast((o) => o.op === producer && o.results[0]?.type.kind === "tensor");
    return made ?? null;
  }

  /** The consumer on a value that follows from the producer's results. */
  #consumed(operation: Operation, value: Value): readonly Value[] {
    const { producer, consumer } = this.#pair;
    const pool = this.#pool;
    const { operations } = currentBlock();
    const before = operations.length;
    if (
      producer === consumer &&
      operation.operands.length > 0 &&
      value === operation.results[0] &&
      pool.random.oneIn(3)
    ) {
      const again = this.#attempt(() =>
        emit(consumer, operation.operands.with(0, value), {
          attributes: unpromised(operation),
          regions: operation.regions.map((region) => new Cloner().block(region)),
          segments: operation.segments,
        }),
      );
      if (again.length > 0) return this.#given(value, again);
    }
    pool.want(value);
    let made: readonly Value[];
    try {
      made = this.#use(consumer, pool);
    } finally {
      pool.want(undefined);
    }
    const at = operations.findLastIndex((o, i) => i >= before && o.op === consumer && reads(o, value));
    if (at < 0) return [];
    const isLast = at === operations.length - 1 && operations[at].regions.length === 0;
    return this.#given(value, isLast ? this.#placed(operations[at], operation, value) : made);
  }

  /** The last operation with the value in its place, or everywhere. */
  #placed(operation: Operation, source: Operation, value: Value): readonly Value[] {
    const { place, consumer } = this.#pair;
    const { operands, op, segments, results } = operation;
    const from = operands.indexOf(value);
    const isAtAll = place === consumer.operands.length;
    const others = operands.flatMap((v, i) => (i !== from && sameType(v.type, value.type) ? [i] : []));
    const at = isAtAll ? others[0] : place;
    if (at === undefined || at === from || !others.includes(at) || touchesMemory(op.effects)) return results;
    const { operations } = currentBlock();
    operations.pop();
    // from another operand of the producer, and what stood there goes where the value was
    const second = isAtAll ? (twin(source, this.#pool)[source.results.indexOf(value)] ?? value) : value;
    const first = isAtAll ? value : operands[at];
    const moved = operands.with(from, first).with(at, second);
    const types = results.map((v) => v.type);
    return emit(op, moved, { attributes: unpromised(operation), segments, types });
  }

  #given(value: Value, made: readonly Value[]): readonly Value[] {
    // what is read once, by this alone, is what many rewrites want
    return made.length === 0 || this.#pool.random.oneIn(2) ? [value, ...made] : made;
  }

  // ---- from what takes it ----------------------------------------------------------------------------------------------------

  /** The consumer on any values, and the producer for one of them, whose type it has to give. */
  #backward(): readonly Value[] {
    const { consumer, place } = this.#pair;
    const { random } = this.#pool;
    if (consumer.regions.length > 0) return [];
    const { operations } = currentBlock();
    const before = operations.length;
    this.#use(consumer, this.#pool);
    const operation = operations[operations.length - 1];
    if (operations.length === before || operation.op !== consumer || touchesMemory(operation.op.effects)) return [];
    const { operands, segments, results } = operation;
    const tensors = operands.flatMap((v, i) => (v.type.kind === "tensor" ? [i] : []));
    if (tensors.length === 0) return [];
    const at = tensors.includes(place) ? place : random.pick(tensors);
    const isAtAll = place === consumer.operands.length;
    operations.pop();
    // x and what is made of x
    const beside = operands.filter((v, i) => i !== at && v.type.kind === "tensor" && tensorOf(v).shape.length > 0);
    const value = this.#ofType(tensorOf(operands[at]), beside);
    if (value === undefined) return [];
    const second = tensors.find((i) => i !== at && sameType(operands[i].type, value.type));
    const other = isAtAll && second !== undefined ? this.#ofType(tensorOf(value), []) : undefined;
    const placed = operands.with(at, value);
    const moved = other === undefined || second === undefined ? placed : placed.with(second, other);
    const types = results.map((v) => v.type);
    return this.#given(value, emit(consumer, moved, { attributes: unpromised(operation), segments, types }));
  }

  /** What the producer gives of a type: of operands whose types are near it, or of those beside it. */
  #ofType(type: TensorType, beside: readonly Value[]): Value | undefined {
    const pool = this.#pool;
    const { random } = pool;
    const outer = currentBlock();
    for (let i = 0; i < triesOfType; i++) {
      const scratch = new BlockBuilder(outer.scope, outer.parent);
      const shared = beside.length > 0 && random.oneIn(2) ? random.pick(beside) : undefined;
      const near = shared === undefined ? nearTo(type, random) : tensorOf(shared);
      let value: Value | undefined;
      withBuilder(scratch, () =>
        this.#uses.attempt(() => {
          const args = [near, near, tensorType(near.dtype)].map((t) => scratch.argument(t));
          const operation = this.#produced(new Pool(random, args));
          value = operation?.results.find((v) => sameType(v.type, type));
          return operation?.results ?? [];
        }),
      );
      if (value === undefined) continue;
      const block = makeBlock(scratch.arguments, scratch.operations, [value]);
      const read = new ValueSet(block.operations.flatMap((o) => [...o.operands, ...freeValues(...o.regions)]));
      const values = block.arguments.map((v, k) => {
        if (!read.has(v)) return v;
        return k === 0 && shared !== undefined ? shared : pool.like(tensorOf(v));
      });
      return new Cloner().inline(block, values, outer)[0];
    }
    return undefined;
  }

  // ---- with a conversion between -----------------------------------------------------------------------------------------------

  /** Where types forbid it: a cast, axes more or other axes between the two. */
  #converted(): readonly Value[] {
    const operation = this.#produced(this.#pool);
    if (operation === null) return [];
    const [value] = operation.results;
    const { random } = this.#pool;
    const casts = tensorDTypes.map((dtype) => () => ops.cast(value, dtype));
    const shape = shapeOf(value);
    const longer = [2, ...shape];
    const axes = shape.map((_, a) => a + 1);
    const ways = [
      ...casts,
      () => ops.broadcast(value, longer, axes),
      () => ops.reshape(value, [1, ...shape]),
      () => ops.cast(ops.broadcast(value, longer, axes), random.pick(["f64", "i32"])),
    ];
    const [first, ...others] = random.shuffled(ways.slice(0, -1));
    for (const way of [first, ...others, ways[ways.length - 1]]) {
      const made = this.#attempt(() => this.#consumed(operation, way()));
      if (made.length > 0) return made;
    }
    return [];
  }
}

/** Whether an operation has a value for an operand, or something in it has. */
function reads({ operands, regions }: Operation, value: Value): boolean {
  return operands.includes(value) || (regions.length > 0 && freeValues(...regions).includes(value));
}

/** A type that an op could make this one of: it, or one with other axes, another extent, another dtype. */
function nearTo({ dtype, shape }: TensorType, random: Random): TensorType {
  const place = random.below(shape.length + 1);
  const axis = random.below(Math.max(1, shape.length));
  const known = shape.every((d) => typeof d === "number");
  const other = random.oneIn(3) ? random.pick(tensorDTypes) : dtype;
  const shapes: readonly (readonly Dim[])[] = [
    shape,
    shape,
    shape.toSpliced(place, 0, random.pick([1, 2, 3])),
    shape.toSpliced(axis, 1),
    shape.map((d, a) => (a === axis && typeof d === "number" ? d + random.pick([1, -1, 2]) : d)),
    known ? [shape.reduce<number>((n, d) => n * Number(d), 1)] : shape,
    random.shuffled(shape),
  ];
  const chosen = random.pick(shapes).map((d) => (typeof d === "number" ? Math.max(0, d) : d));
  return tensorType(other, chosen);
}

/** A conversion: of the numbers, or of the bits. */
interface Link {
  readonly to: DType;
  readonly isByBits: boolean;
}

const sameBits: ReadonlySet<DType> = new Set<DType>(["f32", "i32", "u32"]);

function linksFrom(dtype: DType): readonly Link[] {
  return tensorDTypes.flatMap((to) => {
    const isOfBits = sameBits.has(dtype) && sameBits.has(to) && (dtype === "f32") !== (to === "f32");
    return isOfBits ? [link(to, false), link(to, true)] : [link(to, false)];
  });
}

const link = (to: DType, isByBits: boolean): Link => ({ to, isByBits });

/** All chains of two conversions, in an order that is the same for every program. */
const chains: readonly (readonly [from: DType, first: Link, second: Link])[] = new Random(1).shuffled(
  tensorDTypes.flatMap((from) =>
    linksFrom(from).flatMap((first) => linksFrom(first.to).map((second) => [from, first, second] as const)),
  ),
);

/** Two conversions one after the other, of a value or of a constant: each chain of dtypes in turn. */
export function conversions(turn: number, pool: Pool): readonly Value[] {
  const { random } = pool;
  const [from, first, second] = chains[turn % chains.length];
  const x = pool.find(({ dtype }) => dtype === from);
  const type = tensorType(from, x === undefined ? [] : shapeOf(x));
  const start = random.oneIn(3) ? pool.constant(type) : (x ?? pool.like(type));
  const convert = (v: Value, { to, isByBits }: Link): Value => (isByBits ? ops.bitcast(v, to) : ops.cast(v, to));
  const middle = convert(start, first);
  const last = convert(middle, second);
  return random.oneIn(2) ? [middle, last] : [last];
}
