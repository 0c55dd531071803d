// The handle users hold: a value in a trace, or concrete elements. Immutable either way.

import {
  atCaller,
  type BlockBuilder,
  counted,
  type Dim,
  type DType,
  elementDType,
  fail,
  formatOrigin,
  type Module,
  type NdArray,
  printType,
  productOf,
  rankedOf,
  shownAs,
  sizeOf,
  subjectOf,
  type Type,
  tensorType,
  type Value,
} from "../../ir/index.ts";
import type { Shape } from "../shapes/shape.ts";
import { atBoundary } from "./boundary.ts";
import type { Nested } from "./data.ts";
import { describe } from "./describe.ts";
import { type Countable, extentIn, noteGiven } from "./extent.ts";
import { elementsText } from "./tensor-text.ts";
import type { ArrayOfDType, DTypeKey, DTypeOf, ElementOfDType, Extents, ShapeKey } from "./typed.ts";

/** Where a tensor of a trace is in it: it has no elements yet. */
export interface TracedState {
  readonly value: Value;
  readonly builder: BlockBuilder;
  /** A number of JavaScript, or computed of such and literals alone: it takes the dtype of the tensor that it meets. */
  readonly isWeak?: boolean;
}

/** The methods of tensors: whoever installs some adds their types. */
// biome-ignore lint/suspicious/noEmptyInterface: others add to it
export interface TensorMethods {}

/** Which call in a trace made the tensor, or which argument it is, in words that follow it; nothing where that is not known. */
export function madeAt({ value, builder }: TracedState): string {
  if (builder.arguments.includes(value))
    return value.name === null ? " (an argument)" : ` (the argument '${value.name}')`;
  const operation = builder.operations.find(({ results }) => results.includes(value));
  if (operation === undefined || operation.origin === null) return "";
  return ` (made by ${subjectOf(operation)} at ${formatOrigin(operation.origin)})`;
}

/** Elements that are not in the memory of JavaScript, and come there when something asks for them. */
export interface DeferredState {
  readonly type: Type;
  toHost(): NdArray;
}

/** Where the elements of a tensor are: at hand, in a trace, or somewhere from where they can be had. */
export type Storage = NdArray | TracedState | DeferredState;

/** One function that ran on concrete tensors. */
export interface HistoryEntry {
  /** Grows with time, so an entry's inputs have smaller ones. */
  readonly order: number;
  readonly module: Module;
  readonly entry: string;
  readonly inputs: readonly Tensor[];
}

/** The entry that computed a tensor. */
export interface Provenance {
  readonly producer: HistoryEntry;
  /** The index of the tensor among its results. */
  readonly result: number;
}

/** A tensor that was made with requiresGrad, and the sum of the gradients of `backward` calls. */
export interface GradLeaf {
  grad: Tensor | null;
}

export type History = Provenance | GradLeaf;

/** The elements where they are at hand and no gradient flows through the tensor; null for all that is something else. */
export let plainArray: (x: unknown) => NdArray | null;

/** What the tensor was computed from, or the gradient that it gathers; null where no gradient flows through it. */
export let historyIn: (tensor: TensorHandle) => History | null;
export let setHistory: (tensor: TensorHandle, history: History) => void;

/** A traced tensor is not carried away: what clones it fails at this. */
const noElements = Symbol("a traced tensor, which has no elements yet,");

/** Elements that are not at hand, as they are carried: who clones this asks for them. */
class Carried {
  constructor(tensor: TensorHandle) {
    const own = (key: keyof NdArray): PropertyDescriptor => ({
      enumerable: true,
      get: () => tensor.array("structuredClone")[key],
    });
    Object.defineProperties(this, { dtype: own("dtype"), shape: own("shape"), data: own("data") });
  }
}

