// Concrete arrays: what the interpreter computes with, and the owned copies that constants hold.

import { assert } from "../diagnostics/errors.ts";
import { type DType, dtypes, isFloat, type TypedArray } from "../types/dtype.ts";

/** Row-major elements of one dtype; `bool` as 0 or 1. */
export interface NdArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** The name of the kind of an array by the engine's own tag, which those of subclasses and of another realm have, too. */
export function kindOfArray(data: object): unknown {
  return Reflect.get(data, Symbol.toStringTag);
}

export function isTypedArray(x: unknown, kind: string): x is TypedArray {
  return ArrayBuffer.isView(x) && kindOfArray(x) === kind;
}

export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

export function allocate(dtype: DType, shape: readonly number[]): NdArray {
  return { dtype, shape, data: new dtypes[dtype].array(sizeOf(shape)) };
}

/** Overwrites memory on whose contents nothing may depend with what would be noticed. */
export function fillGarbage({ dtype, data }: NdArray): void {
  if (isFloat(dtype) || dtype === "index") data.fill(Number.NaN);
  else if (dtype === "bool") for (let i = 0; i < data.length; i++) data[i] = (i % 2) ^ 1;
  else new Uint8Array(data.buffer, data.byteOffset, data.byteLength).fill(0xaa);
}

/** A rank-0 array. */
export function ndscalar(dtype: DType, value: number): NdArray {
  const data = new dtypes[dtype].array(1);
  data[0] = value;
  return { dtype, shape: [], data };
}

/** A list as the interpreter has it: its top element, and the list below. The empty one goes on with zeros for ever. */
export class NdList implements NdArray {
  static readonly empty = new NdList(null, null);

  readonly dtype = "u8";
  readonly shape = [];
  readonly data: Uint8Array = new Uint8Array(0);
  readonly top: NdArray | null;
  readonly rest: NdList | null;

  private constructor(top: NdArray | null, rest: NdList | null) {
    this.top = top;
    this.rest = rest;
  }

  push(value: NdArray): NdList {
    return new NdList(value, this);
  }
}

/** The elements of a constant: an owned copy that nobody can write to. */
export class Dense {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly #data: TypedArray;

  constructor(source: NdArray) {
    this.dtype = source.dtype;
    this.shape = Object.freeze([...source.shape]);
    this.#data = source.data.slice();
    assert(this.#data.length === sizeOf(this.shape), "a dense constant has as many elements as its shape says");
    Object.freeze(this);
  }

  get size(): number {
    return this.#data.length;
  }

  /** Element `i` in row-major order. */
  at(i: number): number {
    return this.#data[i];
  }

  /** A fresh copy of the elements. */
  toArray(): NdArray {
    return { dtype: this.dtype, shape: this.shape, data: this.#data.slice() };
  }

  /** The same bits, dtype and shape. */
  equals(other: Dense): boolean {
    if (this === other) return true;
    if (this.dtype !== other.dtype || this.shape.join() !== other.shape.join()) return false;
    return this.#data.every((x, i) => Object.is(x, other.at(i)));
  }
}
