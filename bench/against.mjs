// Two builds in turn: each part runs in two processes at once, one for either build, which offer the same rows and are asked
// for a time one after the other. A row falls behind when the 95 % interval of the median of its ratios lies wholly above
// 1.03. One process can be slow as a whole (where its memory lies, when the engine optimises), so a row that seems behind is
// measured again in two further pairs of processes, and counts if it is behind in each.

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { buildOf } from "./build-of.mjs";
import { intervalOfMedian } from "./interval.mjs";
import { median, separator } from "./measure.mjs";
import { commandOf } from "./parts.mjs";
import { ratiosOf, Side, timesInTurn } from "./side.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bar = 1.03;
const pairs = 3;

/** A process that runs a part against one build. */
function sideOf(part, folder) {
  const { flags, script } = commandOf(part);
  return new Side({ script, flags, env: { BENCH_PACKAGE: folder } });
}

/** The times of one row in both builds. */
async function timesOf(current, earlier) {
  const sides = [current, earlier];
  const settled = [await current.time("settle"), await earlier.time("settle")];
  const times = await timesInTurn(sides, settled);
  return { current: times[0], earlier: times[1], ratios: ratiosOf(times) };
}

/**
 * Runs a part against both builds and gives its rows. Both run the same script, so what the earlier one offers is a part of what
 * the current one does: what is missing is new. `wanted` picks rows by their names.
 */
async function measurePart(part, folder, wanted = () => true) {
  const [current, earlier] = [sideOf(part, root), sideOf(part, folder)];
  const rows = [];
  try {
    let other = await earlier.next();
    const why = new Map();
    for (let mine = await current.next(); !mine.ended; ) {
      if (mine.failed !== undefined) {
        rows.push({ part, name: mine.title, error: mine.failed });
        mine = await current.next();
        continue;
      }
      while (!other.ended && (other.failed !== undefined || other.section < mine.section)) {
        if (other.failed !== undefined) why.set(other.section, other.failed);
        other = other.failed === undefined ? await earlier.advance() : await earlier.next();
      }
      const isShared = other.row === mine.row;
      if (!isShared) rows.push({ part, name: mine.row, isNew: true, why: why.get(mine.section) });
      else if (wanted(mine.row)) {
        const measured = await timesOf(current, earlier).catch((error) => ({ error: error.message }));
        rows.push({ part, name: mine.row, ...measured });
      }
      mine = await current.advance();
      if (isShared) other = await earlier.advance();
    }
  } finally {
    current.end();
    earlier.end();
  }
  return rows;
}

function isBehind(row) {
  return row.ratios !== undefined && intervalOfMedian(row.ratios).low > bar;
}

const duration = (ms) => (ms >= 1 ? `${ms.toFixed(ms >= 100 ? 0 : 2)} ms` : `${(ms * 1e3).toPrecision(3)} µs`);

let heading = "";

/** A line of the table, below the title of its section. */
function print(row, verdict) {
  const [title, what = ""] = row.name.split(separator);
  if (title !== heading) console.log(`\n${title}`);
  heading = title;
  const name = what.padEnd(62);
  if (row.error !== undefined) return console.log(`${name} FAILED   ${row.error}`);
  if (row.isNew) return console.log(`${name} new      ${row.why === undefined ? "" : `(before: ${row.why})`}`);
  const { low, high } = intervalOfMedian(row.ratios);
  const range = `${low.toFixed(3)} to ${high.toFixed(3)}`.padEnd(17);
  const figures = `${duration(median(row.current))} against ${duration(median(row.earlier))}, ${row.ratios.length} ratios`;
  console.log(`${name} ${median(row.ratios).toFixed(3).padStart(7)}  ${range} ${verdict.padEnd(9)} ${figures}`);
}

/** Measures the parts in both builds and prints the table; gives the exit code: 1 where a row falls behind or fails. */
export async function against(revision, parts) {
  let build;
  try {
    build = buildOf(revision);
  } catch (error) {
    console.error(`bench: ${revision}: ${error.message}`);
    return 2;
  }
  console.log(`node ${process.version}; this checkout / ${build.name}`);
  console.log(
    `the median of the ratios and its 95 % interval; behind where that lies above ${bar}, in ${pairs} pairs of processes`,
  );
  let bad = 0;
  for (const part of parts) {
    console.log(`\n== ${part}`);
    const rows = await measurePart(part, build.folder);
    let suspects = new Set(rows.filter(isBehind).map((row) => row.name));
    for (let pair = 1; pair < pairs && suspects.size > 0; pair++) {
      const again = await measurePart(part, build.folder, (name) => suspects.has(name));
      for (const row of again)
        if (suspects.has(row.name)) Object.assign(rows.find((r) => r.name === row.name) ?? {}, row);
      suspects = new Set(again.filter((row) => suspects.has(row.name) && isBehind(row)).map((row) => row.name));
    }
    for (const row of rows) {
      if (row.error !== undefined || suspects.has(row.name)) bad++;
      print(row, suspects.has(row.name) ? "BEHIND" : "");
    }
  }
  console.log(bad > 0 ? `\n${bad} rows fall behind or fail` : "\nnothing falls behind");
  return bad > 0 ? 1 : 0;
}
