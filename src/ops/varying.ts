// Along which axes the elements of a mask may differ, as far as the operations it comes from say. Contractions ask before
// they look at whole rows; what is said here decides what that costs, and never what is right.

import { type Dim, isOf, loopOf, type Operation, sameDim, shapeOf, type Value, ValueMap } from "../ir/index.ts";
import { pick } from "./base/arrays.ts";
import { constantOp, iotaOp } from "./base/constant.ts";
import { otherAxes } from "./base/define.ts";
import { convOp } from "./contract/conv.ts";
import { type ConvAttributes, convShape } from "./contract/conv-axes.ts";
import { dynamicSliceOp, dynamicUpdateSliceOp } from "./indexing/dynamic-slice.ts";
import { scatterOp } from "./indexing/gather.ts";
import { type IndexNumbers, keptAxes, type ScatterAttributes, scatterNumbers } from "./indexing/index-space.ts";
import { cumulativeOp } from "./order/cumulative.ts";
import { andOp } from "./scalar/bits.ts";
import { concatenateOp } from "./shape/concatenate.ts";
import { broadcastOp, reduceOp } from "./shape/reduce.ts";
import { padOp, sliceOp } from "./shape/slicing.ts";
import { permuteOp, reshapeOp, reverseOp } from "./structural/structural.ts";
import { reduceWindowOp } from "./window/window.ts";

type Varies = readonly boolean[];

/** Longer chains are not followed. */
const deepest = 16;

/**
 * For each axis of `value`, whether elements may differ along it; in a conjunction, those of each side, for rows that one
 * side does not take are not taken, and so what stands between padding counts only. `known` has values of which that is
 * said already.
 */
export function varyingAxes(
  value: Value,
  definition: (value: Value) => Operation | null,
  known: ValueMap<Varies> = new ValueMap(),
): Varies {
  const of = (v: Value, depth: number): Varies => {
    let varies = known.get(v);
    if (varies === undefined) {
      const operation = depth < deepest ? definition(v) : null;
      const all = anywhere(v);
      const through = operation && throughOperation(operation, v, (operand) => of(operand, depth + 1));
      varies = through === null ? all : all.map((may, axis) => may && through[axis]);
      known.set(v, varies);
    }
    return varies;
  };
  return of(value, 0);
}

function anywhere(v: Value): Varies {
  return shapeOf(v).map((extent) => extent !== 1);
}

function throughOperation(operation: Operation, result: Value, of: (v: Value) => Varies): Varies {
  const { op, operands, attributes } = operation;
  const shape = shapeOf(result);
  if (op.traits.elementwise === true) {
    const each = operands.map(of);
    if (op === andOp) return shape.map((_, axis) => each.every((varies) => varies[axis]));
    return shape.map((_, axis) => each.some((varies) => varies[axis]));
  }
  const index = operation.results.indexOf(result);
  if (op.traits.branches) {
    const each = operation.regions.map((region) => of(region.results[index]));
    return shape.map((_, axis) => each.some((varies) => varies[axis]));
  }
  // a loop's steps are taken to leave rows as they begin
  const loop = loopOf(operation);
  if (loop !== null) return index < loop.count ? of(loop.inits[index]) : [false, ...of(loop.body.results[index])];
  const axes = (attributes.axes ?? []) as readonly number[];
  switch (op) {
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
    // running and moving combinations of masks take no element apart from the others along an axis; edges count as padding
    case cumulativeOp:
    case reduceWindowOp:
      return of(operands[0]);
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

/** The batch and the places of the result are those of x, its features those of the kernel; edges count as padding. */
function convolved(operation: Operation<ConvAttributes>, of: (v: Value) => Varies): Varies {
  const c = convShape(operation);
  const [x, kernel] = operation.operands.map(of);
  const varies = x.map(() => false);
  varies[c.result.batch] = x[c.x.batch];
  varies[c.result.feature] = kernel[c.kernel.batch];
  for (const [i, axis] of c.result.spatial.entries()) varies[axis] = x[c.x.spatial[i]] || kernel[c.kernel.spatial[i]];
  return varies;
}

/** Where windows are written counts as padding does. */
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

/** Axes that both shapes begin or end with stay; those between vary where any did. */
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
