// Abstract values: what the reading of a text knows of the value of an expression. Numbers, booleans and the contents of
// arrays are values of the IR, with their constant where it is known; arrays and objects are known by identity.

import type { Dim, DType, Type, Value } from "../../ir/index.ts";
import type { FunctionNode } from "../syntax/tree.ts";
import type { Location } from "./location.ts";
import type { LeafKind } from "./program.ts";
import type { Scope } from "./scope.ts";

export interface AbstractNumber {
  readonly kind: "number";
  readonly value: Value;
  /** The constant, where the value is one. */
  readonly known: number | null;
  /** The same value as a dimension, where it is computed from lengths. */
  readonly dim: Dim | null;
}

export interface AbstractBoolean {
  readonly kind: "boolean";
  readonly value: Value;
  readonly known: boolean | null;
}

/** The contents of an array, as a value of the IR. */
export interface AbstractTensor {
  readonly kind: "tensor";
  readonly value: Value;
}

/** An array, tuple or object. Its identity is always known, so that a write reaches all aliases. */
export interface Reference {
  readonly kind: "reference";
  readonly cell: Cell;
}

export interface AbstractFunction {
  readonly kind: "function";
  readonly fn: FunctionNode;
  readonly scope: Scope;
  /** Whether it was passed as an argument. */
  readonly isGiven?: boolean;
}

/** A builtin by its path: `Math`, `Math.sin`, `Number`, `Array`. */
export interface Builtin {
  readonly kind: "builtin";
  readonly name: string;
}

/** A function of the host, which the text calls by this name. */
export interface HostFunction {
  readonly kind: "host";
  readonly name: string;
}

/** `undefined`, the result of a function that returns nothing. */
export interface Nothing {
  readonly kind: "nothing";
}

export type AbstractValue =
  | AbstractNumber
  | AbstractBoolean
  | AbstractTensor
  | Reference
  | AbstractFunction
  | Builtin
  | HostFunction
  | Nothing;

/** A location that is assigned only on paths with a pending jump, and not definitely assigned on the live ones. */
export interface Absent {
  readonly kind: "absent";
  readonly held: AbstractValue;
}

/** The value as one of which only the type is known, with another value of the IR. */
export function withValue(m: AbstractNumber | AbstractBoolean | AbstractTensor, value: Value): AbstractValue {
  if (m.kind === "number") return { kind: "number", value, known: null, dim: null };
  return m.kind === "boolean" ? { kind: "boolean", value, known: null } : { kind: "tensor", value };
}

/** What a location holds; undefined where no path has assigned it. */
export type Stored = AbstractValue | Absent | undefined;

/** The value that a location holds on some path. */
export function heldOf(stored: Stored): AbstractValue | undefined {
  return stored?.kind === "absent" ? stored.held : stored;
}

export const nothing: Nothing = Object.freeze({ kind: "nothing" });

export type ArrayKind = Exclude<LeafKind, "number" | "boolean">;

export const dtypeOfArray: Readonly<Record<ArrayKind, DType>> = {
  "number[]": "f64",
  Float64Array: "f64",
  Float32Array: "f32",
  Int32Array: "i32",
};

/** The identity that all aliases of an array, tuple or object share. */
abstract class CellBase {
  /** The reason why it may not be written to; null where it may. */
  frozen: string | null = null;
}

export class ArrayCell extends CellBase {
  readonly kind = "array";
  readonly array: ArrayKind;
  readonly length: Dim;
  readonly contents: Location;
  /** Its index, where it is an argument of the compiled function. */
  readonly parameter: number | null;

  constructor(array: ArrayKind, length: Dim, contents: Location, parameter: number | null = null) {
    super();
    this.array = array;
    this.length = length;
    this.contents = contents;
    this.parameter = parameter;
  }
}

/** A tuple or an object, with a location for each field. */
export class RecordCell extends CellBase {
  readonly kind = "record";
  readonly isTuple: boolean;
  readonly fields: ReadonlyMap<string, Location>;
  /** The number of the literal that made it, where an array could stand for it. */
  readonly site: number | null;

  constructor(isTuple: boolean, fields: ReadonlyMap<string, Location>, site: number | null) {
    super();
    this.isTuple = isTuple;
    this.fields = fields;
    this.site = site;
  }
}

export type Cell = ArrayCell | RecordCell;

/** The locations of a cell itself: its fields, or the one of its contents. */
export function locationsOf(cell: Cell): Iterable<Location> {
  return cell.kind === "array" ? [cell.contents] : cell.fields.values();
}

/** The type of an abstract value: enough to make a placeholder of it. */
export type ValueType =
  | { readonly kind: "value"; readonly as: "number" | "boolean" | "tensor"; readonly type: Type }
  | { readonly kind: "array"; readonly array: ArrayKind; readonly length: Dim }
  | {
      readonly kind: "record";
      readonly isTuple: boolean;
      readonly site: number | null;
      readonly fields: readonly (readonly [string, ValueType])[];
    };

/** The kind of value in messages. */
export function describeValue(m: AbstractValue | undefined): string {
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
    case "host":
      return `'${m.name}' of the functions`;
    case "tensor":
      return "an array";
    default:
      return "undefined";
  }
}

/** Two values that do not join, described so that they differ. */
export function describeApart(a: AbstractValue, b: AbstractValue): readonly [string, string] {
  const [one, other] = [describeValue(a), describeValue(b)];
  return one === other ? [one + describeMembers(a), other + describeMembers(b)] : [one, other];
}

function describeMembers(m: AbstractValue): string {
  if (m.kind !== "reference") return "";
  const { cell } = m;
  if (cell.kind === "array")
    return typeof cell.length === "number" ? ` of length ${cell.length}` : ` as long as '${cell.contents.name}'`;
  return cell.isTuple ? ` of length ${cell.fields.size}` : ` { ${[...cell.fields.keys()].join(", ")} }`;
}
