// customVjp and customJvp: functions with their own rules for derivatives.

import { assert, fail, rankedOf, requireOptions, scalar, type Value } from "../../ir/index.ts";
import {
  check as checkOp,
  constant,
  customJvp as customJvpOp,
  customVjp as customVjpOp,
  isFloatType,
  zeros,
  zerosLike,
} from "../../ops/index.ts";
import { atBoundary, type Boundary, callUsers, named, ownFunction } from "../handle/boundary.ts";
import { describe } from "../handle/describe.ts";
import { apply } from "../handle/lift.ts";
import { noteLeftOut, wantedDerivatives, withDerivatives, withoutDerivatives } from "../handle/nesting.ts";
import { currentTrace } from "../handle/scope.ts";
import { Tensor } from "../handle/tensor.ts";
import { leafCount, type Tree, unflatten } from "../handle/tree.ts";
import { met } from "../handle/weak.ts";
import type { Carried, Returned, Structure, TracedCalls } from "../types/calls.ts";
import {
  carriedFrom,
  leavesOf,
  requireFunction,
  type TensorTree,
  unwrap,
  type ValueTree,
  wrap,
  wrapLike,
} from "./structure.ts";
import { atOnce, type TracedFunction } from "./trace.ts";

/** The rule of a function of the parameters `P` that gives `R`. */
export interface CustomVjpRule<P extends readonly unknown[], R, Residuals> {
  /** From the arguments to `[value, residuals]`: what the function gives, and a structure of tensors for `backward`. */
  readonly forward: (...args: P) => readonly [value: unknown, residuals: Residuals] | readonly unknown[];
  /** From residuals and the cotangent of the value to an array with the cotangent of each argument. */
  readonly backward: (residuals: Residuals, cotangent: Carried<R>) => readonly unknown[];
}

interface Rule {
  readonly forward: TracedFunction;
  readonly backward: TracedFunction;
}

/**
 * The function with its own rule for reverse mode: where it is differentiated, `forward` runs in its place, and `backward`
 * says what flows back: null for an argument to which nothing does. Integers have the cotangent 0. What the functions read
 * from outside gets no gradient. The rule is traced where a derivative is wanted, and only there; it may call the function.
 *
 * @throws AdjointError code `argument` where forward or backward give other structures, `no-derivative` for jvp of it.
 * @example customVjp((x) => x, { forward: (x) => [x, []], backward: (_, ct) => [clip(ct, -1, 1)] })
 */
export function customVjp<
  P extends readonly unknown[] = Tensor[],
  R extends Structure = Tensor,
  S extends Structure = Structure,
>(fn: (...args: P) => Returned<R>, rule: CustomVjpRule<P, R, S>): TracedCalls<P, Carried<R>>;
/** @__NO_SIDE_EFFECTS__ */
export function customVjp(fn: TracedFunction, rule: Rule): TracedFunction {
  atBoundary(named("customVjp", customVjp), () => {
    requireFunction(fn, "customVjp: the function");
    requireOptions("customVjp", rule, ["forward", "backward"]);
    requireFunction(rule.forward, "customVjp: forward");
    requireFunction(rule.backward, "customVjp: backward");
  });
  const call = (...args: unknown[]): unknown =>
    atBoundary(call, () => atOnce(call, leavesOf(args), () => customized(call, fn, rule, args)));
  return Object.defineProperty(named(fn.name || "customVjp", call), "name", { value: fn.name });
}

