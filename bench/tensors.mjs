// Elementwise chains and reductions over typed arrays against the best JavaScript by hand: the same rounding, the same
// order of summation, loops in ranges of 4,096 as functions of their own that are never inlined (they ask for new.target),
// the result in a fresh array.

import { adjoint } from "./library.mjs";
import { compare as compareTimes, finish, section } from "./measure.mjs";

const { add, compile, exp, maximum, mul, sum } = adjoint;

const n = 1_000_000;
const chunk = 4096;
const numbers = (Type, count, seed) => Type.from({ length: count }, (_, i) => Math.sin(i * 0.7 + seed) * 2);

async function compare(what, generated, byHand, args) {
  const got = generated(...args);
  const want = byHand(...args);
  const data = typeof got === "number" ? [got] : got.data();
  const expected = typeof want === "number" ? [want] : want;
  if (data.length !== expected.length) throw new Error(`${what}: ${data.length} elements, want ${expected.length}`);
  for (let i = 0; i < data.length; i++) {
    if (!Object.is(data[i], expected[i])) throw new Error(`${what}: element ${i} is ${data[i]}, want ${expected[i]}`);
  }
  await compareTimes(
    what,
    () => generated(...args),
    () => byHand(...args),
    1.05,
  );
}

const inRanges = (count, range) => {
  for (let from = 0; from < count; from += chunk) range(from, Math.min(from + chunk, count));
};

/** Element i goes to accumulator i mod 16; then a[j] += a[j + 8], + 4, + 2, + 1. */
function sumOf(x, from, to) {
  let s0 = 0,
    s1 = 0,
    s2 = 0,
    s3 = 0,
    s4 = 0,
    s5 = 0,
    s6 = 0,
    s7 = 0;
  let s8 = 0,
    s9 = 0,
    s10 = 0,
    s11 = 0,
    s12 = 0,
    s13 = 0,
    s14 = 0,
    s15 = 0;
  const whole = from + ((to - from) & ~15);
  let i = from;
  for (; i < whole; i += 16) {
    s0 += x[i];
    s1 += x[i + 1];
    s2 += x[i + 2];
    s3 += x[i + 3];
    s4 += x[i + 4];
    s5 += x[i + 5];
    s6 += x[i + 6];
    s7 += x[i + 7];
    s8 += x[i + 8];
    s9 += x[i + 9];
    s10 += x[i + 10];
    s11 += x[i + 11];
    s12 += x[i + 12];
    s13 += x[i + 13];
    s14 += x[i + 14];
    s15 += x[i + 15];
  }
  const rest = new Float64Array([s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15]);
  for (; i < to; i++) rest[i - whole] += x[i];
  for (const width of [8, 4, 2, 1]) for (let j = 0; j < width; j++) rest[j] += rest[j + width];
  return rest[0];
}

/** As sumOf, of products and rounded to f32 at every step. */
function productOf32(x, y) {
  const fround = Math.fround;
  let s0 = 0,
    s1 = 0,
    s2 = 0,
    s3 = 0,
    s4 = 0,
    s5 = 0,
    s6 = 0,
    s7 = 0;
  let s8 = 0,
    s9 = 0,
    s10 = 0,
    s11 = 0,
    s12 = 0,
    s13 = 0,
    s14 = 0,
    s15 = 0;
  const whole = x.length & ~15;
  let i = 0;
  for (; i < whole; i += 16) {
    s0 = fround(s0 + fround(x[i] * y[i]));
    s1 = fround(s1 + fround(x[i + 1] * y[i + 1]));
    s2 = fround(s2 + fround(x[i + 2] * y[i + 2]));
    s3 = fround(s3 + fround(x[i + 3] * y[i + 3]));
    s4 = fround(s4 + fround(x[i + 4] * y[i + 4]));
    s5 = fround(s5 + fround(x[i + 5] * y[i + 5]));
    s6 = fround(s6 + fround(x[i + 6] * y[i + 6]));
    s7 = fround(s7 + fround(x[i + 7] * y[i + 7]));
    s8 = fround(s8 + fround(x[i + 8] * y[i + 8]));
    s9 = fround(s9 + fround(x[i + 9] * y[i + 9]));
    s10 = fround(s10 + fround(x[i + 10] * y[i + 10]));
    s11 = fround(s11 + fround(x[i + 11] * y[i + 11]));
    s12 = fround(s12 + fround(x[i + 12] * y[i + 12]));
    s13 = fround(s13 + fround(x[i + 13] * y[i + 13]));
    s14 = fround(s14 + fround(x[i + 14] * y[i + 14]));
    s15 = fround(s15 + fround(x[i + 15] * y[i + 15]));
  }
  const rest = new Float32Array([s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15]);
  for (; i < x.length; i++) rest[i - whole] = fround(rest[i - whole] + fround(x[i] * y[i]));
  for (const width of [8, 4, 2, 1]) for (let j = 0; j < width; j++) rest[j] = fround(rest[j] + rest[j + width]);
  return rest[0];
}

