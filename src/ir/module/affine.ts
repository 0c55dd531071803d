// Bounds and subscripts: dimension expressions over an operation's own operands. The operation holds them over the
// operands' positions in a group; while loops are built they are over index values; in text they are over names.

import type { Op, Operation } from "../op/op.ts";
import {
  addDims,
  atomDim,
  type Dim,
  dotDims,
  forEachVariable,
  mulDims,
  operandDim,
  substituteVariables,
  type Variable,
} from "../types/dim.ts";
import { layoutOf } from "../types/type.ts";
import { dimsIn } from "./attributes.ts";
import { groupOf, Value } from "./module.ts";

const indexDims = new WeakMap<Value, Dim>();

/** The dimension that stands for an index value in bounds and subscripts. */
export function indexDim(value: Value): Dim {
  let d = indexDims.get(value);
  if (d === undefined) indexDims.set(value, (d = atomDim({ kind: "index", key: `%${value.id}`, value })));
  return d;
}

/** The index value that a variable is; null where it is none. */
export function indexOf(variable: Variable): Value | null {
  return variable.kind === "index" && variable.value instanceof Value ? variable.value : null;
}

/** The index values of dimensions, each once, in order of first appearance. */
export function indicesOf(dims: readonly Dim[]): ReadonlySet<Value> {
  const found = new Set<Value>();
  for (const d of dims) {
    forEachVariable(d, (variable) => {
      const value = indexOf(variable);
      if (value !== null) found.add(value);
    });
  }
  return found;
}

/** Expressions over index values as an operation holds them: over operands, and the values that these are. */
export function affineOperands(dims: readonly Dim[]): {
  readonly dims: readonly Dim[];
  readonly operands: readonly Value[];
} {
  const operands = [...indicesOf(dims)];
  if (operands.length === 0) return { dims, operands };
  const positions = new Map(operands.map((v, i) => [v, operandDim(i)]));
  return { dims: dims.map((d) => substituteIndices(d, (v) => positions.get(v))), operands };
}

/** `d` with index values replaced; one that `lookup` does not know stays. */
export function substituteIndices(d: Dim, lookup: (value: Value) => Dim | undefined): Dim {
  return substituteVariables(d, (variable) => {
    const value = indexOf(variable);
    return value === null ? undefined : lookup(value);
  });
}

/** `d`, which is over these operands, with each replaced; one out of range stays. */
export function bindOperands(d: Dim, operands: readonly Value[], replace: (operand: Value) => Dim): Dim {
  return substituteVariables(d, (variable) =>
    variable.kind === "operand" && variable.position < operands.length
      ? replace(operands[variable.position])
      : undefined,
  );
}

/** Whether all that an op gives is the value of an expression over its operands. */
export function isExpression(op: Op): boolean {
  return op.assembly.some(({ kind }) => kind === "affine");
}

/** One element of memory that an operation reads or writes; the subscripts are over operands of its group `at`. */
export interface Access {
  readonly memory: Value;
  readonly shape: readonly Dim[];
  readonly at: readonly Dim[];
  /** Written; else read, which gives a value. */
  readonly isWritten: boolean;
}

/**
 * The one element that an operation is about whose text has a subscript, `%x[%i, 2*%j]`; null of others. Of memory with a
 * layout it is null too: elements at different subscripts may be one, and those of two of the same shape are not the same.
 */
export function accessOf(operation: Operation): Access | null {
  const access = elementOf(operation);
  return access === null || layoutOf(access.memory.type) !== undefined ? null : access;
}

/** As `accessOf`, of memory with any layout, for those who only ask where the element stands. */
export function elementOf({ op, operands, results, attributes }: Operation): Access | null {
  const item = subscriptOf(op);
  if (item === null || item.lanes === true) return null;
  const memory = operands[item.operand];
  if (memory.type.kind !== "memref") return null;
  return { memory, shape: memory.type.shape, at: dimsIn(attributes.at), isWritten: results.length === 0 };
}

type SubscriptItem = Extract<Op["assembly"][number], { kind: "subscript" }>;

const subscriptItems = new WeakMap<Op, SubscriptItem | null>();

/** The subscript in the text of an op; null where it has none. */
function subscriptOf(op: Op): SubscriptItem | null {
  let item = subscriptItems.get(op);
  if (item === undefined) {
    item = op.assembly.find((i) => i.kind === "subscript") ?? null;
    subscriptItems.set(op, item);
  }
  return item;
}

/** Where the element of an access stands in its memory, over index values. */
export function positionOf({ memory, shape, at }: Access, operation: Operation): Dim {
  const subscripts = at.map((d) => boundBy(d, operation, "at"));
  const layout = layoutOf(memory.type);
  if (layout !== undefined) return placeIn(layout, subscripts);
  const strides: Dim[] = [];
  for (let axis = shape.length - 1, stride: Dim = 1; axis >= 0; axis--) {
    strides[axis] = stride;
    if (axis > 0) stride = mulDims(stride, shape[axis]);
  }
  return dotDims(subscripts, strides);
}

/** Where an element at subscripts stands by a layout. */
export function placeIn([offset, ...strides]: readonly Dim[], subscripts: readonly Dim[]): Dim {
  return addDims(offset, dotDims(subscripts, strides));
}

/** A dimension over the operands of a group of the operation, over the index values that these are. */
export function boundBy(d: Dim, operation: Operation, group: string): Dim {
  return typeof d === "number" ? d : bindOperands(d, groupOf(operation, group), indexDim);
}

/** The attributes whose dimensions are over the operands of a group, as the op's assembly says. */
export function affineAttributes(op: Op): ReadonlyMap<string, string> {
  let known = affine.get(op);
  if (known === undefined) {
    const map = new Map<string, string>();
    for (const item of op.assembly) {
      if (item.kind === "affine") map.set("value", item.group);
      if (item.kind === "subscript" || item.kind === "places") map.set("at", item.group);
      if (item.kind === "range" || item.kind === "span") map.set("lower", item.group).set("upper", item.group);
    }
    affine.set(op, (known = map));
  }
  return known;
}

const affine = new WeakMap<Op, ReadonlyMap<string, string>>();
