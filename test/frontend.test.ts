// The front end: handles, literals and broadcasting, origins, structures, scopes, and the texts of its errors.

import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import {
  add,
  broadcastTo,
  type CompiledFunction,
  cast,
  compile,
  cond,
  div,
  equal,
  f32,
  fori,
  grad,
  i32,
  less,
  mul,
  notEqual,
  printModule,
  reshape,
  scan,
  sin,
  Tensor,
  tensor,
  whileLoop,
} from "../src/index.ts";
import { errorOf } from "./support/errors.ts";
import { untyped } from "./support/untyped.ts";

/** The line of this file that calls it. */
function line(): number {
  return Number(/frontend\.test\.ts:(\d+)/.exec(new Error().stack?.split("\n")[2] ?? "")?.[1]);
}

describe("the handle", () => {
  it("prints dtype, shape and values, and knows a size that its type says", () => {
    expect(inspect(tensor([1, 2]))).toBe("Tensor(f64[2], [1, 2])");
    expect(
      inspect(
        tensor([
          [NaN, -0],
          [Infinity, -Infinity],
        ]),
      ),
    ).toBe("Tensor(f64[2, 2],\n  [[      NaN,        -0],\n   [ Infinity, -Infinity]])");
    expect(String(tensor([true, false]))).toBe("Tensor(bool[2], [true, false])");
    const seen: unknown[] = [];
    const note = (x: Tensor) => {
      seen.push(String(x), x.shape, x.size);
      return x;
    };
    compile(note, ["f32[3, 4]"]);
    expect(seen).toEqual(["Tensor(f32[3, 4])", [3, 4], 12]);
    compile(note, ["f32[B, 4]"]);
    expect(seen.slice(3).map((x) => inspect(x, { breakLength: Infinity }))).toEqual([
      "'Tensor(f32[B, 4])'",
      "[ Extent(B), 4 ]",
      "Extent(4*B)",
    ]);
  });

  it("copies what it is made of and what it gives", () => {
    const source = Float64Array.of(1);
    const x = tensor(source);
    source[0] = 5;
    x.data()[0] = 7;
    expect(x.item()).toBe(1);
  });

  it("refuses dtypes, arrays and shapes that do not exist", () => {
    expect(errorOf(() => tensor([1], { dtype: "float" as "f64" })).message).toMatch(
      /'float' is not a dtype: did you mean f32\?$/,
    );
    expect(errorOf(() => tensor(new Int16Array(2) as unknown as Int32Array)).message).toMatch(
      /the data is an Int16Array, which has no dtype here/,
    );
    expect(errorOf(() => tensor([], { shape: [-1, 0] })).message).toMatch(/got the extent -1/);
  });

  it("says what to write where JavaScript wants a primitive", () => {
    const x = tensor([3]) as unknown as number;
    for (const use of [() => -x, () => x * 2, () => x > 0, () => x + 1]) expect(errorOf(use).code).toBe("primitive");
  });
});

