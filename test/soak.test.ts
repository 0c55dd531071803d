// Memory: nothing is disposed of, and yet a long synchronous loop stays small. In a process of its own.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { describeBuilt } from "./support/needs.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

describeBuilt("memory", () => {
  it("20,000 calls on 1 MB tensors stay below 300 MB", () => {
    const { stdout, stderr } = spawnSync(process.execPath, ["test/support/soak.mjs"], { cwd: root, encoding: "utf8" });
    expect(stderr).toBe("");
    expect(Number(stdout)).toBeGreaterThan(10);
    expect(Number(stdout)).toBeLessThan(300);
  });
});
