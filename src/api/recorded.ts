// What gradients and forward sweeps record in a trace; how the transforms are called is transforms.ts.

import { type Boundary, type Operand, ownFunction, type TracedFunction, unflatten } from "../frontend/index.ts";
import { constant, isFloatType, jvp as jvpOp, vjp as vjpOp, zeros } from "../ops/index.ts";
import { leafNumbers, structured, TracedFunctionRecord, type WrtArgument } from "./record.ts";

export interface Gradients {
  readonly value: unknown;
  readonly aux: { readonly value: unknown } | null;
  readonly gradients: unknown;
}

/** Records a vjp at cotangent 1 of a function of these arguments, with respect to those of position `wrt`. */
export function recordGradient(
  name: string,
  fn: TracedFunction,
  args: readonly unknown[],
  call: Boundary,
  wrt: number | readonly number[],
  hasAux: boolean,
): Gradients {
  const recorded = new TracedFunctionRecord(name, fn, args, call);
  const { signature, results } = recorded;
  const result = recorded.requireScalarResult(hasAux);
  const parts = [wrt].flat().map((i) => recorded.wrtArgument(i));
  const count = signature.results.length;
  const all = recorded.apply([], (values) => {
    const cotangents = signature.results
      .filter(isFloatType)
      .map((type, i) => (i === 0 ? constant(1, result) : zeros(type)));
    return vjpOp(signature, values, cotangents, leafNumbers(parts));
  });
  const each = structured(parts, all.slice(count));
  const whole = unflatten(results, all.slice(0, count));
  const [value, aux] = hasAux ? (whole as [unknown, unknown]) : [whole, null];
  return { value, aux: hasAux ? { value: aux } : null, gradients: Array.isArray(wrt) ? each : each[0] };
}

/** Records a jvp: gives the value and the tangent, where `leaves` are the tangents of the leaves of `parts`. */
export function pushed(recorded: TracedFunctionRecord, parts: readonly WrtArgument[], leaves: readonly Operand[]) {
  const { signature, results } = recorded;
  const all = recorded.apply(leaves, (values, ts) => jvpOp(signature, values, ts, leafNumbers(parts)));
  const count = signature.results.length;
  let next = count;
  const tangents = signature.results.map((type) => (isFloatType(type) ? all[next++] : 0));
  return { value: unflatten(results, all.slice(0, count)), tangent: unflatten(results, tangents) };
}

/** The function of a transform of `fn` that records it, in a trace: `record` gets the function itself and its arguments. */
export function recording(
  name: string,
  fn: TracedFunction,
  record: (call: Boundary, args: readonly unknown[]) => unknown,
): TracedFunction {
  const body = ownFunction((...args: unknown[]): unknown => record(body, args));
  return Object.defineProperty(body, "name", { value: `${name}_${fn.name || "f"}` });
}
