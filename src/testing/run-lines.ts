// The calls that files of a corpus say in comments, written and read:
//
//   // run: @main(-1, [nan, 0]) == [nan, -0]
//
// or, of a function that is mapped over some of its arguments, and that over some, `// vmap: @main([1, 2], 3) over [0]`.

import { OutOfSteps } from "../compile/index.ts";
import {
  AdjointError,
  counted,
  type DType,
  didYouMean,
  dtypes,
  type Func,
  fail,
  findFunc,
  type Module,
  type NdArray,
  printType,
  sizeOf,
} from "../ir/index.ts";
import { expectedOf, resolvedOrNull } from "./compare.ts";
import type { Call } from "./generate/program.ts";
import { showNumber } from "./outcome.ts";
import { sameArrays } from "./values.ts";

/** `run: @main(1, [2, 3]) == 5` */
export function runLine(module: Module, call: Call): string {
  const { entry, args, mapped } = call;
  const given = `@${entry}(${args.map(show).join(", ")})`;
  if (mapped !== undefined) return `vmap: ${given}${mapped.map((list) => ` over [${list.join(", ")}]`).join("")}`;
  const results = resultsOf(module, call);
  if (results === null) return `run: ${given}`;
  return `run: ${given} ${typeof results === "string" ? `fails: ${results}` : `== ${showResults(results)}`}`;
}

function show({ dtype, shape, data }: NdArray): string {
  let next = 0;
  const part = (axis: number): string =>
    axis < shape.length
      ? `[${Array.from({ length: shape[axis] }, () => part(axis + 1)).join(", ")}]`
      : element(data[next++], dtype);
  return part(0);
}

function element(x: number, dtype: DType): string {
  if (dtype === "bool") return String(x !== 0);
  if (Number.isFinite(x)) return showNumber(x);
  return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
}

/** The calls of the run lines of a file; a line that says what is not so is an error (code `syntax`). */
export function callsOf(module: Module, text: string, file: string): readonly Call[] {
  return text.split("\n").flatMap((line, i) => {
    const said = /^\s*\/\/\s*((?:run|vmap):.*)$/.exec(line);
    return said === null ? [] : [callOf(module, said[1].trim(), `${file}:${i + 1}`)];
  });
}

const forms = [
  /^run: @?([\w.]+)\((.*?)\)(?: (==|~=|fails:) (.*))?$/,
  /^vmap: @?([\w.]+)\((.*?)\)((?: over \[[\d, ]+\])+)$/,
] as const;

function callOf(module: Module, line: string, place: string): Call {
  const [run, vmap] = forms.map((form) => form.exec(line));
  const found = run ?? vmap;
  if (found === null)
    return fail("syntax", `${place}: '${line}' names no call, expected one like run: @main(1, [2, 3]) == 5`, {
      hint: "write the line so, or leave it out",
    });
  const [, name, given] = found;
  const func = findFunc(module, name);
  if (func === undefined)
    return fail("name", `${place}: the run line calls @${name}, which is no function of the file`, {
      hint: didYouMean(
        name,
        module.funcs.map((f) => f.name),
      ),
    });
  const lists = vmap === null ? [] : [...vmap[3].matchAll(/\[(.*?)\]/g)];
  const mapped = lists.map(([, list]) => list.split(",").map(Number));
  const call: Call = {
    entry: func.name,
    args: readArguments(func, given, place, mapped),
    ...(mapped.length > 0 && { mapped }),
  };
  if (run?.[3] !== undefined) requireSo(module, call, { relation: run[3], expected: run[4].trim() }, place);
  return call;
}

interface Said {
  readonly relation: string;
  readonly expected: string;
}

