// Reducing what lies under a window that moves over all axes: pooling, and sums over neighbours.

import {
  type AttributesOf,
  allocate,
  type Contribution,
  type Derivative,
  type Dim,
  type EvalContext,
  type LowerContext,
  type NdArray,
  type Operation,
  scalar,
  shapeOf,
  type TransposeContext,
  type TypeContext,
  tensorType,
  unranked,
  type Value,
} from "../../ir/index.ts";
import { constant } from "../base/constant.ts";
import { defineOp, dtypeOf, emit1, rankedOperand, requireTensor, tensorOf } from "../base/define.ts";
import { mul } from "../scalar/arithmetic.ts";
import { productOfOthers, reduceSum, spreadBack } from "../shape/reduce.ts";
import { kinds, type ReduceKind, reduceKinds, requireKind, scalarCombination } from "../shape/reduce-order.ts";
import { asOperand } from "../varying.ts";
import { argReduceWindow } from "./window-arg.ts";
import {
  attributesOfWindow,
  copiesOf,
  offsetsIn,
  optionsOfBatch,
  optionsOfWindows,
  requireWindows,
  sharedElements,
  type WindowOptions,
  windowAttributes,
  windowsIn,
} from "./window-attributes.ts";
import { addAt, elementsAt, positionsUnder } from "./window-elements.ts";
import { overWindow } from "./window-op.ts";
import { transposed } from "./window-shape.ts";

const reduceWindowAttributes = {
  kind: { kind: "word", words: reduceKinds, summary: "how elements combine" },
  ...windowAttributes,
} as const;

type ReduceWindowAttributes = AttributesOf<typeof reduceWindowAttributes>;

export const reduceWindowOp = defineOp({
  name: "reduce_window",
  summary: "Combines the elements under a window, at each of its places.",
  operands: [{ name: "x" }],
  attributes: reduceWindowAttributes,
  types: (x) => [reduceWindowType(x)],
  eval: (x) => [evalReduceWindow(x)],
  varies: asOperand,
  derivative: {
    kind: "rule",
    vjp: (x) => [windowCotangent(x)],
    jvp: windowTangent,
  },
  batching: {
    kind: "rule",
    batch: ({ operation, operands: [x] }) => [
      reduceWindow(x, { kind: operation.attributes.kind, ...optionsOfBatch(operation) }),
    ],
  },
  lowering: { kind: "nest", element: lowerReduceWindow, rereads: (o) => sharedElements(o), copies: (o) => copiesOf(o) },
  docs: {
    semantics:
      "Element t of the result is the identity of the kind (0, 1, -∞ or least, ∞ or largest, true, false) combined with the elements x[t · stride + k · window_dilation] over the subscripts k of the window, row-major, rounding at every step; x stands padded, around and between its elements where base_dilation is above 1, and padding is the identity. The extent of an axis is floor((low + span(x) + high - span(window)) / stride) + 1 with span(n) = max(0, (n - 1) · dilation + 1). NaN propagates through max and min, whose derivative goes to the first extremum under the window (the first NaN). The derivative of prod is exact where factors are 0, at quadratic cost there.",
    constraints: [
      "sum, prod, max and min take numbers, and and or take bool",
      "one entry per axis of x in each list",
      "no extent of the result is negative",
    ],
    example: `func @main<H, W>(%x: f64[2*H, 2*W]) -> f64[H, W] {
  %pooled = reduce_window %x, kind = max, window = [2, 2], strides = [2, 2] : f64[H, W]
  return %pooled
}
// run: @main([[1, 2, 3, 4], [5, 6, 7, 8]]) == [[6, 8]]
`,
  },
});

function reduceWindowType(cx: TypeContext<ReduceWindowAttributes>) {
  const dtype = dtypeOf(requireTensor(cx, 0));
  requireKind(cx, dtype);
  const operand = rankedOperand(cx, 0);
  return operand === null ? unranked(dtype) : tensorType(dtype, requireWindows(cx, operand));
}