function customized(call: Boundary, fn: TracedFunction, rule: Rule, args: readonly unknown[]): unknown {
  const { tensors, tree, weak } = carriedFrom(call, args);
  const { order, isOpen } = wantedDerivatives();
  if (order === 0 && !isOpen) return withoutRule(call, fn, { tensors, tree, weak });
  const used = order === 0 ? endOfRules(fn) : rule;
  let result: ValueTree | null = null;
  let residual: ValueTree | null = null;
  const own = (values: readonly Value[]): unknown[] => unflatten(tree, wrap(values, weak)) as unknown[];
  const results = apply(call, tensors, (...inits) =>
    customVjpOp(inits, {
      body(...values) {
        result = withoutDerivatives(() => unwrap(callUsers(fn, ...own(values)), "what the function returns"));
        return result.values;
      },
      forward(...values) {
        const [value, kept] = pairOf(withDerivatives(-1, () => callUsers(used.forward, ...own(values))));
        const like = traced(result);
        const given = unwrap(value, "the value that forward gives", like);
        residual = unwrap(kept, "the residuals that forward gives");
        return [...given.values, ...residual.values];
      },
      backward(...values) {
        const [kept, given] = [traced(residual), traced(result)];
        const count = kept.values.length;
        const cotangents = wrap(values.slice(count));
        let next = 0;
        const leaves = given.values.map((v) => (isFloatType(v.type) ? cotangents[next++] : 0));
        const residuals = unflatten(kept.tree, wrap(values.slice(0, count)));
        const back = withDerivatives(-1, () => callUsers(used.backward, residuals, unflatten(given.tree, leaves)));
        const what = "what backward returns";
        const all = unwrap(withZeros(back, tree, inits, what), what, { values: inits, tree, weak: [] });
        const fits = all.values.map((ct, i) => (weak[i] ? met(ct, "f64") : ct));
        return fits.filter((_, i) => isFloatType(inits[i].type));
      },
    }),
  );
  return wrapLike(result, results);
}

/** What a region traced before this one gave, which no other region changes: the op traces its regions in their order. */
function traced(given: ValueTree | null): ValueTree {
  assert(given !== null, "regions of a custom rule are traced in order");
  return { ...given, weak: [] };
}

/** The function itself, where no derivative is wanted: its rule is not traced. */
function withoutRule(call: Boundary, fn: TracedFunction, { tensors, tree, weak }: TensorTree): unknown {
  noteLeftOut();
  let result: ValueTree | null = null;
  const values = apply(call, tensors, (...inits) => {
    const args = unflatten(tree, wrap(inits, weak)) as unknown[];
    result = unwrap(callUsers(fn, ...args), "what the function returns");
    return result.values;
  });
  return wrapLike(result, values);
}

/** Stands where rules that call each other are traced no deeper: whoever needs it there is told. */
function endOfRules(fn: TracedFunction): Rule {
  const message =
    "a rule of customVjp that calls itself is asked for a derivative of higher order than declared graphs take";
  return {
    forward: ownFunction((...args) => [callUsers(fn, ...args), args]),
    backward: ownFunction((args) => {
      checkOp(constant(false, scalar("bool")), message);
      // what stands here is never seen
      return args;
    }),
  };
}

/** What a rule gives for these values, zeros of their types in place of null and 0: there is no derivative. */
function withZeros(back: unknown, tree: Tree, inits: readonly Value[], what: string): unknown {
  let next = 0;
  const fill = (x: unknown, t: Tree): unknown => {
    if (t.kind === "static") return x;
    if (t.kind === "leaf") {
      const { type } = inits[next++];
      if (x !== null && x !== 0) return x;
      return isFloatType(type) ? wrap([zeros(rankedOf(type, `null in ${what}`))])[0] : 0;
    }
    const given = (i: number): unknown => {
      if (x === null) return null;
      if (t.kind === "array") return (x as readonly unknown[])[i];
      return (x as Readonly<Record<string, unknown>>)[t.keys[i]];
    };
    if (x !== null && !isLike(x, t)) {
      next += leafCount(t);
      return x;
    }
    const items = t.items.map((item, i) => fill(given(i), item));
    return t.kind === "array" ? items : Object.fromEntries(t.keys.map((key, i) => [key, items[i]]));
  };
  return fill(back, tree);
}

