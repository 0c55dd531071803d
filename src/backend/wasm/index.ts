// The WebAssembly backend: IR at the vector level → bytes → an instance over the heap that all share.

import {
  AdjointError,
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
import { rangeMessage } from "../../ops/index.ts";
import { allocateChecked, Binder } from "../../runtime/index.ts";
import type { BackendOptions, Executable, SynchronousBackend } from "../backend.ts";
import { environment } from "./binary.ts";
import type { HostFunction } from "./context.ts";
import { type Heap, sharedHeap } from "./heap.ts";
import { host, requireHost } from "./host.ts";
import { HostLists } from "./host-lists.ts";
import { ModuleWriter, type Tables } from "./module-writer.ts";
import { dtypeOf } from "./values.ts";
import { watOf } from "./wat.ts";

type Generated = (...args: (number | bigint)[]) => number | bigint | readonly (number | bigint)[] | undefined;

const lists = new HostLists();

export const wasmBackend: SynchronousBackend = {
  name: "wasm",
  level: "loop",
  isAvailable: () => host !== undefined,
  compile(module: Module, options: BackendOptions): Executable {
    const heap = sharedHeap();
    const writer = new ModuleWriter(module, heap);
    const bytes = writer.write(options.entry);
    const called = hostOf(heap, writer.tables, options);
    const imports = {
      memory: heap.memory,
      top: heap.top,
      ...Object.fromEntries(writer.records),
      ...Object.fromEntries(writer.hostFunctions.map(([key, name]) => [key, called[name]])),
    };
    const { exports } = new (requireHost().Instance)(new (requireHost().Module)(bytes), { [environment]: imports });
    const nothing = () => null;
    return {
      run: runner(module, options, exports.entry as Generated, heap),
      scalar: null,
      native: nothing,
      bind: nothing,
      source: watOf(bytes, writer.names),
      standalone: nothing,
    };
  },
};

/** What compiled code calls. */
function hostOf(
  heap: Heap,
  tables: Tables,
  { observe }: BackendOptions,
): Readonly<Record<HostFunction, (...args: never[]) => unknown>> {
  return {
    ...lists.host,
    reserve: (end: number) => heap.reserve(end),
    check(number: number, ...steps: number[]) {
      const { message, origin } = tables.checks[number];
      throw new AdjointError("check", `check failed: ${message}`, { origin, iterations: steps.filter(isAround) });
    },
    range(number: number, index: number, extent: number, size: number, ...rest: number[]) {
      const { of, axis, elements, origin } = tables.ranges[number];
      throw new AdjointError("range", rangeMessage(index, axis, extent, size, rest.slice(0, elements)), {
        origin,
        iterations: rest.slice(elements).filter(isAround),
        subject: of,
      });
    },
    probe(number: number, x: number, ...shape: number[]) {
      const { name, dtype, isMemory, origin } = tables.probes[number];
      if (!isMemory) observe?.(name, ndscalar(dtype, x), origin);
      else {
        const value = allocate(dtype, shape);
        heap.read(x, value.data);
        observe?.(name, value, origin);
      }
    },
  };
}

/** A call in fewer loops than others of its function says so of the last steps. */
function isAround(step: number): boolean {
  return step >= 0;
}

/** Calls compiled code with arrays: symbols, arguments, then memory for the results of rank above 0. */
function runner(
  module: Module,
  { entry, signature }: BackendOptions,
  generated: Generated,
  heap: Heap,
): Executable["run"] {
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
        const returned = generated(...passed);
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

function numberOf({ dtype }: TensorType, x: number | bigint | undefined): number {
  const number = Number(x);
  return dtype === "u32" ? number >>> 0 : number;
}