/** What a tensor is when it runs; in types it says nothing of its shape and dtype, for those say more. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: methods are installed by the library
export class TensorHandle {
  /** The one place that says where the elements are. `array` reads it for all who want elements, and may change it. */
  #storage: Storage;
  #type: Type | null = null;
  #history: History | null = null;
  /** What structuredClone and postMessage carry, and `tensor` makes a tensor of again: for others there is `data()`. */
  protected readonly elements: unknown;

  /** Made by functions of this package; users write `tensor(data)`. */
  constructor(storage: Storage) {
    if (typeof storage !== "object" || storage === null) refuseData();
    this.#storage = storage;
    if ("data" in storage) this.elements = storage;
    else if ("builder" in storage) this.elements = noElements;
    else this.elements = "toHost" in storage ? new Carried(this) : refuseData();
  }

  static {
    plainArray = (x) => {
      if (typeof x !== "object" || x === null || !(#storage in x) || x.#history !== null) return null;
      const storage = x.#storage;
      return "data" in storage ? storage : null;
    };
    historyIn = (tensor) => tensor.#history;
    setHistory = (tensor, history) => {
      tensor.#history = history;
    };
  }

  /** Messages say it, also where a bundler renames the class. */
  static readonly name: string = "Tensor";

  /** Proxies and look-alikes are no tensors: they have no elements of their own. */
  static [Symbol.hasInstance](x: unknown): x is TensorHandle {
    return typeof x === "object" && x !== null && #storage in x;
  }

  /** Where it is in a trace; null for a concrete one. */
  get traced(): TracedState | null {
    const storage = this.#storage;
    return "builder" in storage ? storage : null;
  }
  /** Its type in the IR. */
  get type(): Type {
    if (!(#storage in this)) fail("argument", `got ${describeStranger(this)}, expected a tensor`);
    this.#type ??= typeOfStorage(this.#storage);
    return this.#type;
  }
  /** The name of the elements' dtype. */
  // biome-ignore lint/suspicious/noExplicitAny: TypedTensor says what it is
  get dtype(): any {
    return elementDType(this.type) ?? "f64";
  }
  /**
   * The extents. Where one is not known while a function is traced, an `Extent` stands in its place: functions take it for a
   * size or an operand, and JavaScript cannot count with it.
   */
  // biome-ignore lint/suspicious/noExplicitAny: TypedTensor says what it is
  get shape(): any {
    const dims = extentsOf(this.type, "shape");
    noteGiven(dims);
    return dims.map((d) => asNumber(extentIn(d, this.traced)));
  }
  /** The number of axes. */
  get rank(): number {
    return extentsOf(this.type, "rank").length;
  }
  /** The number of elements; an `Extent`, as in `shape`, where it is not known yet. */
  get size(): number {
    const size = productOf(extentsOf(this.type, "size"));
    noteGiven([size]);
    return asNumber(extentIn(size, this.traced));
  }

  /** The elements, row-major; an error in a trace, where there are none yet. */
  array(asked: string): NdArray {
    const storage = this.#storage;
    if ("data" in storage) return storage;
    if ("toHost" in storage) {
      const array = storage.toHost();
      this.#storage = array;
      return array;
    }
    return fail(
      "primitive",
      `${asked}: a traced tensor ${printType(this.type)}${madeAt(storage)} has no elements yet`,
      {
        hint: "read them from what the compiled function returns, or look with probe",
      },
    );
  }

  /** The one element as a number or boolean. */
  // biome-ignore lint/suspicious/noExplicitAny: TypedTensor says what it is
  item(): any {
    return atBoundary(Tensor.prototype.item, () => {
      const { data, dtype } = this.array("item()");
      if (data.length !== 1)
        fail("shape", `item() of ${printType(this.type)}: it has ${counted(data.length, "element")}, expected 1`, {
          hint: "write toArray() or data() for all",
        });
      return dtype === "bool" ? data[0] !== 0 : data[0];
    });
  }

  /** A copy of the elements, row-major. */
  // biome-ignore lint/suspicious/noExplicitAny: TypedTensor says what it is
  data(): any {
    return atBoundary(Tensor.prototype.data, () => this.array("data()").data).slice();
  }

  /** The elements as nested arrays. */
  toArray(): Nested {
    const { dtype, shape } = this.type as { readonly dtype: DType; readonly shape: readonly number[] };
    const data = atBoundary(Tensor.prototype.toArray, () => this.array("toArray()").data);
    const element = (i: number): number | boolean => (dtype === "bool" ? data[i] !== 0 : data[i]);
    const part = (axis: number, offset: number): Nested => {
      if (axis === shape.length) return element(offset);
      const step = sizeOf(shape.slice(axis + 1));
      return Array.from({ length: shape[axis] }, (_, i) => part(axis + 1, offset + i * step));
    };
    return part(0, 0);
  }

  /** The dtype, the shape and, of a concrete one, the elements as text. */
  toString(): string {
    const what = `Tensor(${printType(this.type)}`;
    if (this.traced !== null) return `${what})`;
    const elements = atBoundary(Tensor.prototype.toString, () => elementsText(this.array("toString()"), 2));
    // below what it is, so that columns stay aligned whatever stands in front
    return elements.includes("\n") ? `${what},\n  ${elements})` : `${what}, ${elements})`;
  }

  [shownAs](): string {
    return this.toString();
  }

  /** A number that is known is one to JavaScript too; others have a text, and are refused in arithmetic and comparison. */
  [Symbol.toPrimitive](hint: string): string | number | boolean {
    if (this.#history === null && this.traced === null && extentsOf(this.type, "rank").length === 0) return this.item();
    if (hint === "string") return atBoundary(boundaryOf(Symbol.toPrimitive), () => this.toString());
    const how = `used as a JavaScript ${hint === "number" ? "number" : "primitive"}`;
    return misused(this, boundaryOf(Symbol.toPrimitive), how, operators[hint]);
  }

  /** No element is reached by iterating, spreading or destructuring. */
  [Symbol.iterator](): Iterator<never> {
    return misused(this, boundaryOf(Symbol.iterator), "iterated, spread or destructured", elements);
  }

  /** Refuses: JSON has no NaN, no infinities and no dtype. */
  toJSON(): never {
    const hint = "write JSON.stringify(x.toArray()), and keep its dtype beside it";
    return misused(this, Tensor.prototype.toJSON, "given to JSON.stringify", hint);
  }
}

declare const brand: unique symbol;

/** What tells tensors from all else in types, without a look at their methods. */
export interface TensorBrand {
  readonly [brand]: "tensor";
}

export interface TensorHandle extends TensorBrand, TensorMethods {}

/** A tensor in types. The keys are what is compared; `S` and `D`, what users write, are only carried. */
export interface TypedTensor<in out _Kind, in out SKey, in out DKey, _S, _D> extends TensorHandle {
  /** The name of the elements' dtype. */
  readonly dtype: DTypeOf<DKey>;
  /**
   * The extents. Where one is not known while a function is traced, an `Extent` stands in its place: functions take it for a
   * size or an operand, and JavaScript cannot count with it.
   */
  readonly shape: Extents<SKey>;
  /** The one element as a number or boolean. */
  item(): ElementOfDType<DKey>;
  /** A copy of the elements, row-major. */
  data(): ArrayOfDType<DKey>;
}

/**
 * A tensor: `Tensor<["B", 784], "f32">` has two axes, of a symbol and of 784, and `Tensor` alone may be any. It is the union
 * of the concrete and the traced ones, and as a union it keeps its name in what TypeScript prints.
 */
export type Tensor<S extends Shape = Shape, D extends DType = DType> =
  | TypedTensor<"concrete", ShapeKey<S>, DTypeKey<D>, S, D>
  | TypedTensor<"traced", ShapeKey<S>, DTypeKey<D>, S, D>;

interface TensorConstructor {
  /** Made by functions of this package; users write `tensor(data)`. */
  new (storage: Storage): Tensor;
  readonly prototype: TensorHandle;
  readonly name: string;
  [Symbol.hasInstance](x: unknown): x is Tensor;
}

export const Tensor: TensorConstructor = TensorHandle;

/** What the user called: the method of this name, or the getter. */
function boundaryOf(key: "shape" | "rank" | "size" | symbol): (...args: never[]) => unknown {
  const { get, value } = Object.getOwnPropertyDescriptor(Tensor.prototype, key) ?? {};
  return get ?? value;
}

/**
 * What users' code is written for: a number. An extent that is none yet throws where it is used as one, or lets jit know
 * that it was given.
 */
function asNumber(extent: Countable): number {
  return extent as number;
}

/** The extents of a tensor as sizes, for functions of ours, which go the same way whether they are known or not. */
export function sizesOf(tensor: Tensor, where?: string): readonly Countable[] {
  return rankedOf(tensor.type, where).shape.map((d) => extentIn(d, tensor.traced));
}

/** The extents; an error of the user's line where the rank is not known, since none of the three has an answer then. */
function extentsOf(type: Type, asked: "shape" | "rank" | "size"): readonly Dim[] {
  if (type.kind === "tensor") return type.shape;
  return atBoundary(boundaryOf(asked), () => rankedOf(type, asked).shape);
}

const branches = "where(c, a, b) or cond to branch, item() for the number of a concrete tensor";
const operators: Readonly<Record<string, string>> = {
  number: `write neg(a) for -a, mul(a, b) for a * b, sin(a) for Math.sin(a), less(a, b) for a < b, ${branches}`,
  default: `write add(a, b) for a + b, equal(a, b) for a == b, ${branches}`,
};
const elements = "write toArray() or data() for the elements of a concrete tensor, scan to go along its first axis";

function misused(tensor: Tensor, boundary: (...args: never[]) => unknown, how: string, hint: string): never {
  return atBoundary(boundary, () => fail("primitive", `a tensor ${printType(tensor.type)} was ${how}`, { hint }));
}

/**
 * What lies behind the prototype, where reading and writing end that find nothing before. Arrays have a length and elements,
 * and on a tensor they would silently be undefined: a loop would not run, an operand be missing. To freeze each tensor would
 * cost five times what making it costs.
 */
const behind: ProxyHandler<object> = {
  get: function get(target, key, receiver): unknown {
    const isElement = typeof key === "string" && isIndex(key);
    if ((!isElement && key !== "length") || !(receiver instanceof Tensor)) return Reflect.get(target, key, receiver);
    if (isElement) return misused(receiver, get, `asked for [${key}], as arrays are`, elements);
    const hint = "write shape[0] for its first extent, size for the number of its elements";
    return misused(receiver, get, "asked for .length, as arrays are", hint);
  },
  set: function set(target, key, value, receiver): boolean {
    if (!(receiver instanceof Tensor)) return Reflect.set(target, key, value, receiver);
    const isElement = typeof key === "string" && isIndex(key);
    const what = isElement ? `[${key}]` : `.${String(key).slice(0, 40)}`;
    const hint = isElement ? `write y = x.set([${key}], v), which gives another tensor` : "keep it beside the tensor";
    return misused(receiver, set, `assigned to at ${what}, and tensors are immutable`, hint);
  },
};
Object.setPrototypeOf(Tensor.prototype, new Proxy({}, behind));

function isIndex(key: string): boolean {
  return /^-?\d+$/.test(key);
}

function refuseData(): never {
  return atCaller(Tensor, () => fail("argument", "new Tensor takes no data of users", { hint: "write tensor(data)" }));
}

function typeOfStorage(storage: Storage): Type {
  if ("data" in storage) return tensorType(storage.dtype, storage.shape);
  return "builder" in storage ? storage.value.type : storage.type;
}

/** What stands where a tensor should, for messages. */
export function describeStranger(x: unknown): string {
  const name = describe(x);
  return name === "a Tensor" && !(x instanceof Tensor)
    ? "a Tensor of another copy of this package, or a proxy of one"
    : name;
}
