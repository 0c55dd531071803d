// Generated code in this process: what makes functions of its text, and calls them with arrays.

import {
  AdjointError,
  allocate,
  type DType,
  type ErrorCode,
  type ErrorDetails,
  evaluateDim,
  type Func,
  finalContents,
  type NdArray,
  ndscalar,
  type Signature,
  sizeOf,
  type TypedArray,
  tensorTypeOf,
} from "../../../ir/index.ts";
import { rangeMessage } from "../../../ops/index.ts";
import { allocateChecked, Binder } from "../../../runtime/index.ts";
import type { BackendOptions, Executable, NativeCall } from "../../backend.ts";
import type { Tables } from "../writing/module-text.ts";
import { takesArray } from "../writing/writer.ts";
import { outputRoles } from "./callee.ts";
import { unfit } from "./native.ts";

type Scalar = number | boolean;
type Passed = Scalar | TypedArray;
type Generated = (...args: (Passed | readonly Passed[])[]) => Scalar | readonly Scalar[] | undefined;

/** Whether the content security policy here allows generated code. */
export function isAvailable(): boolean {
  try {
    return new Function("return 1")() === 1;
  } catch {
    return false;
  }
}

/** `called.by` is the function that users call, where they call generated code itself. */
export function load(
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
export function runner(func: Func, signature: Signature, generated: Generated): Executable["run"] {
  const names = func.body.arguments.map((a) => a.name);
  const binder = new Binder(signature, names);
  const results = signature.results.map(tensorTypeOf);
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

function inRange<T>(run: () => T, signature: Signature): T {
  try {
    return run();
  } catch (error) {
    throw failed(signature)(error);
  }
}

/** What errors of generated code become: an engine's refusal of memory an AdjointError, any other stays as it is. */
export function failed({ name }: Signature): (error: unknown) => unknown {
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
