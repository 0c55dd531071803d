// The test runner: the package's names lead to the sources, two workers suit a small machine.

import { randomInt } from "node:crypto";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { transpiledSources } from "./support/sources.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Says last what was skipped. */
const closingLine = `${root}test/support/closing-line.ts`;

/** Of the properties: the same in each run, unless ADJOINT_SEED is another number, or `random`. The workers read it there. */
const { ADJOINT_SEED = "1" } = process.env;
if (!/^(\d+|random)$/.test(ADJOINT_SEED))
  throw new Error(`ADJOINT_SEED is '${ADJOINT_SEED}', expected a whole number or random`);
process.env.ADJOINT_SEED = ADJOINT_SEED === "random" ? String(randomInt(2 ** 31)) : ADJOINT_SEED;

/** Whether tests run again when a file changes: those then are the sources themselves. */
const isWatching = !process.argv.includes("run");

export default defineConfig(async () => ({
  root,
  plugins: isWatching ? [] : [await transpiledSources(root)],
  resolve: {
    alias: [
      { find: /^adjoint$/, replacement: `${root}src/index.ts` },
      { find: /^adjoint\/(\w+)$/, replacement: `${root}src/entry/$1.ts` },
    ],
  },
  test: {
    setupFiles: ["test/support/seed.ts"],
    include: ["test/**/*.test.{ts,mjs}", "examples/*.test.mjs"],
    // no clock decides whether a test passes: a busy machine is slow, not wrong
    testTimeout: 0,
    hookTimeout: 0,
    maxWorkers: 2,
    // a worker loads the sources once for all of its files, and runs them warm: a test takes back what it changes
    isolate: false,
    server: { deps: { external: [/\/build\/sources\//] } },
    reporters: ["default", closingLine],
  },
}));
