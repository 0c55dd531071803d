// A branch not taken never poisons a gradient: random programs that are infinite or NaN where a select does not take them
// have the derivatives of the same programs on what is taken alone, to the third order, in both modes.

import fc from "fast-check";
import { expect, it } from "vitest";
import {
  add,
  at,
  attention,
  broadcastTo,
  checkpoint,
  compile,
  composite,
  concat,
  cond,
  conv1d,
  cumsum,
  customVjp,
  div,
  dynamicSlice,
  dynamicUpdateSlice,
  expandDims,
  eye,
  flip,
  fori,
  Graph,
  grad,
  greater,
  jvp,
  log,
  logicalNot,
  matmul,
  max,
  mul,
  type Operand,
  permuteDims,
  pow,
  prod,
  reshape,
  rsqrt,
  Session,
  scan,
  sin,
  sqrt,
  square,
  stack,
  sub,
  sum,
  type Tensor,
  take,
  tanh,
  tensor,
  triangularSolve,
  vmap,
  where,
  whileLoop,
} from "../src/index.ts";
import { compileSource } from "../src/source/index.ts";

const fuzz = Number(process.env.ADJOINT_FUZZ ?? 1);
const width = 3;
const every = [null, null] as const;

/** Rows [n, 3] to rows [n, 3], each from its own; `x` is positive in rows that are taken, 0 or below in the others. */
type RowStep = (v: Tensor, x: Tensor, w: Tensor, inner: (v: Tensor, x?: Tensor) => Tensor) => Tensor;

/** 0 or below where x is, and between 1 and 4 times x else. */
const scaled = (v: Tensor, x: Tensor): Tensor => mul(x, add(1, square(tanh(v))));

const singular: readonly RowStep[] = [
  (v, x) => log(scaled(v, x)),
  (v, x) => sqrt(scaled(v, x)),
  (v, x) => div(1, scaled(v, x)),
  (v, x) => div(v, scaled(v, x)),
  (v, x) => pow(scaled(v, x), 0.3),
  (v, x) => rsqrt(scaled(v, x)),
  (v, x) => div(v, sqrt(sum(square(scaled(v, x)), { axes: [1], keepDims: true }))),
  (v, x) => sqrt(prod(scaled(v, x), { axes: [1], keepDims: true })).add(v),
];

