// The JavaScript backend: loop-level IR → text → a function, in one call of `new Function`.

import { isScalar, type Module, requireFunc, type Value } from "../../ir/index.ts";
import type { BackendOptions, Executable, NativeCall, SynchronousBackend } from "../backend.ts";
import { bind } from "./binding/binding.ts";
import { type ArrayCalls, arrayCalls } from "./calling/arrays.ts";
import { outputRoles } from "./calling/callee.ts";
import { failed, isAvailable, load, runner } from "./calling/generated.ts";
import { native } from "./calling/native.ts";
import { standalone } from "./calling/standalone.ts";
import { allEmitters, nestEmitters } from "./operations/loop-operations.ts";
import { type Emitters, emitting, scalarEmitters } from "./operations/operations.ts";
import { generate } from "./writing/generate.ts";
import { takesArray } from "./writing/writer.ts";

/** @__NO_SIDE_EFFECTS__ */
function backendOf(emitters: Emitters): SynchronousBackend {
  const emit = emitting(emitters);
  return {
    name: "js",
    level: "loop",
    isAvailable,
    compile(module: Module, options: BackendOptions): Executable {
      const func = requireFunc(module, options.entry);
      const text = generate(module, func.name, emit);
      const called: { by: NativeCall | null } = { by: null };
      const generated = load(text.text, text.functionName(func.name), text.tables, options, called);
      const isPlain =
        !takesArray(func) && func.symbols.length === 0 && [...func.body.arguments, ...func.body.results].every(isRank0);
      const scalar = isPlain ? (generated as Executable["scalar"]) : null;
      return {
        run: runner(func, options.signature, generated),
        scalar,
        native: (convention, otherwise) =>
          takesArray(func)
            ? null
            : (called.by = native(
                generated,
                { func, signature: options.signature, convention, elementChecked: text.elementChecks.arguments },
                otherwise,
                failed(options.signature),
                broughtArrays,
              )),
        bind: (form, { failed: placed, ...holders }) => {
          const refused = failed(options.signature);
          const given = { ...holders, failed: (error: unknown) => placed(refused(error)) };
          const isInPlace = outputRoles(func, options.signature).includes("inout");
          return takesArray(func) || isInPlace ? null : bind(generated, func, options.signature, form, given);
        },
        source: text.text,
      };
    },
    standalone(module, options, request) {
      if (broughtWriter === null) throw new Error("internal invariant broken: nothing writes modules");
      return broughtWriter(module, options, request, emit);
    },
  };
}

/** Compiles any module. */
export const jsBackend: SynchronousBackend = backendOf(/* @__PURE__ */ allEmitters());

/** Compiles modules whose loops are those over the elements of tensors. */
export const nestJsBackend: SynchronousBackend = backendOf(/* @__PURE__ */ nestEmitters());

/** Compiles modules that have numbers alone: no tensors, and no loops. */
export const scalarJsBackend: SynchronousBackend = backendOf(/* @__PURE__ */ scalarEmitters());

/** Writes standalone modules; null until whoever asks for one brings it. */
let broughtWriter: typeof standalone | null = null;

/** Brings what writes standalone modules. */
export function bringModuleWriter(): void {
  broughtWriter = standalone;
}

/** Passes arrays in calls by generated code; null until whoever makes functions of arrays brings it. */
let broughtArrays: ArrayCalls | null = null;

/** Brings what passes arrays in calls. */
export function bringArrayCalls(): void {
  broughtArrays = arrayCalls;
}

function isRank0(value: Value): boolean {
  return isScalar(value.type);
}
