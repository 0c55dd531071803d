// Padding with elements of the tensor itself: which element stands where, and the gather that puts it there.

import { addDims, type Dim, shapeOf, tensorType, type Value } from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";

/** The subscript that stands at `i` of an axis with the last subscript `last`; i runs below 0 and beyond the end. */
const sources = {
  /** The nearest. */
  edge: (i: Value, last: Value) => ops.clamp(ops.constantLike(0, i), i, last),
  /** Mirrored at the first and the last, which stand once. */
  reflect(i: Value, last: Value) {
    const period = ops.add(last, last);
    const within = positive(i, period);
    return ops.select(ops.compare(within, last, "gt"), ops.sub(period, within), within);
  },
  /** From the beginning again. */
  wrap: (i: Value, last: Value) => positive(i, ops.add(last, ops.constantLike(1, last))),
};

/** The remainder from 0; 0 where the divisor is. */
function positive(i: Value, divisor: Value): Value {
  return ops.rem(ops.add(ops.rem(i, divisor), divisor), divisor);
}

export type PadMode = keyof typeof sources;

export const padModes = Object.keys(sources) as readonly PadMode[];

/** Axis by axis: corners are padding of padding. */
export function padFromWithin(x: Value, low: readonly Dim[], high: readonly Dim[], mode: PadMode): Value {
  return low.reduce(
    (y, _, axis) => (low[axis] === 0 && high[axis] === 0 ? y : along(y, axis, low[axis], high[axis], mode)),
    x,
  );
}

function along(x: Value, axis: number, low: Dim, high: Dim, mode: PadMode): Value {
  const shape = shapeOf(x);
  const n = shape[axis];
  const type = tensorType("i32", [addDims(addDims(n, low), high)]);
  const last = ops.broadcast(ops.dim(addDims(n, -1)), type.shape, []);
  const indices = sources[mode](
    ops.sub(
      ops.iota(type),
      typeof low === "number" ? ops.constant(low, type) : ops.broadcast(ops.dim(low), type.shape, []),
    ),
    last,
  );
  const others = shape.flatMap((_, a) => (a === axis ? [] : [a]));
  const sizes: Dim[] = shape.map((d, a) => (a === axis ? 1 : d));
  return ops.gather(x, indices, {
    offsetAxes: others,
    collapsedAxes: [axis],
    indexMap: [axis],
    indexAxis: 1,
    sizes,
    mode: "fail",
  });
}
