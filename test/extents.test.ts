// Extents that are not known while a function is traced: what they may stand for, what they refuse, and that no function
// which looks at its sizes is ever served by the trace of another size.

import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AdjointError,
  add,
  arange,
  broadcastTo,
  compile,
  composite,
  concat,
  div,
  Extent,
  extent,
  f64,
  fori,
  full,
  Graph,
  grad,
  greater,
  hessian,
  i32,
  jit,
  jvp,
  key,
  linspace,
  mul,
  normal,
  type Operand,
  ones,
  pad,
  repeat,
  reshape,
  roll,
  Session,
  split,
  squeeze,
  sub,
  sum,
  Tensor,
  tensor,
  tile,
  topK,
  vmap,
  where,
  zeros,
} from "../src/index.ts";
import { errorOf, messageOf } from "./support/errors.ts";
import { runs } from "./support/runs.ts";

/** What a function may read of its sizes, and the number that this is: a coefficient of Σ x². */
interface Reading {
  readonly of: (x: Tensor) => Operand;
  readonly is: (n: number) => number;
  /** Whether an extent refuses it: what JavaScript cannot trap is for jit to find out. */
  readonly isTrapped: boolean;
}

const size = (x: Tensor): number => x.shape[x.rank - 1];

/** Ways to look at a size, some with a number beside it. */
const readings: readonly ((k: number) => Reading)[] = [
  (k) => ({ of: (x) => (size(x) === k ? 3 : 5), is: (n) => (n === k ? 3 : 5), isTrapped: false }),
  (k) => ({
    of: (x) => ([k, k + 2].includes(size(x)) ? 3 : 5),
    is: (n) => (n === k || n === k + 2 ? 3 : 5),
    isTrapped: false,
  }),
  () => ({ of: (x) => (size(x) ? 3 : 5), is: (n) => (n > 0 ? 3 : 5), isTrapped: false }),
  () => ({ of: (x) => (typeof size(x) === "number" ? 3 : 5), is: () => 3, isTrapped: false }),
  () => ({ of: (x) => new Array(size(x)).length, is: (n) => n, isTrapped: false }),
  (k) => ({ of: (x) => new Map([[k, 3]]).get(size(x)) ?? 5, is: (n) => (n === k ? 3 : 5), isTrapped: false }),
  (k) => ({
    of: (x) => {
      switch (size(x)) {
        case k:
          return 3;
        default:
          return 5;
      }
    },
    is: (n) => (n === k ? 3 : 5),
    isTrapped: false,
  }),
  () => ({ of: (x) => (Number.isInteger(size(x)) ? 3 : 5), is: () => 3, isTrapped: false }),
  (k) => ({ of: (x) => (size(x) < k ? 3 : 5), is: (n) => (n < k ? 3 : 5), isTrapped: true }),
  () => ({ of: (x) => 8 / 2 ** size(x), is: (n) => 8 / 2 ** n, isTrapped: true }),
  (k) => ({ of: (x) => Math.max(size(x), k), is: (n) => Math.max(n, k), isTrapped: true }),
  () => ({ of: (x) => `${size(x)}`.length, is: (n) => `${n}`.length, isTrapped: true }),
  () => ({
    of: (x) => {
      let s = 0;
      for (let i = 0; i < size(x); i++) s += i;
      return s;
    },
    is: (n) => (n * (n - 1)) / 2,
    isTrapped: true,
  }),
  () => ({ of: (x) => Array.from({ length: size(x) }, (_, i) => i).length, is: (n) => n, isTrapped: true }),
  () => ({
    of: (x) => {
      try {
        return 2 * size(x);
      } catch {
        return -1;
      }
    },
    is: (n) => 2 * n,
    isTrapped: false,
  }),
  // what an extent may stand for; the same for all sizes
  () => ({ of: (x) => size(x), is: (n) => n, isTrapped: true }),
  () => ({ of: (x) => x.size, is: (n) => n, isTrapped: true }),
  (k) => ({ of: (x) => extent(size(x)).mul(2).add(k), is: (n) => 2 * n + k, isTrapped: true }),
  (k) => ({ of: (x) => extent(size(x)).floorDiv(k + 1), is: (n) => Math.floor(n / (k + 1)), isTrapped: true }),
  (k) => ({ of: (x) => extent(size(x)).mod(k + 1), is: (n) => n % (k + 1), isTrapped: true }),
  () => ({ of: (x) => sum(ones([size(x)])), is: (n) => n, isTrapped: true }),
  () => ({ of: (x) => sum(arange(size(x))), is: (n) => (n * (n - 1)) / 2, isTrapped: true }),
  (k) => ({ of: (x) => fori(0, size(x), (_, s) => add(s, k), f64(0)), is: (n) => n * k, isTrapped: true }),
  (k) => ({ of: (x) => where(greater(x.dim(x.rank - 1), k), 3, f64(5)), is: (n) => (n > k ? 3 : 5), isTrapped: true }),
];

