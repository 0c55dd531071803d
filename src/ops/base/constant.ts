// Leaves: values that come from attributes and sizes alone.

import {
  AdjointError,
  type Attribute,
  affineOperands,
  allocate,
  Dense,
  type Dim,
  type DType,
  dtypes,
  indexDim,
  indicesOf,
  isFloat,
  isRepresentable,
  type ListType,
  NdList,
  ndscalar,
  printType,
  type RankedType,
  rankedOf,
  sameDim,
  scalar,
  type TensorType,
  type TypeContext,
  tensorTypeOf,
  type Value,
  type VectorType,
} from "../../ir/index.ts";
import { anywhere, nowhere } from "../varying.ts";
import { stridesOf } from "./arrays.ts";
import { defineOp, dtypeOf, emit1, requireDeclared } from "./define.ts";
import { cast } from "./elementwise.ts";

const zeroDerivative = { kind: "zero", reason: "it depends on no operand" } as const;
const unbatched = { kind: "none", reason: "it has no operands to batch" } as const;

// ---- constant -------------------------------------------------------------------------------------------------------

export const constantOp = defineOp({
  name: "constant",
  summary: "A known value: one number for every element, or an array.",
  operands: [],
  attributes: { value: { kind: "constant", summary: "a number, true, false, or dense<…> of the result's type" } },
  assembly: [{ kind: "value" }],
  level: "both",
  traits: { constant: true },
  types(x) {
    const { value } = x.attributes;
    const [declared] = x.declared ?? [];
    // at loop level the elements of dense<…> are memory, which nothing writes to
    const isMemory = declared?.kind === "memref" && value instanceof Dense;
    const isSplat = declared?.kind === "vector" && !(value instanceof Dense);
    const type = isMemory || isSplat ? declared : requireDeclared(x);
    requireFits(x, value, type);
    return [type];
  },
  eval(x) {
    const type = rankedOf(x.operation.results[0].type);
    const { value } = x.attributes;
    if (value instanceof Dense) return [value.toArray()];
    const array = allocate(type.dtype, x.shape(type));
    array.data.fill(Number(value));
    return [array];
  },
  varies: ({ attributes }, result) => (typeof attributes.value === "object" ? anywhere(result) : nowhere(result)),
  derivative: zeroDerivative,
  batching: unbatched,
  lowering: { kind: "structured" },
  docs: {
    semantics: "Every element is the number given, or the element of dense<…> at its position.",
    constraints: [
      "the value is exactly representable in the result's dtype",
      "dense<…> has the result's dtype and shape",
    ],
    example: `func @main() -> f64[2, 2] {
  %c = constant dense<[[1, 2], [3, 4]]> : f64[2, 2]
  return %c
}
// run: @main() == [[1, 2], [3, 4]]
`,
  },
});

function requireFits(cx: TypeContext, value: Attribute, type: RankedType): void {
  if (value instanceof Dense) {
    const fits = value.dtype === type.dtype && value.shape.length === type.shape.length;
    if (!fits || !type.shape.every((d, i) => sameDim(d, value.shape[i]))) {
      cx.fail("shape", `the value is ${value.dtype}[${value.shape.join(", ")}], expected ${printType(type)}`);
    }
    return;
  }
  if ((typeof value === "boolean") !== (type.dtype === "bool")) {
    cx.fail("dtype", `the value is ${value}, expected one of ${type.dtype}`);
  }
  const exact =
    typeof value !== "number" ||
    (isFloat(type.dtype) ? Object.is(dtypes[type.dtype].round(value), value) : isRepresentable(value, type.dtype));
  if (!exact) cx.fail("literal", `${value} is not a value of ${type.dtype}`);
}

/** A constant of the type; a number is rounded to a float dtype and has to be a value of an integer one. */
export function constant(value: number | boolean | Dense, type: TensorType | VectorType): Value {
  const { dtype } = type;
  if (typeof value === "number" && !isFloat(dtype) && !isRepresentable(value, dtype)) {
    throw new AdjointError("literal", `${value} is not a value of ${dtype}`, { hint: "write a value it has, or cast" });
  }
  const rounded = typeof value === "number" ? dtypes[dtype].round(value) : value;
  return emit1(constantOp, [], { attributes: { value: rounded }, types: [type] });
}

/** A constant with the dtype and shape of another value. */
export function constantLike(value: number, like: Value): Value {
  const { type } = like;
  if (type.kind !== "tensor" && type.kind !== "vector")
    throw new AdjointError("dtype", `no constant has type ${printType(type)}`);
  return constant(value, type);
}

// ---- iota -----------------------------------------------------------------------------------------------------------

