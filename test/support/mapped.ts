// What tests of batches share: which arguments have the new leading axis, of what types, and whether the results have the bits.

import { expect } from "vitest";
import {
  type Dim,
  type Module,
  type NdArray,
  printModule,
  type Signature,
  type TensorType,
  type Type,
  tensorType,
} from "../../src/ir/index.ts";
import { type Outcome, sameArrays, showArray } from "../../src/testing/index.ts";

/** The arguments whose bits of `mask` are set; the first where none is. */
export function argumentsIn(mask: number, signature: Signature): readonly number[] {
  const some = signature.arguments.flatMap((_, i) => (((mask >> i) & 1) === 1 ? [i] : []));
  return some.length === 0 ? [0] : some;
}

/** The types of the arguments, with `extent` in front of those named. */
export function typesAlong(signature: Signature, named: readonly number[], extent: Dim): readonly Type[] {
  return signature.arguments.map((type, i) => {
    const { dtype, shape } = type as TensorType;
    return named.includes(i) ? tensorType(dtype, [extent, ...shape]) : type;
  });
}

/** Fails, and shows both and the module that ran, where the results are not those expected to the last bit. */
export function expectBits({ results }: Outcome, expected: readonly NdArray[], module: Module): void {
  const show = (arrays: readonly NdArray[]): string => arrays.map(showArray).join("; ");
  if (typeof results !== "string" && sameArrays(results, expected)) return;
  const got = typeof results === "string" ? results : show(results);
  expect.fail(`${got}\nexpected ${show(expected)}\n${printModule(module)}`);
}
