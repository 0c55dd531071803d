// The types of functions that users trace: what calls of a compiled one take where a tensor is declared, and what they give.

import type { DType, TypedArray } from "../../ir/index.ts";
import type { Nested } from "../handle/data.ts";
import type { Extent } from "../handle/extent.ts";
import type { DTypeIn, Operand, ShapeIn } from "../handle/operands.ts";
import type { Tensor, TensorBrand } from "../handle/tensor.ts";
import type { ArrayOfDType, DTypeKey } from "../handle/typed.ts";
import type { IsAny, IsOpen, IsUnknown, OneDType, Shape } from "../shapes/shape.ts";

/** What is no structure: it is what it is, on both sides of a call. */
type Static = string | number | bigint | boolean | symbol | null | undefined | ((...args: never[]) => unknown);

/** Whether a type is an array of any length, whose type may hold itself: it is written element by element, as `X[]`. */
type IsList<P> = P extends readonly unknown[] ? (number extends P["length"] ? true : false) : false;
type Item<P> = P extends readonly (infer E)[] ? E : never;

/** T, from whose place nothing is inferred. */
export type NotInferred<T> = [T][T extends unknown ? 0 : never];

// ---- what calls take --------------------------------------------------------------------------------------------------

/** The arguments of a call. */
export type GivenArguments<P extends readonly unknown[]> = { [I in keyof P]: Given<P[I]> };

/** What may stand where the function has `P`: for each tensor also data of which one is made. */
export type Given<P> =
  IsUnknown<P> extends true
    ? P
    : P extends TensorBrand
      ? Tensor<ShapeIn<P>, OneDType<DTypeIn<P>>> | DataFor<ShapeIn<P>, DTypeIn<P>>
      : P extends Static | TypedArray
        ? P
        : IsList<P> extends true
          ? P extends unknown[]
            ? Given<Item<P>>[]
            : readonly Given<Item<P>>[]
          : { [K in keyof P]: Given<P[K]> };

type DataFor<S extends Shape, D> = S extends readonly []
  ? NumberOf<D>
  : IsOpen<S> extends true
    ? NumberOf<D> | readonly Nested[] | TypedArrayOf<D>
    : readonly Nested[] | TypedArrayOf<D>;

/** The JavaScript value of an element, where the dtype may be unknown. */
type NumberOf<D> = [D] extends ["bool"] ? boolean : "bool" extends D ? number | boolean : number;

/** A typed array of the dtype; any where it is not known. */
type TypedArrayOf<D> = ArrayOfDType<DTypeKey<D>>;

/** The arguments of a call whose leaves are all numbers. */
export type NumberArguments<P extends readonly unknown[]> = { [I in keyof P]: NumbersFor<P[I]> };

type NumbersFor<P> = P extends TensorBrand
  ? NumberOf<DTypeIn<P>>
  : P extends Static
    ? P
    : IsList<P> extends true
      ? P extends unknown[]
        ? NumbersFor<Item<P>>[]
        : readonly NumbersFor<Item<P>>[]
      : { [K in keyof P]: NumbersFor<P[K]> };

/**
 * Whether numbers may stand for all tensors of a structure: whether none has axes. A type that holds itself is looked at
 * four levels down.
 */
export type TakesNumbers<P, Depth extends unknown[] = []> =
  IsAny<P> extends true
    ? false
    : P extends TensorBrand
      ? IsOpen<ShapeIn<P>> extends true
        ? true
        : ShapeIn<P> extends readonly []
          ? true
          : false
      : P extends Static
        ? true
        : Depth["length"] extends 4
          ? true
          : P extends readonly unknown[]
            ? false extends TakesNumbers<P[number], [...Depth, unknown]>
              ? false
              : true
            : false extends { [K in keyof P]: TakesNumbers<P[K], [...Depth, unknown]> }[keyof P]
              ? false
              : true;

// ---- what calls give --------------------------------------------------------------------------------------------------

/**
 * A number where the result has rank 0 and a tensor where it has axes, when only the call can tell. It is an intersection,
 * so that a program that knows which of them it gets may use it as that; where the types of arguments say more (by
 * annotations, or `Tensor<[], "f64">` for a parameter), the result is one or the other.
 */
export type NumberOrTensor<D extends DType = DType> = NumberOf<Exclude<D, "bool">> & Tensor<Shape, D>;

/** A result of a call with numbers: numbers for rank 0, tensors else. */
export type Numeric<R> =
  IsUnknown<R> extends true
    ? R
    : R extends TensorBrand
      ? NumericOf<ShapeIn<R>, OneDType<DTypeIn<R>>>
      : R extends Static
        ? R
        : IsList<R> extends true
          ? R extends unknown[]
            ? Numeric<Item<R>>[]
            : readonly Numeric<Item<R>>[]
          : { [K in keyof R]: Numeric<R[K]> };

type NumericOf<S extends Shape, D extends DType> =
  IsOpen<S> extends true ? NumberOrTensor<D> : S extends readonly [] ? Scalar<D> : Tensor<S, D>;

/** A result that has the shape of an argument, which is a number. */
export type NumericLike<R> =
  IsUnknown<R> extends true
    ? R
    : R extends TensorBrand
      ? Scalar<OneDType<DTypeIn<R>>>
      : R extends Static
        ? R
        : IsList<R> extends true
          ? R extends unknown[]
            ? NumericLike<Item<R>>[]
            : readonly NumericLike<Item<R>>[]
          : { [K in keyof R]: NumericLike<R[K]> };

/** The JavaScript value of an element of a result. */
type Scalar<D extends DType> = [D] extends ["bool"] ? boolean : number;