export const iotaOp = defineOp({
  name: "iota",
  summary: "Counts along an axis: 0, 1, 2, …",
  operands: [],
  attributes: { axis: { kind: "integer", default: 0, summary: "the axis along which it counts" } },
  types(x) {
    const type = requireDeclared(x);
    const axis = x.attributes.axis;
    if (axis < 0 || axis >= type.shape.length) {
      x.fail("axis", `axis ${axis} is not an axis of ${printType(type)}`);
    }
    if (type.dtype === "bool") x.fail("dtype", "bool does not count", "compare an integer iota");
    return [type];
  },
  eval(x) {
    const type = tensorTypeOf(x.operation.results[0].type);
    const array = allocate(type.dtype, x.shape(type));
    const axis = x.attributes.axis;
    const stride = stridesOf(array.shape)[axis];
    const { round } = dtypes[type.dtype];
    for (let i = 0; i < array.data.length; i++) array.data[i] = round(Math.floor(i / stride) % array.shape[axis]);
    return [array];
  },
  varies: ({ attributes }, result) => nowhere(result).map((_, axis) => axis === attributes.axis),
  derivative: zeroDerivative,
  batching: unbatched,
  lowering: {
    kind: "element",
    element: (x, at) =>
      cast(indexValue(at[x.operation.attributes.axis]), tensorTypeOf(x.operation.results[0].type).dtype),
  },
  docs: {
    semantics: "Each element is its own subscript along the axis, wrapped to the dtype.",
    constraints: ["the result has the axis", "the dtype is not bool"],
    example: `func @main() -> i32[2, 3] {
  %i = iota axis = 1 : i32[2, 3]
  return %i
}
// run: @main() == [[0, 1, 2], [0, 1, 2]]
`,
  },
});

/** A tensor of the type whose elements are their subscripts along `axis`. */
export function iota(type: TensorType, axis = 0): Value {
  return emit1(iotaOp, [], { attributes: { axis }, types: [type] });
}

/** A dimension over index values as a value: the index itself where it is one. */
export function indexValue(d: Dim): Value {
  const [only] = indicesOf([d]);
  return only !== undefined && sameDim(d, indexDim(only)) ? only : dim(d, "index");
}

// ---- dim ------------------------------------------------------------------------------------------------------------

export const dimOp = defineOp({
  name: "dim",
  summary: "The value of a dimension expression.",
  operands: [{ name: "operands", variadic: true }],
  groups: ["operands"],
  attributes: {
    value: { kind: "dim", summary: "an expression over dimension symbols and, at loop level, index values" },
  },
  assembly: [{ kind: "affine", group: "operands" }],
  level: "both",
  traits: { cheap: true, brief: true },
  types(x) {
    const type = requireDeclared(x);
    if (type.shape.length > 0 || (type.dtype !== "i32" && type.dtype !== "index")) {
      x.fail("dtype", `the result has type ${printType(type)}, expected i32 or index`);
    }
    for (const [i, operand] of x.operands.entries()) {
      if (operand.kind !== "tensor" || operand.dtype !== "index" || operand.shape.length > 0) {
        x.fail("dtype", `operand ${i} has type ${printType(operand)}, expected index`);
      }
    }
    return [type];
  },
  eval(x) {
    const dtype = dtypeOf(x.operation.results[0].type);
    return [ndscalar(dtype, dtypes[dtype].round(x.affine(x.attributes.value, "operands")))];
  },
  derivative: zeroDerivative,
  batching: unbatched,
  lowering: { kind: "structured" },
  docs: {
    semantics:
      "The value of the expression, with the sizes that its symbols have in this call, as a number of the result's dtype; an i32 wraps.",
    constraints: ["its symbols are declared by the function"],
    example: `func @main<N>(%x: f64[N]) -> i32 {
  %n = dim 2*N+1 : i32
  return %n
}
// run: @main([1, 2, 3]) == 7
`,
  },
});

/** The value of a dimension expression, as i32 or, for bounds and subscripts, index. */
export function dim(d: Dim, dtype: Extract<DType, "i32" | "index"> = "i32"): Value {
  const { dims, operands } = affineOperands([d]);
  return emit1(dimOp, operands, { attributes: { value: dims[0] }, types: [scalar(dtype)] });
}

// ---- empty ----------------------------------------------------------------------------------------------------------

export const emptyOp = defineOp({
  name: "empty",
  summary: "An empty list.",
  operands: [],
  level: "both",
  effects: { allocates: true },
  types(x) {
    if (x.declared?.length === 1 && x.declared[0].kind === "list") return x.declared;
    return x.fail("dtype", "the result has to be written as one list<…>");
  },
  eval: () => [NdList.empty],
  varies: (_, result) => nowhere(result),
  derivative: { kind: "zero", reason: "it depends on nothing" },
  batching: { kind: "none", reason: "lists come from differentiation, which follows batching" },
  lowering: { kind: "structured" },
  docs: {
    semantics: "A list that holds no values. A pop from it gives zeros.",
    constraints: ["the result type is a list"],
    example: `func @main() -> f64 {
  %none = empty : list<f64>
  %rest, %zero = pop %none : list<f64>, f64
  return %zero
}
// run: @main() == 0
`,
  },
});

/** An empty list of the type. */
export function empty(type: ListType): Value {
  return emit1(emptyOp, [], { types: [type] });
}
