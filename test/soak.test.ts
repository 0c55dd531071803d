// Memory: nothing is disposed of, and yet a long synchronous loop stays small. In a process of its own.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

it.skipIf(!existsSync(`${root}dist/index.js`))(
  "20,000 calls on 1 MB tensors stay below 300 MB",
  { timeout: 300_000 },
  () => {
    const { stdout, stderr } = spawnSync(process.execPath, ["test/support/soak.mjs"], { cwd: root, encoding: "utf8" });
    expect(stderr).toBe("");
    expect(Number(stdout)).toBeGreaterThan(10);
    expect(Number(stdout)).toBeLessThan(300);
  },
);
