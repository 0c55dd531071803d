// What a call costs beside the arithmetic: of compiled functions, jit, gradients and tensor(), warm and over the first 20,000
// calls of a fresh process, against functions by hand that take and give the same structures.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { adjoint } from "./library.mjs";
import { finish, isAsked, median, note, report, saysItsTime, section, track } from "./measure.mjs";

const { add, compile, grad, jit, mul, sin, sub, tensor } = adjoint;

const first = 20_000;
const warm = 200_000;

/** What by-hand code holds a tensor in. */
class Held {
  #history = null;
  constructor(data, shape) {
    this.data = data;
    this.shape = shape;
  }
  get history() {
    return this.#history;
  }
}

const floats = (k) => Float32Array.from({ length: 4 }, (_, i) => Math.sin(i + k));
const held = (k) => new Held(floats(k), [4]);

function productPlus(a, b) {
  const out = new Float32Array(4);
  for (let i = 0; i < 4; i++) out[i] = Math.fround(a.data[i] * b.data[i]) + a.data[i];
  return new Held(out, [4]);
}

const names = ["w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "w9"];
const tree = (leaf) => Object.fromEntries(names.map((name, i) => [name, leaf(i)]));

/** Ten leaves in, and ten out. */
function stepped(p, rate) {
  const leaf = (w) => {
    const out = new Float32Array(4);
    for (let i = 0; i < 4; i++) out[i] = w.data[i] - Math.fround(rate * w.data[i]);
    return new Held(out, [4]);
  };
  return {
    w0: leaf(p.w0),
    w1: leaf(p.w1),
    w2: leaf(p.w2),
    w3: leaf(p.w3),
    w4: leaf(p.w4),
    w5: leaf(p.w5),
    w6: leaf(p.w6),
    w7: leaf(p.w7),
    w8: leaf(p.w8),
    w9: leaf(p.w9),
  };
}

function summed(p) {
  const out = new Float32Array(4);
  const { w0, w1, w2, w3, w4, w5, w6, w7, w8, w9 } = p;
  for (let i = 0; i < 4; i++) {
    let s = Math.fround(w0.data[i] + w1.data[i]);
    s = Math.fround(Math.fround(s + w2.data[i]) + w3.data[i]);
    s = Math.fround(Math.fround(s + w4.data[i]) + w5.data[i]);
    s = Math.fround(Math.fround(s + w6.data[i]) + w7.data[i]);
    out[i] = Math.fround(Math.fround(s + w8.data[i]) + w9.data[i]);
  }
  return new Held(out, [4]);
}

const scalar = (x, y) => add(mul(x, y), x);
const elementwise = (a, b) => add(mul(a, b), a);
const step = (p, rate) => tree((i) => sub(p[names[i]], mul(p[names[i]], rate)));
const sum = (p) => names.slice(1).reduce((s, name) => add(s, p[name]), p.w0);

/**
 * The rows: each makes a function of ours and one by hand, with arguments for both. `bar` and `firstBar` are microseconds a
 * call; `isExtra` says that the bar is for what ours takes longer.
 */
const rows = {
  "compiled, numbers": {
    bar: 0.01,
    isExtra: true,
    firstBar: 0.1,
    make: () => [compile(scalar, ["f64", "f64"]), [1.5, 2.5], (x, y) => x * y + x, [1.5, 2.5]],
  },
  "compiled, f32[4] tensors": {
    bar: 0.3,
    firstBar: 1,
    make: () => [
      compile(elementwise, ["f32[4]", "f32[4]"]),
      [tensor(floats(0)), tensor(floats(1))],
      productPlus,
      [held(0), held(1)],
    ],
  },
  "compiled, ten leaves in": {
    bar: 1,
    make: () => [compile(sum, [tree(() => "f32[4]")]), [tree((i) => tensor(floats(i)))], summed, [tree(held)]],
  },
  "compiled, ten leaves in and out": {
    bar: 1,
    make: () => [
      compile(step, [tree(() => "f32[4]"), "f32"]),
      [tree((i) => tensor(floats(i))), 0.1],
      stepped,
      [tree(held), 0.1],
    ],
  },
  "jit, f32[4] tensors": {
    bar: 0.6,
    make: () => [jit(elementwise), [tensor(floats(0)), tensor(floats(1))], productPlus, [held(0), held(1)]],
  },
  "jit, two signatures in turn": {
    bar: 0.6,
    make: () => {
      const f = jit(elementwise);
      const [a, b, c, d] = [tensor(floats(0)), tensor(floats(1)), tensor([1, 2]), tensor([3, 4])];
      let odd = false;
      const [x, y] = [held(0), held(1)];
      return [() => ((odd = !odd) ? f(a, b) : f(c, d)), [], () => productPlus(x, y), []];
    },
  },
  "grad(f) of a number": {
    bar: 0.8,
    make: () => [grad((x) => mul(sin(x), x)), [0.5], (x) => Math.cos(x) * x + Math.sin(x), [0.5]],
  },
  "tensor(Float32Array of 4)": {
    bar: 0.25,
    make: () => [tensor, [floats(0)], (data) => new Held(data.slice(), [data.length]), [floats(0)]],
  },
};

/** Work of so many calls; its text is its own, since engines share feedback between functions of equal text. */
let texts = 0;
function calling(f, args, count) {
  const list = args.map((_, i) => `args[${i}]`).join(", ");
  const text = `/* ${texts++} */ let result; for (let i = 0; i < count; i++) result = f(${list}); return result;`;
  const run = new Function("f", "args", "count", text);
  return () => run(f, args, count);
}

function microseconds(work, count) {
  const start = performance.now();
  work();
  return ((performance.now() - start) * 1000) / count;
}

/** One row in this process, which is fresh: the first calls of ours or of the one by hand, but for what compiles. */
function firstCalls(name, side) {
  const [ours, args, byHand, handArgs] = rows[name].make();
  const [f, given] = side === "ours" ? [ours, args] : [byHand, handArgs];
  f(...given);
  return microseconds(calling(f, given, first), first);
}

function inFreshProcess(name, side) {
  const script = fileURLToPath(import.meta.url);
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, "--first", name, side], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}

