// Control flow on tensors: branches and loops that stay branches and loops in the IR.

import { type BlockBuilder, currentBlock, fail, type Value } from "../ir/index.ts";
import * as ops from "../ops/index.ts";
import { apply, literal, type Operand } from "./lift.ts";
import { currentTrace } from "./scope.ts";
import { Tensor } from "./tensor.ts";
import { flatten, type Tree, unflatten } from "./tree.ts";

const isOperand = (x: unknown): x is Operand => x instanceof Tensor || typeof x === "number" || typeof x === "boolean";

function wrap(values: readonly Value[]): readonly Tensor[] {
  const builder: BlockBuilder = currentBlock();
  return values.map((value) => new Tensor({ value, builder }));
}

/** The values of what a branch or body returns, and its structure. */
function unwrap(returned: unknown, what: string): { readonly values: readonly Value[]; readonly tree: Tree } {
  const trace = currentTrace();
  const { leaves, tree } = flatten(returned, isOperand, what);
  return {
    tree,
    values: leaves.map((leaf) =>
      leaf instanceof Tensor && trace !== null ? trace.value(leaf, null) : literal(leaf as number, null),
    ),
  };
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
  let tree: Tree = { kind: "leaf" };
  const results = apply(cond, [predicate, ...operands], (p, ...values) => {
    const branch = (body: (...operands: Tensor[]) => T) => () => {
      const result = unwrap(body(...wrap(values)), "a branch's result");
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
  const { leaves, tree } = flatten(init, isOperand, "the carried values");
  const results = apply(whileLoop, leaves, (...inits) => {
    const carried = (values: readonly Value[]): T => unflatten(tree, wrap(values)) as T;
    return ops.whileLoop(
      inits,
      (...values) => unwrap(condition(carried(values)), "the condition").values[0],
      (...values) => unwrap(body(carried(values)), "the body's result").values,
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
  const { leaves, tree } = flatten(init, isOperand, "the carried values");
  let outputs: Tree = { kind: "leaf" };
  const results = apply(scan, [...leaves, xs], (...values) =>
    ops.scan(
      values.slice(0, -1),
      values.slice(-1),
      (carry, x) => {
        const [next, out] = body(unflatten(tree, wrap(carry)) as C, wrap(x)[0]);
        const output = unwrap(out, "the body's output");
        outputs = output.tree;
        return { carry: unwrap(next, "the body's carry").values, out: output.values };
      },
      options,
    ),
  );
  return [unflatten(tree, results.slice(0, leaves.length)) as C, unflatten(outputs, results.slice(leaves.length)) as O];
}

/**
 * Runs `body(i, carry)` for each i32 i from `from` to below `to`.
 * @example fori(0, 10, (i, x) => mul(x, 2), x)
 */
export function fori<T>(from: Operand, to: Operand, body: (i: Tensor, carry: T) => T, init: T): T {
  requireTrace("fori");
  const i32 = (o: Operand): Tensor => (o instanceof Tensor ? o : apply(fori, [], () => [literal(o, "i32")])[0]);
  const end = i32(to);
  const [, result] = whileLoop<[Tensor, T]>(
    ([i]) => apply(fori, [i, end], (a, b) => [ops.compare(a, b, "lt")])[0],
    ([i, carry]) => [apply(fori, [i, 1], (a, one) => [ops.add(a, one)])[0], body(i, carry)],
    [i32(from), init],
  );
  return result;
}

function requireTrace(name: string): void {
  if (currentTrace() === null)
    fail("scope", `${name} is called outside of a trace`, { hint: "call it in a function given to compile or grad" });
}
