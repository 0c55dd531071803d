// Functions that call themselves while they are traced: one line that says so. Rules for derivatives are traced where one
// is wanted, so that they may call their own function.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  add,
  checkpoint,
  compile,
  composite,
  cond,
  cos,
  customJvp,
  customVjp,
  f64,
  fori,
  Graph,
  grad,
  greater,
  hessian,
  jit,
  less,
  mul,
  neg,
  Session,
  scan,
  sin,
  stack,
  sub,
  sum,
  type Tensor,
  tensor,
  vmap,
  whileLoop,
} from "../src/index.ts";
import { errorOf } from "./support/errors.ts";
import { runs } from "./support/runs.ts";

type Scalar = (x: Tensor) => Tensor;

/** What calls itself, by what it goes through. */
const endless: Readonly<Record<string, Scalar>> = {
  cond: (x) =>
    cond(
      greater(x, 1),
      () => endless.cond(sub(x, 1)),
      () => x,
    ),
  whileLoop: (x) =>
    whileLoop(
      (c) => less(c, 9),
      (c) => endless.whileLoop(c),
      x,
    ),
  "the condition of whileLoop": (x) =>
    whileLoop(
      (c) => less(endless["the condition of whileLoop"](c), 9),
      (c) => c,
      x,
    ),
  scan: (x) => scan((c: Tensor, e) => [endless.scan(c), e] as const, x, tensor([1, 2]))[0],
  fori: (x) => fori(0, 2, (_, c) => endless.fori(c), x),
  composite: composite("again", (x: Tensor) =>
    cond(
      greater(x, 1),
      () => mul(x, endless.composite(sub(x, 1))),
      () => f64(1),
    ),
  ),
  customVjp: customVjp((x: Tensor) => endless.customVjp(x), {
    forward: (x) => [x, []],
    backward: (_, ct) => [ct],
  }) as Scalar,
  customJvp: customJvp(
    (x: Tensor) => endless.customJvp(x),
    ([x], [t]) => [x, t],
  ) as Scalar,
  jit: jit((x: Tensor) => endless.jit(add(x, 1))) as Scalar,
  compile: compile((x: Tensor) => endless.compile(add(x, 1))) as Scalar,
  grad: (x) => grad((y: Tensor) => endless.grad(mul(y, y)))(x) as Tensor,
  checkpoint: (x) => checkpoint((y: Tensor) => endless.checkpoint(y))(x) as Tensor,
  vmap: (x) => sum(vmap((y: Tensor) => endless.vmap(y))(stack([x, x])) as Tensor),
  "nothing of ours": (x) => endless["nothing of ours"](add(x, 1)),
};

describe("a function that calls itself while it is traced", () => {
  for (const [name, f] of Object.entries(endless)) {
    it(`is an error of one line: through ${name}`, () => {
      for (const run of [() => jit((x: Tensor) => f(x))(3), () => compile((x: Tensor) => f(x), ["f64"])]) {
        const error = errorOf(run);
        expect(error.code).toBe("structure");
        expect(error.message).toMatch(
          /^test\/recursion\.test\.ts:\d+:\d+ .*calls itself while it is traced.*write whileLoop/,
        );
        expect(error.message).not.toMatch(/\n/);
      }
    });
  }

  it("leaves the next trace as deep as the first", () => {
    for (let i = 0; i < 3; i++) expect(errorOf(() => jit(endless.cond)(3)).code).toBe("structure");
    expect(
      jit((x: Tensor) =>
        nest(
          Array.from({ length: 200 }, () => "cond"),
          x,
        ),
      )(3),
    ).toBe(3);
  });
});

type Kind = "cond" | "composite" | "checkpoint" | "fori";

/** x through closures of these kinds, one within the other. */
function nest(kinds: readonly Kind[], x: Tensor): Tensor {
  const [kind, ...rest] = kinds;
  const inner = (y: Tensor): Tensor => nest(rest, y);
  switch (kind) {
    case "cond":
      return cond(
        greater(x, -1),
        () => inner(x),
        () => neg(x),
      );
    case "composite":
      return composite(`level${kinds.length}`, inner)(x);
    case "checkpoint":
      return checkpoint(inner)(x) as Tensor;
    case "fori":
      return fori(0, 1, (_, c) => inner(c), x);
    default:
      return x;
  }
}

