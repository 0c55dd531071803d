// What a program of adjoint/mini asks for by name, since a bundler cannot see that a method or an option is unused.

import type { ModuleOptions, StandaloneModule } from "../compile/index.ts";
import { atBoundary, describe, named } from "../frontend/index.ts";
import { fail } from "../ir/index.ts";
import {
  bringChecks as bringChecksOfPasses,
  bringCodeTexts,
  bringModules,
  bringTexts as bringTextsOfIR,
  bringWasm as bringWasmBackend,
} from "../parts/index.ts";

/** A compiled function. */
interface WithModule {
  toModule(options?: ModuleOptions): StandaloneModule;
}

/**
 * As `f.toModule(options)`, for programs of `adjoint/mini`: what writes modules is only in those that import this function, and
 * WebAssembly in those that call `bringWasm` before.
 *
 * @throws AdjointError as `f.toModule`; code `argument` for what is no compiled function.
 * @example toModule(compileExpression("x^2", ["x"])).code
 */
export function toModule(f: WithModule, options?: ModuleOptions): StandaloneModule {
  return atBoundary(named("toModule", toModule), () => {
    bringModules();
    const given: unknown = f;
    if (typeof given !== "function" || !("toModule" in given))
      fail("argument", `toModule: got ${describe(f)}, expected a compiled function`, {
        hint: "write toModule(compile(f, types)), or compileExpression or jit in place of compile",
      });
    return f.toModule(options);
  });
}

/**
 * Brings what the option `check` does after each pass into a program of `adjoint/mini`, which calls this once, before it
 * compiles with the option. In programs of `adjoint` it is already there.
 *
 * @example bringChecks(); compileExpression("x^2", ["x"], { check: "verify" })(3)
 */
export function bringChecks(): void {
  bringChecksOfPasses();
}

/**
 * Brings what prints IR and WebAssembly into a program of `adjoint/mini`, which calls this once, before it reads `f.ir`, the text
 * or JSON of `f.log`, or `f.source` of WebAssembly. In programs of `adjoint` it is already there.
 *
 * @example bringTexts(); compileExpression("x^2", ["x"]).ir
 */
export function bringTexts(): void {
  bringTextsOfIR();
  bringCodeTexts();
}

/**
 * Brings the backend of WebAssembly into a program of `adjoint/mini`, which calls this once, before it compiles with
 * `backend: "wasm"`. In programs of `adjoint` it is already there.
 *
 * @example bringWasm(); jit((x) => sum(exp(x)), { backend: "wasm" })(new Float32Array(1000))
 */
export function bringWasm(): void {
  bringWasmBackend();
}
