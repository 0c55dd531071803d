// What lies under a window at one place, at the loop level: how its elements become loops is decided by a pass.

import {
  type AttributesOf,
  affineOperands,
  BlockBuilder,
  counted,
  currentBlock,
  type Dim,
  type EvalContext,
  emit,
  indexDim,
  isScalar,
  type NdArray,
  ndscalar,
  printType,
  scalar,
  type TypeContext,
  type Value,
  withBuilder,
} from "../../ir/index.ts";
import { defineOp } from "../base/define.ts";
import { atLoopLevel } from "../loop/level.ts";
import { requireIndices, requireTypes } from "../loop/loop.ts";
import {
  attributesOfWindow,
  optionsOfWindows,
  requireWindow,
  windowAttributes,
  windowsIn,
} from "./window-attributes.ts";
import { positionUnder } from "./window-loops.ts";
import { type AxisWindow, hasNone, placesOf, subscriptUnder } from "./window-shape.ts";

const placedAttributes = {
  at: { kind: "dims", summary: "the place of the window along each axis, affine in index values" },
  extents: { kind: "dims", summary: "how many elements the window moves over, per axis" },
  ...windowAttributes,
} as const;

export type PlacedAttributes = AttributesOf<typeof placedAttributes>;

export const windowOp = defineOp({
  name: "window",
  summary: "Runs its body for each element under a window at one place, carrying numbers.",
  operands: [
    { name: "at", variadic: true },
    { name: "carry", variadic: true },
  ],
  groups: ["at", "carry"],
  attributes: placedAttributes,
  regions: [{ name: "body" }],
  assembly: [
    { kind: "places", group: "at" },
    { kind: "bind", group: "carry" },
  ],
  ...atLoopLevel,
  types(cx) {
    requireIndices(cx, "at");
    requirePlace(cx);
    const carry = cx.group("carry");
    const other = carry.find((type) => !isScalar(type));
    if (other !== undefined) cx.fail("dtype", `it carries ${printType(other)}, expected numbers`);
    const indices = cx.attributes.at.map(() => scalar("index"));
    requireTypes(cx, "the body's arguments", cx.regions[0].arguments, [...indices, ...carry]);
    requireTypes(cx, "the body's results", cx.regions[0].results, carry);
    return carry;
  },
  eval: evalWindow,
  docs: {
    semantics:
      "For each element of the window, row-major, that lies over an element and not over padding, body runs on the subscripts k of that element in the window and on what is carried, and yields what is carried on. Along an axis, element k at place t lies over subscript (t · stride + k · window_dilation − low) / base_dilation, where that is a whole number of at least 0 and below the extent. The places are those of `reduce_window`, as lowering makes them; the interpreter checks that.",
    constraints: [
      "one entry per axis in at, extents, window, and in each other list that has any",
      "places are affine in symbols and index values",
      "numbers are carried; body yields their types",
    ],
    example: `func @pool(%x: memref<f64[5]>, %y: inout memref<f64[3]>) -> f64 {
  %least = constant -inf : f64
  for %i: index = 0 to 3 {
    %most = window %k: index at [%i] carry(%acc: f64 = %least), extents = [5], window = [2], strides = [2], high = [1] : f64 {
      %x_k = load %x[2*%i+%k] : f64
      %next = maximum %acc, %x_k : f64
      yield %next
    }
    store %most, %y[%i]
  }
  %y_2 = load %y[2] : f64
  return %y_2
}
// run: @pool([1, 3, 7, 7, 2], [0, 0, 0]) == 2
`,
  },
});

function requirePlace(cx: TypeContext<PlacedAttributes>): void {
  const { at, extents } = cx.attributes;
  if (at.length === 0) cx.fail("attribute", "it has no place, expected one per axis of the window");
  if (extents.length !== at.length)
    cx.fail("attribute", `extents has ${counted(extents.length, "entry")}, expected ${at.length}, one per place`);
  const counts = requireWindow(cx, extents, "place");
  for (const [axis, t] of at.entries()) {
    const reason = typeof t === "number" ? outside(axis, t, counts[axis]) : null;
    if (reason !== null) cx.fail("range", reason);
  }
}

/** What is wrong with a place, as far as that is known. */
function outside(axis: number, t: number, count: Dim): string | null {
  if (t >= 0 && (typeof count !== "number" || t < count)) return null;
  return `place ${t} along axis ${axis} is outside [0, ${count})`;
}

function evalWindow(cx: EvalContext<PlacedAttributes>): readonly NdArray[] {
  const windows = windowsIn(cx).map((w) => ({
    ...w,
    size: cx.dim(w.size),
    low: cx.dim(w.low),
    high: cx.dim(w.high),
  }));
  const extents = cx.attributes.extents.map((d) => cx.dim(d));
  const places = cx.attributes.at.map((d) => cx.affine(d, "at"));
  for (const [axis, t] of places.entries()) {
    const reason = outside(axis, t, placesOf(extents[axis], windows[axis]));
    if (reason !== null) cx.fail("range", `window: ${reason}`);
  }
  let carried = cx.group("carry");
  const visit = (at: readonly number[]): void => {
    const axis = at.length;
    if (axis === windows.length) {
      carried = cx.run(cx.operation.regions[0], [...at.map((k) => ndscalar("index", k)), ...carried]);
      return;
    }
    const w = windows[axis];
    for (let k = 0; k < w.size; k++) if (positionUnder(places[axis], k, w, extents[axis]) >= 0) visit([...at, k]);
  };
  visit([]);
  return carried;
}

// ---- building -------------------------------------------------------------------------------------------------------

/**
 * Carries numbers along the elements of x under a window at place `at`, row-major; `body` gets the subscripts in x. Along an
 * axis where the window is one element over each of x, the place is the subscript.
 */
export function overWindow(
  at: readonly Dim[],
  windows: readonly AxisWindow[],
  extents: readonly Dim[],
  inits: readonly Value[],
  body: (subscripts: readonly Dim[], carry: readonly Value[]) => readonly Value[],
): readonly Value[] {
  const axes = [...windows.keys()].filter((axis) => !isPoint(windows[axis]));
  const pick = <T>(list: readonly T[]): readonly T[] => axes.map((axis) => list[axis]);
  const subscripts = (k: readonly Dim[]): readonly Dim[] =>
    windows.map((w, axis) => subscriptUnder(at[axis], axes.includes(axis) ? k[axes.indexOf(axis)] : 0, w).subscript);
  if (axes.length === 0) return body(subscripts([]), inits);
  const builder = currentBlock();
  const inner = new BlockBuilder(builder.scope, builder);
  const indices = axes.map((axis) => inner.argument(scalar("index"), `k${axis}`));
  const carry = inits.map((v) => inner.argument(v.type, "acc"));
  const region = inner.finish(withBuilder(inner, () => body(subscripts(indices.map(indexDim)), carry)));
  const places = affineOperands(pick(at));
  return emit(windowOp, [...places.operands, ...inits], {
    attributes: { at: places.dims, extents: pick(extents), ...attributesOfWindow(optionsOfWindows(pick(windows))) },
    regions: [region],
    segments: [places.operands.length, inits.length],
  });
}

/** Whether each place lies over exactly one element. */
function isPoint({ size, low, high, dilation }: AxisWindow): boolean {
  return size === 1 && dilation === 1 && hasNone(low) && hasNone(high);
}
