// The public function `compile`: from a function, a module or IR text to a compiled function with its IR, code and log.

import { type CompileOptions, compileModule, requireCompileOptions } from "../compile/index.ts";
import {
  type AnnotatedArguments,
  type Annotation,
  type AnnotationLike,
  atBoundary,
  type CheckedAnnotations,
  describe,
  type NumberOrTensor,
  type Numeric,
  named,
  type Returned,
  type RightAnnotations,
  readAnnotations,
  type Structure,
  type Tensor,
  type Tensors,
  type TracedFunction,
} from "../frontend/index.ts";
import { fail, type Module } from "../ir/index.ts";
import { parse } from "../ops/index.ts";
import { bringExtras, bringTensors } from "../parts/index.ts";
import { compileOnCall, type JitFunction } from "./jit.ts";
import { type CompiledFunction, compileTraced, finish } from "./traced.ts";

/** The arguments of a module's function. */
type Operands = Tensor[];

/** What a module's function gives: one result as it is, several in an array. Types cannot know which. */
export type ModuleResult = NumberOrTensor & readonly NumberOrTensor[];

/**
 * Compiles a function of tensors for given types, or a module.
 *
 * @param types one per argument: IR spelling (`"f32[B, 784]"`), dtype constants for scalars, or structures of these. If
 * they are left out, the function is compiled at its first call with arguments of each new type. Strings, functions and
 * null in the arguments then reach the function as they are, and it is compiled for these very values.
 * @throws AdjointError at the user's line, where an operation is applied wrongly; code `option` for options that do not
 * exist or are not available here.
 * @example compile((a, b) => mul(a, b), ["f64", "f64"])(15, 20) // 300
 */
export function compile<const A extends readonly AnnotationLike[], R extends Structure>(
  fn: (...args: AnnotatedArguments<A>) => Returned<R>,
  types: A,
  ...options: RightAnnotations<A, CompileOptions>
): CompiledFunction<AnnotatedArguments<A>, Numeric<R>, Tensors<R>>;
export function compile<P extends readonly unknown[] = Tensor[], R extends Structure = Tensor>(
  fn: (...args: P) => Returned<R>,
  options?: CompileOptions,
): JitFunction<P, Numeric<R>, Tensors<R>>;
export function compile(source: Module | string, options?: CompileOptions): CompiledFunction<Operands, ModuleResult>;
export function compile<const A extends readonly AnnotationLike[], R extends Structure>(
  fn: (...args: AnnotatedArguments<A>) => Returned<R>,
  types: CheckedAnnotations<A>,
  options?: CompileOptions,
): CompiledFunction<AnnotatedArguments<A>, Numeric<R>, Tensors<R>>;
export function compile(
  source: TracedFunction | Module | string,
  types?: readonly Annotation[] | CompileOptions,
  options?: CompileOptions,
): CompiledFunction {
  return atBoundary(named("compile", compile), () => compileAny(source, types, options));
}

function compileAny(
  source: TracedFunction | Module | string,
  types: readonly Annotation[] | CompileOptions | undefined,
  options: CompileOptions | undefined,
): CompiledFunction {
  bringTensors();
  // IR is compiled here too, for which all that is in the program
  bringExtras();
  if (Array.isArray(types)) {
    if (typeof source !== "function")
      fail("argument", `compile: got types for ${nameOfSource(source)}`, { hint: "types are for a function to trace" });
    requireCompileOptions(options ?? {});
    return compileTraced(source, readAnnotations(types), options ?? {}, compile).compiled;
  }
  if (typeof types === "string") {
    fail("argument", `compile: the types are ${describe(types)}, expected an array`, {
      hint: "write one per argument",
    });
  }
  const chosen: unknown = types ?? options ?? {};
  requireCompileOptions(chosen);
  if (typeof source === "function") return compileOnCall(source, chosen);
  return finish(compileModule(moduleOf(source), chosen), null).compiled;
}

function nameOfSource(source: unknown): string {
  if (typeof source === "string") return "IR text";
  return isModule(source) ? "a module" : describe(source);
}

function isModule(x: unknown): x is Module {
  return typeof x === "object" && x !== null && "funcs" in x && Array.isArray(x.funcs);
}

function moduleOf(source: unknown): Module {
  if (typeof source === "string") return parse(source);
  if (isModule(source)) return source;
  return fail("argument", `compile: got ${describe(source)}, expected a function, a module or IR text`);
}
