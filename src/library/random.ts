// Random tensors. A key says all: the same key gives the same elements, on every backend and in every order of calls, so
// draws that are to differ take different keys, from splitKey.

import {
  apply,
  applyLooping,
  asUser,
  axisOr,
  describe,
  named,
  type Operand,
  type Size,
  Tensor,
  u32,
} from "../frontend/index.ts";
import {
  type Dim,
  dtypes,
  fail,
  printShape,
  printType,
  requireOptions,
  sameDim,
  shapeOf,
  tensorType,
} from "../ir/index.ts";
import * as ops from "../ops/index.ts";
import {
  add,
  argMax,
  bitwiseRightShift,
  cast,
  cos,
  less,
  log,
  maximum,
  mul,
  neg,
  sqrt,
  sub,
  take,
  where,
} from "./array/index.ts";
import {
  type DTypeOptions,
  dtypeOf,
  extents,
  rankOf,
  requireFloat,
  requireInteger,
  requireSize,
  type Shape,
} from "./shapes.ts";

/**
 * The key of a seed, an integer from 0 to 2^53: u32[2].
 *
 * @throws AdjointError `argument` for anything else.
 * @example key(7)
 */
export function key(seed: number): Tensor {
  return asUser(named("key", key), () => {
    if (!Number.isSafeInteger(seed) || seed < 0)
      fail("argument", `key: the seed is ${describe(seed)}, expected an integer from 0`);
    return u32([Math.floor(seed / 2 ** 32), seed % 2 ** 32]);
  });
}

/**
 * n keys from one: u32[n, 2], each as good as a new one; the key itself is not to be used again.
 *
 * @throws AdjointError `argument` where n is no integer from 0, `shape` or `dtype` where the key is none.
 * @example const [forWeights, forDropout] = [0, 1].map((i) => splitKey(key(7), 2).at(i))
 */
export function splitKey(of: Tensor, n: Size = 2): Tensor {
  return asUser(named("splitKey", splitKey), () => {
    requireKey(of, "splitKey");
    return apply(splitKey, [of], (v) => [ops.splitKeys(v, requireSize(n, "splitKey: n"))])[0];
  }, [n]);
}

function requireKey(of: unknown, where: string): asserts of is Tensor {
  const hint = "make one: key(7)";
  if (!(of instanceof Tensor)) fail("argument", `${where}: the first argument is no key`, { hint });
  if (printType(of.type) !== "u32[2]")
    fail("argument", `${where}: the key has type ${printType(of.type)}, expected u32[2]`, { hint });
}

export interface RandomOptions extends DTypeOptions {}

export interface UniformOptions extends RandomOptions {
  /** Where the range begins; 0 where left out. */
  readonly low?: number;
  /** Where it ends, itself left out; 1 where left out. */
  readonly high?: number;
}

function floatOf(options: RandomOptions, name: string): "f32" | "f64" {
  const dtype = dtypeOf({ dtype: options.dtype }, name, "f64");
  return dtype === "f32" || dtype === "f64" ? dtype : fail("dtype", `${name}: dtype is ${dtype}, expected f32 or f64`);
}

/** Numbers from 0 to below 1, each multiple of 2^-24 (f32) or 2^-53 (f64) as likely as the others. */
function unit(of: Tensor, dims: readonly Dim[], dtype: "f32" | "f64"): Tensor {
  const words = (word: ops.RngWord): Tensor => apply(unit, [of], (v) => [ops.rngBits(v, dims, word)])[0];
  if (dtype === "f32") return mul(cast(bitwiseRightShift(words("both"), 8), "f32"), 2 ** -24);
  const high = mul(cast(bitwiseRightShift(words("first"), 5), "f64"), 2 ** 26);
  return mul(add(high, cast(bitwiseRightShift(words("second"), 6), "f64")), 2 ** -53);
}

/**
 * u32 words, all as likely: what the other distributions are made of.
 *
 * @throws AdjointError `argument` where the first argument is no key.
 * @example rngBits(key(7), [4])
 */
export function rngBits(of: Tensor, shape: Shape): Tensor {
  return asUser(
    named("rngBits", rngBits),
    () => {
      requireKey(of, "rngBits");
      const dims = extents(shape, "rngBits");
      return apply(rngBits, [of], (v) => [ops.rngBits(v, dims)])[0];
    },
    shape,
  );
}

