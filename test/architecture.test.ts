// The tree is what it says: who imports whom, no cycles, small files and functions, a reason at the top of each.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { standardPasses } from "../passes/index.ts";
import { records, standardOps } from "../src/ops/index.ts";
import { unusedExports } from "./support/exports.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Which rooms each room may import; what is not listed may not be imported. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  "src/ir": [],
  "src/ops": ["src/ir"],
  "src/target": [],
  "src/rewrite": ["src/ir", "src/target"],
  "src/runtime": ["src/ir"],
  passes: ["src/ir", "src/ops", "src/rewrite", "src/target"],
  "src/backend": ["src/ir", "src/ops", "src/rewrite", "src/runtime", "src/target"],
  "src/compile": [
    "src/ir",
    "src/ops",
    "src/rewrite",
    "src/backend",
    "src/runtime",
    "src/parts",
    "src/target",
    "passes",
  ],
  "src/parts": ["src/ir", "src/ops", "src/rewrite", "src/backend", "passes"],
  "src/frontend": ["src/ir", "src/ops", "src/parts"],
  "src/library": ["src/ir", "src/ops", "src/frontend"],
  "src/source": ["src/ir", "src/ops", "src/parts", "src/compile", "src/frontend", "src/library", "src/api"],
  "src/api": [
    "src/ir",
    "src/ops",
    "src/rewrite",
    "src/runtime",
    "src/parts",
    "src/compile",
    "src/frontend",
    "src/library",
  ],
  "src/testing": ["src/ir", "src/ops", "src/rewrite", "src/backend", "src/compile", "src/target", "passes"],
};
/** Entry points and the command may import anything, and nobody imports them. */
const faces = ["src/index.ts", "src/entry", "src/cli"];

interface Source {
  readonly path: string;
  readonly room: string;
  readonly text: string;
  readonly file: ts.SourceFile;
  /** Paths of our own files that it imports, types included. */
  readonly imports: readonly string[];
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return filesBelow(path);
    return path.endsWith(".ts") ? [path] : [];
  });
}

function roomOf(path: string): string {
  const [first, second] = path.split("/");
  return first === "passes" ? "passes" : second.endsWith(".ts") ? path : `src/${second}`;
}

function readSource(path: string): Source {
  const text = readFileSync(join(root, path), "utf8");
  const { importedFiles } = ts.preProcessFile(text, true, true);
  const imports = importedFiles
    .map((f) => f.fileName)
    .filter((name) => name.startsWith("."))
    .map((name) => relative(root, resolve(root, dirname(path), name)));
  return {
    path,
    room: roomOf(path),
    text,
    imports,
    file: ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true),
  };
}

const sources = [...filesBelow("src"), ...filesBelow("passes")].map(readSource);
const byPath = new Map(sources.map((s) => [s.path, s]));

/** A pass is passes/<level>/<name>.ts with what lies in passes/<level>/<name>/; passes share what lies in `analyses`. */
function passOf(path: string): string {
  return path.split("/")[2].replace(/\.ts$/, "");
}

/** The folder inside a room, or inside a backend, in which a file lies; a file of the room itself stands for itself. */
function folderOf(path: string): string {
  const parts = path.split("/");
  const depth = parts[1] === "backend" ? 4 : 3;
  return parts.length <= depth ? path : parts.slice(0, depth).join("/");
}

function allowed({ path, room }: Source, target: string): boolean {
  const to = roomOf(target);
  if (faces.includes(room)) return true;
  if (faces.includes(to)) return false;
  if (room === "passes" && to === "passes")
    return path === "passes/index.ts" || passOf(target) === "analyses" || passOf(path) === passOf(target);
  if (room === "src/backend" && to === "src/backend") return sameBackend(path, target);
  if (to === room) return true;
  return mayImport[room]?.includes(to) === true;
}

/** Backends share backend.ts and nothing else; index.ts gathers them. */
function sameBackend(path: string, target: string): boolean {
  const folder = (p: string): string => p.split("/")[2];
  return path === "src/backend/index.ts" || target === "src/backend/backend.ts" || folder(path) === folder(target);
}

