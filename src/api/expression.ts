// compileExpression: a text becomes a compiled function of numbers, with its gradient and Hessian.

import { type CompileOptions, compileModule } from "../compile/index.ts";
import { describe, expressionFunc, requireNames, type Tree } from "../frontend/index.ts";
import {
  atCaller,
  buildFunc,
  type Func,
  fail,
  type Module,
  makeFunc,
  makeModule,
  requireOptions,
  scalar,
  signatureOf,
  type Value,
} from "../ir/index.ts";
import { call, constant, jvp, vjp } from "../ops/index.ts";
import { type CompiledFunction, finish } from "./traced.ts";

export interface ExpressionOptions extends Pick<CompileOptions, "backend" | "fast" | "check"> {
  /** `f(…)` gives `[value, gradient]`. */
  readonly gradient?: boolean;
  /** `f(…)` gives `[value, gradient, hessian]`. */
  readonly hessian?: boolean;
  /** Numbers that the expression may name. */
  readonly constants?: Readonly<Record<string, number>>;
}

const f64 = scalar("f64");

/**
 * Compiles an expression over numbers: JavaScript's arithmetic, comparisons, `&& || !` and `? :`, with `^` and `**` as power
 * (tighter than a minus before it, grouping to the right), the functions and constants of Math with and without `Math.`, and
 * sec, csc, cot. Numbers and booleans do not mix: compare a number to get a boolean, write `p ? 1 : 0` for the other way.
 * The text is parsed, never run: nothing of it reaches generated code.
 *
 * @param names the arguments, in order; they come before constants of the same name.
 * @returns the function of these numbers: a number (or boolean), `[value, gradient[]]`, or `[value, gradient[], hessian[][]]`.
 * @throws AdjointError with the column in the expression: code `syntax`, `name`, `arity` or `dtype`.
 * @example compileExpression("sin(x*y) + exp(z/3)*x^2", ["x", "y", "z"], { gradient: true })(1, 2, 3)
 */
export function compileExpression(
  text: string,
  names: readonly string[],
  options: ExpressionOptions = {},
): CompiledFunction {
  return atCaller(compileExpression, () => {
    if (typeof text !== "string")
      fail("argument", `compileExpression: the expression is ${describe(text)}, expected text`);
    requireNames(names);
    requireOptions("compileExpression", options, ["gradient", "hessian", "constants", "backend", "fast", "check"]);
    const { gradient = false, hessian = false, constants = {}, ...rest } = options;
    requireConstants(constants);
    const module = expressionModule(expressionFunc(text, names, constants), gradient || hessian, hessian);
    const results = resultTree(names.length, gradient || hessian, hessian);
    const items = names.map((): Tree => leaf);
    const called = { captured: [], arguments: { kind: "array", items }, results, fn: null } as const;
    return finish(compileModule(module, { ...rest, entry: "main" }), called).compiled;
  });
}

function requireConstants(constants: unknown): void {
  if (typeof constants !== "object" || constants === null)
    fail("option", `compileExpression: the constants are ${describe(constants)}, expected an object of numbers`);
  for (const [name, value] of Object.entries(constants)) {
    if (typeof value !== "number")
      fail("option", `compileExpression: constant '${name}' is ${describe(value)}, expected a number`);
  }
}

/** @main gives the value, then the gradient, then the rows of the Hessian. */
export function expressionModule(func: Func, gradient: boolean, hessian: boolean): Module {
  if (!gradient) return makeModule([func]);
  const value = makeFunc({ ...func, name: "value", visibility: "private" });
  const signature = signatureOf(value);
  if (signature.results[0] !== f64) {
    fail("no-derivative", "the expression gives a boolean, which has no derivative", { origin: func.origin });
  }
  const scope = { origin: func.origin, argumentNames: func.body.arguments.map((a) => a.name) };
  const types = signature.arguments;
  const one = (): Value => constant(1, f64);
  const wrt = all(types.length);
  const gradientAt = (x: readonly Value[]): readonly Value[] => vjp(signature, x, [one()], wrt);
  if (!hessian) return makeModule([value, buildFunc({ ...scope, name: "main" }, types, (...x) => gradientAt(x))]);
  const derivative = buildFunc({ ...scope, name: "gradient", visibility: "private" }, types, (...x) =>
    gradientAt(x).slice(1),
  );
  const gradientOf = signatureOf(derivative);
  const main = buildFunc({ ...scope, name: "main" }, types, (...x) => {
    const columns = wrt.map((i) => jvp(gradientOf, x, [one()], [i]).slice(types.length));
    return [...call(signature, x), ...call(gradientOf, x), ...wrt.flatMap((i) => columns.map((c) => c[i]))];
  });
  return makeModule([value, derivative, main]);
}

function all(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

const leaf: Tree = { kind: "leaf" };

function resultTree(count: number, gradient: boolean, hessian: boolean): Tree {
  const list = (items: readonly Tree[]): Tree => ({ kind: "array", items });
  const row = list(all(count).map(() => leaf));
  if (hessian) return list([leaf, row, list(all(count).map(() => row))]);
  return gradient ? list([leaf, row]) : leaf;
}
