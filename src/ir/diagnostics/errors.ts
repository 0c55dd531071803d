// Every error a user can see: one class, a documented code, the user's line, and a one-line message.

import { frameInFile } from "./code-frame.ts";
import { captureOf, captureOrigin, formatOrigin, type Origin } from "./origin.ts";
import { shownAs } from "./shown.ts";
import { type Boundary, framesOf, stackText, Trail } from "./stack.ts";

/** The documented error codes: what each means and what to do about it. */
export const errorCodes = {
  syntax: "The IR text, expression or TypeScript does not parse; the message says what was expected.",
  unsupported: "The TypeScript source uses something that is not compiled; the message says what to write instead.",
  name: "A name is unknown, defined twice, read before it has a value or not allowed here.",
  dtype: "Operands have different or unsupported dtypes; write an explicit cast.",
  shape: "Shapes, ranks or dimensions do not fit together.",
  axis: "An axis or axis list is out of range or repeats.",
  attribute: "An attribute is missing, of the wrong kind or out of range.",
  arity: "A wrong number of operands, results, arguments or region arguments.",
  structure: "The module breaks an invariant of the IR (definition before use, terminators, recursion, levels).",
  literal: "A literal is not exactly representable in the dtype it takes.",
  scope: "A tensor of one trace or graph is used in another, or after its trace ended.",
  primitive: "A traced tensor was used where JavaScript wants a primitive value.",
  "no-derivative": "The derivative of this op was asked for, and it has none; the message gives the reason.",
  "no-eval": "This operation has no meaning of its own here: a pass has to resolve it first.",
  option: "An option, pass, pipeline or backend name is unknown or not loaded.",
  argument: "A run-time argument does not fit the declared type or a dimension constraint.",
  check: "A `check` operation failed at run time; the message is the user's.",
  nan: "With debug, an operation made a NaN or an infinity of finite numbers; the message says of which.",
  range: "A size, index or loop bound is negative, overflows or is out of range at run time.",
  verify: "A pass produced invalid IR; the error carries a reproducer.",
  validate: "A pass changed a result bit; the error carries a reproducer.",
} as const;

export type ErrorCode = keyof typeof errorCodes;

export interface ErrorDetails {
  /** The op that complains: it stands in front of the reason, until the function that made it is known. */
  readonly subject?: string;
  /** The user's line. */
  readonly origin?: Origin | null;
  /** What to do about it; appended to the message after a colon. */
  readonly hint?: string;
  /** The source line with a caret under the fault, for text input. */
  readonly frame?: string;
  /** IR with a `// pass:` line that `adjoint opt` reruns. */
  readonly reproducer?: string;
  /** The step of each loop around what failed, from 0, the outermost first. */
  readonly iterations?: readonly number[];
  readonly cause?: unknown;
}

/**
 * The one error class. `message` is one line: `file:line:column what: got, expected: hint`. The stack begins at the user's
 * line, and calls of ours are left out; where the line's text is at hand, it stands between message and stack.
 */
export class AdjointError extends Error {
  static {
    // on the prototype, not on the class alone: bundlers rename that, and names of ours are no names of its fields
    Object.defineProperty(AdjointError.prototype, "name", {
      value: "AdjointError",
      writable: true,
      configurable: true,
    });
    if (Error.captureStackTrace !== undefined) {
      Object.defineProperty(AdjointError.prototype, "stack", {
        get(this: AdjointError) {
          return this.#stackText(this.#frame);
        },
        set(this: AdjointError, value: unknown) {
          Object.defineProperty(this, "stack", { value, writable: true, configurable: true });
        },
        configurable: true,
      });
    }
  }

  /** What consoles show in front of it, also where a bundler renames the class. */
  static override readonly name: string = "AdjointError";

  readonly code: ErrorCode;
  #origin: Origin | null;
  /** The message without its location, its subject and the steps of loops. */
  #bare: string;
  #subject: string | null;
  /** The message says which public function was called. */
  #isSaid = false;
  #iterations: readonly number[];
  readonly #reproducer: string | undefined;
  #frame: string | undefined;
  readonly #trail = new Trail();

