// What users pass, in messages: what a value is, where in a structure it stands, and why it cannot be read.

import { AdjointError, fail } from "../../ir/index.ts";

/** `a string`, `an Array`, `undefined`: never runs code of the value's own but a getter of `constructor`. */
export function describe(x: unknown): string {
  if (x === null || x === undefined) return String(x);
  if (typeof x === "string") return x.length > 40 ? "a string" : `the string ${JSON.stringify(x)}`;
  if (typeof x === "number" || typeof x === "boolean") return Object.is(x, -0) ? "-0" : String(x);
  if (typeof x !== "object") return withArticle(typeof x);
  return withArticle(nameOfClass(x));
}

/** Without the underscore that bundlers write before a class that names itself. */
function nameOfClass(x: object): string {
  try {
    const name: unknown = x.constructor?.name;
    return typeof name === "string" && /^\w{1,40}$/.test(name) ? name.replace(/^_/, "") : "object";
  } catch {
    return "object";
  }
}

function withArticle(name: string): string {
  return `${/^[AEIO]/i.test(name) ? "an" : "a"} ${name}`;
}

/** Runs `read`; what it throws gets the place, and what getters and proxies throw becomes an error of ours. */
export function readable<T>(what: string, path: readonly (string | number)[], read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const place = placeOf(path);
    const at = place === "" ? what : `${what} at ${place}`;
    if (!(cause instanceof AdjointError)) {
      const reason = cause instanceof Error ? cause.message.split("\n")[0] : describe(cause);
      return fail("argument", `${at} cannot be read: ${reason}`, { cause });
    }
    throw new AdjointError(cause.code, `${at}: ${cause.reason}`, { origin: cause.origin, cause: cause.cause });
  }
}

/** `.w[2]`; of a long path, its beginning. */
export function placeOf(path: readonly (string | number)[]): string {
  const place = path
    .slice(0, 20)
    .map((key) =>
      typeof key === "number" ? `[${key}]` : /^[\w$]{1,40}$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`,
    )
    .join("")
    .replace(/^\./, "");
  return place.length > 60 || path.length > 20 ? `${place.slice(0, 60)}…` : place;
}
