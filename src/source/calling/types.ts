// What a compiled function of source takes and gives, as TypeScript sees it: the function's own types, and derivatives in the
// shapes of its parameters.

import type { Facts } from "../../compile/index.ts";

/** A function as it is written; where none is told, nothing is known of it. */
// biome-ignore lint/suspicious/noExplicitAny: text has no type
export type SourceBody = (...args: any[]) => any;

/** A compiled function of the source's own types. */
export type SourceFunction<F extends SourceBody = SourceBody> = Facts & F;

/** What the derivative by a parameter is: in its shape, for what in it has derivatives. */
export type DerivativeBy<T> = T extends number
  ? number
  : T extends Float64Array | Float32Array
    ? T
    : T extends boolean | Int32Array | undefined
      ? never
      : T extends readonly unknown[]
        ? { -readonly [K in keyof T]: DerivativeBy<T[K]> }
        : { -readonly [K in keyof T as [DerivativeBy<T[K]>] extends [never] ? never : K]: DerivativeBy<T[K]> };

/** The derivatives by all parameters that have one. */
type DerivativesBy<P extends readonly unknown[], Found extends readonly unknown[] = []> = P extends readonly [
  infer First,
  ...infer Rest,
]
  ? DerivativesBy<Rest, [DerivativeBy<First>] extends [never] ? Found : [...Found, DerivativeBy<First>]>
  : Found;

/** The derivatives by those in `wrt`: each may be that of any parameter. */
type SomeDerivatives<F extends SourceBody> = DerivativeBy<Required<Parameters<F>>[number]>[];

/** Rows and columns by parameter: numbers where all parameters are numbers, else in the shapes of both. */
type HessianOf<P extends readonly unknown[]> = P[number] extends number
  ? { -readonly [K in keyof P]: { -readonly [L in keyof P]: number } }
  : unknown[][];

type Hessian<F extends SourceBody> = HessianOf<Required<Parameters<F>>>;

export type WithGradient<F extends SourceBody> = SourceFunction<
  (...args: Parameters<F>) => [ReturnType<F>, DerivativesBy<Required<Parameters<F>>>]
>;

export type WithGradientBy<F extends SourceBody> = SourceFunction<
  (...args: Parameters<F>) => [ReturnType<F>, SomeDerivatives<F>]
>;

export type WithHessian<F extends SourceBody> = SourceFunction<
  (...args: Parameters<F>) => [ReturnType<F>, DerivativesBy<Required<Parameters<F>>>, Hessian<F>]
>;

export type WithHessianBy<F extends SourceBody> = SourceFunction<
  (...args: Parameters<F>) => [ReturnType<F>, SomeDerivatives<F>, Hessian<F>]
>;
