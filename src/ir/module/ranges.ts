// Between which ends index values are, by the loops that count them, and which subscripts are in range for that reason.

import { ValueMap } from "../data/value-map.ts";
import type { Operation } from "../op/op.ts";
import { Assumptions, type Constraint } from "../types/constraint.ts";
import {
  type Atom,
  addDims,
  atomDim,
  type Dim,
  isVariable,
  mulDims,
  partsOf,
  productOf,
  subDims,
  termsOf,
} from "../types/dim.ts";
import { accessOf, affineAttributes, bindOperands, indexDim, indexOf } from "./affine.ts";
import { dimsIn } from "./attributes.ts";
import { groupOf, type Value } from "./module.ts";

/** The first and the last index, both over symbols alone. */
interface Range {
  readonly first: Dim;
  readonly last: Dim;
}

/** Where index values have bounds over index values of loops around, these have been entered before. */
export class IndexRanges {
  readonly #ranges = new ValueMap<Range>();
  readonly #assumptions: Assumptions;

  constructor(constraints: readonly Constraint[]) {
    this.#assumptions = new Assumptions(constraints);
  }

  /** Notes the range of the index that a loop counts, if it counts one. */
  enter(operation: Operation): void {
    const { op, attributes, regions } = operation;
    if (op.loop === null) return;
    const group = affineAttributes(op).get("lower");
    if (group === undefined) return;
    const at = (name: string): Dim => overIndices(dimsIn(attributes[name])[0], groupOf(operation, group));
    const first = this.#end(at("lower"), false);
    const beyond = this.#end(at("upper"), true);
    if (first === null || beyond === null) return;
    this.#ranges.set(regions[op.loop.body].arguments[0], { first, last: subDims(beyond, 1) });
  }

  /** Whether the element that an operation reads or writes is one of the memory, whenever the loops around run a step. */
  isInRange(operation: Operation): boolean {
    const access = accessOf(operation);
    const group = affineAttributes(operation.op).get("at");
    if (access === null || group === undefined) return false;
    const indices = groupOf(operation, group);
    return access.at.every((d, axis) => this.#isWithin(overIndices(d, indices), access.shape[axis]));
  }

  #isWithin(d: Dim, extent: Dim): boolean {
    const first = this.#end(d, false);
    const last = this.#end(d, true);
    if (first === null || last === null) return false;
    const holds = (left: Dim, right: Dim): boolean => this.#assumptions.decide(left, ">=", right) === "proved";
    return holds(first, 0) && holds(subDims(extent, 1), last);
  }

  /** The greatest or the least that an affine expression can be; null where that does not follow from the ranges. */
  #end(d: Dim, isGreatest: boolean): Dim | null {
    let sum: Dim = 0;
    for (const { coefficient, factors } of termsOf(d)) {
      const counted = factors.filter(holdsIndex);
      const others = factors.filter((atom) => !counted.includes(atom));
      let product = mulDims(coefficient, productOf(others.map(atomDim)));
      if (counted.length > 0) {
        // an extent is not negative, so the sign is that of the coefficient
        const isSigned = others.every((atom) => atom.kind === "symbol");
        const range = counted.length === 1 && isSigned ? this.#rangeOf(counted[0]) : undefined;
        if (range === undefined) return null;
        product = mulDims(product, coefficient > 0 === isGreatest ? range.last : range.first);
      }
      sum = addDims(sum, product);
    }
    return sum;
  }

  #rangeOf(atom: Atom): Range | undefined {
    const value = isVariable(atom) ? indexOf(atom) : null;
    return value === null ? undefined : this.#ranges.get(value);
  }
}

function overIndices(d: Dim, operands: readonly Value[]): Dim {
  return bindOperands(d, operands, indexDim);
}

function holdsIndex(atom: Atom): boolean {
  if (isVariable(atom)) return atom.kind !== "symbol";
  return partsOf(atom).some((d) => termsOf(d).some((term) => term.factors.some(holdsIndex)));
}
