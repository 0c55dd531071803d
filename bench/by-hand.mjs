// The workloads by hand: loops with the rounding and the order of the IR in f32, and the usual loops that round to f32
// only when they store. Functions of ranges that are never inlined, so that V8 optimises them on their own.

const chunk = 4096;
const { fround } = Math;

export function inRanges(count, range) {
  for (let from = 0; from < count; from += chunk) range(from, Math.min(from + chunk, count));
}

// ---- gelu(a * b + c) ------------------------------------------------------------------------------------------------

const k64 = Math.sqrt(2 / Math.PI);
const k32 = fround(k64);
const c32 = fround(0.044715);

export function gelu32(a, b, c, out, from, to) {
  if (new.target) return;
  for (let i = from; i < to; i++) {
    const t = fround(fround(a[i] * b[i]) + c[i]);
    const cube = fround(fround(t * t) * t);
    const u = fround(Math.tanh(fround(k32 * fround(t + fround(c32 * cube)))));
    out[i] = fround(fround(0.5 * t) * fround(1 + u));
  }
}

export function gelu64(a, b, c, out, from, to) {
  if (new.target) return;
  for (let i = from; i < to; i++) {
    const t = a[i] * b[i] + c[i];
    out[i] = t / (1 + Math.exp(-2 * k64 * (t + 0.044715 * t * t * t)));
  }
}

/** The value's part of the sum, and the three gradients. */
export function geluGradient32(a, b, c, ga, gb, gc, values, from, to) {
  if (new.target) return;
  for (let i = from; i < to; i++) {
    const p = a[i];
    const q = b[i];
    const t = fround(fround(p * q) + c[i]);
    const square = fround(t * t);
    const half = fround(0.5 * t);
    const u = fround(Math.tanh(fround(k32 * fround(t + fround(c32 * fround(square * t))))));
    const v = fround(1 + u);
    values[i] = fround(half * v);
    const slope = fround(k32 * fround(1 + fround(fround(3 * c32) * square)));
    const d = fround(fround(0.5 * v) + fround(fround(half * fround(1 - fround(u * u))) * slope));
    ga[i] = fround(d * q);
    gb[i] = fround(d * p);
    gc[i] = d;
  }
}

export function geluGradient64(a, b, c, ga, gb, gc, from, to) {
  let s = 0;
  for (let i = from; i < to; i++) {
    const [p, q] = [a[i], b[i]];
    const t = p * q + c[i];
    const square = t * t;
    const g = 1 / (1 + Math.exp(-2 * k64 * (t + 0.044715 * square * t)));
    s += t * g;
    const dt = g + t * 2 * k64 * (1 + 3 * 0.044715 * square) * g * (1 - g);
    ga[i] = dt * q;
    gb[i] = dt * p;
    gc[i] = dt;
  }
  return s;
}

// ---- sums along the last axis: sixteen accumulators, then a tree ------------------------------------------------------

const terms = {
  sum: "x[i]",
  square: "fround(fround(x[i] - m) * fround(x[i] - m))",
};
const folds = {
  sum: (acc, term) => `fround(${acc} + ${term})`,
  max: (acc, term) => `Math.max(${acc}, ${term})`,
};

/** A function (x, from, to, m) that folds the terms of a row; what it takes is written out sixteen times. */
function rowFunction(fold, term, start) {
  const lanes = Array.from({ length: 16 }, (_, j) => j);
  const at = (j) => terms[term].replaceAll("x[i]", `x[i + ${j}]`);
  const take = lanes.map((j) => `s${j} = ${folds[fold](`s${j}`, at(j))};`);
  const tree = [8, 4, 2, 1].flatMap((w) =>
    lanes.slice(0, w).map((j) => `s${j} = ${folds[fold](`s${j}`, `s${j + w}`)};`),
  );
  const rest = lanes
    .slice(0, 15)
    .map((j) => `if (whole + ${j} < to) s${j} = ${folds[fold](`s${j}`, at(j).replaceAll("i +", "whole +"))};`);
  return new Function(`"use strict";
const fround = Math.fround;
return function row(x, from, to, m) {
  if (new.target) return;
  let ${lanes.map((j) => `s${j} = ${start}`).join(", ")};
  const whole = from + ((to - from) & ~15);
  for (let i = from; i < whole; i += 16) {
    ${take.join("\n    ")}
  }
  ${rest.join("\n  ")}
  ${tree.join("\n  ")}
  return s0;
};`)();
}

