// The derivative of scatter, in a file of its own since each kind has another one. It reads the updated windows with
// gather, and writes to them with scatter.

import { type Derivative, type Operation, productOf, shapeOf, tensorType, type Value } from "../../ir/index.ts";
import { constantLike, iota } from "../base/constant.ts";
import { dtypeOf, otherAxes, tensorOf } from "../base/define.ts";
import { cast, compare } from "../base/elementwise.ts";
import { select } from "../base/select.ts";
import { zeros, zerosLike } from "../base/zeros.ts";
import { ifElse } from "../control/control.ts";
import { add, div, maximum, mul } from "../scalar/arithmetic.ts";
import { and } from "../scalar/bits.ts";
import { broadcast, reduce } from "../shape/reduce.ts";
import { reshape } from "../structural/structural.ts";
import {
  type GatherNumbers,
  type ScatterAttributes,
  type ScatterNumbers,
  scatterNumbers,
  windowSizes,
} from "./index-space.ts";
import type { ScatterKind } from "./scatter-kinds.ts";

type Rule = Extract<Derivative<ScatterAttributes>, { kind: "rule" }>;
type Gather = (x: Value, indices: Value, numbers: GatherNumbers) => Value;
type Scatter = (x: Value, indices: Value, updates: Value, numbers: ScatterNumbers) => Value;

/** Reads and writes the windows that an operation updates, in tensors of the shape of its x. */
interface Windows {
  read(x: Value): Value;
  write(x: Value, updates: Value, kind: ScatterKind): Value;
}

/** The mode in which windows are read: an update out of range was dropped, so its cotangent is 0. */
const gatherModes = { fail: "fail", clamp: "clamp", drop: "fill" } as const;

/**
 * The derivative of scatter; it is given the functions that emit both ops, since their file imports this one.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function scatterDerivative(gather: Gather, scatter: Scatter): Derivative<ScatterAttributes> {
  const windowsOf = (operation: Operation<ScatterAttributes>, indices: Value): Windows => {
    const { windowAxes, droppedAxes, ...shared } = scatterNumbers(operation.attributes);
    const { mode, unique } = operation.attributes;
    const [x, , updates] = operation.operands.map((v) => shapeOf(v));
    const sizes = windowSizes(x.length, updates, scatterNumbers(operation.attributes));
    const reading = { ...shared, offsetAxes: windowAxes, collapsedAxes: droppedAxes, sizes, mode: gatherModes[mode] };
    const writing = { ...shared, updateAxes: windowAxes, insertedAxes: droppedAxes, mode, unique };
    return {
      read: (v) => gather(v, indices, reading),
      write: (v, values, kind) => scatter(v, indices, values, { ...writing, kind }),
    };
  };
  return {
    kind: "rule",
    vjp: (x) => cotangents(x, windowsOf(x.operation, x.operands[1])),
    jvp: (x) => tangent(x, windowsOf(x.operation, x.operands[1])),
    met: ({ attributes, operands }, i) => (i === 0 && attributes.kind === "mul" ? operands[0] : null),
  };
}

function cotangents(
  { operation, operands: [x, , updates], result, cotangent, wanted }: Parameters<Rule["vjp"]>[0],
  { read, write }: Windows,
): ReturnType<Rule["vjp"]> {
  const [ofX, , ofUpdates] = wanted;
  const kind = operation.attributes.kind;
  switch (kind) {
    case "add":
      return [cotangent, null, ofUpdates ? read(cotangent) : null];
    case "set": {
      const value = ofUpdates ? read(cotangent) : null;
      const mask = value === null ? null : lastOfSeveral(operation, updates, { read, write });
      const left = ofX ? write(cotangent, zerosLike(updates), "set") : null;
      return [left, null, value !== null && mask !== null ? kept(mask, value) : value];
    }
    case "mul":
      return [
        ofX ? write(cotangent, updates, "mul") : null,
        null,
        ofUpdates ? mul(read(cotangent), othersOf(operation, [x, updates, result], { read, write })) : null,
      ];
    default: {
      const { masks, count } = ties(x, updates, result, { read, write });
      const share = div(cotangent, count);
      return [ofX ? kept(masks[0], share) : null, null, ofUpdates ? kept(masks[1], read(share)) : null];
    }
  }
}

function tangent(
  { operation, operands: [x, , updates], result, tangents: [ofX, , ofUpdates] }: Parameters<Rule["jvp"]>[0],
  { read, write }: Windows,
): Value | null {
  if (ofX === null && ofUpdates === null) return null;
  const kind = operation.attributes.kind;
  switch (kind) {
    case "add":
    case "set":
      return write(ofX ?? zerosLike(x), ofUpdates ?? zerosLike(updates), kind);
    case "mul": {
      const first = ofX === null ? null : write(ofX, updates, "mul");
      const others = (): Value => othersOf(operation, [x, updates, result], { read, write });
      const second = ofUpdates === null ? null : write(zerosLike(x), mul(ofUpdates, others()), "add");
      return first === null || second === null ? (first ?? second) : add(first, second);
    }
    default: {
      const { masks, count } = ties(x, updates, result, { read, write });
      const own = ofX === null ? zerosLike(x) : kept(masks[0], ofX);
      const others = ofUpdates === null ? zerosLike(updates) : kept(masks[1], ofUpdates);
      return div(write(own, others, "add"), maximum(count, constantLike(1, count)));
    }
  }
}

function kept(mask: Value, t: Value): Value {
  return select(mask, t, zerosLike(t));
}

/** For min and max: which elements of x and which updates equal the result, and how many of them each element has. */
function ties(x: Value, updates: Value, result: Value, { read, write }: Windows) {
  const masks = [compare(x, result, "eq"), compare(updates, read(result), "eq")] as const;
  const dtype = dtypeOf(x.type);
  return { masks, count: write(cast(masks[0], dtype), cast(masks[1], dtype), "add") };
}

