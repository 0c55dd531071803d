// Derivatives of functions and functions that are mapped over new axes: what such an operation takes, and its results.

import {
  bindType,
  type Dim,
  type Op,
  type Signature,
  symbol,
  type TensorType,
  tensorType,
  type Value,
} from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import type { Random } from "./random.ts";

/** An operation that lacks its operands. */
export interface Application {
  readonly takes: readonly TensorType[];
  apply(values: readonly Value[]): readonly Value[];
}

/** One of them, and each around each: derivatives of derivatives first, whose rules are seldom tried. */
export function chainsOf(transforms: readonly Op[]): readonly (readonly Op[])[] {
  const pairs = transforms.flatMap((inner) => transforms.map((outer) => [inner, outer]));
  return [...pairs, ...transforms.map((op) => [op])];
}

type Sizes = Readonly<Record<string, Dim>>;

const { vjp: vjpOp, jvp: jvpOp, vmap: vmapOp } = ops.records;

/** The ops that resolve to what a function computes otherwise. */
export const transformOps: readonly Op[] = [vjpOp, jvpOp, vmapOp];

/** The call of a function where its symbols have these sizes. */
export function callOf(callee: Signature, sizes: Sizes): Application {
  return { takes: bound(callee.arguments, sizes), apply: (values) => ops.call(callee, values, sizes) };
}

/** A derivative of the function, or the function mapped; with sizes for its symbols. */
export function transformOf(random: Random, op: Op, callee: Signature, sizes: Sizes): Application {
  if (op === vmapOp) return mapping(random, callee, sizes);
  const floats = callee.arguments.flatMap((type, i) => (ops.isFloatType(type) ? [i] : []));
  const wrt = random.oneIn(3) ? subset(random, floats) : undefined;
  const arity = callee.arguments.length;
  const directions =
    op === vjpOp ? callee.results.filter(ops.isFloatType) : (wrt ?? floats).map((i) => callee.arguments[i]);
  const make = op === vjpOp ? ops.vjp : ops.jvp;
  return {
    takes: bound([...callee.arguments, ...directions], sizes),
    apply: (values) => make(callee, values.slice(0, arity), values.slice(arity), wrt, sizes),
  };
}

/** Any of the arguments are mapped, over an axis of a known or an open size. */
function mapping(random: Random, callee: Signature, sizes: Sizes): Application {
  const size = random.pick<Dim>([2, 2, 3, 1, symbol("B")]);
  const arity = callee.arguments.length;
  const mapped = random.oneIn(3)
    ? callee.arguments.map((_, i) => i)
    : subset(
        random,
        Array.from({ length: arity }, (_, i) => i),
      );
  const takes = bound(callee.arguments, sizes).map((type, i) =>
    mapped.includes(i) ? tensorType(type.dtype, [size, ...type.shape]) : type,
  );
  return { takes, apply: (values) => ops.vmap(callee, values, mapped, sizes) };
}

/** One or more of a list, in its order. */
function subset(random: Random, list: readonly number[]): readonly number[] {
  const kept = list.filter(() => random.oneIn(2));
  return kept.length > 0 || list.length === 0 ? kept : [random.pick(list)];
}

function bound(types: Signature["arguments"], sizes: Sizes): readonly TensorType[] {
  return types.map((type) => bindType(type, sizes)).filter((type) => type.kind === "tensor");
}
