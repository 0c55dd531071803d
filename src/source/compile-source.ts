// compileSource: a function of a file of TypeScript, compiled.

import { type CompiledFunction, compile } from "../api/index.ts";
import type { CompileOptions } from "../compile/index.ts";
import { describe, nameParameters, type Tensor, type TracedFunction } from "../frontend/index.ts";
import { atCaller, fail, findFunc, isScalar, printType, requireOptions } from "../ir/index.ts";
import { arrange, fromResult, leafKinds, leavesOfArguments, overlap, toArgument } from "./bind.ts";
import { derived, parametersOf, tensorsIn } from "./derivatives.ts";
import type { LeafKind, SourceProgram, Structure } from "./program.ts";
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
    const program = readSource(text, { entry, file });
    if (!gradient && !hessian) {
      const made = compile(program.module, { ...rest, entry: program.entry });
      const isSame = program.result.kind === "leaf" || (isFlat(program.result) && leafKinds(program.result).length > 1);
      return isSame && takesPlain(program) && givesPlain(made) ? made : bound(program, made, program.result);
    }
    return compileDerived(program, parametersOf(program, wrt), hessian, rest);
  });
}

function compileDerived(
  program: SourceProgram,
  wrt: readonly number[],
  hessian: boolean,
  options: CompileOptions,
): CompiledFunction {
  const result = derivativeStructure(program, wrt, hessian);
  const fn = derived(program, { hessian, wrt });
  const types = findFunc(program.module, program.entry)?.body.arguments.map((a) => printType(a.type)) ?? [];
  // numbers reach generated code as they are; what has arrays or structures goes leaf by leaf
  if (takesPlain(program)) {
    nameParameters(fn, namesOf(program));
    const made = compile(fn, types, options);
    if (givesPlain(made)) return made;
  }
  const flat = nameParameters(leafByLeaf(program, fn), namesOf(program));
  return bound({ ...program, written: [] }, compile(flat, types, options), result);
}

/** The function on the leaves of its parameters; gives those of its result in an array. */
function leafByLeaf({ parameters, entry }: SourceProgram, fn: TracedFunction): TracedFunction {
  const flat = (...leaves: unknown[]): unknown => {
    let next = 0;
    const args = parameters.map((p) => arrange(p.structure, () => leaves[next++]));
    return tensorsIn((fn as (...args: unknown[]) => unknown)(...args));
  };
  return Object.defineProperty(flat, "name", { value: entry }) as unknown as TracedFunction;
}

function namesOf({ module, entry }: SourceProgram): readonly string[] {
  return findFunc(module, entry)?.body.arguments.map((a, i) => a.name ?? `a${i}`) ?? [];
}

/** `[value, gradient]` or `[value, gradient, hessian]`. */
function derivativeStructure({ parameters }: SourceProgram, wrt: readonly number[], hessian: boolean): Structure {
  const gradient: Structure = { kind: "tuple", items: wrt.map((i) => parameters[i].structure) };
  const items: Structure[] = [{ kind: "leaf", leaf: "number" }, gradient];
  if (hessian) items.push({ kind: "tuple", items: wrt.map(() => gradient) });
  return { kind: "tuple", items };
}

// ---- calling --------------------------------------------------------------------------------------------------------

/** The compiled function of leaves, on JavaScript's own values. */
function bound(program: SourceProgram, made: CompiledFunction, result: Structure): CompiledFunction {
  const { entry, parameters } = program;
  const kinds = parameters.flatMap((p) => leafKinds(p.structure));
  const results = leafKinds(result);
  const names = namesOf(program);
  const labels = names.map((name) => `${entry}: argument '${name}'`);
  const call = (...args: unknown[]): unknown =>
    atCaller(call, () => {
      const leaves = leavesOfArguments(entry, parameters, args);
      requireApart(program, leaves, names);
      const given: unknown = made(...leaves.map((leaf, i) => toArgument(leaf, kinds[i], labels[i])));
      const values = program.written.length + results.length === 1 ? [given] : (given as readonly unknown[]);
      writeBack(program, values.slice(results.length), leaves);
      let next = 0;
      return arrange(result, () => {
        const k = next++;
        return fromResult(values[k], results[k]);
      });
    });
  const { length: _, prototype: __, ...properties } = Object.getOwnPropertyDescriptors(made);
  return Object.defineProperties(call, properties) as CompiledFunction;
}

function isScalarLeaf(leaf: LeafKind): boolean {
  return leaf === "number" || leaf === "boolean";
}

/** Numbers go in as they are. */
function takesPlain({ parameters }: SourceProgram): boolean {
  return parameters.every(
    (p) => p.structure.kind === "leaf" && isScalarLeaf(p.structure.leaf) && p.fallback === undefined,
  );
}

function givesPlain({ signature }: CompiledFunction): boolean {
  return signature.results.length > 0 && signature.results.every(isScalar);
}

function isFlat(structure: Structure): boolean {
  return structure.kind === "tuple" && structure.items.every((item) => item.kind === "leaf");
}

function requireApart({ written, entry }: SourceProgram, leaves: readonly unknown[], names: readonly string[]): void {
  for (const i of written) {
    const other = leaves.findIndex((leaf, k) => k !== i && overlap(leaf, leaves[i]));
    if (other >= 0)
      fail("argument", `${entry}: '${names[i]}' is written to, and '${names[other]}' is the same array`, {
        hint: "pass a copy",
      });
  }
}

/** What the function wrote to its arguments is in the caller's arrays. */
function writeBack({ written }: SourceProgram, values: readonly unknown[], leaves: readonly unknown[]): void {
  for (const [k, i] of written.entries()) {
    const into = leaves[i] as number[];
    const { data } = (values[k] as Tensor).array("a result");
    for (let j = 0; j < data.length; j++) into[j] = data[j];
  }
}
