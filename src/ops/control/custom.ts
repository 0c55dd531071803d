// Computations with a derivative that the user writes: `custom_vjp` has a rule for reverse mode; `custom_jvp` has one
// for forward mode, whose transpose serves reverse mode.

import {
  type Batched,
  type Block,
  Cloner,
  counted,
  currentBlock,
  emit,
  type ForwardContext,
  fail,
  freeValues,
  type Operation,
  type Pullback,
  type ReverseContext,
  type StructuredBatchContext,
  subjectOf,
  type Tangents,
  type Type,
  type Value,
  ValueSet,
} from "../../ir/index.ts";
import { defineOp } from "../base/define.ts";
import { zerosLike } from "../base/zeros.ts";
import { requireTypes } from "../loop/loop.ts";
import { type Linearity, linearityOf, type Surroundings } from "./linearity.ts";
import { isFloatType } from "./transforms.ts";

export const customVjpOp = defineOp({
  name: "custom_vjp",
  summary: "A computation with its own rule for reverse mode.",
  operands: [{ name: "arguments", variadic: true }],
  groups: ["arguments"],
  regions: [{ name: "body" }, { name: "forward" }, { name: "backward" }],
  assembly: [{ kind: "bind", group: "arguments" }],
  traits: { wraps: true },
  types(x) {
    const [body, forward, backward] = x.regions;
    const args = x.group("arguments");
    const results = typesOf(body.results);
    requireTypes(x, "the arguments of the body", body.arguments, args);
    requireTypes(x, "the arguments of forward", forward.arguments, args);
    if (forward.results.length < results.length) {
      x.fail(
        "arity",
        `forward yields ${counted(forward.results.length, "value")}, expected the body's ${results.length} first`,
      );
    }
    requireTypes(x, "the first results of forward", forward.results.slice(0, results.length), results);
    requireTypes(x, "the arguments of backward", backward.arguments, takenBack(body, forward));
    requireTypes(x, "the results of backward", backward.results, args.filter(isFloatType));
    return results;
  },
  argumentTypes: (operands, [body, forward]) => (forward === undefined ? operands : takenBack(body, forward)),
  eval: (x) => x.run(x.operation.regions[0], x.operands),
  derivative: {
    kind: "structured",
    reverse: reverseCustom,
    forward: ({ operation }) =>
      fail(
        "no-derivative",
        `${subjectOf(operation)} has a rule for reverse mode only, and forward mode was asked for`,
        {
          origin: operation.origin,
          hint: "use grad or vjp, or write customJvp",
        },
      ),
  },
  batching: { kind: "structured", batch: batchCustom },
  docs: {
    semantics:
      "The results are what the body yields. In reverse mode `forward` runs in place of the body: it yields the body's results, and then the residuals, which are the values that `backward` will read. `backward` gets the residuals and the cotangents of the float results, and yields the cotangents of the float arguments. Where no derivative is taken, the pass inline replaces the operation by its body.",
    constraints: [
      "body and forward take the arguments",
      "forward yields the body's results first",
      "backward takes residuals, then one cotangent for each float result, and yields one for each float argument",
      "in reverse mode no region reads a value from outside that is differentiated",
    ],
    example: `func @main(%x: f64) -> f64 {
  %y = custom_vjp arguments(%a: f64 = %x) : f64 {
    %square = mul %a, %a : f64
    yield %square
  } forward(%b: f64) {
    %value = mul %b, %b : f64
    yield %value, %b
  } backward(%r: f64, %ct: f64) {
    %half = mul %r, %ct : f64
    %sum = add %half, %half : f64
    yield %sum
  }
  return %y
}
// run: @main(3) == 9
`,
  },
});

/** The types of `backward`'s arguments: the residuals, then a cotangent for each float result of the body. */
function takenBack(body: Block, forward: Block): readonly Type[] {
  const results = typesOf(body.results);
  return [...typesOf(forward.results.slice(results.length)), ...results.filter(isFloatType)];
}

function typesOf(values: readonly Value[]): readonly Type[] {
  return values.map((v) => v.type);
}

/**
 * Refuses a region that captures an active value: the rule gives no cotangent but those of the arguments. A value that is read
 * for its shape, its sign or the like has no derivative to give.
 */
function requireClosed(cx: ReverseContext, regions: readonly Block[]): void {
  const captured = new ValueSet(freeValues(...regions).filter((v) => cx.isActive(v)));
  if (!regions.some((region) => readsAny(region, captured))) return;
  fail("no-derivative", `${subjectOf(cx.operation)} reads a value from outside that is differentiated`, {
    origin: cx.operation.origin,
    hint: "pass it as an argument, so that the rule can speak of it",
  });
}