/** Fails where the call does not give what its line says: a check would try something else than what was meant. */
function requireSo(module: Module, call: Call, { relation, expected }: Said, place: string): void {
  const results = resultsOf(module, call);
  if (results === null) return;
  const isSo =
    typeof results === "string"
      ? relation === "fails:" && results.includes(expected)
      : relation !== "fails:" && sameResults(results, readResults(results, expected, place), relation === "~=");
  if (isSo) return;
  const shown = typeof results === "string" ? `fails: ${results}` : `== ${showResults(results)}`;
  fail("syntax", `${place}: the run line says ${relation} ${expected}, and the program ${shown}`, {
    hint: "mend the line or the program, which is taken as it is before any pass",
  });
}

/** What a call of the program gives, or the error that it ends with; null where nothing can be said. */
function resultsOf(module: Module, { entry, args }: Call): readonly NdArray[] | string | null {
  const plain = resolvedOrNull(module);
  if (plain === null) return null;
  try {
    const results = expectedOf(plain, entry, args)?.results ?? null;
    return typeof results === "string" ? results.replace(/^error \S+: /, "") : results;
  } catch (error) {
    if (error instanceof OutOfSteps) return null;
    throw error;
  }
}

function showResults(results: readonly NdArray[]): string {
  return results.length === 1 ? show(results[0]) : `(${results.map(show).join(", ")})`;
}

function readResults(results: readonly NdArray[], text: string, place: string): readonly NdArray[] | null {
  const list = readList(/^\(.*\)$/.test(text) ? text.slice(1, -1) : text, place);
  if (list.length !== results.length) return null;
  const read = list.map((value, i) => arrayOf(value, results[i].dtype, results[i].shape.length));
  return read.some((a) => a === null) ? null : read.filter((a) => a !== null);
}

/** Results as accurate as a function that is not exact. */
const accuracy = 1e-6;

function sameResults(results: readonly NdArray[], said: readonly NdArray[] | null, isNearly: boolean): boolean {
  if (said === null) return false;
  if (!isNearly) return sameArrays(results, said);
  return results.every(
    ({ shape, data }, i) =>
      shape.join() === said[i].shape.join() &&
      data.every((x, k) => Object.is(x, said[i].data[k]) || Math.abs(x - said[i].data[k]) <= accuracy * Math.abs(x)),
  );
}

const words: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Infinity, "-inf": -Infinity, "-0": -0 };

function readList(text: string, place: string): readonly unknown[] {
  const quoted = text.replace(/-?\binf\b|\bnan\b|-0(?![\d.])/g, (word) => `"${word}"`);
  try {
    const list: unknown = JSON.parse(`[${quoted}]`);
    return Array.isArray(list) ? list : [];
  } catch (error) {
    throw new AdjointError("syntax", `${place}: the run line has ${text} where numbers are expected`, { cause: error });
  }
}

function readArguments(
  func: Func,
  text: string,
  place: string,
  mapped: NonNullable<Call["mapped"]>,
): readonly NdArray[] {
  const list = readList(text, place);
  const params = func.body.arguments;
  if (list.length !== params.length)
    return fail("arity", `${place}: the run line does not give @${func.name} ${counted(params.length, "argument")}`);
  return list.map((value, i) => {
    const { type } = params[i];
    if (type.kind !== "tensor") return fail("argument", `${place}: argument ${i} of @${func.name} cannot be written`);
    const leading = mapped.filter((axis) => axis.includes(i)).length;
    const array = arrayOf(value, type.dtype, leading + type.shape.length);
    return array ?? fail("shape", `${place}: argument ${i} of @${func.name} is not ${printType(type)}`);
  });
}

/** The array that a list of so many axes says; null where it says none. */
function arrayOf(value: unknown, dtype: DType, rank: number): NdArray | null {
  const shape = shapeOf(value, rank);
  const elements = [value].flat(rank).map((x) => (typeof x === "string" ? words[x] : x));
  if (elements.length !== sizeOf(shape) || !elements.every((x) => typeof x === "number" || typeof x === "boolean"))
    return null;
  return { dtype, shape, data: new dtypes[dtype].array(elements.map(Number)) };
}

function shapeOf(value: unknown, rank: number): readonly number[] {
  if (rank === 0) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return [list.length, ...shapeOf(list[0], rank - 1)];
}
