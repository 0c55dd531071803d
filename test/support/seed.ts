// The seed of the properties: one commit draws the same programs in each run. Each test has a seed of its own, by its name, so
// that properties over the same arbitraries try different values, and a test draws the same ones alone as among all others.

import fc from "fast-check";
import { beforeEach, expect } from "vitest";

/** What the configuration of the test runner has settled. */
const base = Number(process.env.ADJOINT_SEED);

/** FNV-1a over the name, from the seed on. */
function seedOf(name: string): number {
  let hash = 0x811c9dc5 ^ base;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash;
}

beforeEach(() => {
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: seedOf(expect.getState().currentTestName ?? "") });
});
