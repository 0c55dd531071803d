// Calls that give their arguments away: what has their memory afterwards is what later calls give.

import { atBoundary, describe, flattenList, isStatic, Tensor, tracksGradient } from "../frontend/index.ts";
import { captureOrigin, fail, type NdArray } from "../ir/index.ts";
import { giveAway } from "../runtime/index.ts";
import { isLeaf } from "./convert.ts";
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
    if (given.size === 0) return result;
    // a function may give what it was given
    const kept = new Set(tensorsIn(result).map(arrayOf));
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
    for (const tensor of tensorsIn(args[i])) {
      if (tracksGradient(tensor))
        refuse(i, "a gradient flows through it, for which it is needed", "pass x.detach(), or do not donate it");
      const array = arrayOf(tensor);
      if (given.has(array)) refuse(i, `is argument ${given.get(array)}, too`, "pass a copy");
      given.set(array, i);
    }
  for (const [i, arg] of args.entries()) {
    if (donate.includes(i)) continue;
    for (const tensor of tensorsIn(arg)) {
      const donated = given.get(arrayOf(tensor));
      if (donated !== undefined) refuse(donated, `is argument ${i}, too`, "pass a copy");
    }
  }
  return given;
}

/** The concrete tensors in a structure, or what is wrong with it. */
function tensorsIn(x: unknown): readonly Tensor[] {
  const { leaves } = flattenList([x], isLeaf, "argument", isStatic);
  return leaves.filter((leaf): leaf is Tensor => leaf instanceof Tensor && leaf.traced === null);
}

function arrayOf(tensor: Tensor): NdArray {
  return tensor.array("a donated tensor");
}
