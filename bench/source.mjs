// TypeScript compiled against the same TypeScript run directly, its gradient against it, and what arrays cost as loops get
// longer.

import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import ts from "typescript";
import { hand, mixture, scene } from "./adbench-data.mjs";
import { load } from "./library.mjs";
import { compare as compareTimes, finish, isAsked, once, paired, report, section, track } from "./measure.mjs";
import { loops } from "./source-loops.mjs";

const { compileSource } = await load("source.js");

const textOf = (name) => readFileSync(new URL(`../examples/source/${name}.ts`, import.meta.url), "utf8");

/** The functions of a text as TypeScript leaves them: without types. */
async function plain(text) {
  const { outputText } = ts.transpileModule(text, { compilerOptions: { target: "ES2022", module: "ESNext" } });
  return import(`data:text/javascript,${encodeURIComponent(outputText)}`);
}

/**
 * A function that calls `f` so many times, with the argument lists in turn so that no call can be left out. It is made anew
 * for each side: neither sees what the engine learnt of the other.
 */
function repeated(f, lists) {
  const names = lists[0].map((_, i) => `list[${i}]`).join(", ");
  const body = `return (calls) => {
  let last;
  for (let i = 0; i < calls; i++) {
    const list = lists[i & 3];
    last = f(${names});
  }
  return last;
};`;
  return new Function("f", "lists", body)(f, lists);
}

/** The arguments four times, the first float of them each time a little other. */
function nearby(args) {
  const at = args.findIndex((x) => typeof x === "number" || (typeof x === "object" && typeof x[0] === "number"));
  return Array.from({ length: 4 }, (_, i) => {
    const list = args.map((x) => (typeof x === "object" ? x.slice() : x));
    if (typeof list[at] === "number") list[at] += i * 1e-9;
    else list[at][0] += i * 1e-9;
    return list;
  });
}

/** Milliseconds after which the engine has compiled what it will. */
const settled = 400;

/** As many calls as take about four milliseconds, once the engine has compiled what it will. */
function settle(run) {
  const start = performance.now();
  let calls = 1;
  while (once(() => run(calls)) < 4 && calls < 1e7) calls *= 2;
  while (performance.now() - start < settled) run(calls);
  while (calls > 1 && once(() => run(calls)) > 6) calls >>= 1;
  while (once(() => run(calls)) < 3 && calls < 1e7) calls *= 2;
  return calls;
}

async function against(what, ours, other, args, bar) {
  const lists = nearby(args);
  const [a, b] = [repeated(ours, lists), repeated(other, lists)];
  if (isAsked) return track(what, () => a(4));
  settle(a);
  const calls = settle(b);
  const each = (ms) => ((ms * 1e3) / calls).toPrecision(3);
  await compareTimes(
    what,
    () => a(calls),
    () => b(calls),
    bar,
    { rounds: 31, detail: (x, y) => `${each(x)} µs against ${each(y)} µs` },
  );
}

const sines = (n, by = 1) => Float64Array.from({ length: n }, (_, i) => Math.sin(i * by));
const times = Float64Array.from({ length: 200 }, (_, i) => i / 50);
const decay = times.map((t) => 2.5 * Math.exp(-1.3 * t) + 0.7 + 0.01 * Math.sin(50 * t));
const classes = Int32Array.from({ length: 2000 }, (_, i) => i % 2);

const ofMixture = ({ alphas, means, icf, x, gamma, m }) => [alphas, means, icf, x, gamma, m];

/** Example, function, arguments, whether it has loops or arrays, and what the gradient is taken of. */
const examples = [
  ["newton", "anomaly", [1.2, 0.5], "loop"],
  ["runge-kutta", "energy", [1, 9.81, 0.2, 0.01, 2000], "loop"],
  ["black-scholes", "price", [100, 95, 0.03, 0.2, 1.5, true], "straight"],
  ["two-body", "miss", [0, 1.1, -1, 0.5, 3, 3000], "loop"],
  ["kalman", "logLikelihood", [sines(5000, 0.1), -3, -2, 1], "array"],
  ["logistic-regression", "loss", [sines(9), sines(16_000), classes, 0.1], "array", ["w", "xs"]],
  ["levenberg-marquardt", "fitted", [times, decay, 1, 1, 0], "array"],
  ["levenberg-marquardt", "amplitude", [times, decay], "array"],
  ["adbench/gmm", "likelihood", ofMixture(mixture(4, 5, 500)), "array", ["alphas", "means", "icf"]],
  ["adbench/bundle-adjustment", "objective", scene(4, 100, 800).args, "array", ["cameras", "points", "weights"]],
  ["adbench/hand", "objective", hand(100).args, "array", ["theta"]],
];

