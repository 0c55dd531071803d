// compileSource: compiles a function of a file of TypeScript, and its derivatives.

import { type Compiled, type CompileOptions, compileModule } from "../../compile/index.ts";
import {
  atBoundary,
  type Boundary,
  describe,
  named,
  nameParameters,
  type Tensor,
  type Tree,
  trace,
} from "../../frontend/index.ts";
import { fail, requireFunc, requireOptions } from "../../ir/index.ts";
import { bringAll } from "../../parts/index.ts";
import { type ReadOptions, readSource } from "../reading/read-source.ts";
import type { SourceProgram } from "../state/program.ts";
import { callable } from "./callable.ts";
import {
  conventionOf,
  type Derivatives,
  type LeafFunction,
  leafFunctionOf,
  parametersOf,
  withDerivatives,
} from "./derivatives.ts";
import type { SourceBody, SourceFunction, WithGradient, WithGradientBy, WithHessian, WithHessianBy } from "./types.ts";

export interface ProgramOptions extends Omit<CompileOptions, "entry" | "ops" | "observe"> {
  /** `f(…)` gives `[value, gradient]`. */
  readonly gradient?: boolean;
  /** `f(…)` gives `[value, gradient, hessian]`. */
  readonly hessian?: boolean;
  /** The parameters to differentiate with respect to, by name; every number and every array of floats where left out. */
  readonly wrt?: readonly string[];
}

/** Those of `compile` are options here too: `backend`, `fast`, `check`, `pipeline`, `debug`, `memory`. */
export interface SourceOptions extends ProgramOptions, ReadOptions {}

const programOptions: Readonly<Record<keyof ProgramOptions, true>> = {
  gradient: true,
  hessian: true,
  wrt: true,
  backend: true,
  fast: true,
  check: true,
  pipeline: true,
  debug: true,
  memory: true,
};

const sourceOptions: Readonly<Record<keyof SourceOptions, true>> = {
  ...programOptions,
  entry: true,
  file: true,
  functions: true,
};

/**
 * Compiles a function of a file of TypeScript: of numbers, booleans, arrays of numbers, and tuples and objects of them. The
 * compiled function takes the same arguments and gives the same results, bit for bit, and writes to the same arrays. It
 * differs in this: an index out of range is an error that names line and step, unless nothing depends on the element; one
 * array passed twice, where one of the two is written to, is refused; and the arrays and objects that it returns are new
 * ones, even where the function returns its argument.
 *
 * With `gradient`, it gives `[value, gradient]`: a list with the derivative for each parameter that is a number or an array
 * of floats (or for each in `wrt`), in the shape of the parameter: of a tuple or object, for what in it has derivatives.
 * With `hessian`, `[value, gradient, hessian]`, where hessian[i][j] is the derivative of gradient[i] with respect to
 * parameter j: rows in an array where both are arrays. Arrays that are written to stay as they were.
 *
 * Called on tensors of a trace, it becomes a call in that trace: `grad(compileSource(text))(2)`.
 *
 * What a text holds TypeScript cannot see: told the function's type, `compileSource<typeof loss>(text)`, it knows arguments
 * and results, those of derivatives too.
 *
 * @throws AdjointError at the place in the text: code `syntax`, `unsupported`, `name`, `dtype`, `arity`, `range`, `shape`,
 * as readSource; `argument` and `option` for wrong arguments and options; `no-derivative` for the gradient of a result that
 * is no number. From calls, `argument` for values that do not fit, `range` for an index, and with `debug: true` `nan` for
 * the first operation that makes a NaN or an infinity of finite numbers.
 * @example compileSource("export function f(x: number) { return x * x; }", { gradient: true })(3) // [9, [6]]
 */
