// WebAssembly beside its peers: each row in a process of its own for every system, asked in turn. Results are compared with
// those of loops in f64 before anything is timed. `--write` writes the table to RESULTS.md, where each engine has one; `--only gelu,mlp`
// picks rows by the beginnings of their names; `--processor` reads the time of the processor, for a machine that is busy.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { packageFolder } from "./library.mjs";
import { isAsked } from "./measure.mjs";
import { wantedRows, writeProblem } from "./peers/problems.mjs";
import { writeTable } from "./peers/table.mjs";
import { judged, lineOf } from "./peers/verdicts.mjs";
import { Side, timesInTurn } from "./side.mjs";

const script = (name) => fileURLToPath(new URL(`peers/${name}`, import.meta.url));

/** The Python that has PyTorch, or the first that there is: it says that it has none. */
function python() {
  const known = [process.env.PYTHON, "python3", "/usr/bin/python3"].filter((name) => name !== undefined);
  const has = (name) => spawnSync(name, ["-c", "import torch"], { stdio: "ignore" }).status === 0;
  return known.find(has) ?? "python3";
}

/** How each side is started, by the name that bars and the table use; ours is the first. */
const started = {
  Adjoint: () => ({ script: script("adjoint.mjs") }),
  JavaScript: () => ({ script: script("adjoint.mjs"), env: { BENCH_BACKEND: "js" } }),
  "by hand": () => ({ script: script("by-hand.mjs") }),
  limits: () => ({ script: script("limits.mjs") }),
  "jax-js": () => ({ script: script("jax-js.mjs") }),
  "TensorFlow.js": () => ({ script: script("tensorflow.mjs") }),
  "ONNX Runtime": () => ({ script: script("onnxruntime.mjs") }),
  PyTorch: () => ({ script: script("pytorch.py"), program: python() }),
};

/** Starts a side, and gives it with its name and the row that it offers first; those that are absent say why. */
async function start(name, env) {
  const side = new Side({ ...started[name](), env: { ...env, ...started[name]().env } });
  const first = await side.next();
  if (first.name === undefined) {
    side.end();
    return { name, absent: first.absent ?? first.failed ?? "it did not start" };
  }
  return { name, side, known: first, offered: await side.next() };
}

/** Brings a side to a row: whether it has it. */
async function reach(peer, section) {
  while (!peer.offered.ended && peer.offered.section < section) {
    peer.offered = peer.offered.failed === undefined ? await peer.side.advance() : await peer.side.next();
  }
  return peer.offered.section === section && peer.offered.failed === undefined;
}

/** The times of a row by all sides that have it, by their names; of one whose results are wrong, what is wrong. */
async function measure(row, peers) {
  const present = [];
  const failed = {};
  for (const peer of peers) if (await reach(peer, row.section)) present.push(peer);
  const settled = [];
  for (const peer of present) {
    try {
      settled.push({ peer, ms: await peer.side.time("settle") });
    } catch (error) {
      failed[peer.name] = error.message;
    }
  }
  const times = await timesInTurn(
    settled.map(({ peer }) => peer.side),
    settled.map(({ ms }) => ms),
  );
  return { row, failed, times: Object.fromEntries(settled.map(({ peer }, i) => [peer.name, times[i]])) };
}

async function run({ only, processor, write }) {
  const rows = wantedRows(only);
  const folder = mkdtempSync(join(tmpdir(), "adjoint-peers-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(130));
  const env = {
    ...{ BENCH_PACKAGE: packageFolder, BENCH_PROBLEMS: folder, BENCH_ROWS: only ?? "" },
    BENCH_CLOCK: processor ? "processor" : "wall",
    BENCH_SECTIONS: JSON.stringify(Object.fromEntries(rows.map(({ id, section }) => [id, section]))),
  };
  const all = [];
  for (const name of Object.keys(started)) all.push(await start(name, env));
  const peers = all.filter(({ absent }) => absent === undefined);
  for (const { name, absent } of all) if (absent !== undefined) console.log(`not measured: ${name}: ${absent}`);
  const measured = [];
  for (const row of rows) {
    writeProblem(folder, row.id);
    const result = judged(await measure(row, peers), all);
    measured.push(result);
    for (const line of result.lines) console.log(lineOf(result, line));
  }
  for (const { side } of peers) side.end();
  if (write) writeTable(measured, all, processor);
  const missed = measured.flatMap(({ lines }) => lines).filter(({ isMet }) => isMet === false).length;
  console.log(missed > 0 ? `\n${missed} bars are not met` : "\nall bars are met");
  process.exit(missed > 0 ? 1 : 0);
}

if (isAsked) await import("./peers/adjoint.mjs");
else {
  const options = { only: { type: "string" }, processor: { type: "boolean" }, write: { type: "boolean" } };
  await run(parseArgs({ options }).values);
}
