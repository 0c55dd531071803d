// A result that is still in the heap.

import type { DType, TypedArray } from "../../ir/index.ts";
import { allocateChecked, DeferredArray } from "../../runtime/index.ts";
import type { Heap } from "./heap.ts";

export class HeapArray extends DeferredArray {
  readonly #heap: Heap;
  readonly #at: number;

  constructor(dtype: DType, shape: readonly number[], heap: Heap, at: number) {
    super(dtype, shape);
    this.#heap = heap;
    this.#at = at;
  }

  protected override fetch(): TypedArray {
    const array = allocateChecked(this.dtype, this.shape, "a result that leaves the memory of WebAssembly");
    this.#heap.read(this.#at, array);
    return array.data;
  }
}
