// Calls of compiled code: arguments are copied into memory, results out of it.

import {
  type Dim,
  type DType,
  evaluateDim,
  type Func,
  finalContents,
  type NdArray,
  ndscalar,
  rankedOf,
  type Signature,
  type TypedArray,
} from "../../ir/index.ts";
import { allocateChecked, Binder } from "../../runtime/index.ts";
import type { Executable } from "../backend.ts";
import type { Heap } from "./heap.ts";
import type { Global } from "./host.ts";
import type { HostLists } from "./host-lists.ts";
import { aligned, dtypeOf } from "./values.ts";

export type Generated = (...args: (number | bigint)[]) => number | bigint | readonly (number | bigint)[] | undefined;

/** The code of a module, and what its calls share with those of others. */
export interface Program {
  readonly entry: Generated;
  /** What is constant, and where compiled code looks for it: at 0 while no call is in progress. */
  readonly constants: { readonly bytes: Uint8Array; readonly at: Global };
  readonly heap: Heap;
  readonly lists: HostLists;
}

/** A number of rank 0, or an array. */
export type Result = number | NdArray;

/** A call on sizes, in the order of the signature's symbols, and on arguments that fit: numbers of rank 0, and elements. */
export type ArrayCall = (sizes: readonly number[], given: readonly (number | TypedArray)[]) => readonly Result[];

/** An array that a call gives: fresh, and where it is in memory. */
interface Output {
  readonly array: NdArray;
  readonly at: number;
}

/** Calls of the program: its symbols, its arguments, then memory for results of rank above 0. */
export function arrayCall(program: Program, func: Func, signature: Signature): ArrayCall {
  const { heap, lists, entry } = program;
  const { arguments: types, results, symbols } = signature;
  const given = func.body.arguments.slice(0, types.length).map((v) => dtypeOf(v.type));
  const made = results.map((type) => rankedOf(type));
  const changed = changedBy(func, signature);
  const order = func.symbols.map((s) => symbols.indexOf(s));
  const layOut = layOutBy(signature, changed);
  return (sizes, elements) => {
    const top = heap.top.value;
    const mark = lists.count;
    try {
      const { addresses, outputs, end } = layOut(top >>> 0, sizes, elements);
      heap.reserve(end);
      heap.top.value = end | 0;
      const passed: (number | bigint)[] = order.map((i) => (i < 0 ? 0n : BigInt(sizes[i])));
      for (let i = 0; i < elements.length; i++) {
        const x = elements[i];
        if (typeof x === "number") passed.push(given[i] === "index" ? BigInt(x) : x);
        else {
          if (func.roles[i] === "zeroed") heap.zero(addresses[i], x.byteLength);
          else heap.write(addresses[i], given[i], x);
          passed.push(addresses[i]);
        }
      }
      let next = types.length;
      for (let k = 0; k < outputs.length; k++) {
        const output = outputs[k];
        if (output === null || changed[k] !== null) continue;
        if (func.roles[next++] === "zeroed") heap.zero(output.at, output.array.data.byteLength);
        passed.push(output.at);
      }
      const returned = withConstants(program, () => entry(...passed));
      let scalar = 0;
      return outputs.map((output, k) => {
        if (output === null) return numberOf(made[k].dtype, Array.isArray(returned) ? returned[scalar++] : returned);
        heap.read(output.at, output.array);
        return output.array;
      });
    } finally {
      lists.count = mark;
      heap.top.value = top;
    }
  };
}

/** The argument in whose memory each result is in the end; null for one with memory of its own. */
function changedBy({ roles }: Func, signature: Signature): readonly (number | null)[] {
  return finalContents(signature).map((i) => (i !== null && roles[i] === "inout" ? i : null));
}

/** Lays arguments and results out from `start` on. */
function layOutBy({ results, symbols, name }: Signature, changed: readonly (number | null)[]) {
  const made = results.map((type) => rankedOf(type));
  const extentsOf = made.map(({ shape }) => extentsBy(shape, symbols));
  return (start: number, sizes: readonly number[], elements: readonly (number | TypedArray)[]) => {
    let end = start;
    const place = (bytes: number): number => {
      const at = end;
      end = aligned(at + bytes);
      return at;
    };
    const addresses = elements.map((x) => (typeof x === "number" ? 0 : place(x.byteLength)));
    const outputs = made.map(({ dtype, shape }, k): Output | null => {
      if (shape.length === 0) return null;
      const array = allocateChecked(dtype, extentsOf[k](sizes), `result ${k} of @${name}`);
      const argument = changed[k];
      return { array, at: argument === null ? place(array.data.byteLength) : addresses[argument] };
    });
    return { addresses, outputs, end };
  };
}

/** Extents from the sizes of symbols. */
function extentsBy(shape: readonly Dim[], symbols: readonly string[]): (sizes: readonly number[]) => readonly number[] {
  const known = shape.filter((d) => typeof d === "number");
  if (known.length === shape.length) return () => known;
  return (sizes) => shape.map((d) => evaluateDim(d, (name) => sizes[symbols.indexOf(name)]));
}

/** Calls on arrays, of which all is checked. */
export function runner(call: ArrayCall, { body }: Func, signature: Signature): Executable["run"] {
  const binder = new Binder(
    signature,
    body.arguments.map((v) => v.name),
  );
  const isMemory = body.arguments.map(({ type }) => type.kind === "memref");
  const made = signature.results.map((type) => rankedOf(type));
  return (given) => {
    const sizes = binder.check(given);
    const results = call(
      signature.symbols.map((s) => sizes.get(s) ?? 0),
      given.map(({ data }, i) => (isMemory[i] ? data : data[0])),
    );
    return results.map((x, k) => (typeof x === "number" ? ndscalar(made[k].dtype, x) : x));
  };
}

/** Runs compiled code with its constants in memory; a call inside of another one finds them there. */
function withConstants<T>({ constants: { bytes, at }, heap }: Program, run: () => T): T {
  if (bytes.length === 0 || at.value !== 0) return run();
  at.value = heap.place(bytes);
  try {
    return run();
  } finally {
    at.value = 0;
  }
}

function numberOf(dtype: DType, x: number | bigint | undefined): number {
  const number = Number(x);
  return dtype === "u32" ? number >>> 0 : number;
}
