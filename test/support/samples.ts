// Where the samples are: the documents in ir-samples, and the blocks of IR in the pages of docs.

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

const docsFolder = fileURLToPath(new URL("../../docs/", import.meta.url));
const block = /^```ir\n([\s\S]*?)^```$/gm;

/** A page of docs, with the samples that its blocks of IR are. */
export interface Page {
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly string[];
}

export function readPages(): readonly Page[] {
  const names = readdirSync(docsFolder).filter((name) => name.endsWith(".md"));
  return names.sort().map((name) => {
    const text = readFileSync(docsFolder + name, "utf8");
    return { path: docsFolder + name, text, blocks: [...text.matchAll(block)].map((m) => m[1]) };
  });
}

/** The page with its blocks rewritten. */
export function rewriteBlocks(text: string, rewrite: (sample: string) => string): string {
  return text.replace(block, (_, sample: string) => `\`\`\`ir\n${rewrite(sample)}\`\`\``);
}