const direct = { straight: 1.05, loop: 1.05, array: 1.2, written: 1.5 };
const backwards = { straight: 3, loop: 5, array: 5 };

/** The gradient's value and the value have the same bits, and so have both with what plain TypeScript gives. */
function requireSame(name, got, want) {
  if (!isDeepStrictEqual(got, want)) throw new Error(`${name}: compiled ${got}, directly ${want}`);
}

/** What is compiled against the text run directly, and the gradient against what is compiled. */
async function compare(text, { title, entry = "f", args, kind, wrt, byHand }) {
  const own = (await plain(text))[entry];
  const compiled = compileSource(text, { entry });
  const lists = [nearby(args), nearby(args)];
  for (const [i, list] of lists[0].entries()) {
    requireSame(title, compiled(...list), own(...lists[1][i]));
    requireSame(title, list, lists[1][i]);
  }
  await against("compiled, the same TypeScript run directly", compiled, own, args, direct[kind]);
  if (typeof compiled(...args) !== "number") return;
  const gradient = compileSource(text, { entry, gradient: true, wrt });
  for (const list of nearby(args)) requireSame(title, gradient(...list)[0], own(...list));
  await against("value and gradient, the value", gradient, compiled, args, backwards[kind]);
  if (byHand === undefined) return;
  requireSame(title, gradient(...args), byHand(...args));
  await against("value and gradient, by hand", gradient, byHand, args, 1.5);
}

const wanted = process.argv[2] ?? "";
for (const [name, entry, args, kind, wrt] of examples) {
  const title = `examples/source/${name}.ts: ${entry}`;
  if (title.includes(wanted)) await section(title, () => compare(textOf(name), { title, entry, args, kind, wrt }));
}
for (const [title, text, args, kind, byHand] of loops) {
  if (title.includes(wanted)) await section(title, () => compare(text, { title, args, kind, byHand }));
}
if (wanted !== "") finish();

const smooth = `export function smooth(u: Float64Array, rounds: number): number {
  const v = u.slice();
  for (let t = 0; t < rounds; t++) {
    for (let i = 1; i < v.length - 1; i++) v[i] += 0.1 * (v[i - 1] - 2 * v[i] + v[i + 1]);
  }
  return v[1] * v[v.length - 2];
}
`;
const running = `export function running(xs: Float64Array): number {
  const sums = new Float64Array(xs.length);
  let sum = 0;
  for (let i = 0; i < xs.length; i++) {
    if (xs[i] < 0.9) sum += xs[i] * xs[i];
    sums[i] = sum;
  }
  let s = 0;
  for (let i = 0; i < sums.length; i += 3) s += Math.sqrt(1 + sums[i]);
  return s;
}
`;
await section(
  "linear in the number of steps, where arrays are read and written: time for 10 n over 10 times that for n",
  async () => {
    for (const [what, text, small, large] of [
      ["sweeps of a stencil, value", smooth, [sines(300), 20], [sines(300), 200]],
      ["sweeps of a stencil, gradient", smooth, [sines(300), 20], [sines(300), 200]],
      ["running sums, gradient", running, [sines(3000)], [sines(30_000)]],
    ]) {
      const f = compileSource(text, { gradient: what.endsWith("gradient") });
      const [long, short] = [large, small].map((args) => repeated(f, nearby(args)));
      if (isAsked) {
        await track(what, () => long(4));
        continue;
      }
      settle(short);
      const { ratio, a, b } = paired(
        () => long(4),
        () => short(40),
        { rounds: 21 },
      );
      report(what, ratio, 1.5, `${(a / 4).toPrecision(3)} ms against ${(b / 40).toPrecision(3)} ms`);
    }
  },
);

finish();
