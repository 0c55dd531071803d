// What stays in the memory of WebAssembly between calls: nobody frees it, nothing is lost, and it is bounded.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FreeSpace, granule } from "../src/backend/wasm/free-space.ts";
import { sharedHeap } from "../src/backend/wasm/residents.ts";
import * as api from "../src/index.ts";
import { errorOf } from "./support/errors.ts";
import { runs } from "./support/runs.ts";

const { add, compile, jit, matmul, mul, probe, sub, sum, tensor } = api;
type Tensor = api.Tensor;

/** 64 KiB: enough to stay. */
const n = 2 ** 14;
const counting = (from: number, count = n): Float32Array => Float32Array.from({ length: count }, (_, i) => from + i);
const held = (from: number, count = n): Tensor => tensor(counting(from, count));
const wasm = { backend: "wasm" } as const;
const small = { backend: "wasm", memory: { limit: 2 ** 20 } } as const;

/** How often a copy of elements went into the heap, or out of it. */
function crossings(run: () => void): { readonly in: number; readonly out: number } {
  const { heap } = sharedHeap();
  const [write, read] = [heap.write, heap.read];
  let [into, out] = [0, 0];
  heap.write = function (this: typeof heap, ...args) {
    into++;
    write.apply(this, args);
  };
  heap.read = function (this: typeof heap, ...args) {
    out++;
    read.apply(this, args);
  };
  try {
    run();
  } finally {
    heap.write = write;
    heap.read = read;
  }
  return { in: into, out };
}

