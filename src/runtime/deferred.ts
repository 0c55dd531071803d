// Arrays whose elements are elsewhere, until something asks for them.

import type { DType, NdArray, TypedArray } from "../ir/index.ts";

export abstract class DeferredArray implements NdArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The elements, which come when they are asked for. */
  declare readonly data: TypedArray;
  #elements: TypedArray | null = null;

  constructor(dtype: DType, shape: readonly number[]) {
    this.dtype = dtype;
    this.shape = shape;
    // a property of its own, as other arrays have it: structuredClone and spreading take it along
    Object.defineProperty(this, "data", dataProperty);
  }

  /** Whether nobody has asked for the elements. */
  get isPending(): boolean {
    return this.#elements === null;
  }

  /** The elements, fetched at the first call. */
  elements(): TypedArray {
    return (this.#elements ??= this.fetch());
  }

  /** A copy of the elements from where they are; what it throws leaves them there. */
  protected abstract fetch(): TypedArray;
}

const dataProperty: PropertyDescriptor = {
  enumerable: true,
  configurable: true,
  get(this: DeferredArray) {
    return this.elements();
  },
};
