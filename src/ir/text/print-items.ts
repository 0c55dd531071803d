// What stands between mnemonic and types: one small function per item of the record's assembly, then the attributes.

import { Dense } from "../data/ndarray.ts";
import { bindOperands } from "../module/affine.ts";
import { attributeSpec, dimIn, dimsIn, sameAttribute } from "../module/attributes.ts";
import {
  type Attribute,
  type AxisPairs,
  type Bindings,
  groupOf,
  type Operation,
  type Value,
} from "../module/module.ts";
import { type NameTable, printFuncName, quote } from "../module/names.ts";
import { type AttributeSpec, commonAttributes } from "../op/attribute-spec.ts";
import type { AssemblyItem } from "../op/op-spec.ts";
import { atomDim, type Dim } from "../types/dim.ts";
import type { DType } from "../types/dtype.ts";
import { printNumber } from "../types/number-text.ts";
import { printType } from "../types/type.ts";
import { printDense } from "./dense-text.ts";

/** The attributes that an item prints in its own way. */
const covered: Readonly<Record<AssemblyItem["kind"], readonly string[]>> = {
  operands: [],
  operand: [],
  arguments: [],
  group: [],
  bind: [],
  callee: ["callee", "bindings"],
  value: ["value"],
  affine: ["value"],
  subscript: ["at"],
  span: ["lower", "upper"],
  range: ["lower", "upper", "step"],
  places: ["at"],
};

/** How many arguments of the first region stand among the operands. */
export function boundArguments(operation: Operation): number {
  let count = 0;
  for (const item of operation.op.assembly) {
    if (item.kind === "range") count += 1;
    if (item.kind === "places") count += dimsIn(operation.attributes.at).length;
    if (item.kind === "bind") count += groupOf(operation, item.group).length;
  }
  return count;
}

/** The operation's assembly items as text. */
export function printItems(operation: Operation, names: NameTable): string {
  const printer = new ItemPrinter(operation, names);
  let text = "";
  for (const item of operation.op.assembly) {
    const piece = printer.print(item);
    if (piece === "") continue;
    const separator = text === "" || item.kind === "arguments" ? "" : isOperand(item) ? ", " : " ";
    text += separator + piece;
  }
  return text;
}

function isOperand(item: AssemblyItem): boolean {
  return item.kind === "operand" || item.kind === "subscript" || item.kind === "span";
}

class ItemPrinter {
  readonly #operation: Operation;
  readonly #names: NameTable;
  #bound = 0;

  constructor(operation: Operation, names: NameTable) {
    this.#operation = operation;
    this.#names = names;
  }

  /** The counterparts of those in parse-operation.ts. */
  print(item: AssemblyItem): string {
    const { operands, attributes } = this.#operation;
    switch (item.kind) {
      case "operands":
        return this.#values(item.group === undefined ? operands : groupOf(this.#operation, item.group));
      case "operand":
        return this.#names.get(operands[item.operand]);
      case "arguments":
        return `(${this.#values(groupOf(this.#operation, item.group))})`;
      case "group":
        return this.#group(item.group);
      case "bind":
        return this.#bind(item.group);
      case "callee":
        return printFuncName(attributes.callee as string) + printBindings(attributes.bindings as Bindings);
      case "value":
        return printAttribute(attributes.value, this.#operation.op.attributes.value, resultDType(this.#operation));
      case "affine":
        return `${this.#affine(dimIn(attributes.value), item.group)}`;
      case "subscript":
        return this.#subscript(item.operand, item.group);
      case "span":
        return this.#span(item.operand, item.group);
      case "range":
        return this.#range(item.group);
      case "places":
        return this.#places(item.group);
    }
  }

  #values(values: readonly Value[]): string {
    return values.map((v) => this.#names.get(v)).join(", ");
  }

  #group(group: string): string {
    const values = groupOf(this.#operation, group);
    return values.length === 0 ? "" : `${group}(${this.#values(values)})`;
  }

  #bind(group: string): string {
    const values = groupOf(this.#operation, group);
    if (values.length === 0) return "";
    // operands before arguments: those are defined outside
    const operands = values.map((v) => this.#names.get(v));
    return `${group}(${operands.map((operand) => `${this.#argument()} = ${operand}`).join(", ")})`;
  }

  /** The next argument of the first region; a broken operation may lack it. */
  #argument(): string {
    const argument = this.#operation.regions[0]?.arguments[this.#bound++];
    return argument === undefined ? "%missing" : `${this.#names.define(argument, "arg")}: ${printType(argument.type)}`;
  }

  #affine(d: Dim, group: string): Dim {
    return bindOperands(d, groupOf(this.#operation, group), (v) =>
      atomDim({ kind: "index", key: this.#names.get(v), value: v }),
    );
  }

  #subscript(operand: number, group: string): string {
    return this.#names.get(this.#operation.operands[operand]) + this.#at(group);
  }

  #at(group: string): string {
    return `[${dimsIn(this.#operation.attributes.at)
      .map((d) => this.#affine(d, group))
      .join(", ")}]`;
  }

  #places(group: string): string {
    const places = this.#at(group);
    const bound = dimsIn(this.#operation.attributes.at).map(() => this.#argument());
    return `${bound.join(", ")} at ${places}`;
  }

  #span(operand: number, group: string): string {
    return `${this.#names.get(this.#operation.operands[operand])}[${this.#bounds(group)}]`;
  }

  #range(group: string): string {
    const { step } = this.#operation.attributes;
    const stride = step === 1 ? "" : ` step ${step}`;
    return `${this.#argument()} = ${this.#bounds(group)}${stride}`;
  }

  #bounds(group: string): string {
    const { lower, upper } = this.#operation.attributes;
    return [lower, upper].map((d) => this.#affine(dimIn(d), group)).join(" to ");
  }
}

/** `key = value` for each attribute that no item prints and that is not its default, in the record's order. */
export function printAttributes(operation: Operation): readonly string[] {
  const { op, attributes } = operation;
  const done = op.assembly.flatMap((item) => covered[item.kind]);
  const texts: string[] = [];
  for (const name of Object.keys({ ...op.attributes, ...commonAttributes })) {
    const value = attributes[name];
    const spec = attributeSpec(op, name);
    if (value === undefined || spec === undefined || done.includes(name)) continue;
    if (spec.default !== undefined && sameAttribute(value, spec.default)) continue;
    texts.push(`${name} = ${printAttribute(value, spec, resultDType(operation))}`);
  }
  return texts;
}

function resultDType(operation: Operation): DType {
  const type = operation.results[0]?.type;
  return type === undefined || type.kind === "list" ? "f64" : type.dtype;
}

function printAttribute(value: Attribute, spec: AttributeSpec, dtype: DType): string {
  switch (spec.kind) {
    case "string":
      return quote(String(value));
    case "function":
      return printFuncName(String(value));
    case "axisPairs":
      return `[${(value as AxisPairs).left.join(", ")}] x [${(value as AxisPairs).right.join(", ")}]`;
    case "dims":
    case "axes":
    case "axesOrAll":
    case "integers":
      return Array.isArray(value) ? `[${value.join(", ")}]` : `${value}`;
    case "bindings":
      return printBindings(value as Bindings);
    case "constant":
      if (value instanceof Dense) return printDense(value);
      return typeof value === "number" ? printNumber(value, dtype) : `${value}`;
    default:
      return typeof value === "number" ? printNumber(value) : `${value}`;
  }
}

function printBindings({ bindings }: Bindings): string {
  const entries = Object.entries(bindings);
  return entries.length === 0 ? "" : `<${entries.map(([name, d]) => `${name} = ${d}`).join(", ")}>`;
}
