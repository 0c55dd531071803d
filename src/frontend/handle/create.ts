// tensor: a concrete tensor from users' data.

import { type DType, fail, isDType, type NdArray, requireOptions } from "../../ir/index.ts";
import { bringTensors } from "../../parts/index.ts";
import { atBoundary, named } from "./boundary.ts";
import { arrayOf, copiedArray, type Data, requireDTypeName } from "./data.ts";
import { requireGrad } from "./history.ts";
import { Tensor } from "./tensor.ts";

export interface TensorOptions {
  /** Another dtype than the data's own. */
  readonly dtype?: DType | { readonly name: DType };
  /** The extents, where the data is flat. */
  readonly shape?: readonly number[];
  /** Whether what is computed from it can be differentiated with respect to it, by `backward`. */
  readonly requiresGrad?: boolean;
}

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

function made(given: Data | Tensor, options: TensorOptions = {}): Tensor {
  requireOptions("tensor", options, ["dtype", "shape", "requiresGrad"]);
  const own = elementsOf(given);
  const { dtype = own?.dtype, shape = own?.shape, requiresGrad = false } = options;
  const name: unknown = typeof dtype === "object" || typeof dtype === "function" ? dtype?.name : dtype;
  const data = own?.data ?? (given as Data);
  const result = new Tensor(arrayOf(data, "the data", name === undefined ? undefined : requireDTypeName(name), shape));
  if (requiresGrad) requireGrad(result);
  return result;
}

/** The elements of a tensor, or of what a clone of one carries; null for other data. */
function elementsOf(data: unknown): NdArray | null {
  if (data instanceof Tensor) return data.array("tensor");
  if (typeof data !== "object" || data === null || Array.isArray(data) || !Object.hasOwn(data, "elements")) return null;
  const { elements } = data as { readonly elements: unknown };
  const { dtype, shape, data: own } = (typeof elements === "object" && elements !== null ? elements : {}) as NdArray;
  if (!ArrayBuffer.isView(own) || !Array.isArray(shape) || !isDType(dtype))
    fail("argument", "the data is an object with elements that are none of a tensor", {
      hint: "pass what structuredClone made of one",
    });
  return { dtype, shape, data: own };
}
