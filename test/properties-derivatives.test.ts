// Derivatives of random programs with loops and branches inside each other: what differences say, to the third order; the
// same bits on every backend, optimised or not; and in a batch, each element's own.

import { describe, expect, it } from "vitest";
import { differentiate, tensorPipeline } from "../passes/index.ts";
import { jsBackend } from "../src/backend/index.ts";
import { records } from "../src/ops/index.ts";
import { checkBackend, checkBatching, checkDerivative, type ProgramOptions } from "../src/testing/index.ts";
import { runs } from "./support/runs.ts";

/** Programs in which derivatives go through control flow. */
const structured: ProgramOptions = { dtypes: ["f64"], focus: [records.while, records.scan, records.if] };

describe("derivatives of random programs", () => {
  it.each([
    ["any ops, by differentiate", differentiate, {}],
    ["any ops, by the whole tensor pipeline", tensorPipeline, {}],
    ["loops and branches, by differentiate", differentiate, structured],
  ] as const)("are what differences say where these converge: %s", (_, subject, programs) => {
    const report = checkDerivative(subject, { runs: runs(120).numRuns, seed: 1, programs });
    expect(report.changed).toBeGreaterThan(report.programs / 5);
    expect(report.compared).toBeGreaterThan(1000);
    expect(report.leftOut).toBeLessThan(report.compared / 10);
  });

  it("have the same bits on every backend", () => {
    const report = checkBackend(jsBackend, {
      runs: runs(60).numRuns,
      seed: 1,
      programs: { ...structured, transforms: true },
    });
    expect(report.changed).toBeGreaterThan(10);
  });

  it("are each element's own in a batch", () => {
    const report = checkBatching(tensorPipeline, {
      runs: runs(40).numRuns,
      seed: 1,
      programs: { ...structured, transforms: true },
    });
    expect(report.changed).toBeGreaterThan(10);
  });
});
