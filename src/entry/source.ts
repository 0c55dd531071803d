// adjoint/source: functions of TypeScript files, compiled. Needs the package typescript, and says so where that is missing.

import { fail } from "../ir/index.ts";

// loaded from here, since what is imported at the top fails in the engine's own words
const source = await import("../source/index.ts").catch((cause: unknown) => {
  if (!isMissing(cause)) throw cause;
  return fail("option", "adjoint/source reads files with the package typescript, which is not installed", {
    hint: "npm install typescript@6",
    cause,
  });
});

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && /(?:resolve|find) .*\btypescript\b/i.test(cause.message);
}

export const { compileProgram, compileSource, readSource } = source;
export type * from "../source/index.ts";
