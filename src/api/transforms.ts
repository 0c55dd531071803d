// grad and valueAndGrad: called on values they compile; called in a trace they record a vjp of the function.

import {
  apply,
  type Boundary,
  currentTrace,
  describe,
  flatten,
  flattenList,
  isStatic,
  Tensor,
  type TracedFunction,
  TraceScope,
  traceInto,
  unflatten,
} from "../frontend/index.ts";
import { captureOrigin, fail, isFloat, type Origin, printType, requireOptions, signatureOf } from "../ir/index.ts";
import { constant, vjp } from "../ops/index.ts";
import { type CompiledFunction, compile } from "./compile.ts";

export interface GradOptions {
  /** The argument, or the arguments, to differentiate with respect to; the first where left out. */
  readonly wrt?: number | readonly number[];
}

/**
 * The gradient of a function with a scalar result, with respect to one argument or several; of any order, by nesting.
 * It has the structure of the argument; strings, functions and null in there stay as they are.
 *
 * @throws AdjointError code `no-derivative` where the result is no float scalar or the argument no float, `argument` where
 * `wrt` names none, `option` for other options.
 * @example grad((x) => sin(x))(0) // 1
 */
export function grad(fn: TracedFunction, options: GradOptions = {}): CompiledFunction {
  return differentiated("grad", fn, options, (_value, gradients) => gradients);
}

/**
 * The value of a function with a scalar result, and its gradient.
 * @example valueAndGrad((a, b) => mul(a, b), { wrt: [0, 1] })(15, 20) // [300, [20, 15]]
 */
export function valueAndGrad(fn: TracedFunction, options: GradOptions = {}): CompiledFunction {
  return differentiated("valueAndGrad", fn, options, (value, gradients) => [value, gradients]);
}

function differentiated(
  name: string,
  fn: TracedFunction,
  options: GradOptions,
  combine: (value: unknown, gradients: unknown) => unknown,
): CompiledFunction {
  if (typeof fn !== "function") fail("argument", `${name}: got ${describe(fn)}, expected a function`);
  requireOptions(name, options, ["wrt"]);
  const { wrt = 0 } = options;
  requireWrt(name, [wrt].flat());
  // in a trace the compiled function calls what it was made from
  const record = (...args: unknown[]): unknown => {
    const { value, gradients } = recordGradient(name, fn, args, [wrt].flat(), call);
    return combine(value, Array.isArray(wrt) ? gradients : gradients[0]);
  };
  Object.defineProperty(record, "name", { value: `${name}_${fn.name || "f"}` });
  const call = compile(record);
  return Object.defineProperty(call, "name", { value: record.name });
}

function requireWrt(name: string, wrt: readonly unknown[]): void {
  const wrong = wrt.find((i) => typeof i !== "number" || !Number.isInteger(i) || i < 0);
  if (wrong !== undefined)
    fail("option", `${name}: wrt names argument ${describe(wrong)}, expected its position, counted from 0`);
  const twice = wrt.find((i, k) => wrt.indexOf(i) < k);
  if (twice !== undefined) fail("option", `${name}: wrt names argument ${twice} twice, expected each once`);
}

const isTensor = (x: unknown): x is Tensor | number | boolean =>
  x instanceof Tensor || typeof x === "number" || typeof x === "boolean";

/** Traces `fn` as a private function of the running trace and appends its vjp. */
function recordGradient(
  name: string,
  fn: TracedFunction,
  args: readonly unknown[],
  wrt: readonly number[],
  call: Boundary,
) {
  const outer = currentTrace() ?? fail("scope", `${name} is recorded outside of a trace`);
  const boundary = outer.boundary(call);
  const origin = captureOrigin(boundary);
  const { leaves, tree } = flattenList(args, isTensor, "argument", isStatic);
  const tensors = leaves.map((leaf) => (leaf instanceof Tensor ? leaf : constantTensor(leaf)));
  const inner = traceInto(
    new TraceScope(outer, boundary, fn),
    fn,
    tensors.map((t) => t.type),
    tree,
    "private",
  );
  const signature = signatureOf(inner.func);
  const [result, ...more] = signature.results;
  if (
    result === undefined ||
    more.length > 0 ||
    result.kind !== "tensor" ||
    result.shape.length > 0 ||
    !isFloat(result.dtype)
  ) {
    fail(
      "no-derivative",
      `${name}: the function gives ${signature.results.map(printType).join(", ") || "nothing"}, expected one float scalar`,
      { origin, hint: "sum it, or differentiate one component" },
    );
  }
  const positions = wrt.map((i) => leafRange(args, i, name, origin));
  const numbers = positions.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, k) => from + k));
  for (const i of numbers) requireFloat(name, tensors[i], i, origin);
  const [value, ...gradients] = apply(boundary, [...tensors, ...inner.captured], (...values) =>
    vjp(signature, values, [constant(1, result)], numbers),
  );
  let next = 0;
  const structured = positions.map(({ part }) =>
    unflatten(
      part.tree,
      part.leaves.map(() => gradients[next++]),
    ),
  );
  return { value, gradients: structured };
}

/** The leaves of argument `i`, and where they stand among all. */
function leafRange(args: readonly unknown[], i: number, name: string, origin: Origin) {
  if (i >= args.length) {
    fail("argument", `${name}: wrt names argument ${i}, but there are ${args.length}`, {
      origin,
      hint: "arguments count from 0",
    });
  }
  const count = (list: readonly unknown[]): number => flattenList(list, isTensor, "argument", isStatic).leaves.length;
  const part = flatten(args[i], isTensor, `argument ${i}`, isStatic);
  if (part.leaves.length === 0) {
    fail("argument", `${name}: argument ${i} holds no tensor to differentiate with respect to`, {
      origin,
      hint: "name another with wrt",
    });
  }
  const from = count(args.slice(0, i));
  return { from, to: from + part.leaves.length, part };
}

function requireFloat(name: string, tensor: Tensor, i: number, origin: Origin): void {
  if (!isFloat(tensor.dtype)) {
    fail("no-derivative", `${name}: argument ${i} has dtype ${tensor.dtype}, which has no derivative`, {
      origin,
      hint: "cast it to f32 or f64, or leave it out of wrt",
    });
  }
}

function constantTensor(x: number | boolean): Tensor {
  return apply(constantTensor, [x], (v) => [v])[0];
}
