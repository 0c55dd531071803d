// A placeholder without a shape is no scalar: every public function of one gives what it gives of the tensor that is fed,
// or refuses when it is declared, and says what to write.

import { describe, expect, it } from "vitest";
import * as adjoint from "../src/index.ts";
import { type AdjointError, Graph, Session, Tensor, tensor } from "../src/index.ts";

const api: Readonly<Record<Name, unknown>> = adjoint;

type Call = (x: Tensor) => unknown;
type Name = keyof typeof adjoint;

interface Row {
  readonly dtype: "f64" | "i32" | "u32" | "bool";
  readonly calls: readonly Call[];
}

const feeds: Readonly<Record<Row["dtype"], readonly unknown[]>> = {
  f64: [
    [
      [
        [[1], [2]],
        [[3], [4]],
      ],
    ],
    [1, 2, 3],
    0.75,
    [0.5],
    [0.25, 4, 2, 3],
    [
      [2, 0.5],
      [0.5, 3],
    ],
    [[[1, 0.5]], [[3, 0.25]]],
    [],
  ],
  i32: [
    1,
    [1],
    [0, 1, 1],
    [
      [1, 0],
      [0, 1],
    ],
  ],
  u32: [
    3,
    [7],
    [0, 7],
    [
      [1, 2],
      [3, 4],
    ],
  ],
  bool: [
    true,
    [false],
    [true, false, true],
    [
      [true, false],
      [false, true],
    ],
  ],
};

const { add, exp, key, less, mul, square, sum } = adjoint;
const matrix = tensor([
  [2, 1],
  [1, 3],
]);
const floats = (...calls: readonly Call[]): Row => ({ dtype: "f64", calls });
const integers = (...calls: readonly Call[]): Row => ({ dtype: "i32", calls });
const indices = (data: unknown): Tensor => tensor(data as number[], { dtype: "i32" });

