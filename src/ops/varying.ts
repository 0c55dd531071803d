// Along which axes the elements of a value may differ: the lattice of that analysis, whose transfer functions are in the
// records. The pass differentiate asks this of the predicates of selects (differentiate/axes.ts).

import { type Dim, type Operation, shapeOf, type Type, type Value, type Varies } from "../ir/index.ts";

/** The top of the lattice, for values of which nothing is known: they vary along each axis that is not of extent 1. */
export function anywhere(v: Value): Varies {
  return elementShape(v.type).map((extent) => extent !== 1);
}

export function nowhere(v: Value): Varies {
  return elementShape(v.type).map(() => false);
}

function elementShape(type: Type): readonly Dim[] {
  if (type.kind === "list") return elementShape(type.element);
  return type.kind === "unranked" ? [] : type.shape;
}

/** The one of the two that varies along fewer axes. */
export function narrower(a: Varies, b: Varies): Varies {
  const count = (varies: Varies): number => varies.filter((may) => may).length;
  return count(b) < count(a) ? b : a;
}

/** The join: along which axes at least one of several may vary. */
export function varyingInAny(result: Value, each: readonly Varies[]): Varies {
  return elementShape(result.type).map((_, axis) => each.some((varies) => varies[axis]));
}

/** The transfer function of what treats all elements along an axis alike; edges are treated as padding is. */
export function asOperand({ operands }: Operation, _: Value, of: (v: Value) => Varies): Varies {
  return of(operands[0]);
}

/** The transfer function of what puts operands of the rank of the result side by side, or into one another. */
export function inAnyOfItsRank({ operands }: Operation, result: Value, of: (v: Value) => Varies): Varies {
  const { length } = shapeOf(result);
  return varyingInAny(result, operands.filter((v) => shapeOf(v).length === length).map(of));
}

/** Along which axes the result of an operation without regions may vary, given that of its operands. */
export function variesThrough(operation: Operation, result: Value, of: (v: Value) => Varies): Varies {
  const { op, operands } = operation;
  const through = (): Varies => (op.traits.elementwise ? varyingInAny(result, operands.map(of)) : anywhere(result));
  const varies = op.varies?.(operation, result, of) ?? through();
  return anywhere(result).map((may, axis) => may && varies[axis]);
}
