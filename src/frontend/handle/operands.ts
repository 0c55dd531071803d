// The types of functions of tensors: what operands say of their shapes and dtypes, and what a result says for them.

import type { DType } from "../../ir/index.ts";
import type { Broadcast } from "../shapes/broadcast.ts";
import type { AsShape, DTypeFault, IsAny, JoinDTypes, OneDType, OneShape, Shape } from "../shapes/shape.ts";
import type { Extent } from "./extent.ts";
import type { Tensor, TensorBrand, TypedTensor } from "./tensor.ts";

/** What an operation takes: a tensor, or a literal or an extent, which are of the tensor's dtype. */
export type Operand = Tensor | number | boolean | Extent;

/** The shape of an operand; a literal has rank 0. */
export type ShapeIn<X> = OneShape<IsAny<X> extends true ? Shape : ShapeOfEach<X>>;

type ShapeOfEach<X> = X extends TensorBrand
  ? X extends TypedTensor<infer _Kind, infer _SKey, infer _DKey, infer S, infer _D>
    ? S
    : Shape
  : [];

/** The dtype of an operand, never for a number or extent, which take that of the other. */
export type DTypeIn<X> = IsAny<X> extends true ? DType : DTypeOfEach<X>;

type DTypeOfEach<X> = X extends TensorBrand
  ? X extends TypedTensor<infer _Kind, infer _SKey, infer _DKey, infer _S, infer D>
    ? D
    : DType
  : never;

/** What stands where an argument does: the argument, or what is wrong with it in words. */
export type Checked<Fault, X> = [Fault] extends [string] ? Fault : X;

/** A dtype that was computed in types; any where all operands are literals, whose result takes that of what it meets. */
export type ResultDType<D> = OneDType<D>;

/** The dtype of a result of one operand. */
export type OwnDType<X> = ResultDType<DTypeIn<X>>;

/** A shape that was computed in types; where it is a fault, the argument says so. */
export type ResultShape<S> = OneShape<AsShape<S>>;

/** What is wrong with two operands that broadcast. */
export type PairFault<X, Y> =
  IsAny<X> extends true
    ? null
    : IsAny<Y> extends true
      ? null
      : Broadcast<ShapeIn<X>, ShapeIn<Y>> extends infer Both
        ? Both extends string
          ? Both
          : [DTypeIn<X>] extends [never]
            ? null
            : [DTypeIn<Y>] extends [never]
              ? null
              : DTypeFault<DTypeIn<X>, DTypeIn<Y>>
        : null;

/** The shape of a result of two operands that broadcast. */
export type PairShape<X, Y> = ResultShape<Broadcast<ShapeIn<X>, ShapeIn<Y>>>;
/** Its dtype, where it is that of the operands. */
export type PairDType<X, Y> = ResultDType<JoinDTypes<DTypeIn<X>, DTypeIn<Y>>>;

/** Under it, the type of a function holds what it is as a method. */
export declare const asMethod: unique symbol;

/** A function of one operand, element by element. */
export interface Unary {
  <X extends Operand>(x: X): Tensor<ShapeIn<X>, OwnDType<X>>;
  readonly [asMethod]?: <X extends Tensor>(this: X) => Tensor<ShapeIn<X>, OwnDType<X>>;
}
/** As Unary, with options. */
export interface UnaryWith<Options> {
  <X extends Operand>(x: X, options?: Options): Tensor<ShapeIn<X>, OwnDType<X>>;
  readonly [asMethod]?: <X extends Tensor>(this: X, options?: Options) => Tensor<ShapeIn<X>, OwnDType<X>>;
}
/** As Unary, with truth values for results. */
export interface Predicate {
  <X extends Operand>(x: X): Tensor<ShapeIn<X>, "bool">;
  readonly [asMethod]?: <X extends Tensor>(this: X) => Tensor<ShapeIn<X>, "bool">;
}
/** A function of two operands that broadcast. */
export interface Binary {
  <X extends Operand, Y extends Operand>(
    x: X,
    y: Checked<PairFault<X, Y>, Y>,
  ): Tensor<PairShape<X, Y>, PairDType<X, Y>>;
  readonly [asMethod]?: <X extends Tensor, Y extends Operand>(
    this: X,
    y: Checked<PairFault<X, Y>, Y>,
  ) => Tensor<PairShape<X, Y>, PairDType<X, Y>>;
}
/** As Binary, with truth values for results. */
export interface Comparison {
  <X extends Operand, Y extends Operand>(x: X, y: Checked<PairFault<X, Y>, Y>): Tensor<PairShape<X, Y>, "bool">;
  readonly [asMethod]?: <X extends Tensor, Y extends Operand>(
    this: X,
    y: Checked<PairFault<X, Y>, Y>,
  ) => Tensor<PairShape<X, Y>, "bool">;
}