const reading = fc
  .tuple(fc.nat(readings.length - 1), fc.nat(6))
  .map(([which, k]): Reading & { readonly text: string } => {
    const made = readings[which](k);
    return { ...made, text: `${made.of} with ${k}` };
  });

/** Some readings together, each a factor, and six sizes, 0 and 1 among them. */
const cases = fc.record({
  factors: fc.array(reading, { minLength: 1, maxLength: 2 }),
  sizes: fc
    .array(fc.integer({ min: 2, max: 7 }), { minLength: 4, maxLength: 4 })
    .chain((more) => fc.shuffledSubarray([0, 1, ...more], { minLength: 6 })),
});

const coefficient = (factors: readonly Reading[], n: number): number => factors.reduce((c, { is }) => c * is(n), 1);

/** Σ x² times what the function reads of its size. */
function functionOf(factors: readonly Reading[]): (x: Tensor) => Tensor {
  return (x) => factors.reduce<Tensor>((y, { of }) => mul(y, of(x)), sum(mul(x, x), { axes: -1 }));
}

const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => (i % 3) + 1);
const total = (x: readonly number[]): number => x.reduce((s, a) => s + a * a, 0);
const given = (x: unknown): unknown => (x instanceof Tensor ? x.toArray() : x);

/** What each way of calling gives for a function, and what it should. */
const ways: readonly {
  readonly name: string;
  readonly call: (f: (x: Tensor) => Tensor) => (x: number[]) => unknown;
  readonly right: (c: number, x: readonly number[]) => unknown;
}[] = [
  { name: "jit", call: (f) => jit(f), right: (c, x) => c * total(x) },
  { name: "compile without types", call: (f) => compile(f), right: (c, x) => c * total(x) },
  { name: "grad", call: (f) => grad(f), right: (c, x) => x.map((a) => 2 * c * a) },
  { name: "jit of grad", call: (f) => jit(grad(f)), right: (c, x) => x.map((a) => 2 * c * a) },
  {
    name: "vmap",
    call: (f) => {
      const g = vmap(f);
      return (x) => g([x, x.map((a) => a + 1)]);
    },
    right: (c, x) => [c * total(x), c * total(x.map((a) => a + 1))],
  },
  {
    name: "jvp",
    call: (f) => {
      const g = jvp(f);
      return (x) => g([tensor(x)], [tensor(x)])[1];
    },
    right: (c, x) => 2 * c * total(x),
  },
  {
    name: "hessian",
    call: (f) => hessian(f),
    right: (c, x) => x.map((_, i) => x.map((__, k) => (i === k ? 2 * c : 0))),
  },
];

/** Equal numbers; zeros of either sign are. */
function expectEqual(got: unknown, right: unknown, what: string): void {
  const plain = (value: unknown): string => JSON.stringify(value, (_, v) => (v === 0 ? 0 : v));
  expect(`${what} ${plain(given(got))}`).toBe(`${what} ${plain(right)}`);
}