await section("elementwise chains over a million elements, generated / by hand", async () => {
  {
    const [a, b, c] = [0, 1, 2].map((seed) => numbers(Float64Array, n, seed));
    const range = function range(a, b, c, out, from, to) {
      if (new.target) return;
      for (let i = from; i < to; i++) out[i] = Math.max(a[i] * b[i] + c[i], 0);
    };
    const byHand = (a, b, c) => {
      const out = new Float64Array(a.length);
      inRanges(a.length, (from, to) => range(a, b, c, out, from, to));
      return out;
    };
    const f = compile((a, b, c) => maximum(add(mul(a, b), c), 0), ["f64[N]", "f64[N]", "f64[N]"]);
    await compare("f64: max(a * b + c, 0)", f, byHand, [a, b, c]);
  }
  {
    const [a, b, c] = [0, 1, 2].map((seed) => numbers(Float32Array, n, seed));
    const range = function range(a, b, c, out, from, to) {
      if (new.target) return;
      const fround = Math.fround;
      for (let i = from; i < to; i++) out[i] = Math.max(fround(fround(a[i] * b[i]) + c[i]), 0);
    };
    const byHand = (a, b, c) => {
      const out = new Float32Array(a.length);
      inRanges(a.length, (from, to) => range(a, b, c, out, from, to));
      return out;
    };
    const f = compile((a, b, c) => maximum(add(mul(a, b), c), 0), ["f32[N]", "f32[N]", "f32[N]"]);
    await compare("f32: max(a * b + c, 0)", f, byHand, [a, b, c]);
  }
  {
    const [a, b] = [0, 1].map((seed) => numbers(Float64Array, n, seed));
    const range = function range(a, b, out, from, to) {
      if (new.target) return;
      for (let i = from; i < to; i++) out[i] = Math.exp(a[i] * b[i]) * a[i];
    };
    const byHand = (a, b) => {
      const out = new Float64Array(a.length);
      inRanges(a.length, (from, to) => range(a, b, out, from, to));
      return out;
    };
    await compare(
      "f64: exp(a * b) * a",
      compile((a, b) => mul(exp(mul(a, b)), a), ["f64[N]", "f64[N]"]),
      byHand,
      [a, b],
    );
  }
  {
    const [rows, columns] = [1000, 1000];
    const [a, b] = [numbers(Float64Array, rows * columns, 0), numbers(Float64Array, columns, 1)];
    const range = function range(a, b, out, from, to) {
      if (new.target) return;
      for (let i = from; i < to; i++)
        for (let j = 0; j < columns; j++) out[i * columns + j] = a[i * columns + j] + b[j];
    };
    const byHand = (a, b) => {
      const out = new Float64Array(a.length);
      for (let i = 0; i < rows; i++) range(a, b, out, i, i + 1);
      return out;
    };
    await compare(
      "f64: a matrix plus a row",
      compile((a, b) => add(a, b), ["f64[R, 1000]", "f64[1000]"]),
      byHand,
      [a, b],
    );
  }
});

await section("reductions, generated / by hand", async () => {
  {
    const x = numbers(Float64Array, n, 0);
    await compare(
      "f64: the sum of a million",
      compile((x) => sum(x), ["f64[N]"]),
      (x) => sumOf(x, 0, x.length),
      [x],
    );
    const rows = (x) => {
      const out = new Float64Array(1000);
      for (let i = 0; i < 1000; i++) out[i] = sumOf(x, i * 1000, (i + 1) * 1000);
      return out;
    };
    await compare(
      "f64: the sums of 1,000 rows",
      compile((x) => sum(x, { axes: [1] }), ["f64[R, 1000]"]),
      rows,
      [x],
    );
    const addRow = function addRow(x, out, from) {
      if (new.target) return;
      for (let j = 0; j < 1000; j++) out[j] += x[from + j];
    };
    const columns = (x) => {
      const out = new Float64Array(1000);
      for (let i = 0; i < 1000; i++) addRow(x, out, i * 1000);
      return out;
    };
    await compare(
      "f64: the sums of 1,000 columns",
      compile((x) => sum(x, { axes: [0] }), ["f64[R, 1000]"]),
      columns,
      [x],
    );
  }
  {
    const x = numbers(Float32Array, n, 0);
    const y = numbers(Float32Array, n, 1);
    await compare(
      "f32: the sum of a * b",
      compile((x, y) => sum(mul(x, y)), ["f32[N]", "f32[N]"]),
      (x, y) => productOf32(x, y),
      [x, y],
    );
  }
});
finish();
