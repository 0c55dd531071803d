// Making op records, and the shorthands their families share.

import {
  type Attributes,
  type DType,
  type EmitOptions,
  emit,
  type Op,
  printType,
  shapeOf,
  type TensorType,
  type Type,
  type TypeContext,
  tensorTypeOf,
  type Value,
} from "../../ir/index.ts";

export { defineOwn as defineOp } from "./own.ts";

/** Appends an operation of one result to the current builder. */
export function emit1<A extends Attributes>(op: Op<A>, operands: readonly Value[], options?: EmitOptions<A>): Value {
  return emit(op, operands, options)[0];
}

/** The dtype of an operand that has one. */
export function dtypeOf(type: Type): DType {
  return type.kind === "list" ? dtypeOf(type.element) : type.dtype;
}

/** The type of a value that a rule knows to be a tensor. */
export function tensorOf(value: Value): TensorType {
  return tensorTypeOf(value.type);
}

/** An operand that has to be a ranked or unranked tensor. */
export function requireTensor(cx: TypeContext, i: number): Type {
  const type = cx.operands[i];
  if (type.kind === "tensor" || type.kind === "unranked") return type;
  return cx.fail("dtype", `operand ${i} has type ${printType(type)}, expected a tensor`);
}

/** An operand that has elements side by side: a tensor, or at the vector level a vector. */
export function requireElements(cx: TypeContext, i: number): Type {
  return cx.operands[i].kind === "vector" ? cx.operands[i] : requireTensor(cx, i);
}

/** The type of an operand whose rank is known; null while it is unranked. */
export function rankedOperand(cx: TypeContext, i: number): TensorType | null {
  const type = requireTensor(cx, i);
  return type.kind === "tensor" ? type : null;
}

/** The one result type as written, a tensor of the dtype where one is asked for. */
export function requireDeclared(cx: TypeContext, dtype?: DType): TensorType {
  const [type] = cx.declared ?? [];
  if (type?.kind !== "tensor") return cx.fail("structure", "the result has to be written as one tensor type");
  if (dtype !== undefined && type.dtype !== dtype) {
    cx.fail("dtype", `the result has dtype ${type.dtype}, expected ${dtype}`, "cast it");
  }
  return type;
}

/** Axis numbers in range, each at most once. */
export function requireAxes(cx: TypeContext, axes: readonly number[], rank: number, what: string): void {
  const seen = new Set<number>();
  for (const axis of axes) {
    if (axis < 0 || axis >= rank) {
      cx.fail("axis", `${what} names axis ${axis}, expected ${rank === 0 ? "none, at rank 0" : `0 to ${rank - 1}`}`);
    }
    if (seen.has(axis)) cx.fail("axis", `${what} names axis ${axis} twice`);
    seen.add(axis);
  }
}

/** Axes of an operand: a list, or every one of those that it will have, while that is not known. */
export type AxesOrAll = readonly number[] | "all";

/** The axes as a list, under the operand's rank; a list may have negative ones. */
export function listedAxes(axes: AxesOrAll, rank: number): readonly number[] {
  return axes === "all" ? otherAxes(rank, []) : axes.map((a) => (a < 0 ? a + rank : a));
}

/** Axes in range, each once; of a ranked operand they are listed. */
export function requireListed(cx: TypeContext, axes: AxesOrAll, rank: number): readonly number[] {
  if (axes === "all") {
    const written = `[${otherAxes(rank, []).join(", ")}]`;
    return cx.fail("axis", `axes is all, expected ${written}`, "all is for an operand whose rank is not known");
  }
  requireAxes(cx, axes, rank, "axes");
  return axes;
}

/** The axes of a rank that are not among `axes`, ascending. */
export function otherAxes(rank: number, axes: readonly number[]): readonly number[] {
  return Array.from({ length: rank }, (_, i) => i).filter((i) => !axes.includes(i));
}

/** The permutation that undoes `permutation`. */
export function inverse(permutation: readonly number[]): readonly number[] {
  const back: number[] = new Array(permutation.length);
  for (const [i, p] of permutation.entries()) back[p] = i;
  return back;
}

export function isIdentity(permutation: readonly number[]): boolean {
  return permutation.every((p, i) => p === i);
}

export function rankOf(value: Value): number {
  return shapeOf(value).length;
}
