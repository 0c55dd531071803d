// How many wrong rules, passes and records the kit finds: some of each area here, all of them where ADJOINT_FUZZ asks for more.

import { describe, expect, it } from "vitest";
import { checkPass } from "../src/testing/index.ts";
import { type Mutant, mutants } from "./support/mutants/index.ts";
import { runs } from "./support/runs.ts";

/** Whether the kit says that a mutant is wrong; how small its report is does not matter here. */
function isFound({ pass }: Mutant, count: number): boolean {
  try {
    checkPass(pass, { runs: count, vacuous: "allow" });
    return false;
  } catch (error) {
    expect((error as { readonly code?: string }).code).toBe("validate");
    return true;
  }
}

describe("mutants", () => {
  it("are of every area, under names of their own", () => {
    expect(mutants.length).toBeGreaterThan(120);
    expect(new Set(mutants.map((m) => m.pass.name)).size).toBe(mutants.length);
    expect(new Set(mutants.map((m) => m.area)).size).toBe(19);
  });

  it("are found", () => {
    const isWhole = runs(1).numRuns > 1;
    // an ordinary run takes every ninth of them, and fewer programs
    const some = mutants.filter((_, i) => isWhole || i % 9 === 0);
    const missed = some.filter((m) => !isFound(m, isWhole ? 3000 : 600));
    expect(missed.length / some.length, missed.map((m) => m.pass.name).join(", ")).toBeLessThan(isWhole ? 0.05 : 0.12);
  }, 3_600_000);
});
