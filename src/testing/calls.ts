// Calls that show a fault: what they are given, how they are told, and smaller ones that may show it, too.

import { dtypes, findFunc, type Module, type NdArray, sizeOf } from "../ir/index.ts";
import type { Call, Dims } from "./generate/program.ts";
import { argumentsOf, showArray } from "./values.ts";

/** `@main(f64 (1))`; `vmap(@main, mapped = [0])(f64[2] (1, 2))`; `@main(f64 (1)) along f64 (1), cotangents f64 (1)` */
export function showCall({ entry, args, mapped = [], directions = {} }: Call): string {
  const callee = mapped.reduce((inner, list) => `vmap(${inner}, mapped = [${list.join(", ")}])`, `@${entry}`);
  const { tangents, cotangents, weights } = directions;
  const list = (arrays: readonly NdArray[]): string => arrays.map(showArray).join(", ");
  const more = [
    tangents === undefined ? "" : ` along ${list(tangents)}`,
    cotangents === undefined ? "" : `, cotangents ${list(cotangents)}`,
    weights === undefined ? "" : `, weights ${list(weights)}`,
  ];
  return `${callee}(${list(args)})${more.join("")}`;
}

/** All arrays of a call: its arguments first. */
export function inputsOf({ args, directions = {} }: Call): readonly NdArray[] {
  return [...args, ...Object.values(directions).flat()];
}

/** The call on other arrays, in the order of `inputsOf`. */
export function withInputs(call: Call, inputs: readonly NdArray[]): Call {
  const { args, directions } = call;
  // what did not change stays the same list, so that one can tell whose fault is found
  const next = args.every((a, i) => a === inputs[i]) ? args : inputs.slice(0, args.length);
  if (directions === undefined) return { ...call, args: next };
  let start = args.length;
  const lists = Object.entries(directions).map(([name, list]: [string, readonly NdArray[]]) => {
    start += list.length;
    return [name, inputs.slice(start - list.length, start)] as const;
  });
  return { ...call, args: next, directions: Object.fromEntries(lists) };
}

/** The most places in arrays from which elements are kept where they are cut. */
const mostPlaces = 6;

/**
 * The same call of a smaller module: arguments that are left keep what they are given, and new ones get an ordinary sample.
 * Where arrays are cut to their shapes, one call keeps their first elements, others those behind: nobody says which of them
 * show the fault. None where it is of no function any more, or maps nothing.
 */
export function* keptCalls(call: Call, before: Module, after: Module, sizes: Dims): Generator<Call> {
  const first = keptCall(call, before, after, { sizes, place: 0 });
  if (first === null) return;
  yield first;
  const count = (args: readonly NdArray[]): number => args.reduce((n, { data }) => Math.max(n, data.length), 0);
  const [from, to] = [count(call.args), count(first.args)];
  for (let place = 1; to < from && place < Math.min(from, mostPlaces); place++) {
    const next = keptCall(call, before, after, { sizes, place });
    if (next !== null) yield next;
  }
}

/** Of which sizes, and the place of the first element that is kept of what is cut. */
interface Cut {
  readonly sizes: Dims;
  readonly place: number;
}

function keptCall(call: Call, before: Module, after: Module, { sizes, place }: Cut): Call | null {
  const { entry, args, mapped, directions } = call;
  const [earlier, func] = [findFunc(before, entry), findFunc(after, entry)];
  if (earlier === undefined || func === undefined) return null;
  const [sampled] = argumentsOf(func, { sizes }, [0]);
  if (sampled === undefined) return null;
  const isRetyped = func.body.arguments.length === earlier.body.arguments.length;
  const origins = func.body.arguments.map((a, i) => {
    const at = earlier.body.arguments.indexOf(a);
    return at < 0 && isRetyped ? i : at;
  });
  const leadingOf = (at: number): number => (mapped ?? []).filter((list) => list.includes(at)).length;
  const kept = origins.map((at, i) => (at < 0 ? sampled[i] : likeSample(args[at], sampled[i], leadingOf(at), place)));
  const renumbered = mapped?.map((list) => origins.flatMap((at, i) => (list.includes(at) ? [i] : [])));
  const left = renumbered?.filter((list) => list.length > 0);
  if (left?.length === 0) return null;
  return { entry, args: kept, ...(left === undefined ? {} : { mapped: left }), ...(directions && { directions }) };
}

/** The array, each of its elements along `leading` axes cut to the shape of a sample from a place on, in that one's dtype. */
function likeSample(array: NdArray, { dtype, shape }: NdArray, leading: number, place: number): NdArray {
  const own = array.shape.slice(leading);
  if (array.dtype === dtype && own.join() === shape.join()) return array;
  const { array: Data, round } = dtypes[dtype];
  const outer = array.shape.slice(0, leading);
  const [from, to] = [sizeOf(own), sizeOf(shape)];
  const start = to < from ? place : 0;
  const element = (i: number): number =>
    array.data[Math.floor(i / to) * from + ((start + (i % to)) % Math.max(1, from))] ?? 0;
  const data = new Data(sizeOf(outer) * to).map((_, i) => round(element(i)));
  return { dtype, shape: [...outer, ...shape], data };
}

/** Calls that map less: over one axis, fewer arguments, fewer elements; those that leave out most come first. */
export function* smallerCalls({ mapped = [], ...call }: Call): Generator<Call> {
  const axisOf = (level: number, i: number): number => mapped.slice(level + 1).filter((l) => l.includes(i)).length;
  const without = (level: number, gone: readonly number[], index: number): Call => ({
    ...call,
    args: call.args.map((a, i) => (gone.includes(i) ? elementsAt(a, axisOf(level, i), [index], true) : a)),
    mapped: mapped.flatMap((list, l) => {
      const left = l === level ? list.filter((i) => !gone.includes(i)) : list;
      return left.length === 0 ? [] : [left];
    }),
  });
  const countOf = (level: number): number => {
    const [i] = mapped[level];
    return call.args[i].shape[axisOf(level, i)];
  };
  const levels = mapped.map((_, level) => level).reverse();
  for (const level of mapped.length > 1 ? levels : [])
    for (let index = 0; index < countOf(level); index++) yield without(level, mapped[level], index);
  for (const level of levels)
    for (const i of mapped[level].length > 1 ? mapped[level] : []) yield without(level, [i], 0);
  for (const level of levels) {
    const count = countOf(level);
    const all = Array.from({ length: count }, (_, k) => k);
    const pairs = all.flatMap((a) => all.slice(a + 1).map((b) => [a, b]));
    for (const indices of [...all.map((k) => [k]), ...pairs]) {
      if (indices.length >= count) continue;
      const args = call.args.map((a, i) =>
        mapped[level].includes(i) ? elementsAt(a, axisOf(level, i), indices, false) : a,
      );
      yield { ...call, mapped, args };
    }
  }
}

/** Some elements along an axis; of a single one the axis may go. */
function elementsAt(
  { dtype, shape, data }: NdArray,
  axis: number,
  indices: readonly number[],
  drops: boolean,
): NdArray {
  const [outer, inner] = [shape.slice(0, axis), shape.slice(axis + 1)];
  const size = sizeOf(inner);
  const next = [...outer, ...(drops ? [] : [indices.length]), ...inner];
  const taken = new dtypes[dtype].array(sizeOf(next));
  let at = 0;
  for (let o = 0; o < sizeOf(outer); o++) {
    for (const k of indices) {
      const start = (o * shape[axis] + k) * size;
      taken.set(data.subarray(start, start + size), at);
      at += size;
    }
  }
  return { dtype, shape: next, data: taken };
}
