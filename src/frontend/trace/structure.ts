// Structures of values between users' functions and the IR: what loops carry, what branches and bodies return.

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

/** A structure of values: what a loop carries, what a branch returns. */
export interface Structure {
  readonly values: readonly Value[];
  readonly tree: Tree;
}

/** What a branch or body returns; where it has to be like `like`, in that order, literals with those dtypes. */
export function unwrap(returned: unknown, what: string, like: Structure | null = null): Structure {
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
  fail("argument", `${what} is ${describe(f)}, expected a function`, { hint: "write () => … around it" });
}

const dtypeOf = (value: Value | undefined): DType | null =>
  value === undefined ? null : (elementDType(value.type) ?? null);

/** A boolean is bool, a number takes the numeric dtype beside it. */
function dtypeOfLiteral(x: number | boolean | Extent, beside: DType | null): DType | null {
  return typeof x === "boolean" || beside === "bool" ? null : beside;
}

/** What a loop carries, literals made tensors: numbers of the dtype of the first tensor around, f64 without one. */
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
