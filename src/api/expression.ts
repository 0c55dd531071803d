// The public function `compileExpression`: compiles a formula given as text to a function of numbers, on request with
// its gradient and Hessian.

import { type CompileOptions, requireCompileOptions } from "../compile/index.ts";
import {
  atBoundary,
  describe,
  expressionFunction,
  named,
  nameParameters,
  type Tensor,
  type TracedFunction,
  type Tree,
} from "../frontend/index.ts";
import { fail, requireOptions, scalar } from "../ir/index.ts";
import { valueAndGradient, valueGradAndHessian } from "./hessian-of-numbers.ts";
import { type CompiledFunction, compileTraced } from "./traced.ts";

export interface ExpressionOptions extends Omit<CompileOptions, "entry" | "ops"> {
  /** `f(…)` gives `[value, gradient]`. */
  readonly gradient?: boolean;
  /** `f(…)` gives `[value, gradient, hessian]`. */
  readonly hessian?: boolean;
  /** Numbers that the expression may name. */
  readonly constants?: Readonly<Record<string, number>>;
  /** Functions that the expression may call, from traced scalars to one. Each call in the text traces its function. */
  readonly functions?: Readonly<Record<string, TracedFunction>>;
}

const optionNames: Readonly<Record<keyof ExpressionOptions, true>> = {
  gradient: true,
  hessian: true,
  constants: true,
  functions: true,
  backend: true,
  fast: true,
  check: true,
  pipeline: true,
  observe: true,
  debug: true,
  memory: true,
};

/** The parameters, one for each name. */
type EachScalar<Names extends readonly unknown[]> = { -readonly [I in keyof Names]: Tensor<[], "f64"> };
type Numbers<Names extends readonly unknown[]> = { -readonly [I in keyof Names]: number };

/** The value, on request with as many derivatives as there are names, and as many of each. */
type ExpressionResult<Value, Each extends readonly unknown[], G, H> = H extends true
  ? [Value, Each, { [I in keyof Each]: Each }]
  : G extends true
    ? [Value, Each]
    : Value;

/** A comparison gives a boolean; numbers and booleans do not mix, but for the branches of `? :`. */
type ValueOf<Text extends string> = Text extends `${string}?${string}`
  ? number
  : Text extends `${string}${"<" | ">" | "==" | "!" | "&&" | "||"}${string}`
    ? boolean
    : number;

/**
 * Compiles an expression over numbers: JavaScript's arithmetic, comparisons, `&& || !` and `? :`, with `^` and `**` as
 * power (tighter than a minus before it, grouping to the right), the functions and constants of Math with and without
 * `Math.`, and sec, csc, cot. Numbers and booleans do not mix: compare a number to get a boolean, write `p ? 1 : 0` for
 * the other way. A name is looked up among the arguments, then the user's constants and functions, then in Math; after
 * `Math.`, in Math only. A name that is called is a function, any other is a number, so that `sin(sin)` has a meaning
 * where an argument is called `sin`. The text is parsed, never run: nothing of it reaches generated code.
 *
 * @param names the arguments, in order: identifiers, each once.
 * @returns the function of these numbers: a number (or boolean), `[value, gradient[]]`, or
 * `[value, gradient[], hessian[][]]`. Called in a trace, it becomes part of it.
 * @throws AdjointError with the column in the expression: code `syntax`, `name`, `arity`, `dtype`, or `no-derivative`
 * for the gradient of a boolean.
 * @example compileExpression("sin(x*y) + exp(z/3)*x^2", ["x", "y", "z"], { gradient: true })(1, 2, 3)
 */
export function compileExpression<
  const T extends string,
  const Names extends readonly string[],
  G extends boolean = false,
  H extends boolean = false,
>(
  text: T,
  names: Names,
  options?: ExpressionOptions & { readonly gradient?: G; readonly hessian?: H },
): CompiledFunction<
  EachScalar<Names>,
  ExpressionResult<ValueOf<T>, Numbers<Names>, G, H>,
  ExpressionResult<Tensor<[]>, EachScalar<Names>, G, H>
>;
export function compileExpression(
  text: string,
  names: readonly string[],
  options: ExpressionOptions = {},
): CompiledFunction {
  return atBoundary(named("compileExpression", compileExpression), () => {
    if (typeof text !== "string")
      fail("argument", `compileExpression: the expression is ${describe(text)}, expected text`);
    requireOptions("compileExpression", options, Object.keys(optionNames));
    const { gradient = false, hessian = false, constants = {}, functions = {}, ...rest } = options;
    requireCompileOptions(rest, "compileExpression");
    for (const [name, x] of Object.entries({ gradient, hessian })) {
      if (typeof x !== "boolean")
        fail("option", `compileExpression: option '${name}' is ${describe(x)}, expected true or false`);
    }
    requireEach("constant", constants, "a number", (x) => typeof x === "number");
    requireEach("function", functions, "a function", (x) => typeof x === "function");
    const isDifferentiated = gradient || hessian;
    const value = expressionFunction(text, names, { constants, functions, isDifferentiated });
    const count = names.length;
    const fn = hessian ? valueGradAndHessian(value, count) : gradient ? valueAndGradient(value, count) : value;
    if (fn !== value) nameParameters(Object.defineProperty(fn, "name", { value: value.name }), names);
    const types = names.map(() => scalar("f64"));
    const tree: Tree = { kind: "array", items: names.map(() => ({ kind: "leaf" })) };
    return compileTraced(fn, { types, tree }, rest, compileExpression, true).compiled;
  });
}

/** Requires an option to be an object, each of whose values fits. */
function requireEach(what: string, given: unknown, expected: string, fits: (x: unknown) => boolean): void {
  if (typeof given !== "object" || given === null)
    fail(
      "option",
      `compileExpression: the ${what}s are ${describe(given)}, expected an object with ${expected} for each`,
    );
  for (const [name, x] of Object.entries(given)) {
    if (!fits(x)) fail("option", `compileExpression: ${what} '${name}' is ${describe(x)}, expected ${expected}`);
  }
}