/** A result of a call with a tensor: tensors, also for what was a number. */
export type Tensors<R> =
  IsUnknown<R> extends true
    ? R
    : R extends TensorBrand
      ? R
      : R extends number
        ? Tensor<[], "f64">
        : R extends boolean
          ? Tensor<[], "bool">
          : R extends Static
            ? R
            : IsList<R> extends true
              ? R extends unknown[]
                ? Tensors<Item<R>>[]
                : readonly Tensors<Item<R>>[]
              : { [K in keyof R]: Tensors<R[K]> };

/** Typed arrays to write a result to, in its structure. */
export type Memory<R> =
  IsUnknown<R> extends true
    ? R
    : R extends TensorBrand
      ? TypedArrayOf<OneDType<DTypeIn<R>>>
      : R extends number
        ? Float64Array
        : R extends boolean
          ? Uint8Array
          : R extends Static
            ? R
            : IsList<R> extends true
              ? readonly Memory<Item<R>>[]
              : { readonly [K in keyof R]: Memory<R[K]> };

/** Tensors of other shapes: what a structure is with a batch axis more or less. */
export type Reshaped<R> =
  IsUnknown<R> extends true
    ? R
    : R extends TensorBrand
      ? Tensor<Shape, OneDType<DTypeIn<R>>>
      : R extends number
        ? Tensor<Shape, "f64">
        : R extends boolean
          ? Tensor<Shape, "bool">
          : R extends Static
            ? R
            : IsList<R> extends true
              ? R extends unknown[]
                ? Reshaped<Item<R>>[]
                : readonly Reshaped<Item<R>>[]
              : { [K in keyof R]: Reshaped<R[K]> };

// ---- functions --------------------------------------------------------------------------------------------------------

/**
 * A compiled function of the parameters `P`. Numbers give `N`, where the parameters may be numbers; arguments of which one
 * is a tensor or an array give `T`; in a trace it is the function itself, and so it is to those who ask for its type.
 */
export type Calls<P extends readonly unknown[], N, T> =
  IsAny<P[number]> extends true
    ? Dynamic<T>
    : P extends readonly []
      ? () => N
      : TakesNumbers<P> extends true
        ? NumberCalls<P, N, T>
        : TensorCalls<P, T>;

/** Of parameters that may be anything. */
// biome-ignore lint/suspicious/noExplicitAny: as the function itself
type Dynamic<T> = (...args: any[]) => T;

export interface TensorCalls<P extends readonly unknown[], T> {
  (...args: GivenArguments<P>): T;
  (...args: P): T;
}

interface NumberCalls<P extends readonly unknown[], N, T> {
  (...args: NumberArguments<P>): N;
  (...args: GivenArguments<P>): T;
  (...args: P): T;
}

/** A function that runs at once, or is traced: numbers may stand for tensors, and the results are tensors. */
export type TracedCalls<P extends readonly unknown[], T> =
  IsAny<P[number]> extends true ? Dynamic<T> : TracedCall<P, T>;

interface TracedCall<P extends readonly unknown[], T> {
  (...args: { [I in keyof P]: CarriedResult<P[I]> }): T;
  (...args: P): T;
}

/**
 * What a traced function returns, or what is wrong with that. Where a function never returns,
 * nothing is.
 */
export type Returned<R> =
  IsAny<R> extends true
    ? R
    : [R] extends [never]
      ? R
      : [R] extends [PromiseLike<unknown>]
        ? "a traced function has to return at once, not be async"
        : // biome-ignore lint/suspicious/noConfusingVoidType: what a function without return gives
          [R] extends [void]
          ? "a traced function has to return tensors: is a return missing?"
          : R;

/** Anything, an array of known length as a tuple. */
// biome-ignore lint/suspicious/noConfusingVoidType: what a function without return gives
// biome-ignore lint/complexity/noBannedTypes: with null and undefined it is anything, in words that hold a tuple
export type Structure = readonly [] | {} | null | undefined | void;

// ---- control flow -----------------------------------------------------------------------------------------------------

/** What a loop carries, as its body sees it: tensors, also for numbers. */
export type Carried<T> =
  IsUnknown<T> extends true
    ? T
    : T extends TensorBrand
      ? Tensor<ShapeIn<T>, OneDType<DTypeIn<T>>>
      : T extends number | Extent
        ? Tensor<[]>
        : T extends boolean
          ? Tensor<[], "bool">
          : T extends Static
            ? T
            : IsList<T> extends true
              ? T extends unknown[]
                ? Carried<Item<T>>[]
                : readonly Carried<Item<T>>[]
              : { -readonly [K in keyof T]: Carried<T[K]> };

/** What a body may give for it: the same structure of tensors and numbers. */
export type CarriedResult<T> =
  IsUnknown<T> extends true
    ? T
    : T extends TensorBrand | number | boolean | Extent
      ? Operand
      : T extends Static
        ? T
        : IsList<T> extends true
          ? T extends unknown[]
            ? CarriedResult<Item<T>>[]
            : readonly CarriedResult<Item<T>>[]
          : { readonly [K in keyof T]: CarriedResult<T[K]> };

/** One element along the first axis of each tensor. */
export type ElementOf<X> =
  IsUnknown<X> extends true
    ? X
    : X extends TensorBrand
      ? Tensor<RestOf<ShapeIn<X>>, OneDType<DTypeIn<X>>>
      : X extends Static
        ? X
        : IsList<X> extends true
          ? X extends unknown[]
            ? ElementOf<Item<X>>[]
            : readonly ElementOf<Item<X>>[]
          : { -readonly [K in keyof X]: ElementOf<X[K]> };

type RestOf<S extends Shape> =
  IsOpen<S> extends true ? Shape : S extends readonly [unknown, ...infer Rest extends Shape] ? Rest : Shape;
