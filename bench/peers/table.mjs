// RESULTS.md: a table for each engine, of which a run writes its own and leaves the other.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { barOf, duration, nameOf, ratioOf, verdictOf } from "./verdicts.mjs";

const file = fileURLToPath(new URL("../RESULTS.md", import.meta.url));

const head = `# Results

WebAssembly beside its peers, one thread. Every system runs in a process of its own; all are asked for times in turn, so that a ratio is one of
the same moment: the median of the rounds' ratios, with its 95 % interval. Results are compared with loops in f64 before anything is timed.
Inputs lie in each system's own memory where it has such, results are there when a call ends, and training steps read their loss.
The machine's products are a loop of WebAssembly's vectors whose multiplications and additions stay in registers, its reading one that adds up. A bar says
how much of another's time ours takes at most; where it speaks of the fastest of several, its row has it.

\`npm run bench -- peers --write\` writes the table of the engine that runs it, and with \`--node PATH\` of another's.
`;

function rowsOf({ row, ms, lines }) {
  return lines.map((line, i) => {
    const what = i === 0 ? `${row.title}: ${row.name}` : "";
    const mine = i === 0 && ms !== undefined ? duration(ms) : "";
    const other = line.ms === undefined ? "" : duration(line.ms);
    const ratio = line.ratio === undefined ? "" : ratioOf(line);
    return `| ${[what, mine, nameOf(row, line), other, ratio, barOf(line), verdictOf(line)].join(" | ")} |`;
  });
}

function tableOf(measured, sides, processor) {
  const known = sides.filter(({ known }) => /\d/.test(known?.name ?? ""));
  const versions = known.map(({ known: { name, note } }) => (note === undefined ? name : `${name} (${note})`));
  const missing = sides.filter(({ absent }) => absent !== undefined).map(({ name }) => name);
  const clock = processor ? "Times are of the processor, on a machine that was busy." : "Times are of the clock.";
  return [
    `Node ${process.version}; ${versions.join(", ")}${missing.length > 0 ? `; not installed: ${missing.join(", ")}` : ""}. ${clock}`,
    "",
    "| work | ours | against | theirs | ours / theirs | at most | |",
    "| --- | ---: | --- | ---: | ---: | ---: | --- |",
    ...measured.flatMap(rowsOf),
    "",
  ].join("\n");
}

/** Writes the table of this engine. */
export function writeTable(measured, sides, processor) {
  const title = `## Node ${process.versions.node.split(".")[0]}`;
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const [, ...parts] = text.split(/^(?=## )/m);
  const others = parts.filter((part) => !part.startsWith(`${title}\n`));
  const all = [...others, `${title}\n\n${tableOf(measured, sides, processor)}`].sort();
  writeFileSync(file, [head, ...all.map((part) => `${part.trimEnd()}\n`)].join("\n"));
}
