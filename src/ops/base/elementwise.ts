// Elementwise ops: one row each. The row's scalar function is the meaning; interpreter, code generation, folding and
// lowering all come from it.

import {
  type AttributeSpecs,
  type AttributesOf,
  allocate,
  type Derivative,
  type Dim,
  type DType,
  defineOp,
  dtypes,
  type EvalContext,
  elementDType,
  isFloat,
  type NdArray,
  type NoAttributes,
  type Op,
  type OpDefinition,
  type OpDocs,
  type Operation,
  type PartialDerivative,
  printShape,
  printType,
  requireOptions,
  type ScalarMeaning,
  sameShape,
  type TensorType,
  type Type,
  type TypeContext,
  tensorType,
  tensorTypeOf,
  unranked,
  type Value,
  vector,
} from "../../ir/index.ts";
import { gather, stridesOf } from "./arrays.ts";
import { dtypeOf, emit1, requireDeclared, requireElements, tensorOf } from "./define.ts";
import { defineOwn } from "./own.ts";
import { spellRound } from "./spelling.ts";

export type DTypeSet = "number" | "stored" | "float" | "integer" | "bool" | "bits" | "any";

const dtypeSets: Readonly<Record<DTypeSet, (dtype: DType) => boolean>> = {
  number: (dtype) => dtype !== "bool",
  stored: (dtype) => dtype !== "bool" && dtype !== "index",
  float: isFloat,
  integer: (dtype) => dtypes[dtype].kind === "integer",
  bool: (dtype) => dtype === "bool",
  bits: (dtype) => dtype === "bool" || dtypes[dtype].kind === "integer",
  any: () => true,
};

export interface ElementwiseRow<S extends AttributeSpecs = AttributeSpecs> {
  readonly name: string;
  readonly summary: string;
  /** Names of the operands: `["x"]`, `["x", "y"]`. */
  readonly operands: readonly string[];
  readonly dtypes: DTypeSet;
  /** The result's dtype, where it is not the operands'. */
  readonly result?: DType;
  readonly attributes?: S;
  /** Refuses attributes out of range. */
  readonly require?: (cx: TypeContext<AttributesOf<S>>) => void;
  readonly commutative?: boolean;
  readonly cheap?: boolean;
  /** Taken from `cheap` where left out. */
  readonly brief?: boolean;
  readonly scalar: ScalarMeaning<AttributesOf<S>>;
  /** Partial derivatives, or why there are none. */
  readonly partials:
    | ((
        operands: readonly Value[],
        result: Value,
        operation: Operation<AttributesOf<S>>,
      ) => readonly PartialDerivative[])
    | Derivative<AttributesOf<S>>;
  /** The tangent of the result, where that takes less than the sum of the partials · tangents. */
  readonly tangent?: Extract<Derivative, { kind: "elementwise" }>["tangent"];
  readonly varies?: Op<AttributesOf<S>>["varies"];
  readonly semantics: string;
  /** A call of `@main` with its result, and the dtype of its arguments. */
  readonly example: { readonly dtype: DType; readonly run: string; readonly attributes?: string };
}

/** All that a row may say. */
const fields: readonly (keyof ElementwiseRow)[] = [
  ...(["name", "summary", "operands", "dtypes", "result", "attributes", "require", "commutative", "cheap"] as const),
  ...(["brief", "scalar", "partials", "tangent", "varies", "semantics", "example"] as const),
];

/**
 * The record of an elementwise op. Operands have one dtype and one shape, which is the result's.
 *
 * @throws AdjointError `name` for a name that is no mnemonic, and `option` for a field that is not known.
 * @__NO_SIDE_EFFECTS__
 */
export function elementwiseOf<const S extends AttributeSpecs = NoAttributes>(
  row: ElementwiseRow<S>,
): Op<AttributesOf<S>> {
  requireOptions(`op ${row.name}`, row, fields);
  return defineOp({ ...definitionOf(row), docs: docsOf(row) });
}

