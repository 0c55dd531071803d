// What this machine does in WebAssembly at most, as times of the same work: multiplications and additions that never leave
// registers, and reading. And the products of the perceptron's step at the rate at which we multiply matrices.

import { adjoint } from "../library.mjs";
import { once, saysItsTime } from "../measure.mjs";
import { introduce, offerRows } from "./offer.mjs";
import { defaults } from "./programs.mjs";

const { compile, matmul, tensor } = adjoint;

// ---- the bytes of a module: `multiplied(turns)` and `read(bytes)` ----------------------------------------------------

/** An unsigned number as WebAssembly writes it: seven bits a byte, the lowest first. */
function leb(n) {
  return n < 128 ? [n] : [(n & 127) | 128, ...leb(n >>> 7)];
}

const counted = (items) => [...leb(items.length), ...items.flat()];
const sized = (bytes) => [...leb(bytes.length), ...bytes];
const section = (id, bytes) => [id, ...sized(bytes)];
const text = (name) => sized([...new TextEncoder().encode(name)]);

const [i32, f32, v128] = [0x7f, 0x7d, 0x7b];
const get = (local) => [0x20, local];
const set = (local) => [0x21, local];
const constant = (n) => [0x41, ...signed(n)];
const splat = (x) => [0x43, ...new Uint8Array(Float32Array.of(x).buffer), 0xfd, 0x13];
const load = (offset) => [0xfd, 0x00, 4, ...leb(offset)];
const [add, multiply, first] = [
  [0xfd, 0xe4, 0x01],
  [0xfd, 0xe6, 0x01],
  [0xfd, 0x1f, 0],
];
const [addI32, subtractI32] = [[0x6a], [0x6b]];
/** A loop whose body leaves on the stack whether there is another turn. */
const loop = (body) => [0x03, 0x40, ...body.flat(), 0x0d, 0, 0x0b];

/** A number of 32 bits with its sign. */
function signed(n) {
  const byte = n & 127;
  const rest = n >> 7;
  return (rest === 0 && byte < 64) || (rest === -1 && byte >= 64) ? [byte] : [byte | 128, ...signed(rest)];
}

/** The first lane of the sum of vectors in locals. */
const folded = (locals) => [get(locals[0]), ...locals.slice(1).flatMap((l) => [get(l), add]), first].flat();

const lanes = 4;
/** As many sums as hide the latency of both operations, and stay in the sixteen registers with their two constants. */
const chains = 12;

/** `turns` times x := x · 0.999 + 0.001, in twelve vectors. */
function multiplied() {
  const [scale, shift] = [1, 2];
  const sums = Array.from({ length: chains }, (_, i) => 3 + i);
  const body = [
    ...[splat(0.999), set(scale), splat(0.001), set(shift)],
    ...sums.flatMap((s) => [splat(1), set(s)]),
    loop([
      ...sums.flatMap((s) => [get(s), get(scale), multiply, get(shift), add, set(s)]),
      ...[get(0), constant(1), subtractI32, set(0), get(0)],
    ]),
    folded(sums),
  ];
  return { locals: chains + 2, body: body.flat() };
}

/** The sum of the first so many bytes of memory, 128 a turn. */
function read() {
  const end = 0;
  const sums = Array.from({ length: 8 }, (_, i) => 2 + i);
  const at = 1;
  const body = [
    loop([
      ...sums.flatMap((s, i) => [get(s), get(at), load(16 * i), add, set(s)]),
      ...[get(at), constant(128), addI32, set(at), get(at), get(end), [0x49]],
    ]),
    folded(sums),
  ];
  return { locals: sums.length, body: body.flat() };
}

function machine(pages) {
  const functions = [multiplied(), read()];
  const code = functions.map(({ locals, body }, i) => {
    const declared =
      i === 0
        ? [[locals, v128]]
        : [
            [1, i32],
            [locals, v128],
          ];
    return sized([...counted(declared), ...body, 0x0b]);
  });
  const type = [0x60, ...counted([[i32]]), ...counted([[f32]])];
  const names = ["multiplied", "read"].map((name, i) => [...text(name), 0, i]);
  const bytes = [
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, counted([type])),
    ...section(3, counted([[0], [0]])),
    ...section(5, counted([[0, ...leb(pages)]])),
    ...section(7, counted([...names, [...text("memory"), 2, 0]])),
    ...section(10, counted(code)),
  ];
  return new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes))).exports;
}

// ---- rows --------------------------------------------------------------------------------------------------------------

/** As many turns as do the multiplications and additions of a product of n x n matrices. */
const product = (n) => () => {
  const { multiplied } = machine(1);
  const turns = Math.round((2 * n ** 3) / (chains * lanes * 2));
  return { work: () => multiplied(turns) };
};

const reading = ({ x: { data } }) => {
  const { memory, read } = machine(Math.ceil(data.byteLength / 65536));
  new Float32Array(memory.buffer).set(data);
  return { work: () => read(data.byteLength) };
};

/** The products of forward and backward: the cotangent of the input is not asked for. */
const ofPerceptron = () => {
  const [batch, ...widths] = [128, 784, 256, 128, 10];
  const layers = widths.slice(1).map((width, i) => 2 * batch * widths[i] * width);
  const work = layers.reduce((total, l, i) => total + (i === 0 ? 2 : 3) * l, 0);
  const n = 512;
  const f = compile(matmul, [`f32[${n}, ${n}]`, `f32[${n}, ${n}]`], defaults);
  const [A, B] = [1, 2].map((k) => tensor(new Float32Array(n * n).fill(k / n), { shape: [n, n] }));
  const share = work / (2 * n ** 3);
  return { work: saysItsTime(() => share * once(() => f(A, B))) };
};

await introduce(() => ({ name: "limits" }));
await offerRows({
  sum: reading,
  "product.256": product(256),
  "product.512": product(512),
  "product.1024": product(1024),
  "mlp.step": ofPerceptron,
});