  constructor(code: ErrorCode, reason: string, details: ErrorDetails = {}) {
    super("", details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.#origin = details.origin ?? null;
    this.#bare = details.hint === undefined ? reason : `${reason}: ${details.hint}`;
    this.#subject = details.subject ?? null;
    this.#iterations = details.iterations ?? [];
    this.#reproducer = details.reproducer;
    this.#frame = details.frame;
    this.#say();
  }

  /** The user's line. */
  get origin(): Origin | null {
    return this.#origin;
  }

  /** The message without its location. */
  get reason(): string {
    return `${this.#subject === null ? "" : `${this.#subject}: `}${this.#bare}${describeSteps(this.#iterations)}`;
  }

  /** The step of each loop around what failed at run time, from 0, the outermost first. */
  get iterations(): readonly number[] {
    return this.#iterations;
  }

  /** IR with a `// pass:` line that `adjoint opt` reruns. */
  get reproducer(): string | undefined {
    return this.#reproducer;
  }

  /**
   * The line of IR, an expression or TypeScript that was given, with a caret under the fault. Of the user's own file it is not
   * here, since test runners that find it show it in place of the stack; consoles show that line too.
   */
  get frame(): string | undefined {
    return this.#frame;
  }

  /** The same error in a step of a loop around it. */
  inStep(step: number): AdjointError {
    this.#iterations = [step, ...this.#iterations];
    return this.#say();
  }

  /**
   * The same error as one of `called`, the function that the user called, where it is one of an op or of `by`, a function
   * that it called in turn. What is said once stays.
   */
  saidBy(called: string, by: string): AdjointError {
    if (this.#isSaid || called === "" || isOfRun(this.code) || (this.#subject === null && this.#origin !== null))
      return this;
    const [prefix] = this.#subject === null ? [called, by].filter((name) => this.#bare.startsWith(`${name}: `)) : [];
    if (prefix !== undefined) this.#bare = this.#bare.slice(prefix.length + 2);
    this.#subject = called;
    this.#isSaid = true;
    return this.#say();
  }

  /** The same error at a location, if it has none yet. */
  at(origin: Origin | null, frame?: string): AdjointError {
    if (this.#origin !== null || origin === null) return this;
    this.#origin = origin;
    this.#frame ??= frame;
    return this.#say();
  }

  /** The same error as it leaves `boundary`, a public function that the user's code called. */
  leaving(boundary: Boundary): AdjointError {
    // engines point at the first frame of an error nobody caught
    if (!this.#trail.isInUsers) Error.captureStackTrace?.(this, boundary);
    this.#trail.leaveOurs(boundary);
    // the engine's own would hide that of the class
    Reflect.deleteProperty(this, "stack");
    return this;
  }

  /** The same error as it leaves a function of the user's, which `caller` called. */
  leavingUsers(caller: Boundary): AdjointError {
    this.#trail.leaveUsers(caller);
    return this;
  }

  /** As Node shows it where it is printed: what it is, its line, the way to it, its code. */
  [shownAs](depth: number, options: unknown, inspect: Inspect): string {
    if (depth < 0) return `[${this.name}: ${this.message}]`;
    const facts = Object.entries(this).map(([name, value]) => `${name}: ${inspect(value, options)}`);
    if (this.cause !== undefined) facts.push(`[cause]: ${inspect(this.cause, options)}`);
    return `${this.#stackText(this.#frame ?? this.#frameInFile())} {\n  ${facts.join(",\n").replaceAll("\n", "\n  ")}\n}`;
  }

  #frameInFile(): string | undefined {
    const place = this.#origin;
    return place === null ? undefined : frameInFile(captureOf(place)?.path ?? "", place);
  }

  #stackText(frame: string | undefined): string {
    const header = `${this.name}: ${this.message}${frame === undefined ? "" : `\n\n${frame}\n`}`;
    // one that left no function of ours has the engine's stack
    const frames = Object.hasOwn(this, "stack") ? framesOf(this) : this.#trail.frames;
    return stackText(header, captureOf(this.#origin)?.stackFrame ?? null, frames);
  }

  #say(): AdjointError {
    this.message = this.#origin === null ? this.reason : `${formatOrigin(this.#origin)} ${this.reason}`;
    return this;
  }
}

type Inspect = (x: unknown, options: unknown) => string;

/** Errors of a run speak for the user, whatever was called. */
function isOfRun(code: ErrorCode): boolean {
  return code === "check" || code === "nan";
}

/** ` (iteration 5)`, ` (iterations 3, 5)` */
export function describeSteps(steps: readonly number[]): string {
  return steps.length === 0 ? "" : ` (iteration${steps.length === 1 ? "" : "s"} ${steps.join(", ")})`;
}

export function fail(code: ErrorCode, reason: string, details?: ErrorDetails): never {
  throw new AdjointError(code, reason, details);
}

/** Runs `body`; an error without a location gets the line that called `boundary`, which is on the stack. */
export function atCaller<T>(boundary: Boundary, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw error instanceof AdjointError ? located(error, boundary).leaving(boundary) : error;
  }
}

/** Runs `body`, which is all that `boundary` does: the stacks of its errors begin with its call. */
export function stackFrom<T>(boundary: Boundary, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw error instanceof AdjointError ? error.leaving(boundary) : error;
  }
}

function located(error: AdjointError, boundary: Boundary): AdjointError {
  if (error.origin !== null) return error;
  let origin = captureOrigin(boundary);
  // engines' own functions, JSON.stringify and Math.max for two, call without a line: the one that called them has it
  if (origin.line === 0) origin = captureOrigin(boundary, 4);
  return origin.line > 0 ? error.at(origin) : error;
}

/** A broken internal invariant: our fault, never the user's. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`internal invariant broken: ${what}`);
}

/** What something that was thrown says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
