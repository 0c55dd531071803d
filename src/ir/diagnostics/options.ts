// Options objects at the door: a name that is not known is an error, never ignored.

import { didYouMean } from "./did-you-mean.ts";
import { fail } from "./errors.ts";

/**
 * Fails (code `option`) where `options` is no object or has a name that is not in `known`; `where` names the function
 * that takes them. Names with value undefined count as left out.
 */
export function requireOptions(where: string, options: unknown, known: readonly string[]): void {
  if (hasOnly(options, known)) return;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    const isNone = options === null || options === undefined;
    const got = isNone ? "missing" : Array.isArray(options) ? "an array" : `a ${typeof options}`;
    fail("option", `${where}: the options are ${got}, expected an object with some of ${known.join(", ")}`, {
      hint: axesHint(options, known),
    });
  }
  const given = classOf(options);
  const refuseClass = (): void => {
    if (given !== null)
      fail("option", `${where}: the options are a ${given}, expected an object with some of ${known.join(", ")}`);
  };
  const entries = Object.entries(options);
  if (entries.length === 0) refuseClass();
  for (const [name, value] of entries) {
    if (value === undefined || known.includes(name)) continue;
    refuseClass();
    const expected = known.length === 0 ? "none" : known.length === 1 ? known[0] : `one of ${known.join(", ")}`;
    fail("option", `${where}: unknown option '${shorten(name)}', expected ${expected}`, {
      hint: didYouMean(name, known) ?? elsewhereHint(name, known),
    });
  }
}

/** Whether it is a plain object with names that are all known, as nearly all are: this is asked at every call with options. */
function hasOnly(options: unknown, known: readonly string[]): boolean {
  if (typeof options !== "object" || options === null || Object.getPrototypeOf(options) !== Object.prototype)
    return false;
  for (const name in options) if (!known.includes(name)) return false;
  return true;
}

/** The name here of an option that torch calls so. */
function elsewhereHint(name: string, known: readonly string[]): string | undefined {
  if (name !== "dim" && name !== "dims") return undefined;
  const here = ["axes", "axis"].find((n) => known.includes(n));
  return here === undefined ? undefined : `did you mean ${here}?`;
}

/** What stands where options do, as an axis: NumPy and torch take one there. */
function axesHint(given: unknown, known: readonly string[]): string | undefined {
  const name = ["axes", "axis"].find((axis) => known.includes(axis));
  const isAxes = typeof given === "number" || (Array.isArray(given) && given.every((x) => typeof x === "number"));
  return name === undefined || !isAxes ? undefined : `write { ${name}: ${JSON.stringify(given)} }`;
}

/** The class of an object that is more than its fields: it stands where options do as an argument too many. */
function classOf(x: object): string | null {
  const made: unknown = x.constructor;
  return typeof made === "function" && made.name !== "Object" ? made.name : null;
}

/** Fails where an option has a value that is not among those it can have. */
export function requireChoice(where: string, name: string, value: unknown, choices: readonly string[]): void {
  if (value === undefined || (typeof value === "string" && choices.includes(value))) return;
  const got = typeof value === "string" ? `'${shorten(value)}'` : value === null ? "null" : `a ${typeof value}`;
  fail("option", `${where}: option '${name}' is ${got}, expected one of ${choices.join(", ")}`, {
    hint: typeof value === "string" ? didYouMean(value, choices) : undefined,
  });
}

function shorten(name: string): string {
  return name.length > 40 ? `${name.slice(0, 40)}…` : name;
}