/**
 * Numbers from `low` to below `high`, all as likely.
 *
 * @throws AdjointError `argument` where the first argument is no key, `option` where the range is empty or not finite in
 * the dtype, `dtype` for one that is no float.
 * @example uniform(key(7), [2, 3], { low: -1 })
 */
export function uniform(of: Tensor, shape: Shape, options: UniformOptions = {}): Tensor {
  return asUser(
    named("uniform", uniform),
    () => {
      requireOptions("uniform", options, ["dtype", "low", "high"]);
      requireKey(of, "uniform");
      const dtype = floatOf(options, "uniform");
      const x = unit(of, extents(shape, "uniform"), dtype);
      const { low = 0, high = 1 } = options;
      if (low === 0 && high === 1) return x;
      const { round } = dtypes[dtype];
      if (!(round(low) < round(high)) || !Number.isFinite(round(high - low)))
        fail("option", `uniform: low is ${low} and high ${high}, expected a finite range of ${dtype}, low below high`);
      // rounding may reach the end of the range
      return apply(uniform, [add(mul(x, high - low), low)], (v) => {
        const [end, down] = [high, -Infinity].map((c) => ops.constantLike(c, v));
        return [ops.minimum(v, ops.nextafter(end, down))];
      })[0];
    },
    shape,
  );
}

/**
 * Numbers of the standard normal distribution, by the method of G. E. P. Box and M. E. Muller (1958): √(-2 ln u) cos 2πv.
 *
 * @throws AdjointError `argument` where the first argument is no key, `dtype` for one that is no float.
 * @example normal(key(7), [2, 3])
 */
export function normal(of: Tensor, shape: Shape, options: RandomOptions = {}): Tensor {
  return asUser(
    named("normal", normal),
    () => {
      requireOptions("normal", options, ["dtype"]);
      requireKey(of, "normal");
      const dims = extents(shape, "normal");
      const dtype = floatOf(options, "normal");
      const keys = splitKey(of, 2);
      const [u, v] = [0, 1].map((i) => unit(keys.at(i), dims, dtype));
      // 1 - u is never 0
      return mul(sqrt(mul(log(sub(1, u)), -2)), cos(mul(v, 2 * Math.PI)));
    },
    shape,
  );
}

/**
 * true with probability p, a number or a tensor of the shape.
 *
 * @throws AdjointError `argument` where the first argument is no key.
 * @example bernoulli(key(7), 0.3, [5])
 */
export function bernoulli(of: Tensor, p: Operand, shape: Shape): Tensor {
  return asUser(
    named("bernoulli", bernoulli),
    () => {
      requireKey(of, "bernoulli");
      const dtype = p instanceof Tensor && p.dtype === "f32" ? "f32" : "f64";
      return less(unit(of, extents(shape, "bernoulli"), dtype), p);
    },
    shape,
  );
}

/**
 * i32 integers from `low` to below `high`, all nearly as likely (to 2^-53).
 *
 * @throws AdjointError `argument` where the range is empty or leaves i32.
 * @example randomIntegers(key(7), [10], { high: 6 })
 */
export function randomIntegers(
  of: Tensor,
  shape: Shape,
  options: { readonly low?: number; readonly high: number },
): Tensor {
  return asUser(
    named("randomIntegers", randomIntegers),
    () => {
      requireOptions("randomIntegers", options, ["low", "high"]);
      requireKey(of, "randomIntegers");
      const low = requireInteger(options.low ?? 0, "randomIntegers: low");
      const high = requireInteger(options.high, "randomIntegers: high", low + 1);
      const { min, max } = dtypes.i32;
      if (low < min || high > max + 1)
        fail("argument", `randomIntegers: the range from ${low} to ${high} leaves i32, expected ${min} to ${max + 1}`);
      return add(cast(mul(unit(of, extents(shape, "randomIntegers"), "f64"), high - low), "i32"), low);
    },
    shape,
  );
}

export interface CategoricalOptions {
  /** The axis of the logits that the categories lie along; the last where left out. */
  readonly axis?: number;
  /** The shape of the result, which ends with that of the logits without the axis; that alone where left out. */
  readonly shape?: Shape;
}

