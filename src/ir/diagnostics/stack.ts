// The stack of an error as its reader wants it: the calls of the user's code alone, first the line that the error is about.
//
// Public functions call the user's, which call public ones again, so calls of ours stand above, between and below those of
// the user. An error notes where it leaves the one and where the other; what stands between is left out when someone reads.

/** What the user called: a function of ours, or a class with `new`. */
export type Boundary = ((...args: never[]) => unknown) | (abstract new (...args: never[]) => unknown);

/** A stack of the engine, which formats it when it is read. */
interface Captured {
  readonly stack?: string;
}

/** How far below a call of the user's code the next one is looked for. */
const deepest = 200;

/** The frames below the last call of `boundary`. None where the program wants no stacks. */
function capture(boundary: Boundary): Captured {
  const captured: Captured = {};
  const limit = Error.stackTraceLimit;
  if (limit === 0) return captured;
  Error.stackTraceLimit = deepest;
  Error.captureStackTrace?.(captured, boundary);
  Error.stackTraceLimit = limit;
  return captured;
}

/** The lines of a stack that are frames, in the spelling of V8 or of the others. */
export function framesOf({ stack = "" }: Captured): readonly string[] {
  return stack.split("\n").filter((line) => /^\s+at |@.*:\d+:\d+$/.test(line));
}

/** A place where an error left a function: a public one, called by the user's code, or one of the user's, called by ours. */
interface Crossing {
  readonly left: "ours" | "users";
  readonly below: Captured;
}

/** The most crossings that are kept: who keeps an error and throws it again and again adds one each time. */
const most = 64;

/** The way of an error up the stack. */
export class Trail {
  readonly #crossings: Crossing[] = [];

  /** The error is one of `boundary`, a function of ours: frames above its call say nothing to the user. */
  leaveOurs(boundary: Boundary): void {
    // of functions of ours within each other, the outermost counts
    if (this.#crossings.at(-1)?.left === "ours") this.#crossings.pop();
    this.#leave("ours", boundary);
  }

  /** The error leaves a function of the user's, which `caller`, one of ours, called. */
  leaveUsers(caller: Boundary): void {
    this.#leave("users", caller);
  }

  /** The error has left a function of the user's: a frame of the user's is the first. */
  get isInUsers(): boolean {
    return this.#crossings.some(({ left }) => left === "users");
  }

  #leave(left: Crossing["left"], boundary: Boundary): void {
    if (this.#crossings.length < most) this.#crossings.push({ left, below: capture(boundary) });
  }

  /** The frames of the user's code. */
  get frames(): readonly string[] {
    const users: string[] = [];
    let open: readonly string[] = [];
    for (const { left, below } of this.#crossings) {
      const frames = framesOf(below);
      const own = left === "ours" ? 0 : framesAbove(open, frames);
      users.push(...open.slice(0, own));
      if (left === "ours") open = frames;
      else if (own > 0) open = [];
    }
    return [...users, ...open];
  }
}

/**
 * How many of the frames stand above the call of a function of the user's, where `below` are those below the function that
 * made it. None where they are those of an outer call: the user gave a function of ours.
 */
function framesAbove(frames: readonly string[], below: readonly string[]): number {
  const isWhole = frames.length < deepest && below.length < deepest;
  const first = isWhole ? frames.length - below.length : frames.indexOf(below[0]);
  return Math.max(first - 1, 0);
}

/** The stack as text, with no more frames than the engine would show; `first` in front of others, if it is not the first. */
export function stackText(header: string, first: string | null, frames: readonly string[]): string {
  const isFirst = first === null || (frames.length > 0 && placeIn(frames[0]) === placeIn(first));
  const all = isFirst ? frames : [first, ...frames];
  const { stackTraceLimit: limit } = Error;
  return [header, ...all.slice(0, typeof limit === "number" ? limit : 10)].join("\n");
}

/** `file:line:column` of a frame. */
function placeIn(frame: string): string {
  return /([^\s()@]*:\d+:\d+)\)?\s*$/.exec(frame)?.[1] ?? frame;
}
