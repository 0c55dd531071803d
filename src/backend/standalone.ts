// A compiled function as a standalone module: its own code, or JavaScript that may hold WebAssembly.

import { AdjointError, fail, type Module } from "../ir/index.ts";
import {
  type Backend,
  type BackendOptions,
  type Convention,
  type ModuleOptions,
  type ModuleRequest,
  moduleOptionsOf,
  type StandaloneModule,
} from "./backend.ts";

/** A program at a backend's level. */
export interface Lowered {
  readonly backend: Backend;
  readonly lowered: Module;
  readonly backendOptions: BackendOptions;
}

/** What lowers a program for a backend; left out, for the one that it runs on. */
export type Lower = (backend?: Backend) => Lowered;

/** The backends that write code; null is not in the program. */
interface Writers {
  readonly js: Backend;
  readonly wasm: Backend | null;
}

/** @throws AdjointError `option` for options that are none, and where no code can be written. `where` is what users called. */
export function standaloneOf(
  lower: Lower,
  { js, wasm }: Writers,
  convention: Convention,
  options: ModuleOptions,
  where: string,
): StandaloneModule {
  const own = lower();
  const { root, target: asked } = moduleOptionsOf(options, where);
  // whether a function runs as WebAssembly depends on the host, and the text of a module does not
  const target = asked ?? (own.backend.name === "wasm" ? "js" : own.backend.name);
  const embedded = target === "wasm" ? embeddedIn(lower, wasm, where) : null;
  const { backend, lowered, backendOptions } = target === "js" || target === "wasm" ? lower(js) : own;
  return (
    backend.standalone?.(lowered, backendOptions, { convention, root, embedded }) ??
    fail("option", `${where}: there is no generated code`, { hint: 'compile with backend: "js"' })
  );
}

/** The code of WebAssembly; where it has none for the program, why. */
function embeddedIn(lower: Lower, wasm: Backend | null, where: string): ModuleRequest["embedded"] {
  if (wasm?.embed === undefined)
    return fail("option", `${where}: target 'wasm' is not in this program`, {
      hint: 'call bringWasm(), imported from "adjoint/mini", before',
    });
  try {
    const { lowered, backendOptions } = lower(wasm);
    return wasm.embed(lowered, backendOptions);
  } catch (error) {
    if (!(error instanceof AdjointError && error.code === "no-eval")) throw error;
    return { missing: `WebAssembly has no code for it: ${error.message}` };
  }
}