/** Whether a region gives one of these values, or has an operation with a derivative that reads one. */
function readsAny({ operations, results }: Block, values: ValueSet): boolean {
  const isRead = ({ op, operands, regions }: Operation): boolean =>
    op.derivative.kind !== "zero" &&
    (operands.some((v) => values.has(v)) || regions.some((region) => readsAny(region, values)));
  return values.size > 0 && (results.some((v) => values.has(v)) || operations.some(isRead));
}

function reverseCustom(cx: ReverseContext): Pullback {
  const { operands, regions, results } = cx.operation;
  const [, forward, backward] = regions;
  requireClosed(cx, regions);
  const inlined = (block: typeof forward, args: readonly Value[]): readonly Value[] => {
    const cloner = new Cloner();
    for (const v of freeValues(block)) cloner.set(v, cx.lookup(v));
    return cloner.inline(block, args, currentBlock());
  };
  const all = inlined(forward, cx.operands);
  const residuals = all.slice(results.length);
  return {
    results: all.slice(0, results.length),
    pull(cotangents) {
      const given = results.flatMap((r, i) => (isFloatType(r.type) ? [cotangents[i] ?? zerosLike(all[i])] : []));
      const back = inlined(backward, [...residuals, ...given]);
      return operands.filter((v) => isFloatType(v.type)).map((v, i) => [v, back[i]] as const);
    },
  };
}

/** Every argument gets the new axis, so that each element of the batch gets a cotangent of its own. */
function batchCustom(cx: StructuredBatchContext): Batched {
  const args = cx.operands.map((v, i) => cx.whole(v, cx.batched[i]));
  const regions = cx.operation.regions.map((region) => {
    const { results, finish } = cx.region(
      region,
      region.arguments.map(() => true),
    );
    return finish((whole) => results.map((_, i) => whole(i)));
  });
  const results = emit(cx.operation.op, args, { regions, names: cx.operation.results.map((r) => r.name) });
  return { results, batched: results.map(() => true) };
}

/** The regions of a custom VJP, as functions of values. */
export interface CustomVjp {
  readonly body: (...args: Value[]) => readonly Value[];
  /** The body's results, then residuals. */
  readonly forward: (...args: Value[]) => readonly Value[];
  /** From residuals and cotangents of the float results to cotangents of the float arguments. */
  readonly backward: (...residualsAndCotangents: Value[]) => readonly Value[];
}

/** Emits a custom_vjp: it gives the results of `body`, and reverse mode runs `forward` and `backward` in its place. */
export function customVjp(args: readonly Value[], { body, forward, backward }: CustomVjp): readonly Value[] {
  const builder = currentBlock();
  const types = typesOf(args);
  const names = args.map((v) => v.name);
  const first = builder.region(types, body, names);
  const second = builder.region(types, forward, names);
  const third = builder.region(takenBack(first, second), backward);
  return emit(customVjpOp, args, { regions: [first, second, third] });
}

// ---- custom_jvp -----------------------------------------------------------------------------------------------------

export const customJvpOp = defineOp({
  name: "custom_jvp",
  summary: "A computation with its own rule for its derivatives.",
  operands: [{ name: "arguments", variadic: true }],
  groups: ["arguments"],
  regions: [{ name: "body" }, { name: "jvp" }],
  assembly: [{ kind: "bind", group: "arguments" }],
  traits: { wraps: true },
  types(x) {
    const [body, jvp] = x.regions;
    const args = x.group("arguments");
    const results = typesOf(body.results);
    requireTypes(x, "the arguments of the body", body.arguments, args);
    requireTypes(x, "the arguments of jvp", jvp.arguments, withTangents(args));
    requireTypes(x, "the results of jvp", jvp.results, withTangents(results));
    return results;
  },
  argumentTypes: (operands, before) => (before.length === 0 ? operands : withTangents(operands)),
  eval: (x) => x.run(x.operation.regions[0], x.operands),
  derivative: { kind: "structured", reverse: reverseByTangents, forward: forwardByRule },
  batching: { kind: "structured", batch: batchCustom },
  docs: {
    semantics:
      "The results are what the body yields. Where it is differentiated, `jvp` runs in place of the body: it gets the arguments and the tangents of the float arguments, and yields the body's results and the tangents of the float results. These tangents have to be linear in those that it gets; reverse mode is the transpose of that linear map. Where no derivative is taken, the pass inline replaces the operation by its body.",
    constraints: [
      "the body takes the arguments",
      "jvp takes the arguments, then a tangent for each float one, and yields the results, then a tangent for each float one",
      "jvp is linear in the tangents",
      "no region reads a value from outside that is differentiated",
    ],
    example: `func @main(%x: f64) -> f64 {
  %y = custom_jvp arguments(%a: f64 = %x) : f64 {
    %square = mul %a, %a : f64
    yield %square
  } jvp(%b: f64, %t: f64) {
    %value = mul %b, %b : f64
    %half = mul %b, %t : f64
    %slope = add %half, %half : f64
    yield %value, %slope
  }
  return %y
}
// run: @main(3) == 9
`,
  },
});

