// A corpus: programs that are tried before random ones, in files of IR that a failure is added to. A file holds one module,
// and in a comment the call that showed the fault:
//
//   // checkPass: pass wrong is wrong (seed 1, program 11)
//   // run: @main(-1, [nan, 0]) == [nan, -0]
//
// or, of a function that is mapped over some of its arguments, and that over some, `// vmap: @main([1, 2], 3) over [0]`.

import {
  AdjointError,
  asSymbol,
  counted,
  type DType,
  dtypes,
  type Func,
  fail,
  findFunc,
  type Module,
  type NdArray,
  type OpTable,
  parseModule,
  printType,
  sizeOf,
  verify,
} from "../ir/index.ts";
import { expectedOf } from "./compare.ts";
import { type Call, type Dims, makeProgram, type Program } from "./generate/program.ts";
import { showNumber } from "./outcome.ts";

/** Folders and files of IR, and modules. */
export type Corpus = string | Module | readonly (string | Module)[];

interface CorpusEntry {
  /** What messages call it. */
  readonly name: string;
  readonly program: Program;
}

/** The programs of a corpus: of a folder those of its files, by name. */
export function readCorpus(where: string, corpus: Corpus, ops: OpTable): readonly CorpusEntry[] {
  const parts = typeof corpus === "object" && "funcs" in corpus ? [corpus] : [corpus].flat();
  return parts.flatMap((part, i) => {
    if (typeof part !== "string") {
      verify(part);
      return [{ name: `module ${i} of the corpus`, program: makeProgram(part, sizesFor(part, null)) }];
    }
    const { fs, path } = node(where);
    if (!fs.existsSync(part)) return part.endsWith(".ir") ? fail("option", `${where}: no file '${part}'`) : [];
    const files = fs.statSync(part).isDirectory()
      ? fs
          .readdirSync(part)
          .filter((name) => name.endsWith(".ir"))
          .sort()
          .map((name) => path.join(part, name))
      : [part];
    return files.map((file) => ({ name: file, program: programOf(fs.readFileSync(file, "utf8"), file, ops) }));
  });
}

/** Writes a failure to a folder, unless it is there; gives the name of its file. */
export function saveFailure(where: string, folder: string, title: string, { module, call }: Program): string {
  const { fs, path } = node(where);
  const text = `// ${title}\n${call === undefined ? "" : `// ${runLine(module, call)}\n`}${makeProgram(module, {})}`;
  const name = title
    .replace(/ is wrong.*$/s, "")
    .replace(/[^A-Za-z0-9.]+/g, "-")
    .slice(0, 60);
  const file = path.join(folder, `${name}-${hashOf(String(makeProgram(module, {})))}.ir`);
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(file, text);
  return file;
}

/** The modules of Node that read and write files; browsers have none, and import this file all the same. */
function node(where: string) {
  const fs = globalThis.process?.getBuiltinModule?.("node:fs");
  const path = globalThis.process?.getBuiltinModule?.("node:path");
  if (fs === undefined || path === undefined)
    return fail("option", `${where}: option 'corpus' is a path, and files are read in Node only`, {
      hint: "give modules",
    });
  return { fs, path };
}

/** FNV-1a, in hexadecimal. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

// ---- the call of a file ---------------------------------------------------------------------------------------------

/** `run: @main(1, [2, 3]) == 5` */
function runLine(module: Module, { entry, args, mapped }: Call): string {
  const given = `@${entry}(${args.map(show).join(", ")})`;
  if (mapped !== undefined) return `vmap: ${given}${mapped.map((list) => ` over [${list.join(", ")}]`).join("")}`;
  const call = `run: ${given}`;
  const expected = expectedOf(module, entry, args)?.results;
  if (expected === undefined) return call;
  if (typeof expected === "string") return `${call} fails: ${expected.replace(/^error \S+: /, "")}`;
  return `${call} == ${expected.length === 1 ? show(expected[0]) : `(${expected.map(show).join(", ")})`}`;
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

function programOf(text: string, file: string, ops: OpTable): Program {
  const module = parseModule(text, ops, { file });
  const call = callOf(module, text, file);
  return makeProgram(module, sizesFor(module, call ?? null), call);
}

function callOf(module: Module, text: string, file: string): Call | undefined {
  const line =
    /^\/\/ run: @([\w.]+)\((.*?)\)(?: ==.*| ~=.*| fails:.*)?$/m.exec(text) ??
    /^\/\/ vmap: @([\w.]+)\((.*?)\)((?: over \[[\d, ]+\])+)$/m.exec(text);
  const func = line === null ? undefined : findFunc(module, line[1]);
  if (line === null || func === undefined) return undefined;
  const lists = line[3] === undefined ? [] : [...line[3].matchAll(/\[(.*?)\]/g)];
  const mapped = lists.map(([, list]) => list.split(",").map(Number));
  const args = readArguments(func, line[2], file, mapped);
  return { entry: func.name, args, ...(mapped.length > 0 && { mapped }) };
}

const words: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Infinity, "-inf": -Infinity, "-0": -0 };

function readArguments(
  func: Func,
  text: string,
  file: string,
  mapped: NonNullable<Call["mapped"]>,
): readonly NdArray[] {
  const quoted = text.replace(/-?\binf\b|\bnan\b|-0(?![\d.])/g, (word) => `"${word}"`);
  let list: unknown;
  try {
    list = JSON.parse(`[${quoted}]`);
  } catch (error) {
    throw new AdjointError("syntax", `${file}: the arguments of its run line, ${text}, are no numbers`, {
      cause: error,
    });
  }
  const params = func.body.arguments;
  if (!Array.isArray(list) || list.length !== params.length)
    return fail("arity", `${file}: its run line does not give @${func.name} ${counted(params.length, "argument")}`);
  return list.map((value: unknown, i) => {
    const { type } = params[i];
    if (type.kind !== "tensor") return fail("argument", `${file}: argument ${i} of @${func.name} cannot be written`);
    const leading = mapped.filter((axis) => axis.includes(i)).length;
    const shape = shapeOf(value, leading + type.shape.length);
    const elements = [value].flat(shape.length).map((x) => (typeof x === "string" ? words[x] : x));
    if (elements.length !== sizeOf(shape) || !elements.every((x) => typeof x === "number" || typeof x === "boolean"))
      return fail("shape", `${file}: argument ${i} of @${func.name} is not ${printType(type)}`);
    return { dtype: type.dtype, shape, data: new dtypes[type.dtype].array(elements.map(Number)) };
  });
}

function shapeOf(value: unknown, rank: number): readonly number[] {
  if (rank === 0) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return [list.length, ...shapeOf(list[0], rank - 1)];
}

/** Sizes of symbols in turn, for those that the call does not tell. */
const usualSizes = [3, 2, 4, 1];

/** The sizes of the symbols of public functions: those of a call's arguments, else small ones that are not alike. */
export function sizesFor(module: Module, call: Call | null): Dims {
  const sizes: Record<string, number> = {};
  for (const { name, symbols, body } of module.funcs) {
    for (const symbol of symbols) sizes[symbol] ??= usualSizes[Object.keys(sizes).length % usualSizes.length];
    if (call?.entry !== name) continue;
    for (const [i, { type }] of body.arguments.entries()) {
      if (type.kind !== "tensor") continue;
      for (const [axis, d] of type.shape.entries()) {
        const symbol = asSymbol(d);
        const leading = call.mapped?.filter((list) => list.includes(i)).length ?? 0;
        if (symbol !== null) sizes[symbol] = call.args[i].shape[leading + axis];
      }
    }
  }
  return sizes;
}
