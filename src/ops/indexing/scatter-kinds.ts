// How an update changes an element: it replaces the element, or is combined with it as in a reduction of that kind.

import type { DType, Value } from "../../ir/index.ts";
import { kinds, type ReduceKind, scalarCombination } from "../shape/reduce-order.ts";

export const scatterKinds = ["set", "add", "mul", "min", "max"] as const;

export type ScatterKind = (typeof scatterKinds)[number];

const reductions: Readonly<Record<Exclude<ScatterKind, "set">, ReduceKind>> = {
  add: "sum",
  mul: "prod",
  min: "min",
  max: "max",
};

/** The element after an update. */
export function combine(kind: Exclude<ScatterKind, "set">, element: Value, update: Value): Value {
  return kinds[reductions[kind]].combine(element, update);
}

/** The element after an update, for numbers of the dtype. */
export function combination(kind: ScatterKind, dtype: DType): (element: number, update: number) => number {
  if (kind === "set") return (_, update) => update;
  return scalarCombination(kinds[reductions[kind]].record, dtype);
}
