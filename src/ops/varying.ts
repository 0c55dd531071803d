// Along which axes the elements of a value may differ: the transfer functions of that analysis, op by op. The pass
// differentiate asks this of the predicates of selects (differentiate/axes.ts).

import { type Dim, isOf, type Operation, sameDim, shapeOf, type Type, type Value } from "../ir/index.ts";
import { pick } from "./base/arrays.ts";
import { constantOp, emptyOp, iotaOp } from "./base/constant.ts";
import { otherAxes } from "./base/define.ts";
import { convOp } from "./contract/conv.ts";
import { type ConvAttributes, convShape } from "./contract/conv-axes.ts";
import { type DotAttributes, dotOp, freeAxes } from "./contract/dot.ts";
import { popOp, pushOp } from "./control/reverse/tape.ts";
import { dynamicSliceOp, dynamicUpdateSliceOp } from "./indexing/dynamic-slice.ts";
import { gatherOp, scatterOp } from "./indexing/gather.ts";
import {
  type GatherAttributes,
  gatherNumbers,
  type IndexNumbers,
  keptAxes,
  type ScatterAttributes,
  scatterNumbers,
} from "./indexing/index-space.ts";
import { triangularSolveOp } from "./linalg/triangular-solve.ts";
import { cumulativeOp } from "./order/cumulative.ts";
import { andOp } from "./scalar/bits.ts";
import { concatenateOp } from "./shape/concatenate.ts";
import { broadcastOp, reduceOp } from "./shape/reduce.ts";
import { padOp, sliceOp } from "./shape/slicing.ts";
import { permuteOp, reshapeOp, reverseOp } from "./structural/structural.ts";
import { reduceWindowOp } from "./window/window.ts";

/** For each axis of a tensor, or of each tensor in a list, whether its elements may differ along that axis. */
export type Varies = readonly boolean[];

/** The top of the lattice, for values of which nothing is known: they vary along each axis that is not of extent 1. */
export function anywhere(v: Value): Varies {
  return elementShape(v.type).map((extent) => extent !== 1);
}

export function nowhere(v: Value): Varies {
  return elementShape(v.type).map(() => false);
}

function elementShape(type: Type): readonly Dim[] {
  if (type.kind === "list") return elementShape(type.element);
  return type.kind === "unranked" ? [] : type.shape;
}

/** The one of the two that varies along fewer axes. */
export function narrower(a: Varies, b: Varies): Varies {
  const count = (varies: Varies): number => varies.filter((may) => may).length;
  return count(b) < count(a) ? b : a;
}

/** The join: along which axes at least one of several may vary. */
export function varyingInAny(result: Value, each: readonly Varies[]): Varies {
  return elementShape(result.type).map((_, axis) => each.some((varies) => varies[axis]));
}

/**
 * Along which axes the result of an operation without regions may vary, given that of its operands. Of a conjunction
 * the operand that varies along fewer axes counts: a mask of whole rows stays one when it is refined.
 */
export function variesThrough(operation: Operation, result: Value, of: (v: Value) => Varies): Varies {
  const through = throughOperation(operation, result, of);
  return anywhere(result).map((may, axis) => may && through[axis]);
}

function throughOperation(operation: Operation, result: Value, of: (v: Value) => Varies): Varies {
  const { op, operands, attributes } = operation;
  const shape = elementShape(result.type);
  if (op.traits.elementwise === true) {
    const each = operands.map(of);
    if (op === andOp) return each.reduce(narrower);
    return varyingInAny(result, each);
  }
  const axes = (attributes.axes ?? []) as readonly number[];
  switch (op) {
    case pushOp:
    case popOp:
      return varyingInAny(result, operands.map(of));
    case emptyOp:
      return nowhere(result);
    case constantOp:
      return typeof attributes.value === "object" ? anywhere(result) : shape.map(() => false);
    case iotaOp:
      return shape.map((_, axis) => axis === attributes.axis);
    case broadcastOp: {
      const varies = of(operands[0]);
      return shape.map((_, axis) => axes.includes(axis) && varies[axes.indexOf(axis)]);
    }
    case permuteOp:
      return pick(of(operands[0]), attributes.permutation as readonly number[]);
    case reduceOp:
      return of(operands[0]).filter((_, axis) => !axes.includes(axis));
    case sliceOp:
    case padOp:
    case reverseOp:
    case dynamicSliceOp:
    // cumulative and windowed reductions treat all elements along an axis alike; edges are treated as padding is
    case cumulativeOp:
    case reduceWindowOp:
      return of(operands[0]);
    case dotOp:
      return isOf(dotOp, operation) ? contracted(operation, of) : anywhere(result);
    case gatherOp:
      return gathered(of(operands[0]), gatherNumbers(attributes as GatherAttributes), shape.length);
    case triangularSolveOp:
      return of(operands[1]).map((varies, axis) => varies || (axis < shape.length - 2 && of(operands[0])[axis]));
    case convOp:
      return isOf(convOp, operation) ? convolved(operation, of) : anywhere(result);
    case dynamicUpdateSliceOp:
    case concatenateOp: {
      const each = operands.filter((v) => shapeOf(v).length === shape.length).map(of);
      return shape.map((_, axis) => each.some((varies) => varies[axis]));
    }
    case scatterOp:
      return scattered(of(operands[0]), of(operands[2]), scatterNumbers(attributes as ScatterAttributes));
    case reshapeOp:
      return reshaped(of(operands[0]), shapeOf(operands[0]), shape);
    default:
      return anywhere(result);
  }
}

