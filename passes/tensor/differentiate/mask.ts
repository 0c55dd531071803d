// Where a derivative flows. The cotangent (or tangent) of what a select does not take is zero whatever stands there, so
// it keeps its mask beside it: what partial derivatives make of the elements off the mask is not looked at.

import { type Cotangent, shapeOf, Value } from "../../../src/ir/index.ts";
import { add, and, broadcast, masked, not, or, select, zerosLike } from "../../../src/ops/index.ts";

/** A predicate, or its negation. */
interface Literal {
  readonly predicate: Value;
  readonly holds: boolean;
}

/** A conjunction. Without literals it holds everywhere. */
export type Mask = readonly Literal[];

const everywhere: Mask = [];

/** A cotangent or tangent that is zero off its mask, and is meant to be: what `value` has there may be NaN. */
export interface Flow {
  readonly value: Value;
  readonly mask: Mask;
  /** Whether `value` itself is zero off the mask. */
  readonly isClean: boolean;
}

export function plain(value: Value): Flow {
  return { value, mask: everywhere, isClean: true };
}

/** What a rule gives; a mask of rank 0 speaks for all elements. `isClean`: a masked value is zero off the mask. */
export function flowOf(given: Cotangent, isClean: boolean): Flow {
  if (given instanceof Value) return plain(given);
  const { value, mask, holds } = given;
  if (isList(value)) return { value, mask: maskOf(mask), isClean: true };
  const shape = shapeOf(value);
  const predicate = shape.length > 0 && shapeOf(mask).length === 0 ? broadcast(mask, shape) : mask;
  return { value, mask: [{ predicate, holds }], isClean };
}

/** The flow where a mask of its own holds too. */
export function within(flow: Flow, mask: Mask): Flow {
  const more = without(mask, flow.mask);
  return more.length === 0 ? flow : { value: flow.value, mask: [...flow.mask, ...more], isClean: false };
}

/** The value with zeros off the mask. */
export function unmask({ value, mask, isClean }: Flow): Value {
  return isClean ? value : selected(mask, value);
}

/** As rules take it: masked by one value. */
export function asCotangent(flow: Flow): Cotangent {
  const value = unmask(flow);
  return flow.mask.length === 0 ? value : masked(predicateOf(flow.mask), value, !isList(value));
}

/** The mask as a bool of the flow's shape; that of a list is the list of what is not taken. */
export function predicateOf(mask: Mask): Value {
  if (isList(mask[0].predicate)) return mask[0].predicate;
  return mask.map(({ predicate, holds }) => (holds ? predicate : not(predicate))).reduce((a, b) => and(a, b));
}

export function maskOf(predicate: Value): Mask {
  return [{ predicate, holds: !isList(predicate) }];
}

function isList({ type }: Value): boolean {
  return type.kind === "list";
}

/**
 * The sum. Where the masks agree it stays behind theirs; where they are two sides of one predicate, it is a select and
 * the predicate has no say any more. Otherwise it is zero where neither holds, if `keeps` asks to know that.
 */
export function sum(a: Flow, b: Flow, keeps: boolean): Flow {
  const [onlyA, onlyB] = [without(a.mask, b.mask), without(b.mask, a.mask)];
  const common = without(a.mask, onlyA);
  if (onlyA.length === 0 && onlyB.length === 0) {
    return { value: add(a.value, b.value), mask: common, isClean: a.isClean && b.isClean };
  }
  if (areOpposite(onlyA, onlyB)) {
    const [{ predicate, holds }] = onlyA;
    const value = holds ? select(predicate, a.value, b.value) : select(predicate, b.value, a.value);
    return { value, mask: common, isClean: common.length === 0 };
  }
  if (!keeps) return plain(add(unmask(a), unmask(b)));
  const [left, right] = [part(a, onlyA), part(b, onlyB)];
  const isClean = common.length === 0 || (a.isClean && b.isClean);
  const either =
    onlyA.length === 0 || onlyB.length === 0 ? everywhere : maskOf(or(predicateOf(onlyA), predicateOf(onlyB)));
  return { value: add(left, right), mask: [...common, ...either], isClean };
}

/** The value with zeros where `mask`, some of its own, does not hold. */
function part({ value, isClean }: Flow, mask: Mask): Value {
  return isClean || mask.length === 0 ? value : selected(mask, value);
}

function selected(mask: Mask, value: Value): Value {
  if (mask.length !== 1) return select(predicateOf(mask), value, zerosLike(value));
  const [{ predicate, holds }] = mask;
  return holds ? select(predicate, value, zerosLike(value)) : select(predicate, zerosLike(value), value);
}

function areOpposite(a: Mask, b: Mask): boolean {
  return a.length === 1 && b.length === 1 && a[0].predicate === b[0].predicate && a[0].holds !== b[0].holds;
}

/** The literals of a mask that another one lacks. */
function without(mask: Mask, other: Mask): Mask {
  return mask.filter((l) => !other.some((o) => o.predicate === l.predicate && o.holds === l.holds));
}
