// Tests that need something which may be missing: where it is, one skipped test says so by its name, and the run's last line
// repeats it.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, it } from "vitest";
import { referencePath } from "./references.ts";

/** Runs `body`, which declares tests, where `isPresent`; else there is a skipped test that says what is missing. */
function whereThereIs(what: string, isPresent: boolean): (name: string, body: () => void) => void {
  return (name, body) => {
    if (isPresent) describe(name, body);
    else it.skip(`${name} (needs ${what})`, () => {});
  };
}

const built = fileURLToPath(new URL("../../dist/index.js", import.meta.url));

/** A suite that runs what was built. */
export const describeBuilt = whereThereIs("dist: npm run build", existsSync(built));

/** A suite that reads a collection of references, named by its path. */
export function describeWith(path: string): (name: string, body: () => void) => void {
  return whereThereIs(`the references ${path}: ADJOINT_CONFORMANCE`, referencePath(path) !== undefined);
}
