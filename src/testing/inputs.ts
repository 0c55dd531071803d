// The simplest inputs for which something still goes wrong: whole arrays first, then one element at a time.

import { dtypes, type NdArray } from "../ir/index.ts";
import { easierNumbers, hardness } from "./smaller/types.ts";

/** Elements of an array that are made simpler one by one. */
const mostElements = 256;

/** Arguments whose elements are as easy to read as `shows` allows; it is asked until `mayGoOn` says no. */
export function simplestInputs(
  given: readonly NdArray[],
  shows: (args: readonly NdArray[]) => boolean,
  mayGoOn: () => boolean,
): readonly NdArray[] {
  let args = given;
  const take = (i: number, data: NdArray["data"]): boolean => {
    if (!mayGoOn()) return false;
    const candidate = args.map((a, k) => (k === i ? { ...a, data } : a));
    if (!shows(candidate)) return false;
    args = candidate;
    return true;
  };
  for (const i of given.keys()) {
    const { dtype, data } = args[i];
    const filled = [0, 1, 2].map((x) => data.map(() => x));
    const counted = data.map((_, k) => (dtype === "bool" ? k % 2 : k + 1));
    for (const all of [...filled, counted]) if (hardnessOf(all) < hardnessOf(data) && take(i, all)) break;
    for (let k = 0; k < Math.min(mostElements, args[i].data.length); k++) easeElement(args[i], k, (d) => take(i, d));
  }
  return args;
}

function easeElement({ dtype, data }: NdArray, k: number, take: (data: NdArray["data"]) => boolean): void {
  const own = data[k];
  for (const x of easierNumbers(own)) {
    const rounded = dtype === "bool" && x !== 0 && x !== 1 ? own : dtypes[dtype].round(x);
    if (hardness(rounded) >= hardness(own)) continue;
    const easier = data.slice();
    easier[k] = rounded;
    if (take(easier)) return;
  }
}

function hardnessOf(data: NdArray["data"]): number {
  let sum = 0;
  for (const x of data) sum += hardness(x);
  return sum;
}
