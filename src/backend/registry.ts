// Backends by name: the project's own are known to the driver, others are registered here.

import { fail } from "../ir/index.ts";
import type { Backend, SynchronousBackend } from "./backend.ts";

const registered = new Map<string, Backend>();

/** The names of the project's own, and what the option `backend` says besides. */
const own: readonly string[] = ["auto", "interpret", "js", "wasm"];

/** What the option `backend` may say. */
export function backendNames(): readonly string[] {
  return [...own, ...registered.keys()];
}

/** The registered backends, by name. */
export function registeredBackends(): ReadonlyMap<string, Backend> {
  return registered;
}

/**
 * Gives a backend a name for the option `backend`, in place of one of the same name that was registered before.
 *
 * @throws AdjointError `option` for what is no backend, and for the name of one of the project's own.
 * @example registerBackend({ name: "gpu", level: "loop", isAvailable: () => true, compile: (module, options) => … });
 */
export function registerBackend(backend: Backend): void {
  if (!isBackend(backend))
    fail("option", "registerBackend: got no backend, expected { name, level, isAvailable, compile }");
  if (own.includes(backend.name))
    fail("option", `registerBackend: the name '${backend.name}' is taken, expected one of its own`);
  registered.set(backend.name, backend);
}

/** Whether something is a backend, as far as one can see. */
export function isBackend(x: unknown): x is Backend {
  if (typeof x !== "object" || x === null) return false;
  const { name, level, isAvailable, compile, compileAsync } = x as Partial<Backend>;
  const compiles = typeof compile === "function" || typeof compileAsync === "function";
  return typeof name === "string" && typeof level === "string" && typeof isAvailable === "function" && compiles;
}

/** Whether nobody has to wait for the code of a backend. */
export function compilesAtOnce(backend: Backend): backend is SynchronousBackend {
  return backend.compile !== undefined;
}