/** Whether a structure can be opened as the tree is; what else is wrong with it, unwrap says. */
function isLike(x: unknown, t: Tree): boolean {
  if (typeof x !== "object" || x === null || x instanceof Tensor) return false;
  if (t.kind === "array") return Array.isArray(x) && x.length === t.items.length;
  return (
    t.kind === "object" &&
    !Array.isArray(x) &&
    Object.keys(x).length === t.keys.length &&
    t.keys.every((k) => Object.hasOwn(x, k))
  );
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
 * @throws AdjointError code `argument` where the rule gives another structure, `no-derivative` where it is not linear: the
 * error names the operation.
 * @example customJvp((x) => exp(x), ([x], [t]) => { const y = exp(x); return [y, mul(y, t)]; })
 */
export function customJvp<P extends readonly unknown[] = Tensor[], R extends Structure = Tensor>(
  fn: (...args: P) => Returned<R>,
  rule: (args: P, tangents: P) => readonly [value: unknown, tangent: unknown] | readonly unknown[],
): TracedCalls<P, Carried<R>>;
/** @__NO_SIDE_EFFECTS__ */
export function customJvp(
  fn: TracedFunction,
  rule: (args: readonly unknown[], tangents: readonly unknown[]) => readonly unknown[],
): TracedFunction {
  atBoundary(named("customJvp", customJvp), () => {
    requireFunction(fn, "customJvp: the function");
    requireFunction(rule, "customJvp: the rule");
  });
  const call = (...args: unknown[]): unknown =>
    atBoundary(call, () => atOnce(call, leavesOf(args), () => withTangents(call, fn, rule, args)));
  return Object.defineProperty(named(fn.name || "customJvp", call), "name", { value: fn.name });
}

function withTangents(call: Boundary, fn: TracedFunction, rule: TracedFunction, args: readonly unknown[]): unknown {
  const { tensors, tree, weak } = carriedFrom(call, args);
  const { order, isOpen } = wantedDerivatives();
  if (order === 0 && !isOpen) return withoutRule(call, fn, { tensors, tree, weak });
  let result: ValueTree | null = null;
  const own = (values: readonly Value[]): unknown[] => unflatten(tree, wrap(values, weak)) as unknown[];
  const results = apply(call, tensors, (...inits) =>
    customJvpOp(inits, {
      outside: {
        functions: (name) => currentTrace()?.funcs.get(name),
        isZero: (v) => currentTrace()?.isZero(v) ?? false,
      },
      body(...values) {
        result = withoutDerivatives(() => unwrap(callUsers(fn, ...own(values)), "what the function returns"));
        return result.values;
      },
      jvp(...values) {
        const primals = values.slice(0, inits.length);
        let next = inits.length;
        const tangents = primals.map((v) => (isFloatType(v.type) ? values[next++] : zerosLike(v)));
        const used = order === 0 ? endOfTangents(fn) : rule;
        const both = withDerivatives(-1, () => callUsers(used, own(primals), own(tangents)));
        const [value, tangent] = pairOf(both, "customJvp: the rule", "[value, tangent]");
        const like = traced(result);
        const given = unwrap(value, "the value that the rule gives", like);
        const what = "the tangent that the rule gives";
        const slopes = unwrap(withZeros(tangent, like.tree, like.values, what), what, like);
        return [...given.values, ...slopes.values.filter((_, i) => isFloatType(like.values[i].type))];
      },
    }),
  );
  return wrapLike(result, results);
}

/** As endOfRules. */
function endOfTangents(fn: TracedFunction): TracedFunction {
  const message =
    "a rule of customJvp that calls itself is asked for a derivative of higher order than declared graphs take";
  return (args: readonly unknown[]) => {
    checkOp(constant(false, scalar("bool")), message);
    const value = fn(...args);
    const { values, tree } = unwrap(value, "what the function returns");
    return [value, unflatten(tree, wrap(values.map(zerosLike)))];
  };
}
