// What an expression means while it is read: values of the IR, and what is known of them before anything runs.

import type { Dim, DType, Type, Value } from "../../ir/index.ts";
import type { FunctionNode } from "../syntax/tree.ts";
import type { Location } from "./location.ts";
import type { LeafKind } from "./program.ts";
import type { Scope } from "./scope.ts";

export interface NumberMeaning {
  readonly kind: "number";
  readonly value: Value;
  /** The number itself, where the text says it. */
  readonly known: number | null;
  /** The size that it is, where it is made of lengths. */
  readonly dim: Dim | null;
}

export interface BooleanMeaning {
  readonly kind: "boolean";
  readonly value: Value;
  readonly known: boolean | null;
}

/** The elements of an array, as a value of the IR. */
export interface TensorMeaning {
  readonly kind: "tensor";
  readonly value: Value;
}

/** An array, tuple or object: which one is always known, so that a write reaches all names of it. */
export interface ReferenceMeaning {
  readonly kind: "reference";
  readonly cell: Cell;
}

export interface FunctionMeaning {
  readonly kind: "function";
  readonly fn: FunctionNode;
  readonly scope: Scope;
  /** Whether it came as an argument. */
  readonly isGiven?: boolean;
}

/** `Math`, `Math.sin`, `Number`, `Array`: by its path. */
export interface BuiltinMeaning {
  readonly kind: "builtin";
  readonly name: string;
}

/** What a function gives that returns nothing. */
export interface NothingMeaning {
  readonly kind: "nothing";
}

export type Meaning =
  | NumberMeaning
  | BooleanMeaning
  | TensorMeaning
  | ReferenceMeaning
  | FunctionMeaning
  | BuiltinMeaning
  | NothingMeaning;

/** What a location holds on paths that are in the middle of a jump alone: the others have yet to give it a value. */
export interface Absent {
  readonly kind: "absent";
  readonly held: Meaning;
}

/** What is stored under a location. */
export type Stored = Meaning | Absent | undefined;

/** What some path at least has given a location. */
export function heldOf(stored: Stored): Meaning | undefined {
  return stored?.kind === "absent" ? stored.held : stored;
}

export const nothing: NothingMeaning = Object.freeze({ kind: "nothing" });

export type ArrayKind = Exclude<LeafKind, "number" | "boolean">;

export const dtypeOfArray: Readonly<Record<ArrayKind, DType>> = {
  "number[]": "f64",
  Float64Array: "f64",
  Float32Array: "f32",
  Int32Array: "i32",
};

/** What two names of one array share. */
abstract class Shared {
  /** Why it may not be written to; null where it may. */
  frozen: string | null = null;
}

export class ArrayCell extends Shared {
  readonly kind = "array";
  readonly array: ArrayKind;
  readonly length: Dim;
  readonly contents: Location;
  /** The argument of the function that it is. */
  readonly parameter: number | null;

  constructor(array: ArrayKind, length: Dim, contents: Location, parameter: number | null = null) {
    super();
    this.array = array;
    this.length = length;
    this.contents = contents;
    this.parameter = parameter;
  }
}

/** A tuple or an object: a location for each field. */
export class RecordCell extends Shared {
  readonly kind = "record";
  readonly isTuple: boolean;
  readonly fields: ReadonlyMap<string, Location>;
  /** The literal that it comes from, where that might as well be an array. */
  readonly site: number | null;

  constructor(isTuple: boolean, fields: ReadonlyMap<string, Location>, site: number | null) {
    super();
    this.isTuple = isTuple;
    this.fields = fields;
    this.site = site;
  }
}

export type Cell = ArrayCell | RecordCell;

/** What a location can hold, without the values: enough to make room for it. */
export type Shape =
  | { readonly kind: "value"; readonly as: "number" | "boolean" | "tensor"; readonly type: Type }
  | { readonly kind: "array"; readonly array: ArrayKind; readonly length: Dim }
  | {
      readonly kind: "record";
      readonly isTuple: boolean;
      readonly site: number | null;
      readonly fields: readonly (readonly [string, Shape])[];
    };

/** As messages call it. */
export function describeMeaning(m: Meaning | undefined): string {
  switch (m?.kind) {
    case "number":
      return "a number";
    case "boolean":
      return "a boolean";
    case "reference":
      return m.cell.kind === "array" ? `a ${m.cell.array}` : m.cell.isTuple ? "an array" : "an object";
    case "function":
      return "a function";
    case "builtin":
      return m.name;
    case "tensor":
      return "an array";
    default:
      return "undefined";
  }
}

/** Two that are not alike, as messages tell them apart. */
export function describeApart(a: Meaning, b: Meaning): readonly [string, string] {
  const [one, other] = [describeMeaning(a), describeMeaning(b)];
  return one === other ? [one + describeParts(a), other + describeParts(b)] : [one, other];
}

function describeParts(m: Meaning): string {
  if (m.kind !== "reference") return "";
  const { cell } = m;
  if (cell.kind === "array")
    return typeof cell.length === "number" ? ` of length ${cell.length}` : ` as long as '${cell.contents.name}'`;
  return cell.isTuple ? ` of length ${cell.fields.size}` : ` { ${[...cell.fields.keys()].join(", ")} }`;
}