describe("literals and broadcasting", () => {
  it("give a literal the tensor's dtype, on either side", () => {
    expect(compile((x: Tensor) => mul(0.1, x), ["f32"])(1)).toBe(Math.fround(0.1));
    expect(errorOf(() => compile((x: Tensor) => add(x, -0), ["i32"])).message).toMatch(
      /literal -0 is not a value of i32/,
    );
    expect(errorOf(() => compile((x: Tensor) => add(x, true), ["f64"])).code).toBe("dtype");
    expect(errorOf(() => add(tensor(1), f32(1))).message).toMatch(/has dtype f32, expected f64.*cast/);
  });

  it("let 1 meet a symbol, and make a symbol equal to what else it meets", () => {
    const sum = (x: Tensor, y: Tensor) => add(x, y);
    expect(compile(sum, ["f64[N]", "f64[1]"])([1, 2, 3], [10]).toArray()).toEqual([11, 12, 13]);
    expect(compile(sum, ["f64[N]", "f64[N]"]).ir).not.toContain("where");
    const f = compile(sum, ["f64[N]", "f64[M]"]);
    expect(f.ir).toContain("where N == M");
    expect(f([1, 2], [3, 4]).toArray()).toEqual([4, 6]);
    expect(errorOf(() => f([1, 2], [3])).message).toMatch(/frontend\.test\.ts:\d+:\d+ @sum: N is 2, expected M = 1/);
  });

  it("take shapes of numbers, symbols of the arguments and one -1", () => {
    const shaped = (shape: (number | string)[]) => compile((x: Tensor) => reshape(x, shape), ["f64[N, 4]"]);
    expect(shaped([-1, 2])([[1, 2, 3, 4]]).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(shaped(["4*N"]).ir).toContain("f64[4*N]");
    expect(errorOf(() => shaped([-1, -1])).message).toMatch(/two extents are -1/);
    expect(errorOf(() => shaped([-2, 2])).message).toMatch(/got the extent -2/);
    expect(errorOf(() => shaped(["K"])).message).toMatch(/'K' names K, which is no dimension of an argument: write N/);
    expect(errorOf(() => broadcastTo(tensor(1), [-1])).code).toBe("shape");
  });

  it("refuse what is no operand", () => {
    const error = errorOf(() => add(tensor(1), "1" as unknown as number));
    expect(error.code).toBe("argument");
    expect(error.message).toMatch(/an operand is the string "1", expected a tensor, a number or a boolean/);
  });
});

/** The module before the first pass. */
const asTraced = (f: CompiledFunction) => f.log.entries[0].before;

describe("origins", () => {
  const origins = (body: (x: Tensor) => Tensor): readonly (number | undefined)[] => {
    const func = [...asTraced(compile(body, ["f64"])).funcs.values()].find((f) => f.visibility === "public");
    return (func?.body.operations ?? []).map((o) =>
      o.origin?.file.endsWith("frontend.test.ts") ? o.origin.line : undefined,
    );
  };

  it("are the line that calls a function, a method, a loop or a gradient", () => {
    const here = line();
    expect(origins((x) => sin(x))).toEqual([here + 1]);
    expect(origins((x) => x.sin())).toEqual([here + 2]);
    expect(new Set(origins((x) => fori(0, 3, (_, v: Tensor) => mul(v, 2), x)))).toEqual(new Set([here + 3]));
    expect(new Set(origins((x) => grad((z: Tensor) => sin(z))(x)))).toEqual(new Set([here + 4]));
  });

  it("are the line that compiles where a library function itself is traced", () => {
    const here = line();
    const functions = [compile(sin, ["f64"]), compile(grad(sin), ["f64"])];
    for (const module of functions.map(asTraced))
      for (const func of module.funcs.values())
        for (const operation of func.body.operations) {
          expect(operation.origin?.file).toContain("frontend.test.ts");
          expect(operation.origin?.line).toBe(here + 1);
        }
  });

  it("stand in errors, of methods and of gradients too", () => {
    const pair = ((z: Tensor) => [z, z]) as never;
    const here = line();
    expect(errorOf(() => tensor([1, 2]).sum({ axes: 2 })).origin?.line).toBe(here + 1);
    expect(errorOf(() => compile((x: Tensor) => grad(pair)(x), ["f64"])).origin?.line).toBe(here + 2);
    expect(errorOf(() => grad(sin, { wrt: 1 })(2)).origin?.line).toBe(here + 3);
  });
});

describe("structures", () => {
  it("are carried by name, whatever the order of keys", () => {
    const f = compile(
      (x: Tensor) =>
        whileLoop(
          (c: { a: Tensor; b: Tensor }) => less(c.a, 3),
          (c) => ({ b: c.b, a: add(c.a, 1) }),
          { a: x, b: mul(x, 10) },
        ),
      ["f64"],
    );
    expect(f(1)).toEqual({ a: 3, b: 10 });
  });

  it("of branches and bodies have to agree", () => {
    const branches = (x: Tensor) =>
      cond<unknown>(
        less(x, 0),
        () => ({ a: x }),
        () => ({ b: x }),
      );
    expect(errorOf(() => compile(branches, ["f64"])).message).toMatch(
      /got an object with b, expected an object with a/,
    );
    const bare = (xs: Tensor) => scan(((s: Tensor, x: Tensor) => add(s, x)) as never, 0, xs);
    expect(errorOf(() => compile(bare, ["f64[N]"])).message).toMatch(/expected \[carry, output\]/);
  });

  it("take literals: of the dtype beside them, not of a counter", () => {
    expect(compile((x: Tensor) => fori(0, 3, (_, c: Tensor) => add(c, x), 0.5 as unknown as Tensor), ["f64"])(2)).toBe(
      6.5,
    );
    const clamp = (x: Tensor) =>
      cond<Tensor | number>(
        less(x, 0),
        () => x,
        () => 0,
      );
    expect(compile(clamp, ["f32"])(1)).toBe(0);
    const flagged = (x: Tensor) =>
      whileLoop(
        (c: { go: Tensor; x: Tensor }) => c.go,
        (c) => ({ go: less(c.x, 9), x: add(c.x, 1) }),
        { go: true as unknown as Tensor, x },
      );
    expect(compile(flagged, ["f32"])(7)).toEqual({ go: false, x: 10 });
  });
});

describe("scopes", () => {
  it("end with the branch, with the inner function and with the trace", () => {
    const leaked = (leak: (x: Tensor, keep: (t: Tensor) => Tensor) => unknown) => (x: Tensor) => {
      let kept: Tensor | undefined;
      leak(x, (t) => (kept = t));
      return add(kept as Tensor, 1);
    };
    const branch = leaked((x, keep) =>
      cond(
        less(x, 0),
        () => keep(mul(x, 2)),
        () => x,
      ),
    );
    expect(errorOf(() => compile(branch, ["f64"])).code).toBe("scope");
    expect(
      errorOf(() =>
        compile(
          leaked((x, keep) => grad((z: Tensor) => keep(mul(z, z)))(x)),
          ["f64"],
        ),
      ).code,
    ).toBe("scope");
  });

  it("are left when the user's function throws", () => {
    const thrower = (x: Tensor) =>
      cond<Tensor>(
        less(x, 0),
        () => {
          throw new Error("mine");
        },
        () => x,
      );
    expect(() => compile(thrower, ["f64"])).toThrow("mine");
    expect(add(tensor(1), 1).item()).toBe(2);
  });

  it("take compiled functions in", () => {
    const typed = compile((x: Tensor) => mul(x, x), ["f64"]);
    const untyped = compile((x: Tensor) => mul(x, x));
    expect(compile((x: Tensor) => add(typed(x), untyped(x)), ["f64"])(3)).toBe(18);
    expect(grad(typed)(3)).toBe(6);
  });

  it("capture concrete tensors as arguments, once each", () => {
    const w = tensor([1, 2]);
    const f = compile((x: Tensor) => add(mul(x, w), cast(cast(w, "f32"), "f64")), ["f64[2]"]);
    expect(printModule(f.module)).toContain("(%x: f64[2], %captured: f64[2])");
    expect(f([1, 1]).toArray()).toEqual([2, 4]);
  });
});

describe("gradients", () => {
  it("of the sine, to the third order", () => {
    expect(grad(grad(grad(sin)))(0.3)).toBeCloseTo(-Math.cos(0.3), 15);
  });

  it("are one artefact for the sizes 0, 1 and 5", () => {
    const g = compile(
      grad((x: Tensor) => x.mul(x).sum()),
      ["f64[N]"],
    );
    for (const xs of [[], [1], [1, 2, 3, 4, 5]]) expect(g(xs).toArray()).toEqual(xs.map((x) => 2 * x));
  });
});

describe("control flow on concrete tensors", () => {
  const collatz = (n: Tensor) =>
    whileLoop(
      (c: { n: Tensor; steps: Tensor }) => notEqual(c.n, 1),
      ({ n, steps }) => {
        const half = div(n, 2);
        const next = cond(
          equal(mul(half, 2), n),
          () => half,
          () => add(mul(n, 3), 1),
        );
        return { steps: add(steps, 1), n: next };
      },
      { n, steps: i32(0) },
    );
  const running = (xs: Tensor) =>
    scan((s: Tensor, x) => [add(s, x), { sum: add(s, x), square: mul(x, x) }] as const, 0 as unknown as Tensor, xs);
  const power = (x: Tensor, n: Tensor) => fori(0, n, (i, c: Tensor) => add(mul(c, x), cast(i, "f64")), tensor(1));

  const values = (x: unknown): unknown =>
    x instanceof Tensor
      ? x.toArray()
      : Array.isArray(x)
        ? x.map(values)
        : typeof x === "object" && x !== null
          ? Object.fromEntries(Object.entries(x).map(([k, v]) => [k, values(v)]))
          : x;

  it.each<readonly [string, (...args: Tensor[]) => unknown, readonly Tensor[]]>([
    ["whileLoop and cond", collatz, [i32(27)]],
    ["scan", running, [tensor([1, 2, 3])]],
    ["scan of nothing", running, [tensor([])]],
    ["fori", power, [tensor(3), i32(4)]],
    [
      "a gradient in a branch",
      (x) =>
        cond(
          less(x, 1),
          () => grad(sin)(x),
          () => x,
        ),
      [tensor(0.5)],
    ],
    [
      "a gradient of a loop's body",
      (x) => fori(0, 3, (_, c: Tensor) => grad((z: Tensor) => mul(z, mul(z, x)))(c), x),
      [tensor(0.5)],
    ],
  ])("%s gives at once what the traced one gives", (_, f, args) => {
    const now = f(...args);
    expect(values(now)).toEqual(values(compile(f)(...args)));
  });

  it("gives concrete tensors, in the structure that the branch or body returns", () => {
    const result = cond(
      true,
      () => ({ y: tensor([1, 2]), kind: "first" }),
      () => ({ y: tensor([3, 4]), kind: "first" }),
    );
    expect([result.y.toArray(), result.kind]).toEqual([[1, 2], "first"]);
    expect(collatz(i32(27)).steps.item()).toBe(111);
    expect(add(collatz(i32(6)).steps, 1).item()).toBe(9);
  });

  it("fails as the traced one does, at the user's line", () => {
    const here = line();
    const error = errorOf(() =>
      whileLoop(
        (x: Tensor) => less(x, 3),
        () => tensor([1, 2]),
        tensor(0),
      ),
    );
    expect([error.code, error.origin?.line]).toEqual(["shape", here + 2]);
    const unlike = errorOf(() =>
      cond<unknown>(
        true,
        () => [tensor(1)],
        () => tensor(1),
      ),
    );
    expect(unlike.message).toMatch(/:\d+ cond: a branch's result: got one tensor, expected an array of 1$/);
  });

  it("leaves no trace running, errors included", () => {
    expect(() =>
      cond(
        true,
        () => {
          throw new Error("mine");
        },
        () => tensor(1),
      ),
    ).toThrow("mine");
    expect(
      compile((x: Tensor) =>
        add(
          x,
          cond(
            false,
            () => tensor(1),
            () => tensor(2),
          ),
        ),
      )(3),
    ).toBe(5);
    expect(add(tensor(1), 1).item()).toBe(2);
  });
});

describe("structures that are hard to read", () => {
  const f = compile((x: unknown) => x);

  it("pass where they are plain after all", () => {
    expect(f(new Proxy({ a: 1 }, {}))).toEqual({ a: 1 });
    expect(f(Object.assign(Object.create(null), { a: 1 }))).toEqual({ a: 1 });
    const shared = { a: 1 };
    expect(f([shared, shared])).toEqual([{ a: 1 }, { a: 1 }]);
    let reads = 0;
    const counted = {
      get a() {
        return ++reads;
      },
    };
    expect([f(counted), reads]).toEqual([{ a: 1 }, 1]);
  });

  it("keep keys that mean something to JavaScript, and touch no prototype", () => {
    const x: unknown = JSON.parse('{"__proto__": 1, "constructor": 2, "hasOwnProperty": 3, "length": 4}');
    const y = f(x);
    expect(JSON.stringify(y)).toBe(JSON.stringify(x));
    expect(Object.getPrototypeOf(y)).toBe(Object.prototype);
    const declared = compile((p: Record<string, Tensor>) => Object.values(p)[0], [JSON.parse('{"__proto__": "f64"}')]);
    expect(declared(JSON.parse('{"__proto__": 5}'))).toBe(5);
    expect(errorOf(() => declared({})).message).toMatch(/got an empty object, expected an object with __proto__$/);
    expect(errorOf(() => declared({ ["__proto__"]: 1, other: 2 })).code).toBe("argument");
    expect(({} as Record<string, unknown>).other).toBeUndefined();
  });

  it("end in one error whatever a getter or a proxy throws", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const throwing = (thrown: unknown) => ({
      get a() {
        throw thrown;
      },
    });
    for (const x of [
      proxy,
      throwing(null),
      throwing("text"),
      throwing(Object.create(null)),
      throwing(new Error("a\nb")),
    ])
      expect(errorOf(() => f(x)).message).toMatch(/argument 0( at a)? cannot be read: [^\n]+$/);
    expect(
      errorOf(() => untyped(compile((x: unknown) => x, [{ a: "f64" }]))(throwing(new Error("no")))).message,
    ).toMatch(/argument 0 of @main cannot be read: no$/);
  });
});
