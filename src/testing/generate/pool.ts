// The values that a program has at one point, and how operands are chosen among them.

import {
  BlockBuilder,
  currentBlock,
  Dense,
  type DType,
  dtypes,
  elementDType,
  type Operation,
  sameType,
  scalar,
  shapeOf,
  type TensorType,
  tensorType,
  type Value,
  ValueSet,
  withBuilder,
} from "../../ir/index.ts";
import { constant } from "../../ops/index.ts";
import { literal, ordinary } from "./literals.ts";
import type { Random } from "./random.ts";

/** How often an operand is a constant, though there is a value of its type: once in so many times. */
const constantOneIn = 5;
/** How often it is the last value, so that operations follow on one another. */
const usualLastOneIn = 3;

/** A further argument of the function; null where it takes no more of them, or none of the type. */
export type NewArgument = (type: TensorType) => Value | null;

/** How much is chosen how, in a pool; what is left out is usual. */
export interface PoolOptions {
  /** Whether what is computed here is observed, so that it may fail. */
  readonly isObserved?: boolean;
  readonly lastOneIn?: number;
  readonly newArgument?: NewArgument;
}

/** The most elements of a constant that has each of its own. */
const mostListed = 12;

export class Pool {
  readonly random: Random;
  /** Whether what is computed here is observed, so that it may fail. */
  readonly isObserved: boolean;
  readonly #values: Value[];
  readonly #lastOneIn: number;
  readonly #newArgument: NewArgument;
  #wanted: Value | undefined;

  constructor(random: Random, values: readonly Value[], options: PoolOptions = {}) {
    const { isObserved = false, lastOneIn = usualLastOneIn, newArgument = () => null } = options;
    this.random = random;
    this.isObserved = isObserved;
    this.#lastOneIn = lastOneIn;
    this.#newArgument = newArgument;
    this.#values = values.filter(isTensor);
  }

  get values(): readonly Value[] {
    return this.#values;
  }

  add(values: readonly Value[]): void {
    for (const v of values) if (isTensor(v)) this.#values.push(v);
  }

  /** The next operand is this value, where it fits: so an operation follows on it. */
  want(value: Value | undefined): void {
    this.#wanted = value;
  }

  /** What a region sees: these values and its own. */
  within(own: readonly Value[]): Pool {
    const [lastOneIn, newArgument] = [this.#lastOneIn, this.#newArgument];
    return new Pool(this.random, [...this.#values, ...own], { lastOneIn, newArgument });
  }

  /** A pool without these values. */
  apart(): Pool {
    return new Pool(this.random, []);
  }

  /** One of the values that fit, the last ones more often than others; undefined where none does. */
  find(fits: (type: TensorType, value: Value) => boolean): Value | undefined {
    const wanted = this.#wanted;
    if (wanted?.type.kind === "tensor" && fits(wanted.type, wanted)) {
      this.#wanted = undefined;
      return wanted;
    }
    const fitting = this.#values.filter((v) => v.type.kind === "tensor" && fits(v.type, v));
    if (fitting.length === 0) return undefined;
    if (this.random.oneIn(this.#lastOneIn)) return fitting[fitting.length - 1];
    return this.random.pick(fitting);
  }

  /** One of the values. */
  any(): Value {
    return this.find(() => true) ?? this.constant(scalar(this.random.pick(["f64", "i32", "bool"])));
  }

  ofDType(...list: readonly DType[]): Value | undefined {
    return this.find(({ dtype }) => list.includes(dtype));
  }

  /** An operand of a type: a value of the pool, or a constant; an argument more where there is none of the type. */
  like(type: TensorType): Value {
    if (this.random.oneIn(constantOneIn)) return this.constant(type);
    return this.find((t) => sameType(t, type)) ?? this.#argument(type) ?? this.constant(type);
  }

  #argument(type: TensorType): Value | undefined {
    const value = this.#newArgument(type);
    if (value === null) return undefined;
    this.add([value]);
    return value;
  }

  /** A value of a type that is none of the pool's constants where there is one; mostly one that nothing reads yet. */
  computed(type: TensorType): Value {
    return this.#unread(type) ?? this.find((t) => sameType(t, type)) ?? this.constant(type);
  }

  #unread(type: TensorType): Value | undefined {
    if (this.random.oneIn(4)) return undefined;
    const { operations } = currentBlock();
    const read = new ValueSet();
    for (const { operands } of operations) for (const v of operands) read.add(v);
    const unread = operations.flatMap(({ op, results }) =>
      op.traits.constant ? [] : results.filter((v) => sameType(v.type, type) && !read.has(v)),
    );
    return unread.length === 0 ? undefined : this.random.pick(unread);
  }

  /** The operation of a constant that stands nowhere yet. */
  literal(type: TensorType): Operation {
    const builder = new BlockBuilder();
    withBuilder(builder, () => this.constant(type));
    return builder.operations[0];
  }

  /** A new constant: all elements equal mostly. */
  constant(type: TensorType): Value {
    const { dtype, shape } = type;
    const known = shape.filter((d) => typeof d === "number");
    if (shape.length > 0 && this.random.oneIn(4) && known.length === shape.length) {
      const count = known.reduce((a, b) => a * b, 1);
      if (count <= mostListed)
        return this.listed(
          type,
          Array.from({ length: count }, () => literal(this.random, dtype)),
        );
    }
    const value = literal(this.random, dtype);
    return constant(dtype === "bool" ? value !== 0 : value, type);
  }

  /** A new constant of an ordinary number: special ones have hardly anything to round. */
  ordinary(type: TensorType): Value {
    return type.dtype === "bool" ? this.constant(type) : constant(ordinary(this.random, type.dtype), type);
  }

  /** A new constant of these elements. */
  listed({ dtype, shape }: TensorType, elements: readonly number[]): Value {
    const data = dtypes[dtype].array.from(elements);
    const array = { dtype, shape: shape.map(Number), data };
    return constant(new Dense(array), tensorType(dtype, shape));
  }
}

function isTensor(value: Value): boolean {
  return value.type.kind === "tensor";
}

export function rankOf(value: Value): number {
  return shapeOf(value).length;
}

export function dtypeOf(value: Value): DType {
  return elementDType(value.type) ?? "f64";
}
