// Sample values with everything special among them, and comparison bit for bit.

import {
  type DType,
  dtypes,
  evaluateDim,
  type Func,
  isFloat,
  type NdArray,
  rankedOf,
  type Signature,
  signatureOf,
  sizeOf,
} from "../ir/index.ts";
import { ordinary } from "./generate/literals.ts";
import type { Dims, Program } from "./generate/program.ts";
import { Random } from "./generate/random.ts";

const floats = [1, -0, 0, Number.NaN, 0.5, Infinity, -1.75, 5e-324, -Infinity, 3, 1e300, -2e-310, 0.1, -7, 1e-8];
const integers = [0, 1, 2, 3, 5, 31, 32, 100, 127, 128, 255];
const signed = [...integers, -1, -2, -100, -128, 2 ** 31 - 1, -(2 ** 31)];

/** The special and extreme values of each dtype, among ordinary ones. */
export const samples: Readonly<Record<DType, readonly number[]>> = {
  // f32 has the first as 1, and the second as 2²⁴
  f64: [...floats, Number.MAX_VALUE, 1 - 2 ** -40, 16777217],
  f32: [...floats, 1e-45, 3.4028234663852886e38, 1e-40].map(Math.fround),
  i32: signed,
  u32: [...integers, 2 ** 32 - 1, 2 ** 31],
  u8: integers,
  bool: [0, 1],
  index: integers,
};

/**
 * `count` elements of a dtype. Even seeds give ordinary numbers, whose sums round; odd ones give what is special and extreme
 * among others, from different places and in different strides.
 */
export function elementsOf(dtype: DType, count: number, seed: number): NdArray["data"] {
  const random = new Random(seed);
  const isOrdinary = seed % 2 === 0;
  const data = new dtypes[dtype].array(count);
  for (let i = 0; i < count; i++) data[i] = isOrdinary ? ordinary(random, dtype) : random.pick(samples[dtype]);
  return data;
}

/** Arguments for a signature of tensors, with these sizes. */
export function sampleArguments(signature: Signature, dims: Dims, seed: number): readonly NdArray[] {
  return signature.arguments.map((type, i) => {
    if (type.kind !== "tensor") throw new Error(`internal invariant broken: a sample of ${type.kind}`);
    const shape = rankedOf(type).shape.map((d) => evaluateDim(d, (name) => dims[name]));
    return { dtype: type.dtype, shape, data: elementsOf(type.dtype, sizeOf(shape), (seed % 2) + 2 * (seed * 31 + i)) };
  });
}

/** Integers become 0 or 1, as subscripts have to be small; floats and truth values stay. */
export function withSmallIntegers(array: NdArray): NdArray {
  return isFloat(array.dtype) || array.dtype === "bool"
    ? array
    : { ...array, data: array.data.map((x) => Math.abs(x) % 2) };
}

/** The arguments on which a function of a program is compared: those of the program's own call, or sampled ones. */
export function argumentsOf(
  func: Func,
  { sizes, call }: Pick<Program, "sizes" | "call">,
  seeds: readonly number[],
): readonly (readonly NdArray[])[] {
  if (call !== undefined) return call.entry === func.name ? [call.args] : [];
  const signature = signatureOf(func);
  // a list, or a tensor of any rank, has no samples
  if (signature.arguments.some((type) => type.kind !== "tensor")) return [];
  return seeds.map((seed) => sampleArguments(signature, sizes, seed));
}

/** The same dtypes, shapes and bits. */
export function sameArrays(a: readonly NdArray[], b: readonly NdArray[]): boolean {
  return a.length === b.length && a.every((x, i) => sameArray(x, b[i]));
}

function sameArray(a: NdArray, b: NdArray): boolean {
  if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join()) return false;
  return a.data.every((x, i) => Object.is(x, b.data[i]));
}

export function showArray(array: NdArray): string {
  const elements = [...array.data].map((x) => (Object.is(x, -0) ? "-0" : String(x)));
  const shape = array.shape.length === 0 ? "" : `[${array.shape.join(", ")}]`;
  return `${array.dtype}${shape} (${elements.join(", ")})`;
}
