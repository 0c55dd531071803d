// tensor: a concrete tensor from users' data, and one that gradients are gathered in.

import {
  atBoundary,
  copiedArray,
  type Data,
  named,
  requireGrad,
  Tensor,
  type TensorOptions,
  tensorOf,
} from "../frontend/index.ts";
import { requireOptions } from "../ir/index.ts";
import { bringTensors } from "../parts/index.ts";
import { bringBackward } from "./eager.ts";

/**
 * A concrete tensor. Numbers are f64, typed arrays and tensors keep their dtype; the data is copied, and a tensor's history is
 * not. What structuredClone and postMessage made of a tensor becomes one again.
 * @throws AdjointError for ragged arrays (`shape`), what is no number (`dtype`) or not a value of the dtype (`literal`).
 * @example tensor([[1, 2], [3, 4]], { dtype: "f32" })
 */
export function tensor(data: Data | Tensor, options?: TensorOptions): Tensor {
  bringTensors();
  const copied = options === undefined ? copiedArray(data) : null;
  return copied !== null ? new Tensor(copied) : atBoundary(named("tensor", tensor), () => made(data, options));
}

function made(data: Data | Tensor, options: TensorOptions = {}): Tensor {
  requireOptions("tensor", options, ["dtype", "shape", "requiresGrad"]);
  const result = tensorOf(data, options);
  if (options.requiresGrad === true) {
    bringBackward();
    requireGrad(result);
  }
  return result;
}
