// What functions along axes share: axes and tensors as users give them, and slices by their indices.

import {
  arrayOf,
  atBoundary,
  axisOf,
  type Boundary,
  type Data,
  meeting,
  nameOf,
  type Operand,
  requireList,
  Tensor,
} from "../../frontend/index.ts";
import { Dense, elementDType, fail, isFloat, shapeOf, tensorType, type Value } from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";

/** Axes from the front, each once; without a rank they stay as they are until shapes are refined. All where left out. */
export function axesOf(
  v: Value,
  axes: number | readonly number[] | null | undefined,
  where: string,
): readonly number[] {
  if (axes == null) return shapeOf(v, where).map((_, i) => i);
  if (typeof axes !== "number") requireList(axes, `${where}: the axes`);
  const list = [axes].flat();
  if (ops.isUnranked(v.type)) return list;
  return eachOnce(list, shapeOf(v).length, where);
}

/** Axes from the front; an error where one is named twice. */
export function eachOnce(axes: readonly number[], rank: number, where: string): readonly number[] {
  const all = Array.from(axes, (a) => axisOf(a, rank));
  const twice = all.find((a, i) => all.indexOf(a) !== i);
  if (twice !== undefined) fail("axis", `${where}: axis ${twice} is named twice`);
  return all;
}

/** Indices as users give them: a tensor, or numbers, which are constants of i32. */
export type Indices = Tensor | Data;

export function constantIndices(data: unknown, where: string): Value {
  const what = `${where}: the indices`;
  const { dtype: own } = arrayOf(data as Data, what);
  const array = arrayOf(data as Data, what, own === "f64" ? "i32" : own);
  return ops.constant(new Dense(array), tensorType(array.dtype, array.shape));
}

/** The tensors among indices or starts; traced numbers among them are of i32. */
export function tensorsAmong(boundary: Boundary, indices: readonly unknown[]): readonly Tensor[] {
  return meeting(
    boundary,
    indices.filter((index) => index instanceof Tensor),
    "i32",
  );
}

/** The tensors of a list, of which there is one at least; a hole is an operand too, and refused as one. */
export function tensorsOf<T extends Operand>(boundary: Boundary, tensors: readonly T[]): readonly (T | Tensor)[] {
  return atBoundary(boundary, () => {
    requireList(tensors, `${nameOf(boundary)}: the tensors`);
    if (tensors.length === 0) fail("arity", `${nameOf(boundary)}: got no tensors, expected at least one`);
    return meeting(boundary, Array.from(tensors));
  });
}

export function withAxis(v: Value, axis: number, where: string): Value {
  const shape = shapeOf(v, where);
  return ops.reshape(v, [...shape.slice(0, axis), 1, ...shape.slice(axis)]);
}

export function requireIntegers(v: Value, where: string): void {
  const dtype = elementDType(v.type) ?? "f64";
  if (dtype !== "bool" && !isFloat(dtype)) return;
  fail("dtype", `${where}: the indices have dtype ${dtype}, expected integers`, {
    hint: "write i32([…]), or cast them",
  });
}

export function takeAlong(x: Value, indices: Value, axis: number, mode: ops.GatherMode, where: string): Value {
  requireIntegers(indices, where);
  const rank = shapeOf(indices, where).length;
  const shape = shapeOf(x);
  const others = shape.flatMap((_, a) => (a === axis ? [] : [a]));
  return ops.gather(x, indices, {
    offsetAxes: others.map((a) => (a < axis ? a : a - 1 + rank)),
    collapsedAxes: [axis],
    indexMap: [axis],
    indexAxis: rank,
    sizes: shape.map((d, a) => (a === axis ? 1 : d)),
    mode,
  });
}
