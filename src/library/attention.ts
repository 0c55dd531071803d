// Attention: each query takes a mean of values, weighted by how well their keys fit it.

import { apply, axisOf, composite, type Operand, type Tensor } from "../frontend/index.ts";
import { fail, requireOptions, shapeOf, tensorType } from "../ir/index.ts";
import * as ops from "../ops/index.ts";
import {
  add,
  cast,
  dim,
  div,
  equal,
  exp,
  isInf,
  logicalAnd,
  max,
  mul,
  rsqrt,
  stopGradient,
  sub,
  sum,
  where,
} from "./array/index.ts";
import { einsum } from "./einsum.ts";
import { rankOf, requireFloat, requireTensor } from "./shapes.ts";

export interface AttentionOptions {
  /** Of bools: who may be looked at; of floats: added to the scores. Broadcasts to [..., queries, keys]. */
  readonly mask?: Tensor;
  /** Whether query i sees the keys up to i only; false where left out. */
  readonly causal?: boolean;
  /** The factor of the scores; 1 / √(extent of a key) where left out. */
  readonly scale?: number;
}

/**
 * softmax(queries · keysᵀ · scale) · values over the last two axes; those before broadcast (Vaswani et al. 2017; torch
 * `scaled_dot_product_attention`). A query that may look at nothing gives 0.
 *
 * @throws AdjointError `shape` where queries [..., L, E], keys [..., S, E], values [..., S, V] do not fit, `dtype`.
 * @example attention(tensor([[1]]), tensor([[2]]), tensor([[3]])) // [[3]]
 */
export const attention = composite(
  "attention",
  (queries: Tensor, keys: Tensor, values: Tensor, options: AttentionOptions = {}): Tensor => {
    requireOptions("attention", options, ["causal", "mask", "scale"]);
    requireFloat(queries, "attention");
    if (options.mask !== undefined) requireTensor(options.mask, "attention: option 'mask'");
    for (const t of [queries, keys, values]) {
      const rank = rankOf(t, "attention");
      if (rank < 2) fail("shape", `attention: got a tensor of rank ${rank}, expected 2 or more`);
    }
    const scaled = mul(queries, options.scale ?? defaultScale(keys));
    const scores = einsum("...qe,...ke->...qk", scaled, keys);
    const weights = weightsOf(masked(scores, options));
    return einsum("...qk,...kv->...qv", weights, values);
  },
);

function defaultScale(keys: Tensor): Operand {
  const extent = shapeOf(keys)[axisOf(-1, keys.rank)];
  if (typeof extent === "number") return 1 / Math.sqrt(extent);
  const scale = rsqrt(cast(dim(keys, -1), "f64"));
  return keys.dtype === "f64" ? scale : cast(scale, keys.dtype);
}

function masked(scores: Tensor, { mask, causal = false }: AttentionOptions): Tensor {
  const added = mask === undefined || mask.dtype === "bool" ? scores : add(scores, mask);
  const allowed = mask?.dtype === "bool" ? mask : null;
  if (!causal) return allowed === null ? added : where(allowed, added, -Infinity);
  const past = pastOf(scores);
  return where(allowed === null ? past : logicalAnd(past, allowed), added, -Infinity);
}

/** Whether the key stands at the query's place or before. */
function pastOf(scores: Tensor): Tensor {
  return apply(pastOf, [scores], (v) => {
    const type = tensorType("i32", shapeOf(v).slice(-2));
    return [ops.compare(ops.iota(type, 1), ops.iota(type, 0), "le")];
  })[0];
}

/** softmax over the last axis, and 0 where every score is -∞. */
function weightsOf(scores: Tensor): Tensor {
  const over = { axes: -1, keepDims: true };
  const largest = stopGradient(max(scores, over));
  const e = exp(sub(scores, where(isInf(largest), 0, largest)));
  const total = sum(e, over);
  return div(e, where(equal(total, 0), 1, total));
}
