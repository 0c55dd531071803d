// Every error a user can see: one class, a documented code, the user's line, and a one-line message.

import { captureOrigin, formatOrigin, type Origin } from "./origin.ts";

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

/** The one error class. `message` is one line: `file:line:column what: got, expected: hint`. */
export class AdjointError extends Error {
  override readonly name = "AdjointError";
  readonly code: ErrorCode;
  readonly origin: Origin | null;
  /** The message without its location, its subject and the steps of loops. */
  readonly #bare: string;
  readonly #subject: string | null;
  /** The message says which public function was called. */
  #isSaid = false;
  /** The message without its location. */
  readonly reason: string;
  readonly frame: string | undefined;
  readonly reproducer: string | undefined;
  /** The step of each loop around what failed at run time, from 0, the outermost first. */
  readonly iterations: readonly number[];

  constructor(code: ErrorCode, reason: string, details: ErrorDetails = {}) {
    const origin = details.origin ?? null;
    const iterations = details.iterations ?? [];
    const hinted = details.hint === undefined ? reason : `${reason}: ${details.hint}`;
    const subject = details.subject ?? null;
    const text = `${subject === null ? "" : `${subject}: `}${hinted}${describeSteps(iterations)}`;
    super(origin === null ? text : `${formatOrigin(origin)} ${text}`, { cause: details.cause });
    this.code = code;
    this.origin = origin;
    this.reason = text;
    this.frame = details.frame;
    this.reproducer = details.reproducer;
    this.iterations = iterations;
    this.#bare = hinted;
    this.#subject = subject;
  }

  /** The same error in a step of a loop around it. */
  inStep(step: number): AdjointError {
    return this.#with({ iterations: [step, ...this.iterations] });
  }

  /**
   * The same error as one of `called`, the function that the user called, where it is one of an op or of `by`, a function
   * that it called in turn. What is said once stays.
   */
  saidBy(called: string, by: string): AdjointError {
    if (this.#isSaid || called === "" || isOfRun(this.code) || (this.#subject === null && this.origin !== null))
      return this;
    const [prefix] = this.#subject === null ? [called, by].filter((name) => this.#bare.startsWith(`${name}: `)) : [];
    const bare = prefix === undefined ? this.#bare : this.#bare.slice(prefix.length + 2);
    const said = this.#with({ subject: called }, bare);
    said.#isSaid = true;
    return said;
  }

  /** The same error at a location, if it has none yet. */
  at(origin: Origin | null, frame?: string): AdjointError {
    if (this.origin !== null || origin === null) return this;
    return this.#with({ origin, frame: frame ?? this.frame });
  }

  #with(details: ErrorDetails, bare = this.#bare): AdjointError {
    const { origin, frame, reproducer, cause, iterations } = this;
    const subject = this.#subject ?? undefined;
    const other = new AdjointError(this.code, bare, {
      origin,
      frame,
      reproducer,
      cause,
      iterations,
      subject,
      ...details,
    });
    other.#isSaid = this.#isSaid;
    return other;
  }
}

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
export function atCaller<T>(boundary: (...args: never[]) => unknown, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof AdjointError) || error.origin !== null) throw error;
    let origin = captureOrigin(boundary);
    // engines' own functions, JSON.stringify and Math.max for two, call without a line: the one that called them has it
    if (origin.line === 0) origin = captureOrigin(boundary, 4);
    throw origin.line > 0 ? error.at(origin) : error;
  }
}

/** A broken internal invariant: our fault, never the user's. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`internal invariant broken: ${what}`);
}

/** What something that was thrown says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
