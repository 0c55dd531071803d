// What an op record says of its attributes, and the types that follow for its rules.

import type { Dense } from "../data/ndarray.ts";
import type { Dim } from "../types/dim.ts";
import type { DType } from "../types/dtype.ts";
import type { Type } from "../types/type.ts";

/** Contracted or paired axes: `[1] x [0]`. */
export interface AxisPairs {
  readonly left: readonly number[];
  readonly right: readonly number[];
}

/** A compile-time fact. The op's attribute specification says which of these it is. */
export type Attribute =
  | number
  | boolean
  | string
  | Dim
  | Type
  | Dense
  | AxisPairs
  | readonly (number | string | Dim)[]
  | Bindings;

/** Dimension symbols that a call binds explicitly: `call @f<B = 2*N>(…)`. */
export interface Bindings {
  readonly bindings: Readonly<Record<string, Dim>>;
}

export type Attributes = Readonly<Record<string, Attribute>>;

export type AttributeKind =
  | "integer" //    3
  | "number" //     0.5, inf, nan
  | "boolean" //    true
  | "string" //     "message"
  | "word" //       one of `words`
  | "function" //   @name
  | "dtype" //      f32
  | "dim" //        2*B+1
  | "dims" //       [B, 2*K]
  | "axes" //       [0, 2], negative ones counted from the end
  | "axesOrAll" //  [0, 2], or all while the rank is not known
  | "integers" //   [1, 2]
  | "axisPairs" //  [1] x [0]
  | "constant" //   a number, boolean or dense<…> of the result's dtype
  | "bindings"; //  <B = 2*N>

/** What the attributes of each kind are. */
interface AttributeTypes {
  readonly integer: number;
  readonly number: number;
  readonly boolean: boolean;
  readonly string: string;
  readonly word: string;
  readonly function: string;
  readonly dtype: DType;
  readonly dim: Dim;
  readonly dims: readonly Dim[];
  readonly axes: readonly number[];
  readonly axesOrAll: readonly number[] | "all";
  readonly integers: readonly number[];
  readonly axisPairs: AxisPairs;
  readonly constant: number | boolean | Dense;
  readonly bindings: Bindings;
}

export interface AttributeSpec {
  readonly kind: AttributeKind;
  /** The allowed words of a `word` attribute. */
  readonly words?: readonly string[];
  /**
   * What it holds of operand 0, where that is more than its kind says: one of its axes, some of them, all in some order, or
   * an entry for each. Random programs are made by it; without it, they try.
   */
  readonly holds?: "axis" | "axes" | "permutation" | "entries";
  /**
   * Whether it promises something of operands that nothing checks. Random programs leave it at its default, unless they make
   * the operands for it.
   */
  readonly isPromise?: true;
  /** Printed only when different; without a default the attribute is required. */
  readonly default?: Attribute;
  /** Of a list whose default is none: what each entry is then. A list of nothing else is left out, too. */
  readonly usual?: number;
  readonly summary: string;
}

export type AttributeSpecs = Readonly<Record<string, AttributeSpec>>;

/**
 * What operations of any op may say beside their own attributes, where there is something to say. `reuses` counts operands,
 * one for each result: the one in whose memory the result comes to stand.
 */
export const commonAttributes = Object.freeze({
  reuses: { kind: "integers", default: [], summary: "the operands in whose memory the results stand; -1 for none" },
} satisfies AttributeSpecs);

/** The specifications of every op that has no attributes of its own. */
export const noAttributes: AttributeSpecs = Object.freeze({});

/** The type of an attribute by its specification: `number` of an integer, `"max" | "min"` of such a word. */
export type AttributeOf<S extends AttributeSpec> = S extends {
  readonly kind: "word";
  readonly words: readonly (infer Word extends string)[];
}
  ? Word
  : AttributeTypes[S["kind"]];

/** The attributes of an op by their specifications: what its rules see. */
export type AttributesOf<S extends AttributeSpecs> = { readonly [Name in keyof S]: AttributeOf<S[Name]> };