/** Functions whose arguments are more than tensors of one dtype, with options that change what their axes are. */
const rows: Partial<Record<Name, readonly Row[]>> = {
  // reductions
  ...reductions(["sum", "prod", "max", "min", "mean", "variance", "std", "norm", "logsumexp"]),
  all: [{ dtype: "bool", calls: reducing("all") }],
  any: [{ dtype: "bool", calls: reducing("any") }],
  norm: [
    floats(...reducing("norm"), ...[0, 1, 3, Infinity, -Infinity].map((p) => (x: Tensor) => adjoint.norm(x, { p }))),
  ],
  argMax: [
    floats(
      ...along("argMax"),
      (x) => adjoint.argMax(x, { axis: null }),
      (x) => adjoint.argMax(x, { axis: 0, keepDims: true }),
    ),
  ],
  argMin: [floats(...along("argMin"), (x) => adjoint.argMin(x, { axis: null, keepDims: true }))],
  mse: [
    floats(
      (x) => adjoint.mse(x, 0),
      (x) => adjoint.mse(x, x, { reduction: "none" }),
      (x) => adjoint.mse(x, 1, { reduction: "sum" }),
    ),
  ],
  huber: [floats((x) => adjoint.huber(x, 0))],
  binaryCrossEntropy: [floats((x) => adjoint.binaryCrossEntropy(x, 1))],
  crossEntropy: [
    floats(
      (x) => adjoint.crossEntropy(x, x),
      (x) => adjoint.crossEntropy(x, indices([0, 1])),
    ),
  ],
  // layout
  reshape: [
    floats(
      (x) => adjoint.reshape(x, [4]),
      (x) => adjoint.reshape(x, [-1]),
      (x) => adjoint.reshape(x, [2, 2]),
      (x) => adjoint.reshape(x, []),
    ),
  ],
  broadcastTo: [
    floats(
      (x) => adjoint.broadcastTo(x, [2, 2]),
      (x) => adjoint.broadcastTo(x, [4]),
    ),
  ],
  permuteDims: [
    floats(
      (x) => adjoint.permuteDims(x, [1, 0]),
      (x) => adjoint.permuteDims(x, [0]),
      (x) => adjoint.permuteDims(x, [-1, 0]),
      (x) => adjoint.permuteDims(x, []),
    ),
  ],
  dim: [
    floats(
      (x) => adjoint.dim(x, 0),
      (x) => adjoint.dim(x, -1),
    ),
  ],
  flip: [floats(...over("flip"))],
  squeeze: [
    floats(
      (x) => adjoint.squeeze(x),
      (x) => adjoint.squeeze(x, { axes: 0 }),
    ),
  ],
  expandDims: [
    floats(
      (x) => adjoint.expandDims(x),
      (x) => adjoint.expandDims(x, { axis: -1 }),
    ),
  ],
  moveaxis: [floats((x) => adjoint.moveaxis(x, 0, -1))],
  concat: [
    floats(
      (x) => adjoint.concat([x, x]),
      (x) => adjoint.concat([x, x], { axis: -1 }),
      (x) => adjoint.concat([tensor([1, 2]), x]),
    ),
  ],
  stack: [
    floats(
      (x) => adjoint.stack([x, x]),
      (x) => adjoint.stack([x, x], { axis: -1 }),
    ),
  ],
  split: [floats((x) => adjoint.split(x, 2))],
  unstack: [floats((x) => adjoint.unstack(x))],
  tile: [floats((x) => adjoint.tile(x, 2))],
  repeat: [
    floats(
      (x) => adjoint.repeat(x, 2),
      (x) => adjoint.repeat(x, 2, { axis: 0 }),
    ),
  ],
  roll: [floats((x) => adjoint.roll(x, 1, { axes: 0 }))],
  pad: [
    floats(
      (x) => adjoint.pad(x, { low: 1 }),
      (x) => adjoint.pad(x, { low: [1] }),
      (x) => adjoint.pad(x),
    ),
  ],
  slice: [
    floats(
      (x) => adjoint.slice(x, { start: [1] }),
      (x) => adjoint.slice(x),
    ),
  ],
  at: [
    floats(
      (x) => x.at(0),
      (x) => adjoint.at(x, [null, 0] as never),
      (x) => x.at("..."),
    ),
  ],
  set: [floats((x) => adjoint.set(x, [0], 1))],
  addAt: [floats((x) => adjoint.addAt(x, [0], 1))],
  take: [
    floats((x) => adjoint.take(x, indices([1, 0]), { axis: 0 })),
    integers((i) => adjoint.take(tensor([5, 6]), i)),
  ],
  takeAlongAxis: [floats((x) => adjoint.takeAlongAxis(x, indices([1, 0])))],
  embedding: [integers((i) => adjoint.embedding(i, matrix)), floats((x) => adjoint.embedding(indices([1]), x))],
  oneHot: [integers((i) => adjoint.oneHot(i, 2))],
  dynamicSlice: [floats((x) => adjoint.dynamicSlice(x, [0], [1]))],
  dynamicUpdateSlice: [floats((x) => adjoint.dynamicUpdateSlice(x, tensor([9]), [0]))],
  im2col: [floats((x) => adjoint.im2col(x, [2, 2]))],
  // along an axis
  softmax: [floats(...along("softmax"))],
  logSoftmax: [floats(...along("logSoftmax"))],
  logcumsumexp: [floats(...along("logcumsumexp"))],
  cumsum: [floats(...along("cumsum"), (x) => adjoint.cumsum(x, { axis: 0, includeInitial: true }))],
  cumprod: [floats(...along("cumprod"), (x) => adjoint.cumprod(x, { axis: null }))],
  cummax: [floats(...along("cummax"))],
  cummin: [floats(...along("cummin"))],
  sort: [floats(...along("sort"))],
  argsort: [floats(...along("argsort"))],
  topK: [floats((x) => adjoint.topK(x, 1))],
  layerNorm: [floats((x) => adjoint.layerNorm(x))],
  rmsNorm: [floats((x) => adjoint.rmsNorm(x))],
  batchNorm: [floats((x) => adjoint.batchNorm(x))],
  groupNorm: [floats((x) => adjoint.groupNorm(x, 2))],
  // products and matrices
  matmul: [
    floats(
      (x) => adjoint.matmul(x, matrix),
      (x) => adjoint.matmul(matrix, x),
    ),
  ],
  dot: [floats((x) => adjoint.dot(x, matrix, { contract: [[1], [0]] }))],
  tensordot: [floats((x) => adjoint.tensordot(x, matrix, { axes: 1 }))],
  outer: [floats((x) => adjoint.outer(x, x))],
  vecdot: [floats((x) => adjoint.vecdot(x, x))],
  linear: [floats((x) => adjoint.linear(x, matrix))],
  einsum: [floats((x) => adjoint.einsum("ij,jk->ik", x, matrix))],
  kron: [floats((x) => adjoint.kron(x, matrix))],
  matrixPower: [floats((x) => adjoint.matrixPower(x, 2))],
  solve: [
    floats(
      (x) => adjoint.solve(matrix, x),
      (x) => adjoint.solve(x, matrix),
    ),
  ],
  triangularSolve: [floats((x) => adjoint.triangularSolve(matrix, x, { lower: true } as never))],
  cross: [floats((x) => adjoint.cross(x, x))],
  diag: [floats((x) => adjoint.diag(x))],
  attention: [floats((x) => adjoint.attention(x, x, x))],
  conv1d: [floats((x) => adjoint.conv1d(x, tensor([[[1], [2]]])))],
  conv2d: [floats((x) => adjoint.conv2d(x, tensor([[[[1]]]])))],
  maxPool1d: [floats((x) => adjoint.maxPool1d(x, 1 as never))],
  avgPool: [floats((x) => adjoint.avgPool(x, 1 as never))],
  // elementwise, with something beside
  where: [{ dtype: "bool", calls: [(p) => adjoint.where(p, 1, 2)] }, floats((x) => adjoint.where(less(x, 1), x, 0))],
  clamp: [floats((x) => adjoint.clamp(x, 0.5, 1))],
  clip: [floats((x) => adjoint.clip(x, 0.5, 1))],
  cast: [floats((x) => adjoint.cast(x, "f32")), integers((x) => adjoint.cast(x, "bool"))],
  polygamma: [floats((x) => adjoint.polygamma(1, x))],
  bitcast: [{ dtype: "u32", calls: [(x) => adjoint.bitcast(x, "f32")] }],
  full: [floats((x) => adjoint.full([2], x))],
  probe: [floats((x) => adjoint.probe(x, "seen"))],
  // random: of the key, and of what stands beside it
  bernoulli: [
    floats((x) => adjoint.bernoulli(key(3), x, [4])),
    { dtype: "u32", calls: [(k) => adjoint.bernoulli(k, 0.5, [4])] },
  ],
  uniform: [{ dtype: "u32", calls: [(k) => adjoint.uniform(k, [4])] }],
  normal: [{ dtype: "u32", calls: [(k) => adjoint.normal(k, [4])] }],
  randomIntegers: [{ dtype: "u32", calls: [(k) => adjoint.randomIntegers(k, [4], { high: 5 })] }],
  rngBits: [{ dtype: "u32", calls: [(k) => adjoint.rngBits(k, [4])] }],
  splitKey: [{ dtype: "u32", calls: [(k) => adjoint.splitKey(k)] }],
  dropout: [floats((x) => adjoint.dropout(x, key(3)))],
  // functions of functions
  cond: [
    floats(
      (x) =>
        adjoint.cond(
          less(sum(x), 3),
          () => x,
          () => exp(x),
        ),
      (x) =>
        adjoint.cond(
          less(sum(x), 3),
          () => sum(x),
          () => sum(square(x)),
        ),
    ),
  ],
  whileLoop: [
    floats((x) =>
      adjoint.whileLoop(
        ([, n]) => less(n, 3),
        ([c, n]) => [add(mul(c, 2), 1), add(n, 1)] as const,
        [x, tensor(0)] as readonly [Tensor, Tensor],
      ),
    ),
  ],
  fori: [floats((x) => adjoint.fori(0, 3, (_, c) => mul(c, 2), x))],
  scan: [floats((x) => adjoint.scan((c: Tensor, e) => [add(c, sum(e)), sum(e)] as const, tensor(0), x))],
  composite: [floats((x) => adjoint.composite("c", (y: Tensor) => sum(exp(y)))(x))],
  checkpoint: [floats((x) => adjoint.checkpoint((y: Tensor) => sum(exp(y)))(x))],
  vmap: [floats((x) => adjoint.vmap((y: Tensor) => sum(exp(y)))(x))],
  jit: [floats((x) => adjoint.jit((y: Tensor) => sum(exp(y)))(x))],
  compile: [floats((x) => adjoint.compile((y: Tensor) => sum(exp(y)))(x))],
  grad: [
    floats(
      (x) => adjoint.grad((y: Tensor) => sum(exp(y)))(x),
      (x) => adjoint.grad((y: Tensor) => sum(adjoint.grad((z: Tensor) => sum(exp(z)))(y)))(x),
    ),
  ],
  valueAndGrad: [floats((x) => adjoint.valueAndGrad((y: Tensor) => adjoint.mean(exp(y)))(x))],
  jvp: [floats((x) => adjoint.jvp((y: Tensor) => adjoint.mean(exp(y)))([x], [x]))],
  vjp: [floats((x) => adjoint.vjp((y: Tensor) => exp(y))([x], x))],
  jacobian: [floats((x) => adjoint.jacobian((y: Tensor) => exp(y))(x))],
  hessian: [floats((x) => adjoint.hessian((y: Tensor) => sum(exp(y)))(x))],
  customVjp: [
    floats((x) =>
      adjoint.customVjp((y: Tensor) => exp(y), { forward: (y) => [exp(y), [y]], backward: ([y], ct) => [mul(ct, y)] })(
        x,
      ),
    ),
  ],
  customJvp: [
    floats((x) =>
      adjoint.customJvp(
        (y: Tensor) => exp(y),
        ([y], [t]) => [exp(y as Tensor), mul(t as Tensor, 2)],
      )(x),
    ),
  ],
};

