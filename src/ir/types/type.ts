// Types of values: ranked and unranked tensors, memrefs (loop level), vectors (vector level) and tape lists.

import { fail } from "../diagnostics/errors.ts";
import { type Dim, sameDim } from "./dim.ts";
import type { DType } from "./dtype.ts";

/** `f32[B, 784]`; rank 0 prints as the bare dtype. */
export interface TensorType {
  readonly kind: "tensor";
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}

/** `f32[*]`: a declared placeholder without a shape; legal only before refine-shapes. */
export interface UnrankedType {
  readonly kind: "unranked";
  readonly dtype: DType;
}

/** `memref<f32[B, 784]>`: memory whose elements stand row-major, unless a layout says where; loop level only. */
export interface MemRefType {
  readonly kind: "memref";
  readonly dtype: DType;
  readonly shape: readonly Dim[];
  /** Where elements stand in the memory that they are a part of: the offset of the first, then a stride for each axis. */
  readonly layout?: readonly Dim[];
}

/** `vector<4xf32>`: so many numbers that one instruction computes with; vector level only. */
export interface VectorType {
  readonly kind: "vector";
  readonly dtype: DType;
  /** The number of lanes, as one extent. */
  readonly shape: readonly [number];
}

/** No machine has vectors of more lanes, and each may become a number of its own. */
export const mostLanes = 1024;

/** `list<T>`: the tape that the reverse of `while` records on. */
export interface ListType {
  readonly kind: "list";
  readonly element: Type;
}

/** A type whose extents are known, if only by symbol. */
export type RankedType = TensorType | MemRefType | VectorType;

export type Type = TensorType | UnrankedType | MemRefType | VectorType | ListType;

const scalarTypes = new Map<DType, TensorType>();

/**
 * The rank-0 type of `dtype`; one object per dtype.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function scalar(dtype: DType): TensorType {
  let type = scalarTypes.get(dtype);
  if (type === undefined) {
    type = Object.freeze({ kind: "tensor", dtype, shape: Object.freeze([]) });
    scalarTypes.set(dtype, type);
  }
  return type;
}

export function tensorType(dtype: DType, shape: readonly Dim[] = []): TensorType {
  return shape.length === 0
    ? scalar(dtype)
    : Object.freeze({ kind: "tensor", dtype, shape: Object.freeze([...shape]) });
}

export function unranked(dtype: DType): UnrankedType {
  return Object.freeze({ kind: "unranked", dtype });
}

export function memref(dtype: DType, shape: readonly Dim[], layout?: readonly Dim[]): MemRefType {
  const type = { kind: "memref", dtype, shape: Object.freeze([...shape]) } as const;
  return Object.freeze(layout === undefined ? type : { ...type, layout: Object.freeze([...layout]) });
}

/** The layout of memory that has one. */
export function layoutOf(type: Type): readonly Dim[] | undefined {
  return type.kind === "memref" ? type.layout : undefined;
}

/** Whether elements stand at the same places, as far as the types say. */
export function sameLayout(a: Type, b: Type): boolean {
  return sameShape(layoutOf(a) ?? [], layoutOf(b) ?? []);
}

export function vector(dtype: DType, lanes: number): VectorType {
  return Object.freeze({ kind: "vector", dtype, shape: Object.freeze([lanes] as const) });
}

export function list(element: Type): ListType {
  return Object.freeze({ kind: "list", element });
}

export function isScalar(type: Type): type is TensorType {
  return type.kind === "tensor" && type.shape.length === 0;
}

/** Whether values of the type are held in a variable at the loop level, rather than in memory. */
export function isDirect(type: Type): boolean {
  return isScalar(type) || type.kind === "list" || type.kind === "vector";
}

/** The type that a value has at the loop level: tensors are memory, and lists hold their elements one by one. */
export function loweredType(type: Type): Type {
  if (type.kind === "list") {
    const element = loweredType(type.element);
    return list(element.kind === "memref" ? scalar(element.dtype) : element);
  }
  return isDirect(type) || type.kind === "memref" ? type : memref(type.dtype, rankedOf(type).shape);
}

