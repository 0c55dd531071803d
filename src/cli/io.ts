// What the subcommands share: files, tables, and what wrong usage is.

import { resolve } from "node:path";
import { AdjointError, didYouMean, type Module, messageOf } from "../ir/index.ts";
import { parse } from "../ops/index.ts";
import type { SourceProgram } from "../source/index.ts";
import { jsonText } from "./json.ts";
import { painterOf, type Terminal } from "./terminal.ts";

export interface Io {
  /** The text of a file, `-` for standard input. */
  read(path: string): string;
  write(path: string, text: string): void;
  out(text: string): void;
  err(text: string): void;
  /** The exports of a module of the user. */
  load(path: string): Promise<object>;
  /** Where output goes, if that is a terminal, or is to look like one. */
  readonly terminal?: Terminal;
  /** The exit code of a command that is given a file of this text as its last argument; null where it takes longer. */
  exitCode(command: string, text: string, milliseconds: number): number | null;
}

/** The command was called wrongly: exit 2. */
export class UsageError extends Error {
  /** A second line, where the first one leaves it open how it is done; null where it does not. */
  readonly more: string | null;

  /** `hint` says in the same line what to do, `more` below it. */
  constructor(message: string, { hint, more }: { readonly hint?: string; readonly more?: string } = {}) {
    super(hint === undefined ? message : `${message}: ${hint}`);
    this.more = more ?? (hint === undefined ? "" : null);
  }
}

/** At most so many words stand behind the name of a command. */
export function requireAtMost(most: number, words: readonly string[]): void {
  if (words.length > most) throw new UsageError(`unexpected argument '${words[most]}'`);
}

/** Refuses to write over what is read. */
export function requireOther(output: string | undefined, path: string | undefined): void {
  if (output === "") throw new UsageError("-o has no name of a file");
  if (output !== undefined && path !== undefined && resolve(output) === resolve(path))
    throw new UsageError(`-o would write over '${path}'`, { hint: "give the output a name of its own" });
}

/** A file written, or one line that says why not. */
export function writeFile(path: string, text: string, io: Io): void {
  try {
    io.write(path, text);
  } catch (error) {
    throw new AdjointError("name", `${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Rows with each column as wide as its widest cell; the column of names, if any, stands out where there are colours. */
export function columns(rows: readonly (readonly string[])[], names: number, io: Io): string {
  const paint = painterOf(io.terminal?.outHasColours ?? false);
  const widths = rows.reduce<number[]>((all, row) => row.map((cell, i) => Math.max(all[i] ?? 0, cell.length)), []);
  const cell = (text: string, i: number): string => (i === names ? paint("cyan", text) : text);
  const line = (row: readonly string[]): string => {
    const end = row.findLastIndex((text) => text !== "");
    return row
      .slice(0, end + 1)
      .map((text, i) => `${cell(text, i)}${i === end ? "" : " ".repeat(widths[i] + 2 - text.length)}`)
      .join("");
  };
  return rows.map((row) => `${line(row)}\n`).join("");
}

/** What lists things, or shows one that is named. */
interface Catalogue<T> {
  /** One word for what a thing is. */
  readonly what: string;
  readonly things: ReadonlyMap<string, T>;
  overview(all: readonly T[]): string;
  page(thing: T): string;
  /** The same as data. */
  describe(thing: T): object;
}

/** Lists a catalogue, or shows the thing that the arguments name. */
export function show<T>(
  { what, things, overview, page, describe }: Catalogue<T>,
  words: readonly string[],
  { json }: { readonly json?: boolean },
  io: Io,
): void {
  requireAtMost(1, words);
  const [name] = words;
  if (name === undefined) {
    const all = [...things.values()];
    io.out(json === true ? jsonText(all.map(describe)) : overview(all));
    return;
  }
  const thing = things.get(name);
  if (thing === undefined) {
    const hint = didYouMean(name, things.keys()) ?? "without a name all are listed";
    throw new UsageError(`unknown ${what} '${name}'`, { hint });
  }
  io.out(json === true ? jsonText(describe(thing)) : page(thing));
}

/** Whether a file is TypeScript, by its name. */
export function isTypeScript(path: string): boolean {
  return /\.([cm]?ts|tsx)$/i.test(path);
}

/** The module of a file of IR, or of a function of a file of TypeScript: the last exported one where `entry` is left out. */
export async function readModule(
  path: string | undefined,
  io: Io,
  entry?: string,
): Promise<{ readonly module: Module; readonly text: string }> {
  if (path === undefined) throw new UsageError("FILE is missing");
  if (isTypeScript(path)) {
    const { program, text } = await readProgram(path, io, entry);
    return { text, module: program.module };
  }
  if (entry !== undefined)
    throw new UsageError("--entry is for files of TypeScript", { hint: "all functions of a file of IR are read" });
  if (/\.[cm]?jsx?$/i.test(path))
    throw new UsageError(`'${path}' is JavaScript, expected IR or TypeScript`, {
      hint: "give the parameters types, and the file the name .ts",
    });
  const text = readText(path, io);
  return { text, module: parse(text, { file: path === "-" ? "<stdin>" : path }) };
}

/** Errors without a line of the file itself are about what was asked on the command line. */
export function askedOf<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof AdjointError) || error.origin === null || error.origin.file === path) throw error;
    const { code, reason, reproducer, cause } = error;
    throw new AdjointError(code, reason, { reproducer, cause });
  }
}

/** The entry of TypeScript source, which takes long to load, and is loaded for these files alone. */
export function loadSource(): Promise<typeof import("../entry/source.ts")> {
  return import("../entry/source.ts");
}

/** The testing kit, which needs fast-check, and is loaded for the commands that use it. */
export async function loadTesting(): Promise<typeof import("../entry/testing.ts")> {
  try {
    return await import("../entry/testing.ts");
  } catch (error) {
    if (!(error instanceof Error && error.message.includes("fast-check"))) throw error;
    throw new AdjointError("option", "the testing kit needs fast-check", {
      hint: "npm install fast-check",
      cause: error,
    });
  }
}

/** A module of the user, by its address. */
export function loadModule(url: string): Promise<object> {
  return import(url);
}

/** The exports of a file of JavaScript, by name. */
export async function loadExports(path: string, io: Io): Promise<ReadonlyMap<string, unknown>> {
  try {
    return new Map(Object.entries(await io.load(path)));
  } catch (error) {
    throw new AdjointError("name", `${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** A function of a file of TypeScript. */
export async function readProgram(
  path: string,
  io: Io,
  entry?: string,
): Promise<{ readonly program: SourceProgram; readonly text: string }> {
  const text = readText(path, io);
  const { readSource } = await loadSource();
  return { text, program: readSource(text, { entry, file: path }) };
}

function readText(path: string, io: Io): string {
  try {
    return io.read(path);
  } catch (error) {
    throw new AdjointError("name", `${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
