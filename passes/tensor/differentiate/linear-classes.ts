// Value numbering up to a factor: which values of a derivative are multiples of one another, in whatever order their
// sums and products were written. Values that are multiples of one another are of one class.

import { coefficientsOf, type Op, type Operation, printType, type Value, ValueMap } from "../../../src/ir/index.ts";
import { divOp, mulOp } from "../../../src/ops/index.ts";
import { literalOf, splatOf } from "../../../src/rewrite/index.ts";

/** A linear combination: class numbers with coefficients, none of which is 0. */
type Combination = ReadonlyMap<number, number>;

/** A value as a multiple of the representative of its class. */
interface Multiple {
  readonly id: number;
  readonly factor: number;
}

/** What is no sum. */
const kindOf: ReadonlyMap<Op, "product" | "quotient"> = new Map([
  [mulOp, "product"],
  [divOp, "quotient"],
]);

/** A sum of more terms than this is a class of its own. */
const mostTerms = 64;

export class LinearClasses {
  readonly #multiples = new ValueMap<Multiple>();
  readonly #ids = new Map<string, number>();
  /** For each class whose representative is a sum: its terms, the first with the coefficient 1. */
  readonly #terms = new Map<number, Combination>();
  readonly #splats = new ValueMap<number>();
  #count = 0;

  /** The value as a multiple of its class's representative, which an argument is itself. */
  of(value: Value): Multiple {
    let multiple = this.#multiples.get(value);
    if (multiple === undefined) this.#multiples.set(value, (multiple = this.#own()));
    return multiple;
  }

  /** Numbers the results of an operation; its operands have to be numbered before. */
  add(operation: Operation): void {
    const { results } = operation;
    const splat = splatOf(literalOf(operation));
    if (splat !== null && isCoefficient(splat)) {
      this.#splats.set(results[0], splat);
      this.#multiples.set(results[0], { id: this.#idOf(`1 : ${printType(results[0].type)}`), factor: splat });
    }
    if (this.isArithmetic(operation)) this.#multiples.set(results[0], this.#multipleOf(operation));
  }

  /** The number of which the value is a splat, where that may be a coefficient; null where not. */
  splat(value: Value): number | null {
    return this.#splats.get(value) ?? null;
  }

  /** Whether the operation is linear: a sum, a difference, a negation or a product with a splat. */
  isSum({ op, operands }: Operation): boolean {
    if (coefficientsOf(op) !== undefined) return true;
    return kindOf.get(op) === "product" && operands.some((v) => this.splat(v) !== null);
  }

  isArithmetic({ op }: Operation): boolean {
    return coefficientsOf(op) !== undefined || kindOf.has(op);
  }

  /** The operands of such a linear operation, with their coefficients. */
  parts({ op, operands }: Operation): readonly (readonly [Value, number])[] {
    const coefficients = coefficientsOf(op);
    if (coefficients !== undefined) return coefficients.map((c, i) => [operands[i], c]);
    const [x, y] = operands;
    const factor = this.splat(y);
    return factor === null ? [[y, this.splat(x) ?? 1]] : [[x, factor]];
  }

  #own(): Multiple {
    return { id: this.#count++, factor: 1 };
  }

  #multipleOf(operation: Operation): Multiple {
    if (this.isSum(operation)) return this.#sum(operation);
    const [x, y] = operation.operands.map((v) => this.of(v));
    const factor = factorOf(operation, x.factor, y.factor);
    if (kindOf.get(operation.op) === "quotient") return { id: this.#idOf(`${x.id} / ${y.id}`), factor };
    const [low, high] = x.id < y.id ? [x, y] : [y, x];
    return { id: this.#idOf(`${low.id} * ${high.id}`), factor };
  }

  #sum(operation: Operation): Multiple {
    const total = new Map<number, number>();
    for (const [v, c] of this.parts(operation)) {
      const { id, factor } = this.of(v);
      addTo(total, this.#terms.get(id) ?? new Map([[id, 1]]), c * factor);
    }
    const terms = [...total].sort(([a], [b]) => a - b);
    if (terms.length === 0 || terms.length > mostTerms) return this.#own();
    const [[first, factor]] = terms;
    if (terms.length === 1) return { id: first, factor };
    const shares = terms.map(([id, c]): [number, number] => [id, ratioOf(c, factor)]);
    // rounding makes equal coefficients differ in their last digits: compare 15 of them
    const id = this.#idOf(shares.map(([i, c]) => `${i}: ${c.toPrecision(15)}`).join());
    if (!this.#terms.has(id)) this.#terms.set(id, new Map(shares));
    return { id, factor };
  }

  #idOf(key: string): number {
    let id = this.#ids.get(key);
    if (id === undefined) this.#ids.set(key, (id = this.#count++));
    return id;
  }
}

/** Whether a number counts as a coefficient: quotients of several neither overflow nor vanish, in single precision too. */
function isCoefficient(splat: number): boolean {
  return Math.abs(Math.log2(Math.abs(splat))) <= 24;
}

/** The coefficient of a product or quotient, of the coefficients of its operands. */
export function factorOf({ op }: Operation, a: number, b: number): number {
  return kindOf.get(op) === "quotient" ? ratioOf(a, b) : productOf(a, b);
}

/** a · b of coefficients, as the number of few binary digits that only rounding keeps it from: 0.5 for √½ · √½. */
export function productOf(a: number, b: number): number {
  return Number.isInteger(a) || Number.isInteger(b) ? a * b : settled(a * b);
}

/** a / b of coefficients, in the same way. */
export function ratioOf(a: number, b: number): number {
  return Number.isInteger(b) ? a / b : settled(a / b);
}

function settled(coefficient: number): number {
  const short = Math.round(coefficient * 64) / 64;
  return Math.abs(coefficient - short) <= 8 * Number.EPSILON * Math.abs(short) ? short : coefficient;
}

/** Adds a multiple of a combination. */
function addTo(total: Map<number, number>, combination: Combination, factor: number): void {
  for (const [id, c] of combination) {
    const sum = (total.get(id) ?? 0) + productOf(c, factor);
    if (sum === 0) total.delete(id);
    else total.set(id, sum);
  }
}
