// Where the samples are.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const samplesFolder = fileURLToPath(new URL("../../ir-samples/", import.meta.url));

export interface Sample {
  /** Relative to ir-samples. */
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

export function readSamples(): readonly Sample[] {
  const names = readdirSync(samplesFolder, { recursive: true, encoding: "utf8" }).map((n) => n.replaceAll("\\", "/"));
  return names
    .filter((name) => name.endsWith(".ir"))
    .sort()
    .map((name) => ({ name, path: samplesFolder + name, text: readFileSync(samplesFolder + name, "utf8") }));
}
