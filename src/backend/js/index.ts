// The JavaScript backend: loop-level IR → text → a function, in one call of `new Function`.

import {
  AdjointError,
  allocate,
  type DType,
  type ErrorCode,
  type ErrorDetails,
  evaluateDim,
  type Func,
  fail,
  finalContents,
  isScalar,
  type Module,
  type NdArray,
  ndscalar,
  requireFunc,
  type Signature,
  sizeOf,
  type TensorType,
  type TypedArray,
  type Value,
} from "../../ir/index.ts";
import { rangeMessage } from "../../ops/index.ts";
import { allocateChecked, Binder } from "../../runtime/index.ts";
import type { BackendOptions, Executable, NativeCall, SynchronousBackend } from "../backend.ts";
import { bind } from "./binding.ts";
import { outputRoles } from "./callee.ts";
import { type ArrayCalls, arrayCalls } from "./calling-arrays.ts";
import { generate } from "./generate.ts";
import { allEmitters, nestEmitters } from "./loop-operations.ts";
import type { Tables } from "./module-text.ts";
import { native, unfit } from "./native.ts";
import { type Emitters, emitting, scalarEmitters } from "./operations.ts";
import { standalone } from "./standalone.ts";
import { takesArray } from "./writer.ts";

type Scalar = number | boolean;
type Passed = Scalar | TypedArray;
type Generated = (...args: (Passed | readonly Passed[])[]) => Scalar | readonly Scalar[] | undefined;

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
        standalone: (convention, root) => moduleWriter(func.name)(text, func, options.signature, convention, root),
      };
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

function moduleWriter(name: string): typeof standalone {
  return (
    broughtWriter ??
    fail("option", `@${name}: toModule: what writes modules is not in this program`, {
      hint: 'write toModule(f), imported from "adjoint/mini"',
    })
  );
}

function isRank0(value: Value): boolean {
  return isScalar(value.type);
}

/** Whether the content security policy here allows generated code. */
function isAvailable(): boolean {
  try {
    return new Function("return 1")() === 1;
  } catch {
    return false;
  }
}

/** `called.by` is the function that users call, where they call generated code itself. */
function load(
  text: string,
  entry: string,
  tables: Tables,
  { observe }: BackendOptions,
  called: { readonly by: NativeCall | null },
): Generated {
  const stop = (code: ErrorCode, reason: string, details: ErrorDetails): never => {
    const error = new AdjointError(code, reason, details);
    throw called.by === null ? error : error.leaving(called.by);
  };
  const check = (index: number, ...steps: (number | undefined)[]): never => {
    const { message, origin } = tables.checks[index];
    return stop("check", `check failed: ${message}`, { origin, iterations: steps.filter(isGiven) });
  };
  const range = (
    number: number,
    index: number,
    extent: number,
    size: number,
    ...steps: (number | undefined)[]
  ): never => {
    const { of, axis, elements, origin } = tables.ranges[number];
    if (Number.isInteger(index) && index >= 0 && index <= extent - size) throw unfit;
    const rest = steps.filter(isGiven);
    return stop("range", rangeMessage(index, axis, extent, size, rest.slice(0, elements)), {
      origin,
      iterations: rest.slice(elements),
      subject: of,
    });
  };
  const probe = (index: number, x: Passed, shape: readonly number[]): void => {
    const { name, dtype, origin } = tables.probes[index];
    observe?.(name, observed(dtype, x, shape), origin);
  };
  const make = new Function("$check", "$range", "$probe", "$constants", `"use strict";\n${text}\nreturn ${entry};`);
  return make(check, range, probe, tables.constants) as Generated;
}

/** A call in fewer loops than others of its function leaves the last steps out. */
function isGiven(step: number | undefined): step is number {
  return step !== undefined;
}

/** A copy, since generated code may overwrite the memory later. */
function observed(dtype: DType, x: Passed, shape: readonly number[]): NdArray {
  if (typeof x !== "object") return ndscalar(dtype, Number(x));
  const copy = allocate(dtype, shape);
  copy.data.set(x.subarray(0, sizeOf(shape)));
  return copy;
}

/** Calls generated code with arrays: symbols, arguments, then memory for the results of rank above 0. */
function runner(func: Func, signature: Signature, generated: Generated): Executable["run"] {
  const names = func.body.arguments.map((a) => a.name);
  const binder = new Binder(signature, names);
  const results = signature.results as readonly TensorType[];
  const roles = outputRoles(func, signature);
  const contents = finalContents(signature);
  const returnedCount = roles.filter((role) => role === null).length;
  return (given) => {
    const sizes = binder.check(given);
    const passed: Passed[] = func.symbols.map((s) => sizes.get(s) ?? 0);
    // a tensor is a value: who passes it keeps it
    const args = given.map((a, i) =>
      contents.includes(i) && func.roles[i] === "inout" ? { ...a, data: a.data.slice() } : a,
    );
    for (const a of args) passed.push(unwrap(a));
    for (const [i, a] of args.entries()) if (func.roles[i] === "zeroed") a.data.fill(0);
    const outputs = results.map((type, i) => {
      if (roles[i] === null) return null;
      const argument = contents[i];
      if (argument !== null && roles[i] === "inout") return args[argument];
      const shape = type.shape.map((d) => evaluateDim(d, (name) => sizes.get(name)));
      return allocateChecked(type.dtype, shape, `result ${i} of @${signature.name}`);
    });
    for (const [i, output] of outputs.entries()) if (output !== null && roles[i] !== "inout") passed.push(output.data);
    const returned = inRange(() => (takesArray(func) ? generated(passed) : generated(...passed)), signature);
    const scalars = returnedCount === 1 ? [returned as Scalar] : ((returned ?? []) as readonly Scalar[]);
    let next = 0;
    return outputs.map((output, i) => output ?? ndscalar(results[i].dtype, Number(scalars[next++])));
  };
}

/** Turns an engine's refusal of memory into an AdjointError; any other error stays as it is. */
function inRange<T>(run: () => T, signature: Signature): T {
  try {
    return run();
  } catch (error) {
    throw failed(signature)(error);
  }
}

function failed({ name }: Signature): (error: unknown) => unknown {
  return (cause) => {
    if (!(cause instanceof RangeError) || !/array|alloc/i.test(cause.message)) return cause;
    const reason = `@${name}: memory for a tensor in between does not fit: ${cause.message}`;
    return new AdjointError("range", reason, { cause });
  };
}

function unwrap({ dtype, shape, data }: NdArray): Passed {
  if (shape.length > 0) return data;
  return dtype === "bool" ? data[0] !== 0 : data[0];
}
