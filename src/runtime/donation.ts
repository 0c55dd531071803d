// Arrays that were given away: whoever asks for their elements from then on is told where that was.

import { fail, formatOrigin, type NdArray, type Origin } from "../ir/index.ts";

const holders: ((array: NdArray) => void)[] = [];

/** `forget` is called with each array that is given away: copies of its elements are wanted no more. */
export function onDonation(forget: (array: NdArray) => void): void {
  holders.push(forget);
}

/** The array has no elements from now on; `what` says which argument of which function it was, and `at` where that was called. */
export function giveAway(array: NdArray, what: string, at: Origin): void {
  Object.defineProperty(array, "data", {
    enumerable: true,
    configurable: true,
    get: () =>
      fail("argument", `a tensor was ${what}, donated at ${formatOrigin(at)}, and has no elements any more`, {
        hint: "use what that call gave, or donate no argument that is used again",
      }),
  });
  for (const forget of holders) forget(array);
}
