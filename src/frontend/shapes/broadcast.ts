// Operands that broadcast: the shape that two of them have together, as NumPy does it, or what is wrong.

import type { Differ, IsKnown, IsOpen, SameExtent, Shape } from "./shape.ts";

/** The shape of the result, or a text where two extents do not go together. */
export type Broadcast<S extends Shape, T extends Shape> = T extends readonly []
  ? S
  : S extends readonly []
    ? T
    : IsOpen<S> extends true
      ? Shape
      : IsOpen<T> extends true
        ? Shape
        : [S, T] extends [T, S]
          ? S
          : Paired<S, T>;

/** Pairs the axes from the last one on; `Done` are those that are paired. */
type Paired<S extends Shape, T extends Shape, Done extends Shape = []> = S extends readonly [
  ...infer S0 extends Shape,
  infer A extends number | string,
]
  ? T extends readonly [...infer T0 extends Shape, infer B extends number | string]
    ? Wider<A, B> extends infer Both extends number | string
      ? Both extends FaultText
        ? Both
        : Paired<S0, T0, [Both, ...Done]>
      : never
    : [...S, ...Done]
  : [...T, ...Done];

type FaultText = `the shapes do not broadcast: ${string}`;

/** One extent for two: 1 gives way; a symbol that meets another extent is equal to it. */
type Wider<A extends number | string, B extends number | string> = [A, B] extends [B, A]
  ? A
  : A extends 1
    ? B
    : B extends 1
      ? A
      : Differ<A, B> extends true
        ? `the shapes do not broadcast: sizes ${A} and ${B} differ`
        : IsKnown<A> extends true
          ? A
          : SameExtent<A, B>;