describe("the memory of WebAssembly", () => {
  it("keeps arguments and results, so that what goes round crosses the border once", () => {
    const step = jit((w: Tensor, x: Tensor) => sub(w, mul(x, 0.5)), wasm);
    const x = held(1);
    // the first two calls are of the general code, which keeps results alone
    let w = step(step(step(held(0), x), x), x);
    expect(
      crossings(() => {
        for (let i = 0; i < 10; i++) w = step(w, x);
      }),
    ).toEqual({ in: 0, out: 0 });
    expect(crossings(() => w.data())).toEqual({ in: 0, out: 1 });
    expect(crossings(() => w.data())).toEqual({ in: 0, out: 0 });
    expect([...w.data().slice(0, 3)]).toEqual([-6.5, -12, -17.5]);
  });

  it("copies typed arrays of the user's at each call, since they may change", () => {
    const twice = compile((x: Tensor) => mul(x, 2), [`f32[${n}]`], wasm);
    const x = counting(0);
    for (let i = 0; i < 4; i++) {
      x[0] = i;
      expect(twice(x).data()[0]).toBe(2 * i);
    }
  });

  it("keeps constants, and copies them again when they had to leave", () => {
    const shifted = compile(
      `func @main(%x: f32[4096]) -> f32[4096] {
  %c = constant dense<[${counting(5, 4096).join(", ")}]> : f32[4096]
  %y = add %x, %c : f32[4096]
  return %y
}`,
      small,
    );
    const x = held(0, 4096);
    shifted(x);
    shifted(x);
    const expected = shifted(x).data();
    expect(crossings(() => shifted(x)).in).toBe(0);
    const other = compile((x: Tensor) => mul(x, 2), [`f32[${n}]`], small);
    for (let i = 0; i < 40; i++) other(held(i));
    expect(crossings(() => expect(shifted(x).data()).toEqual(expected)).in).toBe(2);
  });

  it("gives right results whatever left in between, in whatever order they are read", () => {
    const f = jit((x: Tensor, y: Tensor) => add(mul(x, 2), y), small);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(4)), { minLength: 1, maxLength: 60 }), (steps) => {
        const made: { readonly tensor: Tensor; readonly first: number }[] = [
          { tensor: held(1), first: 1 },
          { tensor: held(2), first: 2 },
        ];
        for (const [i, k, what] of steps) {
          const [x, y] = [made[i % made.length], made[k % made.length]];
          if (what === 0) expect(x.tensor.data()[0]).toBe(x.first);
          else if (what === 1) made.splice(i % made.length, made.length > 2 ? 1 : 0);
          else made.push({ tensor: f(x.tensor, y.tensor), first: Math.fround(2 * x.first + y.first) });
        }
        for (const { tensor, first } of made) expect(tensor.data()[0]).toBe(first);
      }),
      runs(30),
    );
  });

  it("stays below its limit, and says what a program would need", () => {
    const { residents } = sharedHeap();
    const twice = jit((x: Tensor) => mul(x, 2), small);
    for (let i = 0; i < 100; i++) twice(held(i));
    expect(residents.end).toBeLessThanOrEqual(2 ** 20);
    const last = twice(held(3));
    const large = held(0, 2 ** 18);
    const error = errorOf(() => twice(large));
    // nothing has to leave for what cannot be
    expect(crossings(() => last.data()).out).toBe(1);
    expect(error.message).toMatch(
      /^[^ ]*wasm-memory\.test\.ts:\d+:\d+ .*a program needs 2 MiB of memory, its limit is 1: raise/,
    );
    expect(twice(held(3)).data()[1]).toBe(8);
    expect(jit((x: Tensor) => mul(x, 2), wasm)(large).data()[7]).toBe(14);
  });

  it("makes room for a program that needs all of it", () => {
    const limit = { backend: "wasm", memory: { limit: 2 ** 21 } } as const;
    const twice = jit((x: Tensor) => mul(x, 2), limit);
    const results = Array.from({ length: 40 }, (_, i) => twice(held(i)));
    // 2 × 512 KiB, and a product of matrices in between
    const product = compile((x: Tensor) => matmul(matmul(x, x), x), ["f32[256, 256]"], limit);
    const identity = tensor(
      Float32Array.from({ length: 2 ** 16 }, (_, i) => (i % 257 === 0 ? 1 : 0)),
      { shape: [256, 256] },
    );
    for (let i = 0; i < 3; i++) expect(product(identity).data()).toEqual(identity.data());
    for (const [i, result] of results.entries()) expect(result.data()[1]).toBe(2 * (i + 1));
  });

  it("is as before when a call fails, or calls others while it runs", () => {
    const { residents } = sharedHeap();
    const checked = jit((x: Tensor) => {
      api.check(api.greater(sum(x), 0), "positive");
      return mul(x, 2);
    }, wasm);
    const [good, bad] = [held(1), held(-1e6)];
    checked(good);
    checked(good);
    expect(() => checked(bad)).toThrow("positive");
    const { end } = residents;
    for (let i = 0; i < 5; i++) expect(() => checked(bad)).toThrow("positive");
    expect(residents.end).toBe(end);
    const inner = jit((x: Tensor) => mul(x, 3), wasm);
    const y = inner(good);
    const seen: number[] = [];
    const outer = jit((x: Tensor) => mul(probe(mul(x, 2), "twice"), 5), {
      ...wasm,
      observe: (_, value) => {
        seen.push(inner(tensor(value.data)).data()[0], inner(y).data()[1]);
      },
    });
    for (let i = 0; i < 3; i++) expect(outer(good).data()[2]).toBe(30);
    expect(seen).toEqual([6, 18, 6, 18, 6, 18]);
    expect(y.data()[0]).toBe(3);
  });

  it("is read by JavaScript, cloned and differentiated as any other tensor", () => {
    const twice = jit((x: Tensor) => mul(x, 2), wasm);
    twice(held(1));
    const made = (): Tensor => twice(held(1));
    expect(jit((x: Tensor) => add(x, 1), { backend: "js" })(made()).data()[0]).toBe(3);
    expect(add(made(), 1).data()[1]).toBe(5);
    expect(tensor(structuredClone(made()) as unknown as Tensor).data()[2]).toBe(6);
    expect(made().detach().data()[0]).toBe(2);
    const out = new Float32Array(n);
    twice.into(out, made());
    expect(out[0]).toBe(4);
    const w = tensor(made(), { requiresGrad: true });
    sum(mul(w, w)).backward();
    expect(w.grad?.data()[0]).toBe(4);
  });
});

