// Which cotangents or tangents may be zero because a select or a branch did not take what they belong to. The code of a
// derivative is linear in them, so their zeros go where they go: an abstract interpretation of that code finds all of them.

import {
  type Block,
  calleeOf,
  isFloat,
  isOf,
  loopOf,
  type Operation,
  type Type,
  type Value,
  ValueMap,
} from "../../../src/ir/index.ts";
import {
  absorbOp,
  anywhere,
  constantOp,
  emptyOp,
  narrower,
  nowhere,
  reduceOp,
  selectOp,
  type Varies,
  vanishes,
  variesThrough,
  varyingInAny,
} from "../../../src/ops/index.ts";
import type { Axes } from "./axes.ts";

/**
 * What is known of a value that is linear in the cotangents or tangents: it is zero; it may be zero where something was not
 * taken, along axes that are known or not; or nothing of the kind. Null: it is not linear in them.
 */
export type Zeros = "all" | Untaken | "none" | null;

/** The axes along which zeros may differ. */
export type Untaken = Varies | "somewhere";

interface Surroundings {
  readonly axes: Axes;
  /** What the results of a function are where its arguments are such. */
  called(call: Operation, args: readonly Zeros[]): readonly Zeros[];
}

/** Whether the value may hold zeros of what was not taken. */
export function mayBeUntaken(zeros: Zeros): zeros is Untaken {
  return zeros === "somewhere" || isKnown(zeros);
}

function isKnown(zeros: Zeros): zeros is Varies {
  return zeros !== null && typeof zeros !== "string";
}

export class ZeroFlow {
  readonly #around: Surroundings;
  readonly #zeros = new ValueMap<Exclude<Zeros, null>>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  of(value: Value): Zeros {
    return this.#zeros.get(value) ?? null;
  }

  /** What the results of a block are where its arguments are such. */
  block(block: Block, args: readonly Zeros[]): readonly Zeros[] {
    for (const [i, a] of block.arguments.entries()) this.#set(a, args[i] ?? null);
    for (const operation of block.operations) {
      const results = this.#operation(operation);
      for (const [i, v] of operation.results.entries()) this.#set(v, isFloating(v.type) ? results[i] : null);
    }
    return block.results.map((v) => this.of(v));
  }

  #set(value: Value, zeros: Zeros): void {
    if (zeros === null) this.#zeros.delete(value);
    else this.#zeros.set(value, zeros);
  }

  #operation(operation: Operation): readonly Zeros[] {
    const { operands, regions, results } = operation;
    const given = operands.map((v) => this.of(v));
    if (regions.length > 0) return this.#regions(operation, given);
    if (isOf(constantOp, operation)) return [operation.attributes.value === 0 ? "all" : null];
    if (operation.op === emptyOp) return ["all"];
    if (given.every((zeros) => zeros === null)) return results.map(() => null);
    if (calleeOf(operation) !== null) {
      return given.every(isConstant) ? results.map(() => null) : this.#around.called(operation, given);
    }
    return results.map((result) => this.#result(operation, result, given));
  }

  #result(operation: Operation, result: Value, given: readonly Zeros[]): Zeros {
    const { op, operands } = operation;
    if (given.every(isConstant)) return isZero(operation, given) ? "all" : null;
    if (op === selectOp) return this.#select(operands[0], result, given[1], given[2]);
    // what one derivative absorbed, the next does not meet
    if (op === absorbOp) return mayBeUntaken(given[2]) ? given[2] : "somewhere";
    const untaken = given.filter(mayBeUntaken);
    // a sum is zero where all that is added is; what is put beside one another is where one of them is
    const isUntaken = op.traits.elementwise ? !given.includes("none") : true;
    if (untaken.length === 0 || !isUntaken) return "none";
    if (untaken.includes("somewhere")) return "somewhere";
    if (op.traits.elementwise) return ofAny(result, untaken);
    if (this.#sumsSingle(operation)) return anywhere(result);
    return variesThrough(operation, result, (v) => {
      const zeros = this.of(v);
      return isKnown(zeros) ? zeros : nowhere(v);
    });
  }

  /** Whether it adds zeros of single elements to others: what is zero of the sums is so by chance, and no row of them is. */
  #sumsSingle(operation: Operation): boolean {
    const { op, operands, attributes } = operation;
    return operands.some((v, i) => {
      const zeros = this.of(v);
      if (!isKnown(zeros)) return false;
      const { derivative } = op;
      const summed = derivative.kind === "multilinear" ? derivative.axes(operation, i).summed : attributes.axes;
      const isSum = derivative.kind === "multilinear" || op === reduceOp;
      return isSum && Array.isArray(summed) && summed.some((axis) => zeros[axis]);
    });
  }

  #select(predicate: Value, result: Value, x: Zeros, y: Zeros): Zeros {
    const [first, second] = x === "all" ? [y, x] : [x, y];
    if (first === null || second === null) return "none";
    const axes = this.#around.axes.of(predicate);
    // what is zero besides is so in rows of its own
    if (second === "all") return isKnown(first) ? narrower(first, axes) : first === "somewhere" ? first : axes;
    const untaken = [first, second].filter(mayBeUntaken);
    return untaken.length === 0 ? "none" : ofAny(result, [axes, ...untaken]);
  }

  #regions(operation: Operation, given: readonly Zeros[]): readonly Zeros[] {
    const { op, regions, results } = operation;
    if (op.traits.branches) {
      const [then, otherwise] = regions.map((region) => this.block(region, []));
      return results.map((v, i) => either(v, then[i], otherwise[i]));
    }
    if (op.traits.wraps) return this.block(regions[0], given);
    const loop = loopOf(operation);
    return loop === null ? results.map(() => null) : this.#loop(operation, given);
  }

  /** What is carried is what it begins with or what a step gives, iterated to a fixpoint. */
  #loop(operation: Operation, given: readonly Zeros[]): readonly Zeros[] {
    const loop = loopOf(operation);
    if (loop === null) return [];
    const { count, firstOperand, firstArgument, body, test } = loop;
    const elements = given.slice(firstOperand + count).map((z) => (isKnown(z) ? z.slice(1) : z));
    let carried = given.slice(firstOperand, firstOperand + count);
    for (;;) {
      const args = [...new Array<Zeros>(firstArgument).fill(null), ...carried];
      if (test !== null) this.block(test, args);
      const back = this.block(body, [...args, ...elements]);
      const next = carried.map((zeros, i) => repeated(operation.results[i], zeros, back[i]));
      if (next.every((zeros, i) => String(zeros) === String(carried[i]))) {
        return [...next, ...back.slice(count).map((z): Zeros => (isKnown(z) ? [false, ...z] : z))];
      }
      carried = next;
    }
  }
}

