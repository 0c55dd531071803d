// Control flow on tensors: branches and loops that stay branches and loops in the IR.

import { type BlockBuilder, currentBlock, type DType, elementDType, fail, type Value } from "../ir/index.ts";
import * as ops from "../ops/index.ts";
import { apply, literal, type Operand } from "./lift.ts";
import { type Boundary, currentTrace } from "./scope.ts";
import { Tensor } from "./tensor.ts";
import { flatten, flattenAs, type Tree, unflatten } from "./tree.ts";

const isOperand = (x: unknown): x is Operand => x instanceof Tensor || typeof x === "number" || typeof x === "boolean";

function wrap(values: readonly Value[]): readonly Tensor[] {
  const builder: BlockBuilder = currentBlock();
  return values.map((value) => new Tensor({ value, builder }));
}

/** A structure of values: what a loop carries, what a branch returns. */
interface Structure {
  readonly values: readonly Value[];
  readonly tree: Tree;
}

/** What a branch or body returns; where it has to be like `like`, in that order, literals with those dtypes. */
function unwrap(returned: unknown, what: string, like: Structure | null = null): Structure {
  const trace = currentTrace();
  const { leaves, tree } =
    like === null
      ? flatten(returned, isOperand, what)
      : { leaves: flattenAs(returned, like.tree, isOperand, what), tree: like.tree };
  const values = leaves.map((leaf, i) =>
    leaf instanceof Tensor && trace !== null
      ? trace.value(leaf, null)
      : literal(leaf as number, dtypeOfLiteral(leaf as number, dtypeOf(like?.values[i]))),
  );
  return { tree, values };
}

const dtypeOf = (value: Value | undefined): DType | null =>
  value === undefined ? null : (elementDType(value.type) ?? null);

/** A boolean is bool, a number takes the numeric dtype beside it. */
function dtypeOfLiteral(x: number | boolean, beside: DType | null): DType | null {
  return typeof x === "boolean" || beside === "bool" ? null : beside;
}

/** What a loop carries, literals made tensors: numbers of the dtype of the first tensor around, f64 without one. */
function carriedFrom(
  boundary: Boundary,
  init: unknown,
  around: readonly Tensor[] = [],
): { readonly tensors: readonly Tensor[]; readonly tree: Tree } {
  const { leaves, tree } = flatten(init, isOperand, "the carried values");
  const first = [...leaves, ...around].find((o) => o instanceof Tensor && o.dtype !== "bool");
  const dtype = first instanceof Tensor ? first.dtype : null;
  const tensors = leaves.map((o) =>
    o instanceof Tensor ? o : apply(boundary, [], () => [literal(o, dtypeOfLiteral(o, dtype))])[0],
  );
  return { tensors, tree };
}

/**
 * Runs `then` where the bool scalar holds, else `otherwise`; both return the same structure of the same types.
 * @example cond(less(x, 0), () => neg(x), () => x)
 */
export function cond<T>(
  predicate: Tensor,
  then: (...operands: Tensor[]) => T,
  otherwise: (...operands: Tensor[]) => T,
  ...operands: readonly Tensor[]
): T {
  requireTrace("cond");
  let first: Structure | null = null;
  let tree: Tree = { kind: "leaf" };
  const results = apply(cond, [predicate, ...operands], (p, ...values) => {
    const branch = (body: (...operands: Tensor[]) => T) => () => {
      const result = unwrap(body(...wrap(values)), "a branch's result", first);
      first = result;
      tree = result.tree;
      return result.values;
    };
    return ops.ifElse(p, branch(then), branch(otherwise));
  });
  return unflatten(tree, results) as T;
}

/**
 * Repeats `body` on the carried structure while `condition` of it holds.
 * @example whileLoop((x) => less(x, 100), (x) => mul(x, 2), x)
 */
export function whileLoop<T>(condition: (carry: T) => Tensor, body: (carry: T) => T, init: T): T {
  requireTrace("whileLoop");
  return loop(whileLoop, condition, body, init);
}

function loop<T>(boundary: Boundary, condition: (carry: T) => Tensor, body: (carry: T) => T, init: T): T {
  const { tensors, tree } = carriedFrom(boundary, init);
  const results = apply(boundary, tensors, (...inits) => {
    const carried = (values: readonly Value[]): T => unflatten(tree, wrap(values)) as T;
    return ops.whileLoop(
      inits,
      (...values) => unwrap(condition(carried(values)), "the condition").values[0],
      (...values) => unwrap(body(carried(values)), "the body's result", { values, tree }).values,
    );
  });
  return unflatten(tree, results) as T;
}

/**
 * A loop over the leading axis of `xs`: `body(carry, x)` gives `[carry, output]`; the result is the last carry and the
 * outputs stacked.
 * @example scan((s, x) => [add(s, x), add(s, x)], 0, xs)  // running sums
 */
export function scan<C, O>(
  body: (carry: C, x: Tensor) => readonly [C, O],
  init: C,
  xs: Tensor,
  options: { readonly reverse?: boolean } = {},
): readonly [C, O] {
  requireTrace("scan");
  const { tensors, tree } = carriedFrom(scan, init, [xs]);
  let outputs: Tree = { kind: "leaf" };
  const results = apply(scan, [...tensors, xs], (...values) =>
    ops.scan(
      values.slice(0, -1),
      values.slice(-1),
      (carry, x) => {
        const pair: unknown = body(unflatten(tree, wrap(carry)) as C, wrap(x)[0]);
        if (!Array.isArray(pair) || pair.length !== 2)
          fail("argument", "the body of scan gives no pair, expected [carry, output]");
        const [next, out]: unknown[] = pair;
        const output = unwrap(out, "the body's output");
        outputs = output.tree;
        return { carry: unwrap(next, "the body's carry", { values: carry, tree }).values, out: output.values };
      },
      options,
    ),
  );
  return [
    unflatten(tree, results.slice(0, tensors.length)) as C,
    unflatten(outputs, results.slice(tensors.length)) as O,
  ];
}

/**
 * Runs `body(i, carry)` for each i32 i from `from` to below `to`.
 * @example fori(0, 10, (i, x) => mul(x, 2), x)
 */
export function fori<T>(from: Operand, to: Operand, body: (i: Tensor, carry: T) => T, init: T): T {
  requireTrace("fori");
  const i32 = (o: Operand): Tensor => (o instanceof Tensor ? o : apply(fori, [], () => [literal(o, "i32")])[0]);
  const end = i32(to);
  // the counter's dtype is none of the carried literals'
  const { tensors, tree } = carriedFrom(fori, init);
  const [, result] = loop<[Tensor, T]>(
    fori,
    ([i]) => apply(fori, [i, end], (a, b) => [ops.compare(a, b, "lt")])[0],
    ([i, carry]) => [apply(fori, [i, 1], (a, one) => [ops.add(a, one)])[0], body(i, carry)],
    [i32(from), unflatten(tree, tensors) as T],
  );
  return result;
}

function requireTrace(name: string): void {
  if (currentTrace() === null)
    fail("scope", `${name} is called outside of a trace`, { hint: "call it in a function given to compile or grad" });
}
