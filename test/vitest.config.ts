// The test runner: the package's names lead to the sources, and two workers suit a small machine.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

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
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
