// Calls that give their arguments away: what has their memory afterwards is what later calls give.

import { atBoundary, describe, Tensor, tracksGradient } from "../frontend/index.ts";
import { captureOrigin, fail, type NdArray } from "../ir/index.ts";
import { giveAway } from "../runtime/index.ts";
import type { Call, EntryPoint } from "./entry-point.ts";

/** Reads the option, and gives what makes calls that give the arguments of these numbers away. */
export function donation(donate: unknown): (point: EntryPoint, name: string, behind: number) => Call {
  const numbers = readDonated(donate);
  return (point, name, behind) =>
    donating(
      point,
      numbers.map((i) => i + behind),
      name,
    );
}

/** The numbers of the arguments that are given away. */
function readDonated(donate: unknown): readonly number[] {
  if (donate === undefined) return [];
  if (!Array.isArray(donate) || !donate.every((i) => Number.isSafeInteger(i) && i >= 0))
    fail("option", `jit: option 'donate' is ${describe(donate)}, expected numbers of arguments`, {
      hint: "write [0] for the first",
    });
  return donate;
}

/** What users call: it gives away the tensors in the arguments of these numbers once a call went well. */
function donating(point: EntryPoint, donate: readonly number[], name: string): Call {
  const { call } = point;
  if (donate.length === 0) return call;
  const donor: Call = (...args) => {
    const given = atBoundary(donor, () => donatedIn(args, donate, name));
    const result = call(...args);
    // a function may give what it was given
    const kept = new Set<NdArray>();
    if (given.size > 0) forEachArray(result, (array) => kept.add(array));
    const at = captureOrigin(donor);
    for (const [array, i] of given) if (!kept.has(array)) giveAway(array, `argument ${i} of ${name}`, at);
    return result;
  };
  point.boundary = donor;
  return donor;
}

/** The arrays that a call gives away, and the arguments that they are of. No other argument may have one of them. */
function donatedIn(args: readonly unknown[], donate: readonly number[], name: string): ReadonlyMap<NdArray, number> {
  const given = new Map<NdArray, number>();
  const refuse = (i: number, why: string, hint: string): never =>
    fail("argument", `${name}: argument ${i} is donated, and ${why}`, { hint });
  for (const i of donate)
    forEachArray(args[i], (array, tensor) => {
      if (tracksGradient(tensor))
        refuse(i, "a gradient flows through it, for which it is needed", "pass x.detach(), or do not donate it");
      if (given.has(array)) refuse(i, `is argument ${given.get(array)}, too`, "pass a copy");
      given.set(array, i);
    });
  for (const [i, arg] of args.entries()) {
    if (donate.includes(i)) continue;
    forEachArray(arg, (array) => {
      const donated = given.get(array);
      if (donated !== undefined) refuse(donated, `is argument ${i}, too`, "pass a copy");
    });
  }
  return given;
}

/** Calls `found` with each concrete tensor in a structure. */
function forEachArray(
  x: unknown,
  found: (array: NdArray, tensor: Tensor) => void,
  around: readonly unknown[] = [],
): void {
  // the call itself says what is wrong with what holds itself
  if (typeof x !== "object" || x === null || around.includes(x)) return;
  if (x instanceof Tensor) {
    if (x.traced === null) found(x.array("a donated tensor"), x);
  } else if (Array.isArray(x)) {
    if (typeof x[0] !== "number") for (const item of x) forEachArray(item, found, [...around, x]);
  } else if (!ArrayBuffer.isView(x)) {
    for (const item of Object.values(x)) forEachArray(item, found, [...around, x]);
  }
}
