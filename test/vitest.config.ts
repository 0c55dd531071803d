// The test runner: the package's names lead to the sources, and two workers suit a small machine.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Long runs (`npm run fuzz`) take that many times as long. */
const factor = Number(process.env.ADJOINT_FUZZ ?? 1);
const root = fileURLToPath(new URL("..", import.meta.url));

export default defineConfig({
  root,
  resolve: {
    alias: [
      { find: /^adjoint$/, replacement: `${root}src/index.ts` },
      { find: /^adjoint\/(\w+)$/, replacement: `${root}src/entry/$1.ts` },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000 * factor,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