/** What passes elements on, shares them, or crosses a boundary. */
const passing: readonly RowStep[] = [
  (v) => mul(v, v),
  (v) => add(sin(v), mul(v, 0.5)),
  (v, _x, _w, inner) => add(inner(v), mul(v, inner(v))),
  (v, x, _w, inner) => composite("part", (a: Operand, b: Operand) => inner(a as Tensor, b as Tensor))(v, x),
  (v, x, _w, inner) => checkpoint((a: Tensor, b: Tensor) => inner(a, b))(v, x) as Tensor,
  (v, _x, _w, inner) => fori(0, 2, (_, a: Tensor) => inner(a), v),
  (v, _x, _w, inner) =>
    whileLoop(
      ([a]) => greater(10, sum(mul(a, 0)).add(11)),
      ([a]: Tensor[]) => [inner(a)],
      [v],
    )[0],
  (v, _x, w, inner) =>
    cond(
      greater(at(w, 0, 0), -9),
      () => inner(v),
      () => v,
    ),
  (v, _x, w, inner) => {
    const s = inner(v);
    return cond(
      greater(at(w, 0, 0), -9),
      () => s,
      () => log(s),
    );
  },
  (v, _x, _w, inner) => where(greater(v, 0.1), inner(v), sin(v)),
  (v, _x, _w, inner) => sum(stack([inner(v), v, sin(v)], { axis: 1 }), { axes: [1] }),
  (v, _x, _w, inner) => flip(reshape(inner(reshape(flip(v, { axes: 1 }), [-1, width])), [-1, width]), { axes: 1 }),
  (v, _x, _w, inner) => permuteDims(permuteDims(inner(v), [1, 0]), [1, 0]),
  (v) => concat([at(v, every, [1, null]), at(v, every, [0, 1])], { axis: 1 }),
  (v) => take(v, tensor([2, 0, 0], { dtype: "i32" }), { axis: 1 }),
  (v) => broadcastTo(sum(v, { axes: [1], keepDims: true }), v.shape),
  (v) => add(v, max(v, { axes: [1], keepDims: true })),
  (v) => cumsum(v, { axis: 1 }),
  (v, _x, w) => matmul(v, w),
  (v, _x, w) =>
    reshape(conv1d(expandDims(v, { axis: 2 }), reshape(at(w, 0), [width, 1, 1]), { padding: 1 }), [-1, width]),
  (v, _x, _w, inner) => {
    const [last, all] = scan(
      (c: Tensor, e: Tensor) => [add(c, sin(e)), mul(c, e)] as const,
      at(inner(v), every, 0),
      permuteDims(v, [1, 0]),
    );
    return add(permuteDims(all, [1, 0]), expandDims(last, { axis: 1 }));
  },
  (v, _x, _w, inner) =>
    fori(
      0,
      2,
      (i, a: Tensor) => {
        const column = dynamicSlice(a, [0, i], [a.shape[0], 1]);
        return dynamicUpdateSlice(a, add(at(inner(a), every, [0, 1]), sin(column)), [0, i]);
      },
      v,
    ),
  // read in a loop from outside, where nothing is gathered of it before
  (v, _x, _w, inner) => {
    const s = inner(v);
    return fori(0, 2, (_, a: Tensor) => add(sin(a), mul(s, s)), v);
  },
  (v, x, w) => {
    const [s, t] = [sqrt(scaled(v, x)), log(scaled(v, x))];
    return scan((c: Tensor, e: Tensor) => [add(c, mul(mul(s, t), e)), e] as const, v, at(w, 0))[0];
  },
  // a carried value that nothing reads behind the loop
  (v, x) =>
    fori(0, 2, (_, [a, b]: Tensor[]) => [mul(sqrt(scaled(a, x)), b), add(sqrt(scaled(a, x)), b)], [v, v])[1] as Tensor,
  // masks of columns, and of triangles
  (v, x, w) => {
    const columns = [sqrt(scaled(v, x)), log(scaled(v, x))].map((t) => at(t, every, 0));
    return mul(matmul(v, w), stack([...columns, at(v, every, 1)], { axis: 1 }));
  },
  (v, _x, w, inner) => {
    const y = matmul(inner(v), w);
    return mul(y, mul(at(y, every, [0, 1]), at(y, every, [2, 3])));
  },
  (v, x) => {
    const systems = mul(reshape(at(scaled(v, x), every, 0), [-1, 1, 1]), add(0.5, eye(width)));
    return reshape(triangularSolve(systems, expandDims(v, { axis: 2 }), { lower: true }), [-1, width]);
  },
  (v, x) => {
    const scores = expandDims(log(scaled(v, x)), { axis: 2 });
    return reshape(attention(scores, expandDims(v, { axis: 2 }), scores), [-1, width]);
  },
];

const everyStep = [...singular, ...passing];

interface Recipe {
  readonly steps: readonly { readonly kind: number; readonly inner: number }[];
  readonly rows: readonly number[];
  readonly negated: boolean;
}

const recipe: fc.Arbitrary<Recipe> = fc.record({
  steps: fc.array(fc.record({ kind: fc.nat(999), inner: fc.nat(999) }), { minLength: 1, maxLength: 4 }),
  rows: fc.array(fc.constantFrom(0, 1, 1, 2), { minLength: 2, maxLength: 4 }),
  negated: fc.boolean(),
});

function program({ steps }: Recipe): (x: Tensor, w: Tensor) => Tensor {
  return (x, w) =>
    steps.reduce((v, { kind, inner }) => {
      const within = (a: Tensor, b: Tensor = x): Tensor => singular[inner % singular.length](a, b, w, (c) => c);
      // what follows stays of the size of 1
      return sin(everyStep[kind % everyStep.length](v, x, w, within));
    }, x);
}

/** A row that is taken is positive; one that is not is 0 or negative. */
function rowsOf({ rows }: Recipe): { readonly all: number[][]; readonly taken: number[] } {
  const all = rows.map((kind, i) =>
    Array.from({ length: width }, (_, j) => [0, 0.6 + 0.3 * Math.sin(5 * i + j) + 0.2 * j, -1 - j][kind]),
  );
  return { all, taken: rows.flatMap((kind, i) => (kind === 1 ? [i] : [])) };
}

/** The sum over rows that are taken, and something tame over the others. */
function guarded(of: Recipe): (x: Tensor, w: Tensor) => Tensor {
  const g = program(of);
  return (x, w) => {
    const isTaken = greater(at(x, every, [0, 1]), 0);
    const mask = broadcastTo(of.negated ? logicalNot(isTaken) : isTaken, x.shape);
    const [y, tame] = [g(x, w), mul(x, x)];
    return sum(of.negated ? where(mask, tame, y) : where(mask, y, tame));
  };
}

type Loss = (x: Tensor, w: Tensor) => Tensor;
const wave = (t: Tensor): Tensor => sum(mul(t, sin(add(1, t))));

