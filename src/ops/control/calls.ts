// The op `call`: a call of a function of the module, how its dimension symbols are bound, and its derivatives.

import {
  type AttributesOf,
  type Batched,
  bindSymbols,
  bindType,
  type Dim,
  elementDType,
  emit,
  type ForwardContext,
  inferSymbols,
  type Pullback,
  printType,
  type ReverseContext,
  type Signature,
  type StructuredBatchContext,
  sameDim,
  sameLayout,
  type Tangents,
  type Type,
  type TypeContext,
  type Value,
} from "../../ir/index.ts";
import { defineOp } from "../base/define.ts";

export const calleeAttributes = {
  callee: { kind: "function", summary: "the function called" },
  bindings: {
    kind: "bindings",
    default: { bindings: {} },
    summary: "symbols that the argument types do not determine",
  },
} as const;

export type CalleeAttributes = AttributesOf<typeof calleeAttributes>;

/**
 * The callee's signature and the dims that its symbols are bound to at this call, after checking that the arguments fit
 * and that the callee's constraints hold. Null while the callee is not in the module yet.
 */
export function resolve(
  cx: TypeContext<CalleeAttributes>,
  args: readonly Type[] = cx.group("arguments"),
): { callee: Signature; bound: Readonly<Record<string, Dim>> } | null {
  const callee = cx.signature(cx.attributes.callee);
  if (callee === null) return null;
  const bound = bindSymbols(callee, args, cx.attributes.bindings.bindings);
  for (const [i, parameter] of callee.arguments.entries()) {
    requireType(cx, `argument ${i} of @${callee.name}`, args[i], bindType(parameter, bound));
  }
  // inside of the callee its symbols are taken to be sizes, so the dims bound to them must not be negative
  for (const [name, d] of Object.entries(cx.attributes.bindings.bindings)) cx.atLeast(d, 0, `symbol ${name}`);
  for (const c of callee.constraints) {
    const side = (d: Dim): Dim => bindDim(d, bound);
    const what = `@${callee.name} needs ${c.left} ${c.relation} ${c.right}: ${c.left}`;
    if (c.relation === "==") cx.equal(side(c.left), side(c.right), what);
    else cx.atLeast(side(c.left), side(c.right), what);
  }
  return { callee, bound };
}

function bindDim(d: Dim, bound: Readonly<Record<string, Dim>>): Dim {
  const type = bindType({ kind: "memref", dtype: "f64", shape: [d] }, bound);
  return type.kind === "memref" ? type.shape[0] : d;
}

/**
 * Requires the type `got` to be `expected`; where `expected` is unranked, a tensor of any rank fits. Dims that are not
 * provably equal become constraints, checked when it is called.
 */
export function requireType(cx: TypeContext, what: string, got: Type, expected: Type): void {
  const isKind = got.kind === expected.kind || (got.kind === "tensor" && expected.kind === "unranked");
  const fits = isKind && elementDType(got) !== undefined && elementDType(got) === elementDType(expected);
  if (!fits && printType(got) !== printType(expected)) {
    cx.fail("dtype", `${what} has type ${printType(got)}, expected ${printType(expected)}`);
  }
  if (got.kind === "unranked" || got.kind === "list" || expected.kind === "unranked" || expected.kind === "list")
    return;
  if (got.shape.length !== expected.shape.length || !sameLayout(got, expected)) {
    cx.fail("shape", `${what} has type ${printType(got)}, expected ${printType(expected)}`);
  }
  for (const [axis, d] of got.shape.entries()) {
    if (!sameDim(d, expected.shape[axis])) cx.equal(d, expected.shape[axis], `${what}: axis ${axis}`);
  }
}

export function declaredTypes(cx: TypeContext<CalleeAttributes>): readonly Type[] {
  return cx.declared ?? cx.fail("structure", `@${cx.attributes.callee} is not a function of this module`);
}

const callAttributes = {
  ...calleeAttributes,
  checkpoint: {
    kind: "boolean",
    default: false,
    summary: "the call stays one, and reverse mode runs the callee again rather than keep what it computed",
  },
} as const;

export type CallAttributes = AttributesOf<typeof callAttributes>;

