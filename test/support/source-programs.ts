// Random programs in the subset of TypeScript that is compiled, as text.

import type fc from "fast-check";
import { type Kind, programTree } from "./source-programs/arbitrary.ts";
import { plain } from "./source-programs/plain.ts";
import { printProgram } from "./source-programs/print.ts";

export type { Kind } from "./source-programs/arbitrary.ts";

export interface SourceCase {
  readonly text: string;
}

/** Shrinks as the program's tree does. A failure prints the text alone. */
export function sourceProgram(kind: Kind): fc.Arbitrary<SourceCase> {
  return programTree(kind)
    .map((tree) => ({
      text: printProgram(tree),
      toString() {
        return `\n${this.text}`;
      },
    }))
    .filter(({ text }) => plain(text) !== undefined);
}
