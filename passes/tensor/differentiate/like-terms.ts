// Collects like terms in the sums of a derivative: a·b + a·b + c becomes 2·a·b + c, and a sum that the derivative of
// the order below computes already is taken from there. Leibniz's rule of order n then takes n + 1 products, not 2^n.

import {
  type Block,
  type BlockBuilder,
  elementDType,
  emit,
  freeValues,
  isFloat,
  type Op,
  type Operation,
  printType,
  Replacements,
  type Value,
  ValueMap,
  ValueSet,
  withBuilder,
} from "../../../src/ir/index.ts";
import { addOp, constantLike, mulOp, negOp, subOp } from "../../../src/ops/index.ts";
import { factorOf, LinearClasses, productOf, ratioOf } from "./linear-classes.ts";
import { definitionsOf } from "./sweep.ts";

/**
 * Collects like terms in the body of a function that gives a value and its derivative. Whatever the first `count`
 * results depend on stays as it is, bit by bit; sums that only the derivative depends on are rounded in another order.
 */
export function collectLikeTerms(body: Block, count: number, builder: BlockBuilder): Block {
  return new Collector(body, count, builder).run();
}

/** A value with its coefficient, or with a sign. */
type Term = readonly [value: Value, coefficient: number];

class Collector {
  readonly #body: Block;
  readonly #builder: BlockBuilder;
  readonly #kept: ValueSet;
  readonly #definitions: ValueMap<Operation>;
  readonly #uses = new ValueMap<number>();
  readonly #replacements = new Replacements();
  readonly #classes = new LinearClasses();
  /** For each class a value that is computed already, and the multiple of the class's representative that it is. */
  readonly #computed = new Map<number, { readonly value: Value; readonly factor: number }>();
  /** The operations emitted here, by op and operands: local value numbering. */
  readonly #made = new Map<string, Value>();
  /** The position of each emitted value, and up to which operation the positions are entered. */
  readonly #ranks = new ValueMap<number>();
  #ranked = 0;

  constructor(body: Block, count: number, builder: BlockBuilder) {
    this.#body = body;
    this.#builder = builder;
    this.#builder.arguments.push(...body.arguments);
    this.#kept = neededFor(body, body.results.slice(0, count));
    this.#definitions = definitionsOf(body);
    const used = [...body.operations.flatMap(inputsOf), ...body.results];
    for (const v of used) this.#uses.set(v, (this.#uses.get(v) ?? 0) + 1);
  }

  run(): Block {
    for (const v of this.#body.arguments) this.#register(v);
    const isKept = ({ results }: Operation): boolean => results.length === 0 || results.some((v) => this.#kept.has(v));
    const { operations } = this.#body;
    // operations that are kept come first, so that the derivative finds its common subexpressions with them
    for (const operation of operations) if (isKept(operation)) this.#append(operation);
    for (const operation of operations) if (!isKept(operation)) this.#collect(operation);
    return this.#builder.finish(this.#body.results.map((v) => this.#exact(v)));
  }

  #append(operation: Operation): void {
    for (const v of inputsOf(operation)) this.#exact(v);
    this.#builder.append(this.#replacements.operation(operation));
    this.#classes.add(operation);
    for (const v of operation.results) this.#register(v);
  }

  #register(v: Value): void {
    const { id, factor } = this.#classes.of(v);
    if (!this.#computed.has(id)) this.#computed.set(id, { value: v, factor });
  }

  /** Emits an operation of the derivative. A sum that only one operation reads is left to that, to merge its terms. */
  #collect(operation: Operation): void {
    const { results } = operation;
    if (!this.#classes.isArithmetic(operation) || !isFloatTensor(results[0])) {
      this.#append(operation);
      return;
    }
    this.#classes.add(operation);
    const isLeft = this.#classes.isSum(operation) && (this.#uses.get(results[0]) ?? 0) <= 1;
    if (!isLeft) this.#multiple(results[0]);
  }

  /** The value itself rather than a multiple of it, in the new block. */
  #exact(v: Value): Value {
    const { id, factor } = this.#classes.of(v);
    if (this.#kept.has(v) || !this.#isOfDerivative(v)) return this.#replacements.get(v);
    this.#multiple(v);
    const known = this.#computed.get(id) as { value: Value; factor: number };
    const value = this.#within(() => this.#times(known.value, ratioOf(factor, known.factor)));
    this.#replacements.set(v, value);
    return value;
  }