/**
 * As elementwiseOf, for the project's own ops.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function elementwise<const S extends AttributeSpecs = NoAttributes>(
  row: ElementwiseRow<S>,
): Op<AttributesOf<S>> {
  return defineOwn({ ...definitionOf(row), docs: docsOf(row) });
}

function definitionOf<const S extends AttributeSpecs>(row: ElementwiseRow<S>): Omit<OpDefinition<S>, "docs"> {
  const accepts = dtypeSets[row.dtypes];
  const { scalar } = row;
  return {
    name: row.name,
    summary: row.summary,
    operands: row.operands.map((name) => ({ name })),
    attributes: row.attributes,
    level: "both",
    traits: { elementwise: true, commutative: row.commutative, cheap: row.cheap, brief: row.brief ?? row.cheap },
    types(x) {
      row.require?.(x);
      const dtype = commonDType(x, accepts, row.dtypes);
      return [commonShape(x, row.result ?? dtype)];
    },
    scalar,
    eval: (x) => [evalScalar(x, scalar)],
    derivative:
      typeof row.partials === "function"
        ? { kind: "elementwise", partials: row.partials, tangent: row.tangent }
        : row.partials,
    varies: row.varies,
    batching: { kind: "elementwise" },
  };
}

/** Read when someone asks: no program needs it. */
function docsOf(row: Example & Pick<ElementwiseRow, "semantics" | "dtypes">): OpDocs {
  return {
    get semantics() {
      return row.semantics;
    },
    get constraints() {
      return ["operands have one dtype and one shape", `the dtype is ${describeSet[row.dtypes]}`];
    },
    get example() {
      return exampleOf(row);
    },
  };
}

const describeSet: Readonly<Record<DTypeSet, string>> = {
  number: "f64, f32, i32, u32, u8 or index",
  stored: "f64, f32, i32, u32 or u8",
  float: "f64 or f32",
  integer: "i32, u32 or u8",
  bool: "bool",
  bits: "bool, i32, u32 or u8",
  any: "any",
};

type Example = Pick<ElementwiseRow, "name" | "operands" | "result" | "example">;

function exampleOf({ name, operands, result, example }: Example): string {
  const args = operands.map((o) => `%${o}: ${example.dtype}`).join(", ");
  const type = result ?? example.dtype;
  const attributes = example.attributes === undefined ? "" : `, ${example.attributes}`;
  const line = `%result = ${name} ${operands.map((o) => `%${o}`).join(", ")}${attributes} : ${type}`;
  return `func @main(${args}) -> ${type} {\n  ${line}\n  return %result\n}\n// run: ${example.run}\n`;
}

// ---- type rules -----------------------------------------------------------------------------------------------------

function commonDType(cx: TypeContext, accepts: (dtype: DType) => boolean, set: DTypeSet): DType {
  const dtype = dtypeOf(requireElements(cx, 0));
  if (!accepts(dtype)) cx.fail("dtype", `operand 0 has dtype ${dtype}, expected ${describeSet[set]}`);
  for (let i = 1; i < cx.operands.length; i++) requireDType(cx, i, dtype);
  return dtype;
}

function requireDType(cx: TypeContext, i: number, dtype: DType): void {
  const got = dtypeOf(requireElements(cx, i));
  if (got !== dtype)
    cx.fail("dtype", `operand ${i} has dtype ${got}, expected ${dtype} as operand 0`, "cast one of them");
}

/** The shape that all operands have, or the lanes; with an unranked operand the result is unranked. */
export function commonShape(cx: TypeContext, dtype: DType): Type {
  const [first] = cx.operands;
  if (cx.operands.some((t) => t.kind === "unranked")) return unranked(dtype);
  if (cx.operands.some((t) => t.kind === "vector")) return commonLanes(cx, dtype);
  const { shape } = first as TensorType;
  if (shape.length === 0 && cx.operands.every((t) => (t as TensorType).shape.length === 0)) return tensorType(dtype);
  let common = shape;
  for (let i = 1; i < cx.operands.length; i++) common = unify(cx, common, i);
  return common === shape && dtype === (first as TensorType).dtype ? first : tensorType(dtype, common);
}

function commonLanes(cx: TypeContext, dtype: DType): Type {
  const vectors = cx.operands.filter((type) => type.kind === "vector");
  const [lanes] = vectors[0].shape;
  for (const [i, type] of cx.operands.entries()) {
    if (type.kind === "vector" && type.shape[0] === lanes) continue;
    const [got, expected] = [type, vector(dtypeOf(type), lanes)].map(printType);
    cx.fail("shape", `operand ${i} has type ${got}, expected ${expected}`, "splat gives each lane one number");
  }
  return vector(dtype, lanes);
}

