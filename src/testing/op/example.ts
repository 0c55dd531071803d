// The example of an op's documentation: IR that stands for itself, with calls whose results it states.

import { gradPipeline } from "../../../passes/index.ts";
import { interpret, runPasses } from "../../compile/index.ts";
import {
  AdjointError,
  type DType,
  dtypes,
  findFunc,
  type Module,
  type NdArray,
  type Op,
  type OpTable,
  parseModule,
  signatureOf,
  verify,
  walk,
} from "../../ir/index.ts";
import { sameArrays, showArray } from "../values.ts";

/** What is wrong with the example, in words. */
export function exampleFault(op: Op, table: OpTable): string | null {
  const { example } = op.docs;
  try {
    const module = parseModule(example, table);
    const level = op.level === "both" ? "tensor" : op.level;
    verify(module, { level });
    if (!uses(module, op)) return `its example has no ${op.name}`;
    const calls = [...example.matchAll(/^\/\/ run: (.*)$/gm)].map(([, call]) => call);
    if (calls.length === 0) return "its example has no line // run: @main(…) == …";
    // there is nothing to resolve below the tensor level
    return firstFault(level !== "tensor" ? module : runPasses(module, gradPipeline, { ops: table }).module, calls);
  } catch (error) {
    if (error instanceof AdjointError) return `its example: ${error.message}`;
    throw error;
  }
}

function uses(module: Module, op: Op): boolean {
  let found = false;
  for (const func of module.funcs) walk(func.body, (o) => void (found ||= o.op === op));
  return found;
}

function firstFault(module: Module, calls: readonly string[]): string | null {
  for (const call of calls) {
    const match = /^@([\w.]+)\((.*)\) (==|~=|fails:) (.*)$/.exec(call);
    if (match === null) return `its example: '// run: ${call}' is not @f(…) == …, ~= … or fails: …`;
    const [, name, given, relation, stated] = match;
    const func = findFunc(module, name);
    if (func === undefined) return `its example: there is no @${name}`;
    const { arguments: args, results } = signatureOf(func);
    const arrays = items(given).map((text, i) => read(text, dtypeOf(args[i])));
    const got = outcome(module, name, arrays);
    if (relation === "fails:") {
      if (typeof got !== "string" || !got.includes(stated))
        return `its example: @${name}(${given}) does not fail with '${stated}'`;
      continue;
    }
    if (typeof got === "string") return `its example: @${name}(${given}) fails: ${got}`;
    const list = stated.startsWith("(") ? items(stated.slice(1, -1)) : [stated];
    const expected = list.map((text, i) => read(text, dtypeOf(results[i])));
    const fits = relation === "==" ? sameArrays(got, expected) : got.every((a, i) => isNear(a, expected[i]));
    if (!fits) return `its example: @${name}(${given}) is ${got.map(showArray).join("; ")}, not ${stated}`;
  }
  return null;
}

function outcome(module: Module, name: string, args: readonly NdArray[]): readonly NdArray[] | string {
  try {
    return interpret(module, name, args);
  } catch (error) {
    if (error instanceof AdjointError) return error.message;
    throw error;
  }
}

/** The parts between commas outside of brackets. */
function items(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = "";
  for (const char of text) {
    if ("[(".includes(char)) depth++;
    if ("])".includes(char)) depth--;
    if (char === "," && depth === 0) {
      parts.push(part.trim());
      part = "";
    } else part += char;
  }
  return part.trim() === "" ? parts : [...parts, part.trim()];
}

const words: Readonly<Record<string, number>> = {
  true: 1,
  false: 0,
  inf: Infinity,
  "-inf": -Infinity,
  nan: Number.NaN,
};

function read(text: string, dtype: DType): NdArray {
  if (!text.startsWith("[")) return { dtype, shape: [], data: new dtypes[dtype].array([words[text] ?? Number(text)]) };
  const parts = items(text.slice(1, -1)).map((part) => read(part, dtype));
  const elements = parts.flatMap(({ data }) => [...data]);
  return { dtype, shape: [parts.length, ...(parts[0]?.shape ?? [])], data: new dtypes[dtype].array(elements) };
}

function dtypeOf(type: ReturnType<typeof signatureOf>["results"][number] | undefined): DType {
  return type?.kind === "tensor" || type?.kind === "memref" ? type.dtype : "f64";
}

/** Within a few units in the last place, as transcendental functions are. */
function isNear(a: NdArray, b: NdArray): boolean {
  const tolerance = a.dtype === "f32" ? 2 ** -20 : 2 ** -46;
  return (
    a.shape.join() === b.shape.join() &&
    a.data.every((x, i) => Object.is(x, b.data[i]) || Math.abs(x - b.data[i]) <= tolerance * Math.max(1, Math.abs(x)))
  );
}
