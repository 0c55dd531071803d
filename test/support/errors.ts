// The error that a body throws, and its message: what tests of refusals share.

import { AdjointError } from "../../src/ir/index.ts";

/** Fails if nothing is thrown, or what is thrown is no AdjointError. */
export function errorOf(body: () => unknown): AdjointError {
  try {
    body();
  } catch (error) {
    if (error instanceof AdjointError) return error;
    throw error;
  }
  throw new Error("no error was thrown");
}

/** The message without the place it begins with. */
export function messageOf(body: () => unknown): string {
  return errorOf(body).message.replace(/^\S+:\d+:\d+ /, "");
}
