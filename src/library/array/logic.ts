// The functions of comparison, truth values and bits users call, element by element, lifted to tensors that broadcast.

import {
  apply,
  type Binary,
  binary,
  type DTypeConstant,
  dtypeNamed,
  type Tensor,
  type Unary,
  unary,
} from "../../frontend/index.ts";
import { elementDType, fail, type Value } from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { composites } from "../../ops/index.ts";

/** @__NO_SIDE_EFFECTS__ */
function comparison(direction: ops.Direction): Binary {
  return binary((x, y) => ops.compare(x, y, direction));
}

/**
 * Truth values only: the same op on integers is one of bits, which has another name.
 *
 * @__NO_SIDE_EFFECTS__
 */
function onBools<Args extends readonly Value[]>(build: (...args: Args) => Value): (...args: Args) => Value {
  return (...args) => {
    for (const x of args) {
      const dtype = elementDType(x.type);
      if (dtype !== "bool") {
        fail("dtype", `a logical function of dtype ${dtype}, expected bool`, {
          hint: "write notEqual(x, 0) for the truth of a number, bitwiseAnd and its like for the bits of integers",
        });
      }
    }
    return build(...args);
  };
}

// ---- comparison -----------------------------------------------------------------------------------------------------

/** x = y; NaN equals nothing. */
export const equal: Binary = comparison("eq");
/** x ≠ y; true beside a NaN. */
export const notEqual: Binary = comparison("ne");
/** x < y; false beside a NaN. */
export const less: Binary = comparison("lt");
/** x ≤ y; false beside a NaN. */
export const lessEqual: Binary = comparison("le");
/** x > y; false beside a NaN. */
export const greater: Binary = comparison("gt");
/** x ≥ y; false beside a NaN. */
export const greaterEqual: Binary = comparison("ge");
/** Whether x is neither infinite nor NaN. */
const finite: Unary = unary(composites.finite);
/** Whether x is ∞ or -∞. */
export const isInf: Unary = unary(composites.isInf);
/** Whether x is NaN. */
const notANumber: Unary = unary(composites.notANumber);

// ---- truth values and bits ------------------------------------------------------------------------------------------

/** The other truth value. */
export const logicalNot: Unary = unary(onBools(ops.not));
/** Whether both hold. */
export const logicalAnd: Binary = binary(onBools(ops.and));
/** Whether one holds or both. */
export const logicalOr: Binary = binary(onBools(ops.or));
/** Whether one holds but not both. */
export const logicalXor: Binary = binary(onBools(ops.xor));
/** The other bits of an integer, the other truth value of a bool. */
export const bitwiseInvert: Unary = unary(ops.not);
/** The bits set in both. */
export const bitwiseAnd: Binary = binary(ops.and);
/** The bits set in either. */
export const bitwiseOr: Binary = binary(ops.or);
/** The bits set in one of them. */
export const bitwiseXor: Binary = binary(ops.xor);
/** The bits of an integer, y places up; y counts modulo the width. */
export const bitwiseLeftShift: Binary = binary(ops.shiftLeft);
/** The bits of an integer, y places down, copies of the sign above for i32; y counts modulo the width. */
export const bitwiseRightShift: Binary = binary(ops.shiftRight);
/** How many bits of an integer are set. */
export const popcount: Unary = unary(ops.popcount);

/** The 32 bits of an f32 as an i32 or u32, or the other way round; every NaN is the canonical one. */
export function bitcast(x: Tensor, dtype: DTypeConstant | string): Tensor {
  return apply(bitcast, [x], (v) => [ops.bitcast(v, dtypeNamed(dtype))])[0];
}

export { finite as isFinite, notANumber as isNaN };
