// The handle users hold: a value in a trace, or concrete elements. Immutable either way.

import {
  AdjointError,
  type BlockBuilder,
  type Dim,
  type DType,
  dimsOf,
  dtypes,
  elementDType,
  fail,
  isDType,
  isFloat,
  isRepresentable,
  type NdArray,
  printType,
  sizeOf,
  type Type,
  type TypedArray,
  tensorType,
  type Value,
} from "../ir/index.ts";

/** Nested arrays of numbers or booleans. */
export type Nested = number | boolean | readonly Nested[];
/** What a tensor can be made of. */
export type Data = Nested | TypedArray;

export interface TracedPart {
  readonly value: Value;
  readonly builder: BlockBuilder;
}

export class Tensor {
  /** Where it is in a trace; null for a concrete one. */
  readonly traced: TracedPart | null;
  readonly #array: NdArray | null;
  readonly type: Type;

  constructor(part: TracedPart | NdArray) {
    const isTraced = "builder" in part;
    this.traced = isTraced ? part : null;
    this.#array = isTraced ? null : part;
    this.type = isTraced ? part.value.type : tensorType(part.dtype, part.shape);
    Object.freeze(this);
  }

  /** The name of the elements' dtype. */
  get dtype(): DType {
    return elementDType(this.type) ?? "f64";
  }
  /** The extents; dimensions that are not known yet are shown by their symbols. */
  get shape(): readonly (number | string)[] {
    return dimsOf(this.type).map((d: Dim) => (typeof d === "number" ? d : d.key));
  }
  get rank(): number {
    return dimsOf(this.type).length;
  }
  /** The number of elements; an error where it is not known yet. */
  get size(): number {
    const known = this.shape.filter((d) => typeof d === "number");
    return known.length === this.rank ? sizeOf(known) : this.array("size").data.length;
  }

  /** The elements, row-major; an error in a trace, where there are none yet. */
  array(asked: string): NdArray {
    if (this.#array !== null) return this.#array;
    throw new AdjointError("primitive", `${asked} of a traced tensor ${printType(this.type)}: it has no elements yet`, {
      hint: "ask the compiled function's result, or use probe",
    });
  }

  /** The one element as a number or boolean. */
  item(): number | boolean {
    const { data, dtype } = this.array("item()");
    if (data.length !== 1)
      fail("shape", `item() of ${printType(this.type)}: it has ${data.length} elements, expected 1`);
    return dtype === "bool" ? data[0] !== 0 : data[0];
  }

  /** A copy of the elements, row-major. */
  data(): TypedArray {
    return this.array("data()").data.slice();
  }

  /** The elements as nested arrays. */
  toArray(): Nested {
    const { data, dtype, shape } = this.array("toArray()");
    const element = (i: number): number | boolean => (dtype === "bool" ? data[i] !== 0 : data[i]);
    const part = (axis: number, offset: number): Nested => {
      if (axis === shape.length) return element(offset);
      const step = sizeOf(shape.slice(axis + 1));
      return Array.from({ length: shape[axis] }, (_, i) => part(axis + 1, offset + i * step));
    };
    return part(0, 0);
  }

  toString(): string {
    return this.#array === null
      ? `Tensor(${printType(this.type)})`
      : `Tensor(${printType(this.type)}, ${JSON.stringify(this.toArray())})`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** Used where JavaScript wants a primitive: text is fine, arithmetic and comparison are not. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    throw new AdjointError(
      "primitive",
      `a tensor ${printType(this.type)} was used as a JavaScript ${hint === "number" ? "number" : "primitive"}`,
      {
        hint: "write mul(a, b) for a * b, add(a, b) for a + b, less(a, b) for a < b, where or cond to branch",
      },
    );
  }
}

/** A concrete tensor. Numbers are f64, typed arrays keep their dtype; the data is copied. */
export function tensor(
  data: Data,
  options: { readonly dtype?: DType | { readonly name: DType }; readonly shape?: readonly number[] } = {},
): Tensor {
  const asked =
    typeof options.dtype === "object" || typeof options.dtype === "function" ? options.dtype.name : options.dtype;
  return new Tensor(arrayOf(data, asked, options.shape));
}

function dtypeOfArray(data: ArrayBufferView): DType {
  const entries = Object.entries(dtypes) as [DType, (typeof dtypes)[DType]][];
  const found = entries.find(([, info]) => data instanceof info.array);
  if (found !== undefined) return found[0];
  return fail("dtype", `a ${data.constructor.name} has no dtype here`, {
    hint: "use Float64Array, Float32Array, Int32Array, Uint32Array or Uint8Array",
  });
}

/** Data as an array of its own, in the dtype asked for. */
export function arrayOf(data: Data, dtype?: DType, shape?: readonly number[]): NdArray {
  const found = ArrayBuffer.isView(data)
    ? { elements: data, shape: [data.length], dtype: dtypeOfArray(data) }
    : readNested(data);
  const target = dtype ?? found.dtype;
  if (!isDType(target) || target === "index")
    fail("dtype", `'${target}' is not a dtype`, { hint: "write f64, f32, i32, u32, u8 or bool" });
  const extents = shape ?? found.shape;
  const wrong = extents.find((n) => !Number.isSafeInteger(n) || n < 0);
  if (wrong !== undefined) fail("shape", `got the extent ${wrong}, expected an integer from 0`);
  if (sizeOf(extents) !== found.elements.length) {
    fail(
      "shape",
      `got ${found.elements.length} elements, expected ${sizeOf(extents)} for the shape [${extents.join(", ")}]`,
    );
  }
  const result = new dtypes[target].array(found.elements.length);
  for (let i = 0; i < result.length; i++) result[i] = converted(Number(found.elements[i]), target);
  return { dtype: target, shape: [...extents], data: result };
}

function converted(x: number, dtype: DType): number {
  if (isFloat(dtype) || isRepresentable(x, dtype)) return x;
  return fail("literal", `${Object.is(x, -0) ? "-0" : x} is not a value of ${dtype}`, {
    hint: "write a value it has, or cast",
  });
}

function readNested(data: Nested): { elements: readonly (number | boolean)[]; shape: readonly number[]; dtype: DType } {
  const shape: number[] = [];
  for (let at: Nested = data; Array.isArray(at); at = at[0]) {
    if (shape.length > 32) fail("shape", "nested arrays go deeper than 32");
    shape.push(at.length);
  }
  const elements: (number | boolean)[] = [];
  const read = (part: Nested, axis: number): void => {
    if (axis < shape.length) {
      if (!Array.isArray(part) || part.length !== shape[axis])
        fail("shape", `nested arrays are ragged on axis ${axis}`, {
          hint: `expected ${shape[axis]} elements everywhere`,
        });
      for (const inner of part as readonly Nested[]) read(inner, axis + 1);
    } else if (typeof part === "number" || typeof part === "boolean") elements.push(part);
    else fail("dtype", `got ${part === null ? "null" : typeof part}, expected numbers or booleans`);
  };
  read(data, 0);
  const isBool = elements.length > 0 && elements.every((x) => typeof x === "boolean");
  return { elements, shape, dtype: isBool ? "bool" : "f64" };
}
