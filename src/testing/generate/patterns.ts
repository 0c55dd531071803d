// Programs made from the pattern of a rewrite rule: its variables become arguments, constants or what other ops give, so that
// the rule has something to rewrite.

import {
  AdjointError,
  type Attributes,
  BlockBuilder,
  type Dim,
  type DType,
  emit,
  type Func,
  FuncScope,
  makeFunc,
  makeModule,
  type Op,
  type OpTable,
  sameAttribute,
  shapeOf,
  symbol,
  type TensorType,
  type Type,
  tensorType,
  type Value,
  withBuilder,
} from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import type { Pattern } from "../../rewrite/index.ts";
import { idioms } from "./idioms.ts";
import { ordinary } from "./literals.ts";
import { Pool } from "./pool.ts";
import { makeProgram, type Program } from "./programs.ts";
import type { Random } from "./random.ts";
import { attributesOf, tensorDTypes, typesOf, useOf } from "./uses.ts";

const n = symbol("N");
const shapes: readonly (readonly Dim[])[] = [[], [], [], [3], [n], [2, 3], [2, 2], [0], [1, n], [2, 3, 2]];
const sizes = [2, 3, 5, 1, 0];
/** How often something else is tried where an operation of the pattern does not fit. */
const tries = 30;

type OperationPattern = Extract<Pattern, { readonly kind: "operation" }>;

/**
 * A program with a public function for each of the patterns that fits something: each gives all that it computes, and fails on
 * its own. Null where none fits.
 */
export function programOfPatterns(
  random: Random,
  patterns: readonly Pattern[],
  table: OpTable = ops.standardOps,
): Program | null {
  const funcs: Func[] = [];
  for (const pattern of patterns) {
    const name = funcs.length === 0 ? "main" : `main${funcs.length}`;
    const func = functionOfPattern(random, pattern, { name, table });
    if (func !== null) funcs.push(func);
  }
  return funcs.length === 0 ? null : makeProgram(makeModule(funcs), { N: random.pick(sizes) });
}

/** A function that holds the pattern, and gives all that it computes; null where nothing that was tried fits. */
function functionOfPattern(
  random: Random,
  pattern: Pattern,
  { name, table }: { readonly name: string; readonly table: OpTable },
): Func | null {
  if (pattern.kind !== "operation") return null;
  const builder = new BlockBuilder(new FuncScope([], () => null, false));
  try {
    const results = withBuilder(builder, () => new PatternBuilder(random, builder, table).results(pattern));
    const isOpen = builder.arguments.some((a) => a.type.kind === "tensor" && a.type.shape.includes(n));
    const needsSymbol = !isOpen && [...builder.operations.flatMap((o) => o.results)].some(mentionsSymbol);
    if (needsSymbol) builder.argument(tensorType("f64", [n]));
    return makeFunc({ name, symbols: isOpen || needsSymbol ? ["N"] : [], body: builder.finish(results) });
  } catch (error) {
    if (error instanceof AdjointError) return null;
    throw error;
  }
}

function mentionsSymbol({ type }: Value): boolean {
  return type.kind === "tensor" && type.shape.some((d) => typeof d !== "number");
}

class PatternBuilder {
  readonly #random: Random;
  readonly #builder: BlockBuilder;
  readonly #table: OpTable;
  readonly #dtype: DType;
  /** The dtype that conversions go to and come back from. */
  readonly #other: DType;
  readonly #shape: readonly Dim[];
  /** Whether constants are ordinary numbers: special ones have hardly anything to round. */
  readonly #isOrdinary: boolean;
  readonly #variables = new Map<number, Value>();
  /** How often a variable is a constant: once in so many times. */
  readonly #constantOneIn: number;

  constructor(random: Random, builder: BlockBuilder, table: OpTable) {
    this.#random = random;
    this.#builder = builder;
    this.#table = table;
    this.#dtype = random.pick(["f64", "f64", "f32", "i32", "u32", "u8", "bool", "f64"]);
    this.#other = random.pick(tensorDTypes);
    this.#shape = random.pick(shapes);
    this.#isOrdinary = random.oneIn(2);
    this.#constantOneIn = random.pick([6, 6, 6, 2, 2, 1]);
  }

  /** What the pattern gives, and now and then what it does on the way, which then has another use. */
  results(pattern: OperationPattern): readonly Value[] {
    const root = this.#operation(pattern, tensorType(this.#dtype, this.#shape));
    const others = this.#builder.operations.flatMap((o) => (o.op.traits.constant ? [] : o.results));
    return [root, ...others.filter((v) => v !== root && v.type.kind === "tensor" && this.#random.oneIn(3))];
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

  /** Any value of a type: an argument, a constant, or what some op gives. */
  #leaf(type: TensorType): Value {
    if (this.#random.oneIn(this.#constantOneIn)) return this.#constant(type);
    const argument = this.#builder.argument(type);
    if (!this.#random.oneIn(5)) return argument;
    const elementwise = [...this.#table.values()].filter((op) => op.traits.elementwise && op.operands.length === 1);
    // the user's table may have none
    if (elementwise.length === 0) return argument;
    const op = this.#random.pick(elementwise);
    const attributes = attributesOf(op, type, this.#random);
    const types = typesOf(op, [type], attributes, null);
    return types !== null && fits(types[0], type) ? emit(op, [argument], { attributes })[0] : argument;
  }

  #constant(type: TensorType): Value {
    if (!this.#isOrdinary || type.dtype === "bool") return new Pool(this.#random, []).constant(type);
    return ops.constant(ordinary(this.#random, type.dtype), type);
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
    const dtype = random.oneIn(4) ? random.pick(tensorDTypes) : isBack ? this.#dtype : this.#other;
    const other = isConverted ? tensorType(dtype, like.shape) : like;
    const values: (Value | undefined)[] = operands.map((p) =>
      p.kind === "operation"
        ? this.#operation(p, other)
        : p.kind === "variable"
          ? this.#variables.get(p.index)
          : undefined,
    );
    const known = values.findLast((v) => v !== undefined)?.type as TensorType | undefined;
    const type = known ?? other;
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
    return random.oneIn(2) ? like : tensorType(like.dtype, random.pick(shapes));
  }

  /** A use of the op on these operands, with the attributes that the pattern names. */
  #use(op: Op, operands: readonly Value[], wanted: Attributes): Value {
    const { operations } = this.#builder;
    const before = operations.length;
    const pool = new Pool(this.#random, operands);
    for (let i = 0; i < tries; i++) {
      operations.length = before;
      const made = this.#attempt(() => idioms.get(op)?.(pool, ["N"]) ?? useOf(op, pool));
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

function fits(given: Type, wanted: TensorType): boolean {
  return given.kind === "tensor" && given.dtype === wanted.dtype && String(given.shape) === String(wanted.shape);
}