it("many closures within each other are fine", () => {
  const kinds = fc.array(fc.constantFrom<Kind>("cond", "composite", "checkpoint", "fori"), {
    minLength: 1,
    maxLength: 200,
  });
  fc.assert(
    fc.property(kinds, (list) => {
      expect(jit((x: Tensor) => nest(list, x), { backend: "interpret" })(0.5)).toBe(0.5);
    }),
    runs(6),
  );
});

describe("rules of custom derivatives", () => {
  it("may call their own function", () => {
    const same: (a: Tensor) => Tensor = customVjp((a: Tensor) => a, {
      forward: (a) => [a, []],
      backward: (_, ct) => [same(ct)],
    });
    expect(grad(same)(1)).toBe(1);
    expect(grad(grad((x: Tensor) => mul(x, same(mul(x, x)))))(1)).toBe(6);
    const graph = new Graph();
    const x = graph.placeholder(f64, { name: "x" });
    const [d] = graph.gradients(same(mul(x, x)), [x]);
    const [dd] = graph.gradients(d, [x]);
    expect(new Session(graph).run([d, dd], { x: 3 })).toEqual([6, 2]);
  });

  it("may call each other, to any order", () => {
    const mine: Scalar = customJvp(sin, ([x], [t]) => [
      mine(x as Tensor),
      mul(t as Tensor, other(x as Tensor)),
    ]) as Scalar;
    const other: Scalar = customJvp(cos, ([x], [t]) => [
      other(x as Tensor),
      neg(mul(t as Tensor, mine(x as Tensor))),
    ]) as Scalar;
    expect(grad(mine)(1)).toBeCloseTo(Math.cos(1), 14);
    expect(grad(grad(grad(mine)))(1)).toBeCloseTo(-Math.cos(1), 14);
    expect(hessian(mine)(1)).toBeCloseTo(-Math.sin(1), 14);
  });

  it("are traced where a derivative is wanted, and nowhere else", () => {
    let traced = 0;
    const counted = customVjp((x: Tensor) => mul(x, x), {
      forward(x) {
        traced++;
        return [mul(x, x), [x]];
      },
      backward: ([x], ct) => [mul(mul(x, 100), ct)],
    });
    const inside = composite("inside", (x: Tensor) => counted(x));
    const compiled = compile((x: Tensor) => inside(x), ["f64"]);
    const later = jit((x: Tensor) => inside(x));
    expect([counted(3).item(), compiled(3), later(3), vmap(counted)(tensor([3])).toArray()]).toEqual([9, 9, 9, [9]]);
    expect(traced).toBe(0);
    expect(jit((x: Tensor) => [inside(x), grad(inside)(x)])(3)).toEqual([9, 300]);
    expect(traced).toBe(1);
    // what ran at once, or was compiled without the rule, remembers what its derivative takes
    const ways: readonly ((x: Tensor) => Tensor)[] = [
      counted,
      inside,
      later,
      compiled,
      (x: Tensor) =>
        cond(
          greater(x, 0),
          () => counted(x),
          () => x,
        ),
    ];
    for (const f of ways) {
      const x = tensor(3, { requiresGrad: true });
      f(x).backward();
      expect(x.grad?.item()).toBe(300);
    }
  });

  it("say null where nothing flows back", () => {
    const f = customVjp((x: Tensor, y: Tensor) => mul(x, y), {
      forward: (x, y) => [mul(x, y), [y]],
      backward: ([y], ct) => [mul(ct, y), null],
    });
    expect(grad(f, { wrt: [0, 1] })(2, 3)).toEqual([3, 0]);
    const tree = customVjp(({ a, b }: { a: Tensor; b: readonly Tensor[] }) => add(a, sum(b[0])), {
      forward: ({ a, b }) => [add(a, sum(b[0])), []],
      backward: (_, ct) => [{ a: ct, b: null }],
    });
    const gradient = grad(tree)({ a: tensor(1), b: [tensor([1, 2]), tensor(4)] }) as { a: Tensor; b: Tensor[] };
    expect([gradient.a.item(), gradient.b[0].toArray(), gradient.b[1].item()]).toEqual([1, [0, 0], 0]);
  });
});