describe("a function that looks at its sizes", () => {
  for (const { name, call, right } of ways) {
    it(`gives what it does for each of them, under ${name}`, () => {
      fc.assert(
        fc.property(cases, ({ factors, sizes }) => {
          const f = call(functionOf(factors));
          for (const n of [...sizes, ...sizes]) {
            const x = numbers(n);
            expectEqual(f(x), right(coefficient(factors, n), x), `size ${n}`);
          }
        }),
        runs(25),
      );
    });
  }

  /** The result, or a refusal of what only a number could do. */
  function rightOrRefused(run: () => unknown, right: unknown, what: string): void {
    let got: unknown;
    try {
      got = run();
    } catch (error) {
      expect(error).toBeInstanceOf(AdjointError);
      expect((error as AdjointError).message).toMatch(
        /^test\/extents\.test\.ts:\d+:\d+ [^\n]*extent [^\n]*: write [^\n]*$/,
      );
      expect((error as AdjointError).code).toBe("primitive");
      return;
    }
    expectEqual(got, right, what);
  }

  const trapped = cases.filter(({ factors }) => factors.every((f) => f.isTrapped));

  it("gives what it does for each, or is refused at its line, where sizes are declared open", () => {
    fc.assert(
      fc.property(trapped, ({ factors, sizes }) => {
        const f = functionOf(factors);
        for (const n of sizes) {
          const x = numbers(n);
          const right = coefficient(factors, n) * total(x);
          const declared = (): unknown => {
            const graph = new Graph();
            const y = f(graph.placeholder("f64", { name: "x", shape: ["N"] }));
            return new Session(graph).run([y], { x: tensor(x) });
          };
          const compiled = (backend: "js" | "interpret") => (): unknown =>
            compile(f, ["f64[N]"], { backend })(tensor(x));
          rightOrRefused(compiled("js"), right, `size ${n}`);
          rightOrRefused(compiled("interpret"), right, `size ${n}`);
          rightOrRefused(() => (declared() as Tensor[])[0], right, `size ${n}`);
        }
      }),
      runs(20),
    );
  });
});

const wrong = (x: unknown) => x as never;
const sized = (f: (x: Tensor, n: number) => unknown, x: number[] = [1, 2, 3, 4]): unknown =>
  given(compile((v: Tensor) => f(v, v.shape[0]), ["f64[N]"])(new Float64Array(x)));

