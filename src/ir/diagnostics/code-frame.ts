// The code frame of an error: the line that it is about, with a caret under the fault.

/** A place in a text; both count from 1. */
interface Place {
  readonly line: number;
  readonly column: number;
}

const frameWidth = 100;

/** The line of a place in `text` with a caret under the column; long lines are cut around it, tabs become blanks. */
export function frameOf(text: string, place: Place): string {
  const lines = text.split("\n", place.line);
  const line = (lines[place.line - 1] ?? "").replace(/[\t\r]/g, " ");
  const column = Math.min(Math.max(place.column - 1, 0), line.length);
  const from = line.length <= frameWidth ? 0 : Math.max(0, Math.min(column - frameWidth / 2, line.length - frameWidth));
  const shown = line.slice(from, from + frameWidth);
  const [before, after] = [from > 0 ? "… " : "", from + frameWidth < line.length ? " …" : ""];
  return `${before}${shown}${after}\n${" ".repeat(before.length + column - from)}^`;
}

/** The frame of a place in a file of this machine; undefined where the file cannot be read, or has no such line. */
export function frameInFile(path: string, place: Place): string | undefined {
  const text = readText(path);
  if (text === null || text.split("\n", place.line).length < place.line) return undefined;
  return frameOf(text, place);
}

interface Engine {
  readonly Deno?: unknown;
  readonly process?: { readonly getBuiltinModule?: (name: string) => { readonly readFileSync?: ReadFile } | undefined };
}

type ReadFile = (path: string, encoding: "utf8") => string;

/** The text of a file, in engines that let code read one without asking the user: Node and Bun, and neither browsers nor Deno. */
function readText(path: string): string | null {
  const { Deno, process } = globalThis as Engine;
  if (Deno !== undefined || path === "") return null;
  try {
    return process?.getBuiltinModule?.("node:fs")?.readFileSync?.(path, "utf8") ?? null;
  } catch {
    return null;
  }
}