export function compileSource(text: string, options?: SourceOptions): SourceFunction;
export function compileSource<F extends SourceBody>(
  text: string,
  options?: SourceOptions & { readonly gradient?: false; readonly hessian?: false },
): SourceFunction<F>;
export function compileSource<F extends SourceBody>(
  text: string,
  options: SourceOptions & { readonly hessian: true; readonly wrt?: undefined },
): WithHessian<F>;
export function compileSource<F extends SourceBody>(
  text: string,
  options: SourceOptions & { readonly hessian: true },
): WithHessianBy<F>;
export function compileSource<F extends SourceBody>(
  text: string,
  options: SourceOptions & { readonly gradient: true; readonly wrt?: undefined },
): WithGradient<F>;
export function compileSource<F extends SourceBody>(
  text: string,
  options: SourceOptions & { readonly gradient: true },
): WithGradientBy<F>;
export function compileSource(text: string, options: SourceOptions = {}): SourceFunction {
  return atBoundary(named("compileSource", compileSource), () => {
    if (typeof text !== "string") fail("argument", `compileSource: got ${describe(text)}, expected the text of a file`);
    requireOptions("compileSource", options, Object.keys(sourceOptions));
    const { entry, file, functions, ...rest } = options;
    requireDerivatives("compileSource", rest);
    return compileRead(readSource(text, { entry, file, functions }), rest, compileSource);
  });
}

/**
 * Compiles what `readSource` gave, as compileSource does.
 * @throws AdjointError code `option` or `argument` for options, `no-derivative` for what has none.
 * @example compileProgram(readSource("export function f(x: number) { return x * x; }"))(3) // 9
 */
export function compileProgram(program: SourceProgram, options: ProgramOptions = {}): SourceFunction {
  return atBoundary(named("compileProgram", compileProgram), () => {
    requireOptions("compileProgram", options, Object.keys(programOptions));
    requireDerivatives("compileProgram", options);
    return compileRead(program, options, compileProgram);
  });
}

function compileRead(
  program: SourceProgram,
  { gradient, hessian, wrt, ...options }: ProgramOptions,
  boundary: Boundary,
): SourceFunction {
  bringAll();
  if (gradient !== true && hessian !== true)
    return callable(compileModule(program.module, { ...options, entry: program.entry }), program, traceableOf(program));
  const asked: Derivatives = { hessian: hessian === true, wrt: parametersOf(program, wrt) };
  const fn = withDerivatives(program, asked);
  return callable(compileLeaves(program, fn, options, boundary), conventionOf(program, asked), fn);
}

/** Traces and compiles a function of leaves, for the types of the program's arguments. */
function compileLeaves(
  { module, entry }: SourceProgram,
  fn: LeafFunction,
  options: CompileOptions,
  boundary: Boundary,
): Compiled {
  const { arguments: leaves } = requireFunc(module, entry).body;
  const traced = Object.defineProperty((...args: Tensor[]) => fn(...args), "name", { value: entry });
  nameParameters(
    traced,
    leaves.map((a, i) => a.name ?? `a${i}`),
  );
  const tree: Tree = { kind: "array", items: leaves.map(() => ({ kind: "leaf" })) };
  const types = leaves.map((a) => a.type);
  const { module: made, func } = trace(traced, { types }, tree, boundary);
  return compileModule(made, { ...options, entry: func.name });
}

function requireDerivatives(name: string, { gradient, hessian, wrt }: ProgramOptions): void {
  for (const [option, x] of Object.entries({ gradient, hessian })) {
    if (x !== undefined && typeof x !== "boolean")
      fail("option", `${name}: option '${option}' is ${describe(x)}, expected true or false`);
  }
  if (wrt === undefined) return;
  if (!Array.isArray(wrt) || !wrt.every((name) => typeof name === "string"))
    fail("option", `${name}: option 'wrt' is ${describe(wrt)}, expected names of parameters in an array`);
  if (gradient !== true && hessian !== true)
    fail("option", `${name}: option 'wrt' without derivatives`, { hint: "add gradient: true" });
}

/** The program on tensors of a trace; it fails there if it writes to arguments. */
function traceableOf(program: SourceProgram): LeafFunction {
  const { entry, written, parameters } = program;
  if (written.length === 0) return leafFunctionOf(program);
  return () =>
    fail("scope", `${entry} is called in a trace, but writes to its arguments`, {
      hint: `let it return what it writes to ${parameters.length === 1 ? "the argument" : "them"}`,
    });
}
