// The operations of a rewrite rule's pattern: its variables become values that there are, and the attributes that it does not
// name are drawn.

import {
  AdjointError,
  type Attributes,
  currentBlock,
  type Dim,
  type DType,
  dtypes,
  emit,
  type Op,
  sameAttribute,
  shapeOf,
  type TensorType,
  tensorType,
  type Value,
} from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import type { Pattern } from "../../rewrite/index.ts";
import { idioms } from "./idioms.ts";
import { Pool } from "./pool.ts";
import type { Random } from "./random.ts";
import { attributesOf, tensorDTypes, typesOf, useOf } from "./uses.ts";

/** How often something else is tried where an operation of the pattern does not fit. */
const tries = 30;

export type OperationPattern = Extract<Pattern, { readonly kind: "operation" }>;
type Shapes = readonly (readonly Dim[])[];

/** The value of a variable: of the type, or as nearly as there is one. */
export type Leaf = (type: TensorType) => Value;

/** What operations of a pattern are made of. */
export interface Given {
  /** The type of what the pattern gives, as nearly as it allows. */
  readonly type: TensorType;
  /** The shapes of operands of ops that are not elementwise. */
  readonly shapes: Shapes;
  readonly leaf: Leaf;
  /** The symbols that sizes may speak of. */
  readonly symbols: readonly string[];
}

/** The operations of patterns of rewrite rules, over values that `leaf` gives; appended to the current block. */
export class PatternValues {
  readonly #random: Random;
  readonly #type: TensorType;
  /** The dtype that conversions go to and come back from. */
  readonly #other: DType;
  readonly #shapes: Shapes;
  readonly #leaf: Leaf;
  readonly #symbols: readonly string[];
  readonly #variables = new Map<number, Value>();

  constructor(random: Random, { type, shapes, leaf, symbols }: Given) {
    this.#random = random;
    this.#type = type;
    const kin = tensorDTypes.filter((d) => d !== type.dtype && dtypes[d].kind === dtypes[type.dtype].kind);
    this.#other = random.pick(random.oneIn(2) && kin.length > 0 ? kin : tensorDTypes);
    this.#shapes = shapes;
    this.#leaf = leaf;
    this.#symbols = symbols;
  }

  /** @throws AdjointError where nothing that was tried fits. */
  value(pattern: OperationPattern): Value {
    return this.#operation(pattern, this.#type);
  }

  /** The value of a pattern, as nearly of the type as the pattern allows. */
  #value(pattern: Pattern, like: TensorType): Value {
    if (pattern.kind === "operation") return this.#operation(pattern, like);
    if (pattern.kind === "literal")
      return ops.constant(like.dtype === "bool" ? pattern.value !== 0 : pattern.value, like);
    let value = this.#variables.get(pattern.index);
    if (value === undefined) this.#variables.set(pattern.index, (value = this.#leaf(like)));
    return value;
  }

  #operation(pattern: OperationPattern, like: TensorType): Value {
    const { op } = pattern;
    if (op.traits.elementwise || op === ops.castOp || op === ops.compareOp) return this.#elementwise(pattern, like);
    const types = pattern.operands.map(() => this.#operandType(like));
    const operands = pattern.operands.map((p, i) => this.#value(p, types[i]));
    return this.#use(op, operands, pattern.attributes);
  }

  /** The operands that say their own types first, then those that follow them. */
  #elementwise({ op, operands, attributes }: OperationPattern, like: TensorType): Value {
    const random = this.#random;
    const isConverted = op === ops.castOp || op === ops.compareOp;
    const isBack = like.dtype === this.#other;
    const dtype = random.oneIn(4) ? random.pick(tensorDTypes) : isBack ? this.#type.dtype : this.#other;
    const other = isConverted ? tensorType(dtype, like.shape) : like;
    const values: (Value | undefined)[] = operands.map((p) =>
      p.kind === "operation"
        ? this.#operation(p, other)
        : p.kind === "variable"
          ? this.#variables.get(p.index)
          : undefined,
    );
    const known = values.findLast((v) => v !== undefined);
    const type = known === undefined ? other : ops.tensorOf(known);
    const isMasked = operands.length === 3 && typesOf(op, [type, type, type], {}, null) === null;
    const all = operands.map((p, i) => {
      return values[i] ?? this.#value(p, isMasked && i === 0 ? tensorType("bool", type.shape) : type);
    });
    const ordered = op.traits.commutative && all.length === 2 && random.oneIn(2) ? all.toReversed() : all;
    const chosen = { ...attributesOf(op, type, random), ...attributes };
    const shape = shapeOf(ordered[0]);
    const declared = [null, [tensorType(like.dtype, shape)], [tensorType(random.pick(tensorDTypes), shape)]];
    const givenTypes = ordered.map((v) => v.type);
    const types = declared.find((list) => typesOf(op, givenTypes, chosen, list) !== null);
    return emit(op, ordered, { attributes: chosen, types })[0];
  }

  #operandType(like: TensorType): TensorType {
    const random = this.#random;
    return random.oneIn(2) ? like : tensorType(like.dtype, random.pick(this.#shapes));
  }

  /** A use of the op on these operands, with the attributes that the pattern names. */
  #use(op: Op, operands: readonly Value[], wanted: Attributes): Value {
    const { operations } = currentBlock();
    const before = operations.length;
    const pool = new Pool(this.#random, operands);
    for (let i = 0; i < tries; i++) {
      operations.length = before;
      const made = this.#attempt(() => idioms.get(op)?.(pool, this.#symbols) ?? useOf(op, pool));
      const last = operations[operations.length - 1];
      if (made.length === 0 || last?.op !== op || !operands.every((v, k) => last.operands[k] === v)) continue;
      if (Object.entries(wanted).every(([name, value]) => sameAttribute(last.attributes[name], value))) return made[0];
    }
    throw new AdjointError("structure", `no use of ${op.name} fits the pattern`);
  }

  #attempt(body: () => readonly Value[]): readonly Value[] {
    try {
      return body();
    } catch (error) {
      if (error instanceof AdjointError) return [];
      throw error;
    }
  }
}
