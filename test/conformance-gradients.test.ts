// Values, gradients and Hessian-vector products against references from outside the project. Each neutral op name of the reference has a row that says what it is here; names without one are listed.

import { describe, expect, it } from "vitest";
import * as adjoint from "../src/index.ts";
import { compile, grad, type Tensor, tensor } from "../src/index.ts";
import { referenceText } from "./support/references.ts";
import { untyped } from "./support/untyped.ts";

type Spelled = number | string;
type Attributes = Readonly<Record<string, unknown>>;

interface Elements {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: readonly Spelled[];
}

interface Case {
  readonly id: string;
  readonly op: string;
  readonly attrs: Attributes;
  readonly inputs: readonly (Elements & { readonly diff: boolean })[];
  readonly outputs: readonly Elements[];
  readonly cotangents: readonly (readonly Spelled[])[];
  readonly grads: readonly (readonly Spelled[] | null)[];
  readonly second?: { readonly vector: readonly Spelled[][]; readonly hvp: readonly (readonly Spelled[] | null)[] };
}

type Function = (...x: Tensor[]) => Tensor | readonly Tensor[];
/** What an op with these attributes is here. */
type Row = (attrs: Attributes, ranks: readonly number[]) => Function;

const { add, concat, cond, exp, greater, logaddexp, maximum, mul, pow, sub, sum } = adjoint;

const plain =
  (f: (...x: never[]) => Tensor): Row =>
  () =>
    f as unknown as Function;

const reduction =
  (f: (x: Tensor, options: adjoint.ReduceOptions) => Tensor): Row =>
  ({ axes, keepdims }) =>
  (x) =>
    f(x, { axes: (axes ?? undefined) as number[] | undefined, keepDims: keepdims === true });

const along =
  (f: (x: Tensor, options: { readonly axis?: number }) => Tensor): Row =>
  ({ axis }) =>
  (x) =>
    f(x, { axis: axis as number });

const programs: Readonly<Record<string, Function>> = {
  "sin(x)*y + exp(x*y)": (x, y) => add(mul(adjoint.sin(x), y), exp(mul(x, y))),
  "if sum(x)>0 then 2x else x^2": (x) =>
    cond(
      greater(sum(x), 0),
      (v: Tensor) => mul(v, 2),
      (v: Tensor) => mul(v, v),
      x,
    ) as Tensor,
  "2x (y unused)": (x) => mul(x, 2),
  "repeat 8: x = a*x*(1-x)": (x, a) => adjoint.fori(0, 8, (_, v: Tensor) => mul(mul(a, v), sub(1, v)), x),
  "lstm; gate order i,f,g,o": (xs, h, c, wx, wh, bias) => lstm(xs, h, c, wx, wh, bias),
};

/** One layer over a sequence: gates i, f, g, o of the input and of what is carried. */
function lstm(xs: Tensor, h: Tensor, c: Tensor, wx: Tensor, wh: Tensor, bias: Tensor): readonly Tensor[] {
  const [last] = adjoint.scan(
    ([h, c]: readonly Tensor[], x) => {
      const gates = add(add(adjoint.matmul(x, wx), adjoint.matmul(h, wh)), bias);
      const [i, f, g, o] = adjoint.split(gates, Number(h.shape[1]), { axis: 1 });
      const next = add(mul(adjoint.sigmoid(f), c), mul(adjoint.sigmoid(i), adjoint.tanh(g)));
      const out = mul(adjoint.sigmoid(o), adjoint.tanh(next));
      return [[out, next], []];
    },
    [h, c] as readonly Tensor[],
    xs,
  );
  return last;
}

/** Options of the reference under their names here. */
function windowOptions(attrs: Attributes, layout: adjoint.LayoutName): adjoint.ConvOptions {
  const names = ["stride", "padding", "dilation", "groups"];
  return { ...Object.fromEntries(Object.entries(attrs).filter(([name]) => names.includes(name))), layout };
}

type Convolution = (x: Tensor, kernel: Tensor, bias: Tensor | undefined, options: adjoint.ConvOptions) => Tensor;

function convolved(f: Convolution, layout: adjoint.LayoutName, attrs: Attributes): Function {
  return (x, kernel, bias) => f(x, kernel, bias, windowOptions(attrs, layout));
}