/** dot: the axes of the result are the batch axes, then the free axes of each operand. */
function contracted(operation: Operation<DotAttributes>, of: (v: Value) => Varies): Varies {
  const { left, right } = operation.attributes.batch;
  const [x, y] = operation.operands.map(of);
  const [ofX, ofY] = [x, y].map((varies, i) => pick(varies, freeAxes(varies.length, operation.attributes, sides[i])));
  return [...left.map((axis, i) => x[axis] || y[right[i]]), ...ofX, ...ofY];
}

const sides = ["left", "right"] as const;

/**
 * conv: the result's batch axis is that of x, its feature axis is the kernel's batch axis, and a spatial axis varies
 * where that of x or of the kernel does; edges are treated as padding is.
 */
function convolved(operation: Operation<ConvAttributes>, of: (v: Value) => Varies): Varies {
  const c = convShape(operation);
  const [x, kernel] = operation.operands.map(of);
  const varies = x.map(() => false);
  varies[c.result.batch] = x[c.x.batch];
  varies[c.result.feature] = kernel[c.kernel.batch];
  for (const [i, axis] of c.result.spatial.entries()) varies[axis] = x[c.x.spatial[i]] || kernel[c.kernel.spatial[i]];
  return varies;
}

/**
 * gather: a window axis varies where the axis of x does. The other axes say which window is read, so they vary where x
 * varies along an axis that windows are placed on.
 */
function gathered(x: Varies, numbers: IndexNumbers, rank: number): Varies {
  const { windowAxes, indexMap, batchAxes } = numbers;
  const kept = keptAxes(x.length, numbers);
  const apart = [...indexMap, ...batchAxes].some((axis) => x[axis]);
  return Array.from({ length: rank }, (_, axis) =>
    windowAxes.includes(axis) ? x[kept[windowAxes.indexOf(axis)]] : apart,
  );
}

/**
 * scatter: an axis of x varies where x or a window of the updates varies along it, and an axis that windows are placed
 * on also where the updates differ from window to window. Where windows are placed does not count, as with padding.
 */
function scattered(x: Varies, updates: Varies, numbers: IndexNumbers): Varies {
  const { windowAxes, indexMap } = numbers;
  const apart = otherAxes(updates.length, windowAxes).some((axis) => updates[axis]);
  const kept = keptAxes(x.length, numbers);
  return x.map((varies, axis) => {
    const isKept = kept.includes(axis);
    const isPlaced = !isKept || indexMap.includes(axis);
    return varies || (isPlaced && apart) || (isKept && updates[windowAxes[kept.indexOf(axis)]]);
  });
}

/** reshape: the axes that both shapes begin or end with stay; those in between all vary where one of them did. */
function reshaped(varies: Varies, from: readonly Dim[], to: readonly Dim[]): Varies {
  const shorter = Math.min(from.length, to.length);
  let before = 0;
  while (before < shorter && sameDim(from[before], to[before])) before++;
  let behind = 0;
  while (behind < shorter - before && sameDim(from[from.length - 1 - behind], to[to.length - 1 - behind])) behind++;
  const between = varies.slice(before, from.length - behind).some((v) => v);
  return to.map((extent, axis) => {
    if (axis < before) return varies[axis];
    if (axis >= to.length - behind) return varies[axis - to.length + from.length];
    return between && extent !== 1;
  });
}
