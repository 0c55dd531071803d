// The types of transformed functions: each keeps the parameters of the function and the structure of its results. `P` are
// its parameters, `R` is what it gives, `W` the arguments that are differentiated.

import type {
  DTypeIn,
  IsOpen,
  Numeric,
  OneDType,
  Returned,
  Shape,
  ShapeIn,
  Tensor,
  TensorBrand,
  Tensors,
} from "../frontend/index.ts";

/** An option `wrt`. */
export type Wrt = number | readonly number[];

/** What a function that is differentiated returns, or what is wrong with that: one float scalar is expected. */
export type ReturnedScalar<R> =
  Returned<R> extends infer Checked
    ? Checked extends string
      ? Checked
      : R extends readonly unknown[]
        ? "the function gives several results, expected one float scalar"
        : R extends TensorBrand
          ? ShapeIn<R> extends readonly [] | Shape
            ? IsOpen<ShapeIn<R>> extends true
              ? R
              : ShapeIn<R> extends readonly []
                ? R
                : "the function gives a tensor with axes, expected one float scalar: sum it"
            : R
          : R
    : never;

/** The value of a function with a scalar result, as a tensor. */
export type ScalarOf<R> = R extends TensorBrand ? Tensor<[], OneDType<DTypeIn<R>>> : Tensor<[]>;

/** Gradients: in the structure of the argument, or one for each of several. */
export type GradientsOf<P extends readonly unknown[], W> = W extends readonly unknown[]
  ? { -readonly [I in keyof W]: Tensors<Argument<P, W[I]>> }
  : Tensors<Argument<P, W>>;

/** One for each argument. */
export type EachTensors<P extends readonly unknown[]> = { -readonly [I in keyof P]: Tensors<P[I]> };

/** The parameter at a position. */
type Argument<P extends readonly unknown[], I> = I extends number ? (number extends I ? P[number] : P[I]) : P[number];

/** The derivatives of each result, where arguments are tensors. */
export type Jacobian<R, P extends readonly unknown[], W> = R extends TensorBrand
  ? Blocks<R, P, W>
  : R extends readonly unknown[] | Readonly<Record<string, unknown>>
    ? { -readonly [K in keyof R]: Jacobian<R[K], P, W> }
    : Blocks<Tensor<[]>, P, W>;

type Blocks<R, P extends readonly unknown[], W> = W extends readonly unknown[]
  ? { -readonly [I in keyof W]: Block<R, Argument<P, W[I]>> }
  : Block<R, Argument<P, W>>;

/** The derivative of a tensor with respect to each tensor of an argument: the axes of the one, then those of the other. */
type Block<R, X> = X extends TensorBrand
  ? Tensor<Joined<ShapeIn<R>, ShapeIn<X>>, OneDType<DTypeIn<X>>>
  : X extends readonly unknown[] | Readonly<Record<string, unknown>>
    ? { -readonly [K in keyof X]: Block<R, X[K]> }
    : Tensor;

type Joined<S extends Shape, T extends Shape> =
  IsOpen<S> extends true ? Shape : IsOpen<T> extends true ? Shape : [...S, ...T];

/** The same where all arguments are numbers: a derivative has the shape of the result. */
export type NumericJacobian<R, P extends readonly unknown[], W> = R extends TensorBrand
  ? NumericBlocks<R, P, W>
  : R extends readonly unknown[] | Readonly<Record<string, unknown>>
    ? { -readonly [K in keyof R]: NumericJacobian<R[K], P, W> }
    : NumericBlocks<Tensor<[]>, P, W>;

type NumericBlocks<R, P extends readonly unknown[], W> = W extends readonly unknown[]
  ? { -readonly [I in keyof W]: NumericBlock<R, Argument<P, W[I]>> }
  : NumericBlock<R, Argument<P, W>>;

type NumericBlock<R, X> = X extends TensorBrand
  ? Numeric<R>
  : X extends readonly unknown[] | Readonly<Record<string, unknown>>
    ? { -readonly [K in keyof X]: NumericBlock<R, X[K]> }
    : Numeric<R>;

/** Second derivatives: with several arguments a matrix of them. */
export type Hessian<P extends readonly unknown[], W> = W extends readonly unknown[]
  ? { -readonly [I in keyof W]: Row<Argument<P, W[I]>, P, W> }
  : Row<Argument<P, W>, P, W>;

type Row<X, P extends readonly unknown[], W> = X extends TensorBrand
  ? Blocks<X, P, W>
  : X extends readonly unknown[] | Readonly<Record<string, unknown>>
    ? { -readonly [K in keyof X]: Row<X[K], P, W> }
    : Tensor;

/** The parameters of `hvp(fn)`: a vector behind the first. */
export type WithVector<P extends readonly unknown[]> = P extends readonly [infer X, ...infer Rest]
  ? [x: X, v: X, ...rest: Rest]
  : [x: P[number], v: P[number], ...rest: P[number][]];

/** What a function with aux returns: a pair, also where TypeScript has only seen an array. */
export type ReturnedPair<V, A> = readonly [value: V, aux: A] | readonly (V | A)[];