export const callOp = defineOp({
  name: "call",
  summary: "Calls a function of the module.",
  operands: [{ name: "arguments", variadic: true }],
  groups: ["arguments"],
  attributes: callAttributes,
  assembly: [{ kind: "callee" }, { kind: "arguments", group: "arguments" }],
  level: "both",
  types(x) {
    const found = resolve(x);
    return found === null ? declaredTypes(x) : found.callee.results.map((t) => bindType(t, found.bound));
  },
  eval(x) {
    const { bindings } = x.attributes.bindings;
    const sizes = Object.fromEntries(Object.entries(bindings).map(([name, d]) => [name, x.dim(d)]));
    return x.call(x.attributes.callee, x.operands, sizes);
  },
  derivative: { kind: "structured", reverse: reverseCall, forward: forwardCall },
  batching: { kind: "structured", batch: batchCall },
  lowering: { kind: "structured" },
  docs: {
    semantics:
      "The results of the function that is called, for these arguments. Its dimension symbols take the sizes of the arguments, or what the call binds in angle brackets. A call has the effects of that function on its arguments.",
    constraints: [
      "the callee is a function of the module",
      "argument types fit",
      "functions do not call themselves, directly or not",
    ],
    example: `private func @square(%x: f64) -> f64 {
  %mul = mul %x, %x : f64
  return %mul
}

func @main(%x: f64) -> f64 {
  %y = call @square(%x) : f64
  return %y
}
// run: @main(3) == 9
`,
  },
});

/** Emits a call of `callee`; `explicit` binds the symbols that the argument types do not determine. */
export function call(
  callee: Signature,
  args: readonly Value[],
  explicit: Readonly<Record<string, Dim>> = {},
  names: readonly (string | null)[] = [],
  checkpoint = false,
): readonly Value[] {
  const { bound, bindings } = bindCall(callee, typesOf(args), explicit);
  return emit(callOp, args, {
    attributes: { callee: callee.name, bindings: { bindings }, checkpoint },
    types: callee.results.map((t) => bindType(t, bound)),
    names,
  });
}

function typesOf(values: readonly Value[]): readonly Type[] {
  return values.map((v) => v.type);
}

/** What a call binds all symbols to, and those bindings that do not follow from the argument types. */
export function bindCall(callee: Signature, types: readonly Type[], explicit: Readonly<Record<string, Dim>>) {
  const bound = bindSymbols(
    callee,
    types,
    Object.fromEntries(Object.entries(explicit).filter(([k]) => callee.symbols.includes(k))),
  );
  const inferred = inferSymbols(callee, types);
  const written = Object.entries(bound).filter(
    ([name, d]) => inferred[name] === undefined || !sameDim(inferred[name], d),
  );
  return { bound, bindings: Object.fromEntries(written) };
}

/**
 * The forward part calls the callee's forward function, whose extra results are the residuals; the backward part calls
 * its backward function on them. With `checkpoint` the forward part calls the callee itself and keeps no residuals: the
 * backward part runs the forward function first, to rematerialise them.
 */
function reverseCall(cx: ReverseContext<CallAttributes>): Pullback {
  const args = cx.operation.operands;
  const active = args.map((v) => cx.isActive(v));
  const callee = cx.calleeSignature(cx.operation.attributes.callee);
  const again = cx.operation.attributes.checkpoint;
  const split = cx.splitCall(callee.name, active, again);
  const explicit = cx.operation.attributes.bindings.bindings;
  const { bound } = bindCall(callee, typesOf(cx.operands), explicit);
  const count = cx.operation.results.length;
  const names = cx.operation.results.map((r) => r.name);
  const all = call(again ? callee : split.forward, cx.operands, bound, names, again);
  const results = all.slice(0, count);
  return {
    results,
    pull(cotangents) {
      const residuals = (again ? call(split.forward, cx.operands, bound, [], true) : all).slice(count);
      const given = cotangents.filter((_, i) => split.takesCotangent[i]);
      const { signature, gives } = split.backward(given.map((ct) => ct !== null));
      const back = call(signature, [...residuals, ...given.filter((ct) => ct !== null)], bound);
      const of = args.filter((_, i) => active[i]).filter((_, i) => gives[i]);
      return of.map((v, i) => [v, back[i]] as const);
    },
  };
}

/** Calls the callee's tangent function on the arguments and on those tangents that are not zero. */
function forwardCall(cx: ForwardContext<CallAttributes>): Tangents {
  const { callee, bindings } = cx.operation.attributes;
  const made = cx.tangentCall(
    callee,
    cx.tangents.map((t) => t !== null),
  );
  const { bound } = bindCall(cx.calleeSignature(callee), typesOf(cx.operands), bindings.bindings);
  const given = cx.tangents.filter((t) => t !== null);
  const names = cx.operation.results.map((r) => r.name);
  const all = call(made.signature, [...cx.operands, ...given], bound, names, cx.operation.attributes.checkpoint);
  let next = names.length;
  return {
    results: all.slice(0, names.length),
    tangents: made.givesTangent.map((gives) => (gives ? all[next++] : null)),
  };
}

/** Calls the callee's batched function on the same arguments. */
function batchCall(cx: StructuredBatchContext<CallAttributes>): Batched {
  const { callee, bindings } = cx.operation.attributes;
  const made = cx.batchedCall(callee, cx.batched);
  const names = cx.operation.results.map((r) => r.name);
  const checkpoint = cx.operation.attributes.checkpoint;
  return { results: call(made.signature, cx.operands, bindings.bindings, names, checkpoint), batched: made.batched };
}
