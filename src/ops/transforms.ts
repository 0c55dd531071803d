// Transforms of functions as operations, which pass differentiate resolves: `vjp` and `jvp`.

import {
  bindType,
  type Dim,
  emit,
  isFloat,
  type Op,
  printType,
  type Signature,
  type Type,
  type TypeContext,
  type Value,
} from "../ir/index.ts";
import { bindCall, calleeAttributes, declaredTypes, requireType, resolve } from "./calls.ts";
import { defineOp } from "./define.ts";

const wrtAttribute = {
  kind: "axes",
  default: [],
  summary: "the arguments to differentiate with respect to; all of float dtype if left out",
} as const;

const vjpOp: Op = defineOp({
  name: "vjp",
  summary: "A function's results and the cotangents of its arguments.",
  operands: [
    { name: "arguments", variadic: true },
    { name: "cotangents", variadic: true },
  ],
  groups: ["arguments", "cotangents"],
  attributes: {
    ...calleeAttributes,
    wrt: wrtAttribute,
  },
  assembly: [{ kind: "callee" }, { kind: "arguments", group: "arguments" }, { kind: "group", group: "cotangents" }],
  types(x) {
    const found = resolve(x);
    if (found === null) return declaredTypes(x);
    const { callee, bound } = found;
    const cotangents = callee.results.filter(isFloatType).map((type) => bindType(type, bound));
    requireEach(x, "cotangents", cotangents, `one for each float result of @${callee.name}`);
    const wrt = requireWrt(x, callee);
    return [...callee.results, ...wrt.map((i) => callee.arguments[i])].map((t) => bindType(t, bound));
  },
  derivative: { kind: "none", reason: "an inner vjp is resolved before the outer one differentiates" },
  batching: { kind: "none", reason: "an inner vjp is resolved before batching" },
  traits: { transform: true },
  docs: {
    semantics:
      "f's results, then for each argument in `wrt` the sum over results of cotangent · ∂result/∂argument. Pass differentiate resolves it into calls of @f.fwd and @f.bwd.",
    constraints: ["one cotangent per float result, of its type", "arguments in wrt are of float dtype"],
    example: `private func @product(%a: f64, %b: f64) -> f64 {
  %c = mul %a, %b : f64
  return %c
}

func @main(%a: f64, %b: f64) -> (f64, f64, f64) {
  %one = constant 1 : f64
  %c, %da, %db = vjp @product(%a, %b) cotangents(%one) : f64, f64, f64
  return %c, %da, %db
}
// run: @main(15, 20) == (300, 20, 15)
`,
  },
});

/** The arguments in `wrt`, each of float dtype. */
function requireWrt(x: TypeContext, callee: Signature): readonly number[] {
  const wrt = differentiated(callee, x.attributes.wrt as readonly number[]);
  for (const i of wrt) {
    const type = callee.arguments[i];
    if (type === undefined)
      x.fail("attribute", `wrt names argument ${i}, but @${callee.name} has ${callee.arguments.length}`);
    if (!isFloatType(type)) {
      const what = `argument ${i} of @${callee.name}`;
      x.fail("no-derivative", `${what} has type ${printType(type)}, which has no derivative`);
    }
  }
  return wrt;
}

/** The operands of a group, each of its type. */
function requireEach(x: TypeContext, group: string, expected: readonly Type[], why: string): void {
  const got = x.group(group);
  if (got.length !== expected.length)
    x.fail("arity", `got ${got.length} ${group}, expected ${expected.length}, ${why}`);
  const one = group.slice(0, -1);
  for (const [i, type] of expected.entries()) requireType(x, `${one} ${i}`, got[i], type);
}

export function isFloatType(type: Type): boolean {
  return (type.kind === "tensor" || type.kind === "unranked") && isFloat(type.dtype);
}

/** The argument numbers that a `wrt` attribute stands for. */
export function differentiated(callee: Signature, wrt: readonly number[]): readonly number[] {
  return wrt.length === 0 ? callee.arguments.flatMap((t, i) => (isFloatType(t) ? [i] : [])) : wrt;
}

/** `callee`'s results, then the cotangents of its arguments in `wrt` (all of float dtype if left out). */
export function vjp(
  callee: Signature,
  args: readonly Value[],
  cotangents: readonly Value[],
  wrt?: readonly number[],
  explicit: Readonly<Record<string, Dim>> = {},
): readonly Value[] {
  const { bound, bindings } = bindCall(callee, args, explicit);
  const types = [...callee.results, ...differentiated(callee, wrt ?? []).map((i) => callee.arguments[i])];
  return emit(vjpOp, [...args, ...cotangents], {
    attributes: { callee: callee.name, bindings: { bindings }, ...(wrt === undefined ? {} : { wrt }) },
    segments: [args.length, cotangents.length],
    types: types.map((t) => bindType(t, bound)),
  });
}

const jvpOp: Op = defineOp({
  name: "jvp",
  summary: "A function's results and their tangents.",
  operands: [
    { name: "arguments", variadic: true },
    { name: "tangents", variadic: true },
  ],
  groups: ["arguments", "tangents"],
  attributes: { ...calleeAttributes, wrt: wrtAttribute },
  assembly: [{ kind: "callee" }, { kind: "arguments", group: "arguments" }, { kind: "group", group: "tangents" }],
  types(x) {
    const found = resolve(x);
    if (found === null) return declaredTypes(x);
    const { callee, bound } = found;
    const tangents = requireWrt(x, callee).map((i) => bindType(callee.arguments[i], bound));
    requireEach(x, "tangents", tangents, `one for each argument of @${callee.name} in wrt`);
    return [...callee.results, ...callee.results.filter(isFloatType)].map((t) => bindType(t, bound));
  },
  derivative: { kind: "none", reason: "an inner jvp is resolved before the outer transform differentiates" },
  batching: { kind: "none", reason: "an inner jvp is resolved before batching" },
  traits: { transform: true },
  docs: {
    semantics:
      "f's results, then for each float result the sum over arguments in `wrt` of ∂result/∂argument · tangent. Pass differentiate resolves it into a call of @f.jvp.",
    constraints: ["one tangent per argument in wrt, of its type", "arguments in wrt are of float dtype"],
    example: `private func @product(%a: f64, %b: f64) -> f64 {
  %c = mul %a, %b : f64
  return %c
}

func @main(%a: f64, %b: f64) -> (f64, f64) {
  %one = constant 1 : f64
  %c, %dc = jvp @product(%a, %b) tangents(%one), wrt = [0] : f64, f64
  return %c, %dc
}
// run: @main(15, 20) == (300, 20)
`,
  },
});

/** `callee`'s results, then the tangents of its float results, along `tangents` of its arguments in `wrt`. */
export function jvp(
  callee: Signature,
  args: readonly Value[],
  tangents: readonly Value[],
  wrt?: readonly number[],
  explicit: Readonly<Record<string, Dim>> = {},
): readonly Value[] {
  const { bound, bindings } = bindCall(callee, args, explicit);
  const types = [...callee.results, ...callee.results.filter(isFloatType)];
  return emit(jvpOp, [...args, ...tangents], {
    attributes: { callee: callee.name, bindings: { bindings }, ...(wrt === undefined ? {} : { wrt }) },
    segments: [args.length, tangents.length],
    types: types.map((t) => bindType(t, bound)),
  });
}

export const transformRecords = { vjp: vjpOp, jvp: jvpOp };
