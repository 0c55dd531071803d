// Tests that make hundreds of thousands of errors: most of the time of one is its stack, which they do not look at.

import { afterAll, beforeAll } from "vitest";

/** Within the file or the `describe` that calls this, errors have no stack. Their origins have lines all the same. */
export function withoutStacks(): void {
  let usual = 0;
  beforeAll(() => {
    usual = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
  });
  afterAll(() => {
    Error.stackTraceLimit = usual;
  });
}
