// Cotangents as structured rules take and give them: a value, and a mask where it is zero off it.

import {
  type Cotangent,
  type Given,
  list,
  type Masked,
  type ReverseContext,
  type Type,
  tensorType,
  Value,
} from "../../ir/index.ts";
import { constant } from "./constant.ts";
import { masked } from "./define.ts";
import { not } from "./elementwise.ts";
import { zeros } from "./zeros.ts";

export function plainOf(cotangent: Cotangent): Value {
  return cotangent instanceof Value ? cotangent : cotangent.value;
}

/** The mask, which a list has the other way round; null where all may be taken. */
export function maskOf(cotangent: Cotangent): Value | null {
  if (cotangent instanceof Value) return null;
  return cotangent.holds || isList(cotangent.mask) ? cotangent.mask : not(cotangent.mask);
}

/**
 * The cotangent of a value with a mask that came out of a region or a call. That of a list is a list of what is not taken,
 * for below its last element a list goes on with false: what nothing is said of may be taken.
 */
export function remasked(mask: Value, value: Value): Masked {
  return masked(mask, value, !isList(mask));
}

/** The mask as a value of its own, where the cotangent has none: a tensor's is all or, if the cotangent is null, nothing. */
export function takenIn(cotangent: Cotangent | null, of: Value): Value {
  const mask = cotangent === null ? null : maskOf(cotangent);
  if (mask !== null) return mask;
  const type = maskType(of.type);
  return type.kind === "tensor" ? constant(cotangent !== null, type) : zeros(type);
}

/** The same as it stands in a list. */
export function untakenIn(cotangent: Cotangent | null, of: Value): Value {
  const mask = takenIn(cotangent, of);
  return isList(mask) ? mask : not(mask);
}

/** The type of the mask of a cotangent of a type. */
export function maskType(type: Type): Type {
  if (type.kind === "list") return list(maskType(type.element));
  return type.kind === "tensor" ? tensorType("bool", type.shape) : type;
}

function isList({ type }: Value): boolean {
  return type.kind === "list";
}

/** A cotangent as far as backward code depends on it. */
export function givenOf(cotangent: Cotangent | null, varies: (mask: Value) => readonly boolean[]): Given {
  if (cotangent === null) return "absent";
  const mask = maskOf(cotangent);
  return mask === null ? null : varies(mask);
}

/** Says of a cotangent that comes out of a region or a call how its mask varies. */
export function noteMask(cx: ReverseContext, cotangent: Cotangent | null, given: Given): void {
  const mask = cotangent === null ? null : maskOf(cotangent);
  if (mask !== null && given !== null && given !== "absent") cx.noteMask(mask, given);
}

/** Cotangents as backward code takes and gives them: those that there are, then their masks. */
export function flatten(cotangents: readonly (Cotangent | null)[]): readonly Value[] {
  const present = cotangents.filter((ct) => ct !== null);
  return [...present.map(plainOf), ...present.map(maskOf).filter((mask) => mask !== null)];
}

/** The same back again, and what stands behind them. */
export function unflatten(
  values: readonly Value[],
  gives: readonly Given[],
): { readonly cotangents: readonly (Cotangent | null)[]; readonly rest: readonly Value[] } {
  let next = 0;
  let mask = gives.filter((g) => g !== "absent").length;
  const cotangents = gives.map((g): Cotangent | null => {
    if (g === "absent") return null;
    const value = values[next++];
    return g === null ? value : remasked(values[mask++], value);
  });
  return { cotangents, rest: values.slice(mask) };
}