/**
 * For set: which updates no later one overwrote; null where no two updates can overlap. It scatters the numbers of the
 * updates and reads them back: an update that reads its own number is the last one.
 */
function lastOfSeveral(
  operation: Operation<ScatterAttributes>,
  updates: Value,
  { read, write }: Windows,
): Value | null {
  if (isUnique(operation)) return null;
  const { shape } = tensorOf(updates);
  const numbered = reshape(iota(tensorType("i32", [productOf(shape)])), shape);
  const x = tensorOf(operation.operands[0]);
  const last = write(zeros(tensorType("i32", x.shape)), numbered, "set");
  return compare(read(last), numbered, "eq");
}

/** Whether no two updates overlap: the user promised it, or each batch of x has only one window. */
function isUnique({ attributes, operands }: Operation<ScatterAttributes>): boolean {
  if (attributes.unique === true) return true;
  const numbers = scatterNumbers(attributes);
  const shape = shapeOf(operands[1]);
  const along = otherAxes(shape.length, [...numbers.indexBatchAxes, numbers.indexAxis]);
  return along.every((axis) => shape[axis] === 1);
}

/**
 * For mul: for each update the product of all other factors of its element, the element of x included. Where updates
 * may overlap, it is the result divided by the update, provided that the square of no result underflows or overflows;
 * otherwise the other factors are multiplied, at quadratic cost.
 */
function othersOf(
  operation: Operation<ScatterAttributes>,
  [x, updates, result]: readonly [x: Value, updates: Value, result: Value],
  windows: Windows,
): Value {
  if (isUnique(operation)) return windows.read(x);
  const whole = windows.read(result);
  const square = mul(whole, whole);
  const isSafe = and(
    compare(square, constantLike(0, square), "gt"),
    compare(square, constantLike(Infinity, square), "lt"),
  );
  const all = otherAxes(shapeOf(isSafe).length, []);
  return ifElse(
    all.length === 0 ? isSafe : reduce(isSafe, { kind: "and", axes: all }),
    () => [div(whole, updates)],
    () => [mul(windows.read(x), productOfMeeting(x, updates, windows))],
  )[0];
}

/**
 * For each update the product of the other updates of its element: a row of a matrix of all pairs of updates, which
 * holds 1 where two updates have different elements, and on the diagonal.
 */
function productOfMeeting(x: Value, updates: Value, { read }: Windows): Value {
  const [{ shape }, own] = [tensorOf(updates), tensorOf(x)];
  const size = productOf(shape);
  // count the elements from 1: updates that are dropped read 0, which is the number of no element
  const numbers = iota(tensorType("i32", [productOf(own.shape)]));
  const places = reshape(read(reshape(add(numbers, constantLike(1, numbers)), own.shape)), [size]);
  const [rows, columns] = [0, 1].map((axis) => broadcast(places, [size, size], [axis]));
  const index = tensorType("i32", [size, size]);
  const meets = and(compare(rows, columns, "eq"), compare(iota(index, 0), iota(index, 1), "ne"));
  const factors = broadcast(reshape(updates, [size]), [size, size], [1]);
  const product = reduce(select(meets, factors, constantLike(1, factors)), { kind: "prod", axes: [1] });
  return reshape(product, shape);
}
