// Shapes after functions of axes: reductions, reshape, permuteDims, concat and at, or what is wrong.

import type { Differ, IsKnown, IsLiteral, IsOpen, Numbers, SameExtent, Shape, ShapeText } from "./shape.ts";

/** The number of an axis from the front, as text; null where there is no such axis. */
type FromFront<S extends Shape, A extends number> = `${A}` extends `-${infer N extends number}`
  ? FromBack<S, N>
  : `${A}` extends keyof S
    ? `${A}`
    : null;

type FromBack<S extends Shape, N extends number, Seen extends unknown[] = [unknown]> = S extends readonly [
  ...infer Rest extends Shape,
  unknown,
]
  ? Seen["length"] extends N
    ? `${Rest["length"]}`
    : FromBack<Rest, N, [...Seen, unknown]>
  : null;

type NoSuchAxis<
  Where extends string,
  S extends Shape,
  A extends number,
> = `${Where}: axis ${A} is out of range for shape ${ShapeText<S>}`;

// ---- reductions -------------------------------------------------------------------------------------------------------

/** The shape of a reduction with these options; axes that are not literals leave any shape. */
export type ReducedShape<S extends Shape, O, Where extends string = "axes"> =
  AxesIn<O> extends infer Axes
    ? Axes extends null
      ? KeepIn<O> extends false
        ? []
        : KeepIn<O> extends true
          ? IsOpen<S> extends true
            ? Shape
            : { [I in keyof S]: 1 }
          : Shape
      : IsOpen<S> extends true
        ? Shape
        : boolean extends KeepIn<O>
          ? Shape
          : Axes extends number
            ? Reduced<S, readonly [Axes], KeepIn<O>, Where>
            : Axes extends readonly number[]
              ? Reduced<S, Axes, KeepIn<O>, Where>
              : Shape
    : never;

type AxesIn<O> = O extends { readonly axes: infer A } ? (A extends undefined ? null : A) : null;
type KeepIn<O> = O extends { readonly keepDims: infer K } ? (K extends undefined ? false : K) : false;

type Reduced<
  S extends Shape,
  Axes extends readonly number[],
  Keep,
  Where extends string,
  Gone extends string = never,
> = number extends Axes["length"]
  ? Shape
  : Axes extends readonly [infer A extends number, ...infer Rest extends readonly number[]]
    ? IsKnown<A> extends true
      ? FromFront<S, A> extends infer Place extends string
        ? Reduced<S, Rest, Keep, Where, Gone | Place>
        : NoSuchAxis<Where, S, A>
      : Shape
    : Without<S, Gone, Keep>;

/** The extents but for those at `Gone`, which are 1 where they are kept. `Seen` counts. */
type Without<
  S extends Shape,
  Gone extends string,
  Keep,
  Done extends Shape = [],
  Seen extends unknown[] = [],
> = S extends readonly [infer N extends number | string, ...infer Rest extends Shape]
  ? Without<
      Rest,
      Gone,
      Keep,
      `${Seen["length"]}` extends Gone ? (Keep extends true ? [...Done, 1] : Done) : [...Done, N],
      [...Seen, unknown]
    >
  : Done;

// ---- reshape and permuteDims ------------------------------------------------------------------------------------------

/** A shape that is given, in types: symbols by their names, `number` for -1, extents and expressions. */
export type GivenShape<T> = T extends readonly unknown[]
  ? number extends T["length"]
    ? Shape
    : { -readonly [I in keyof T]: GivenExtent<T[I]> }
  : T extends number | string
    ? [GivenExtent<T>]
    : [number];

type GivenExtent<N> = N extends number
  ? `${N}` extends `-${string}`
    ? number
    : N
  : N extends string
    ? IsSymbol<N> extends true
      ? N
      : number
    : number;

/** Whether a text is one symbol, and no expression of some. */
export type IsSymbol<N extends string> =
  IsLiteral<N> extends false
    ? false
    : N extends `${string}${" " | "+" | "-" | "*" | "/" | "(" | ","}${string}`
      ? false
      : N extends `${number}`
        ? false
        : true;

/** The shape with its axes in this order. */
export type PermutedShape<S extends Shape, Axes extends readonly number[]> = number extends Axes["length"]
  ? Shape
  : IsOpen<S> extends true
    ? Numbers<Axes> & Shape
    : S["length"] extends Axes["length"]
      ? Picked<S, Axes>
      : `permuteDims: got ${Axes["length"]} axes for shape ${ShapeText<S>}`;

type Picked<S extends Shape, Axes extends readonly number[], Done extends Shape = []> = Axes extends readonly [
  infer A extends number,
  ...infer Rest extends readonly number[],
]
  ? IsKnown<A> extends true
    ? FromFront<S, A> extends infer Place
      ? Place extends keyof S
        ? Picked<S, Rest, [...Done, S[Place] & (number | string)]>
        : NoSuchAxis<"permuteDims", S, A>
      : never
    : Shape
  : Done;

