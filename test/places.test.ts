// Where errors of functions within functions are placed, and what they name: in sources, and in a bundle with the user's code.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { wrongCalls } from "./fixtures/wrong-calls.ts";

interface Refused {
  readonly reason: string;
  readonly origin: { readonly file: string; readonly line: number } | null;
}

/** The error of each call; those of a bundle are of a class of its own. */
function refusedBy(calls: typeof wrongCalls): ReadonlyMap<string, Refused> {
  return new Map(
    Object.entries(calls).map(([name, [, call]]) => {
      try {
        call();
      } catch (error) {
        if (error instanceof Error && error.name === "AdjointError") return [name, error as unknown as Refused];
        throw error;
      }
      throw new Error(`${name} is accepted`);
    }),
  );
}

const inSources = refusedBy(wrongCalls);

describe("functions within functions", () => {
  it.each(Object.entries(wrongCalls))("%s is named, at the user's line", (name, [says]) => {
    const { reason, origin } = inSources.get(name) as Refused;
    expect(reason.slice(0, says.length)).toBe(says);
    expect(origin?.file).toMatch(/wrong-calls\.ts$/);
  });

  it.each([
    ["with names as bundlers make them", {}],
    ["with short names", { minifyIdentifiers: true, keepNames: false }],
  ] as const)(
    "are named and placed in a bundle %s",
    async (_, options) => {
      const folder = mkdtempSync(join(tmpdir(), "places-"));
      try {
        const outfile = join(folder, "bundle.mjs");
        const entry = join(import.meta.dirname, "fixtures", "wrong-calls.ts");
        await build({
          entryPoints: [entry],
          outfile,
          bundle: true,
          format: "esm",
          platform: "node",
          external: ["typescript"],
          logLevel: "error",
          ...options,
        });
        const { wrongCalls: bundled } = (await import(pathToFileURL(outfile).href)) as {
          wrongCalls: typeof wrongCalls;
        };
        const first = readFileSync(outfile, "utf8")
          .split("\n")
          .findIndex((line) => line.endsWith("fixtures/wrong-calls.ts"));
        expect(first).toBeGreaterThan(1000);
        const found = refusedBy(bundled);
        for (const [name, { reason }] of inSources) {
          const { reason: here, origin } = found.get(name) as Refused;
          expect(here, name).toBe(reason);
          expect(origin?.line, `${name}: ${here}`).toBeGreaterThan(first);
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    60_000,
  );
});
