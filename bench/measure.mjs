// What the parts of the benchmark say: rows, each a piece of work of ours with what it is compared with. Run alone, a part
// times the two sides in turn in many short rounds and reports the median of the ratios. Run under `--against`, it offers its
// own side of each row to the process that asks (against.mjs), which times two builds in turn.

/** Whether another process asks for times: a part then only offers its rows. */
export const isAsked = process.env.BENCH_PACKAGE !== undefined;

/** Milliseconds of processor time that this process has taken, threads of the engine included. */
export function processorTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** What is read before and after work: on a busy machine processor time says more. */
const now = process.env.BENCH_CLOCK === "processor" ? processorTime : () => performance.now();

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
let title = "";
let sections = 0;

/**
 * Rows that belong together. An error ends the section, not the part: alone it counts as a bar that is not met, under
 * `--against` it is what an earlier build says that lacks something.
 */
export async function section(text, rows) {
  title = text;
  sections++;
  if (!isAsked) console.log(`\n${text}`);
  try {
    await rows();
  } catch (error) {
    if (isAsked) refuse(title, sections, error);
    else report(`stopped: ${error.stack ?? error}`, Number.POSITIVE_INFINITY, 0);
  }
}

/** One line of the report: what, the figure, the bar, and whether it is met. */
export function report(what, figure, bar, detail = "") {
  if (isAsked) return;
  const met = figure <= bar;
  if (!met) failed++;
  const mark = met ? "met" : "NOT MET";
  console.log(
    `${what.padEnd(62)} ${figure.toFixed(2).padStart(8)}   <= ${String(bar).padEnd(6)} ${mark.padEnd(8)} ${detail}`,
  );
}

/** A figure without a bar. */
export function note(what, text) {
  if (!isAsked) console.log(`${what.padEnd(62)} ${text}`);
}

const inMilliseconds = (a, b) => `${a.toFixed(2)} ms against ${b.toFixed(2)} ms`;

/** A row: `ours` takes at most `bar` times as long as `other`. What it is compared with does not matter between builds. */
export async function compare(what, ours, other, bar, { detail = inMilliseconds, ...options } = {}) {
  await track(what, ours);
  if (isAsked) return;
  const { a, b, ratio } = paired(ours, other, options);
  report(what, ratio, bar, detail(a, b));
}

/** What the part ends with: the number of bars that were not met. */
export function finish() {
  if (isAsked) process.disconnect();
  else process.exit(failed > 0 ? 1 : 0);
}

// ---- under `--against` ------------------------------------------------------------------------------------------------

/** Between the title of a section and a row of it. */
export const separator = " · ";

const offered = new Set();
const questions = [];
let answered;
if (isAsked) {
  process.on("message", (question) => {
    if (answered === undefined) questions.push(question);
    else answered(question);
    answered = undefined;
  });
}

/** Says something to the process that asks. */
export function tell(message) {
  process.send?.(message);
}

function nextQuestion() {
  if (questions.length > 0) return Promise.resolve(questions.shift());
  return new Promise((resolve) => {
    answered = resolve;
  });
}

/** Calls work so often, one after another; what is a promise is awaited, and times that work gives are added up. */
async function repeated(work, calls) {
  let total = 0;
  for (let i = 0; i < calls; i++) {
    const result = work();
    if (result instanceof Promise) await result;
    else if (work.saysItsTime) total += result;
  }
  return total;
}

/** Milliseconds of one call, over so many calls. */
async function sample(work, calls) {
  const start = now();
  const total = await repeated(work, calls);
  return (work.saysItsTime ? total : now() - start) / calls;
}

/** As many calls as take about four milliseconds, once the engine has compiled what it will, and the time of one. */
async function settle(work) {
  const start = performance.now();
  do await repeated(work, 1);
  while (performance.now() - start < 300);
  let calls = 1;
  let ms = await sample(work, calls);
  while (calls < 1e7 && ms * calls < 3) {
    calls *= 2;
    ms = await sample(work, calls);
  }
  return { calls, ms };
}

/** Marks work that gives its own milliseconds, as that of a process which was started for it. */
export function saysItsTime(work) {
  work.saysItsTime = true;
  return work;
}

/** Offers a row to who asks, and answers until the next one is asked for. The same work is offered once. */
export async function track(what, work) {
  if (!isAsked || offered.has(work)) return;
  offered.add(work);
  await offer(`${title}${separator}${what}`, sections, () => work);
}

/** Offers a row of a section. Its work is made when it is first asked for, so that nothing disturbs what is timed elsewhere. */
export async function offer(row, section, make) {
  tell({ row, section });
  let calls = 1;
  let work;
  for (;;) {
    const question = await nextQuestion();
    if (question === "next") return;
    work ??= await make();
    const settled = question === "settle" ? await settle(work) : undefined;
    calls = settled?.calls ?? calls;
    tell({ ms: settled?.ms ?? (await sample(work, calls)) });
  }
}

/** Says that a section, or a row of it, has failed. */
export function refuse(title, section, error) {
  tell({ failed: error instanceof Error ? error.message : String(error), section, title });
}
