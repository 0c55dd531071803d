// The WebAssembly backend: IR at the vector level → bytes → an instance over the memory that all share.

import { fail, type Module, messageOf, requireFunc } from "../../ir/index.ts";
import { wasm } from "../../target/index.ts";
import type { BackendOptions, Executable, SynchronousBackend } from "../backend.ts";
import { environment } from "./binary.ts";
import { bind } from "./binding.ts";
import { hostFunctions } from "./called.ts";
import { arrayCall, type Generated, runner } from "./calling.ts";
import { embedded } from "./embedded.ts";
import { globalOf } from "./heap.ts";
import { compilesVectors, isRefused, requireHost } from "./host.ts";
import { HostLists } from "./host-lists.ts";
import { ModuleWriter } from "./module-writer.ts";
import { sharedHeap } from "./residents.ts";
import { recordFunction } from "./scalar.ts";
import { watOf } from "./wat.ts";

const lists = new HostLists();

export const wasmBackend: SynchronousBackend = {
  name: "wasm",
  level: "vector",
  target: wasm,
  isAvailable: compilesVectors,
  compile(module: Module, options: BackendOptions): Executable {
    const { heap, residents } = sharedHeap();
    const writer = new ModuleWriter(module);
    const bytes = writer.write(options.entry);
    const constants = { bytes: writer.constants, at: globalOf(0) };
    const called = hostFunctions(heap, lists, writer.tables, options);
    const entry = instantiated(bytes, {
      memory: heap.memory,
      top: heap.top,
      constants: constants.at,
      ...Object.fromEntries([...writer.records].map(([key, operation]) => [key, recordFunction(operation)])),
      ...Object.fromEntries(writer.hostFunctions.map(([key, name]) => [key, called[name]])),
    });
    const func = requireFunc(module, options.entry);
    const { signature } = options;
    const isWatched = options.observe !== undefined && writer.tables.probes.length > 0;
    const limit = options.memory?.limit ?? null;
    const call = arrayCall({ entry, constants, heap, residents, lists, limit, isWatched }, func, signature);
    const nothing = () => null;
    return {
      run: runner(call, func, signature),
      scalar: null,
      native: nothing,
      bind: (form, holders) => bind(call, signature, form, holders),
      get source() {
        return textWriter()(bytes, writer.names);
      },
    };
  },
  embed(module, { entry, signature }) {
    if (broughtEmbedding === null) throw new Error("internal invariant broken: nothing writes modules");
    const writer = new ModuleWriter(module);
    const bytes = writer.write(entry);
    if (isRefused(bytes)) fail("no-eval", "the engine refuses the code");
    return broughtEmbedding(bytes, writer, requireFunc(module, entry), signature.arguments.length);
  },
};

/** Writes what standalone modules hold; null until whoever asks for one brings it. */
let broughtEmbedding: typeof embedded | null = null;

/** Brings what writes the part of standalone modules. */
export function bringEmbedding(): void {
  broughtEmbedding = embedded;
}

/** Writes modules as text; null until whoever shows that brings it. */
let broughtText: typeof watOf | null = null;

/** Brings what writes modules as text. */
export function bringWasmText(): void {
  broughtText = watOf;
}

function textWriter(): typeof watOf {
  return (
    broughtText ??
    fail("option", "source: what prints WebAssembly is not in this program", {
      hint: 'call bringTexts(), imported from "adjoint/mini", before',
    })
  );
}

/**
 * The entry of a module. What an engine's limits refuse has no code in WebAssembly: 50,000 locals, say, or on the main thread of
 * a page more than 8 MB, in Chromium before 114 more than 4 kB, which are a RangeError.
 */
function instantiated(bytes: Uint8Array<ArrayBuffer>, imports: Readonly<Record<string, unknown>>): Generated {
  const { Module, Instance, CompileError } = requireHost();
  try {
    return new Instance(new Module(bytes), { [environment]: imports }).exports.entry as Generated;
  } catch (cause) {
    if (!(cause instanceof CompileError || cause instanceof RangeError)) throw cause;
    return fail("no-eval", `the engine refuses the code: ${messageOf(cause)}`, { cause });
  }
}