function unify(cx: TypeContext, common: readonly Dim[], i: number): readonly Dim[] {
  const { shape } = tensorTypeOf(cx.operands[i]);
  const differ = (d: Dim, axis: number): boolean =>
    typeof d === "number" && typeof shape[axis] === "number" && d !== shape[axis];
  if (shape.length !== common.length || common.some(differ)) {
    const got = `operand ${i} has shape ${printShape(shape)}`;
    cx.fail("shape", `${got}, expected ${printShape(common)} as operand 0`, "broadcast one of them");
  }
  return common.map((d, axis) => cx.equal(shape[axis], d, `axis ${axis} of operand ${i}`));
}

// ---- evaluation -----------------------------------------------------------------------------------------------------

export function evalScalar(cx: EvalContext, meaning: ScalarMeaning): NdArray {
  const dtype = dtypeOf(cx.operation.results[0].type);
  const shape = broadcastShape(cx);
  const result = allocate(dtype, shape);
  const round = meaning.exact === true ? null : dtypes[dtype].round;
  const sources = cx.operands.map((a) => spread(a, shape));
  const about = { attributes: cx.attributes, dtype };
  const args: number[] = new Array(sources.length);
  for (let i = 0; i < result.data.length; i++) {
    for (let k = 0; k < sources.length; k++) args[k] = sources[k][i];
    const value = meaning.compute(args, about);
    result.data[i] = round === null ? value : round(value);
  }
  return result;
}

/** The common shape of concrete operands: one shape, or NumPy's broadcasting where they were unranked. */
function broadcastShape(cx: EvalContext): readonly number[] {
  const shapes = cx.operands.map((a) => a.shape);
  if (shapes.every((shape) => sameShape(shape, shapes[0]))) return shapes[0] ?? [];
  const rank = shapes.reduce((r, s) => Math.max(r, s.length), 0);
  return Array.from({ length: rank }, (_, axis) => {
    let common = 1;
    for (const shape of shapes) {
      const own = shape[axis - rank + shape.length] ?? 1;
      if (own !== 1 && common !== 1 && own !== common) failToBroadcast(cx);
      if (common === 1) common = own;
    }
    return common;
  });
}

function failToBroadcast(cx: EvalContext): never {
  const shapes = cx.operands.map((a) => printShape(a.shape)).join(" and ");
  return cx.fail("shape", `${cx.operation.op.name}: operands of shapes ${shapes} do not broadcast`);
}

/** The elements of an operand for every element of the result, row-major. */
function spread(array: NdArray, shape: readonly number[]): ArrayLike<number> {
  if (sameShape(array.shape, shape)) return array.data;
  const offset = shape.length - array.shape.length;
  const own = stridesOf(array.shape);
  const strides = shape.map((_, i) => (i < offset || array.shape[i - offset] === 1 ? 0 : own[i - offset]));
  return gather(array, shape, strides).data;
}

// ---- cast, whose result differs in dtype ------------------------------------------------------------------------------

const castScalar: ScalarMeaning = {
  compute: ([x], { dtype }) => (dtype === "index" ? Math.trunc(x) || 0 : x),
  spell: ([x], { dtype }) =>
    dtype === "bool" ? `Boolean(${x})` : dtype === "index" ? `Math.trunc(${x}) || 0` : `+${x}`,
};

export const castOp = defineOwn({
  name: "cast",
  summary: "Converts elements to another dtype.",
  operands: [{ name: "x" }],
  level: "both",
  traits: { elementwise: true, cheap: true, brief: true },
  types: (x) => [convertedType(x)],
  scalar: castScalar,
  eval: (x) => [evalScalar(x, castScalar)],
  derivative: {
    kind: "linear",
    transpose: ({ operands: [x], cotangent }) => [isFloat(dtypeOf(x.type)) ? cast(cotangent, dtypeOf(x.type)) : null],
  },
  batching: { kind: "elementwise" },
  docs: {
    semantics:
      "The nearest value of the result's dtype. A float becomes an integer as ECMAScript's ToInt32 or ToUint32 does, then wraps to the dtype; anything but 0 and NaN becomes true; true becomes 1.",
    constraints: [],
    example: `func @main(%x: f64) -> i32 {
  %r = cast %x : i32
  return %r
}
// run: @main(-2.7) == -2
`,
  },
});