  /** Whether a value is one of those that are collected rather than appended. */
  #isOfDerivative(v: Value): boolean {
    const definition = this.#definitions.get(v);
    return definition !== undefined && this.#classes.isArithmetic(definition) && isFloatTensor(v);
  }

  /** The value as a multiple of one in the new block, which is emitted now where its class has none yet. */
  #multiple(v: Value): Term {
    const { id, factor } = this.#classes.of(v);
    let known = this.#computed.get(id);
    if (known === undefined) {
      const operation = this.#definitions.get(v) as Operation;
      this.#builder.origin = operation.origin;
      known = this.#within(() =>
        this.#classes.isSum(operation) ? this.#sum(operation, factor) : this.#product(operation),
      );
      this.#computed.set(id, known);
    }
    return [known.value, ratioOf(factor, known.factor)];
  }

  #product(operation: Operation): { readonly value: Value; readonly factor: number } {
    const { factor } = this.#classes.of(operation.results[0]);
    const [[x, c], [y, d]] = operation.operands.map(
      (v): Term => (this.#classes.splat(v) === null ? this.#multiple(v) : [this.#exact(v), 1]),
    );
    return {
      value: this.#apply(operation.op, x, y),
      factor: ratioOf(factor, factorOf(operation, c, d)),
    };
  }

  /**
   * Adds the terms of equal coefficient, then multiplies each such sum by its coefficient once, then adds the products.
   * The sum is scaled such that the first term is positive.
   */
  #sum(operation: Operation, factor: number): { readonly value: Value; readonly factor: number } {
    const terms = this.#terms(operation);
    if (terms.length === 0) return { value: constantLike(0, operation.results[0]), factor };
    const sign = Math.sign(terms[0][1]);
    const groups = new Map<number, Term[]>();
    for (const [v, c] of terms) {
      const group = groups.get(Math.abs(c)) ?? [];
      group.push([v, Math.sign(c) * sign]);
      groups.set(Math.abs(c), group);
    }
    // divide all coefficients by the most common one, which then is left as the factor of the whole sum
    const unit = [...groups].reduce((a, b) => (isBefore(b, a) ? b : a))[0];
    const parts = [...groups].map(([c, group]): Term => {
      const [value, s] = this.#signedSum(group);
      return [this.#times(value, ratioOf(c, unit)), s];
    });
    const [value] = this.#signedSum(parts);
    return { value, factor: ratioOf(factor, unit) * sign };
  }

  /** The terms of a sum and of the sums that only it reads, with coefficients, in the order of their positions. */
  #terms(operation: Operation): readonly Term[] {
    const total = new Map<Value, number>();
    const open = [...this.#classes.parts(operation)];
    for (let part = open.pop(); part !== undefined; part = open.pop()) {
      const [v, c] = part;
      const definition = this.#definitions.get(v);
      const isLeft = definition !== undefined && this.#isOfDerivative(v) && this.#classes.isSum(definition);
      if (isLeft && !this.#kept.has(v) && !this.#computed.has(this.#classes.of(v).id)) {
        open.push(...this.#classes.parts(definition).map(([w, d]): Term => [w, productOf(c, d)]));
        continue;
      }
      // all constants are of one class, but are kept as they are rather than written as multiples of one another
      const [value, factor] = this.#classes.splat(v) === null ? this.#multiple(v) : [this.#exact(v), 1];
      const sum = (total.get(value) ?? 0) + productOf(c, factor);
      if (sum === 0) total.delete(value);
      else total.set(value, sum);
    }
    const { operations } = this.#builder;
    for (; this.#ranked < operations.length; this.#ranked++) {
      for (const v of operations[this.#ranked].results) this.#ranks.set(v, this.#ranked + 1);
    }
    return [...total].sort(([v], [w]) => (this.#ranks.get(v) ?? 0) - (this.#ranks.get(w) ?? 0));
  }

  /** The sum of signed terms, as a value and a sign; it begins with a positive term if there is one. */
  #signedSum(terms: readonly Term[]): Term {
    const start = Math.max(
      terms.findIndex(([, sign]) => sign > 0),
      0,
    );
    const [first, sign] = terms[start];
    const others = terms.filter((_, i) => i !== start);
    return [others.reduce((total, [v, s]) => this.#apply(s === sign ? addOp : subOp, total, v), first), sign];
  }

  #times(value: Value, factor: number): Value {
    if (factor === 1) return value;
    if (factor === -1) return this.#apply(negOp, value);
    const constant = this.#once(`${factor} ${printType(value.type)}`, () => constantLike(factor, value));
    return this.#apply(mulOp, value, constant);
  }

  #apply(op: Op, ...operands: readonly Value[]): Value {
    return this.#once(`${op.name} ${operands.map((v) => v.id).join(" ")}`, () => emit(op, operands)[0]);
  }

  #once(key: string, make: () => Value): Value {
    let value = this.#made.get(key);
    if (value === undefined) this.#made.set(key, (value = make()));
    return value;
  }

  #within<T>(make: () => T): T {
    return withBuilder(this.#builder, make);
  }
}

function isBefore(
  [c, group]: readonly [number, readonly Term[]],
  [d, other]: readonly [number, readonly Term[]],
): boolean {
  return group.length !== other.length ? group.length > other.length : c < d;
}

function isFloatTensor({ type }: Value): boolean {
  const dtype = elementDType(type);
  return type.kind === "tensor" && dtype !== undefined && isFloat(dtype);
}

/** The values that an operation or one of its regions reads. */
function inputsOf({ operands, regions }: Operation): readonly Value[] {
  return regions.length === 0 ? operands : [...operands, ...freeValues(...regions)];
}

/** The values that these values, and operations without results, transitively depend on, themselves included. */
function neededFor(body: Block, values: readonly Value[]): ValueSet {
  const needed = new ValueSet(values);
  for (const operation of [...body.operations].reverse()) {
    const { results } = operation;
    if (results.length === 0 || results.some((v) => needed.has(v))) for (const v of inputsOf(operation)) needed.add(v);
  }
  return needed;
}