function reducing(name: Name): readonly Call[] {
  const f = api[name] as (x: Tensor, options?: object) => Tensor;
  const options = [
    {},
    { axes: 0 },
    { axes: [-1] },
    { axes: [0, 1] },
    { axes: [] },
    { keepDims: true },
    { axes: -1, keepDims: true },
  ];
  return [(x) => f(x), ...options.map((o) => (x: Tensor) => f(x, o))];
}

function reductions(names: readonly Name[]): Partial<Record<Name, readonly Row[]>> {
  return Object.fromEntries(names.map((name) => [name, [floats(...reducing(name))]]));
}

function along(name: Name): readonly Call[] {
  const f = api[name] as (x: Tensor, options?: object) => unknown;
  return [(x) => f(x), (x) => f(x, { axis: 0 }), (x) => f(x, { axis: -1 })];
}

function over(name: Name): readonly Call[] {
  const f = api[name] as (x: Tensor, options?: object) => unknown;
  return [(x) => f(x), (x) => f(x, { axes: 0 }), (x) => f(x, { axes: [-1] })];
}

/** What is tried of a function without rows: one tensor, two, a tensor and a number. */
function usual(name: Name): readonly Row[] {
  const f = api[name] as (...args: unknown[]) => unknown;
  const calls: readonly Call[] = [(x) => f(x), (x) => f(x, x), (x) => f(x, 2)];
  return (["f64", "i32", "bool"] as const).map((dtype) => ({ dtype, calls }));
}

