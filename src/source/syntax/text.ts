// The text of a file: offsets as lines and columns, and errors that show the line.

import { AdjointError, type ErrorCode, type Origin, originAt } from "../../ir/index.ts";

/** Whether the engine's stack has overflowed; engines differ in the error. */
export function isStackOverflow(error: unknown): boolean {
  return (
    error instanceof Error &&
    ["RangeError", "InternalError"].includes(error.name) &&
    /call stack|recursion/.test(error.message)
  );
}

/** The text of a file. A place in it is an offset. */
export class SourceText {
  readonly file: string;
  readonly text: string;
  readonly #starts: readonly number[];

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
    const starts = [0];
    for (const match of text.matchAll(/\r\n|[\n\r\u2028\u2029]/g)) starts.push(match.index + match[0].length);
    this.#starts = starts;
  }

  origin(at: number): Origin {
    const line = this.#lineOf(at);
    return originAt(this.file, line + 1, at - this.#starts[line] + 1);
  }

  /** @throws AdjointError at the place, with the line and a caret below it. */
  fail(code: ErrorCode, at: number, reason: string, hint?: string): never {
    throw new AdjointError(code, reason, { hint, origin: this.origin(at), frame: this.#frame(at) });
  }

  #lineOf(at: number): number {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle] <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Of a long line, only the surroundings of the place are shown. */
  #frame(at: number): string {
    const start = this.#starts[this.#lineOf(at)];
    const from = Math.max(start, at - 60);
    const line = /^[^\n\r\u2028\u2029]{0,120}/.exec(this.text.slice(from, from + 120))?.[0] ?? "";
    const before = line.slice(0, at - from).replace(/[^\t]/g, " ");
    return `${line}\n${before}^`;
  }
}
