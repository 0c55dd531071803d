// The pages of docs: those written from the code are as the code is (`npm run docs` rewrites them), links lead somewhere, and
// the programs run (readme.test.ts).

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { errorsPage, opsPage } from "./support/reference-pages.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const blessing = process.env.ADJOINT_BLESS === "1";

describe("a page written from the code", () => {
  it.each([
    ["docs/ops.md", opsPage],
    ["docs/errors.md", errorsPage],
  ] as const)("%s is what the code says", async (path, page) => {
    const text = await page();
    const file = join(root, path);
    if (blessing) writeFileSync(file, text);
    expect(readFileSync(file, "utf8"), "run npm run docs").toBe(text);
  });
});

const pages = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"))
    .filter((f) => f.endsWith(".md"))
    .map((f) => `docs/${f}`),
];

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): readonly string[] {
  const headings = text.replace(/^```[\s\S]*?^```$/gm, "").matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, title]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(" ", "-"),
  );
}

describe("a link", () => {
  it.each(pages)("of %s leads somewhere", (path) => {
    const text = readFileSync(join(root, path), "utf8").replace(/^```[\s\S]*?^```$/gm, "");
    const links = [...text.matchAll(/\]\(([^)]+)\)|(?:src|srcset)="([^"]+)"/g)].map((m) => m[1] ?? m[2]);
    const broken = links.filter((link) => {
      if (/^https?:/.test(link)) return false;
      const [file, anchor] = link.split("#");
      const target = file === "" ? join(root, path) : join(root, dirname(path), file);
      if (!existsSync(target)) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(target, "utf8")).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});
