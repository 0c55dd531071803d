// The programs in README.md and docs run against the built package, and print what the text says.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { describeBuilt } from "./support/needs.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** The programs of a page. */
const programsOf = (path: string): readonly string[] =>
  [...readFileSync(join(root, path), "utf8").matchAll(/^```js\n([\s\S]*?)^```$/gm)].map((m) => m[1]);
const blocks = programsOf("README.md");

/** What a program prints; inside the package it imports the package by name. */
function run(program: string): string {
  const folder = mkdtempSync(join(root, "build/readme-"));
  try {
    const path = join(folder, "program.mjs");
    writeFileSync(path, program);
    const { stdout, stderr, status } = spawnSync(process.execPath, [path], { encoding: "utf8", cwd: root });
    if (status !== 0) throw new Error(stderr);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `expression;   // value` becomes a check that the expression has that value. */
function checked(block: string): string {
  const line = /^(?!const |import |\/\/)(\S.*?);\s+\/\/ (true|-?[\d.]+|\[.*\])$/gm;
  const checks = block.replace(line, (_, expression, value) => `same(${expression}, ${value});`);
  return `import { deepStrictEqual as same } from "node:assert";\n${checks}\nconsole.log(${checks.split("same(").length - 1});`;
}

describeBuilt("the programs of README", () => {
  it("the tour, the ways in, and the loops give what their comments say", () => {
    const [tour, ways, loops] = blocks;
    expect(run(checked(tour))).toBe("4\n");
    expect(run(checked(ways))).toBe("4\n");
    expect(run(checked(loops))).toBe("1\n");
  });

  it("a user's rule is caught where it is wrong", () => {
    const out = run(blocks[3]);
    expect(out).toMatch(
      /rule 'x \* 0 → 0' is wrong \(seed 1, program \d+; \d+ tried, \d+ changed\): @main: result 0 is /,
    );
    const found = out.slice(out.indexOf("rule 'x * 0 → 0' is"));
    expect([...found.matchAll(/= (\w+)/g)].map((m) => m[1]).sort()).toEqual(["constant", "mul"]);
  });

  it("it stays a page", () => {
    expect(readFileSync(join(root, "README.md"), "utf8").split("\n").length).toBeLessThan(210);
  });
});

describeBuilt("the programs of docs", () => {
  // those of errors.md end with the errors that it shows: docs.test.ts
  const pages = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md") && name !== "errors.md");
  const programs = pages.flatMap((page) => programsOf(`docs/${page}`).map((text, i) => [page, i + 1, text] as const));

  it.each(programs)("%s, program %d, gives what its comments say", (_page, _i, text) => {
    expect(Number(run(checked(text)).trim().split("\n").at(-1))).toBeGreaterThan(0);
  });
});
