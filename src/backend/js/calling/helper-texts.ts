// Helpers of the text that calls generated code: small functions that read arguments and make arrays of results.

import type { Helper } from "./helpers.ts";

/** The text of each helper, whose name in generated code has a `$` before it. */
export const helperTexts: Readonly<Record<Helper, string>> = {
  tensor: `/** The elements and shape of a tensor; null in \`extents\` is any size. */
function $tensor(x, type, extents, label) {
  const data = x instanceof type ? x : x?.data;
  if (!(data instanceof type)) throw new TypeError(\`\${label} is no \${type.name}, and no { data, shape } with one\`);
  const shape = x instanceof type ? $shape(data.length, extents, label) : [...x.shape];
  const fits = shape.length === extents.length && extents.every((d, i) => d === null || d === shape[i]);
  if (!fits || shape.reduce((a, b) => a * b, 1) !== data.length) {
    const expected = extents.map((d) => d ?? "any").join(", ");
    const size = data.length === 1 ? "1 element" : \`\${data.length} elements\`;
    throw new RangeError(\`\${label} has \${size} of shape [\${shape.join(", ")}], expected [\${expected}]\`);
  }
  return { data, shape };
}`,
  shape: `/** The shape of a flat array, one extent of which may be open. */
function $shape(length, extents, label) {
  const open = extents.filter((d) => d === null).length;
  if (open > 1) throw new RangeError(\`\${label} leaves \${open} extents open: pass { data, shape }\`);
  const known = extents.reduce((size, d) => size * (d ?? 1), 1);
  return extents.map((d) => d ?? (known === 0 ? 0 : length / known));
}`,
  // unrolled by four, which takes less than half of the time on long arrays
  numbers: `/** Whether all elements of an array are numbers. */
function $numbers(x) {
  if (!Array.isArray(x)) return false;
  const is = "number";
  let i = 0;
  for (const end = x.length - 3; i < end; i += 4) {
    if (typeof x[i] !== is || typeof x[i + 1] !== is || typeof x[i + 2] !== is || typeof x[i + 3] !== is) return false;
  }
  for (; i < x.length; i++) if (typeof x[i] !== is) return false;
  return true;
}`,
  position: `/** Where an array has something else than a number. */
function $position(x) {
  const i = Array.isArray(x) ? Array.from(x).findIndex((e) => typeof e !== "number") : -1;
  return i < 0 ? "" : \`: element \${i} is none\`;
}`,
  apart: `/** Whether two typed arrays share no memory. */
function $apart(a, b) {
  if (a.buffer !== b.buffer) return true;
  return a.byteOffset + a.byteLength <= b.byteOffset || b.byteOffset + b.byteLength <= a.byteOffset;
}`,
  rows: `/** A matrix as the array of its rows. */
function $rows(from, count, width, type) {
  const row = (_, i) => $put(from.subarray(i * width, (i + 1) * width), new type(width));
  return Array.from({ length: count }, row);
}`,
  list: `/** Numbers as an array, of floats from the first on: nothing is converted on the way. */
function $list(from) {
  const into = new Array(from.length);
  if (into.length > 0) into[0] = 0.5;
  return $put(from, into);
}`,
  put: `/** Numbers in an array. */
function $put(from, into) {
  for (let i = 0; i < from.length; i++) into[i] = from[i];
  return into;
}`,
};
