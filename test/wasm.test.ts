// The WebAssembly backend gives what the interpreter gives.

import { describe, expect, it } from "vitest";
import { checkBackend, wasmBackend } from "../src/testing/index.ts";
import { runs } from "./support/runs.ts";

describe("WebAssembly", () => {
  it("gives what the interpreter gives", () => {
    const report = checkBackend(
      { ...wasmBackend, level: "loop", target: undefined, pipeline: undefined },
      { runs: runs(120).numRuns },
    );
    expect(report.changed).toBeGreaterThan(30);
  });

  it("gives the same on vectors", () => {
    expect(checkBackend(wasmBackend, { runs: runs(120).numRuns }).changed).toBeGreaterThan(30);
  });
});