/** The subscripts of each element of `indices`: itself along the axis, its place along the others. */
function elementsAlong(indices: Tensor, axis: number): readonly Tensor[] {
  return indices.shape.map((extent, a) => {
    if (a === axis) return indices;
    const shape = indices.shape.map((_, b) => (a === b ? extent : 1));
    return adjoint.arange(Number(extent), { dtype: "i32" }).reshape(shape);
  });
}

const pooled =
  (f: (x: Tensor, size: number, options: adjoint.PatchOptions) => Tensor, layout: adjoint.LayoutName): Row =>
  ({ kernel_size, ...attrs }) =>
  (x) =>
    f(x, kernel_size as number, windowOptions(attrs, layout));

const table: Readonly<Record<string, Row>> = {
  abs: plain(adjoint.abs),
  sign: plain(adjoint.sign),
  expm1: plain(adjoint.expm1),
  log: plain(adjoint.log),
  log2: plain(adjoint.log2),
  rsqrt: plain(adjoint.rsqrt),
  reciprocal: plain(adjoint.reciprocal),
  cosh: plain(adjoint.cosh),
  asinh: plain(adjoint.asinh),
  acosh: plain(adjoint.acosh),
  atanh: plain(adjoint.atanh),
  erf: plain(adjoint.erf),
  lgamma: plain(adjoint.lgamma),
  ceil: plain(adjoint.ceil),
  sqrt: plain(adjoint.sqrt),
  exp: plain(exp),
  sin: plain(adjoint.sin),
  relu: plain(adjoint.relu),
  relu6: plain(adjoint.relu6),
  selu: plain(adjoint.selu),
  celu:
    ({ alpha }) =>
    (x) =>
      adjoint.celu(x, { alpha: alpha as number }),
  leaky_relu:
    ({ alpha }) =>
    (x) =>
      adjoint.leakyRelu(x, { negativeSlope: alpha as number }),
  softshrink:
    ({ lambda }) =>
    (x) =>
      adjoint.softshrink(x, { lambda: lambda as number }),
  softplus: plain(adjoint.softplus),
  log_sigmoid: plain(adjoint.logSigmoid),
  add: plain(add),
  sub: plain(sub),
  mul: plain(mul),
  div: plain(adjoint.div),
  pow: ({ exponent, base }) => {
    if (typeof exponent === "number") return (x) => pow(x, exponent);
    return typeof base === "number" ? (x) => pow(base, x) : (x, y) => pow(x, y);
  },
  maximum: plain(maximum),
  minimum: plain(adjoint.minimum),
  hypot: plain(adjoint.hypot),
  logaddexp: plain(logaddexp),
  xlogy: plain(adjoint.xlogy),
  fmod: plain(adjoint.rem),
  remainder: plain(adjoint.remainder),
  sum: reduction(sum),
  mean: reduction(adjoint.mean),
  logsumexp: reduction(adjoint.logsumexp),
  det: plain(adjoint.det),
  inverse: plain(adjoint.inverse),
  cholesky: () => (x) => adjoint.cholesky(mul(add(x, adjoint.matrixTranspose(x)), 0.5)),
  triangular_solve:
    ({ lower }) =>
    (a, b) =>
      adjoint.triangularSolve(a, b, { lower: lower === true }),
  matrix_power:
    ({ n }) =>
    (x) =>
      adjoint.matrixPower(x, n as number),
  kron: plain(adjoint.kron),
  cross: plain(adjoint.cross),
  cumprod: along(adjoint.cumprod),
  sort:
    ({ axis, descending }) =>
    (x) =>
      adjoint.sort(x, { axis: axis as number, descending: descending === true }),
  cummax: along(adjoint.cummax),
  logcumsumexp: along(adjoint.logcumsumexp),
  norm: ({ p, ...attrs }) =>
    reduction((x, options) => adjoint.norm(x, { ...options, p: numberOf(p as Spelled) }))(attrs, []),
  prod: reduction(adjoint.prod),
  reduce_min: reduction(adjoint.min),
  reduce_max: reduction(adjoint.max),
  matmul: plain(adjoint.matmul),
  linear: plain(adjoint.linear),
  gather_elements:
    ({ axis }) =>
    (x, indices) =>
      adjoint.takeAlongAxis(x, indices, { axis: axis as number }),
  scatter_add:
    ({ axis }) =>
    (x, indices, updates) =>
      adjoint.addAt(x, elementsAlong(indices, axis as number), updates),
  index_put:
    ({ accumulate }) =>
    (x, indices, values) =>
      (accumulate === true ? adjoint.addAt : adjoint.set)(x, [indices], values),
  scatter_nd_add: () => (x, indices, updates) => {
    const columns = adjoint.unstack(indices, { axis: -1 });
    return adjoint.addAt(x, columns, updates);
  },
  einsum:
    ({ equation }) =>
    (...x) =>
      adjoint.einsum(equation as string, ...x),
  trace: plain(adjoint.trace),
  batch_norm:
    ({ training, epsilon }) =>
    (x, scale, shift) => {
      expect(training, "the cases normalise by the batch's own statistics").toBe(true);
      return adjoint.batchNorm(x, scale, shift, { axis: 1, epsilon: epsilon as number });
    },
  conv2d: (attrs) => convolved(adjoint.conv2d, "NCHW", attrs),
  conv3d: (attrs) => convolved(adjoint.conv3d, "NCDHW", attrs),
  conv_transpose2d: ({ output_padding, ...attrs }) =>
    convolved(
      (x, kernel, bias, options) =>
        adjoint.convTranspose2d(x, kernel, bias, {
          ...(options as adjoint.ConvTransposeOptions),
          outputPadding: (output_padding ?? 0) as number,
        }),
      "NCHW",
      attrs,
    ),
  max_pool2d: pooled(adjoint.maxPool, "NCHW"),
  max_pool1d: pooled(adjoint.maxPool1d, "NCW"),
  global_avg_pool: () => (x) => adjoint.globalAvgPool(x, { layout: "NCHW", keepDims: true }),
  resize_bilinear:
    ({ size, align_corners }) =>
    (x) =>
      adjoint.resizeBilinear(x, size as number[], { alignCorners: align_corners === true, layout: "NCHW" }),
  im2col: pooled(adjoint.im2col, "NCHW"),
  cross_entropy:
    ({ reduction }) =>
    (x, labels) =>
      adjoint.crossEntropy(x, labels, { axis: 1, reduction: reduction as adjoint.LossOptions["reduction"] }),
  reshape:
    ({ shape }) =>
    (x) =>
      adjoint.reshape(x, shape as number[]),
  concat:
    ({ axis, operands }) =>
    (...x) =>
      concat(Array.isArray(operands) ? operands.map((name: string) => x[Number(name.slice(1))]) : x, {
        axis: axis as number,
      }),
  stack:
    ({ axis }) =>
    (...x) =>
      adjoint.stack(x, { axis: axis as number }),
  split:
    ({ axis, sizes, use }) =>
    (x) => {
      const pieces = adjoint.split(x, sizes as number[], { axis: axis as number });
      return Array.isArray(use) ? use.map((i: number) => pieces[i]) : pieces;
    },
  pad: ({ mode, pads, value }) => {
    const [low, high] = [0, 1].map((side) => (pads as [number, number][]).map((pair) => pair[side]));
    if (mode === "constant") return (x) => adjoint.pad(x, { low, high, value: value as number });
    const modes: Readonly<Record<string, adjoint.PadOptions["mode"]>> = { replicate: "edge", circular: "wrap" };
    return (x) => adjoint.pad(x, { low, high, mode: modes[mode as string] ?? (mode as adjoint.PadOptions["mode"]) });
  },
  flip:
    ({ axes }) =>
    (x) =>
      adjoint.flip(x, { axes: axes as number[] }),
  program: ({ body }) => programs[body as string],
};

