// A concrete tensor from users' data.

import { type DType, fail, isDType, type NdArray } from "../../ir/index.ts";
import { bringTensors } from "../../parts/index.ts";
import { arrayOf, type Data, requireDTypeName } from "./data.ts";
import { Tensor } from "./tensor.ts";

export interface TensorOptions {
  /** Another dtype than the data's own. */
  readonly dtype?: DType | { readonly name: DType };
  /** The extents, where the data is flat. */
  readonly shape?: readonly number[];
  /** Whether what is computed from it can be differentiated with respect to it, by `backward`. */
  readonly requiresGrad?: boolean;
}

/** What options may say of a tensor but whether it requires a gradient, which whoever can give one adds. */
export type DataOptions = Pick<TensorOptions, "dtype" | "shape">;

/** A concrete tensor of data, which is copied. */
export function tensorOf(given: Data | Tensor, options: DataOptions = {}): Tensor {
  bringTensors();
  const own = elementsOf(given);
  const { dtype = own?.dtype, shape = own?.shape } = options;
  const name: unknown = typeof dtype === "object" || typeof dtype === "function" ? dtype?.name : dtype;
  const data = own?.data ?? (given as Data);
  return new Tensor(arrayOf(data, "the data", name === undefined ? undefined : requireDTypeName(name), shape));
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
