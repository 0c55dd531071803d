// Calls of compiled code: arguments get into memory, where they are not there, and results stay in it or are copied out.

import { type DType, type Func, type NdArray, ndscalar, rankedOf, type Signature } from "../../ir/index.ts";
import { Binder, DeferredArray } from "../../runtime/index.ts";
import type { Executable } from "../backend.ts";
import type { Heap } from "./heap.ts";
import type { Global } from "./host.ts";
import type { HostLists } from "./host-lists.ts";
import { arrayOf, changedBy, type Layout, layOutBy } from "./layout.ts";
import type { Given, Residents } from "./residents.ts";
import { dtypeOf } from "./values.ts";

export type Generated = (...args: (number | bigint)[]) => number | bigint | readonly (number | bigint)[] | undefined;

/** The code of a module, and what its calls share with those of others. */
export interface Program {
  readonly entry: Generated;
  /** What is constant, and where compiled code looks for it: at 0 where that is not in memory. */
  readonly constants: { readonly bytes: Uint8Array; readonly at: Global };
  readonly heap: Heap;
  readonly residents: Residents;
  readonly lists: HostLists;
  /** How large memory may become; null for all that it can have. */
  readonly limit: number | null;
  /** Whether somebody watches while it runs, who would see a call twice that is made again. */
  readonly isWatched: boolean;
}

/** A number of rank 0, or an array. */
export type Result = number | NdArray;

/** A call on sizes, in the order of the signature's symbols, and on arguments that fit. */
export type ArrayCall = (sizes: readonly number[], given: readonly Given[]) => readonly Result[];

/** Calls of the program. One that finds no room is made again in a heap from which everything else has left. */
export function arrayCall(program: Program, func: Func, signature: Signature): ArrayCall {
  const { heap, residents, isWatched } = program;
  const call = oneCall(program, func, signature);
  return (sizes, given) => {
    try {
      return call(sizes, given);
    } catch (error) {
      if (!heap.isRefusal(error) || isWatched || !residents.makeRoom()) throw error;
      return call(sizes, given);
    }
  };
}

/** A call: its symbols, its arguments, then memory for results of rank above 0. */
function oneCall(program: Program, func: Func, signature: Signature): ArrayCall {
  const { heap, residents, lists, entry, limit } = program;
  const { arguments: types, results, symbols } = signature;
  const passArgument = argumentPasser(heap, func, types.length);
  const changed = changedBy(func, signature);
  const order = func.symbols.map((s) => symbols.indexOf(s));
  const dtypes = results.map((type) => rankedOf(type).dtype);
  const layOut = layOutBy(heap, residents, func, signature);
  const passOutputs = (layout: Layout, passed: (number | bigint)[]): void => {
    let next = types.length;
    for (let k = 0; k < changed.length; k++) {
      const output = layout.results[k];
      if (output === null || changed[k] !== null) continue;
      if (func.roles[next++] === "zeroed") heap.zero(output.at, output.bytes);
      passed.push(output.at);
    }
  };
  return (sizes, given) => {
    const top = heap.top.value;
    const mark = lists.count;
    const isOutermost = residents.enter(limit);
    let mayForget = false;
    try {
      if (program.constants.bytes.length > 0) mayForget = !settleConstants(program, isOutermost);
      const layout = layOut(sizes, given, isOutermost, top >>> 0);
      heap.reserve(layout.stack.end);
      heap.top.value = layout.stack.end | 0;
      const passed: (number | bigint)[] = order.map((i) => (i < 0 ? 0n : BigInt(sizes[i])));
      for (let i = 0; i < given.length; i++) passed.push(passArgument(given[i], i, layout));
      passOutputs(layout, passed);
      if (mayForget) program.constants.at.value = heap.place(program.constants.bytes);
      const returned = entry(...passed);
      let scalar = 0;
      return layout.results.map((output, k) => {
        if (output === null) return numberOf(dtypes[k], Array.isArray(returned) ? returned[scalar++] : returned);
        return arrayOf(output, heap, residents);
      });
    } finally {
      if (mayForget) program.constants.at.value = 0;
      lists.count = mark;
      heap.top.value = top;
      residents.leave();
    }
  };
}

/** Gives what is passed for an argument: a number, or where its elements are. Those on the stack are written there. */
function argumentPasser(heap: Heap, { body, roles }: Func, count: number) {
  const expected = body.arguments.slice(0, count).map((v) => dtypeOf(v.type));
  return (x: Given, i: number, { arguments: places, stack }: Layout): number | bigint => {
    if (typeof x === "number") return expected[i] === "index" ? BigInt(x) : x;
    const at = places[i];
    if (at < stack.start) return at;
    const elements = ArrayBuffer.isView(x) ? x : x.data;
    if (roles[i] === "zeroed") heap.zero(at, elements.byteLength);
    else heap.write(at, expected[i], elements);
    return at;
  };
}

/**
 * Has the constants in a slot. False where there is none, and no new one inside of a call: they are then on the stack until
 * the call ends.
 */
function settleConstants({ constants, heap, residents }: Program, isOutermost: boolean): boolean {
  const { bytes, at } = constants;
  if (at.value !== 0) {
    residents.find(constants);
    return true;
  }
  if (!isOutermost) return false;
  const address = residents.take(bytes.length);
  heap.write(address, "u8", bytes);
  residents.keep(constants, address, () => {
    at.value = 0;
  });
  at.value = address;
  return true;
}

/** Calls on arrays, of which all is checked. Those that are at hand are the user's, who may change them later: they do not stay. */
export function runner(call: ArrayCall, func: Func, signature: Signature): Executable["run"] {
  const { arguments: values } = func.body;
  const binder = new Binder(
    signature,
    values.map((v) => v.name),
  );
  const isMemory = values.map(({ type }) => type.kind === "memref");
  const changed = changedBy(func, signature);
  const mayStay = signature.arguments.map((_, i) => func.roles[i] === "in" || changed.includes(i));
  const made = signature.results.map((type) => rankedOf(type));
  const passed = (array: NdArray, i: number): Given => {
    if (!isMemory[i]) return array.data[0];
    return array instanceof DeferredArray && array.isPending && mayStay[i] ? array : array.data;
  };
  return (given) => {
    const sizes = binder.check(given);
    const results = call(
      signature.symbols.map((s) => sizes.get(s) ?? 0),
      given.map(passed),
    );
    return results.map((x, k) => (typeof x === "number" ? ndscalar(made[k].dtype, x) : x));
  };
}

function numberOf(dtype: DType, x: number | bigint | undefined): number {
  const number = Number(x);
  return dtype === "u32" ? number >>> 0 : number;
}