/**
 * i32 categories, each as likely as softmax of the logits says: the largest of logits and noise of Gumbel's distribution
 * (C. J. Maddison, D. Tarlow, T. Minka 2014; JAX `categorical`). A logit of -∞ is never drawn, unless all are.
 *
 * @throws AdjointError `argument` where the first argument is no key, `dtype` for logits that are no floats, `axis`,
 *   `shape` where the shape does not end with that of the logits.
 * @example categorical(key(7), tensor([0, 1, -Infinity]), { shape: [5] })
 */
export function categorical(of: Tensor, logits: Tensor, options: CategoricalOptions = {}): Tensor {
  return asUser(
    named("categorical", categorical),
    () => {
      requireOptions("categorical", options, ["axis", "shape"]);
      requireKey(of, "categorical");
      requireFloat(logits, "categorical");
      const rank = rankOf(logits, "categorical");
      const axis = axisOr(options.axis, -1, rank);
      const dtype = logits.dtype === "f32" ? "f32" : "f64";
      const own = shapeOf(logits);
      const rest = own.filter((_, a) => a !== axis);
      const asked = options.shape === undefined ? rest : extents(options.shape, "categorical");
      const more = asked.length - rest.length;
      if (more < 0 || rest.some((d, i) => !sameDim(d, asked[more + i])))
        fail(
          "shape",
          `categorical: the shape is ${printShape(asked)}, expected one that ends with ${printShape(rest)}`,
        );
      // a draw of 0 would have noise of -∞
      const drawn = unit(of, [...asked.slice(0, more), ...own], dtype);
      const noise = neg(log(neg(log(maximum(drawn, dtype === "f32" ? 2 ** -25 : 2 ** -54)))));
      return argMax(add(noise, logits), { axis: more + axis });
    },
    options?.shape,
  );
}

/**
 * The numbers 0 to n - 1 in random order, as i32; of a tensor, its slices along an axis in random order. All orders are
 * as likely (JAX `permutation`).
 *
 * @throws AdjointError `argument` where the first argument is no key, `shape` for an n below 0, `axis` for a scalar.
 * @example permutation(key(7), 5)  permutation(key(7), x, { axis: 1 })
 */
export function permutation(of: Tensor, x: Size | Tensor, options: { readonly axis?: number } = {}): Tensor {
  return asUser(named("permutation", permutation), () => {
    requireOptions("permutation", options, ["axis"]);
    requireKey(of, "permutation");
    const axis = x instanceof Tensor ? axisOr(options.axis, 0, rankOf(x, "permutation")) : 0;
    const n = x instanceof Tensor ? shapeOf(x)[axis] : requireSize(x, "permutation: n");
    const order = applyLooping(permutation, [unit(of, [n], "f64")], (v) => {
      const places = ops.iota(tensorType("i32", [n]));
      return [ops.sort([v, places], { axis: 0 })[1]];
    })[0];
    return x instanceof Tensor ? take(x, order, { axis }) : order;
  }, [x]);
}

export interface DropoutOptions {
  /** The probability that an element becomes 0; 0.5 where left out. */
  readonly rate?: number;
}

/**
 * Each element 0 with probability `rate`, the others divided by 1 - rate, so that the mean stays.
 *
 * @throws AdjointError `argument` where the key is none, `option` for a rate outside of [0, 1], `dtype` for integers.
 * @example dropout(x, key(7), { rate: 0.1 })
 */
export function dropout(x: Tensor, of: Tensor, options: DropoutOptions = {}): Tensor {
  return asUser(named("dropout", dropout), () => {
    requireOptions("dropout", options, ["rate"]);
    requireFloat(x, "dropout");
    requireKey(of, "dropout");
    const { rate = 0.5 } = options;
    if (!(rate >= 0 && rate <= 1)) fail("option", `dropout: rate is ${rate}, expected a number from 0 to 1`);
    const kept = apply(dropout, [x, of], (v, k) => [ops.rngBits(k, shapeOf(v, "dropout"))])[0];
    const isKept = less(cast(kept, "f64"), (1 - rate) * 2 ** 32);
    // of rate 1 nothing is kept, and there is no scale
    return where(isKept, rate === 1 ? x : mul(x, 1 / (1 - rate)), 0);
  });
}