describe("an extent", () => {
  it.each([
    ["-n", (n: number) => -n],
    ["1 / n", (n: number) => 1 / n],
    ["i < n", (n: number) => 0 < n],
    ["n + 1", (n: number) => n + 1],
    // biome-ignore lint/suspicious/noDoubleEquals: what it does to an extent
    ["n == 1", (n: number) => n == 1],
    ["xs[n]", (n: number) => [1, 2][n]],
    ["a template", (n: number) => `${n}`],
    ["String", (n: number) => String(n)],
    ["toString", (n: number) => n.toString()],
    ["Number", (n: number) => Number(n)],
    ["BigInt", (n: number) => BigInt(n)],
    ["Math.max", (n: number) => Math.max(n, 1)],
    ["JSON", (n: number) => JSON.stringify({ n })],
    ["Array.from", (n: number) => Array.from({ length: n })],
    ["repeat", (n: number) => "x".repeat(n)],
    ["join", (n: number) => [n, n].join()],
    ["a key", (n: number) => ({ [n]: 1 })],
    ["a window", (n: number, x: Tensor) => reshape(x, [1, -1, 1]).maxPool(n)],
  ])("refuses to be a number or text: %s", (_, use) => {
    const error = errorOf(() => compile((x: Tensor) => [use(x.shape[0], x), x][1], ["f64[N]"]));
    expect(error.code).toBe("primitive");
    expect(error.message).toMatch(/^test\/extents\.test\.ts:\d+:\d+ [^\n]*the extent N[^\n]*: [^\n]+$/);
  });

  it("says what to write", () => {
    expect(messageOf(() => sized((_, n) => 1 / n))).toBe(
      "the extent N, which is not known while the function is traced, was used as a JavaScript number: " +
        "write div(a, n) or less(a, n) for values, extent(n).add(1) for sizes, fori(0, n, …) for a loop",
    );
    expect(messageOf(() => sized((_, n) => `${n}`))).toContain("was used as text: write extent(n).name for its name");
  });

  it("is shown by its name and nowhere a string", () => {
    const seen: unknown[] = [];
    const note = (x: Tensor): Tensor => {
      seen.push(x.shape[0], x.shape[1], x.size, String(x));
      return x;
    };
    compile(note, ["f64[N, 3]"]);
    const [n, known, all, text] = seen as [Extent, number, Extent, string];
    expect([n instanceof Extent, n.name, known, all.name, text]).toEqual([true, "N", 3, "3*N", "Tensor(f64[N, 3])"]);
    expect([inspect(n), inspect({ n }), Object.isFrozen(n)]).toEqual(["Extent(N)", "{ n: Extent(N) }", true]);
    expect([typeof n, Object.keys(n)]).toEqual(["object", []]);
  });

  it("is the same object for the same dimension", () => {
    sized((x, n) => {
      expect(n === x.shape[0] && add(x, 1).shape.indexOf(n) === 0).toBe(true);
      return x;
    });
  });

  it("counts on, known or not", () => {
    const n = extent(7);
    const names = [n.add(1), n.sub(9), n.mul(2), n.floorDiv(2), n.mod(4)].map((e) => e.name);
    expect(names).toEqual(["8", "-2", "14", "3", "3"]);
    sized((x) => {
      const [m] = [extent(x.shape[0])];
      expect(m.add(m).sub(1).name).toBe("2*N-1");
      expect([m.mul(m).floorDiv(m).name, m.mod(3).name, m.sub(m).name]).toEqual(["N", "N-3*floor(N/3)", "0"]);
      return x;
    });
    for (const by of [0, -1, 1.5, Number.NaN, "2", null]) {
      expect(messageOf(() => n.floorDiv(wrong(by)))).toMatch(/^floorDiv: got .+, expected an integer/);
    }
    expect(messageOf(() => n.add(wrong(undefined)))).toBe("add: got undefined, expected an integer or an extent");
    expect(messageOf(() => sized((_, m) => zeros([extent(7).floorDiv(m)])))).toMatch(/^floorDiv: got N for a divisor/);
    expect(messageOf(() => new Extent(wrong("N"), wrong("")))).toContain("read x.shape[i], or write extent(n)");
  });

  it("stands wherever a size does", () => {
    const half = (n: number) => extent(n).floorDiv(2);
    expect(sized((_, n) => zeros([n]))).toEqual([0, 0, 0, 0]);
    expect(sized((_, n) => ones(n))).toEqual([1, 1, 1, 1]);
    expect(sized((_, n) => full([2, half(n)], n))).toEqual([
      [4, 4],
      [4, 4],
    ]);
    expect(sized((x, n) => reshape(x, [half(n), 2]))).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(sized((_, n) => broadcastTo(tensor(5), [n]))).toEqual([5, 5, 5, 5]);
    expect(sized((_, n) => arange(1, n))).toEqual([1, 2, 3]);
    expect(sized((_, n) => arange(n, 0, { step: -2 }))).toEqual([4, 2]);
    expect(sized((_, n) => arange(extent(n).add(3), n))).toEqual([]);
    expect(sized((_, n) => linspace(0, 3, n))).toEqual([0, 1, 2, 3]);
    expect(sized((_, n) => linspace(2, 3, n), [1])).toEqual([2]);
    expect(sized((_, n) => linspace(2, 3, n, { endpoint: false }), [1, 1])).toEqual([2, 2.5]);
    expect(sized((x, n) => tile(x, half(n)))).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
    expect(sized((x, n) => repeat(x, half(n)))).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
    expect(sized((x, n) => roll(x, half(n)))).toEqual([3, 4, 1, 2]);
    expect(sized((x, n) => split(x, [1, extent(n).sub(1)])[1])).toEqual([2, 3, 4]);
    expect(sized((x, n) => split(concat([x, x]), n)[1])).toEqual([1, 2, 3, 4]);
    expect(sized((x, n) => topK(x, half(n)).values)).toEqual([4, 3]);
    expect(sized((x, n) => pad(x, { low: half(n), high: [1] }))).toEqual([0, 0, 1, 2, 3, 4, 0]);
    expect(sized((x, n) => pad(x, { low: half(n), mode: "wrap" }))).toEqual([3, 4, 1, 2, 3, 4]);
    expect(sized((x, n) => x.slice({ start: [1], limit: [extent(n).sub(1)] }))).toEqual([2, 3]);
    expect(sized((x, n) => x.at([half(n), n]))).toEqual([3, 4]);
    expect(sized((x, n) => x.at(extent(n).sub(1)))).toBe(4);
    expect(sized((x, n) => x.set([half(n)], 9))).toEqual([1, 2, 9, 4]);
    expect(sized((x, n) => x.dynamicSlice([half(n)], [half(n)]))).toEqual([3, 4]);
    expect(sized((_, n) => fori(0, n, (i, s) => add(s, i), i32(0)))).toBe(6);
    expect((sized((_, n) => normal(key(1), [n])) as number[]).length).toBe(4);
    expect(sized((_, n) => normal(key(1), [n]))).toEqual(normal(key(1), [4]).toArray());
  });

  it("stands wherever an operand does, in the dtype that it meets", () => {
    expect(sized((x, n) => div(x, n))).toEqual([0.25, 0.5, 0.75, 1]);
    expect(sized((_, n) => n)).toBe(4);
    expect(sized((_, n) => add(n, 1))).toBe(5);
    for (const dtype of ["f32", "i32", "u32", "u8"]) {
      const f = compile((x: Tensor) => [mul(x, x.shape[0]), sub(x, x.size)], [`${dtype}[N]`]);
      const [doubled] = f(tensor([7, 8], { dtype: dtype as "f32" }));
      expect([doubled.dtype, doubled.toArray()]).toEqual([dtype, [14, 16]]);
    }
    expect(messageOf(() => compile((x: Tensor) => x.logicalAnd(x.shape[0] as never), ["bool[N]"]))).toContain(
      "not, for all sizes, a value of bool",
    );
  });

  it("is refused for the sizes that are no value of the dtype, and never wraps", () => {
    const f = compile((x: Tensor) => add(x, x.shape[0]), ["u8[N]"]);
    expect(f(new Uint8Array(255)).at(0).item()).toBe(255);
    expect(messageOf(() => f(new Uint8Array(256)))).toContain("N is 256, expected at most 255");
    const g = compile((x: Tensor) => add(x, extent(x.shape[0]).sub(3)), ["u32[N]"]);
    expect(messageOf(() => g(new Uint32Array(2)))).toContain("expected at least");
    const cube = (x: Tensor) => extent(x.shape[0]).mul(x.shape[0]).mul(x.shape[0]);
    expect(given(compile((x: Tensor) => add(sum(x), cube(x)), ["f64[N]"])(new Float64Array(2000)))).toBe(8e9);
    expect(messageOf(() => compile((x: Tensor) => add(sum(x), cube(x)), ["i32[N]"])(new Int32Array(2000)))).toContain(
      "expected at most 2147483647",
    );
    const graph = new Graph();
    const x = graph.placeholder("u8", { shape: ["N"] });
    expect(messageOf(() => add(x, x.shape[0]))).toContain("not, for all sizes, a value of u8");
  });

  it("reaches functions inside, and no other trace", () => {
    expect(sized((_, n) => grad((w: Tensor) => sum(mul(mul(w, w), ones([n]))))(3))).toBe(24);
    expect(sized((x, n) => vmap((a: Tensor) => mul(a, n))(x))).toEqual([4, 8, 12, 16]);
    const shared = composite("shared", (x: Tensor, n: number) => div(x, n));
    expect(sized((x, n) => shared(x, n))).toEqual([0.25, 0.5, 0.75, 1]);
    expect(sized((_, n) => composite("alone", (m: number) => zeros([m]))(n))).toEqual([0, 0, 0, 0]);
    let kept: number | undefined;
    sized((x, n) => {
      kept = n;
      return x;
    });
    const stale = "the extent N of another trace is used here";
    expect(messageOf(() => zeros([kept as number]))).toContain(stale);
    expect(messageOf(() => add(kept as number, 1))).toContain(stale);
    expect(messageOf(() => sized(() => zeros([kept as number])))).toContain(stale);
  });

  it("of a placeholder leads what has no other operand to its graph", () => {
    const graph = new Graph();
    const x = graph.placeholder(f64, { name: "x", shape: ["N"] });
    const n = x.shape[0];
    const y = graph.placeholder(f64, { name: "y", shape: [n, extent(n).add(1)] });
    expect(String(y)).toBe("Tensor(f64[N, N+1])");
    const all = [
      zeros(n),
      arange(n),
      full([n], n),
      tile(tensor([1]), n),
      add(n, 1),
      reshape(tensor([1, 2, 3, 4]), [n, 2]),
    ];
    const got = new Session(graph).run(all, { x: tensor([5, 6]) }) as Tensor[];
    expect(got.map(given)).toEqual([
      [0, 0],
      [0, 1],
      [2, 2],
      [1, 1],
      3,
      [
        [1, 2],
        [3, 4],
      ],
    ]);
    expect(errorOf(() => 1 / n).code).toBe("primitive");
    expect(messageOf(() => new Graph().placeholder(f64, { shape: [n] }))).toContain("the extent N of another trace");
  });
});

