// compileSource: a function of a file of TypeScript, compiled.

import type { CompiledFunction } from "../api/index.ts";
import { type Compiled, type CompileOptions, compileModule } from "../compile/index.ts";
import { describe, nameParameters, type Tensor, type Tree, trace } from "../frontend/index.ts";
import { atCaller, type Func, fail, findFunc, requireOptions } from "../ir/index.ts";
import { callable } from "./callable.ts";
import { calling, conventionOf, type Derivatives, derived, type LeafFunction, parametersOf } from "./derivatives.ts";
import type { SourceProgram } from "./program.ts";
import { readSource } from "./read-source.ts";

export interface SourceOptions extends Omit<CompileOptions, "ops" | "observe"> {
  /** What messages call the file. */
  readonly file?: string;
  /** `f(…)` gives `[value, gradient]`. */
  readonly gradient?: boolean;
  /** `f(…)` gives `[value, gradient, hessian]`. */
  readonly hessian?: boolean;
  /** The parameters to differentiate with respect to, by name; every number and every array of floats where left out. */
  readonly wrt?: readonly string[];
}

const optionNames: Readonly<Record<keyof SourceOptions, true>> = {
  entry: true,
  file: true,
  gradient: true,
  hessian: true,
  wrt: true,
  backend: true,
  fast: true,
  check: true,
  pipeline: true,
};

/**
 * Compiles a function of a file of TypeScript: numbers, booleans, arrays of numbers, and what is made of them. It takes and
 * gives what the function itself takes and gives, with the same bits, but for an index out of range, which is an error that
 * names line and step; and one array passed twice, where one of the two is written to, is refused.
 *
 * With `gradient`, it gives `[value, gradient]`: a list with the derivative for each parameter that is a number or an array
 * of floats (or for each in `wrt`), in the shape of the parameter. With `hessian`, `[value, gradient, hessian]`, where
 * hessian[i][j] is the derivative of gradient[i] with respect to parameter j. Arrays that are written to stay as they were.
 *
 * @throws AdjointError at the place in the text: code `syntax`, `unsupported`, `name`, `dtype`, `arity`, `range`, `shape`.
 * @example compileSource("export function f(x: number) { return x * x; }", { gradient: true })(3) // [9, [6]]
 */
export function compileSource(text: string, options: SourceOptions = {}): CompiledFunction {
  return atCaller(compileSource, () => {
    if (typeof text !== "string") fail("argument", `compileSource: got ${describe(text)}, expected the text of a file`);
    requireOptions("compileSource", options, Object.keys(optionNames));
    const { entry, file, gradient = false, hessian = false, wrt, ...rest } = options;
    requireDerivatives({ gradient, hessian, wrt });
    const program = readSource(text, { entry, file });
    if (!gradient && !hessian) {
      const compiled = compileModule(program.module, { ...rest, entry: program.entry });
      return callable(compiled, program, tracedOf(program));
    }
    const asked: Derivatives = { hessian, wrt: parametersOf(program, wrt) };
    const fn = derived(program, asked);
    return callable(compileLeaves(program, fn, rest), conventionOf(program, asked), fn);
  });
}

/** The function of leaves, traced for the types that the program has. */
function compileLeaves({ module, entry }: SourceProgram, fn: LeafFunction, options: CompileOptions): Compiled {
  const { arguments: leaves } = (findFunc(module, entry) as Func).body;
  const traced = Object.defineProperty((...args: Tensor[]) => fn(...args), "name", { value: entry });
  nameParameters(
    traced,
    leaves.map((a, i) => a.name ?? `a${i}`),
  );
  const tree: Tree = { kind: "array", items: leaves.map(() => ({ kind: "leaf" })) };
  const types = leaves.map((a) => a.type);
  const { module: made, func } = trace(traced, types, tree, compileSource);
  return compileModule(made, { ...options, entry: func.name });
}

function requireDerivatives({ gradient, hessian, wrt }: Pick<SourceOptions, "gradient" | "hessian" | "wrt">): void {
  for (const [name, x] of Object.entries({ gradient, hessian })) {
    if (typeof x !== "boolean")
      fail("option", `compileSource: option '${name}' is ${describe(x)}, expected true or false`);
  }
  if (wrt === undefined) return;
  if (!Array.isArray(wrt) || !wrt.every((name) => typeof name === "string"))
    fail("option", `compileSource: option 'wrt' is ${describe(wrt)}, expected names of parameters in an array`);
  if (gradient !== true && hessian !== true)
    fail("option", "compileSource: option 'wrt' without derivatives", { hint: "add gradient: true" });
}

/** What runs in a trace. */
function tracedOf(program: SourceProgram): LeafFunction {
  const { entry, written, parameters } = program;
  if (written.length === 0) return calling(program);
  return () =>
    fail("scope", `${entry} is called in a trace, but writes to its arguments`, {
      hint: `let it return what it writes to ${parameters.length === 1 ? "the argument" : "them"}`,
    });
}
