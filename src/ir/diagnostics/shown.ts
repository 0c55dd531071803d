// What Node and its like show of a value on a console, where its fields say less than one line of words does.

/** The key of the method that says it, in Node, Bun and Deno. */
export const shownAs: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

/** The same value, of which consoles show the text; a function or a class keeps its fields. */
export function showAs<T extends object>(value: T, text: () => string): T {
  return Object.defineProperty(value, shownAs, { value: text, configurable: true });
}