describe("imports", () => {
  it("follow the table", () => {
    const wrong = sources.flatMap((s) => s.imports.filter((t) => !allowed(s, t)).map((t) => `${s.path} imports ${t}`));
    expect(wrong).toEqual([]);
  });

  it("go through a folder's index.ts from outside", () => {
    const inner = (s: Source, t: string): boolean =>
      roomOf(t) !== s.room &&
      t.split("/").length > 2 &&
      !t.endsWith("/index.ts") &&
      t !== "src/backend/backend.ts" &&
      !faces.includes(s.room);
    const wrong = sources.flatMap((s) => s.imports.filter((t) => inner(s, t)).map((t) => `${s.path} imports ${t}`));
    expect(wrong).toEqual([]);
  });

  it("have no cycles, those of types included", () => {
    const done = new Set<string>();
    const stack: string[] = [];
    const cycles: string[] = [];
    const visit = (path: string): void => {
      if (stack.includes(path)) cycles.push([...stack.slice(stack.indexOf(path)), path].join(" → "));
      if (done.has(path) || stack.includes(path)) return;
      stack.push(path);
      for (const target of byPath.get(path)?.imports ?? []) visit(target);
      stack.pop();
      done.add(path);
    };
    for (const { path } of sources) visit(path);
    expect(cycles).toEqual([]);
  });

  it("have no cycles between the folders of a room", () => {
    const edges = new Map<string, Map<string, string>>();
    for (const s of sources.filter((s) => s.room !== "passes"))
      for (const target of s.imports.filter((t) => roomOf(t) === s.room && folderOf(t) !== folderOf(s.path))) {
        const from = folderOf(s.path);
        edges.set(from, (edges.get(from) ?? new Map<string, string>()).set(folderOf(target), `${s.path} → ${target}`));
      }
    const reaches = (from: string, to: string, seen: Set<string>): boolean =>
      from === to ||
      (!seen.has(from) &&
        seen.add(from) &&
        [...(edges.get(from)?.keys() ?? [])].some((next) => reaches(next, to, seen)));
    const back = [...edges].flatMap(([from, targets]) =>
      [...targets].filter(([target]) => reaches(target, from, new Set())).map(([, example]) => example),
    );
    expect(back).toEqual([]);
  });

  it("take the table of all ops only where any op may be met", () => {
    const table = sources.filter((s) =>
      /\b(records|standardOps)\b[^;]*ops\/index\.ts"|ops\.(records|standardOps)\b/.test(s.text),
    );
    const may = (path: string): boolean => /^src\/(cli|entry|testing)\//.test(path);
    expect(table.map((s) => s.path).filter((path) => !may(path))).toEqual([]);
  });

  it("take loops whose end is not known, in ops, only where functions of the library bring what compiles them", () => {
    const importers = sources.filter(
      (s) =>
        /^src\/ops\/(?!control\/|index|families)/.test(s.path) &&
        /\b(whileLoop|whileOp|scanOp|scan)\b[^;]*from "/.test(s.text),
    );
    expect(importers.map((s) => s.path)).toEqual(["src/ops/linalg/cofactors.ts", "src/ops/order/sort.ts"]);
    const calling = sources.filter((s) => s.room === "src/library" && /\bops\.(cofactors|sort)\(/.test(s.text));
    expect(calling.length).toBeGreaterThan(0);
    for (const { path, text } of calling) expect(text, path).toContain("applyLooping(");
  });

  it("are dynamic only where typescript is behind them, and reach packages only where they belong", () => {
    const dynamic = sources.filter((s) => /\bimport\(/.test(s.text.replace(/\/\/.*$/gm, ""))).map((s) => s.path);
    expect(dynamic).toEqual(["src/cli/io.ts", "src/entry/source.ts"]);
    const packages = (name: string): string[] =>
      sources
        .filter((s) => ts.preProcessFile(s.text).importedFiles.some((f) => f.fileName === name))
        .map((s) => s.room);
    expect(new Set(packages("fast-check"))).toEqual(new Set(["src/testing"]));
    expect(new Set(packages("typescript"))).toEqual(new Set(["src/source"]));
    expect(new Set(packages("immer"))).toEqual(new Set(["src/ir"]));
  });
});

const tests = filesBelow("test").map(readSource);

describe("exports", () => {
  it("are used by another file, by a test or by a public face", () => {
    const entries = ["src/index.ts", "src/source/index.ts", ...filesBelow("src/entry")];
    const users = [...tests, ...filesBelow("examples").map(readSource)];
    expect(unusedExports(root, sources, users, entries)).toEqual([]);
  });
});

describe("files", () => {
  it("say in their first line why they exist", () => {
    const unexplained = [...sources, ...tests].filter((s) => !/^(#!.*\n)?\/\/ \S/.test(s.text));
    expect(unexplained.map((s) => s.path)).toEqual([]);
  });

  it("have at most 600 lines, and functions at most 60", () => {
    const long = [...sources, ...tests].filter((s) => s.text.split("\n").length > 601).map((s) => s.path);
    const functions: string[] = [];
    for (const { path, file } of sources) {
      const line = (pos: number): number => file.getLineAndCharacterOfPosition(pos).line;
      const visit = (node: ts.Node): void => {
        if (ts.isFunctionLike(node) && "body" in node && node.body !== undefined) {
          const size = line(node.getEnd()) - line(node.getStart()) + 1;
          if (size > 60) functions.push(`${path}:${line(node.getStart()) + 1} has ${size} lines`);
        }
        ts.forEachChild(node, visit);
      };
      visit(file);
    }
    expect([...long, ...functions]).toEqual([]);
  });
});

describe("names", () => {
  it("of passes are those of their files", () => {
    const files = ["passes/tensor", "passes/loop"].flatMap((folder) => readdirSync(join(root, folder)));
    const passes = files.filter((f) => f.endsWith(".ts")).map((f) => f.replace(/\.ts$/, ""));
    expect(passes.sort()).toEqual([...standardPasses.keys()].sort());
  });

  it("of records are the mnemonics in camelCase", () => {
    const camel = (name: string): string => name.replace(/_(\w)/g, (_, c: string) => c.toUpperCase());
    expect(Object.entries(records).filter(([key, op]) => camel(op.name) !== key)).toEqual([]);
    expect(standardOps.size).toBe(Object.keys(records).length);
  });
});
