// How deep traces are nested, and how many derivatives may be asked of what is traced.

import { fail } from "../../ir/index.ts";
import { type Boundary, nameOf } from "./boundary.ts";

/** Calls of users' functions that may be open within each other; text allows 256 levels of regions. */
const deepest = 240;
let depth = 0;

/**
 * Runs `body`, which traces a function or region of the user's for `boundary`. One that calls itself does so for ever,
 * since each branch is traced whether it is taken or not: where too many are open, that is what has happened.
 */
export function nested<T>(boundary: Boundary, body: () => T): T {
  if (depth >= deepest) failRecursion(boundary);
  depth++;
  try {
    return body();
  } catch (error) {
    // a function of the user's own that calls itself, or ours on a stack that the user has nearly filled
    if (depth === 1 && error instanceof RangeError && /call stack/i.test(error.message)) failRecursion(boundary);
    throw error;
  } finally {
    depth--;
  }
}

function failRecursion(boundary: Boundary): never {
  const name = nameOf(boundary);
  const called = name === "" ? "" : `${name}: `;
  return fail("structure", `${called}a function calls itself while it is traced, and no tensor can end that`, {
    hint: "write whileLoop, scan or fori: every branch is traced, whether it is taken or not",
  });
}

/**
 * Derivatives that may be asked of what is traced: its own rules are traced for as many. `isOpen`: more may be asked,
 * later, and nobody knows how many.
 */
interface Wanted {
  readonly order: number;
  readonly isOpen: boolean;
}

let wanted: Wanted = { order: 0, isOpen: false };
let leftOut = false;

/** How many derivatives of a declared graph find the rules of functions whose rules call them again. */
const ofGraphs: Wanted = { order: 3, isOpen: true };

export function wantedDerivatives(): Wanted {
  return wanted;
}

/** Runs `body`, of which `change` more derivatives are wanted than of what is around it; none where that is below 0. */
export function withDerivatives<T>(change: number, body: () => T): T {
  return wanting({ ...wanted, order: Math.max(0, wanted.order + change) }, body);
}

/** Runs `body`, of which no derivative will be asked. */
export function withoutDerivatives<T>(body: () => T): T {
  return wanting({ order: 0, isOpen: false }, body);
}

/** Runs `body`, of which a declared graph may be asked any derivative later. */
export function withAnyDerivatives<T>(body: () => T): T {
  return wanting(ofGraphs, body);
}

/** Runs a trace of its own, of which `order` derivatives are wanted; tells whether rules were left out for that. */
export function withOrder<T>(order: number, body: () => T): { readonly result: T; readonly isPartial: boolean } {
  return noting(() => wanting({ order, isOpen: false }, body));
}

/** Runs `body`, and tells whether it left rules out. */
export function noting<T>(body: () => T): { readonly result: T; readonly isPartial: boolean } {
  const before = leftOut;
  leftOut = false;
  try {
    const result = body();
    return { result, isPartial: leftOut };
  } finally {
    leftOut ||= before;
  }
}

/** Notes that a rule was not traced, since no derivative is wanted: a trace for one would differ. */
export function noteLeftOut(): void {
  leftOut = true;
}

function wanting<T>(next: Wanted, body: () => T): T {
  const before = wanted;
  wanted = next;
  try {
    return body();
  } finally {
    wanted = before;
  }
}
