// Shapes and dtypes in types: what the types of tensors say, and the questions that are asked of them. There is no
// arithmetic here: an extent that would need some is `number`, and what is not known is never an error.

import type { DType } from "../../ir/index.ts";

/**
 * The extents of a tensor: numbers where they are known, names where they are symbols (`["B", 784]`), `number` where
 * nothing is known of one. As a whole it stands for any shape of any rank.
 */
export type Shape = readonly (number | string)[];

export type IsAny<T> = 0 extends 1 & T ? true : false;

/** Whether nothing is known of a type: `any` and `unknown` stay what they are. */
export type IsUnknown<T> = unknown extends T ? true : false;

/** Whether a type stands for one of several: then nothing can be said that holds for all of them. */
type IsUnion<T> = true extends Narrower<T, T> ? true : false;
/** For each of the types, whether it is narrower than all together. */
type Narrower<T, All> = T extends unknown ? ([All] extends [T] ? false : true) : never;

/** Whether a text is known to the letter: a type such as `f64[${string}]` stands for many. */
export type IsLiteral<Text extends string> = Readonly<Record<never, 1>> extends { [K in Text]: 1 } ? false : true;

/** Whether the rank is not known. */
export type IsOpen<S extends Shape> = number extends S["length"] ? true : false;

/**
 * The one shape that `S` is, else any. That the result is a shape stands in the last condition: from those before it
 * TypeScript would find it anew for each `S`, which is most of the time that checking the declarations takes.
 */
export type OneShape<S> = (
  IsAny<S> extends true
    ? Shape
    : [S] extends [never]
      ? Shape
      : IsUnion<S> extends true
        ? Shape
        : S
) extends infer One extends Shape
  ? One
  : Shape;

/** A result that may also be a fault: as a shape it is any, since the fault is told where the argument stands. */
export type AsShape<S> = S extends Shape ? S : Shape;

/** The one dtype that `D` is, else any; a dtype by the last condition, as a shape above. */
export type OneDType<D> = (
  IsAny<D> extends true
    ? DType
    : [D] extends [never]
      ? DType
      : IsUnion<D> extends true
        ? DType
        : D
) extends infer One extends DType
  ? One
  : DType;

/** The dtype of two operands: literals (never) take that of the other, and one of the two may be unknown. */
export type JoinDTypes<D, E> = [D] extends [never] ? E : [E] extends [never] ? D : IsUnion<D> extends true ? E : D;

/** What to say where both dtypes are known and differ; null where nothing is wrong. */
export type DTypeFault<D, E> =
  IsUnion<D> extends false
    ? IsUnion<E> extends false
      ? [D] extends [E]
        ? null
        : `the dtypes ${D & string} and ${E & string} differ: cast one of them`
      : null
    : null;

/** Whether a number is known. */
export type IsKnown<N> = N extends number ? (number extends N ? false : true) : false;

/** Whether two extents are known and differ. */
export type Differ<A, B> =
  IsKnown<A> extends true ? (IsKnown<B> extends true ? ([A] extends [B] ? false : true) : false) : false;

/** The better known of two extents that are equal. */
export type SameExtent<A, B> =
  IsKnown<A> extends true ? A : IsKnown<B> extends true ? B : A extends string ? A : B extends string ? B : number;

/** A shape as text: `[B, 784]`. */
export type ShapeText<S, Text extends string = ""> = S extends readonly [infer N, ...infer Rest]
  ? ShapeText<Rest, Text extends "" ? `${N & (number | string)}` : `${Text}, ${N & (number | string)}`>
  : `[${Text}]`;

/** As many entries as there are axes, each `number`. */
export type Numbers<List extends readonly unknown[]> = { [I in keyof List]: number };