/** The last two axes exchanged. */
export type TransposedShape<S extends Shape> =
  IsOpen<S> extends true
    ? Shape
    : S extends readonly [
          ...infer Batch extends Shape,
          infer M extends number | string,
          infer N extends number | string,
        ]
      ? [...Batch, N, M]
      : `matrixTranspose: got shape ${ShapeText<S>}, expected rank 2 or more`;

// ---- concat -----------------------------------------------------------------------------------------------------------

/** The shape of tensors of these shapes behind each other; along the axis the extents are not added up. */
export type ConcatShape<List extends readonly Shape[], O> = number extends List["length"]
  ? Shape
  : O extends { readonly axis: null }
    ? [number]
    : ConcatAxis<O> extends infer A extends number
      ? IsKnown<A> extends true
        ? List extends readonly [infer First extends Shape, ...infer Rest extends readonly Shape[]]
          ? IsOpen<First> extends true
            ? Shape
            : FromFront<First, A> extends infer Place extends string
              ? Behind<First, Rest, Place>
              : NoSuchAxis<"concat", First, A>
          : Shape
        : Shape
      : Shape;

type ConcatAxis<O> = O extends { readonly axis: infer A } ? (A extends undefined ? 0 : A) : 0;

type Behind<S extends Shape, Rest extends readonly Shape[], Place extends string> = Rest extends readonly [
  infer T extends Shape,
  ...infer More extends readonly Shape[],
]
  ? IsOpen<T> extends true
    ? Shape
    : S["length"] extends T["length"]
      ? Beside<S, T, Place> extends infer Both
        ? Both extends Shape
          ? Behind<Both, More, Place>
          : Both
        : never
      : `concat: the shapes ${ShapeText<S>} and ${ShapeText<T>} have different ranks`
  : NumberAt<S, Place>;

/** Two shapes that are equal but at one place. */
type Beside<S extends Shape, T extends Shape, Place extends string, Done extends Shape = []> = S extends readonly [
  infer A extends number | string,
  ...infer SRest extends Shape,
]
  ? T extends readonly [infer B extends number | string, ...infer TRest extends Shape]
    ? `${Done["length"]}` extends Place
      ? Beside<SRest, TRest, Place, [...Done, A]>
      : Differ<A, B> extends true
        ? `concat: sizes ${A} and ${B} of axis ${Done["length"]} differ`
        : Beside<SRest, TRest, Place, [...Done, SameExtent<A, B>]>
    : Done
  : Done;

/** `number` at the place, the extents of the shape elsewhere. */
type NumberAt<S extends Shape, Place extends string, Done extends Shape = []> = S extends readonly [
  infer N extends number | string,
  ...infer Rest extends Shape,
]
  ? NumberAt<Rest, Place, [...Done, `${Done["length"]}` extends Place ? number : N]>
  : Done;

// ---- at ---------------------------------------------------------------------------------------------------------------

/** What `at` selects; a tensor among the indices leaves any shape. */
export type AtShape<S extends Shape, Indices extends readonly unknown[]> =
  IsOpen<S> extends true
    ? Shape
    : number extends Indices["length"]
      ? Shape
      : Selected<S, Indices> extends infer Result
        ? Result extends TooMany
          ? `at: got ${Indices["length"]} indices for shape ${ShapeText<S>}`
          : Result
        : never;

interface TooMany {
  readonly tooMany: true;
}

type Selected<S extends Shape, Indices extends readonly unknown[], Done extends Shape = []> = Indices extends readonly [
  infer Index,
  ...infer Rest,
]
  ? Index extends null
    ? Selected<S, Rest, [...Done, 1]>
    : Index extends "..."
      ? FromTheEnd<S, Rest, Done>
      : S extends readonly [infer N extends number | string, ...infer Others extends Shape]
        ? Index extends number | string
          ? Selected<Others, Rest, Done>
          : Index extends readonly [null, null]
            ? Selected<Others, Rest, [...Done, N]>
            : Index extends readonly [unknown, unknown]
              ? Selected<Others, Rest, [...Done, number]>
              : Shape
        : TooMany
  : [...Done, ...S];

/** The indices behind the dots are of the last axes. */
type FromTheEnd<
  S extends Shape,
  Indices extends readonly unknown[],
  Done extends Shape,
  Last extends Shape = [],
> = Indices extends readonly [...infer Before, infer Index]
  ? Index extends null
    ? FromTheEnd<S, Before, Done, [1, ...Last]>
    : S extends readonly [...infer Others extends Shape, infer N extends number | string]
      ? Index extends number | string
        ? FromTheEnd<Others, Before, Done, Last>
        : Index extends readonly [null, null]
          ? FromTheEnd<Others, Before, Done, [N, ...Last]>
          : Index extends readonly [unknown, unknown]
            ? FromTheEnd<Others, Before, Done, [number, ...Last]>
            : Shape
      : TooMany
  : [...Done, ...S, ...Last];
