// The time that compiling TypeScript takes, against what TypeScript itself takes to be loaded and to parse the same text.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addressOf, load } from "./library.mjs";
import { finish, isAsked, median, once, report, saysItsTime, section, track } from "./measure.mjs";

const { readSource } = await load("source.js");

/** A function that calls the one before it, of all the constructs. */
const functionText = (k) => `export function f${k}(x: number, n: number): number {
  let s = ${k % 7} + x;
  let p = 1;
  for (let i = 0; i < n; i++) {
    if (s > ${10 + (k % 5)}) break;
    const t = Math.sin(s * ${k + 1}) / (1 + i);
    s += t > 0 ? t : -t / 2;
    p *= 1 + t * t;
  }
  switch (Math.floor(s) % 3) {
    case 0:
      s += 1;
      break;
    default:
      s -= p;
  }
  return ${k === 0 ? "x" : `f${k - 1}(x * 0.5, n - 1)`} + s;
}
`;
const file = (lines) => Array.from({ length: Math.ceil(lines / 20) }, (_, k) => functionText(k)).join("\n");

const folder = mkdtempSync(join(tmpdir(), "adjoint-source-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** The milliseconds from the start of a script, in a process of its own, to its end. */
function timeOfScript(body) {
  const script = join(folder, "script.mjs");
  writeFileSync(script, `const start = performance.now();\n${body}\nconsole.log(performance.now() - start);`);
  return Number(execFileSync(process.execPath, [script], { encoding: "utf8" }));
}

const read = (path) => `(await import("node:fs")).readFileSync(${JSON.stringify(path)}, "utf8")`;
const parse = (path) =>
  timeOfScript(`const { default: ts } = await import(${JSON.stringify(import.meta.resolve("typescript"))});
ts.createSourceFile("a.ts", ${read(path)}, ts.ScriptTarget.ES2022);`);
const compile = (path) =>
  timeOfScript(`const { compileSource } = await import(${JSON.stringify(addressOf("source.js"))});
compileSource(${read(path)});`);

await section("source compile time against what TypeScript takes to be loaded and to parse the text", async () => {
  const path = join(folder, "lines.ts");
  writeFileSync(path, file(1000));
  await track(
    "1,000 lines, all of them compiled",
    saysItsTime(() => compile(path)),
  );
  if (isAsked) return;
  const rounds = Array.from({ length: 5 }, () => [compile(path), parse(path)]);
  const [a, b] = [0, 1].map((k) => median(rounds.map((r) => r[k])));
  const ratio = median(rounds.map(([x, y]) => x / y));
  report("1,000 lines, all of them compiled", ratio, 2.5, `${a.toFixed(0)} ms against ${b.toFixed(0)} ms`);
});

await section("reading TypeScript to IR is linear", async () => {
  const [long, short] = [4000, 1000].map((lines) => {
    const text = file(lines);
    return () => readSource(text);
  });
  await track("reading 4,000 lines", long);
  if (isAsked) return;
  short();
  const [a, b] = [long, short].map((work) => median(Array.from({ length: 5 }, () => once(work))));
  report("4,000 lines, 4 times 1,000 lines", a / (4 * b), 1.5, `${a.toFixed(0)} ms against ${b.toFixed(0)} ms`);
});
finish();
