// The greatest error of each function of f32 over all inputs, or a part of them, and docs/accuracy.md:
// `node bench/accuracy.mjs [--every 257] [--pairs 1000000] [--only exp,sin] [--write]`.
//
// Functions of one number are tried at every n-th of the 2³² inputs (--every 1: all), functions of two at random pairs of bits
// and at pairs that hide mistakes. The exact value is the function of f64, whose own error is a few units of 2⁻⁵³. Errors are in
// units in the last place of the exact value, which for what is correctly rounded is at most ½.

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { peersOf } from "./accuracy-peers.mjs";
import { load } from "./library.mjs";

const { values: options } = parseArgs({
  options: {
    every: { type: "string", default: "257" },
    pairs: { type: "string", default: "1000000" },
    only: { type: "string" },
    "no-peers": { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
const { parseModule, ops } = await load("ir.js");
const { compileModule } = await load("passes.js");
const chunk = 2 ** 16;

/** An op as a function of arrays, compiled to JavaScript. */
function compiled(op, dtype) {
  const names = op.operands.map((_, i) => `%x${i}`);
  const text = `func @main<N>(${names.map((x) => `${x}: ${dtype}[N]`).join(", ")}) -> ${dtype}[N] {
  %y = ${op.name} ${names.join(", ")} : ${dtype}[N]
  return %y
}
`;
  const { executable } = compileModule(parseModule(text), { backend: "js" });
  return (...inputs) => executable.run(inputs.map((data) => ({ dtype, shape: [data.length], data })))[0].data;
}

/** How far a result is from the exact one, in units in the last place of that; infinite where only one of them is a number. */
function ulpsOf(got, exact) {
  const rounded = Math.fround(exact);
  if (Object.is(got, rounded) && (!Number.isFinite(rounded) || exact === rounded)) return 0;
  if (Number.isNaN(got) || Number.isNaN(exact) || (got === 0 && exact === 0)) return Infinity;
  const isInfinite = [got, exact].some((x) => Math.abs(x) === Infinity);
  if (isInfinite && Math.min(Math.abs(got), Math.abs(exact)) < 2 ** 127) return Infinity;
  // what is next to the greatest number counts as so large
  const finite = (x) => (Math.abs(x) >= 2 ** 128 ? Math.sign(x) * 2 ** 128 : x);
  const exponent = Math.max(-126, Math.min(127, Math.floor(Math.log2(Math.abs(rounded)))));
  return Math.abs(finite(got) - finite(exact)) / 2 ** (exponent - 23);
}

/** Arrays of inputs, a chunk at a time. */
function* singles(every) {
  const bits = new Uint32Array(chunk);
  let next = 0;
  while (next < 2 ** 32) {
    let n = 0;
    for (; n < chunk && next < 2 ** 32; next += every) bits[n++] = next;
    yield [new Float32Array(bits.buffer, 0, n)];
  }
}

/** Random bits, and beside them small whole numbers, neighbours and what is next to 1. */
function* pairs(count) {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state ^ (state >>> 15)) >>> 0;
  };
  const [x, y] = [new Float32Array(chunk), new Float32Array(chunk)];
  const [a, b] = [x, y].map((array) => new Uint32Array(array.buffer));
  const special = Float32Array.of(
    0,
    -0,
    1,
    -1,
    Infinity,
    -Infinity,
    NaN,
    2,
    0.5,
    -2,
    3,
    1e-45,
    3.4028235e38,
    2 ** -126,
  );
  for (let done = 0; done < count; done += chunk) {
    for (let i = 0; i < chunk; i++) {
      [a[i], b[i]] = [random(), random()];
      const kind = i % 8;
      if (kind === 0) x[i] = special[a[i] % special.length];
      if (kind === 1) y[i] = special[b[i] % special.length];
      if (kind === 2) y[i] = (b[i] % 64) - 32;
      if (kind === 3) a[i] = 0x3f800000 + (a[i] % 2 ** 12) - 2 ** 11;
      if (kind === 4) [x[i], y[i]] = [(a[i] / 2 ** 32) * 4, (b[i] / 2 ** 32) * 60 - 30];
      if (kind === 5) b[i] = a[i] ^ (b[i] % 2 ** 24);
    }
    yield [x, y];
  }
}

/** The greatest error of a function of arrays, where it is, and whether NaN, ∞ and the zeros are where they should be. */
async function worstOf(f, exact, inputs) {
  let worst = { ulps: 0, at: [], isSpecial: true };
  for (const input of inputs()) {
    const got = await f(...input);
    const expected = exact(...input.map((data) => Float64Array.from(data)));
    for (let i = 0; i < expected.length; i++) {
      const ulps = ulpsOf(got[i], expected[i]);
      if (ulps === Infinity) worst.isSpecial = false;
      else if (ulps > worst.ulps) worst = { ...worst, ulps, at: input.map((data) => data[i]) };
    }
  }
  return worst;
}

const shown = ({ ulps, isSpecial }) =>
  (ulps < 1000 ? ulps.toFixed(ulps < 10 ? 3 : 0) : ulps.toExponential(0)) + (isSpecial ? "" : " \\*");
const atText = (at) => at.map((x) => (Number.isNaN(x) ? "NaN" : Object.is(x, -0) ? "-0" : String(x))).join(", ");

const rows = [];
const peers = options["no-peers"] ? [] : await peersOf();
const only = options.only?.split(",");
const single = [...ops.standardOps.values()].filter(({ scalar }) => scalar?.single !== undefined);
let failed = false;
for (const op of single.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
  if (only !== undefined && !only.includes(op.name)) continue;
  const exact = compiled(op, "f64");
  const isUnary = op.operands.length === 1;
  const inputs = isUnary ? () => singles(Number(options.every)) : () => pairs(Number(options.pairs));
  const own = await worstOf(compiled(op, "f32"), exact, inputs);
  // peers take longer, and a part of the inputs is enough to find them out
  const fewer = isUnary ? () => singles(Math.max(Number(options.every), 4099)) : () => pairs(chunk * 4);
  const others = [];
  for (const peer of peers) {
    const f = peer.functions[op.name];
    others.push(f === undefined ? "" : await worstOf(f, exact, fewer).then(shown, () => ""));
  }
  failed ||= own.ulps > op.scalar.single.ulps || !own.isSpecial;
  rows.push([`\`${op.name}\``, String(op.scalar.single.ulps), shown(own), atText(own.at), ...others]);
  console.log(rows.at(-1).join("  "));
}

if (options.write) {
  const header = ["op", "bound", "worst found", "at", ...peers.map(({ name }) => name)];
  const table = [header, header.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
  const text = `# Accuracy of f32

The functions of f32 in the table are Adjoint's own: operations in f32 and f64, each of which IEEE 754 defines to the last bit. The interpreter,
JavaScript and WebAssembly give the same bits, in every engine and on every machine. Errors are in units in the last place (ulp)
of the exact result; the nearest f32 is at most 0.5 away. The record of an op states its bound (\`adjoint ops exp\`).

${table}

\\* with other special values, at least at one input: NaN, ∞ or a zero of the other sign.

Written by \`node bench/accuracy.mjs --write\`: functions of one number at ${options.every === "1" ? "every input" : `one in ${Number(options.every).toLocaleString("en")} of the 2³² inputs`}, of two at
${Number(options.pairs).toLocaleString("en")} pairs; the others at every 4,099th input, or 262,144 pairs. Functions of f64 are those of JavaScript's \`Math\`, which engines may compute
differently; so are, rounded, \`lgamma\`, \`digamma\`, \`polygamma\`, \`bessel_i\` and \`pow_derivative\` of f32, which are made of them.
Conversions, \`+ - × ÷ √\` and rounding are exact to the last bit in each dtype.
`;
  writeFileSync(new URL("../docs/accuracy.md", import.meta.url), text);
}
if (failed) {
  console.error("an error is above the bound that its record states");
  process.exitCode = 1;
}
