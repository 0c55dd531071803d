// The properties of a compiled function: its IR, its code, its log, and the standalone module of it.

import type { ModuleOptions, StandaloneModule } from "../backend/index.ts";
import { type Module, printType, requireFunc, type Signature, showAs } from "../ir/index.ts";
import { type CompileLog, requirePrinting } from "../rewrite/index.ts";
import type { Compiled } from "./compile-module.ts";

export interface Facts {
  /** The optimised IR. */
  readonly ir: string;
  /** The generated code, of WebAssembly in its text format; null where the interpreter runs. */
  readonly source: string | null;
  /** The backend that runs it: `js`, `wasm`, `interpret`, or one of your own. */
  readonly backend: string;
  /** For every pass the IR before and after, the changes, and the time. */
  readonly log: CompileLog;
  readonly module: Module;
  readonly signature: Signature;
  /**
   * The generated code as a standalone ES module without imports and eval, the same bytes each time, and its `.d.ts`.
   * Tensors go in as typed arrays or `{ data, shape }`, and come out as `{ data, shape }`, in the structures of arrays and
   * objects that the function takes and gives. Of the machine it says nothing:
   * its comments and messages name places in files below `root`, and none where that is left out, so that two checkouts
   * give the same bytes.
   *
   * With `target: "wasm"` it holds WebAssembly beside the JavaScript, and runs that where the host compiles it.
   * @throws AdjointError code `option` where there is no generated code, or a structure that a module cannot take.
   * @example writeFileSync("model.js", f.toModule({ target: "wasm" }).code)
   */
  toModule(options?: ModuleOptions): StandaloneModule;
}

/** `loss(w: f64[3], x: f64) -> f64`: what it takes and gives, as consoles show it. */
function signatureText({ name, arguments: args, results }: Signature, names: readonly (string | null)[]): string {
  const given = args.map((type, i) => `${names[i] == null ? "" : `${names[i]}: `}${printType(type)}`);
  const made = results.map(printType).join(", ");
  return `${name}(${given.join(", ")}) -> ${results.length === 1 ? made : `(${made})`}`;
}

/** The function itself, with the facts. */
export function withFacts<F extends (...args: never[]) => unknown>(
  call: F,
  { module, signature, executable, backend, log, entry }: Compiled,
  toModule: (options?: ModuleOptions) => StandaloneModule,
): F & Facts {
  let ir: string | undefined;
  let source: string | null | undefined;
  const names = requireFunc(module, entry).body.arguments.map((a) => a.name);
  showAs(call, () => `[compiled ${signatureText(signature, names)}]`);
  Object.defineProperties(call, {
    // set as a property, since the IR's name need not be an identifier
    name: { value: entry },
    ir: { get: () => (ir ??= requirePrinting(`${entry}.ir`).printModule(module)) },
    source: { get: () => (source === undefined ? (source = executable.source) : source) },
    backend: { value: backend },
    log: { value: log },
    module: { value: module },
    signature: { value: signature },
    toModule: { value: toModule },
  });
  return call as F & Facts;
}
