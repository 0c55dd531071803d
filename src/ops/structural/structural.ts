// Moving elements: reshape, permute and reverse. Each is its own kind's transpose.

import {
  type AttributesOf,
  counted,
  type Dim,
  type EvalContext,
  type NdArray,
  type Operation,
  printShape,
  printType,
  productOf,
  sameDim,
  shapeOf,
  subDims,
  type Type,
  type TypeContext,
  tensorType,
  type Value,
  type Varies,
} from "../../ir/index.ts";
import { gather, pick, stridesOf } from "../base/arrays.ts";
import {
  type AxesOrAll,
  defineOp,
  dtypeOf,
  emit1,
  inverse,
  isIdentity,
  listedAxes,
  rankedOperand,
  rankOf,
  requireAxes,
  requireDeclared,
  requireListed,
  requireTensor,
  tensorOf,
} from "../base/define.ts";
import { asOperand } from "../varying.ts";

// ---- reshape --------------------------------------------------------------------------------------------------------

export const reshapeOp = defineOp({
  name: "reshape",
  summary: "The same elements in row-major order under another shape.",
  operands: [{ name: "x" }],
  traits: { moves: true },
  aliases: [0],
  types(x) {
    const [operand] = x.operands;
    const flat = flattenedType(x);
    if (flat !== null) return [flat];
    if (operand.kind === "memref")
      x.fail("dtype", `the operand has type ${printType(operand)}, expected a tensor`, "write view");
    const type = requireDeclared(x, dtypeOf(requireTensor(x, 0)));
    if (operand.kind === "tensor") requireSameSize(x, operand.shape, type.shape);
    return [type];
  },
  eval: (x) => [{ ...x.operands[0], shape: x.shape(x.operation.results[0].type) }],
  varies: ({ operands: [x] }, result, of) => reshaped(of(x), shapeOf(x), shapeOf(result)),
  derivative: {
    kind: "linear",
    transpose: ({ operands: [x], cotangent }) => [reshape(cotangent, tensorOf(x).shape)],
  },
  batching: {
    kind: "rule",
    batch: ({ operation, operands: [x], size }) => [reshape(x, [size, ...shapeOf(operation.results[0])])],
    behind: {
      takes: () => true,
      batch: ({ operation, operands: [x], size }) => [reshape(x, [...shapeOf(operation.results[0]), size])],
    },
  },
  lowering: { kind: "view" },
  docs: {
    semantics: "Element i of the result, counted row-major, is element i of x.",
    constraints: [
      "the result type is written; of an x without a rank f64[*] may be written, which is one axis with all elements",
      "both have the same number of elements",
    ],
    example: `func @main(%x: f64[2, 3]) -> f64[3, 2] {
  %r = reshape %x : f64[3, 2]
  return %r
}
// run: @main([[1, 2, 3], [4, 5, 6]]) == [[1, 2], [3, 4], [5, 6]]
`,
  },
});

/**
 * The type of a reshape to one axis, which is written without a rank: that axis is known as soon as the operand's rank is.
 * Null for any other reshape.
 */
function flattenedType({ operands: [operand], declared }: TypeContext): Type | null {
  if (operand.kind === "unranked") return declared?.[0]?.kind === "unranked" ? operand : null;
  return operand.kind === "tensor" && declared === null ? tensorType(operand.dtype, [productOf(operand.shape)]) : null;
}

function requireSameSize(cx: TypeContext, from: readonly Dim[], to: readonly Dim[]): void {
  const [before, after] = [productOf(from), productOf(to)];
  if (typeof before === "number" && typeof after === "number" && before !== after) {
    cx.fail(
      "shape",
      `${printShape(to)} has ${counted(after, "element")}, expected the ${before} of ${printShape(from)}`,
    );
  }
  cx.equal(after, before, `the number of elements of ${printShape(to)} (from ${printShape(from)})`);
}

/** The elements of `x`, row-major, under `shape`. */
export function reshape(x: Value, shape: readonly Dim[]): Value {
  return emit1(reshapeOp, [x], { types: [tensorType(dtypeOf(x.type), shape)] });
}

/** The elements of x in row-major order along one axis, of a tensor whose rank may not be known yet. */
export function flatten(x: Value): Value {
  return x.type.kind === "unranked" ? emit1(reshapeOp, [x], { types: [x.type] }) : reshape(x, [productOf(shapeOf(x))]);
}

// ---- permute --------------------------------------------------------------------------------------------------------

