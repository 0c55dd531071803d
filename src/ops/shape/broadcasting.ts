// Implicit broadcasting written out: what was left open for unranked operands becomes reshape and broadcast.

import {
  type Dim,
  type FuncScope,
  fail,
  type Origin,
  printType,
  sameShape,
  shapeOf,
  type Type,
  type Value,
} from "../../ir/index.ts";
import { reshape } from "../structural/structural.ts";
import { broadcast } from "./reduce.ts";

/** Whether a type leaves its shape open. */
export function isUnranked(type: Type): boolean {
  return type.kind === "list" ? isUnranked(type.element) : type.kind === "unranked";
}

/** The number of axes; null where it is not known. */
export function rankOf(type: Type): number | null {
  return type.kind === "unranked" || type.kind === "list" ? null : type.shape.length;
}

/** Operands of one shape; as they are where a rank is not known. Size 1 stretches, as in NumPy. */
export function broadcastOperands(
  operands: readonly Value[],
  scope: FuncScope,
  origin: Origin | null,
): readonly Value[] {
  if (operands.length < 2 || !operands.every((v) => v.type.kind === "tensor")) return operands;
  const shapes = operands.map((v) => shapeOf(v));
  if (shapes.every((s) => sameShape(s, shapes[0]))) return operands;
  const shape = commonShape(shapes, operands, scope, origin);
  return operands.map((v) => broadcastTo(v, shape));
}

/** What these shapes, whole or in part those of the operands, stretch to; symbols that meet are equal from here on. */
export function commonShape(
  shapes: readonly (readonly Dim[])[],
  operands: readonly Value[],
  scope: FuncScope,
  origin: Origin | null,
): readonly Dim[] {
  const rank = shapes.reduce((r, s) => Math.max(r, s.length), 0);
  return Array.from({ length: rank }, (_, axis) => {
    const extents = shapes.flatMap((s) => (axis < rank - s.length ? [] : [s[axis - rank + s.length]]));
    return extents.reduce((a, b) => {
      if (a === 1) return b;
      if (b === 1) return a;
      if (scope.dims.require(a, "==", b, origin) !== null) {
        const types = operands.map((v) => printType(v.type)).join(" and ");
        fail("shape", `operands of types ${types} do not broadcast: ${a} and ${b} differ`);
      }
      return typeof b === "number" ? b : a;
    });
  });
}

/** The value under a larger shape: axes of size 1 that stretch are dropped first, then all are placed. */
export function broadcastTo(value: Value, shape: readonly Dim[]): Value {
  const own = shapeOf(value);
  if (sameShape(own, shape)) return value;
  const offset = shape.length - own.length;
  const kept = own.flatMap((d, i) => (d === 1 && shape[i + offset] !== 1 ? [] : [i]));
  const dropped =
    kept.length === own.length
      ? value
      : reshape(
          value,
          kept.map((i) => own[i]),
        );
  return kept.length === shape.length
    ? dropped
    : broadcast(
        dropped,
        shape,
        kept.map((i) => i + offset),
      );
}
