// What annotations say in types: `"f32[B, 784]"` is a `Tensor<["B", 784], "f32">`, or a text that says what is wrong with it.

import type { DType } from "../../ir/index.ts";
import type { DTypeConstant } from "../handle/dtypes.ts";
import type { Tensor } from "../handle/tensor.ts";
import type { IsSymbol } from "../shapes/axes.ts";
import type { IsLiteral, IsUnknown, Shape } from "../shapes/shape.ts";
import type { NotInferred } from "./calls.ts";

/** The dtypes of arguments. */
type ArgumentDType = Exclude<DType, "index">;

/** What an annotation looks like; whether it is one is asked by its text. */
export type AnnotationLike = string | DTypeConstant | readonly unknown[] | { readonly [key: string]: unknown };

/** The parameters that annotations describe, one for each; any number of them where the list is not known. */
export type AnnotatedArguments<List extends readonly unknown[]> = number extends List["length"]
  ? List[number] extends string
    ? Tensor[]
    : // biome-ignore lint/suspicious/noExplicitAny: what the function takes
      any[]
  : { -readonly [I in keyof List]: Annotated<List[I]> };

/** A parameter: tensors in the structure of the annotation. */
export type Annotated<A> =
  IsUnknown<A> extends true
    ? // biome-ignore lint/suspicious/noExplicitAny: what the function takes
      any
    : A extends string
      ? OfText<ReadType<A>>
      : A extends (...args: never[]) => unknown
        ? A extends { readonly name: infer D extends DType }
          ? Tensor<[], D>
          : Tensor
        : A extends object
          ? { -readonly [K in keyof A]: Annotated<A[K]> }
          : Tensor;

/** Annotations as they are, those that are wrong as what is wrong with them. */
export type CheckedAnnotations<List extends readonly unknown[]> = [FaultIn<List>] extends [never]
  ? List
  : Marked<NotInferred<List>>;

/** The arguments behind annotations: options, or more than anybody gives where an annotation is wrong. */
export type RightAnnotations<List extends readonly unknown[], Options> = [FaultIn<List>] extends [never]
  ? [options?: Options]
  : [never, never, never];

/** What is wrong with an annotation; never where nothing is. */
type FaultIn<A> =
  IsUnknown<A> extends true
    ? never
    : A extends string
      ? Extract<ReadType<A>, string>
      : A extends (...args: never[]) => unknown
        ? never
        : A extends readonly unknown[]
          ? FaultIn<A[number]>
          : A extends object
            ? FaultIn<A[keyof A]>
            : 'an annotation is text as "f32[B, 784]", or a dtype';

type Marked<A> =
  IsUnknown<A> extends true
    ? A
    : A extends string
      ? [FaultIn<A>] extends [never]
        ? A
        : FaultIn<A>
      : A extends (...args: never[]) => unknown
        ? A
        : A extends object
          ? { readonly [K in keyof A]: Marked<A[K]> }
          : FaultIn<A>;

/** A type that was read. */
interface ReadAs<S extends Shape, D extends DType> {
  readonly shape: S;
  readonly dtype: D;
}

type OfText<Read> = Read extends ReadAs<infer S, infer D> ? Tensor<S, D> : Tensor;

/** Reads the text of a type: a ReadAs, or what is wrong. Text that is no literal may be anything. */
type ReadType<Text extends string> =
  IsLiteral<Text> extends false
    ? ReadAs<Shape, DType>
    : Trim<Text> extends `${infer Name}[${infer Rest}`
      ? Trim<Name> extends ArgumentDType
        ? Rest extends `${infer Inside}]`
          ? ReadShape<Text, Trim<Name>, Inside>
          : `the type '${Text}' has no ] at its end`
        : NoDType<Text, Trim<Name>>
      : Trim<Text> extends ArgumentDType
        ? ReadAs<[], Trim<Text>>
        : NoDType<Text, Trim<Text>>;

type NoDType<
  Text extends string,
  Name extends string,
> = `the type '${Text}': '${Name}' is no dtype: write f64, f32, i32, u32, u8 or bool`;

type ReadShape<Text extends string, D extends ArgumentDType, Inside extends string> =
  Trim<Inside> extends ""
    ? ReadAs<[], D>
    : Trim<Inside> extends "*"
      ? `the type '${Text}' is no type of an argument: write its extents, as f64[N, 3]`
      : Inside extends `${string}(${string}`
        ? ReadAs<Shape, D>
        : ReadSizes<Inside> extends infer Sizes
          ? Sizes extends Shape
            ? ReadAs<Sizes, D>
            : `the type '${Text}': ${Sizes & string}`
          : never;

/** Sizes between commas. */
type ReadSizes<Inside extends string, Done extends Shape = []> = Inside extends `${infer First},${infer Rest}`
  ? ReadSize<Trim<First>> extends infer Size
    ? Size extends WrongSize<infer Fault>
      ? Fault
      : ReadSizes<Rest, [...Done, Size & (number | string)]>
    : never
  : ReadSize<Trim<Inside>> extends infer Size
    ? Size extends WrongSize<infer Fault>
      ? Fault
      : [...Done, Size & (number | string)]
    : never;

interface WrongSize<Fault extends string> {
  readonly fault: Fault;
}

type Capital =
  | ("A" | "B" | "C" | "D" | "E" | "F" | "G" | "H" | "I" | "J" | "K" | "L" | "M")
  | ("N" | "O" | "P" | "Q" | "R" | "S" | "T" | "U" | "V" | "W" | "X" | "Y" | "Z");

/** A number, the name of a symbol, or `number` for an expression. */
type ReadSize<Text extends string> = Text extends ""
  ? WrongSize<"a size is missing">
  : Text extends `-${string}` | `${number}.${string}`
    ? WrongSize<`the extent ${Text} is no integer from 0`>
    : Text extends `${infer N extends number}`
      ? N
      : IsSymbol<Text> extends true
        ? Text extends `${Capital}${string}`
          ? Text
          : WrongSize<`'${Text}' is no size: symbols begin with a capital letter`>
        : number;

type Trim<Text extends string> = Text extends ` ${infer Rest}`
  ? Trim<Rest>
  : Text extends `${infer Rest} `
    ? Trim<Rest>
    : Text;
