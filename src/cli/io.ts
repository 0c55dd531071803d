// What the subcommands share: files and options.

import { resolve } from "node:path";
import { type ParseArgsConfig, parseArgs } from "node:util";
import { AdjointError, didYouMean, type Module, messageOf } from "../ir/index.ts";
import { parse } from "../ops/index.ts";
import type { SourceProgram } from "../source/index.ts";

export interface Io {
  /** The text of a file, `-` for standard input. */
  read(path: string): string;
  write(path: string, text: string): void;
  out(text: string): void;
  err(text: string): void;
  /** The exports of a module of the user. */
  load(path: string): Promise<object>;
  /** The exit code of a command that is given a file of this text as its last argument; null where it takes longer. */
  exitCode(command: string, text: string, milliseconds: number): number | null;
}

export interface Command {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly help: string;
  run(args: readonly string[], io: Io): void | Promise<void>;
}

/** The command was called wrongly: exit 2. */
export class UsageError extends Error {
  constructor(message: string, { hint }: { readonly hint?: string } = {}) {
    super(hint === undefined ? message : `${message}: ${hint}`);
  }
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

/** Rows with each column as wide as its widest cell. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>((all, row) => row.map((cell, i) => Math.max(all[i] ?? 0, cell.length)), []);
  const line = (row: readonly string[]): string => row.map((cell, i) => cell.padEnd(widths[i] + 2)).join("");
  return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Options and positional arguments; anything unknown is wrong usage. */
export function readOptions<T extends Options>(args: readonly string[], options: T) {
  try {
    const parsed = parseArgs({ args: args.map(hideNegative), options, allowPositionals: true, strict: true });
    return { ...parsed, positionals: parsed.positionals.map((p) => (p.startsWith(hidden) ? p.slice(1) : p)) };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split(". ")[0] : String(error);
    const unknown = /^Unknown option '(--?[^']*)'/.exec(reason)?.[1];
    throw unknown === undefined ? new UsageError(reason) : unknownOption(unknown, options);
  }
}

function unknownOption(name: string, options: Options): UsageError {
  const known = Object.entries({ help: { short: "h" }, ...options });
  const names = known.flatMap(([long, { short }]) => [`--${long}`, ...(short === undefined ? [] : [`-${short}`])]);
  const hint = didYouMean(name, names) ?? `the options are ${names.join(", ")}`;
  return new UsageError(`unknown option '${name.slice(0, 40)}'`, { hint });
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
  args: readonly string[],
  io: Io,
): void {
  const { values, positionals } = readOptions(args, { json: { type: "boolean", default: false } });
  if (positionals.length > 1) throw new UsageError(`unexpected argument '${positionals[1]}'`);
  const [name] = positionals;
  const json = (data: object): string => `${JSON.stringify(data, null, 2)}\n`;
  if (name === undefined) {
    const all = [...things.values()];
    io.out(values.json ? json(all.map(describe)) : overview(all));
    return;
  }
  const thing = things.get(name);
  if (thing === undefined) {
    const hint = didYouMean(name, things.keys()) ?? "without a name all are listed";
    throw new UsageError(`unknown ${what} '${name}'`, { hint });
  }
  io.out(values.json ? json(describe(thing)) : page(thing));
}

/** No argument of a process can hold it. */
const hidden = "\0";

/** A leading minus of a number is no option, and options may follow it. */
function hideNegative(arg: string): string {
  return /^-(\d|\.\d|inf)/.test(arg) ? `${hidden}${arg}` : arg;
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