async function reportFirst(name, bar) {
  const what = `${name}, first ${first} calls`;
  await track(
    what,
    saysItsTime(() => inFreshProcess(name, "ours") / 1000),
  );
  if (isAsked) return;
  const [ours, byHand] = ["ours", "by hand"].map((side) =>
    // the least disturbed of several: what else runs makes it longer only
    Math.min(...Array.from({ length: 7 }, () => inFreshProcess(name, side))),
  );
  const told = `µs against ${byHand.toFixed(3)} by hand`;
  if (bar === undefined) note(what, `${ours.toFixed(3)} ${told}`);
  else report(what, ours, bar, told);
}

async function reportWarm(name, { make, bar, isExtra = false }) {
  const [ours, args, byHand, handArgs] = make();
  const [a, b] = [calling(ours, args, warm), calling(byHand, handArgs, warm)];
  await track(name, a);
  if (isAsked) return;
  for (let i = 0; i < 5; i++) [a, b].forEach((work) => void work());
  const times = Array.from({ length: 21 }, () => [microseconds(a, warm), microseconds(b, warm)]);
  const [mine, other] = [0, 1].map((side) => median(times.map((t) => t[side])));
  const extra = median(times.map(([x, y]) => x - y));
  report(name, isExtra ? extra : mine, bar, `µs${isExtra ? " more" : ""} against ${other.toFixed(3)} by hand`);
}

const [flag, name, side] = process.argv.slice(2);
if (flag === "--first") {
  console.log(firstCalls(name, side));
} else {
  await section("microseconds of a call, warm", async () => {
    for (const [what, row] of Object.entries(rows)) await reportWarm(what, row);
  });
  await section(`microseconds of a call, over the first ${first} of a fresh process`, async () => {
    for (const [what, { firstBar }] of Object.entries(rows)) await reportFirst(what, firstBar);
  });
  finish();
}
