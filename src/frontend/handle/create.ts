// tensor: a concrete tensor from users' data.

import { type DType, requireOptions } from "../../ir/index.ts";
import { atBoundary, named } from "./boundary.ts";
import { arrayOf, type Data, requireDTypeName } from "./data.ts";
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
 * A concrete tensor. Numbers are f64, typed arrays keep their dtype; the data is copied.
 * @throws AdjointError for ragged arrays (`shape`), what is no number (`dtype`) or not a value of the dtype (`literal`).
 * @example tensor([[1, 2], [3, 4]], { dtype: "f32" })
 */
export function tensor(data: Data, options: TensorOptions = {}): Tensor {
  return atBoundary(named("tensor", tensor), () => {
    requireOptions("tensor", options, ["dtype", "shape", "requiresGrad"]);
    const { dtype, shape, requiresGrad = false } = options;
    const name: unknown = typeof dtype === "object" || typeof dtype === "function" ? dtype?.name : dtype;
    const made = new Tensor(arrayOf(data, "the data", name === undefined ? undefined : requireDTypeName(name), shape));
    if (requiresGrad) requireGrad(made);
    return made;
  });
}
