// The functions of comparison, truth values and bits users call, element by element, lifted to tensors that broadcast.

import {
  apply,
  type Binary,
  binary,
  type Comparison,
  comparison,
  type DTypeConstant,
  dtypeNamed,
  type Predicate,
  predicate,
  type Tensor,
  type Unary,
  unary,
} from "../../frontend/index.ts";
import { elementDType, fail, type Value } from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { composites } from "../../ops/index.ts";

/** @__NO_SIDE_EFFECTS__ */
function compared(direction: ops.Direction): Comparison {
  return comparison((x, y) => ops.compare(x, y, direction));
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
export const equal: Comparison = compared("eq");
/** x ≠ y; true beside a NaN. */
export const notEqual: Comparison = compared("ne");
/** x < y; false beside a NaN. */
export const less: Comparison = compared("lt");
/** x ≤ y; false beside a NaN. */
export const lessEqual: Comparison = compared("le");
/** x > y; false beside a NaN. */
export const greater: Comparison = compared("gt");
/** x ≥ y; false beside a NaN. */
export const greaterEqual: Comparison = compared("ge");
/** Whether x is neither infinite nor NaN. */
const finite: Predicate = predicate(composites.finite);
/** Whether x is ∞ or -∞. */
export const isInf: Predicate = predicate(composites.isInf);
/** Whether x is NaN. */
const notANumber: Predicate = predicate(composites.notANumber);

// ---- truth values and bits ------------------------------------------------------------------------------------------

/** The other truth value. */
export const logicalNot: Predicate = predicate(onBools(ops.not));
/** Whether both hold. */
export const logicalAnd: Comparison = comparison(onBools(ops.and));
/** Whether one holds or both. */
export const logicalOr: Comparison = comparison(onBools(ops.or));
/** Whether one holds but not both. */
export const logicalXor: Comparison = comparison(onBools(ops.xor));
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

export {
  /** Whether x is neither infinite nor NaN. */
  finite as isFinite,
  /** Whether x is NaN. */
  notANumber as isNaN,
};
