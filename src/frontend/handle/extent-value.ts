// The value of an extent where an operand stands: of the dtype that it meets, or refused as a literal would be.

import {
  asSymbol,
  atomDim,
  currentBlock,
  type Dim,
  type DimExpr,
  type DType,
  dtypes,
  fail,
  isFloat,
  scalar,
  type Term,
  termsOf,
  type Value,
} from "../../ir/index.ts";
import { add, cast, constant, dim, mul } from "../../ops/index.ts";
import { currentTrace } from "./scope.ts";

/** A dimension of the function that is built, as a scalar of the dtype. */
export function valueOfDim(d: DimExpr, dtype: DType): Value {
  if (dtype === "bool") refuse(d, dtype);
  if (isFloat(dtype)) return inFloats(d, dtype);
  requireRange(d, dtype);
  return dtype === "i32" ? dim(d) : cast(dim(d), dtype);
}

function refuse(d: Dim, dtype: DType): never {
  return fail("literal", `the extent ${d} is not, for all sizes, a value of ${dtype}`, {
    hint: "cast the tensor to f64 or i32",
  });
}

/** Whether it grows no faster than an extent does: its i32 does not wrap. */
const isLinear = (d: DimExpr): boolean => d.terms.every((t) => t.factors.length <= 1);

/** Products of extents leave i32, so they are multiplied as f64, which rounds once: as JavaScript would count. */
function inFloats(d: DimExpr, dtype: DType): Value {
  if (isLinear(d)) return cast(dim(d), dtype);
  const sum = termsOf(d)
    .map(termValue)
    .reduce((a, b) => add(a, b));
  return dtype === "f64" ? sum : cast(sum, dtype);
}

function termValue({ coefficient, factors }: Term): Value {
  const values = factors.map((factor) => cast(dim(atomDim(factor)), "f64"));
  const scale = coefficient === 1 && values.length > 0 ? [] : [constant(coefficient, scalar("f64"))];
  return [...scale, ...values].reduce((a, b) => mul(a, b));
}

/** The sizes for which it is no value of the dtype become a constraint. */
function requireRange(d: DimExpr, dtype: DType): void {
  const { min, max } = dtypes[dtype];
  const { scope, origin } = currentBlock();
  const bounds: readonly (readonly [Dim, Dim])[] = [
    ...(max < dtypes.i32.max || !isLinear(d) ? [[Math.min(max, dtypes.i32.max), d] as const] : []),
    ...(asSymbol(d) === null && (min > dtypes.i32.min || !isLinear(d)) ? [[d, min] as const] : []),
  ];
  // a declared graph keeps no constraint of its own: what is run of it is not known yet
  if (bounds.length > 0 && currentTrace()?.isDeclared === true) refuse(d, dtype);
  for (const [left, right] of bounds) if (scope.dims.require(left, ">=", right, origin) !== null) refuse(d, dtype);
}
