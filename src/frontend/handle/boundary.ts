// Which public function the user called: operations and errors have the line of that call, and errors its name.
//
// Public functions call each other, and call the user's, which call public ones again. Of those that run, what counts is the
// one that the user's code called last: all between it and the fault is ours.

import { AdjointError, atCaller } from "../../ir/index.ts";

/** A public function: origins are the lines that call it. */
export type Boundary = (...args: never[]) => unknown;

/**
 * The call of a public function by the user's code: the function on whose line it stands, and the one that messages name.
 * They differ where the user hands a public function over: `compile(sin, …)` stands on the line of compile.
 */
interface Call {
  readonly line: Boundary;
  readonly name: Boundary;
}

/** The last such call; null while none runs. */
let outermost: Call | null = null;

/** The function of the user's that runs, and the public one that called it. */
let users: Boundary | null = null;
let caller: Boundary | null = null;

function callOf(boundary: Boundary): Call {
  return outermost ?? { line: (boundary === users ? caller : null) ?? boundary, name: boundary };
}

/** The public function that runs, of those called one inside the other the outermost; `boundary` where none is noted. */
export function outermostOf(boundary: Boundary): Boundary {
  return outermost?.line ?? (boundary === users ? caller : null) ?? boundary;
}

/** Runs `body`, whose operations have the line that called `boundary` as origin. The user's functions go through `callUsers`. */
export function calledAs<T>(boundary: Boundary, body: () => T): T {
  const before = outermost;
  outermost = callOf(boundary);
  try {
    return body();
  } finally {
    outermost = before;
  }
}

/** As calledAs; errors without a line get that one, and their stacks begin there. */
export function atBoundary<T>(boundary: Boundary, body: () => T): T {
  return calledAs(boundary, () => atCaller(outermostOf(boundary), body));
}

const own = new WeakSet<object>();

/** Marks a function as ours: what it calls, the user did not. */
export function ownFunction<F extends Boundary>(f: F): F {
  own.add(f);
  return f;
}

/** Calls a function that the user gave: the public functions that it calls, the user's code calls. */
export function callUsers<A extends readonly unknown[], R>(f: (...args: A) => R, ...args: A): R {
  if (own.has(f)) return f(...args);
  const before = [outermost, users, caller] as const;
  [outermost, users, caller] = [null, f as Boundary, outermost?.line ?? null];
  try {
    return f(...args);
  } catch (error) {
    throw error instanceof AdjointError ? error.leavingUsers(callUsers) : error;
  } finally {
    [outermost, users, caller] = before;
  }
}

const names = new WeakMap<Boundary, string>();

/** Gives a public function its name in messages: bundlers change that of the function. */
export function named<F extends Boundary>(name: string, f: F): F {
  names.set(f, name);
  return f;
}

export function nameOf(boundary: Boundary): string {
  return names.get(boundary) ?? boundary.name;
}

/** The name of the public function that the user called, of which `boundary` is a part. */
export function calledName(boundary: Boundary): string {
  return nameOf(callOf(boundary).name);
}

/** Runs `body`, which is all that `boundary` does: errors say what the user called. */
export function saying<T>(boundary: Boundary, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw error instanceof AdjointError ? said(error, boundary) : error;
  }
}

/** The error of what `boundary` does, which says what the user called. */
export function said(error: AdjointError, boundary: Boundary): AdjointError {
  return error.saidBy(calledName(boundary), nameOf(boundary));
}
