// Transforms of functions, as ops: `vjp` and `jvp`, resolved by the pass differentiate, and `vmap`, resolved by batch.

import {
  type AttributesOf,
  type Batched,
  bindType,
  type Dim,
  elementDType,
  emit,
  isFloat,
  type Op,
  type Operation,
  printType,
  rankedOf,
  type Signature,
  type StructuredBatchContext,
  type Type,
  type TypeContext,
  tensorType,
  unranked,
  type Value,
} from "../../ir/index.ts";
import { defineOp } from "../base/define.ts";
import { isNamed } from "../base/own.ts";
import { zeros } from "../base/zeros.ts";
import { bindCall, calleeAttributes, declaredTypes, requireType, resolve } from "./calls.ts";

const derivativeAttributes = {
  ...calleeAttributes,
  wrt: {
    kind: "axes",
    default: [],
    summary: "the arguments to differentiate with respect to; all of float dtype if left out",
  },
} as const;

/** The attributes of vjp and jvp. */
export type DerivativeAttributes = AttributesOf<typeof derivativeAttributes>;

export const vjpOp = defineOp({
  name: "vjp",
  summary: "A function's results and the cotangents of its arguments.",
  operands: [
    { name: "arguments", variadic: true },
    { name: "cotangents", variadic: true },
  ],
  groups: ["arguments", "cotangents"],
  attributes: derivativeAttributes,
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
  batching: { kind: "structured", batch: batchVjp },
  traits: { transform: true, differentiates: true },
  docs: {
    semantics:
      "Calls the function f and gives its results, and then one cotangent for each argument in `wrt`: the sum over the results of cotangent · ∂result/∂argument. The pass differentiate replaces it by calls of two functions that it makes, @f.fwd for the results and @f.bwd for the cotangents.",
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

/** The numbers of the arguments to differentiate with respect to, after checking that each exists and is a float. */
function requireWrt(cx: TypeContext<DerivativeAttributes>, callee: Signature): readonly number[] {
  const wrt = differentiated(callee, cx.attributes.wrt);
  for (const i of wrt) {
    const type = callee.arguments[i];
    if (type === undefined)
      cx.fail("attribute", `wrt names argument ${i}, but @${callee.name} has ${callee.arguments.length}`);
    if (!isFloatType(type)) {
      const what = `argument ${i} of @${callee.name}`;
      cx.fail("no-derivative", `${what} has type ${printType(type)}, which has no derivative`);
    }
  }
  return wrt;
}

/** Requires the operands of a group to be as many as `expected`, and each to have its type. */
function requireEach(cx: TypeContext, group: string, expected: readonly Type[], why: string): void {
  const got = cx.group(group);
  if (got.length !== expected.length)
    cx.fail("arity", `got ${got.length} ${group}, expected ${expected.length}, ${why}`);
  const one = group.slice(0, -1);
  for (const [i, type] of expected.entries()) requireType(cx, `${one} ${i}`, got[i], type);
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
  const derivatives = differentiated(callee, wrt ?? []).map((i) => callee.arguments[i]);
  return emitDerivative(vjpOp, callee, [args, cotangents], derivatives, wrt, explicit);
}

/** Emits a vjp or jvp, which gives `callee`'s results, then values of types `derivatives`, in the callee's symbols. */
function emitDerivative(
  op: Op,
  callee: Signature,
  groups: readonly [args: readonly Value[], along: readonly Value[]],
  derivatives: readonly Type[],
  wrt: readonly number[] | undefined,
  explicit: Readonly<Record<string, Dim>>,
): readonly Value[] {
  const given = groups[0].map((v) => v.type);
  const { bound, bindings } = bindCall(callee, given, explicit);
  return emit(op, groups.flat(), {
    attributes: { callee: callee.name, bindings: { bindings }, ...(wrt === undefined ? {} : { wrt }) },
    segments: groups.map((group) => group.length),
    types: [...callee.results, ...derivatives].map((t) => bindType(t, bound)),
  });
}

export const jvpOp = defineOp({
  name: "jvp",
  summary: "A function's results and their tangents.",
  operands: [
    { name: "arguments", variadic: true },
    { name: "tangents", variadic: true },
  ],
  groups: ["arguments", "tangents"],
  attributes: derivativeAttributes,
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
  batching: { kind: "structured", batch: batchJvp },
  traits: { transform: true, differentiates: true },
  docs: {
    semantics:
      "Calls the function f and gives its results, and then one tangent for each float result: the sum over the arguments in `wrt` of ∂result/∂argument · tangent. The pass differentiate replaces it by a call of @f.jvp, a function that it makes.",
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
  return emitDerivative(jvpOp, callee, [args, tangents], callee.results.filter(isFloatType), wrt, explicit);
}

// ---- vmap -----------------------------------------------------------------------------------------------------------

const mapAttributes = {
  ...calleeAttributes,
  mapped: {
    kind: "axes",
    default: [],
    summary: "the numbers of the arguments that have the leading axis; all if left out",
  },
} as const;

export type MapAttributes = AttributesOf<typeof mapAttributes>;

export const vmapOp = defineOp({
  name: "vmap",
  summary: "A function applied to each element along a leading axis.",
  operands: [{ name: "arguments", variadic: true }],
  groups: ["arguments"],
  attributes: mapAttributes,
  assembly: [{ kind: "callee" }, { kind: "arguments", group: "arguments" }],
  types(x) {
    const args = x.group("arguments");
    const mapped = mappedOf(x.attributes, args.length);
    const open = mapped.find((i) => args[i]?.kind === "unranked");
    if (open !== undefined) return (x.signature(x.attributes.callee)?.results ?? x.declared ?? []).map(openType);
    const size = batchSize(x, args, mapped);
    const found = resolve(x, elementTypes(args, mapped));
    return found === null ? declaredTypes(x) : found.callee.results.map((t) => wider(bindType(t, found.bound), size));
  },
  derivative: { kind: "none", reason: "vmap is resolved before the outer transform differentiates" },
  batching: { kind: "none", reason: "an inner vmap is resolved before the outer one" },
  traits: { transform: true },
  docs: {
    semantics:
      "Calls the function f once for each element along the leading axis of the arguments in `mapped`, with the other arguments as they are, and stacks each of its results along a new leading axis. What no mapped argument takes part in is computed once for all elements, where a probe sees it once, and fails for none, too. The pass batch replaces it by one call of @f.batched, a function that it makes.",
    constraints: ["at least one argument is mapped", "mapped arguments have the same leading extent"],
    example: `private func @f(%x: f64, %w: f64) -> f64 {
  %y = mul %x, %w : f64
  return %y
}

func @main<N>(%x: f64[N], %w: f64) -> f64[N] {
  %y = vmap @f(%x, %w), mapped = [0] : f64[N]
  return %y
}
// run: @main([1, 2, 3], 2) == [2, 4, 6]
`,
  },
});

/** Whether an operation maps a function along an axis; programs that make none do not hold the record. */
export function isMap(operation: Operation): operation is Operation<MapAttributes> {
  return isNamed<MapAttributes>("vmap", operation);
}

/** The numbers of the arguments that a vmap maps. */
export function mappedOf({ mapped }: { readonly mapped: readonly number[] }, count: number): readonly number[] {
  return mapped.length === 0 ? Array.from({ length: count }, (_, i) => i) : mapped;
}

function batchSize(cx: TypeContext, args: readonly Type[], mapped: readonly number[]): Dim {
  const sizes = mapped.map((i) => {
    const type = args[i];
    if (type === undefined) cx.fail("attribute", `mapped names argument ${i}, but there are ${args.length}`);
    if (type.kind === "tensor" && type.shape.length > 0) return type.shape[0];
    return cx.fail("shape", `argument ${i} has type ${printType(type)}, expected a leading axis to map over`);
  });
  if (sizes.length === 0) cx.fail("arity", "no argument is mapped, expected at least one");
  return sizes.reduce((a, b, i) => cx.equal(b, a, `the leading extent of argument ${mapped[i]}`));
}

/** The argument types that the callee of a vmap gets: those of mapped arguments lose their leading axis. */
export function elementTypes(args: readonly Type[], mapped: readonly number[]): readonly Type[] {
  return args.map((type, i) =>
    type.kind === "tensor" && mapped.includes(i) ? tensorType(type.dtype, type.shape.slice(1)) : type,
  );
}

/** The type with a leading axis of this size in front. */
function wider(type: Type, size: Dim): Type {
  return type.kind === "tensor" ? tensorType(type.dtype, [size, ...type.shape]) : type;
}

function openType(type: Type): Type {
  return unranked(elementDType(type) ?? "f64");
}

/** `callee` applied to each element along the leading axis of the arguments in `mapped` (all if left out). */
export function vmap(
  callee: Signature,
  args: readonly Value[],
  mapped: readonly number[] = [],
  explicit: Readonly<Record<string, Dim>> = {},
): readonly Value[] {
  const given = args.map((v) => v.type);
  const numbers = mappedOf({ mapped }, args.length);
  const { bound, bindings } = bindCall(callee, elementTypes(given, numbers), explicit);
  const [size] = rankedOf(given[numbers[0]]).shape;
  return emit(vmapOp, args, {
    attributes: { callee: callee.name, bindings: { bindings }, mapped },
    types: callee.results.map((t) => wider(bindType(t, bound), size)),
  });
}

// ---- batching -------------------------------------------------------------------------------------------------------

/**
 * A batch of vjps is the vjp of the batched function. The arguments in `wrt` get the new axis even where the batch
 * shares them, so that each element of the batch gets a cotangent of its own.
 */
function batchVjp(cx: StructuredBatchContext<DerivativeAttributes>): Batched {
  const { attributes, operands, segments, results } = cx.operation;
  const { callee, wrt, explicit } = differentiation(cx.operation, cx.calleeSignature(attributes.callee));
  const count = segments[0];
  const batched = operands.slice(0, count).map((_, i) => cx.batched[i] || wrt.includes(i));
  const made = cx.batchedCall(callee.name, batched);
  const args = cx.operands.slice(0, count).map((v, i) => (batched[i] ? cx.whole(v, cx.batched[i]) : v));
  const floats = callee.results.flatMap((type, i) => (isFloatType(type) ? [i] : []));
  const cotangents = floats.map((i, k) => {
    const ct = cx.operands[count + k];
    // all arguments in `wrt` have the new axis: a result without it is independent of them, its cotangent adds nothing
    return made.batched[i] ? cx.whole(ct, cx.batched[count + k]) : zeros(operands[count + k].type);
  });
  const values = vjp(made.signature, args, cotangents, wrt, explicit);
  return { results: values, batched: results.map((_, i) => i >= callee.results.length || made.batched[i]) };
}

function batchJvp(cx: StructuredBatchContext<DerivativeAttributes>): Batched {
  const { attributes, operands, segments } = cx.operation;
  const { callee, wrt, explicit } = differentiation(cx.operation, cx.calleeSignature(attributes.callee));
  const count = segments[0];
  const hasBatchedTangent = (i: number): boolean => wrt.includes(i) && cx.batched[count + wrt.indexOf(i)];
  const batched = operands.slice(0, count).map((_, i) => cx.batched[i] || hasBatchedTangent(i));
  const made = cx.batchedCall(callee.name, batched);
  const widened = (at: number, i: number): Value =>
    batched[i] ? cx.whole(cx.operands[at], cx.batched[at]) : cx.operands[at];
  const args = operands.slice(0, count).map((_, i) => widened(i, i));
  const tangents = wrt.map((i, k) => widened(count + k, i));
  const values = jvp(made.signature, args, tangents, wrt, explicit);
  const ofTangents = callee.results.flatMap((type, i) => (isFloatType(type) ? [made.batched[i]] : []));
  return { results: values, batched: [...made.batched, ...ofTangents] };
}

/** The callee of a vjp or jvp, the argument numbers that its `wrt` stands for, and the symbols that it binds itself. */
function differentiation({ attributes }: Operation<DerivativeAttributes>, callee: Signature) {
  return {
    callee,
    wrt: differentiated(callee, attributes.wrt),
    explicit: attributes.bindings.bindings,
  };
}