/** A number from the gradient of a loss: its derivatives are those of the next order. */
const reversed =
  (f: Loss): Loss =>
  (x, w) => {
    const [dx, dw] = grad(f, { wrt: [0, 1] })(x, w) as Tensor[];
    return add(wave(dx), wave(dw));
  };
const forwarded =
  (f: Loss): Loss =>
  (x, w) => {
    const along = (t: Tensor): Tensor => add(1, mul(t, 0));
    const [, tangent] = jvp(f)([x, w], [along(x), along(w)]) as [Tensor, Tensor];
    return tangent;
  };

const weights = Array.from({ length: width }, (_, i) =>
  Array.from({ length: width }, (_, j) => 0.3 + 0.1 * i - 0.2 * j),
);

function gradientsOf(f: Loss, x: number[][], backend: "js" | "interpret"): number[][] {
  const types = [`f64[${x.length}, ${width}]`, `f64[${width}, ${width}]`];
  const both = compile(grad(f, { wrt: [0, 1] }), types, { backend })(tensor(x), tensor(weights)) as Tensor[];
  return both.map((t) => [...(t.toArray() as number[][]).flat()]);
}

function agree(of: Recipe, orders: readonly ((f: Loss) => Loss)[]): void {
  const { all, taken } = rowsOf(of);
  const build = (f: Loss): Loss => orders.reduce((loss, order) => order(loss), f);
  const alone: Loss = (x, w) => sum(program(of)(x, w));
  const picked = taken.map((i) => all[i]);
  if (picked.length === 0) return;
  const [dx, dw] = gradientsOf(build(alone), picked, "interpret");
  fc.pre([...dx, ...dw].every((e) => Number.isFinite(e) && Math.abs(e) < 1e6));
  const [gx, gw] = gradientsOf(build(guarded(of)), all, "js");
  const scale = Math.max(1, ...dx.map(Math.abs), ...dw.map(Math.abs));
  const near = (got: number, expected: number, what: string): void =>
    expect(Math.abs(got - expected) / scale, `${what}: got ${got}, expected ${expected}`).toBeLessThan(1e-9);
  for (const [k, i] of taken.entries())
    for (let j = 0; j < width; j++) near(gx[i * width + j], dx[k * width + j], `row ${i}, column ${j}`);
  for (const e of gx) expect(Number.isFinite(e), `gradients ${gx}`).toBe(true);
  for (const [i, e] of gw.entries()) near(e, dw[i], `weight ${i}`);
}

it("reverse mode, first order", () => {
  fc.assert(
    fc.property(recipe, (of) => agree(of, [])),
    { numRuns: 60 * fuzz },
  );
});

it("reverse mode, second order", () => {
  fc.assert(
    fc.property(recipe, (of) => agree(of, [reversed])),
    { numRuns: 20 * fuzz },
  );
});

it("forward mode over reverse mode, and the other way round", () => {
  fc.assert(
    fc.property(recipe, (of) => agree(of, [forwarded])),
    { numRuns: 20 * fuzz },
  );
});

it("third order, in each order of modes", () => {
  const modes = [
    [reversed, reversed],
    [reversed, forwarded],
    [forwarded, reversed],
    [forwarded, forwarded],
  ];
  fc.assert(
    fc.property(recipe, fc.constantFrom(...modes), (of, orders) => agree(of, orders)),
    { numRuns: 12 * fuzz },
  );
});

/** The program on rows of which a select takes some, and puts others where it is infinite or NaN in their place. */
function entered(of: Recipe): Loss {
  const g = program(of);
  return (x, w) => {
    const isTaken = broadcastTo(greater(at(x, every, [0, 1]), 0), x.shape);
    return sum(g(of.negated ? where(logicalNot(isTaken), 0, x) : where(isTaken, x, 0), w));
  };
}

const along = (t: Tensor): Tensor => add(1, mul(t, 0));
const forwardOfRows =
  (f: Loss): Loss =>
  (x, w) =>
    (jvp((rows: Tensor) => f(rows, w))([x], [along(x)]) as [Tensor, Tensor])[1];
const reverseOfRows =
  (f: Loss): Loss =>
  (x, w) =>
    wave(grad((rows: Tensor) => f(rows, w))(x) as Tensor);

