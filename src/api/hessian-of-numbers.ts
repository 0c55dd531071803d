// The Hessian of a function of numbers, which needs no batches: its columns are as many forward sweeps.

import { flatten, isStatic, Tensor, type TracedFunction, unflatten } from "../frontend/index.ts";
import { tensorTypeOf } from "../ir/index.ts";
import { call as callOp, constant } from "../ops/index.ts";
import { TracedFunctionRecord, type WrtArgument } from "./record.ts";
import { pushed, recordGradient, recording } from "./recorded.ts";

/** The value of a function of scalars, its gradient and its Hessian, with respect to all of its arguments; to be traced. */
export function valueGradAndHessian(fn: TracedFunction, count: number): TracedFunction {
  const wrt = Array.from({ length: count }, (_, i) => i);
  const first = valueAndGradient(fn, count);
  return recording("hessian", fn, (call, args) => {
    const recorded = new TracedFunctionRecord("hessian", first, args, call);
    const both = recorded.apply([], (values) => callOp(recorded.signature, values));
    const columns = wrt.map((i) => tangentsOfNumber(recorded, recorded.wrtArgument(i)).slice(1));
    return [...(unflatten(recorded.results, both) as unknown[]), symmetric(columns)];
  });
}

/** The value of a function of scalars and its gradient, with respect to all of its arguments; to be traced. */
export function valueAndGradient(fn: TracedFunction, count: number): TracedFunction {
  const wrt = Array.from({ length: count }, (_, i) => i);
  return recording("valueAndGrad", fn, (call, args) => {
    const { value, gradients } = recordGradient("valueAndGrad", fn, args, call, wrt, false);
    return [value, gradients];
  });
}

/** The symmetric matrix with these columns. Of two columns that hold an entry, the later one gives both copies. */
export function symmetric(columns: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] {
  return columns.map((_, i) => columns.map((__, k) => columns[Math.max(i, k)][Math.min(i, k)]));
}

/** The derivatives of all results by one number, by forward mode. */
export function tangentsOfNumber(recorded: TracedFunctionRecord, leaf: WrtArgument): readonly unknown[] {
  const [tensor] = recorded.tensors.slice(leaf.from, leaf.to);
  // the other leaves are constants rather than have tangents of 0: 0 · ∞ would be NaN
  const one = recorded.apply([], () => [constant(1, tensorTypeOf(tensor.type))]);
  return leavesOfTangent(pushed(recorded, [leaf], one).tangent);
}

/** The leaves of a tangent: tensors, and numbers where a result is no float. */
export function leavesOfTangent(tangent: unknown): readonly unknown[] {
  return flatten(tangent, isLeaf, "the tangents", isStatic).leaves;
}

const isLeaf = (x: unknown): x is Tensor | number => x instanceof Tensor || typeof x === "number";