export const sumOfRow = rowFunction("sum", "sum", 0);
const maxOfRow = rowFunction("max", "sum", "-Infinity");
const sumOfRowInSoftmax = rowFunction("sum", "sum", 0);
const squaresOfRow = rowFunction("sum", "square", 0);
const sumOfRowInNorm = rowFunction("sum", "sum", 0);

/** In chunks the accumulators would have to be kept: one call, as the generated code. */
export function sum32(x) {
  return sumOfRow(x, 0, x.length, 0);
}

function exps32(x, out, from, to, m) {
  if (new.target) return;
  for (let i = from; i < to; i++) out[i] = fround(Math.exp(fround(x[i] - m)));
}

function over32(out, from, to, s) {
  if (new.target) return;
  for (let i = from; i < to; i++) out[i] = fround(out[i] / s);
}

export function softmax32(x, out, rows, columns) {
  for (let r = 0; r < rows; r++) {
    const [from, to] = [r * columns, (r + 1) * columns];
    exps32(x, out, from, to, maxOfRow(x, from, to, 0));
    over32(out, from, to, sumOfRowInSoftmax(out, from, to, 0));
  }
}

export function softmax64(x, out, rows, columns) {
  for (let r = 0; r < rows; r++) softmaxRow64(x, out, r * columns, (r + 1) * columns);
}

function softmaxRow64(x, out, from, to) {
  if (new.target) return;
  let m = -Infinity;
  for (let i = from; i < to; i++) if (x[i] > m) m = x[i];
  let s = 0;
  for (let i = from; i < to; i++) {
    const e = Math.exp(x[i] - m);
    out[i] = e;
    s += e;
  }
  s = 1 / s;
  for (let i = from; i < to; i++) out[i] *= s;
}

function normalise32(x, gain, bias, out, from, columns, mean, scale) {
  if (new.target) return;
  for (let j = 0; j < columns; j++) {
    out[from + j] = fround(fround(fround(fround(x[from + j] - mean) * scale) * gain[j]) + bias[j]);
  }
}

export function layerNorm32(x, gain, bias, out, rows, columns) {
  for (let r = 0; r < rows; r++) {
    const from = r * columns;
    const mean = fround(sumOfRowInNorm(x, from, from + columns, 0) / columns);
    const variance = fround(squaresOfRow(x, from, from + columns, mean) / columns);
    const scale = fround(1 / Math.sqrt(fround(variance + fround(1e-5))));
    normalise32(x, gain, bias, out, from, columns, mean, scale);
  }
}

export function layerNorm64(x, gain, bias, out, rows, columns) {
  for (let r = 0; r < rows; r++) normRow64(x, gain, bias, out, r * columns, columns);
}

function normRow64(x, gain, bias, out, from, columns) {
  if (new.target) return;
  let s = 0;
  for (let j = 0; j < columns; j++) s += x[from + j];
  const mean = s / columns;
  let v = 0;
  for (let j = 0; j < columns; j++) v += (x[from + j] - mean) * (x[from + j] - mean);
  const scale = 1 / Math.sqrt(v / columns + 1e-5);
  for (let j = 0; j < columns; j++) out[from + j] = (x[from + j] - mean) * scale * gain[j] + bias[j];
}

function sumRange64(x, from, to) {
  if (new.target) return 0;
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = from; i < to; i += 4) {
    a += x[i];
    b += x[i + 1];
    c += x[i + 2];
    d += x[i + 3];
  }
  return a + b + c + d;
}

export function sum64(x) {
  let s = 0;
  inRanges(x.length, (from, to) => {
    s += sumRange64(x, from, to);
  });
  return s;
}
