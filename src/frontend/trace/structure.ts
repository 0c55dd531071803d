// Structures of values between users' functions and the IR: carried values of loops, results of branches and bodies.

import { type BlockBuilder, currentBlock, type DType, elementDType, fail, type Value } from "../../ir/index.ts";
import type { Boundary } from "../handle/boundary.ts";
import { describe } from "../handle/describe.ts";
import type { Extent } from "../handle/extent.ts";
import { asTensor, isOperand, literal, type Operand } from "../handle/lift.ts";
import { currentTrace } from "../handle/scope.ts";
import { Tensor } from "../handle/tensor.ts";
import { flatten, flattenAs, isStatic, type Tree } from "../handle/tree.ts";

export function wrap(values: readonly Value[]): readonly Tensor[] {
  const builder: BlockBuilder = currentBlock();
  return values.map((value) => new Tensor({ value, builder }));
}

/** The tensors and literals of a structure. */
export function leavesOf(structure: unknown): readonly Operand[] {
  return flatten(structure, isOperand, "the carried values", isStatic).leaves;
}

/** Values of the IR with the structure in which the user nests them: carried values of a loop, or results of a branch. */
export interface ValueTree {
  readonly values: readonly Value[];
  readonly tree: Tree;
}

/** The values that a branch or body returned. With `like`, they have its structure and order, and literals its dtypes. */
export function unwrap(returned: unknown, what: string, like: ValueTree | null = null): ValueTree {
  const trace = currentTrace() ?? fail("scope", `${what} outside of a trace`);
  requireResult(returned, what);
  const { leaves, tree } =
    like === null
      ? flatten(returned, isOperand, what, isStatic)
      : { leaves: flattenAs(returned, like.tree, isOperand, what), tree: like.tree };
  const values = leaves.map((leaf, i) =>
    leaf instanceof Tensor ? trace.value(leaf, null) : literal(leaf, dtypeOfLiteral(leaf, dtypeOf(like?.values[i]))),
  );
  return { tree, values };
}

export function requireResult(returned: unknown, what: string): void {
  if (returned === undefined)
    fail("argument", `${what}: got nothing, expected tensors`, { hint: "is a return missing?" });
}

export function requireFunction(f: unknown, what: string): void {
  if (typeof f === "function") return;
  fail("argument", `${what} is ${describe(f)}, expected a function`, {
    hint: f === undefined ? undefined : "write () => … around it",
  });
}

const dtypeOf = (value: Value | undefined): DType | null =>
  value === undefined ? null : (elementDType(value.type) ?? null);

/** A boolean is bool, a number takes the numeric dtype beside it. */
function dtypeOfLiteral(x: number | boolean | Extent, beside: DType | null): DType | null {
  return typeof x === "boolean" || beside === "bool" ? null : beside;
}

/**
 * The carried values of a loop as tensors. Literals get the dtype of the first tensor around; numbers without one are f64.
 */
export function carriedFrom(
  boundary: Boundary,
  init: unknown,
  around: readonly Tensor[] = [],
): { readonly tensors: readonly Tensor[]; readonly tree: Tree } {
  const { leaves, tree } = flatten(init, isOperand, "the carried values", isStatic);
  const first = [...leaves, ...around].find((o) => o instanceof Tensor && o.dtype !== "bool");
  const dtype = first instanceof Tensor ? first.dtype : null;
  const tensors = leaves.map((o) => asTensor(boundary, o, o instanceof Tensor ? null : dtypeOfLiteral(o, dtype)));
  return { tensors, tree };
}
