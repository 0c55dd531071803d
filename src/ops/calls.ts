// Functions as operations: `call`, and the transform `vjp` that differentiate resolves into calls.

import {
  type Bindings,
  bindSymbols,
  bindType,
  type Dim,
  elementDType,
  emit,
  inferSymbols,
  isFloat,
  type Op,
  type Pullback,
  printType,
  type ReverseContext,
  type Signature,
  sameDim,
  type Type,
  type TypeContext,
  type Value,
} from "../ir/index.ts";
import { defineOp } from "./define.ts";
import { zerosLike } from "./zeros.ts";

const calleeAttributes = {
  callee: { kind: "function", summary: "the function called" },
  bindings: {
    kind: "bindings",
    default: { bindings: {} },
    summary: "symbols that the argument types do not determine",
  },
} as const;

/** The callee's signature and what its symbols stand for here; null while the module is still being built. */
function resolve(x: TypeContext): { callee: Signature; bound: Readonly<Record<string, Dim>> } | null {
  const callee = x.signature(x.attributes.callee as string);
  if (callee === null) return null;
  const args = x.group("arguments");
  const bound = bindSymbols(callee, args, (x.attributes.bindings as Bindings).bindings);
  for (const [i, parameter] of callee.arguments.entries()) {
    requireType(x, `argument ${i} of @${callee.name}`, args[i], bindType(parameter, bound));
  }
  // the callee's own proofs take its symbols for sizes
  for (const [name, d] of Object.entries((x.attributes.bindings as Bindings).bindings))
    x.atLeast(d, 0, `symbol ${name}`);
  for (const c of callee.constraints) {
    const side = (d: Dim): Dim => bindDim(d, bound);
    const what = `@${callee.name} needs ${c.left} ${c.relation} ${c.right}: ${c.left}`;
    if (c.relation === "==") x.equal(side(c.left), side(c.right), what);
    else x.atLeast(side(c.left), side(c.right), what);
  }
  return { callee, bound };
}

function bindDim(d: Dim, bound: Readonly<Record<string, Dim>>): Dim {
  const type = bindType({ kind: "memref", dtype: "f64", shape: [d] }, bound);
  return type.kind === "memref" ? type.shape[0] : d;
}

/** Requires `got` to be `expected`, or of some rank where any will do; dimensions not provably equal become constraints. */
function requireType(x: TypeContext, what: string, got: Type, expected: Type): void {
  const isKind = got.kind === expected.kind || (got.kind === "tensor" && expected.kind === "unranked");
  const fits = isKind && elementDType(got) !== undefined && elementDType(got) === elementDType(expected);
  if (!fits && printType(got) !== printType(expected)) {
    x.fail("dtype", `${what} has type ${printType(got)}, expected ${printType(expected)}`);
  }
  if (got.kind === "unranked" || got.kind === "list" || expected.kind === "unranked" || expected.kind === "list")
    return;
  if (got.shape.length !== expected.shape.length) {
    x.fail("shape", `${what} has type ${printType(got)}, expected ${printType(expected)}`);
  }
  for (const [axis, d] of got.shape.entries()) {
    if (!sameDim(d, expected.shape[axis])) x.equal(d, expected.shape[axis], `${what}: axis ${axis}`);
  }
}

function declaredTypes(x: TypeContext): readonly Type[] {
  return x.declared ?? x.fail("structure", `@${x.attributes.callee} is not a function of this module`);
}

