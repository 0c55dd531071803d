// What prints IR, for programs that show some: whoever asks a compiled function for its text or for that of its log brings
// it, so that a bundler leaves it out of the others.

import { fail, printModule, printOperation } from "../ir/index.ts";
import { printChanges } from "./print-changes.ts";

interface Printing {
  readonly printModule: typeof printModule;
  readonly printOperation: typeof printOperation;
  readonly printChanges: typeof printChanges;
}

let brought: Printing | null = null;

/** Brings what prints IR. */
export function bringPrinting(): void {
  brought = { printModule, printOperation, printChanges };
}

/** What prints IR, for messages that do without; null until it was brought. */
export function printing(): Printing | null {
  return brought;
}

/** What prints IR, for what is nothing without. */
export function requirePrinting(asked: string): Printing {
  return (
    brought ??
    fail("option", `${asked}: what prints IR is not in this program`, {
      hint: 'call bringTexts(), imported from "adjoint/mini", before',
    })
  );
}
