// The derivative of scatter, kind by kind. It reads the windows with gather and writes to them with scatter.

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

/** The same windows as an operation's, of other tensors. */
interface Windows {
  read(x: Value): Value;
  write(x: Value, updates: Value, kind: ScatterKind): Value;
}

/** Updates out of range were dropped, so they have no cotangent. */
const gatherModes = { fail: "fail", clamp: "clamp", drop: "fill" } as const;

/** scatter's derivative in terms of the two ops' strict functions. */
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

/** Which elements and which updates are the extremum, and how many of both. */
function ties(x: Value, updates: Value, result: Value, { read, write }: Windows) {
  const masks = [compare(x, result, "eq"), compare(updates, read(result), "eq")] as const;
  const dtype = dtypeOf(x.type);
  return { masks, count: write(cast(masks[0], dtype), cast(masks[1], dtype), "add") };
}

/** Which updates were not replaced by later ones; null where none can be. */
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

/** Whether no two updates overlap: it was promised, or each batch of x has one window. */
function isUnique({ attributes, operands }: Operation<ScatterAttributes>): boolean {
  if (attributes.unique === true) return true;
  const numbers = scatterNumbers(attributes);
  const shape = shapeOf(operands[1]);
  const along = otherAxes(shape.length, [...numbers.indexBatchAxes, numbers.indexAxis]);
  return along.every((axis) => shape[axis] === 1);
}

/**
 * For each update the product of all else that its element is multiplied by, x included. Where updates may meet it is the
 * result over the update, unless a result is 0, overflowed or came close to either: then it is multiplied out, at quadratic
 * cost.
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

/** For each update the product of the others of its element: a row of a matrix with 1 where two do not meet, and for itself. */
function productOfMeeting(x: Value, updates: Value, { read }: Windows): Value {
  const [{ shape }, own] = [tensorOf(updates), tensorOf(x)];
  const size = productOf(shape);
  // counted from 1: what is dropped reads 0, and meets no element
  const numbers = iota(tensorType("i32", [productOf(own.shape)]));
  const places = reshape(read(reshape(add(numbers, constantLike(1, numbers)), own.shape)), [size]);
  const [rows, columns] = [0, 1].map((axis) => broadcast(places, [size, size], [axis]));
  const index = tensorType("i32", [size, size]);
  const meets = and(compare(rows, columns, "eq"), compare(iota(index, 0), iota(index, 1), "ne"));
  const factors = broadcast(reshape(updates, [size]), [size, size], [1]);
  const product = reduce(select(meets, factors, constantLike(1, factors)), { kind: "prod", axes: [1] });
  return reshape(product, shape);
}