const callOp: Op = defineOp({
  name: "call",
  summary: "Calls a function of the module.",
  operands: [{ name: "arguments", variadic: true }],
  groups: ["arguments"],
  attributes: calleeAttributes,
  assembly: [{ kind: "callee" }, { kind: "arguments", group: "arguments" }],
  level: "both",
  types(x) {
    const found = resolve(x);
    return found === null ? declaredTypes(x) : found.callee.results.map((t) => bindType(t, found.bound));
  },
  eval(x) {
    const { bindings } = x.attributes.bindings as Bindings;
    const sizes = Object.fromEntries(Object.entries(bindings).map(([name, d]) => [name, x.dim(d)]));
    return x.call(x.attributes.callee as string, x.operands, sizes);
  },
  derivative: { kind: "structured", reverse: reverseCall },
  batching: { kind: "structured" },
  lowering: { kind: "structured" },
  docs: {
    semantics:
      "The callee's results for these arguments. Its dimension symbols take the sizes of the arguments, or what the call binds in angle brackets. It has the callee's strongest effect.",
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

/** Calls `callee`; `explicit` binds the symbols that the argument types do not determine. */
export function call(
  callee: Signature,
  args: readonly Value[],
  explicit: Readonly<Record<string, Dim>> = {},
  names: readonly (string | null)[] = [],
): readonly Value[] {
  const { bound, bindings } = bindCall(callee, args, explicit);
  return emit(callOp, args, {
    attributes: { callee: callee.name, bindings: { bindings } },
    types: callee.results.map((t) => bindType(t, bound)),
    names,
  });
}

/** All symbols of a call, and those of them that have to be written. */
function bindCall(callee: Signature, args: readonly Value[], explicit: Readonly<Record<string, Dim>>) {
  const types = args.map((v) => v.type);
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

/** Forward: the callee's forward function, whose extra results are residuals. Backward: its backward function. */
function reverseCall(x: ReverseContext): Pullback {
  const args = x.operation.operands;
  const active = args.map((v) => x.isActive(v));
  const split = x.splitCall(x.operation.attributes.callee as string, active);
  const callee = x.calleeSignature(x.operation.attributes.callee as string);
  const explicit = (x.operation.attributes.bindings as Bindings).bindings;
  const { bound } = bindCall(callee, x.operands, explicit);
  const all = call(
    split.forward,
    x.operands,
    bound,
    x.operation.results.map((r) => r.name),
  );
  const results = all.slice(0, x.operation.results.length);
  const residuals = all.slice(x.operation.results.length);
  return {
    results,
    pull(cotangents) {
      const given = results.flatMap((r, i) => (split.takesCotangent[i] ? [cotangents[i] ?? zerosLike(r)] : []));
      const back = call(split.backward, [...residuals, ...given], bound);
      return args.filter((_, i) => active[i]).map((v, i) => [v, back[i]] as const);
    },
  };
}

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
    wrt: {
      kind: "axes",
      default: [],
      summary: "the arguments to differentiate with respect to; all of float dtype if left out",
    },
  },
  assembly: [{ kind: "callee" }, { kind: "arguments", group: "arguments" }, { kind: "group", group: "cotangents" }],
  types(x) {
    const found = resolve(x);
    if (found === null) return declaredTypes(x);
    const { callee, bound } = found;
    requireCotangents(x, callee, bound);
    const wrt = differentiated(callee, x.attributes.wrt as readonly number[]);
    for (const i of wrt) {
      const type = callee.arguments[i];
      if (type === undefined)
        x.fail("attribute", `wrt names argument ${i}, but @${callee.name} has ${callee.arguments.length}`);
      if (!isFloatType(type))
        x.fail(
          "no-derivative",
          `argument ${i} of @${callee.name} has type ${printType(type)}, which has no derivative`,
        );
    }
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

function requireCotangents(x: TypeContext, callee: Signature, bound: Readonly<Record<string, Dim>>): void {
  const got = x.group("cotangents");
  const expected = callee.results.filter(isFloatType);
  if (got.length !== expected.length) {
    x.fail(
      "arity",
      `got ${got.length} cotangents, expected ${expected.length}, one for each float result of @${callee.name}`,
    );
  }
  for (const [i, type] of expected.entries()) requireType(x, `cotangent ${i}`, got[i], bindType(type, bound));
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

export const callRecords = { call: callOp, vjp: vjpOp };
