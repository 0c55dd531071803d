// Calls of compiled code: arguments are copied into memory, results out of it.

import {
  allocate,
  evaluateDim,
  finalContents,
  type Module,
  type NdArray,
  ndscalar,
  requireFunc,
  sizeOf,
  type TensorType,
} from "../../ir/index.ts";
import { allocateChecked, Binder } from "../../runtime/index.ts";
import type { BackendOptions, Executable } from "../backend.ts";
import type { Heap } from "./heap.ts";
import type { Global } from "./host.ts";
import type { HostLists } from "./host-lists.ts";
import { dtypeOf } from "./values.ts";

export type Generated = (...args: (number | bigint)[]) => number | bigint | readonly (number | bigint)[] | undefined;

/** The code of a module, and what its calls share with those of others. */
export interface Program {
  readonly entry: Generated;
  /** What is constant, and where compiled code looks for it: at 0 while no call is in progress. */
  readonly constants: { readonly bytes: Uint8Array; readonly at: Global };
  readonly heap: Heap;
  readonly lists: HostLists;
}

/** Calls compiled code with arrays: symbols, arguments, then memory for the results of rank above 0. */
export function runner(module: Module, { entry, signature }: BackendOptions, program: Program): Executable["run"] {
  const { heap, lists } = program;
  const func = requireFunc(module, entry);
  const binder = new Binder(
    signature,
    func.body.arguments.map((a) => a.name),
  );
  const contents = finalContents(signature);
  const results = signature.results as readonly TensorType[];
  return (given) => {
    const sizes = binder.check(given);
    return heap.frame(() =>
      lists.frame(() => {
        const passed: (number | bigint)[] = func.symbols.map((s) => BigInt(sizes.get(s) ?? 0));
        const addresses: (number | null)[] = given.map((array, i) => {
          const { type } = func.body.arguments[i];
          if (type.kind !== "memref") {
            passed.push(dtypeOf(type) === "index" ? BigInt(array.data[0]) : array.data[0]);
            return null;
          }
          const address = heap.place(func.roles[i] === "zeroed" ? array.data.slice().fill(0) : array.data);
          passed.push(address);
          return address;
        });
        let next = given.length;
        const outputs = results.map((type, k) => {
          const argument = contents[k];
          if (argument !== null && func.roles[argument] === "inout")
            return { array: allocate(type.dtype, given[argument].shape), address: addresses[argument] };
          if (type.shape.length === 0) return null;
          const shape = type.shape.map((d) => evaluateDim(d, (name) => sizes.get(name)));
          const array = allocateChecked(type.dtype, shape, `result ${k} of @${signature.name}`);
          const address = heap.space(array.data.byteLength);
          if (func.roles[next++] === "zeroed")
            new Uint8Array(heap.memory.buffer, address, array.data.byteLength).fill(0);
          passed.push(address);
          return { array, address };
        });
        const returned = withConstants(program, () => program.entry(...passed));
        const scalars = Array.isArray(returned) ? returned : [returned];
        let at = 0;
        return results.map((type, k): NdArray => {
          const output = outputs[k];
          if (output === null) return ndscalar(type.dtype, numberOf(type, scalars[at++]));
          if (sizeOf(output.array.shape) > 0) heap.read(output.address ?? 0, output.array.data);
          return output.array;
        });
      }),
    );
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

function numberOf({ dtype }: TensorType, x: number | bigint | undefined): number {
  const number = Number(x);
  return dtype === "u32" ? number >>> 0 : number;
}
