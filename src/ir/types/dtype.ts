// The element types: one row each, with storage, rounding and range.

export type DType = "f64" | "f32" | "i32" | "u32" | "u8" | "bool" | "index";
export type TypedArray = Float64Array | Float32Array | Int32Array | Uint32Array | Uint8Array;
type TypedArrayConstructor =
  | Float64ArrayConstructor
  | Float32ArrayConstructor
  | Int32ArrayConstructor
  | Uint32ArrayConstructor
  | Uint8ArrayConstructor;

export interface DTypeInfo {
  readonly kind: "float" | "integer" | "bool" | "index";
  /** Bytes per element. */
  readonly bytes: number;
  readonly array: TypedArrayConstructor;
  /** The nearest value of this dtype, as an operation rounds its result: `fround`, ToInt32, … */
  readonly round: (x: number) => number;
  readonly min: number;
  readonly max: number;
}

const same = (x: number): number => x;

/** `index` is a signed integer below 2^53 in size: sizes, loop counters and subscripts. `bool` is stored as 0 or 1. */
export const dtypes: Readonly<Record<DType, DTypeInfo>> = {
  f64: row("float", Float64Array, same, -Number.MAX_VALUE, Number.MAX_VALUE),
  f32: row("float", Float32Array, Math.fround, -3.4028234663852886e38, 3.4028234663852886e38),
  i32: row("integer", Int32Array, (x) => x | 0, -(2 ** 31), 2 ** 31 - 1),
  u32: row("integer", Uint32Array, (x) => x >>> 0, 0, 2 ** 32 - 1),
  u8: row("integer", Uint8Array, (x) => x & 255, 0, 255),
  bool: row("bool", Uint8Array, (x) => (x !== 0 && !Number.isNaN(x) ? 1 : 0), 0, 1),
  index: row("index", Float64Array, same, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
};

/** @__NO_SIDE_EFFECTS__ */
function row(
  kind: DTypeInfo["kind"],
  array: TypedArrayConstructor,
  round: (x: number) => number,
  min: number,
  max: number,
): DTypeInfo {
  return Object.freeze({ kind, bytes: array.BYTES_PER_ELEMENT, array, round, min, max });
}

export const dtypeNames = Object.keys(dtypes) as readonly DType[];

export function isDType(name: string): name is DType {
  return Object.hasOwn(dtypes, name);
}

export type FloatDType = "f32" | "f64";

export function isFloat(dtype: DType): dtype is FloatDType {
  return dtypes[dtype].kind === "float";
}

export function isInteger(dtype: DType): boolean {
  return dtypes[dtype].kind === "integer";
}

/** Whether `x` is exactly a value of `dtype` (any float rounds, so floats always take it; NaN and ±Infinity are floats). */
export function isRepresentable(x: number, dtype: DType): boolean {
  if (isFloat(dtype)) return true;
  return Number.isInteger(x) && !Object.is(x, -0) && x >= dtypes[dtype].min && x <= dtypes[dtype].max;
}

/** Whether something is a number without a fraction that a double holds exactly, as its neighbours are. */
export function isSafeInteger(x: unknown): x is number {
  return Number.isSafeInteger(x);
}
