// The last lines of a run: the seed of its properties; what was skipped, and for want of what. Without that a clone that lacks
// references, or a run without a build, would look as complete as any other.

import type { Reporter, TestModule } from "vitest/node";

/** The full names of the tests that did not run. */
function skippedIn(modules: readonly TestModule[]): readonly string[] {
  return modules.flatMap((module) => [...module.children.allTests("skipped")].map((test) => test.fullName));
}

/** Who picks tests by their names knows that the others did not run. */
const shown = 20;

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const names = skippedIn(modules);
    const rest = names.length > shown ? `; and ${names.length - shown} more` : "";
    const line =
      names.length === 0 ? "nothing skipped" : `${names.length} skipped: ${names.slice(0, shown).join("; ")}${rest}`;
    // after the other reporters' summary
    process.once("beforeExit", () =>
      console.log(`properties drawn from ADJOINT_SEED=${process.env.ADJOINT_SEED}\n${line}`),
    );
  }
}
