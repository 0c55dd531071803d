// Subscripts of loads and stores, as what passes compare: an index value or another expression, and a number beside it.

import {
  asAtom,
  bindOperands,
  type Dim,
  dimsIn,
  groupOf,
  indexDim,
  type Operation,
  sameDim,
  subDims,
  termsOf,
  type Value,
} from "../../../src/ir/index.ts";

/** `base + constant`; the base is an index value where the subscript is one plus a number. */
export interface Subscript {
  readonly base: Value | Dim;
  readonly constant: number;
}

const known = new WeakMap<Operation, readonly Subscript[]>();

/** The subscripts of a load or store, over index values. */
export function subscriptsOf(operation: Operation): readonly Subscript[] {
  let subscripts = known.get(operation);
  if (subscripts === undefined) {
    const indices = groupOf(operation, "at");
    known.set(operation, (subscripts = dimsIn(operation.attributes.at).map((d) => subscriptOf(d, indices))));
  }
  return subscripts;
}

function subscriptOf(d: Dim, indices: readonly Value[]): Subscript {
  if (typeof d === "number") return { base: 0, constant: d };
  let constant = 0;
  for (const { factors, coefficient } of termsOf(d)) if (factors.length === 0) constant = coefficient;
  const base = constant === 0 ? d : subDims(d, constant);
  const atom = asAtom(base);
  if (atom?.kind === "operand") return { base: indices[atom.position], constant };
  return { base: bindOperands(base, indices, indexDim), constant };
}

/** Whether two bases are the same. */
export function isSameBase(a: Value | Dim, b: Value | Dim): boolean {
  return a === b || (isDim(a) && isDim(b) && sameDim(a, b));
}

export function isDim(base: Value | Dim): base is Dim {
  return typeof base === "number" || "terms" in base;
}

/** The subscript as a dimension over index values. */
export function dimOf({ base, constant }: Subscript): Dim {
  const d = isDim(base) ? base : indexDim(base);
  return constant === 0 ? d : subDims(d, -constant);
}