/** The types of some values, then the types of the tangents of those that are floats. */
function withTangents(types: readonly Type[]): readonly Type[] {
  return [...types, ...types.filter(isFloatType)];
}

function forwardByRule(cx: ForwardContext): Tangents {
  const { operands, regions, results } = cx.operation;
  const given = operands.flatMap((v, i) => (isFloatType(v.type) ? [cx.tangents[i] ?? zerosLike(cx.operands[i])] : []));
  const all = cx.inline(regions[1], [...cx.operands, ...given]);
  let next = results.length;
  return {
    results: all.slice(0, results.length),
    tangents: results.map((r) => (isFloatType(r.type) ? all[next++] : null)),
  };
}

/**
 * Splits the rule into a forward and a backward part, its tangents being the active arguments. The forward part runs
 * with tangents of 0, for the values and residuals; the backward part is the transpose, from cotangents of the result
 * tangents to cotangents of the argument tangents.
 */
function reverseByTangents(cx: ReverseContext): Pullback {
  const { operands, regions, results } = cx.operation;
  requireClosed(cx, regions);
  const [, rule] = regions;
  const step = cx.split(
    rule,
    rule.arguments.map((_, i) => i >= operands.length),
  );
  const floats = operands.filter((v) => isFloatType(v.type));
  const block = step.forward(() => step.residuals);
  const all = new Cloner().inline(
    block,
    [...cx.operands, ...floats.map((v) => zerosLike(cx.lookup(v)))],
    currentBlock(),
  );
  return {
    results: all.slice(0, results.length),
    pull(cotangents) {
      const ofTangents = results.flatMap((r, i) => (isFloatType(r.type) ? [cotangents[i]] : []));
      const given = [...results.map(() => null), ...ofTangents];
      const back = step.backward(all.slice(rule.results.length), given).arguments.slice(operands.length);
      return floats.map((v, i) => [v, back[i]] as const);
    },
  };
}

/** Requires the tangents that the rule gives to be linear in those it takes, and the values to not depend on them. */
function requireLinear(rule: Block, count: number, values: number, outside: Surroundings): void {
  const args = rule.arguments.map((_, i) => (i < count ? "constant" : "linear") as Linearity);
  for (const [i, l] of linearityOf(rule, args, outside).entries()) {
    if (i < values && l === "linear")
      fail("no-derivative", "customJvp: the value that the rule gives depends on the tangents", {
        hint: "it is that of the function",
      });
    if (i >= values && l === "constant")
      fail("no-derivative", "customJvp: a tangent that the rule gives does not depend on the tangents", {
        hint: "give 0 where it is none, else multiply it by one of them",
      });
    if (typeof l !== "object") continue;
    const what = i < values ? "the value that the rule gives depends on" : "the rule is not linear in";
    fail("no-derivative", `customJvp: ${what} the tangents, by ${subjectOf(l.by)}`, {
      origin: l.by.origin,
      hint: "its tangent is a sum of tangents, each times what does not depend on them",
    });
  }
}

/** The regions of a custom JVP, as functions of values. */
export interface CustomJvp {
  readonly body: (...args: Value[]) => readonly Value[];
  /** From the arguments and the tangents of the float ones to the results and the tangents of the float ones. */
  readonly jvp: (...argumentsAndTangents: Value[]) => readonly Value[];
  /** What the check of linearity knows of the code around the rule. Functions that it does not find, it trusts. */
  readonly outside?: Surroundings;
}

const nothing: Surroundings = { functions: () => undefined, isZero: () => false };

/** Emits a custom_jvp: the results of `body`, with derivatives by `jvp`, which has to be linear in the tangents. */
export function customJvp(args: readonly Value[], { body, jvp, outside = nothing }: CustomJvp): readonly Value[] {
  const builder = currentBlock();
  const types = typesOf(args);
  const names = args.map((v) => v.name);
  const first = builder.region(types, body, names);
  const second = builder.region(withTangents(types), jvp, names);
  requireLinear(second, args.length, first.results.length, outside);
  return emit(customJvpOp, args, { regions: [first, second] });
}