function agreeEntered(of: Recipe, orders: readonly ((f: Loss) => Loss)[]): void {
  const { all, taken } = rowsOf(of);
  if (taken.length === 0) return;
  const numberFrom = (f: Loss, rows: number[][], backend: "js" | "interpret"): number => {
    const types = [`f64[${rows.length}, ${width}]`, `f64[${width}, ${width}]`];
    const derivative = orders.reduce((loss, order) => order(loss), f);
    return Number(compile(derivative, types, { backend })(tensor(rows), tensor(weights)));
  };
  const alone: Loss = (x, w) => sum(program(of)(x, w));
  const picked = taken.map((i) => all[i]);
  const expected = numberFrom(alone, picked, "interpret");
  fc.pre(Number.isFinite(expected) && Math.abs(expected) < 1e6);
  const got = numberFrom(entered(of), all, "js");
  const scale = Math.max(1, Math.abs(expected));
  expect(Math.abs(got - expected) / scale, `got ${got}, expected ${expected}`).toBeLessThan(1e-9);
}

it("forward mode behind a select, and over both modes", () => {
  const modes = [[forwardOfRows], [forwardOfRows, forwardOfRows], [reverseOfRows, forwardOfRows]];
  for (const orders of [...modes, [forwardOfRows, reverseOfRows, forwardOfRows]]) {
    fc.assert(
      fc.property(recipe, (of) => agreeEntered(of, orders)),
      { numRuns: 15 * fuzz },
    );
  }
});

it("elements of an array from outside a loop, read in it behind a select or a branch", () => {
  const roots = fc.array(fc.constantFrom(0, 1, 4), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(roots, fc.boolean(), fc.boolean(), (xs, branches, twice) => {
      const f = (x: Tensor): Tensor => {
        const s = sqrt(x);
        const step = (i: Tensor, a: Tensor): Tensor => {
          const isTaken = greater(take(x, i), 0);
          const read = (): Tensor => (twice ? mul(take(s, i), take(s, i)) : take(s, i));
          return add(a, branches ? cond(isTaken, read, () => mul(a, 0)) : where(isTaken, read(), 0));
        };
        return fori(0, xs.length, step, tensor(0));
      };
      const expected = xs.map((x) => (x === 0 ? 0 : twice ? 1 : 0.5 / Math.sqrt(x)));
      for (const backend of ["js", "interpret"] as const) {
        const got = compile(grad(f), [`f64[${xs.length}]`], { backend })(tensor(xs)) as Tensor;
        expect(got.toArray()).toEqual(expected);
      }
    }),
    { numRuns: 10 * fuzz },
  );
});

it("rules of the user's own that divide, declared graphs, source, f32 and batches", () => {
  const root = customVjp((x: Tensor) => sqrt(x), {
    forward: (x: Tensor) => {
      const y = sqrt(x);
      return [y, [y]];
    },
    backward: ([y]: Tensor[], ct: Tensor) => [div(ct, mul(2, y))],
  });
  const guarded = (x: Tensor): Tensor => where(greater(x, 0), root(x), 0);
  for (const backend of ["js", "interpret"] as const) expect(compile(grad(guarded), ["f64"], { backend })(0)).toBe(0);

  const graph = new Graph();
  const x = graph.placeholder("f64", { name: "x" });
  const [dx] = graph.gradients(sum(where(greater(x, 0), mul(sqrt(x), log(sqrt(x))), 0)), [x]);
  const [ddx] = graph.gradients(sum(dx), [x]);
  const [first, second] = new Session(graph).run([dx, ddx], { x: [0, 1, -2] }) as Tensor[];
  expect(first.toArray()).toEqual([0, 0.5, 0]);
  expect(second.toArray()).toEqual([0, 0, 0]);

  const text = `export function f(x: number): number {
    const r = Math.sqrt(x);
    let s = 0;
    for (let i = 0; i < 2; i++) s += x > 0 ? r * Math.log(r) : 0;
    return s;
  }`;
  const ofSource = grad(compileSource(text)) as (x: number) => unknown;
  expect(ofSource(0)).toBe(0);

  const single = compile(grad(guarded), ["f32"])(0);
  expect(single).toBe(0);
  const rows = vmap(grad(guarded))(tensor([0, 4, -1]));
  expect((rows as Tensor).toArray()).toEqual([0, 0.25, 0]);
});

it("derivatives of a number, to the fourth order", () => {
  const ways: readonly ((x: Tensor) => Tensor)[] = [
    (x) => sqrt(x),
    (x) => mul(sqrt(x), log(sqrt(x))),
    (x) => div(1, x),
    (x) => sub(1, pow(x, 1.5)),
    (x) => fori(0, 2, (_, a: Tensor) => sqrt(a), x),
  ];
  for (const way of ways) {
    let f: (x: Tensor) => Tensor = (x) => where(greater(x, 0), way(x), 0);
    for (let order = 1; order <= 4; order++) {
      f = grad(f) as (x: Tensor) => Tensor;
      for (const backend of ["js", "interpret"] as const)
        for (const x of [0, -3]) expect(compile(f, ["f64"], { backend })(x)).toBe(0);
    }
  }
});