/** What the reference knows with fewer digits: its derivative of celu has 1 / alpha in f32. */
const rounded: ReadonlyMap<string, number> = new Map([["celu", 5e-8]]);

const cases: readonly Case[] = JSON.parse(referenceText("gradients/grad_cases.json"));

function numberOf(x: Spelled): number {
  return typeof x === "string" ? Number(x.replace("inf", "Infinity").replace("nan", "NaN")) : x;
}

function typed(elements: readonly Spelled[], dtype: string): Float64Array | Float32Array | Int32Array {
  const list = elements.map(numberOf);
  return dtype === "f64" ? Float64Array.from(list) : dtype === "f32" ? Float32Array.from(list) : Int32Array.from(list);
}

/** A case whose op or program has no row fails. */
function functionOf({ op, attrs, inputs }: Case): Function {
  const ranks = inputs.map((x) => x.shape.length);
  const f = Object.hasOwn(table, op) ? table[op](attrs, ranks) : undefined;
  return f ?? expect.fail(`no row for op ${op} ${JSON.stringify(attrs)}`);
}

function near(what: string, got: readonly number[], expected: readonly Spelled[], tolerance: number): void {
  expect(got.length, what).toBe(expected.length);
  for (const [i, spelled] of expected.entries()) {
    const e = numberOf(spelled);
    const isNear = Object.is(got[i], e) || Math.abs(got[i] - e) <= tolerance * Math.abs(e) + 1e-12;
    expect(isNear, `${what}, element ${i}: ${got[i]}, expected ${e}`).toBe(true);
  }
}

