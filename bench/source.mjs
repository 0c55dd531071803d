// TypeScript compiled against the same TypeScript run directly, its gradient against it, what arrays cost as loops get
// longer, and the time that compiling takes against TypeScript's own.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";
import ts from "typescript";
import { compileSource, readSource } from "../dist/source.js";
import { failures, heading, median, once, paired, report } from "./measure.mjs";
import { loops } from "./source-loops.mjs";

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
  const at = args.findIndex((x) => typeof x === "number" || x instanceof Float64Array);
  return Array.from({ length: 4 }, (_, i) => {
    const list = args.map((x) => (ArrayBuffer.isView(x) ? x.slice() : x));
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

function against(what, ours, other, args, bar) {
  const lists = nearby(args);
  const [a, b] = [repeated(ours, lists), repeated(other, lists)];
  settle(a);
  const calls = settle(b);
  const times = paired(
    () => a(calls),
    () => b(calls),
    { rounds: 31 },
  );
  const each = (ms) => ((ms * 1e3) / calls).toPrecision(3);
  report(what, times.ratio, bar, `${each(times.a)} µs against ${each(times.b)} µs`);
}

const sines = (n, by = 1) => Float64Array.from({ length: n }, (_, i) => Math.sin(i * by));
const times = Float64Array.from({ length: 200 }, (_, i) => i / 50);
const decay = times.map((t) => 2.5 * Math.exp(-1.3 * t) + 0.7 + 0.01 * Math.sin(50 * t));
const classes = Int32Array.from({ length: 2000 }, (_, i) => i % 2);

const spread = (n, from, to) => Float64Array.from({ length: n }, (_, i) => from + (to - from) * ((i * 0.618) % 1));
const indices = (n, below) => Int32Array.from({ length: n }, (_, i) => (i * 7) % below);

/** Mixture of 5 components in 4 dimensions, 500 points. */
const mixture = [spread(5, -1, 1), spread(20, -2, 2), spread(50, -0.5, 0.5), spread(2000, -2, 2), 1, 0];

/** Four cameras that look along z, 100 points in front of them, 800 observations. */
const scene = [
  Float64Array.from({ length: 44 }, (_, i) => [0.1, 0.2, -0.1, 0, 0, -6, 800, 300, 200, 0.01, 0.001][i % 11] + i / 1e3),
  spread(300, -1, 1),
  spread(800, 0.5, 1),
  spread(1600, 0, 500),
  indices(800, 4),
  indices(800, 100),
];

/** Twenty-two bones in a chain, each a little on and turned from the last, and a mesh of 300 vertices. */
const bone = (by) => [Math.cos(by), -Math.sin(by), 0, 0.1, Math.sin(by), Math.cos(by), 0, 0, 0, 0, 1, 0.05, 0, 0, 0, 1];
const hand = [
  spread(26, 0.1, 0.6),
  Int32Array.from({ length: 22 }, (_, i) => i - 1),
  Float64Array.from(Array.from({ length: 22 }, () => bone(0.1)).flat()),
  Float64Array.from(Array.from({ length: 22 }, (_, i) => bone(-0.1 * i)).flat()),
  spread(1200, -1, 1),
  spread(6600, 0, 0.1),
  indices(100, 300),
  spread(300, -1, 1),
];

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
  ["adbench/gmm", "likelihood", mixture, "array", ["alphas", "means", "icf"]],
  ["adbench/bundle-adjustment", "objective", scene, "array", ["cameras", "points", "weights"]],
  ["adbench/hand", "objective", hand, "array", ["theta"]],
];

const direct = { straight: 1.05, loop: 1.05, array: 1.2 };
const backwards = { straight: 3, loop: 5, array: 5 };

/** The gradient's value and the value have the same bits, and so have both with what plain TypeScript gives. */
function requireSame(name, got, want) {
  if (!isDeepStrictEqual(got, want)) throw new Error(`${name}: compiled ${got}, directly ${want}`);
}

/** What is compiled against the text run directly, and the gradient against what is compiled. */
async function compare(title, text, { entry = "f", args, kind, wrt, byHand }) {
  heading(title);
  const own = (await plain(text))[entry];
  const compiled = compileSource(text, { entry });
  for (const list of nearby(args)) requireSame(title, compiled(...list), own(...list));
  against("compiled, the same TypeScript run directly", compiled, own, args, direct[kind]);
  if (typeof compiled(...args) !== "number") return;
  const gradient = compileSource(text, { entry, gradient: true, wrt });
  for (const list of nearby(args)) requireSame(title, gradient(...list)[0], own(...list));
  against("value and gradient, the value", gradient, compiled, args, backwards[kind]);
  if (byHand === undefined) return;
  requireSame(title, gradient(...args), byHand(...args));
  against("value and gradient, by hand", gradient, byHand, args, 1.5);
}

const isAsked = (title) => title.includes(process.argv[2] ?? "");

for (const [name, entry, args, kind, wrt] of examples) {
  const title = `examples/source/${name}.ts: ${entry}`;
  if (isAsked(title)) await compare(title, textOf(name), { entry, args, kind, wrt });
}
for (const [title, text, args, kind, byHand] of loops) {
  if (isAsked(title)) await compare(title, text, { args, kind, byHand });
}
if (process.argv[2] !== undefined) process.exit(failures());

heading("linear in the number of steps, where arrays are read and written: time for 10 n over 10 times that for n");
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
for (const [what, text, small, large] of [
  ["sweeps of a stencil, value", smooth, [sines(300), 20], [sines(300), 200]],
  ["sweeps of a stencil, gradient", smooth, [sines(300), 20], [sines(300), 200]],
  ["running sums, gradient", running, [sines(3000)], [sines(30_000)]],
]) {
  const f = compileSource(text, { gradient: what.endsWith("gradient") });
  const [long, short] = [large, small].map((args) => repeated(f, nearby(args)));
  settle(short);
  const { ratio, a, b } = paired(
    () => long(4),
    () => short(40),
    { rounds: 21 },
  );
  report(what, ratio, 1.5, `${(a / 4).toPrecision(3)} ms against ${(b / 40).toPrecision(3)} ms`);
}

heading("source compile time: reading to IR, against what TypeScript takes to be loaded and to parse the text");
/** Functions that call one another, of all the constructs. */
function file(lines) {
  const parts = [];
  for (let k = 0; parts.length * 20 < lines; k++) {
    const before = k === 0 ? "x" : `f${k - 1}(x * 0.5, n - 1)`;
    parts.push(
      `export function f${k}(x: number, n: number): number {
  let s = ${k % 7} + x;
  let p = 1;
  for (let i = 0; i < n; i++) {
    if (s > ${10 + (k % 5)}) break;
    const t = Math.sin(s * ${k + 1}) / (1 + i);
    s += t > 0 ? t : -t / 2;
    p *= 1 + t * t;
  }
  switch (k(s)) {
    case 0:
      s += 1;
      break;
    default:
      s -= p;
  }
  const k = (y: number): number => Math.floor(y) % 3;
  return ${before} + s;
}
`
        .replace("switch (k(s))", "switch (Math.floor(s) % 3)")
        .replace(/ {2}const k = .*\n/, ""),
    );
  }
  return parts.join("\n");
}

const script = join(tmpdir(), `adjoint-parse-${process.pid}.mjs`);
const parse = (path) => {
  writeFileSync(
    script,
    `const start = performance.now();
const { default: ts } = await import(${JSON.stringify(import.meta.resolve("typescript"))});
const { readFileSync } = await import("node:fs");
ts.createSourceFile("a.ts", readFileSync(${JSON.stringify(path)}, "utf8"), ts.ScriptTarget.ES2022);
console.log(performance.now() - start);`,
  );
  return Number(execFileSync(process.execPath, [script], { encoding: "utf8" }));
};
const ours = (path, how) => {
  writeFileSync(
    script,
    `const start = performance.now();
const { ${how} } = await import(${JSON.stringify(pathToFileURL(new URL("../dist/source.js", import.meta.url).pathname).href)});
const { readFileSync } = await import("node:fs");
${how}(readFileSync(${JSON.stringify(path)}, "utf8"));
console.log(performance.now() - start);`,
  );
  return Number(execFileSync(process.execPath, [script], { encoding: "utf8" }));
};
const path = join(tmpdir(), `adjoint-lines-${process.pid}.ts`);
const own = {};
for (const lines of [100, 1000, 4000]) {
  writeFileSync(path, file(lines));
  const rounds = Array.from({ length: 5 }, () => [ours(path, "compileSource"), parse(path)]);
  const ratio = median(rounds.map(([a, b]) => a / b));
  const [a, b] = [0, 1].map((k) => median(rounds.map((r) => r[k])));
  if (lines === 1000)
    report("1,000 lines, all of them compiled", ratio, 2.5, `${a.toFixed(0)} ms against ${b.toFixed(0)} ms`);
  const text = file(lines);
  readSource(text);
  own[lines] = median(Array.from({ length: 5 }, () => once(() => readSource(text))));
}
report(
  "reading 4,000 lines, 4 times 1,000 lines",
  own[4000] / (4 * own[1000]),
  1.5,
  `${own[4000].toFixed(0)} ms against ${own[1000].toFixed(0)} ms`,
);

process.exit(failures());
