// Where the arguments and results of a call are: in slots what may stay, on the stack what is gone when it ends.

import {
  type Dim,
  type DType,
  dtypes,
  evaluateDim,
  type Func,
  finalContents,
  type NdArray,
  rankedOf,
  type Signature,
} from "../../ir/index.ts";
import { allocateChecked, checkedSize } from "../../runtime/index.ts";
import type { Heap } from "./heap.ts";
import { HeapArray } from "./heap-array.ts";
import { bytesOfArray, fewest, type Given, type Residents } from "./residents.ts";
import { aligned } from "./values.ts";

/** A result of rank above 0, and where it is. */
export interface Output {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly at: number;
  /** Whether that is a slot. */
  readonly stays: boolean;
}

/** Where the arguments are, of which numbers are nowhere, and the results. */
export interface Layout {
  readonly arguments: readonly number[];
  readonly results: readonly (Output | null)[];
  /** What is on the stack, where nothing is written yet: all of it lies behind all slots. */
  readonly stack: { readonly start: number; readonly end: number };
}

export type LayOut = (sizes: readonly number[], given: readonly Given[], isOutermost: boolean, top: number) => Layout;

/** Lays the calls of a function out: slots first, since the stack of an outermost call begins behind all of them. */
export function layOutBy(heap: Heap, residents: Residents, func: Func, signature: Signature): LayOut {
  const changed = changedBy(func, signature);
  const results = signature.results.map((type, k) => {
    const { dtype, shape } = rankedOf(type);
    const extents = extentsBy(shape, signature.symbols);
    return { dtype, extents, rank: shape.length, label: `result ${k} of @${signature.name}` };
  });
  /** An array in a slot; 0 where there is none for it. */
  const slotOf = (array: NdArray, isChanged: boolean, isOutermost: boolean): number => {
    if (!isOutermost) return isChanged ? 0 : (residents.find(array) ?? 0);
    if (!isChanged) return residents.place(array);
    const from = residents.find(array);
    const at = residents.take(bytesOfArray(array));
    if (from === null) heap.write(at, array.dtype, array.data);
    else heap.copy(at, from, bytesOfArray(array));
    return at;
  };
  const outputOf = (k: number, sizes: readonly number[], places: readonly number[], isOutermost: boolean) => {
    const { dtype, extents, rank, label } = results[k];
    if (rank === 0) return null;
    const shape = extents(sizes);
    const bytes = checkedSize(shape, label) * dtypes[dtype].bytes;
    const argument = changed[k];
    if (argument !== null) return { dtype, shape, bytes, at: places[argument], stays: places[argument] !== 0 };
    const stays = isOutermost && bytes >= fewest;
    return { dtype, shape, bytes, at: stays ? residents.take(bytes) : 0, stays };
  };
  return (sizes, given, isOutermost, top) => {
    const places: number[] = [];
    const outputs: (({ at: number } & Output) | null)[] = [];
    for (let i = 0; i < given.length; i++) {
      const x = given[i];
      const isElsewhere = typeof x === "number" || ArrayBuffer.isView(x);
      places.push(isElsewhere ? 0 : slotOf(x, changed.includes(i), isOutermost));
    }
    for (let k = 0; k < results.length; k++) outputs.push(outputOf(k, sizes, places, isOutermost));
    const start = isOutermost ? residents.end : top;
    let end = start;
    for (let i = 0; i < given.length; i++) {
      const x = given[i];
      if (places[i] !== 0 || typeof x === "number") continue;
      places[i] = end;
      end = aligned(end + (ArrayBuffer.isView(x) ? x.byteLength : bytesOfArray(x)));
    }
    for (let k = 0; k < outputs.length; k++) {
      const output = outputs[k];
      if (output === null || output.at !== 0) continue;
      const argument = changed[k];
      output.at = argument === null ? end : places[argument];
      if (argument === null) end = aligned(end + output.bytes);
    }
    return { arguments: places, results: outputs, stack: { start, end } };
  };
}

/** The argument in whose memory each result is in the end; null for one with memory of its own. */
export function changedBy({ roles }: Func, signature: Signature): readonly (number | null)[] {
  return finalContents(signature).map((i) => (i !== null && roles[i] === "inout" ? i : null));
}

/** The array of a result: what stays is there until it has to leave. */
export function arrayOf({ dtype, shape, at, stays }: Output, heap: Heap, residents: Residents): NdArray {
  if (stays) {
    const array = new HeapArray(dtype, shape, heap, at);
    residents.keep(array, at, () => array.elements());
    return array;
  }
  const array = allocateChecked(dtype, shape, "a result");
  heap.read(at, array);
  return array;
}

/** Extents from the sizes of symbols. */
function extentsBy(shape: readonly Dim[], symbols: readonly string[]): (sizes: readonly number[]) => readonly number[] {
  const known = shape.filter((d) => typeof d === "number");
  if (known.length === shape.length) return () => known;
  return (sizes) => shape.map((d) => evaluateDim(d, (name) => sizes[symbols.indexOf(name)]));
}