/** Outputs, gradients and Hessian-vector product as one function of the inputs. */
function checked(c: Case, f: Function): void {
  const results = (x: readonly Tensor[]): readonly Tensor[] => [f(...x)].flat() as readonly Tensor[];
  const constantOf = (data: readonly Spelled[], like: Elements): Tensor =>
    tensor(typed(data, like.dtype), { shape: [...like.shape] });
  const wrt = c.inputs.flatMap(({ diff }, i) => (diff ? [i] : []));
  const inner = (x: Tensor, y: Tensor): Tensor => sum(mul(x, y));
  const objective = (...x: Tensor[]): Tensor =>
    results(x)
      .map((y, i) => inner(y, constantOf(c.cotangents[i], c.outputs[i])))
      .reduce(add);
  const gradients = (...x: Tensor[]): readonly Tensor[] => grad(objective, { wrt })(...x) as readonly Tensor[];
  const along = (...x: Tensor[]): Tensor =>
    gradients(...x)
      .map((g, k) => inner(g, constantOf(c.second?.vector[k] ?? [], c.inputs[wrt[k]])))
      .reduce(add);
  const whole = (...x: Tensor[]) => [
    ...results(x),
    ...gradients(...x),
    ...(c.second === undefined ? [] : (grad(along, { wrt })(...x) as readonly Tensor[])),
  ];
  const types = c.inputs.map(({ dtype, shape }) => `${dtype === "i64" ? "i32" : dtype}[${shape.join(", ")}]`);
  const expected = [
    ...c.outputs.map(({ data }) => data),
    ...wrt.map((i) => c.grads[i] ?? []),
    ...wrt.flatMap((i) => (c.second === undefined ? [] : [c.second.hvp[i] ?? []])),
  ];
  const tolerance = c.inputs.some(({ dtype }) => dtype === "f32") ? 2e-4 : (rounded.get(c.op) ?? 1e-9);
  for (const backend of ["js", "interpret", "wasm"] as const) {
    const made = compile(whole as Function, types, { backend });
    // nothing else took its place
    expect(made.backend).toBe(backend);
    const compiled = untyped(made);
    const got = compiled(...c.inputs.map(({ data, dtype }) => typed(data, dtype))) as (Tensor | number)[];
    for (const [i, e] of expected.entries()) {
      const result = got[i];
      const elements = typeof result === "number" ? [result] : [...result.data()];
      near(`${backend}: result ${i} of ${c.id}`, elements, e, tolerance);
    }
  }
}

describe("gradients agree with references from outside", () => {
  for (const c of cases) {
    it(`${c.id} ${JSON.stringify(c.attrs)}`, () => checked(c, functionOf(c)));
  }

  it("no op of the table goes unused", () => {
    const names = new Set(cases.map(({ op }) => op));
    const variants = ["reduce_max", "flip"];
    expect(Object.keys(table).filter((op) => !names.has(op) && !variants.includes(op))).toEqual([]);
  });
});
