// Random bits from a key and a counter: Threefry-2x32 with 20 rounds, the same on every backend.
//
// J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011).

import {
  type AttributesOf,
  addDims,
  allocate,
  type Dim,
  type EvalContext,
  type LowerContext,
  mulDims,
  type NdArray,
  printShape,
  scalar,
  sizeOf,
  type TensorType,
  type TypeContext,
  tensorType,
  tensorTypeOf,
  type Value,
} from "../../ir/index.ts";
import { constant, indexValue } from "../base/constant.ts";
import { defineOp, emit1, rankedOperand, requireDeclared } from "../base/define.ts";
import { cast } from "../base/elementwise.ts";
import { add } from "../scalar/arithmetic.ts";
import { or, shiftLeft, shiftRight, xor } from "../scalar/bits.ts";
import { concatenate } from "../shape/concatenate.ts";
import { broadcast } from "../shape/reduce.ts";

/** Which of a block's two words an element is, or both in one. */
export type RngWord = "both" | "first" | "second";

/** How far each round rotates, in turn; after every four rounds a part of the key is added. */
const rotations = [13, 15, 26, 6, 17, 29, 16, 24];
const rounds = 20;
const parity = 0x1bd11bda;

/** The arithmetic that the cipher is written in: numbers when it is evaluated, values where it is lowered. */
interface Words<T> {
  add(a: T, b: T): T;
  xor(a: T, b: T): T;
  rotate(a: T, by: number): T;
  word(n: number): T;
}

function threefry<T>(
  { add: plus, xor: mix, rotate, word }: Words<T>,
  key: readonly [T, T],
  counter: readonly [T, T],
): [T, T] {
  const keys = [key[0], key[1], mix(mix(key[0], key[1]), word(parity))];
  let [a, b] = [plus(counter[0], keys[0]), plus(counter[1], keys[1])];
  for (let round = 0; round < rounds; round++) {
    a = plus(a, b);
    b = mix(rotate(b, rotations[round % 8]), a);
    if (round % 4 !== 3) continue;
    const injected = (round + 1) / 4;
    a = plus(a, keys[injected % 3]);
    b = plus(b, plus(keys[(injected + 1) % 3], word(injected)));
  }
  return [a, b];
}

function chosen<T>({ xor: mix }: Words<T>, [first, second]: readonly [T, T], word: RngWord): T {
  return word === "both" ? mix(first, second) : word === "first" ? first : second;
}

const numbers: Words<number> = {
  add: (a, b) => (a + b) >>> 0,
  xor: (a, b) => (a ^ b) >>> 0,
  rotate: (a, by) => ((a << by) | (a >>> (32 - by))) >>> 0,
  word: (n) => n,
};

/** The two words that a key of two words makes of a counter. */
export function threefryOf(key: readonly [number, number], counter: readonly [number, number]): [number, number] {
  return threefry(numbers, key, counter);
}

const u32 = scalar("u32");

const values: Words<Value> = {
  add,
  xor,
  rotate: (a, by) => or(shiftLeft(a, constant(by, u32)), shiftRight(a, constant(32 - by, u32))),
  word: (n) => constant(n, u32),
};

const rngAttributes = {
  word: {
    kind: "word",
    words: ["both", "first", "second"],
    default: "both",
    summary: "which of a block's two words an element is, or their exclusive or",
  },
} as const;

type RngAttributes = AttributesOf<typeof rngAttributes>;

export const rngBitsOp = defineOp({
  name: "rng_bits",
  summary: "Random bits that a key and the place of an element determine.",
  operands: [{ name: "key" }],
  attributes: rngAttributes,
  types(x) {
    const key = rankedOperand(x, 0);
    const type = requireDeclared(x, "u32");
    if (key === null) return [type];
    const leading = requireKey(x, key);
    if (type.shape.length < leading.length) {
      x.fail(
        "shape",
        `the result has shape ${printShape(type.shape)}, expected the keys' axes ${printShape(leading)} first`,
      );
    }
    for (const [axis, d] of leading.entries()) x.equal(d, type.shape[axis], `axis ${axis} of the keys`);
    return [type];
  },
  eval: (x) => [evalRngBits(x)],
  derivative: { kind: "zero", reason: "bits do not change continuously" },
  batching: {
    kind: "rule",
    batch({ operation, operands: [key], size }) {
      const { shape } = tensorTypeOf(operation.results[0].type);
      return [rngBits(key, [size, ...shape], operation.attributes.word)];
    },
  },
  lowering: { kind: "element", element: elementOfRngBits },
  docs: {
    semantics:
      "The last axis of the operand holds keys of two 32-bit words. The result begins with the operand's other axes, one for each key; its further axes hold the random words that are made of that key. Word number i of a key, counted row-major modulo 2^32, comes from one block of the Threefry-2x32 cipher (20 rounds) of the counter (0, i) under that key: the first word of the block, its second word, or the exclusive or of both, as the attribute says.",
    constraints: ["the key is u32 with a last axis of 2", "the result is u32 and written"],
    example: `func @main(%key: u32[2]) -> u32[1] {
  %bits = rng_bits %key, word = first : u32[1]
  return %bits
}
// run: @main([0, 0]) == [1797259609]
`,
  },
});

/** The axes of the keys before the last, which has two words. */
function requireKey(cx: TypeContext, { dtype, shape }: TensorType): readonly Dim[] {
  if (dtype !== "u32") cx.fail("dtype", `the key has dtype ${dtype}, expected u32`);
  if (shape.length === 0) cx.fail("shape", "the key has rank 0, expected a last axis of 2");
  cx.equal(shape[shape.length - 1], 2, "the last axis of the key");
  return shape.slice(0, -1);
}

function evalRngBits(cx: EvalContext<RngAttributes>): NdArray {
  const [key] = cx.operands;
  const result = allocate("u32", cx.shape(cx.operation.results[0].type));
  const count = sizeOf(key.shape.slice(0, -1));
  const each = count === 0 ? 0 : result.data.length / count;
  for (let k = 0; k < count; k++) {
    const own = [key.data[2 * k], key.data[2 * k + 1]] as const;
    for (let i = 0; i < each; i++) {
      const block = threefryOf(own, [0, i >>> 0]);
      result.data[k * each + i] = chosen(numbers, block, cx.attributes.word);
    }
  }
  return result;
}

function elementOfRngBits(cx: LowerContext<RngAttributes>, at: readonly Dim[]): Value {
  const [key, result] = [cx.operation.operands[0], cx.operation.results[0]].map((v) => tensorTypeOf(v.type));
  const leading = at.slice(0, key.shape.length - 1);
  let place: Dim = 0;
  for (let axis = leading.length; axis < at.length; axis++)
    place = addDims(mulDims(place, result.shape[axis]), at[axis]);
  const counter = cast(indexValue(place), "u32");
  const words = [cx.element(0, [...leading, 0]), cx.element(0, [...leading, 1])] as const;
  return chosen(values, threefry(values, words, [values.word(0), counter]), cx.operation.attributes.word);
}

/** Random words of this shape from keys (u32, a last axis of 2), whose other axes are the first ones of the shape. */
export function rngBits(key: Value, shape: readonly Dim[], word: RngWord = "both"): Value {
  return emit1(rngBitsOp, [key], { attributes: { word }, types: [tensorType("u32", shape)] });
}

/** The keys of different draws from one key: as many rows of two words. */
export function splitKeys(key: Value, count: Dim): Value {
  const words = (["first", "second"] as const).map((word) => rngBits(key, [count], word));
  return concatenate(
    words.map((w) => broadcast(w, [count, 1], [0])),
    1,
  );
}
