// What the times of a row say: the ratio of ours and of each peer, with its interval, beside the bar where there is one.

import { intervalOfMedian } from "../interval.mjs";
import { median } from "../measure.mjs";
import { ratiosOf } from "../side.mjs";

const ours = "Adjoint";

/** A line for each peer that has the row; bars that nothing answers say what is missing. */
export function judged({ row, times, failed }, sides) {
  if (times[ours] === undefined) return { row, lines: [{ name: ours, failed: failed[ours] ?? "not measured" }] };
  const { [ours]: mine, ...others } = times;
  const lines = [
    ...Object.entries(others).map(([name, theirs]) => compared(name, mine, theirs)),
    ...Object.entries(failed).map(([name, why]) => ({ name, failed: why })),
  ];
  const isAbsent = (of) => sides.some(({ name, absent }) => of.includes(name) && absent !== undefined);
  for (const { times: most, of } of row.bars) {
    const asked = lines.filter(({ name }) => of.includes(name));
    const [fastest] = asked.filter(({ ratio }) => ratio !== undefined).sort((a, b) => a.ms - b.ms);
    if (fastest !== undefined) Object.assign(fastest, { most, isMet: fastest.ratio <= most });
    else if (asked.length > 0) Object.assign(asked[0], { most });
    else lines.push({ name: of[0], most, failed: isAbsent(of) ? "not installed" : "not measured" });
  }
  return { row, ms: median(mine), lines };
}

function compared(name, mine, theirs) {
  const ratios = ratiosOf([mine, theirs]);
  return { name, ms: median(theirs), ratio: median(ratios), ...intervalOfMedian(ratios) };
}

export function duration(ms) {
  if (ms >= 1000) return `${(ms / 1000).toPrecision(3)} s`;
  return ms >= 1 ? `${ms.toPrecision(3)} ms` : `${(ms * 1e3).toPrecision(3)} µs`;
}

/** A ratio with its interval. */
export const ratioOf = ({ ratio, low, high }) =>
  `${ratio.toPrecision(3)} (${low.toPrecision(3)} to ${high.toPrecision(3)})`;

export const barOf = ({ most }) => (most === undefined ? "" : `${Number(most.toPrecision(3))}`);

/** What a line is about: a side, or what the machine does in this row. */
export const nameOf = ({ limit }, { name }) => (name === "limits" ? limit : name);

export const verdictOf = ({ failed, isMet }) =>
  failed?.startsWith("wrong") ? "wrong" : (failed ?? (isMet === undefined ? "" : isMet ? "met" : "**not met**"));

/** A line of what is printed while it runs. */
export function lineOf({ row, ms }, line) {
  const figures = line.ratio === undefined ? "" : `${ratioOf(line)} at most ${barOf(line) || "-"}`;
  const times = `${ms === undefined ? "-" : duration(ms)} / ${line.ms === undefined ? "-" : duration(line.ms)}`;
  const said = line.failed ?? verdictOf(line).replaceAll("*", "");
  return `${row.id.padEnd(18)} ${nameOf(row, line).padEnd(24)} ${times.padEnd(22)} ${figures.padEnd(46)} ${said}`;
}