describe("jit", () => {
  /** A function that counts its traces, jitted, and called with these sizes. */
  function used(f: (x: Tensor) => Operand, sizes: readonly number[]) {
    let traces = 0;
    const g = jit(function counted(x: Tensor) {
      traces++;
      return f(x);
    });
    const results = sizes.map((n) => given(g(numbers(n))));
    return { g, results, traces: () => traces };
  }

  it("pays nothing for sizes that a function does not look at", () => {
    const { g, traces } = used((x) => sum(mul(x, x)), [3, 4, 0, 1, 5]);
    expect([traces(), g.compilations.map((c) => c.types[0])]).toEqual([2, ["f64[3]", "f64[N]"]]);
  });

  it("traces a function that was given an extent once for each size, and compiles it once", () => {
    const { g, traces } = used((x) => div(sum(x), x.shape[0]), [3, 4, 5, 4, 5, 1, 0, 1]);
    // the first call, the open one, and one for each of 4, 5, 1 and 0
    expect([traces(), g.compilations.map((c) => c.types[0])]).toEqual([6, ["f64[3]", "f64[N]"]]);
  });

  it("remembers 64 sizes", () => {
    const { g, traces } = used((x) => div(sum(x), x.shape[0]), [1, 2]);
    for (let n = 3; n < 70; n++) g(numbers(n));
    expect(traces()).toBe(70);
    g(numbers(69));
    expect(traces()).toBe(70);
    g(numbers(2));
    expect(traces()).toBe(71);
  });

  it("keeps a size that the function asks for, and says why", () => {
    const { g } = used((x) => mul(sum(x), 1 / x.shape[0]), [3, 4, 5]);
    expect(g.compilations.map((c) => c.types[0])).toEqual(["f64[3]", "f64[4]", "f64[5]"]);
    expect(g.explain()).toMatch(
      /f64\[4\]\) at call 2, [\d.]+ ms, backend js: axis 0 of argument 0 has to be known: test\/extents\.test\.ts:\d+:\d+ the extent N/,
    );
  });

  it("keeps those sizes alone", () => {
    const g = jit((x: Tensor, y: Tensor) => add(mul(sum(x), 1 / x.shape[0]), sum(y)));
    for (const [n, m] of [
      [2, 2],
      [3, 3],
      [3, 4],
      [3, 5],
    ])
      expect(given(g(numbers(n), numbers(m)))).toBe(sumOf(n) / n + sumOf(m));
    expect(g.compilations.map((c) => c.types)).toEqual([
      ["f64[2]", "f64[2]"],
      ["f64[3]", "f64[N]"],
    ]);
  });

  it("compiles 0 and 1 apart where the function treats them differently, and says so", () => {
    const { g, results } = used((x) => (x.shape[0] === 1 ? x.at(0) : mul(sum(x), 2)), [3, 4, 1, 0, 5, 1]);
    expect(results).toEqual([12, 14, 1, 0, 18, 1]);
    expect(g.compilations.map((c) => c.types[0])).toEqual(["f64[3]", "f64[N]", "f64[1]"]);
    expect(g.explain()).toContain("does something else for size 1 of axis 0 of argument 0, which is compiled apart");
    const both = jit((x: Tensor, y: Tensor) => sum(add(x, y)));
    for (const [n, m] of [
      [3, 3],
      [4, 4],
      [5, 1],
      [6, 1],
      [1, 7],
      [1, 8],
      [1, 1],
    ])
      both(numbers(n), numbers(m));
    expect(both.compilations.length).toBeLessThanOrEqual(5);
    expect(both.compilations.map((c) => c.types.join())).toContain("f64[N],f64[1]");
  });

  it("compiles no more than 8 of them", () => {
    const g = jit((...xs: Tensor[]) => xs.reduce<Operand>((s, x) => add(s, x.shape[0] === 1 ? 100 : sum(x)), 0));
    for (let i = 0; i < 40; i++) {
      const sizes = Array.from({ length: 5 }, (_, k) => (((i >> k) & 1) === 1 ? 1 : 2 + (i % 3)));
      const right = sizes.reduce((s, n) => s + (n === 1 ? 100 : sumOf(n)), 0);
      expect(given(g(...sizes.map(numbers)))).toBe(right);
    }
    expect(g.compilations.filter((c) => c.reason.endsWith("which is compiled apart")).length).toBe(8);
  });

  it("keeps a size that the function looks at where nobody is told", () => {
    const { g, results } = used((x) => (x.shape[0] === 5 ? 7 : sum(x)), [3, 4, 6, 5, 4]);
    expect(results).toEqual([6, 7, 12, 7, 7]);
    expect(g.explain()).toContain(
      "has to be known: the function does something else for size 5 of axis 0 of argument 0",
    );
  });

  it("knows which of several extents a function was given", () => {
    let traces = 0;
    const g = jit((x: Tensor, y: Tensor) => {
      traces++;
      return x.shape[0] === 4 ? sum(y) : add(sum(x), sum(y));
    });
    for (const m of [2, 3, 4, 5, 6]) expect(given(g(numbers(3), numbers(m)))).toBe(6 + sumOf(m));
    expect(traces).toBe(2);
  });

  it("lets errors of the function through, which say nothing of other sizes", () => {
    const f = (x: Tensor): Operand => {
      if (x.shape[0] === 4) throw new Error("no four");
      return div(sum(x), x.shape[0]);
    };
    const { g } = used(f, [3, 5]);
    expect(() => g(numbers(4))).toThrow("no four");
    expect(given(g(numbers(6)))).toBe(2);
    expect(g.compilations.length).toBe(2);
  });

  it("takes the size of an axis that goes where it is 1 from the sizes, as code does that runs at once", () => {
    const g = jit((x: Tensor) => squeeze(x));
    for (const n of [3, 4, 1, 5, 0]) expect(given(g(tensor(numbers(n))))).toEqual(given(squeeze(tensor(numbers(n)))));
    expect(g.compilations.map((c) => c.types[0])).toEqual(["f64[3]", "f64[N]", "f64[1]"]);
  });

  it("drops what was used longest ago", () => {
    const f = jit((x: Tensor, name: string) => mul(x, name.length));
    f(1, "kept");
    for (let i = 0; i < 200; i++) {
      f(1, "x".repeat(i));
      f(1, "kept");
    }
    expect(f.compilations.filter((c) => c.call > 1).length).toBe(200);
    // of 64 places one is that of "kept"
    f(1, "x".repeat(137));
    expect(f.compilations.length).toBe(201);
    f(1, "x".repeat(136));
    expect(f.compilations.length).toBe(202);
  });
});

const sumOf = (n: number): number => numbers(n).reduce((a, b) => a + b, 0);
