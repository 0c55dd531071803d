// The gradient and Hessian of a program: the transforms of a function that calls it.

import { hessian, valueAndGrad } from "../api/index.ts";
import { apply, currentTrace, type Tensor, type TracedFunction } from "../frontend/index.ts";
import { type Func, fail, findFunc, signatureOf } from "../ir/index.ts";
import { call } from "../ops/index.ts";
import { isFloatLeaf, leafKinds, spell } from "./bind.ts";
import type { SourceProgram, Structure } from "./program.ts";

/** What is asked for beside the value. */
export interface Derivatives {
  readonly hessian: boolean;
  /** Indices of parameters. */
  readonly wrt: readonly number[];
}

/** The parameters that derivatives are taken with respect to. */
export function parametersOf(
  { parameters, entry }: SourceProgram,
  names: readonly string[] | undefined,
): readonly number[] {
  const isSmooth = (structure: Structure): boolean => leafKinds(structure).some(isFloatLeaf);
  if (names === undefined) return parameters.flatMap((p, i) => (isSmooth(p.structure) ? [i] : []));
  return names.map((name) => {
    const index = parameters.findIndex((p) => p.name === name);
    if (index < 0) {
      const known = parameters.map((p) => p.name).join(", ") || "none";
      fail("argument", `compileSource: wrt names '${name}', which '${entry}' does not have as a parameter`, {
        hint: `its parameters are ${known}`,
      });
    }
    const { structure } = parameters[index];
    if (!isSmooth(structure))
      fail("no-derivative", `compileSource: '${name}' is ${spell(structure)}, which has no derivative`, {
        hint: "numbers and arrays of floats have",
      });
    return index;
  });
}

/** The program with its derivatives, as a function to trace: `[value, gradient]` or `[value, gradient, hessian]`. */
export function derived(program: SourceProgram, { hessian: wantsHessian, wrt }: Derivatives): TracedFunction {
  const { entry, result, parameters } = program;
  if (result.kind !== "leaf" || result.leaf !== "number")
    fail("no-derivative", `compileSource: '${entry}' gives ${spell(result)}, expected a number`, {
      hint: "the gradient is that of one number",
    });
  if (wrt.length === 0)
    fail("no-derivative", `compileSource: '${entry}' has no parameter to differentiate with respect to`, {
      hint: "numbers and arrays of floats have derivatives",
    });
  const value = calling(program);
  const first = valueAndGrad(value, { wrt });
  if (!wantsHessian) return first as unknown as TracedFunction;
  const second = hessian(value, { wrt });
  const all = (...args: never[]): unknown => [...(first(...args) as unknown[]), second(...args)];
  return Object.defineProperties(all, {
    name: { value: entry },
    length: { value: parameters.length },
  }) as unknown as TracedFunction;
}

/** The program as a function of tensors in the structures of its parameters; what it writes to stays as it was. */
function calling({ module, entry }: SourceProgram): TracedFunction {
  const func = findFunc(module, entry) as Func;
  const signature = { ...signatureOf(func), name: "primal" };
  const called: Func = { ...func, name: "primal", visibility: "private" };
  const value = (...args: unknown[]): unknown => {
    currentTrace()?.funcs.set(called.name, called);
    return apply(value, args.flatMap(tensorsIn), (...values) => call(signature, values).slice(0, 1))[0];
  };
  return Object.defineProperties(value, {
    name: { value: entry },
    length: { value: func.body.arguments.length },
  }) as TracedFunction;
}

/** The tensors of a structure, in order. */
export function tensorsIn(x: unknown): readonly Tensor[] {
  if (Array.isArray(x)) return x.flatMap(tensorsIn);
  const isPlain = typeof x === "object" && x !== null && Object.getPrototypeOf(x) === Object.prototype;
  return isPlain ? Object.values(x).flatMap(tensorsIn) : [x as Tensor];
}
