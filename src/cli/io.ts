// What the subcommands share: files, options, values as JSON.

import { type ParseArgsConfig, parseArgs } from "node:util";
import {
  AdjointError,
  type DType,
  dtypes,
  fail,
  type Module,
  type NdArray,
  type TensorType,
  type Type,
} from "../ir/index.ts";
import { parse } from "../ops/index.ts";

export interface Io {
  /** The text of a file, `-` for standard input. */
  read(path: string): string;
  write(path: string, text: string): void;
  out(text: string): void;
  err(text: string): void;
}

export interface Command {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly help: string;
  run(args: readonly string[], io: Io): void;
}

/** The command was called wrongly: exit 2. */
export class UsageError extends Error {
  constructor(message: string, { hint }: { readonly hint?: string } = {}) {
    super(hint === undefined ? message : `${message}: ${hint}`);
  }
}

/** A file written, or one line that says why not. */
export function writeFile(path: string, text: string, io: Io): void {
  try {
    io.write(path, text);
  } catch (error) {
    throw new AdjointError("name", `${path}: ${error instanceof Error ? error.message : String(error)}`, {
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
    throw new UsageError(error instanceof Error ? error.message.split(". ")[0] : String(error));
  }
}

/** No argument of a process can hold it. */
const hidden = "\0";

/** A leading minus of a number is no option, and options may follow it. */
function hideNegative(arg: string): string {
  return /^-(\d|\.\d|inf)/.test(arg) ? `${hidden}${arg}` : arg;
}

export function readModule(path: string | undefined, io: Io): { readonly module: Module; readonly text: string } {
  if (path === undefined) throw new UsageError("FILE is missing");
  const text = readText(path, io);
  return { text, module: parse(text, { file: path === "-" ? "<stdin>" : path }) };
}

function readText(path: string, io: Io): string {
  try {
    return io.read(path);
  } catch (error) {
    throw new AdjointError("name", `${path}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** An argument written as JSON; numbers also as nan, inf, -inf. */
export function readValue(text: string, type: Type, label: string): NdArray {
  if (type.kind !== "tensor") return fail("argument", `${label} has no JSON form`);
  let json: unknown;
  try {
    json = /^(nan|-?inf)$/.test(text) ? text : JSON.parse(text);
  } catch {
    fail("argument", `${label} is '${text}', expected JSON`, { hint: "write 1.5, true or [[1, 2], [3, 4]]" });
  }
  const elements: number[] = [];
  const shape: number[] = [];
  const open = (x: unknown, axis: number): void => {
    if (!Array.isArray(x)) {
      if (axis !== shape.length) fail("argument", `${label} is ragged`);
      elements.push(numberOf(x, type.dtype, label));
      return;
    }
    if (axis > 64) fail("argument", `${label} is nested too deep`);
    if (shape.length === axis && elements.length === 0) shape.push(x.length);
    if (shape[axis] !== x.length) fail("argument", `${label} is ragged`);
    for (const item of x) open(item, axis + 1);
  };
  open(json, 0);
  const rank = (type as TensorType).shape.length;
  if (shape.length !== rank) fail("argument", `${label} has ${shape.length} axes, expected ${rank}`);
  return { dtype: type.dtype, shape, data: new dtypes[type.dtype].array(elements) };
}

const words: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Infinity, "-inf": -Infinity, "-0": -0 };

function numberOf(x: unknown, dtype: DType, label: string): number {
  if (typeof x === "boolean" && dtype === "bool") return Number(x);
  if (typeof x === "number" && dtype !== "bool") return x;
  if (typeof x === "string" && Object.hasOwn(words, x)) return words[x];
  return fail("argument", `${label} holds ${JSON.stringify(x)}, expected ${dtype}`);
}

/** A result as JSON; nan, inf, -inf and -0 as strings in arrays of numbers JSON lacks. */
export function writeValue(array: NdArray): string {
  const element = (x: number): string => {
    if (array.dtype === "bool") return x !== 0 ? "true" : "false";
    if (Object.is(x, -0)) return "-0";
    if (Number.isFinite(x)) return String(x);
    return Number.isNaN(x) ? '"nan"' : x > 0 ? '"inf"' : '"-inf"';
  };
  let next = 0;
  const part = (axis: number): string => {
    if (axis === array.shape.length) return element(array.data[next++]);
    return `[${Array.from({ length: array.shape[axis] }, () => part(axis + 1)).join(", ")}]`;
  };
  return part(0);
}
