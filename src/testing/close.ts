// Comparison of programs that compute the same in different orders, as derivatives and rewrites of class `fast` do: nearly
// equal results on ordinary numbers.

import { type Func, isFloat, type Module, type NdArray, signatureOf } from "../ir/index.ts";
import { expectedOf, type Fault, run } from "./compare.ts";
import type { Dims } from "./generate/programs.ts";
import { showNumber } from "./outcome.ts";
import { sampleArguments, showArray } from "./values.ts";

/** The relative size of the change of inputs that shows how results react to rounding. */
const change = { f64: 2 ** -38, f32: 2 ** -14 };
/** How much more than that results may differ, and how much in any case, relative to the largest element. */
const factor = 8;
const least = { f64: 2 ** -40, f32: 2 ** -16 };

/**
 * The first ordinary call for which a public function gives something else than rounding explains. How far rounding goes is
 * measured: the earlier version runs on inputs that are changed a little, and what its results change by is allowed, so that
 * a badly conditioned program is no false alarm.
 */
export function closeFault(before: Module, after: Module, sizes: Dims, seeds: readonly number[]): Fault | null {
  for (const func of before.funcs) {
    if (func.visibility !== "public") continue;
    for (const seed of seeds) {
      if (seed % 2 !== 0) continue;
      const fault = faultAt(before, after, func, sampleArguments(signatureOf(func), sizes, seed));
      if (fault !== null) return fault;
    }
  }
  return null;
}

function faultAt(before: Module, after: Module, { name: entry }: Func, args: readonly NdArray[]): Fault | null {
  const expected = expectedOf(before, entry, args)?.results;
  if (expected === undefined || typeof expected === "string") return null;
  const nearby = [1, -1].map(
    (sign) =>
      run(
        before,
        entry,
        args.map((a) => moved(a, sign)),
      ).results,
  );
  if (nearby.some((r) => typeof r === "string")) return null;
  const got = run(after, entry, args).results;
  const call = { entry, args };
  if (typeof got === "string")
    return { message: `@${entry}: got ${got}, expected ${expected.map(showArray).join("; ")}`, call };
  for (const [i, want] of expected.entries()) {
    const at = firstFar(
      want,
      nearby.map((r) => (r as readonly NdArray[])[i]),
      got[i],
    );
    if (at < 0) continue;
    const values = `${showNumber(got[i].data[at])}, expected nearly ${showNumber(want.data[at])}`;
    return {
      message: `@${entry}: result ${i} is ${values} at element ${at} of ${want.dtype}[${want.shape.join(", ")}]`,
      call,
    };
  }
  return null;
}

/** The array with each float moved a little, now up and now down. */
function moved(array: NdArray, sign: number): NdArray {
  const { dtype } = array;
  if (dtype !== "f64" && dtype !== "f32") return array;
  return { ...array, data: array.data.map((x, i) => x * (1 + sign * (i % 2 === 0 ? 1 : -0.7) * change[dtype])) };
}

/** The first element that differs by more than rounding; -1 for none. Elements that are not finite are left out. */
function firstFar(want: NdArray, nearby: readonly NdArray[], got: NdArray): number {
  if (want.dtype !== "f64" && want.dtype !== "f32") {
    return want.data.findIndex((x, i) => x !== got.data[i] && nearby.every((n) => n.data[i] === x));
  }
  let largest = 0;
  for (const x of want.data) if (Number.isFinite(x)) largest = Math.max(largest, Math.abs(x));
  if (!isFloat(want.dtype)) return -1;
  const floor = least[want.dtype] * largest;
  return want.data.findIndex((x, i) => {
    const reached = Math.max(...nearby.map((n) => Math.abs(n.data[i] - x)));
    if (!Number.isFinite(x) || !Number.isFinite(reached)) return false;
    return !(Math.abs(got.data[i] - x) <= floor + factor * reached);
  });
}
