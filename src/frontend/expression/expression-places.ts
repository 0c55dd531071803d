// Places in the text of an expression: line and column, the frame that an error shows, where an operator stands.

import { lazy, type Origin, originAt } from "../../ir/index.ts";

const file = "<expression>";

/** From indices in a text to places. */
export function placesIn(text: string): (index: number) => Origin {
  const lines = [0];
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) lines.push(i + 1);
  return (index) => {
    let [low, high] = [0, lines.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (lines[middle] <= index) low = middle;
      else high = middle;
    }
    return originAt(file, low + 1, index - lines[low] + 1);
  };
}

/** A place for an error: the line around it, and a caret below. */
export function frameAt(text: string, index: number): { readonly origin: Origin; readonly frame: string } {
  const origin = placesIn(text)(index);
  const line = index - (origin.column - 1);
  const from = Math.max(line, index - 40);
  const end = text.indexOf("\n", index);
  const shown = text.slice(from, Math.min(from + 80, end < 0 ? text.length : end));
  return { origin, frame: `  ${printable(shown)}\n  ${" ".repeat(index - from)}^` };
}

/** From its text: of a literal an engine checks all letters there are when it loads the file. */
const invisible = lazy(() => /[\p{C}\p{Zl}\p{Zp}]/gu);

/** The text without characters that show as none. */
export function printable(text: string): string {
  return text.replace(invisible(), "?");
}

/** Where the operator starts whose right side does at `index`: nothing but spaces is between them. */
export function operatorBefore(text: string, index: number, operator: string): number {
  const end = text.slice(0, index).trimEnd().length;
  return end - (operator === "^" && text[end - 1] === "*" ? 2 : operator.length);
}