/** The tensors and numbers of a result, in order. */
function leavesOf(result: unknown): readonly unknown[] {
  if (result instanceof Tensor || typeof result !== "object" || result === null) return [result];
  return Object.values(result).flatMap(leavesOf);
}

type Outcome = { readonly values: readonly unknown[] } | { readonly error: AdjointError };

function outcome(run: () => readonly unknown[]): Outcome {
  try {
    return { values: run() };
  } catch (error) {
    expect((error as Error).name, String((error as Error).stack)).toBe("AdjointError");
    return { error: error as AdjointError };
  }
}

/** A result for comparison: sessions and compiled functions give numbers for tensors of rank 0. */
const shown = (t: unknown): unknown =>
  t instanceof Tensor && t.rank > 0 ? [t.dtype, t.shape, t.toArray()] : scalarOf(t);
const scalarOf = (t: unknown): unknown => (t instanceof Tensor ? t.item() : t);

/** Declares the call on a placeholder without a shape: what it gives for a feed, or the refusal. */
function declared(dtype: Row["dtype"], call: Call): ((feed: unknown) => Outcome) | AdjointError {
  const graph = new Graph();
  const x = graph.placeholder(dtype, { name: "x" });
  const made = outcome(() => leavesOf(call(x)).filter((t) => t instanceof Tensor));
  if ("error" in made) return made.error;
  const results = made.values as readonly Tensor[];
  const session = new Session(graph);
  return (feed) =>
    outcome(() => (session.run(results, { x: tensor(feed as number[], { dtype }) }) as readonly unknown[]).map(shown));
}

