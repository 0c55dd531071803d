// The shapes of matrix products and convolutions, or what is wrong.

import type { Broadcast } from "./broadcast.ts";
import type { Differ, DTypeFault, IsOpen, Shape, ShapeText } from "./shape.ts";

/** The shape of `matmul`: a vector is a row on the left and a column on the right, and its axis is not in the result. */
export type MatmulShape<S extends Shape, T extends Shape> =
  IsOpen<S> extends true
    ? Shape
    : IsOpen<T> extends true
      ? Shape
      : S extends readonly [...infer Left extends Shape, infer K]
        ? T extends readonly [infer L]
          ? Summed<K, L, Left>
          : T extends readonly [...infer Batch extends Shape, infer L, infer N extends number | string]
            ? Summed<K, L, MatmulOuter<Left, Batch, N>>
            : "matmul: the second operand has rank 0, expected 1 or more: write mul for a scalar"
        : "matmul: the first operand has rank 0, expected 1 or more: write mul for a scalar";

/** What is wrong with the operands of a product: with its shape, or with their dtypes. */
export type ProductFault<Result, D, E> = Result extends string ? Result : DTypeFault<D, E>;

type Summed<K, L, Result> =
  Differ<K, L> extends true ? `matmul: inner sizes ${K & number} and ${L & number} differ` : Result;

/** The axes before the inner ones broadcast. */
type MatmulOuter<Left extends Shape, Batch extends Shape, N extends number | string> = Left extends readonly []
  ? [...Batch, N]
  : Left extends readonly [...infer LeftBatch extends Shape, infer M extends number | string]
    ? Broadcast<LeftBatch, Batch> extends infer Both
      ? Both extends Shape
        ? [...Both, M, N]
        : `matmul: ${Both & string}`
      : never
    : never;

/** Features first. */
interface FeaturesFirst {
  readonly layout: "NCHW";
}

/** The shape of `conv2d` for an image, a kernel and options. Extents along which the kernel goes are not counted. */
export type Conv2dShape<S extends Shape, K extends Shape, O> =
  IsOpen<S> extends true
    ? Shape
    : IsOpen<K> extends true
      ? Shape
      : S extends readonly [infer N extends number | string, infer A, infer _B, infer C]
        ? K extends readonly [infer P, infer Q, infer R, infer Last]
          ? O extends FeaturesFirst
            ? ConvResult<A, Q, O, [N, P & (number | string), number, number], "">
            : LayoutOf<O> extends "NHWC"
              ? ConvResult<C, R, O, [N, number, number, Last & (number | string)], FirstHint<A, R>>
              : [N, number | string, number | string, number | string]
          : `conv2d: the kernel has shape ${ShapeText<K>}, expected rank 4`
        : `conv2d: x has shape ${ShapeText<S>}, expected rank 4: batch, features and two spatial axes`;

/** Where the option is left out, features are last. */
type LayoutOf<O> = O extends { readonly layout?: infer L } ? (L extends undefined ? "NHWC" : L) : "NHWC";

type FirstHint<First, Expected> = [First] extends [Expected] ? ': they come first, write layout: "NCHW"' : "";

type ConvResult<Features, Expected, O, Result, Hint extends string> = O extends { readonly groups: number }
  ? Result
  : Differ<Features, Expected> extends true
    ? `conv2d: x has ${Features & number} features, the kernel ${Expected & number}${Hint}`
    : Result;
