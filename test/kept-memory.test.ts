// Memory that calls of generated JavaScript keep: a call makes its results and nothing else, whatever happens in it, and what is kept
// is bounded.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compile,
  jit,
  matmul,
  matrixTranspose,
  probe,
  relu,
  scan,
  softmax,
  sort,
  sum,
  type Tensor,
  tensor,
} from "../src/index.ts";
import { runs } from "./support/runs.ts";

const kinds = ["ArrayBuffer", "Float64Array", "Float32Array", "Int32Array", "Uint32Array", "Uint8Array"] as const;

/** What generated code makes while something runs: how many arrays, and the buffers of arenas. */
interface Made {
  arrays: number;
  readonly buffers: WeakRef<ArrayBuffer>[];
}

/** Runs with constructors that count; `claimed` is what buffers say of their size. */
function counted(run: () => void, claimed: number | null = null): Made {
  const made: Made = { arrays: 0, buffers: [] };
  const originals = kinds.map((kind) => Reflect.get(globalThis, kind));
  for (const [i, kind] of kinds.entries()) {
    const construct = (target: new (...args: unknown[]) => object, args: unknown[]): object => {
      const array = Reflect.construct(target, args);
      made.arrays++;
      if (array instanceof originals[0]) {
        made.buffers.push(new WeakRef(array as ArrayBuffer));
        if (claimed !== null) Object.defineProperty(array, "byteLength", { value: claimed });
      }
      return array;
    };
    Reflect.set(globalThis, kind, new Proxy(originals[i], { construct }));
  }
  try {
    run();
  } finally {
    for (const [i, kind] of kinds.entries()) Reflect.set(globalThis, kind, originals[i]);
  }
  return made;
}

/** What a probe does when it is reached. */
let reached: (() => void) | null = null;

/** Products, a loop that swaps memory, and a sort: scratch of many kinds. */
function layers(x: Tensor, w: Tensor): readonly [Tensor, Tensor, Tensor] {
  const h = relu(matmul(x, w));
  const e = softmax(probe(h, "h"));
  const back = matmul(e, matrixTranspose(w));
  const step = (c: Tensor): readonly [Tensor, Tensor] => [softmax(matmul(matmul(c, w), matrixTranspose(w))), sum(c)];
  const [last] = scan(step, back, back);
  return [sort(matmul(last, w)), last, sum(h)];
}

const types = ["f64[N, 3]", "f64[3, M]"] as const;
const fast = compile(layers, [...types], { backend: "js", observe: () => reached?.() });
const reference = compile(layers, [...types], { backend: "interpret" });

/** Numbers that differ from call to call. */
function given(n: number, m: number, seed: number): readonly [Tensor, Tensor] {
  const numbers = (rows: number, columns: number): Tensor =>
    tensor(
      Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => Math.sin(seed + i * 7 + j))),
    );
  return [numbers(n, 3), numbers(3, m)];
}

function bits(results: readonly Tensor[]): readonly unknown[] {
  return results.map((t) => [t.shape, [...t.data()].map((x) => (Object.is(x, -0) ? "-0" : String(x)))]);
}

/** Two results are arrays, the third is a number. */
const resultsMade = 2;

describe("memory that is kept between calls", () => {
  it("leaves the results as all that 10,000 calls make", () => {
    const [x, w] = given(2, 5, 1);
    const calls = 10_000;
    const traced = jit(layers, { backend: "js" });
    const into = [new Float64Array(10), new Float64Array(6), new Float64Array(1)] as const;
    const ways: readonly (readonly [string, () => void, number])[] = [
      ["compiled", () => void fast(x, w), resultsMade],
      ["jit", () => void traced(x, w), resultsMade],
      ["into", () => void fast.into(into, x, w), 0],
    ];
    for (const [name, call, each] of ways) {
      // the first ones make what serves the others
      for (let i = 0; i < 3; i++) call();
      const { arrays } = counted(() => {
        for (let i = 0; i < calls; i++) call();
      });
      expect(arrays, name).toBe(calls * each);
    }
  });

  it("is taken by one call at a time: calls inside of it, errors half-way and other sizes leave every bit", () => {
    const size = fc.integer({ min: 1, max: 9 });
    const how = fc.constantFrom("plain", "inside", "twice inside", "throws", "throws inside");
    fc.assert(
      fc.property(fc.array(fc.tuple(size, size, size, how), { minLength: 1, maxLength: 8 }), (calls) => {
        for (const [i, [n, m, other, kind]] of calls.entries()) {
          const [args, inner] = [given(n, m, i), given(other, m, i + 100)];
          const seen: (readonly unknown[])[] = [];
          const expected = bits(reference(...args));
          const inside = bits(reference(...inner));
          const nested = (): void => {
            const again = reached;
            reached = kind === "throws inside" ? fails : null;
            try {
              seen.push(bits(fast(...inner)));
            } finally {
              reached = again;
            }
          };
          const fails = (): void => {
            throw new Error("half-way");
          };
          if (kind === "inside") reached = nested;
          else if (kind === "twice inside") reached = () => [nested(), nested()];
          else if (kind !== "plain") reached = kind === "throws" ? fails : nested;
          try {
            if (kind.startsWith("throws")) expect(() => fast(...args)).toThrow("half-way");
            else expect(bits(fast(...args))).toEqual(expected);
          } finally {
            reached = null;
          }
          for (const results of seen) expect(results).toEqual(inside);
          expect(bits(fast(...args))).toEqual(expected);
        }
      }),
      runs(60),
    );
  });

  it("is there again after an error, and after a call inside of a call", () => {
    const [x, w] = given(3, 4, 2);
    const steady = (): number => counted(() => void fast(x, w)).arrays;
    steady();
    expect(steady()).toBe(resultsMade);
    reached = () => {
      throw new Error("half-way");
    };
    expect(() => fast(x, w)).toThrow("half-way");
    reached = null;
    expect(steady()).toBeGreaterThan(resultsMade);
    expect(steady()).toBe(resultsMade);
    reached = () => {
      reached = null;
      fast(x, w);
    };
    fast(x, w);
    expect(steady()).toBe(resultsMade);
  });

  it("is that of the last sizes alone, and none of a great many bytes", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const f = compile(layers, [...types], { backend: "js" });
    const [large, small] = [given(40, 30, 1), given(2, 2, 1)];
    const first = counted(() => void f(...large)).buffers;
    counted(() => void f(...small));
    await new Promise((resolve) => setTimeout(resolve, 0));
    collect();
    // the function has an arena, and the loop in it
    expect(first.map((buffer) => buffer.deref())).toEqual([undefined, undefined]);
    // what says that it has more bytes than are kept is made by each call
    const most = 2 ** 28;
    const made = [most + 1, most + 1, most, most].map(
      (claimed) => counted(() => void f(...large), claimed).buffers.length,
    );
    expect(made).toEqual([2, 2, 2, 0]);
  });

  it("is kept by modules that are written, too", async () => {
    const { code } = compile(layers, [...types]).toModule();
    const { layers: f } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    const [x, w] = given(2, 5, 3);
    const call = (): readonly { readonly data: Float64Array }[] =>
      f({ data: x.data(), shape: x.shape }, { data: w.data(), shape: w.shape });
    const [expected] = reference(x, w);
    expect([...call()[0].data]).toEqual([...expected.data()]);
    const { arrays } = counted(() => {
      for (let i = 0; i < 100; i++) call();
    });
    expect(arrays).toBe(100 * resultsMade);
  });
});