function isConstant(zeros: Zeros): boolean {
  return zeros === null || zeros === "all";
}

/** Whether an operation without a linear operand gives zeros, some of its operands being zero. */
function isZero(operation: Operation, given: readonly Zeros[]): boolean {
  const { derivative, traits } = operation.op;
  const isAll = (i: number): boolean => given[i] === "all";
  if (traits.elementwise) return given.includes("all") && vanishes(operation, isAll);
  if (derivative.kind === "multilinear") return given.includes("all");
  const linear = (derivative.kind === "linear" ? derivative.in : undefined) ?? given.map((_, i) => i);
  return linear.every(isAll);
}

function isFloating(type: Type): boolean {
  return type.kind === "list" ? isFloating(type.element) : isFloat(type.dtype);
}

/** Of one branch or the other: where one of them gives nothing, the branch was not taken. */
function either(result: Value, a: Zeros, b: Zeros): Zeros {
  if (a === null || b === null) return isConstant(a) && isConstant(b) ? null : "none";
  if (a === b) return a;
  return ofAny(result, [a, b].filter(mayBeUntaken));
}

/** Zeros of one kind or another; where each of them has rows of its own, there is no saying. */
function ofAny(result: Value, each: readonly Untaken[]): Untaken {
  const known = each.filter(isKnown);
  const all = varyingInAny(result, known);
  const isOne = known.length === 0 || known.some((zeros) => String(zeros) === String(all));
  return isOne && known.length === each.length ? all : "somewhere";
}

/** Of what a loop begins with or a step gives. A loop that begins with nothing is taken to make a step. */
function repeated(result: Value, a: Zeros, b: Zeros): Zeros {
  if (a === "all") return b;
  if (b === "all") return a;
  return either(result, a, b);
}
