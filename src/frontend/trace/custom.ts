// customVjp and customJvp: functions with their own rules for derivatives.

import { atCaller, fail, requireOptions, type Value } from "../../ir/index.ts";
import { customJvp as customJvpOp, customVjp as customVjpOp, isFloatType, zerosLike } from "../../ops/index.ts";
import type { Boundary } from "../handle/boundary.ts";
import { describe } from "../handle/describe.ts";
import { apply } from "../handle/lift.ts";
import { Tensor } from "../handle/tensor.ts";
import { unflatten } from "../handle/tree.ts";
import { carriedFrom, leavesOf, requireFunction, type Structure, unwrap, wrap } from "./structure.ts";
import { atOnce, type TracedFunction } from "./trace.ts";

export interface CustomVjpRule {
  /** From the arguments to `[value, residuals]`: what the function gives, and a structure of tensors for `backward`. */
  readonly forward: TracedFunction;
  /** From residuals and the cotangent of the value to an array with the cotangent of each argument. */
  readonly backward: TracedFunction;
}

/**
 * The function with its own rule for reverse mode: where it is differentiated, `forward` runs in its place, and `backward`
 * says what flows back. Integers have the cotangent 0. What the functions read from outside gets no gradient.
 *
 * @throws AdjointError code `argument` where forward or backward give other structures, `no-derivative` for jvp of it.
 * @example customVjp((x) => x, { forward: (x) => [x, []], backward: (_, ct) => [clip(ct, -1, 1)] })
 */
export function customVjp(fn: TracedFunction, rule: CustomVjpRule): TracedFunction {
  atCaller(customVjp, () => {
    requireFunction(fn, "customVjp: the function");
    requireOptions("customVjp", rule, ["forward", "backward"]);
    requireFunction(rule.forward, "customVjp: forward");
    requireFunction(rule.backward, "customVjp: backward");
  });
  const call = (...args: unknown[]): unknown =>
    atCaller(call, () => atOnce(call, leavesOf(args), () => customized(call, fn, rule, args)));
  return Object.defineProperty(call, "name", { value: fn.name });
}

function customized(call: Boundary, fn: TracedFunction, rule: CustomVjpRule, args: readonly unknown[]): unknown {
  const { tensors, tree } = carriedFrom(call, args);
  let result: Structure | null = null;
  let residual: Structure | null = null;
  const own = (values: readonly Value[]): unknown[] => unflatten(tree, wrap(values)) as unknown[];
  const results = apply(call, tensors, (...inits) =>
    customVjpOp(inits, {
      body(...values) {
        result = unwrap(fn(...own(values)), "what the function returns");
        return result.values;
      },
      forward(...values) {
        const [value, kept] = pairOf(rule.forward(...own(values)));
        const like = result as Structure;
        const given = unwrap(value, "the value that forward gives", like);
        residual = unwrap(kept, "the residuals that forward gives");
        return [...given.values, ...residual.values];
      },
      backward(...values) {
        const [kept, given] = [residual as Structure, result as Structure];
        const count = kept.values.length;
        const cotangents = wrap(values.slice(count));
        let next = 0;
        const leaves = given.values.map((v) => (isFloatType(v.type) ? cotangents[next++] : 0));
        const back = rule.backward(unflatten(kept.tree, wrap(values.slice(0, count))), unflatten(given.tree, leaves));
        const all = unwrap(back, "what backward returns", { values: inits, tree });
        return all.values.filter((_, i) => isFloatType(inits[i].type));
      },
    }),
  );
  return unflatten((result as unknown as Structure).tree, results);
}

function pairOf(returned: unknown, who = "customVjp: forward", expected = "[value, residuals]"): readonly unknown[] {
  if (Array.isArray(returned) && returned.length === 2) return returned;
  const got = returned instanceof Tensor ? "one tensor" : describe(returned);
  return fail("argument", `${who} gives ${got}, expected ${expected}`);
}

/**
 * The function with its own rule for derivatives: where it is differentiated, `rule(args, tangents)` runs in its place and
 * gives `[value, tangent]`, in the structure of what the function gives. The tangents, one for each argument in its
 * structure, have to enter it linearly; reverse mode is its transpose. Integers have the tangent 0, which is not read.
 *
 * @throws AdjointError code `argument` where the rule gives another structure.
 * @example customJvp((x) => exp(x), ([x], [t]) => { const y = exp(x); return [y, mul(y, t)]; })
 */
export function customJvp(
  fn: TracedFunction,
  rule: (args: readonly unknown[], tangents: readonly unknown[]) => readonly [unknown, unknown],
): TracedFunction {
  atCaller(customJvp, () => {
    requireFunction(fn, "customJvp: the function");
    requireFunction(rule, "customJvp: the rule");
  });
  const call = (...args: unknown[]): unknown =>
    atCaller(call, () => atOnce(call, leavesOf(args), () => withTangents(call, fn, rule, args)));
  return Object.defineProperty(call, "name", { value: fn.name });
}

function withTangents(call: Boundary, fn: TracedFunction, rule: TracedFunction, args: readonly unknown[]): unknown {
  const { tensors, tree } = carriedFrom(call, args);
  let result: Structure | null = null;
  const own = (values: readonly Value[]): unknown[] => unflatten(tree, wrap(values)) as unknown[];
  const results = apply(call, tensors, (...inits) =>
    customJvpOp(inits, {
      body(...values) {
        result = unwrap(fn(...own(values)), "what the function returns");
        return result.values;
      },
      jvp(...values) {
        const primals = values.slice(0, inits.length);
        let next = inits.length;
        const tangents = primals.map((v) => (isFloatType(v.type) ? values[next++] : zerosLike(v)));
        const [value, tangent] = pairOf(rule(own(primals), own(tangents)), "customJvp: the rule", "[value, tangent]");
        const like = result as Structure;
        const given = unwrap(value, "the value that the rule gives", like);
        const slopes = unwrap(tangent, "the tangent that the rule gives", like);
        return [...given.values, ...slopes.values.filter((_, i) => isFloatType(like.values[i].type))];
      },
    }),
  );
  return unflatten((result as unknown as Structure).tree, results);
}
