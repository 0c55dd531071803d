// Eager tensors: what ran at once is differentiated by the same pass as what is traced.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tensorPipeline } from "../passes/index.ts";
import { runPasses } from "../src/compile/index.ts";
import {
  add,
  compile,
  cond,
  cos,
  customVjp,
  div,
  exp,
  fori,
  grad,
  greater,
  i32,
  log1p,
  matmul,
  maximum,
  mul,
  neg,
  noGrad,
  printModule,
  recorded,
  sin,
  sqrt,
  sub,
  sum,
  type Tensor,
  tanh,
  tensor,
  valueAndGrad,
  where,
} from "../src/index.ts";
import { isomorphic } from "../src/ir/index.ts";
import { messageOf } from "./support/errors.ts";

const leaf = (data: Parameters<typeof tensor>[0]): Tensor => tensor(data, { requiresGrad: true });

describe("backward", () => {
  it("gives c = a·b, dc/da = b and dc/db = a", () => {
    const [a, b] = [leaf(15), leaf(20)];
    const c = a.mul(b);
    expect(c.item()).toBe(300);
    c.backward();
    expect([a.grad?.item(), b.grad?.item()]).toEqual([20, 15]);
  });

  it("accumulates, until zeroGrad", () => {
    const x = leaf(3);
    const y = mul(x, x);
    y.backward();
    y.backward();
    sin(x).backward();
    expect(x.grad?.item()).toBe(6 + 6 + Math.cos(3));
    x.zeroGrad();
    expect(x.grad).toBeNull();
    y.backward();
    expect(x.grad?.item()).toBe(6);
  });

  it("takes an upstream gradient, and needs one where there is no scalar", () => {
    const x = leaf([1, 2, 3]);
    const y = mul(x, x);
    y.backward(tensor([1, 10, 100]));
    expect(x.grad?.toArray()).toEqual([2, 40, 600]);
    expect(messageOf(() => y.backward())).toBe(
      "backward: the tensor has type f64[3], expected a scalar: sum it, or pass the upstream gradient: y.backward(dy)",
    );
    expect(messageOf(() => y.backward(1))).toBe("backward: the upstream gradient has type f64, expected f64[3]");
    const z = mul(leaf(2), 5);
    z.backward(3);
  });

  it("goes through diamonds, broadcasting, branches, loops and compiled functions", () => {
    const x = leaf(2);
    const y = add(mul(x, x), sin(x));
    mul(y, y).backward();
    const slope = 2 * (4 + Math.sin(2)) * (4 + Math.cos(2));
    expect(x.grad?.item()).toBeCloseTo(slope, 12);

    const [w, v] = [
      leaf([
        [1, 2],
        [3, 4],
      ]),
      leaf([10, 20]),
    ];
    sum(add(mul(w, w), v)).backward();
    expect([w.grad?.toArray(), v.grad?.toArray()]).toEqual([
      [
        [2, 4],
        [6, 8],
      ],
      [2, 2],
    ]);

    const z = leaf(-3);
    cond(
      greater(z, 0),
      () => z,
      () => neg(mul(z, z)),
    ).backward();
    expect(z.grad?.item()).toBe(6);

    const f = compile((a: Tensor, b: Tensor) => sum(tanh(matmul(a, b))), ["f64[N, 2]", "f64[2, M]"]);
    const [a, b] = [leaf([[0.1, 0.2]]), leaf([[0.3], [0.4]])];
    const result = f(a, b);
    mul(result, 2).backward();
    const [, [da, db]] = valueAndGrad((p: Tensor, q: Tensor) => mul(sum(tanh(matmul(p, q))), 2), { wrt: [0, 1] })(
      a.detach(),
      b.detach(),
    );
    expect([a.grad?.toArray(), b.grad?.toArray()]).toEqual([da.toArray(), db.toArray()]);
  });

  it("keeps custom rules, in compiled functions too, and masks what is not taken", () => {
    const clipped = customVjp((x: Tensor) => x, {
      forward: (x: Tensor) => [x, []],
      backward: (_: unknown, ct: Tensor) => [mul(ct, 0)],
    });
    const x = leaf(3);
    add(mul(clipped(x), x), 0).backward();
    expect(x.grad?.item()).toBe(3);
    const y = leaf(3);
    const f = compile((a: Tensor) => mul(clipped(a), a), ["f64"]);
    f(y).backward();
    expect(y.grad?.item()).toBe(3);
    const zero = leaf(0);
    where(greater(zero, 0), sqrt(zero), 0).backward();
    expect(zero.grad?.item()).toBe(0);
  });

  it("stops at detach and noGrad, and is refused where nothing requires a gradient", () => {
    const x = leaf(3);
    const stopped = mul(x.detach(), x);
    stopped.backward();
    expect(x.grad?.item()).toBe(3);
    const silent = noGrad(() => mul(x, x));
    expect([silent.requiresGrad, stopped.requiresGrad, x.requiresGrad, tensor(1).requiresGrad]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    const nothing =
      "backward: nothing that the tensor was computed from requires a gradient: make it with tensor(data, { requiresGrad: true }), outside of noGrad";
    expect(messageOf(() => silent.backward())).toBe(nothing);
    expect(messageOf(() => noGrad(async () => mul(x, x)))).toBe(
      "noGrad: the function is async, expected one that returns at once",
    );
    expect(() =>
      noGrad(() => {
        throw new Error("mine");
      }),
    ).toThrow("mine");
    expect(mul(x, 2).requiresGrad).toBe(true);
    expect(messageOf(() => tensor([1, 2], { dtype: "i32", requiresGrad: true }))).toBe(
      "a tensor of dtype i32 has no gradient: make it f32 or f64",
    );
    expect(messageOf(() => greater(x, 1).backward())).toBe("backward: the tensor has dtype bool, expected a float");
    expect(i32(3).grad).toBeNull();
  });

  it("trains", () => {
    let w = leaf(0);
    const losses: number[] = [];
    for (let step = 0; step < 50; step++) {
      const loss = mul(sub(mul(w, 3), 6), sub(mul(w, 3), 6));
      loss.backward();
      losses.push(loss.item() as number);
      const now = w;
      w = leaf(noGrad(() => sub(now, mul(now.grad as Tensor, 0.05))).item());
    }
    expect(losses[49]).toBeLessThan(1e-12);
    expect(w.item()).toBeCloseTo(2, 9);
  });

  it("goes back along 20,000 steps", () => {
    const x = leaf(1);
    let y = x;
    for (let i = 0; i < 20_000; i++) y = mul(y, 1);
    y.backward();
    expect(x.grad?.item()).toBe(1);
  });
});

// ---- against the same function, traced ------------------------------------------------------------------------------

type Program = readonly { readonly op: number; readonly a: number; readonly b: number }[];

const unary = [sin, cos, tanh, (x: Tensor) => exp(sin(x)), (x: Tensor) => log1p(mul(x, x)), neg];
const binary = [add, sub, mul, maximum, (x: Tensor, y: Tensor) => div(x, add(mul(y, y), 1))];

function run(program: Program, ...x: Tensor[]): Tensor {
  const pool = [...x];
  for (const { op, a, b } of program) {
    const [p, q] = [pool[a % pool.length], pool[b % pool.length]];
    const k = op % (unary.length + binary.length + 2);
    if (k < unary.length) pool.push(unary[k](p));
    else if (k < unary.length + binary.length) pool.push(binary[k - unary.length](p, q));
    else if (k === unary.length + binary.length) pool.push(fori(0, 3, (_, c) => mul(sin(c), q), p));
    else
      pool.push(
        cond(
          greater(sum(p), 0),
          () => mul(p, q),
          () => q,
        ),
      );
  }
  return sum(pool[pool.length - 1]);
}

const program: fc.Arbitrary<Program> = fc.array(fc.record({ op: fc.nat(99), a: fc.nat(20), b: fc.nat(20) }), {
  minLength: 1,
  maxLength: 12,
});

const loopAt = unary.length + binary.length;
const kinds = ({ op }: Program[number]): number => op % (loopAt + 2);

/** The value and the gradients of a program: of its history, and of its trace. */
function both(p: Program) {
  const data = [
    [0.5, -1.25],
    [2, 0.75],
  ];
  const leaves = data.map(leaf);
  const value = run(p, ...leaves);
  const traced = valueAndGrad((...x: Tensor[]) => run(p, ...x), { wrt: [0, 1] });
  const [want, gradients] = traced(...data);
  expect(value.item()).toBe(want.item?.() ?? want);
  if (!value.requiresGrad) return [];
  value.backward();
  return leaves.map((x, i) => ({ eager: x.grad?.toArray() ?? [0, 0], traced: gradients[i].toArray() as number[] }));
}

it("gives the bits of the traced function, values and gradients", () => {
  const straight = program.filter((p) => p.every((step) => kinds(step) < loopAt));
  fc.assert(
    fc.property(straight, (p) => {
      for (const { eager, traced } of both(p)) expect(eager).toEqual(traced);
    }),
    { numRuns: 60 },
  );
});

it("gives them where it branches, too", () => {
  // the reverse of loops is not there yet
  const branching = program.filter(
    (p) => p.some((step) => kinds(step) > loopAt) && p.every((step) => kinds(step) !== loopAt),
  );
  // A trace sees that two branches ask the same, and computes them once; a history has the answers, and keeps both, so that
  // cotangents meet in another order.
  const asksTwice = (p: Program): boolean => {
    const asked = p.flatMap((step, i) => (kinds(step) > loopAt ? [step.a % (i + 2)] : []));
    return new Set(asked).size < asked.length;
  };
  fc.assert(
    fc.property(branching, (p) => {
      fc.pre(!asksTwice(p));
      for (const { eager, traced } of both(p)) expect(eager).toEqual(traced);
    }),
    { numRuns: 60 },
  );
});

it("has gradients of which unused code changes no bit", () => {
  const used = (x: Tensor): Tensor => div(sin(x), add(mul(x, x), 1));
  const also = (x: Tensor): Tensor => {
    mul(x, x);
    return used(x);
  };
  const [one, other] = [grad(also), grad(used)];
  for (let i = 1; i < 200; i++) expect(one(i / 64)).toBe(other(i / 64));
});

describe("recorded", () => {
  it("gives the history as IR, which is what tracing gives", () => {
    const [a, b] = [leaf(15), leaf(20)];
    const module = recorded(a.mul(b));
    const traced = compile((x: Tensor, y: Tensor) => mul(x, y), ["f64", "f64"]);
    expect(isomorphic(runPasses(module, tensorPipeline).module, traced.module, { names: false })).toBeNull();
    expect(printModule(recorded(sin(mul(a, a))))).toContain("%sin = sin %mul : f64");
    expect(
      messageOf(() =>
        grad((x: Tensor) => {
          recorded(x);
          return x;
        })(1),
      ),
    ).toContain("recorded: a traced tensor f64 has no history: use grad in a trace");
  });
});
