// Where an operation came from: the user's line, read from a captured stack only when someone looks.

import type { Boundary } from "./stack.ts";

/** A place in the user's source. `line` and `column` count from 1. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The public function that was called there, which errors name; a text's own operations have none. */
  readonly called?: string;
  /** The derivative that this is a part of: `the gradient of sqrt`. */
  readonly derivative?: string;
}

interface Located {
  readonly op: { readonly name: string };
  readonly origin: Origin | null;
}

/** What errors call an operation: the public function that the user called for it, or else its op. */
export function subjectOf({ op, origin }: Located): string {
  return origin?.called || op.name;
}

/** The place of the operations that make up a derivative of an operation: it is where that one is. */
export function originOfDerivative(operation: Located, kind: "gradient" | "derivative"): Origin | null {
  const { origin } = operation;
  if (origin === null) return null;
  const derivative = `the ${kind} of ${origin.derivative ?? subjectOf(operation)}`;
  if (origin instanceof CapturedOrigin) return origin.of(derivative);
  const { file, line, column, called } = origin;
  return Object.freeze({ file, line, column, called, derivative });
}

export function formatOrigin(origin: Origin): string {
  return `${origin.file}:${origin.line}:${origin.column}`;
}

/** A known place, such as a position in a text. */
export function originAt(file: string, line: number, column: number): Origin {
  return Object.freeze({ file, line, column });
}

/** A captured stack whose first frame is the user's line; parsed on first read. */
class CapturedOrigin implements Origin {
  readonly #stack: CapturedStack;
  readonly called: string | undefined;
  readonly derivative: string | undefined;

  constructor(stack: CapturedStack, called: string | undefined, derivative?: string) {
    this.#stack = stack;
    this.called = called;
    this.derivative = derivative;
  }

  get file(): string {
    return this.#read().file;
  }
  get line(): number {
    return this.#read().line;
  }
  get column(): number {
    return this.#read().column;
  }

  /** The same place, of a part of this derivative. */
  of(derivative: string): CapturedOrigin {
    return new CapturedOrigin(this.#stack, this.called, derivative);
  }

  /** The place under a directory, whose path it does not hold; null for one that is elsewhere. */
  under(root: string): Origin | null {
    const { path, line, column } = this.#read();
    return path.startsWith(root) ? originAt(path.slice(root.length), line, column) : null;
  }

  /** The file's path on this machine. */
  get path(): string {
    return this.#read().path;
  }

  /** The frame of the stack, as the engine writes it; null where there is none. */
  get stackFrame(): string | null {
    return this.#read().frame;
  }

  #read(): CapturedPlace {
    this.#stack.place ??= originOf(this.#stack.stack ?? "");
    return this.#stack.place;
  }
}

/** What an engine captures, which it writes as text when that is read, and the place that it says. */
interface CapturedStack {
  readonly stack?: string;
  place?: CapturedPlace;
}

/** What a captured origin knows of this machine: the path of its file, and its frame of the stack. */
export function captureOf(origin: Origin | null): { readonly path: string; readonly stackFrame: string | null } | null {
  return origin instanceof CapturedOrigin ? origin : null;
}

/** A place with the whole path of its file on this machine, and the frame that says it. */
interface CapturedPlace extends Origin {
  readonly path: string;
  readonly frame: string | null;
}

/**
 * The origin as it may leave this machine: a captured one holds a path of the machine, and becomes one below the directory
 * `root`, or null; one that a text was given with stays.
 */
export function withoutMachine(origin: Origin | null, root: string | null): Origin | null {
  if (!(origin instanceof CapturedOrigin)) return origin;
  return root === null ? null : origin.under(root);
}

/** The places read lately, by their stack: a loop captures the same few over and over. */
const recent = new Map<string, CapturedPlace>();
const mostRecent = 256;

function originOf(stack: string): CapturedPlace {
  let origin = recent.get(stack);
  if (origin === undefined) {
    if (recent.size >= mostRecent) recent.clear();
    recent.set(stack, (origin = parseStackFrame(stack)));
  }
  return origin;
}

/**
 * The line that called `boundary`, the outermost public function on the stack: of the first so many frames the first that
 * has a line. About 2 µs for one; formatted when read. `called` is the function that errors name.
 */
export function captureOrigin(boundary: Boundary, frames = 1, called?: string): Origin {
  // here rather than in a function of its own: V8 takes longer by each frame between this and the boundary
  const stack: CapturedStack = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = frames;
  Error.captureStackTrace?.(stack, boundary);
  Error.stackTraceLimit = limit;
  return new CapturedOrigin(stack, called);
}

function parseStackFrame(stack: string): CapturedPlace {
  const match = /(?:\(|at |@)(?:async )?((?:file:\/\/)?[^()\n]*?):(\d+):(\d+)\)?\s*$/m.exec(stack);
  if (match === null) return Object.freeze({ file: "<unknown>", path: "", line: 0, column: 0, frame: null });
  const [, url, line, column] = match;
  const path = pathOf(url);
  const start = stack.lastIndexOf("\n", match.index) + 1;
  const frame = stack.slice(start).split("\n", 1)[0];
  return Object.freeze({ file: shortenPath(path), path, line: Number(line), column: Number(column), frame });
}

/** A path, of a path or a file's address. */
export function pathOf(url: string): string {
  return url.startsWith("file://") ? decodeURIComponent(url.slice(7)) : url;
}

/** Paths below the working directory are shown relative to it. */
function shortenPath(path: string): string {
  const cwd = typeof process === "object" && typeof process.cwd === "function" ? `${process.cwd()}/` : "";
  return cwd !== "" && path.startsWith(cwd) ? path.slice(cwd.length) : path;
}
