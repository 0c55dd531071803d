// Control flow on tensors: branches and loops that stay branches and loops in the IR.

import { fail, requireOptions, type Value } from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { bringLoops, bringScans } from "../../parts/index.ts";
import { dimsFor, type Size } from "../handle/axes.ts";
import { atBoundary, type Boundary, callUsers, named, ownFunction } from "../handle/boundary.ts";
import { apply, asTensor, type Operand } from "../handle/lift.ts";
import { Tensor } from "../handle/tensor.ts";
import { flatten, isStatic, type Tree, treeInWords, unflatten } from "../handle/tree.ts";
import { isWeak } from "../handle/weak.ts";
import type { Carried, CarriedResult, ElementOf, NotInferred, Reshaped, Structure } from "../types/calls.ts";
import {
  carriedFrom,
  leavesOf,
  requireFunction,
  requireResult,
  settled,
  unwrap,
  type ValueTree,
  withDtypes,
  wrap,
  wrapLike,
} from "./structure.ts";
import { atOnce } from "./trace.ts";

/** The one value that a condition gives. */
function unwrapCondition(returned: unknown): Value {
  const { tree, values } = unwrap(returned, "the condition");
  if (tree.kind === "leaf") return values[0];
  return fail("argument", `the condition: got ${treeInWords(tree)}, expected one bool scalar`);
}

/**
 * Runs `then` where the bool scalar holds, else `otherwise`; both return the same structure of the same types. On
 * concrete tensors outside of a trace it runs at once, as the loops below do.
 * @throws AdjointError where the results differ in structure (`argument`) or type, or the predicate is no bool scalar.
 * @example cond(less(x, 0), () => neg(x), () => x)
 */
export function cond<T extends Structure, O extends readonly Operand[] = readonly Tensor[]>(
  predicate: Tensor | boolean,
  then: (...operands: Carried<NotInferred<O>>) => T,
  otherwise: (...operands: Carried<NotInferred<O>>) => T,
  ...operands: O
): Carried<NotInferred<T>>;
export function cond<T>(
  predicate: Tensor | boolean,
  then: (...operands: Tensor[]) => T,
  otherwise: (...operands: Tensor[]) => T,
  ...operands: readonly Tensor[]
): T {
  return atBoundary(named("cond", cond), () => {
    requireFunction(then, "cond: the first branch");
    requireFunction(otherwise, "cond: the second branch");
    return atOnce(cond, [predicate, ...operands], () =>
      branches(asTensor(cond, predicate, null), then, otherwise, operands),
    );
  });
}

function branches<T>(
  predicate: Tensor,
  then: (...operands: Tensor[]) => T,
  otherwise: (...operands: Tensor[]) => T,
  operands: readonly Tensor[],
): T {
  const weak = operands.map(isWeak);
  return settled((dtypes) => {
    let last: ValueTree | null = null;
    const results = apply(cond, [predicate, ...operands], (p, ...values) => {
      const branch = (body: (...operands: Tensor[]) => T) => () => {
        last = withDtypes(unwrap(callUsers(body, ...wrap(values, weak)), "a branch's result", last), dtypes);
        return last.values;
      };
      return ops.ifElse(p, branch(then), branch(otherwise));
    });
    return wrapLike(last, results) as T;
  });
}

/**
 * Repeats `body` on the carried structure while `condition` of it, a bool scalar, holds.
 * @throws AdjointError where the body's result differs from `init` in structure (`argument`) or type.
 * @example whileLoop((x) => less(x, 100), (x) => mul(x, 2), x)
 */
export function whileLoop<T extends Structure>(
  condition: (carry: Carried<NotInferred<T>>) => Tensor | boolean,
  body: (carry: Carried<NotInferred<T>>) => CarriedResult<NotInferred<T>>,
  init: T,
): Carried<NotInferred<T>>;
export function whileLoop<T>(condition: (carry: T) => Tensor | boolean, body: (carry: T) => T, init: T): T {
  return atBoundary(named("whileLoop", whileLoop), () => {
    requireFunction(condition, "whileLoop: the condition");
    requireFunction(body, "whileLoop: the body");
    return atOnce(whileLoop, leavesOf(init), () => loop(whileLoop, condition, body, init));
  });
}

function loop<T>(boundary: Boundary, condition: (carry: T) => Tensor | boolean, body: (carry: T) => T, init: T): T {
  bringLoops();
  return settled((dtypes) => {
    const { tensors, tree, weak } = carriedFrom(boundary, init, { dtypes });
    let last: ValueTree | null = null;
    const results = apply(boundary, tensors, (...inits) => {
      const carried = (values: readonly Value[]): T => unflatten(tree, wrap(values, weak)) as T;
      return ops.whileLoop(
        inits,
        (...values) => unwrapCondition(callUsers(condition, carried(values))),
        (...values) => {
          last = unwrap(callUsers(body, carried(values)), "the body's result", { values, tree, weak });
          return last.values;
        },
      );
    });
    return wrapLike(last, results) as T;
  });
}

export interface ScanOptions {
  /** From the last element to the first; the outputs keep the places of their elements. */
  readonly reverse?: boolean;
  /** How many steps there are, where `xs` holds no tensor to say so. */
  readonly length?: Size;
}

