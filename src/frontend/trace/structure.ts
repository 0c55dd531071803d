// Structures of values between users' functions and the IR: carried values of loops, results of branches and bodies.

import {
  assert,
  type BlockBuilder,
  currentBlock,
  type DType,
  elementDType,
  fail,
  isFloat,
  type Value,
} from "../../ir/index.ts";
import type { Boundary } from "../handle/boundary.ts";
import { describe } from "../handle/describe.ts";
import { asTensor, isOperand, literal, type Operand } from "../handle/lift.ts";
import { currentTrace } from "../handle/scope.ts";
import { Tensor } from "../handle/tensor.ts";
import { flatten, flattenAs, isStatic, type Tree, unflatten } from "../handle/tree.ts";
import { dtypeMet, isWeak, met, strongOf, weakened } from "../handle/weak.ts";

/** Handles of values; `weak` says which of them are weak numbers. */
export function wrap(values: readonly Value[], weak: readonly boolean[] = []): readonly Tensor[] {
  const builder: BlockBuilder = currentBlock();
  return values.map((value, i) => new Tensor({ value, builder, isWeak: weak[i] ?? false }));
}

/** The tensors and literals of a structure. */
export function leavesOf(structure: unknown): readonly Operand[] {
  return flatten(structure, isOperand, "the carried values", isStatic).leaves;
}

/** Values of the IR with the structure in which the user nests them: carried values of a loop, or results of a branch. */
export interface ValueTree {
  readonly values: readonly Value[];
  readonly tree: Tree;
  /** Which of them are weak numbers. */
  readonly weak: readonly boolean[];
}

/**
 * The values that a branch or body returned. With `like`, they have its structure and order, and literals its dtypes. Where
 * a weak number of `like` meets a tensor of another dtype, what is built around has to be built with that dtype: see
 * `settled`.
 */
export function unwrap(returned: unknown, what: string, like: ValueTree | null = null): ValueTree {
  const trace = currentTrace() ?? fail("scope", `${what} outside of a trace`);
  requireResult(returned, what);
  const { leaves, tree } =
    like === null
      ? flatten(returned, isOperand, what, isStatic)
      : { leaves: flattenAs(returned, like.tree, isOperand, what), tree: like.tree };
  const meets = leaves.map((leaf, i) => dtypeMetBy(leaf, like, i));
  if (meets.some((dtype) => dtype !== null)) throw new Met(meets);
  const values = leaves.map((leaf, i) => {
    const beside = dtypeOfLiteral(leaf, dtypeOf(like?.values[i]));
    if (!(leaf instanceof Tensor)) return literal(leaf, beside);
    const value = trace.value(leaf, null);
    return isWeak(leaf) && beside !== null ? met(value, beside) : value;
  });
  const weak = leaves.map((leaf, i) => (typeof leaf === "number" || isWeak(leaf)) && (like === null || like.weak[i]));
  return { tree, values, weak };
}

/** The dtype of a number that stands where `like` has a weak one of another dtype; else null. */
function dtypeMetBy(leaf: Operand, like: ValueTree | null, i: number): DType | null {
  if (like === null || !like.weak[i] || !(leaf instanceof Tensor) || isWeak(leaf) || leaf.dtype === "bool") return null;
  return leaf.dtype === dtypeOf(like.values[i]) ? null : leaf.dtype;
}

/** Thrown by `unwrap` where weak numbers of what was built before have to be of these dtypes. */
class Met {
  readonly dtypes: readonly (DType | null)[];
  constructor(dtypes: readonly (DType | null)[]) {
    this.dtypes = dtypes;
  }
}

/** The dtypes that weak numbers of a structure have to have, leaf by leaf; null leaves one as it is. */
export type Dtypes = readonly (DType | null)[];

/**
 * What `build` gives, which is a loop or a branch whose weak numbers, carried or returned, may meet tensors of other dtypes
 * on the way: where they do, it is built again with those dtypes. Each time at least one number is weak no more.
 */
export function settled<T>(build: (dtypes: Dtypes) => T): T {
  for (let dtypes: Dtypes = []; ; ) {
    try {
      return build(dtypes);
    } catch (error) {
      if (!(error instanceof Met)) throw error;
      const before = dtypes;
      dtypes = error.dtypes.map((dtype, i) => dtype ?? before[i] ?? null);
    }
  }
}

/** Values in which weak numbers are of these dtypes. */
export function withDtypes({ tree, values, weak }: ValueTree, dtypes: Dtypes): ValueTree {
  const fits = values.map((v, i) => (weak[i] && dtypes[i] != null ? met(v, dtypes[i]) : v));
  return { tree, values: fits, weak: weak.map((isNumber, i) => isNumber && dtypes[i] == null) };
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
function dtypeOfLiteral(x: Operand, beside: DType | null): DType | null {
  return typeof x === "boolean" || beside === "bool" ? null : beside;
}

/** Tensors with the structure in which the user nests them. */
export interface TensorTree extends Omit<ValueTree, "values"> {
  readonly tensors: readonly Tensor[];
}

/**
 * The carried values of a loop as tensors. Numbers get the dtype of the first float around, literals else that of the first
 * integer; what is left is weak, and of the dtype that `settled` found, if any.
 */
export function carriedFrom(
  boundary: Boundary,
  init: unknown,
  { around = [], dtypes = [] }: { readonly around?: readonly Tensor[]; readonly dtypes?: Dtypes } = {},
): TensorTree {
  const { leaves, tree } = flatten(init, isOperand, "the carried values", isStatic);
  const strong = strongOf([...leaves, ...around]);
  const float = dtypeMet(strong.filter((o) => isFloat(o.dtype)));
  const guess = (o: Operand): DType | null => float ?? (o instanceof Tensor ? null : dtypeMet(strong));
  const tensors = leaves.map((o, i) => asTensor(boundary, o, dtypes[i] ?? dtypeOfLiteral(o, guess(o))));
  return { tensors, tree, weak: tensors.map(isWeak) };
}

/** Results of what gave `like`, in its structure; weak where those are. */
export function wrapLike(like: ValueTree | null, results: readonly Tensor[]): unknown {
  assert(like !== null, "what gives results was traced");
  const handles = results.map((t, i) => (like.weak[i] ? weakened(t) : t));
  return unflatten(like.tree, handles);
}