export const permuteOp = defineOp({
  name: "permute",
  summary: "Reorders axes.",
  operands: [{ name: "x" }],
  attributes: {
    permutation: {
      kind: "axes",
      holds: "permutation",
      summary: "for each axis of the result, the axis of x that it is",
    },
  },
  traits: { moves: true },
  types(x) {
    const operand = rankedOperand(x, 0);
    const permutation = x.attributes.permutation;
    if (operand === null) return [x.operands[0]];
    const rank = operand.shape.length;
    requireAxes(x, permutation, rank, "permutation");
    if (permutation.length !== rank) {
      x.fail(
        "axis",
        `permutation names ${counted(permutation.length, "axis")}, expected all ${rank} of ${printShape(operand.shape)}`,
      );
    }
    return [tensorType(operand.dtype, pick(operand.shape, permutation))];
  },
  eval(x) {
    const permutation = x.attributes.permutation;
    const [source] = x.operands;
    const strides = stridesOf(source.shape);
    const shape = pick(source.shape, permutation);
    return [gather(source, shape, pick(strides, permutation))];
  },
  varies: ({ operands, attributes }, _, of) => pick(of(operands[0]), attributes.permutation),
  derivative: {
    kind: "linear",
    transpose: ({ operation, cotangent }) => [permute(cotangent, inverse(operation.attributes.permutation))],
  },
  batching: {
    kind: "rule",
    batch: ({ operation, operands: [x] }) => [permute(x, [0, ...operation.attributes.permutation.map((p) => p + 1)])],
    behind: {
      takes: () => true,
      batch({ operation, operands: [x] }) {
        const { permutation } = operation.attributes;
        return [permute(x, [...permutation, permutation.length])];
      },
    },
  },
  lowering: {
    kind: "element",
    element: (x, at) => x.element(0, pick(at, inverse(x.operation.attributes.permutation))),
  },
  docs: {
    semantics: "Axis i of the result is axis permutation[i] of x.",
    constraints: ["permutation names every axis of x once"],
    example: `func @main(%x: f64[2, 3]) -> f64[3, 2] {
  %t = permute %x, permutation = [1, 0] : f64[3, 2]
  return %t
}
// run: @main([[1, 2, 3], [4, 5, 6]]) == [[1, 4], [2, 5], [3, 6]]
`,
  },
});

/** `x` with its axes reordered; `x` itself where nothing moves. */
export function permute(x: Value, permutation: readonly number[]): Value {
  return x.type.kind === "tensor" && isIdentity(permutation) && permutation.length === x.type.shape.length
    ? x
    : emit1(permuteOp, [x], { attributes: { permutation } });
}

// ---- reverse --------------------------------------------------------------------------------------------------------

const reverseAttributes = {
  axes: { kind: "axesOrAll", holds: "axes", summary: "the axes that are turned round; all until shapes are refined" },
} as const;

type ReverseAttributes = AttributesOf<typeof reverseAttributes>;

export const reverseOp = defineOp({
  name: "reverse",
  summary: "Elements in the opposite order along axes.",
  operands: [{ name: "x" }],
  attributes: reverseAttributes,
  traits: { moves: true },
  types(x) {
    const operand = rankedOperand(x, 0);
    if (operand !== null) requireListed(x, x.attributes.axes, operand.shape.length);
    return [x.operands[0]];
  },
  eval: (x) => [evalReverse(x)],
  varies: asOperand,
  derivative: {
    kind: "linear",
    transpose: ({ operation, cotangent }) => [reverse(cotangent, axesOf(operation))],
  },
  batching: {
    kind: "rule",
    batch: ({ operation, operands: [x] }) => [
      reverse(
        x,
        axesOf(operation).map((a) => a + 1),
      ),
    ],
    behind: { takes: () => true, batch: ({ operation, operands: [x] }) => [reverse(x, axesOf(operation))] },
  },
  lowering: {
    kind: "element",
    element(x, at) {
      const { shape } = tensorOf(x.operation.operands[0]);
      const axes = axesOf(x.operation);
      return x.element(
        0,
        at.map((d, axis) => (axes.includes(axis) ? subDims(subDims(shape[axis], 1), d) : d)),
      );
    },
  },
  docs: {
    semantics: "Element i along a named axis of extent n is element n - 1 - i of x.",
    constraints: ["axes are axes of x, each once"],
    example: `func @main(%x: f64[2, 3]) -> f64[2, 3] {
  %r = reverse %x, axes = [1] : f64[2, 3]
  return %r
}
// run: @main([[1, 2, 3], [4, 5, 6]]) == [[3, 2, 1], [6, 5, 4]]
`,
  },
});

function axesOf(operation: Operation<ReverseAttributes>, rank = rankOf(operation.operands[0])): readonly number[] {
  return listedAxes(operation.attributes.axes, rank);
}

function evalReverse(cx: EvalContext<ReverseAttributes>): NdArray {
  const [source] = cx.operands;
  const strides = [...stridesOf(source.shape)];
  let base = 0;
  for (const axis of axesOf(cx.operation, source.shape.length)) {
    base += (source.shape[axis] - 1) * strides[axis];
    strides[axis] = -strides[axis];
  }
  return gather(source, source.shape, strides, base);
}

/** `x` turned round along axes; `x` itself where there are none. */
export function reverse(x: Value, axes: AxesOrAll): Value {
  return axes.length === 0 ? x : emit1(reverseOp, [x], { attributes: { axes } });
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