const isFunction = (name: string): name is Name => typeof api[name as Name] === "function";
/** Classes, and what asks for a concrete tensor. */
const others = new Set(
  ["AdjointError", "Extent", "Graph", "Session", "Tensor", "recorded", "bringChecks", "bringTexts", "bringWasm"].concat(
    "tensor",
    "bool",
    "f32",
    "f64",
    "i32",
    "u32",
    "u8",
  ),
);

describe("a placeholder without a shape", () => {
  for (const name of Object.keys(adjoint).filter((n) => isFunction(n) && !others.has(n)) as Name[]) {
    it(`${name} gives what it gives of the tensor, or refuses`, () => {
      let answers = 0;
      for (const { dtype, calls } of rows[name] ?? usual(name)) {
        for (const call of calls) answers += compare(dtype, call);
      }
      if (rows[name] !== undefined) expect(answers).toBeGreaterThan(0);
    });
  }

  const flat: Readonly<Record<string, Call>> = {
    argMax: (x) => adjoint.argMax(x),
    argMin: (x) => adjoint.argMin(x, { axis: null }),
    "argMax of squares": (x) => adjoint.argMax(square(x)),
    cumsum: (x) => adjoint.cumsum(x, { axis: null }),
    cummax: (x) => adjoint.cummax(x, { axis: null, reverse: true }),
    concat: (x) => adjoint.concat([x, x, tensor([7])], { axis: null }),
    "reshape to one axis": (x) => adjoint.reshape(x, -1),
    "a gradient of what is in one axis": (x) =>
      adjoint.grad((y: Tensor) => sum(square(adjoint.cumsum(adjoint.reshape(y, [-1]), { axis: 0 }))))(x),
  };
  for (const [name, call] of Object.entries(flat)) {
    it(`${name} counts its elements in row-major order without a refusal`, () => {
      expect(typeof declared("f64", call)).toBe("function");
      expect(compare("f64", call)).toBeGreaterThan(5);
    });
  }

  it("is called, in an error of its feed, as the user called what takes it", () => {
    const wrong: Readonly<Record<string, Call>> = {
      add: (x) => add(x, tensor([1, 2])),
      sub: (x) => x.sub(tensor([1, 2])),
      where: (x) => adjoint.where(less(x, 1), tensor([1, 2]), 0),
      clip: (x) => adjoint.clip(x, tensor([1, 2]) as never, 3),
      sum: (x) => sum(x, { axes: 2 }),
      argMax: (x) => adjoint.argMax(x, { axis: 1 }),
      concat: (x) => adjoint.concat([x, matrix]),
    };
    for (const [name, call] of Object.entries(wrong)) {
      const run = declared("f64", call);
      const failed = typeof run === "function" ? run([1, 2, 3]) : { error: run };
      if (!("error" in failed)) throw new Error(`${name} did not fail`);
      expect(failed.error.reason).toMatch(new RegExp(`^${name}: `));
      expect(failed.error.origin?.file).toMatch(/unranked\.test/);
    }
  });

  /** How many feeds were answered alike, or refused. */
  function compare(dtype: Row["dtype"], call: Call): number {
    const run = declared(dtype, call);
    let answers = 0;
    for (const feed of feeds[dtype]) {
      const concrete = outcome(() => leavesOf(call(tensor(feed as number[], { dtype }))).map(shown));
      if ("error" in concrete) {
        // what no tensor allows may fail when it is declared or when it runs
        if (typeof run === "function") expect("error" in run(feed), `${call} of ${JSON.stringify(feed)}`).toBe(true);
        continue;
      }
      answers++;
      if (typeof run === "function") expect(run(feed), `${call} of ${JSON.stringify(feed)}`).toEqual(concrete);
      else expectRefusal(run, call);
    }
    return answers;
  }

  function expectRefusal(error: AdjointError, call: Call): void {
    expect(error.message, `${call}`).toMatch(/rank|key|shape/);
    expect(error.message, `${call}`).toMatch(/declare the shape of the placeholder|make one: key/);
    expect(error.origin?.file, `${call}: ${error.message}`).toMatch(/unranked\.test/);
  }
});
