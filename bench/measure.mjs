// Timing for ratios: the two sides in turn, many short rounds, the median of the per-round ratios.

const now = () => performance.now();

/** Milliseconds of one call of `work`. */
export function once(work) {
  const start = now();
  work();
  return now() - start;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Runs A and B in turn after a warm-up; order alternates so that neither always comes first. */
export function paired(a, b, { rounds = 31, warmup = 5 } = {}) {
  for (let i = 0; i < warmup; i++) {
    a();
    b();
  }
  const times = { a: [], b: [], ratio: [] };
  for (let i = 0; i < rounds; i++) {
    let ta;
    let tb;
    if (i % 2 === 0) {
      ta = once(a);
      tb = once(b);
    } else {
      tb = once(b);
      ta = once(a);
    }
    times.a.push(ta);
    times.b.push(tb);
    times.ratio.push(ta / tb);
  }
  return { a: median(times.a), b: median(times.b), ratio: median(times.ratio) };
}

let failed = 0;

/** One line of the report: what, the figure, the bar, and whether it is met. */
export function report(what, figure, bar, detail = "") {
  const met = figure <= bar;
  if (!met) failed++;
  const mark = met ? "met" : "NOT MET";
  console.log(
    `${what.padEnd(62)} ${figure.toFixed(2).padStart(8)}   <= ${String(bar).padEnd(6)} ${mark.padEnd(8)} ${detail}`,
  );
}

/** A figure without a bar. */
export function note(what, text) {
  console.log(`${what.padEnd(62)} ${text}`);
}

export function heading(text) {
  console.log(`\n${text}`);
}

export function failures() {
  return failed;
}
