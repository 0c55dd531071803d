// Which cotangents or tangents may be 0 because a select or a branch did not take the value they belong to: an abstract
// interpretation of a derivative's code. That code is linear in its cotangents or tangents, so their zeros propagate
// with them, and the interpretation reaches all of them.

import {
  type Block,
  calleeOf,
  isFloat,
  loopOf,
  type Operation,
  type Type,
  type Value,
  ValueMap,
  type Varies,
} from "../../../src/ir/index.ts";
import {
  absorbOp,
  anywhere,
  isOwn,
  narrower,
  nowhere,
  vanishes,
  variesThrough,
  varyingInAny,
} from "../../../src/ops/index.ts";
import type { Axes } from "./axes.ts";

/**
 * The abstract value of one that is linear in the cotangents or tangents: `all`: it is 0 everywhere; `Untaken`: it may
 * be 0 where something was not taken; `none`: it holds no such zeros. Null: it does not depend on the cotangents or
 * tangents.
 */
export type Zeros = "all" | Untaken | "none" | null;

/** The axes along which such zeros may differ from other elements; `somewhere` where that is not known. */
export type Untaken = Varies | "somewhere";

interface Surroundings {
  readonly axes: Axes;
  /** The zeros of a call's results, where its arguments have the zeros `args`. */
  called(call: Operation, callee: string, args: readonly Zeros[]): readonly Zeros[];
}

/** Whether a value may hold zeros of something that was not taken. */
export function mayBeUntaken(zeros: Zeros): zeros is Untaken {
  return zeros === "somewhere" || isKnown(zeros);
}

function isKnown(zeros: Zeros): zeros is Varies {
  return zeros !== null && typeof zeros !== "string";
}

export class ZeroFlow {
  readonly #around: Surroundings;
  readonly #zeros = new ValueMap<Exclude<Zeros, null>>();
  #hasUntaken = false;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** Whether any value may hold zeros of something that was not taken; without one there is nothing to strengthen. */
  get hasUntaken(): boolean {
    return this.#hasUntaken;
  }

  of(value: Value): Zeros {
    return this.#zeros.get(value) ?? null;
  }

  /** Interprets a block whose arguments have the zeros `args`: the zeros of its results. */
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
    if (mayBeUntaken(zeros)) this.#hasUntaken = true;
  }

  #operation(operation: Operation): readonly Zeros[] {
    const { operands, regions, results } = operation;
    const given = operands.map((v) => this.of(v));
    if (regions.length > 0) return this.#regions(operation, given);
    if (operation.op.traits.constant) return [operation.attributes.value === 0 ? "all" : null];
    // a fresh list is empty
    if (operands.length === 0 && operation.op.effects.allocates) return ["all"];
    if (given.every((zeros) => zeros === null)) return results.map(() => null);
    const callee = calleeOf(operation);
    if (callee !== null) {
      return given.every(isConstant) ? results.map(() => null) : this.#around.called(operation, callee, given);
    }
    return results.map((result) => this.#result(operation, result, given));
  }

  #result(operation: Operation, result: Value, given: readonly Zeros[]): Zeros {
    const { op, operands } = operation;
    if (given.every(isConstant)) return isZero(operation, given) ? "all" : null;
    if (op.traits.selects) return this.#select(operands[0], result, given[1], given[2]);
    // the zeros of an absorb come from an inner derivative, which does not say along which axes they vary
    if (op === absorbOp) return mayBeUntaken(given[2]) ? given[2] : "somewhere";
    const untaken = given.filter(mayBeUntaken);
    // an elementwise sum is 0 only where all terms are; other ops, such as concatenate, keep the zeros of each operand
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

  /** Whether the operation sums along an axis along which zeros vary: then they are mixed with other elements. */
  #sumsSingle(operation: Operation): boolean {
    const { op, operands, attributes } = operation;
    return operands.some((v, i) => {
      const zeros = this.of(v);
      if (!isKnown(zeros)) return false;
      const { derivative } = op;
      const summed = derivative.kind === "multilinear" ? derivative.axes(operation, i).summed : attributes.axes;
      const isSum = derivative.kind === "multilinear" || isOwn(op, "reduce");
      return isSum && Array.isArray(summed) && summed.some((axis) => zeros[axis]);
    });
  }

  #select(predicate: Value, result: Value, x: Zeros, y: Zeros): Zeros {
    const [first, second] = x === "all" ? [y, x] : [x, y];
    if (first === null || second === null) return "none";
    const axes = this.#around.axes.of(predicate);
    // both masks leave elements out: the one that varies along fewer axes leaves out whole rows
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

  /** A carried value is the join of its initial and its next values, iterated to a fixpoint. */
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

/** Whether an operation gives zeros only, where each operand is `all` or null. */
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

/** The join of two branches. Where one gives only zeros, the whole result may be 0 because the other was not taken. */
function either(result: Value, a: Zeros, b: Zeros): Zeros {
  if (a === null || b === null) return isConstant(a) && isConstant(b) ? null : "none";
  if (a === b) return a;
  return ofAny(result, [a, b].filter(mayBeUntaken));
}

/** The join of several kinds of zeros; `somewhere` where no single one covers the axes of all the others. */
function ofAny(result: Value, each: readonly Untaken[]): Untaken {
  const known = each.filter(isKnown);
  const all = varyingInAny(result, known);
  const isOne = known.length === 0 || known.some((zeros) => String(zeros) === String(all));
  return isOne && known.length === each.length ? all : "somewhere";
}

/** The join of a carried value's initial and next value. One that starts at 0 is taken to go through an iteration. */
function repeated(result: Value, a: Zeros, b: Zeros): Zeros {
  if (a === "all") return b;
  if (b === "all") return a;
  return either(result, a, b);
}