export function sameType(a: Type, b: Type): boolean {
  if (a === b) return true;
  if (a.kind === "list" || b.kind === "list")
    return a.kind === "list" && b.kind === "list" && sameType(a.element, b.element);
  if (a.kind !== b.kind || a.dtype !== b.dtype) return false;
  return a.kind === "unranked" || b.kind === "unranked" || (sameShape(a.shape, b.shape) && sameLayout(a, b));
}

export function sameShape(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((d, i) => sameDim(d, b[i]));
}

/** The dtype of a tensor's or memref's elements; undefined for a list. */
export function elementDType(type: Type): DType | undefined {
  return type.kind === "list" ? undefined : type.dtype;
}

export function printShape(shape: readonly Dim[]): string {
  return `[${shape.join(", ")}]`;
}

function printLayout([offset, ...strides]: readonly Dim[] = []): string {
  if (offset === undefined) return "";
  return `, strides = ${printShape(strides)}${offset === 0 ? "" : `, offset = ${offset}`}`;
}

export function printType(type: Type): string {
  switch (type.kind) {
    case "tensor":
      return type.shape.length === 0 ? type.dtype : type.dtype + printShape(type.shape);
    case "unranked":
      return `${type.dtype}[*]`;
    case "memref":
      return `memref<${printType({ ...type, kind: "tensor" })}${printLayout(type.layout)}>`;
    case "vector":
      return `vector<${type.shape[0]}x${type.dtype}>`;
    case "list":
      return `list<${printType(type.element)}>`;
  }
}

/** The same type with every dimension mapped; the same reference if no dimension changed. */
export function mapDims(type: Type, map: (d: Dim) => Dim): Type {
  if (type.kind === "unranked" || type.kind === "vector") return type;
  if (type.kind === "list") {
    const element = mapDims(type.element, map);
    return element === type.element ? type : list(element);
  }
  const shape = type.shape.map(map);
  const layout = layoutOf(type)?.map(map);
  if (sameShape(shape, type.shape) && sameShape(layout ?? [], layoutOf(type) ?? [])) return type;
  return type.kind === "tensor" ? tensorType(type.dtype, shape) : memref(type.dtype, shape, layout);
}

/**
 * The type as one with a rank. Before refine-shapes a placeholder without a shape has none: to ask for its extents is the
 * user's error, and functions that work without a rank look at the kind of the type first.
 */
export function rankedOf(type: Type, where?: string): RankedType {
  return "shape" in type ? type : failUnranked(type, where);
}

/** The type of what a type rule lets be nothing but a ranked tensor. */
export function tensorTypeOf(type: Type): TensorType {
  return type.kind === "tensor" ? type : refuseKind(type, "tensor");
}

/** The type of what a type rule lets be nothing but memory. */
export function memRefTypeOf(type: Type): MemRefType {
  return type.kind === "memref" ? type : refuseKind(type, "memory");
}

function refuseKind(type: Type, expected: string): never {
  throw new Error(`internal invariant broken: ${printType(type)} is no ${expected}`);
}

/** The extents of a type that has a rank; what has none is refused by its type already. */
export function dimsOf(type: RankedType): readonly Dim[] {
  return rankedOf(type).shape;
}

/** The extents of what has a type, a value or a tensor; an error where it has no rank. */
export function shapeOf({ type }: { readonly type: Type }, where?: string): readonly Dim[] {
  return rankedOf(type, where).shape;
}

/** Whether both have the same number of axes, or none of them a number that is known. */
export function sameRank(a: Type, b: Type): boolean {
  const rank = (type: Type): number | null => ("shape" in type ? type.shape.length : null);
  return rank(a) === rank(b);
}

/** The refusal of a function that needs to know how many axes there are. */
export function failUnranked(type: Type, where?: string): never {
  const reason = `the rank of ${printType(type)} is not known here`;
  return fail("shape", where === undefined ? reason : `${where}: ${reason}`, { hint: unrankedHint });
}

/** What to do where a rank is missing. */
export const unrankedHint = 'declare the shape of the placeholder, as in { shape: ["N", 3] }';

/** Shows `visit` every dimension that occurs in a type; these are no shape, since an unranked type has none. */
export function forEachDim(type: Type, visit: (d: Dim) => void): void {
  if (type.kind === "list") forEachDim(type.element, visit);
  else if (type.kind !== "unranked") {
    type.shape.forEach(visit);
    layoutOf(type)?.forEach(visit);
  }
}