/**
 * A loop over the leading axis of `xs`, a tensor or a structure of tensors of one leading extent: `body(carry, x)`, where x
 * has the structure of `xs`, gives `[carry, output]`; the result is the last carry and the outputs stacked, each in its
 * structure. With `xs` null there are `length` steps.
 * @throws AdjointError where the body gives no such pair, or a carry unlike `init` (`argument`); `shape` where leading
 * extents differ.
 * @example scan((s, x) => [add(s, x), add(s, x)], 0, xs)  // running sums
 * @example scan((h, { x, mask }) => [where(mask, step(h, x), h), h], h0, { x: xs, mask: masks })
 */
export function scan<C extends Structure, O extends Structure, X extends Structure = Tensor>(
  body: (carry: Carried<NotInferred<C>>, x: ElementOf<NotInferred<X>>) => readonly [CarriedResult<NotInferred<C>>, O],
  init: C,
  xs: X,
  options?: ScanOptions,
): [Carried<NotInferred<C>>, Reshaped<NotInferred<O>>];
export function scan<C, O, X = Tensor>(
  body: (carry: C, x: X) => readonly [C, O],
  init: C,
  xs: X,
  options: ScanOptions = {},
): readonly [C, O] {
  return atBoundary(named("scan", scan), () => {
    requireFunction(body, "scan: the body");
    requireOptions("scan", options, ["reverse", "length"]);
    return atOnce(scan, [...elementsOf(xs).leaves, ...leavesOf(init)], () => scanned(body, init, xs, options));
  });
}

/** The tensors that are gone along, and their structure. */
function elementsOf(xs: unknown): { readonly leaves: readonly Tensor[]; readonly tree: Tree } {
  const expected = "tensors, or arrays and plain objects of tensors: write tensor([…]) around numbers";
  return flatten(xs, (x: unknown): x is Tensor => x instanceof Tensor, "what scan goes along", isStatic, expected);
}

function scanned<C, O, X>(
  body: (carry: C, x: X) => readonly [C, O],
  init: C,
  xs: X,
  { reverse, length }: ScanOptions,
): readonly [C, O] {
  bringScans();
  const over = elementsOf(xs);
  if (over.leaves.length === 0 && length === undefined)
    fail("argument", "scan: got nothing to go along, expected a tensor", {
      hint: "or write how many steps: { length: n }",
    });
  const steps = length === undefined ? {} : { length: dimsFor([length])[0] };
  return settled((dtypes) => {
    const { tensors, tree, weak } = carriedFrom(scan, init, { around: over.leaves, dtypes });
    let last: ValueTree | null = null;
    let outputs: Tree = { kind: "leaf" };
    const count = tensors.length;
    const step = (carry: readonly Value[], elements: readonly Value[]): ops.ScanStep => {
      const own = [unflatten(tree, wrap(carry, weak)) as C, unflatten(over.tree, wrap(elements)) as X] as const;
      const [next, out] = pairOf(callUsers(body, ...own));
      const output = unwrap(out, "the body's output");
      outputs = output.tree;
      last = unwrap(next, "the body's carry", { values: carry, tree, weak });
      return { carry: last.values, out: output.values };
    };
    const results = apply(scan, [...tensors, ...over.leaves], (...values) =>
      ops.scan(values.slice(0, count), values.slice(count), step, { reverse, ...steps }),
    );
    return [wrapLike(last, results.slice(0, count)) as C, unflatten(outputs, results.slice(count)) as O];
  });
}

function pairOf(returned: unknown): readonly [unknown, unknown] {
  if (Array.isArray(returned) && returned.length === 2) return [returned[0], returned[1]];
  return fail("argument", "scan: the body gives no pair, expected [carry, output]");
}

/**
 * Runs `body(i, carry)` for each i32 i from `from` to below `to`.
 * @throws AdjointError where the body's result differs from `init` in structure (`argument`) or type.
 * @example fori(0, 10, (i, x) => mul(x, 2), x)
 */
export function fori<T extends Structure>(
  from: Operand,
  to: Operand,
  body: (i: Tensor<[], "i32">, carry: Carried<NotInferred<T>>) => CarriedResult<NotInferred<T>>,
  init: T,
): Carried<NotInferred<T>>;
export function fori<T>(from: Operand, to: Operand, body: (i: Tensor, carry: T) => T, init: T): T {
  return atBoundary(named("fori", fori), () => {
    requireFunction(body, "fori: the body");
    return atOnce(fori, [from, to, ...leavesOf(init)], () =>
      counted(asTensor(fori, from, "i32"), asTensor(fori, to, "i32"), body, init),
    );
  });
}

function counted<T>(from: Tensor, end: Tensor, body: (i: Tensor, carry: T) => T, init: T): T {
  // the counter's dtype is none of the carried literals'
  const { tensors, tree } = carriedFrom(fori, init);
  const [, result] = loop<[Tensor, T]>(
    fori,
    ownFunction(([i]) => apply(fori, [i, end], (a, b) => [ops.compare(a, b, "lt")])[0]),
    ownFunction(([i, carry]) => {
      const next = callUsers(body, i, carry);
      requireResult(next, "the body's result");
      return [apply(fori, [i, 1], (a, one) => [ops.add(a, one)])[0], next];
    }),
    [from, unflatten(tree, tensors) as T],
  );
  return result;
}