describe("free space", () => {
  it("gives blocks that overlap no other, and is whole again when all are free", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(), fc.integer({ min: 1, max: 40 }))), (steps) => {
        const space = new FreeSpace(granule);
        const used: { readonly at: number; readonly bytes: number }[] = [];
        for (const [isFree, which, granules] of steps) {
          if (isFree && used.length > 0) {
            const [{ at, bytes }] = used.splice(which % used.length, 1);
            space.free(at, bytes);
          } else {
            const bytes = granules * granule;
            used.push({ at: space.take(bytes) ?? space.extend(bytes), bytes });
          }
          const sorted = [...used].sort((a, b) => a.at - b.at);
          for (const [i, { at }] of sorted.entries())
            expect(at).toBeGreaterThanOrEqual(i === 0 ? granule : sorted[i - 1].at + sorted[i - 1].bytes);
          const last = sorted.at(-1);
          expect(space.end).toBe(last === undefined ? granule : last.at + last.bytes);
        }
        for (const { at, bytes } of used) space.free(at, bytes);
        expect(space.end).toBe(granule);
        expect(space.take(granule)).toBe(null);
      }),
      runs(100),
    );
  });
});

describe("donate", () => {
  const step = (w: Tensor, x: Tensor): Tensor => sub(w, mul(x, 0.5));

  it("gives the memory of arguments to results, so that a loop takes no more than two of each", () => {
    const { residents } = sharedHeap();
    const f = jit((p: { w: Tensor }, x: Tensor) => ({ w: step(p.w, x) }), { ...wasm, donate: [0] });
    const x = held(1);
    let p = { w: held(0) };
    for (let i = 0; i < 4; i++) p = f(p, x);
    const { end } = residents;
    expect(
      crossings(() => {
        for (let i = 0; i < 2000; i++) p = f(p, x);
      }),
    ).toEqual({ in: 0, out: 0 });
    expect(residents.end).toBe(end);
    expect(p.w.data()[0]).toBe(-1002);
  });

  for (const backend of ["wasm", "js", "interpret"] as const)
    it(`says where a tensor was donated, to who uses it later: ${backend}`, () => {
      const f = jit(step, { backend, donate: [0] });
      const x = held(1);
      for (let i = 0; i < 4; i++) {
        const w = held(0);
        const alike = w.detach();
        const next = f(w, x);
        const uses = [
          () => w.data(),
          () => w.toArray(),
          () => String(w),
          () => add(w, 1),
          () => f(w, x),
          () => alike.data(),
          () => jit(step, wasm)(w, x),
          () => sum(w),
        ];
        for (const use of uses)
          expect(errorOf(use).message).toMatch(
            /^[^ ]*wasm-memory\.test\.ts:\d+:\d+ .*argument 0 of step, donated at [^ ]*wasm-memory\.test\.ts:\d+:\d+, and has no elements any more: use/,
          );
        expect(next.data()[0]).toBe(-0.5);
      }
    });

  it("leaves arguments alone where the call fails, gives them, or is traced", () => {
    const checked = jit(
      (w: Tensor) => {
        api.check(api.greater(sum(w), 0), "positive");
        return mul(w, 2);
      },
      { ...wasm, donate: [0] },
    );
    const bad = held(-1e6);
    for (let i = 0; i < 3; i++) expect(() => checked(bad)).toThrow("positive");
    expect(bad.data()[0]).toBe(-1e6);
    const same = jit((w: Tensor) => w, { backend: "interpret", donate: [0] });
    expect(same(held(3)).data()[0]).toBe(3);
    const around = jit((w: Tensor) => add(checked(w), 1), wasm);
    const good = held(1);
    expect(around(good).data()[0]).toBe(3);
    expect(good.data()[0]).toBe(1);
  });

  it("refuses what is needed later: one tensor twice, and where a gradient flows", () => {
    const f = jit(step, { ...wasm, donate: [0] });
    const w = held(0);
    expect(errorOf(() => f(w, w)).message).toMatch(/step: argument 0 is donated, and is argument 1, too: pass a copy/);
    expect(errorOf(() => f(tensor(w, { requiresGrad: true }), w)).message).toMatch(/a gradient flows through it/);
    expect(w.data()[0]).toBe(0);
    const wrong = errorOf(() => jit(step, { donate: 0 as unknown as [] }));
    expect(wrong.message).toMatch(/jit: option 'donate' is 0, expected numbers of arguments/);
  });
});