/** The operand's shape or lanes with the dtype of the result as written. */
export function convertedType(cx: TypeContext): Type {
  const operand = requireElements(cx, 0);
  const [declared] = cx.declared ?? [];
  if (operand.kind === "vector") {
    const dtype = declared === undefined ? undefined : elementDType(declared);
    return dtype === undefined ? requireDeclared(cx) : vector(dtype, operand.shape[0]);
  }
  if (operand.kind === "unranked" && declared?.kind === "unranked") return declared;
  const type = requireDeclared(cx);
  return operand.kind === "unranked" ? type : tensorType(type.dtype, tensorTypeOf(operand).shape);
}

/** The type of `x` with another dtype. */
export function typeIn(x: Value, dtype: DType): Type {
  if (x.type.kind === "vector") return vector(dtype, x.type.shape[0]);
  return x.type.kind === "unranked" ? unranked(dtype) : tensorType(dtype, tensorOf(x).shape);
}

/** `x` in another dtype. */
export function cast(x: Value, dtype: DType): Value {
  return emit1(castOp, [x], { types: [typeIn(x, dtype)] });
}

// ---- compare --------------------------------------------------------------------------------------------------------

export type Direction = "eq" | "ne" | "lt" | "le" | "gt" | "ge";

const comparisons: Readonly<Record<Direction, readonly [string, (x: number, y: number) => boolean]>> = {
  eq: ["===", (x, y) => x === y],
  ne: ["!==", (x, y) => x !== y],
  lt: ["<", (x, y) => x < y],
  le: ["<=", (x, y) => x <= y],
  gt: [">", (x, y) => x > y],
  ge: [">=", (x, y) => x >= y],
};

/** The direction of a comparison. */
export function directionOf({ attributes }: Pick<Operation, "attributes">): Direction {
  return attributes.direction as Direction;
}

export const compareOp = elementwise({
  name: "compare",
  cheap: true,
  summary: "Compares elements.",
  operands: ["x", "y"],
  dtypes: "any",
  result: "bool",
  attributes: {
    direction: { kind: "word", words: Object.keys(comparisons), summary: "the comparison" },
  },
  scalar: {
    compute: ([x, y], about) => (comparisons[directionOf(about)][1](x, y) ? 1 : 0),
    spell: ([x, y], about) => `${x} ${comparisons[directionOf(about)][0]} ${y}`,
    exact: true,
  },
  partials: { kind: "zero", reason: "it is constant but for jumps" },
  semantics:
    "Whether x is equal, not equal, less, … than y. NaN is equal to nothing and neither less nor greater; -0 equals 0; false < true.",
  example: { dtype: "f64", attributes: "direction = lt", run: "@main(1, 2) == true" },
});

/** Whether `x` compares to `y` as `direction` says. */
export function compare(x: Value, y: Value, direction: Direction): Value {
  return emit1(compareOp, [x, y], { attributes: { direction } });
}

// ---- logic, which others need --------------------------------------------------------------------------------------

export const notDifferentiable = { kind: "zero", reason: "bits have no derivative" } as const;

export const notOp = elementwise({
  name: "not",
  cheap: true,
  summary: "The other truth value of a bool, the other bits of an integer.",
  operands: ["x"],
  dtypes: "bits",
  scalar: {
    compute: ([x], { dtype }) => (dtype === "bool" ? 1 - x : dtypes[dtype].round(~x)),
    spell: ([x], { dtype }) => (dtype === "bool" ? `!${x}` : spellRound(`~${x}`, dtype)),
    exact: true,
  },
  partials: notDifferentiable,
  semantics: "true where x is false; of integers, the bits that x has not: -1 - x, wrapped.",
  example: { dtype: "bool", run: "@main(true) == false" },
});

export function not(x: Value): Value {
  return emit1(notOp, [x]);
}