/** Combines the elements of `x` under a window, at each of its places. */
export function reduceWindow(x: Value, options: WindowOptions & { readonly kind: ReduceKind }): Value {
  return emit1(reduceWindowOp, [x], { attributes: { kind: options.kind, ...attributesOfWindow(options) } });
}

// ---- meaning --------------------------------------------------------------------------------------------------------

function evalReduceWindow(cx: EvalContext<ReduceWindowAttributes>): NdArray {
  const [{ dtype, data }] = cx.operands;
  const { record, identity } = kinds[cx.attributes.kind];
  const combine = scalarCombination(record, dtype);
  const result = allocate(dtype, cx.shape(cx.operation.results[0].type));
  let next = 0;
  for (const offsets of offsetsIn(cx, result.shape)) {
    let acc = identity(dtype);
    for (const offset of offsets) if (offset >= 0) acc = combine(acc, data[offset]);
    result.data[next++] = acc;
  }
  return result;
}

/** Padding is the identity, which combines without effect: it is left out. */
function lowerReduceWindow(cx: LowerContext<ReduceWindowAttributes>, at: readonly Dim[]): Value {
  const { dtype, shape } = tensorOf(cx.operation.operands[0]);
  const { combine, identity } = kinds[cx.operation.attributes.kind];
  const start = constant(dtype === "bool" ? identity(dtype) !== 0 : identity(dtype), scalar(dtype));
  const step = (subscripts: readonly Dim[], [acc]: readonly Value[]): readonly Value[] => [
    combine(acc, cx.element(0, subscripts)),
  ];
  return overWindow(at, windowsIn(cx.operation), shape, [start], step)[0];
}

// ---- derivative -----------------------------------------------------------------------------------------------------

type Rule = Extract<Derivative<ReduceWindowAttributes>, { kind: "rule" }>;

function windowCotangent({
  operation,
  operands: [x],
  result,
  cotangent,
}: TransposeContext<ReduceWindowAttributes> & { readonly result: Value }): Contribution {
  const kind = operation.attributes.kind;
  const windows = windowsIn(operation);
  switch (kind) {
    case "sum":
      return windowBack(operation, x, cotangent, kind);
    case "max":
    case "min":
      return addAt(tensorOf(x), argReduceWindow(x, { kind, ...optionsOfWindows(windows) }), cotangent);
    case "prod": {
      const { positions, others } = factors(operation, x, result);
      return addAt(tensorOf(x), positions, mul(spreadBack(cotangent, others, windowAxes(x)), others));
    }
    default:
      return null;
  }
}

/** For each element of x, those of the windows that it is in combined. */
function windowBack(operation: Operation<ReduceWindowAttributes>, x: Value, windows: Value, kind: ReduceKind): Value {
  const { shape } = tensorOf(x);
  const back = windowsIn(operation).map((w, a) => transposed(shape[a], w));
  return reduceWindow(windows, { kind, ...optionsOfWindows(back) });
}

function windowTangent({ operation, operands: [x], result, tangents: [tangent] }: Parameters<Rule["jvp"]>[0]) {
  const kind = operation.attributes.kind;
  const options = optionsOfWindows(windowsIn(operation));
  if (tangent === null) return null;
  switch (kind) {
    case "sum":
      return reduceWindow(tangent, { kind, ...options });
    case "max":
    case "min":
      return elementsAt(tangent, argReduceWindow(x, { kind, ...options }));
    case "prod": {
      const { positions, others } = factors(operation, x, result);
      return reduceSum(mul(elementsAt(tangent, positions), others), windowAxes(x));
    }
    default:
      return null;
  }
}

/** The axes along the window, of a tensor that has those of the places and then these. */
function windowAxes(x: Value): readonly number[] {
  const { length } = shapeOf(x);
  return Array.from({ length }, (_, a) => length + a);
}

/** Where the factors of each product stand, and for each the product of the others. */
function factors(operation: Operation<ReduceWindowAttributes>, x: Value, result: Value) {
  const positions = positionsUnder(tensorOf(x), windowsIn(operation));
  const elements = elementsAt(x, positions, 1);
  return { positions, others: productOfOthers(elements, result, windowAxes(x)) };
}
