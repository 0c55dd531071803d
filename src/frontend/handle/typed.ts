// What the type of a tensor says of its shape and dtype, and when one may stand for another.
//
// Two things are wanted at once. A tensor of which nothing is known has to go wherever one of a known shape does, and the
// other way round, as `any` does; and a tensor whose sizes are known must not stand for one of other sizes. TypeScript
// decides that for interfaces by their type arguments where these are declared `in out`: they have to be related both ways.
// So what it compares is a *key*: `any` where nothing is known, `any` for an extent that is a symbol or not known, and the
// number where there is one. What users write and read (`["B", 784]`) is carried beside it and takes no part.

import type { DType, TypedArray } from "../../ir/index.ts";
import type { IsAny, IsOpen, Shape } from "../shapes/shape.ts";
import type { Extent } from "./extent.ts";

/** The key of one extent, with what it is called. */
interface ExtentKey<in out Known, _Name> {
  readonly known: Known;
}

type ExtentKeyOf<N> = N extends number
  ? number extends N
    ? // biome-ignore lint/suspicious/noExplicitAny: goes with every number
      ExtentKey<any, number>
    : ExtentKey<N, N>
  : // biome-ignore lint/suspicious/noExplicitAny: a symbol may be any number
    ExtentKey<any, N>;

/** The key of a shape. */
export type ShapeKey<S extends Shape> =
  IsOpen<S> extends true
    ? // biome-ignore lint/suspicious/noExplicitAny: any shape goes with all
      any
    : { readonly [I in keyof S]: ExtentKeyOf<S[I]> };

/** The key of a dtype. */
export type DTypeKey<D> = ["f32" | "f64"] extends [D]
  ? // biome-ignore lint/suspicious/noExplicitAny: any dtype goes with all
    any
  : D;

/** `x.shape`: numbers where they are known, an `Extent` for a symbol; plain numbers where nothing is known. */
export type Extents<Key> =
  IsAny<Key> extends true
    ? readonly number[]
    : Key extends readonly unknown[]
      ? { readonly [I in keyof Key]: ExtentOf<Key[I]> }
      : readonly number[];

type ExtentOf<Key> = Key extends ExtentKey<infer _, infer Name> ? (Name extends string ? Extent : Name) : number;

/** `x.dtype`. */
export type DTypeOf<Key> = IsAny<Key> extends true ? DType : Key;

/** What `item` gives: a boolean where the dtype is known to be bool, else it is taken for a number. */
export type ElementOfDType<Key> = IsAny<Key> extends true ? number : Key extends "bool" ? boolean : number;

/** What `data` gives. */
export type ArrayOfDType<Key> =
  IsAny<Key> extends true
    ? TypedArray
    : Key extends "f64"
      ? Float64Array
      : Key extends "f32"
        ? Float32Array
        : Key extends "i32"
          ? Int32Array
          : Key extends "u32"
            ? Uint32Array
            : Key extends "u8" | "bool"
              ? Uint8Array
              : TypedArray;
