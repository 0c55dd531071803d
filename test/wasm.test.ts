// The WebAssembly backend gives what the interpreter gives.

import { describe, expect, it } from "vitest";
import { vectorPipeline } from "../passes/index.ts";
import { wasmBackend } from "../src/backend/wasm/index.ts";
import { checkBackend } from "../src/testing/index.ts";
import { runs } from "./support/runs.ts";

describe("WebAssembly", () => {
  it("gives what the interpreter gives", () => {
    const report = checkBackend({ ...wasmBackend, level: "loop", target: undefined }, { runs: runs(120).numRuns });
    expect(report.changed).toBeGreaterThan(30);
  });

  it("gives the same on vectors", () => {
    const vectors = { ...wasmBackend, pipeline: vectorPipeline };
    expect(checkBackend(vectors, { runs: runs(120).numRuns }).changed).toBeGreaterThan(30);
  });
});
