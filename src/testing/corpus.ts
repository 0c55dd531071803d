// A corpus: programs that are tried before random ones, in files of IR that a failure is added to. A file holds one module,
// and in a comment the call that showed the fault:
//
//   // checkPass: pass wrong is wrong (seed 1, program 11)
//   // run: @main(-1, [nan, 0]) == [nan, -0]

import { asSymbol, fail, type Module, type OpTable, parseModule, verify } from "../ir/index.ts";
import { type Call, type Dims, makeProgram, type Program } from "./generate/program.ts";
import { callsOf, runLine } from "./run-lines.ts";

/** Folders and files of IR, and modules. */
export type Corpus = string | Module | readonly (string | Module)[];

interface CorpusEntry {
  /** What messages call it. */
  readonly name: string;
  /** The module with each call of its run lines, then with calls of sampled arguments. */
  readonly programs: readonly Program[];
}

/** The programs of a corpus: of a folder those of its files, by name. A folder that will be saved into need not be there. */
export function readCorpus(where: string, corpus: Corpus, ops: OpTable, isSaved: boolean): readonly CorpusEntry[] {
  const parts = typeof corpus === "object" && "funcs" in corpus ? [corpus] : [corpus].flat();
  return parts.flatMap((part, i) => {
    if (typeof part !== "string") {
      verify(part);
      return [{ name: `module ${i} of the corpus`, programs: programsOf(part, []) }];
    }
    const { fs, path } = node(where);
    if (!fs.existsSync(part)) return isSaved && isFolder(corpus) ? [] : missing(where, part);
    const files = fs.statSync(part).isDirectory()
      ? fs
          .readdirSync(part)
          .filter((name) => name.endsWith(".ir"))
          .sort()
          .map((name) => path.join(part, name))
      : [part];
    return files.map((file) => {
      const text = fs.readFileSync(file, "utf8");
      const module = parseModule(text, ops, { file });
      return { name: file, programs: programsOf(module, callsOf(module, text, file)) };
    });
  });
}

/** Whether a corpus names a folder, to which failures can be added. */
export function isFolder(corpus: Corpus | undefined): corpus is string {
  return typeof corpus === "string" && !corpus.endsWith(".ir");
}

function missing(where: string, path: string): never {
  const kind = path.endsWith(".ir") ? "file" : "folder";
  return fail("option", `${where}: option 'corpus': there is no ${kind} '${path}'`, {
    hint: kind === "file" ? "give a file of IR, or a folder" : "make it, or save to it: { corpus: folder, save: true }",
  });
}

function programsOf(module: Module, calls: readonly Call[]): readonly Program[] {
  return [...calls, null].map((call) => makeProgram(module, sizesFor(module, call), call ?? undefined));
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
