// All derivatives of a function of scalars: its Jacobian, and the Hessian of one with a scalar result.

import { flatten, isStatic, Tensor, type TracedFunction, unflatten } from "../frontend/index.ts";
import { atCaller } from "../ir/index.ts";
import { call as callOp, constant, isFloatType, vjp as vjpOp } from "../ops/index.ts";
import type { JitFunction } from "./jit.ts";
import { leafNumbers, type Part, Recorded } from "./record.ts";
import { derived, type GradOptions, grad, pushed, readWrt, valueAndGrad } from "./transforms.ts";

/**
 * The derivatives of every result with respect to scalar arguments, in the structure of the result: each leaf becomes its
 * derivative, or with a list in `wrt` an array of them. Forward or reverse mode, whichever takes fewer sweeps.
 *
 * @throws AdjointError code `no-derivative` where an argument in `wrt` is no float scalar, and as grad.
 * @example jacobian((r, t) => [mul(r, cos(t)), mul(r, sin(t))], { wrt: [0, 1] })(2, 0) // [[1, 0], [0, 2]]
 */
export function jacobian(fn: TracedFunction, options: GradOptions = {}): JitFunction {
  const wrt = atCaller(jacobian, () => readWrt("jacobian", options));
  return derived("jacobian", fn, (call, args) => {
    const recorded = new Recorded("jacobian", fn, args, call);
    const parts = [wrt].flat().map((i) => scalarPart(recorded, i));
    const { results } = recorded.signature;
    const floats = results.filter(isFloatType).length;
    const isScalar = results.every((t) => t.kind === "tensor" && t.shape.length === 0);
    const columns = isScalar && floats < parts.length ? rows(recorded, parts) : tangents(recorded, parts);
    const leaves = results.map((_, k) => (Array.isArray(wrt) ? columns.map((column) => column[k]) : columns[0][k]));
    return unflatten(recorded.results, leaves);
  });
}

/**
 * The second derivatives of a function with a scalar result with respect to scalar arguments: a number, or with a list in
 * `wrt` the matrix of them. Forward over reverse: one tangent of the gradient for each argument.
 *
 * @throws AdjointError as grad.
 * @example hessian((x, y) => mul(mul(x, x), y), { wrt: [0, 1] })(3, 5) // [[10, 6], [6, 0]]
 */
export function hessian(fn: TracedFunction, options: GradOptions = {}): JitFunction {
  const wrt = atCaller(hessian, () => readWrt("hessian", options));
  const gradient = grad(fn, { wrt });
  return derived("hessian", fn, (call, args) => {
    const recorded = new Recorded("hessian", gradient, args, call);
    const columns = tangents(
      recorded,
      [wrt].flat().map((i) => scalarPart(recorded, i)),
    );
    return Array.isArray(wrt) ? symmetric(columns) : columns[0][0];
  });
}

/** The value of a function of scalars, its gradient and its Hessian, with respect to all of its arguments. */
export function valueGradAndHessian(fn: TracedFunction, count: number): JitFunction {
  const wrt = Array.from({ length: count }, (_, i) => i);
  const first = valueAndGrad(fn, { wrt });
  return derived("hessian", fn, (call, args) => {
    const recorded = new Recorded("hessian", first, args, call);
    const both = recorded.apply([], (values) => callOp(recorded.signature, values));
    const parts = wrt.map((i) => scalarPart(recorded, i));
    const columns = tangents(recorded, parts).map(([, ...ofGradient]) => ofGradient);
    return [...(unflatten(recorded.results, both) as unknown[]), symmetric(columns)];
  });
}

/** The matrix of which the columns are given, each entry from the later of two columns that have it. */
function symmetric(columns: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] {
  return columns.map((_, i) => columns.map((__, k) => columns[Math.max(i, k)][Math.min(i, k)]));
}

/** For each argument the tangents of all results along it. */
function tangents(recorded: Recorded, parts: readonly Part[]): readonly (readonly unknown[])[] {
  return parts.map((part) => {
    // the others are constants: a tangent of 0 would make NaN of what is infinite
    return flatten(pushed(recorded, [part], [1]).tangent, isLeaf, "the tangents", isStatic).leaves;
  });
}

/** The same, from one reverse sweep for each result. */
function rows(recorded: Recorded, parts: readonly Part[]): readonly (readonly unknown[])[] {
  const { signature } = recorded;
  const count = signature.results.length;
  const floats = signature.results.flatMap((type, k) =>
    type.kind === "tensor" && isFloatType(type) ? [{ type, k }] : [],
  );
  const gradients = new Map(
    floats.map(({ k }) => {
      const given = recorded.apply([], (values) => {
        const cotangents = floats.map((f) => constant(f.k === k ? 1 : 0, f.type));
        return vjpOp(signature, values, cotangents, leafNumbers(parts)).slice(count);
      });
      return [k, given];
    }),
  );
  return parts.map((_, i) => signature.results.map((_, k) => gradients.get(k)?.[i] ?? 0));
}

const isLeaf = (x: unknown): x is Tensor | number => x instanceof Tensor || typeof x === "number";

function scalarPart(recorded: Recorded, i: number): Part {
  const part = recorded.part(i);
  const [tensor] = recorded.tensors.slice(part.from, part.to);
  if (part.tree.kind === "leaf" && tensor.rank === 0) return part;
  return recorded.fail(
    "no-derivative",
    `argument ${i} is ${part.tree.kind === "leaf" ? `a tensor of shape [${tensor.shape.join(", ")}]` : "a structure"}, expected a scalar`,
    "use grad, vjp or jvp",
  );
}
