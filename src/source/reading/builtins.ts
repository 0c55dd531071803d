// JavaScript's builtins by name: Math, Number and the constructors of arrays.

import { mathFunctions, type NamedFunction } from "../../frontend/index.ts";
import type { Value } from "../../ir/index.ts";
import { counted } from "../../ir/index.ts";
import {
  abs,
  add,
  and,
  compare,
  constant,
  constantLike,
  div,
  floor,
  isFinite as isFiniteOp,
  isNan,
  maximum,
  mul,
  or,
  select,
  sqrt,
  sub,
} from "../../ops/index.ts";
import { type AbstractValue, type ArrayKind, type Builtin, describeValue } from "../state/abstract-value.ts";
import { truth } from "./arithmetic.ts";
import { arrayOf, copyOf, filled, literal, requireWritable } from "./arrays.ts";
import { f64, type Reading } from "./reading.ts";

export const builtinNames: ReadonlySet<string> = new Set([
  "Math",
  "Number",
  "Boolean",
  "Array",
  "Float64Array",
  "Float32Array",
  "Int32Array",
  "isNaN",
  "isFinite",
]);

/** Builtins that are not compiled, with what to write instead. */
const others: ReadonlyMap<string, string> = new Map([
  ["eval", "write the code itself"],
  ["Function", "write the code itself"],
  ["arguments", "name each parameter"],
  ["console", "return what it should show"],
  ["Date", "pass the time in"],
  ["performance", "pass the time in"],
  ["Object", "write object literals, and name their fields"],
  ["JSON", "pass numbers and arrays in"],
  ["parseInt", "write Math.trunc(x)"],
  ["parseFloat", "pass numbers in"],
  ...["String", "Symbol", "BigInt", "RegExp"].map((name) => [name, "pass numbers in"] as const),
  ...["Map", "Set", "Uint8Array", "Uint32Array"].map((name) => [name, "use an array of numbers"] as const),
]);

const numberConstants: ReadonlyMap<string, number> = new Map(
  (
    [
      "EPSILON",
      "MAX_VALUE",
      "MIN_VALUE",
      "MAX_SAFE_INTEGER",
      "MIN_SAFE_INTEGER",
      "POSITIVE_INFINITY",
      "NEGATIVE_INFINITY",
      "NaN",
    ] as const
  ).map((name) => [`Number.${name}`, Number[name]]),
);

const mathConstants: ReadonlyMap<string, number> = new Map(
  (["E", "PI", "LN2", "LN10", "LOG2E", "LOG10E", "SQRT2", "SQRT1_2"] as const).map((name) => [
    `Math.${name}`,
    Math[name],
  ]),
);

const constants: ReadonlyMap<string, number> = new Map([...mathConstants, ...numberConstants]);

function isInteger(x: Value): Value {
  return and(isFiniteOp(x), compare(x, floor(x), "eq"));
}

/** Functions that reduce the elements of a splat array: Math.max(...xs). */
export const folds: ReadonlyMap<string, "max" | "min"> = new Map([
  ["Math.max", "max"],
  ["Math.min", "min"],
]);

const predicates: ReadonlyMap<string, (x: Value) => Value> = new Map([
  ["Number.isNaN", isNan],
  ["isNaN", isNan],
  ["Number.isFinite", isFiniteOp],
  ["isFinite", isFiniteOp],
  ["Number.isInteger", isInteger],
  [
    "Number.isSafeInteger",
    (x: Value) => and(isInteger(x), compare(abs(x), constantLike(Number.MAX_SAFE_INTEGER, x), "le")),
  ],
]);

/** The functions of Math, without those of ours that JavaScript lacks. */
const math: ReadonlyMap<string, NamedFunction> = new Map(
  [...mathFunctions()].filter(([name]) => name in Math).map(([name, f]) => [`Math.${name}`, f]),
);

const arrayKinds: ReadonlyMap<string, ArrayKind> = new Map<string, ArrayKind>([
  ["Array", "number[]"],
  ["Float64Array", "Float64Array"],
  ["Float32Array", "Float32Array"],
  ["Int32Array", "Int32Array"],
]);

/** The value of a builtin; undefined where the name is none. */
export function builtin(cx: Reading, name: string, at: number): AbstractValue | undefined {
  if (name === "Infinity") return cx.number(Infinity);
  if (name === "NaN") return cx.number(Number.NaN);
  if (name === "undefined") return { kind: "nothing" };
  if (builtinNames.has(name)) return { kind: "builtin", name };
  const hint = others.get(name);
  return hint === undefined ? undefined : cx.fail("unsupported", at, `${name} is not compiled`, hint);
}

/** Whether the name is a builtin, compiled or not. */
export function isBuiltinName(name: string): boolean {
  return builtinNames.has(name) || others.has(name) || ["NaN", "Infinity", "undefined"].includes(name);
}

/** `Math.PI`, `Math.sin`. */
export function builtinMember(cx: Reading, { name: owner }: Builtin, name: string, at: number): AbstractValue {
  const path = `${owner}.${name}`;
  cx.at(at);
  const known = constants.get(path);
  if (known !== undefined) return cx.number(known);
  if (math.has(path) || predicates.has(path)) return { kind: "builtin", name: path };
  if (arrayKinds.has(owner) && (name === "from" || name === "of")) return { kind: "builtin", name: path };
  if (path === "Math.random")
    cx.fail(
      "unsupported",
      at,
      "Math.random is not compiled: it gives the same arguments different results",
      "pass the random numbers in",
    );
  const names = [...constants.keys(), ...math.keys(), ...predicates.keys()];
  return cx.fail("name", at, `${path} is not compiled`, cx.suggestion(path, names) ?? "Math and Number have what is");
}

export function callBuiltin(cx: Reading, { name }: Builtin, args: readonly AbstractValue[], at: number): AbstractValue {
  const f = math.get(name);
  if (f !== undefined) return callMath(cx, name, f, args, at);
  const predicate = predicates.get(name);
  if (predicate !== undefined) return callPredicate(cx, name, predicate, args, at);
  const kind = arrayKinds.get(name);
  if (kind === "number[]") return construct(cx, "Array", args, at);
  const [owner, member] = name.split(".");
  const array = arrayKinds.get(owner);
  if (array !== undefined && member === "of") return arrayOrLiteral(cx, array, args, at);
  if (array !== undefined && member === "from") return copied(cx, array, name, args, at);
  if (name === "Number") return args.length === 0 ? cx.number(0) : cx.toNumber(args[0], at);
  if (name === "Boolean") return args.length === 0 ? cx.boolean(false) : truth(cx, args[0], at);
  return cx.fail(
    "unsupported",
    at,
    `${name} is not called`,
    name === "Math" ? "write Math.sin(x)" : `write new ${name}(n)`,
  );
}

function callMath(
  cx: Reading,
  name: string,
  f: NamedFunction,
  args: readonly AbstractValue[],
  at: number,
): AbstractValue {
  if (args.length < f.least)
    cx.fail("arity", at, `${name}: got ${counted(args.length, "argument")}, expected ${f.least}`);
  const numbers = args.slice(0, Math.min(args.length, f.most)).map((m) => cx.toNumber(m, at));
  cx.at(at);
  const known = numbers.map((n) => n.known);
  if (known.every((k) => k !== null) && known.length > 0) {
    const own = Math[name.slice("Math.".length) as "max"];
    return cx.number(own(...(known as number[])));
  }
  const values = numbers.map((n) => n.value);
  return cx.number(name === "Math.hypot" && values.length > 2 ? hypotOf(values) : f.apply(...values));
}

/**
 * Math.hypot of three and more, as V8 computes it: the sum of the squares of the quotients by the largest, with Kahan's
 * compensation. Infinity wins over NaN.
 */
function hypotOf(xs: readonly Value[]): Value {
  const sizes = xs.map((v) => abs(v));
  const largest = sizes.reduce((a, b) => maximum(a, b));
  let sum = constantLike(0, xs[0]);
  let compensation = sum;
  for (const size of sizes) {
    const quotient = div(size, largest);
    const summand = sub(mul(quotient, quotient), compensation);
    const next = add(sum, summand);
    compensation = sub(sub(next, sum), summand);
    sum = next;
  }
  const isInfinite = sizes.map((v) => compare(v, constantLike(Infinity, v), "eq")).reduce((a, b) => or(a, b));
  const isZero = compare(largest, constantLike(0, largest), "eq");
  const finite = select(isZero, constantLike(0, sum), mul(sqrt(sum), largest));
  return select(isInfinite, constantLike(Infinity, sum), finite);
}

function callPredicate(
  cx: Reading,
  name: string,
  test: (x: Value) => Value,
  args: readonly AbstractValue[],
  at: number,
): AbstractValue {
  if (args.length === 0) cx.fail("arity", at, `${name}: got no argument, expected a number`);
  const [m] = args;
  if (m.kind === "boolean" && name.startsWith("Number.")) return cx.boolean(false);
  const n = cx.toNumber(m, at);
  cx.at(at);
  return cx.boolean(test(n.value));
}

/** `new Float64Array(n)`, `new Float64Array([1, 2])`, `new Array(n)`. */
export function construct(cx: Reading, name: string, args: readonly AbstractValue[], at: number): AbstractValue {
  const kind = arrayKinds.get(name);
  if (kind === undefined)
    return cx.fail(
      "unsupported",
      at,
      `new ${name} is not compiled`,
      "the arrays are Array, Float64Array, Float32Array and Int32Array",
    );
  if (args.length !== 1) return arrayOrLiteral(cx, kind, name === "Array" ? args : requireOne(cx, name, args, at), at);
  const [m] = args;
  if (m.kind === "reference") return copyOf(cx, m.cell, kind, at);
  // the elements are undefined, which is NaN as a number
  return filled(cx, kind, m, kind === "number[]" ? cx.number(Number.NaN) : null, at);
}

function requireOne(cx: Reading, name: string, args: readonly AbstractValue[], at: number): readonly AbstractValue[] {
  return cx.fail(
    "arity",
    at,
    `new ${name}: got ${counted(args.length, "argument")}, expected 1`,
    "write the length, or an array to copy",
  );
}

function arrayOrLiteral(cx: Reading, kind: ArrayKind, items: readonly AbstractValue[], at: number): AbstractValue {
  return kind === "number[]" ? literal(cx, items, at) : arrayOf(cx, items, kind, at);
}

function copied(cx: Reading, kind: ArrayKind, name: string, args: readonly AbstractValue[], at: number): AbstractValue {
  const [m, map] = args;
  if (map !== undefined)
    cx.fail("unsupported", at, `${name} with a function is not compiled`, "fill the array in a loop");
  if (m?.kind === "reference") return copyOf(cx, m.cell, kind, at);
  return cx.fail("dtype", at, `${name}: got ${describeValue(m)}, expected an array`);
}

// ---- methods of arrays ----------------------------------------------------------------------------------------------

const methods: ReadonlyMap<
  string,
  (
    cx: Reading,
    m: Extract<AbstractValue, { kind: "reference" }>,
    args: readonly AbstractValue[],
    at: number,
  ) => AbstractValue
> = new Map([
  ["slice", slice],
  ["fill", fill],
]);

const instead: ReadonlyMap<string, string> = new Map([
  ["push", "make the array as long as it gets, and count what is in it"],
  ["pop", "count what is in it"],
  ["concat", "write [...a, ...b]"],
  ["set", "write the elements in a loop"],
  ["subarray", "it would share memory: write slice, or pass offsets"],
  ["sort", "sort before, or write the loop"],
]);

export function callMethod(
  cx: Reading,
  m: AbstractValue,
  name: string,
  args: readonly AbstractValue[],
  at: number,
): AbstractValue {
  const method = methods.get(name);
  if (m.kind !== "reference" || method === undefined || (m.cell.kind === "record" && !m.cell.isTuple)) {
    const hint = instead.get(name) ?? "write a loop; slice and fill are compiled";
    return cx.fail("unsupported", at, `the method ${name} of ${describeValue(m)} is not compiled`, hint);
  }
  return method(cx, m, args, at);
}

function slice(
  cx: Reading,
  { cell }: Extract<AbstractValue, { kind: "reference" }>,
  args: readonly AbstractValue[],
  at: number,
): AbstractValue {
  if (args.length === 0) return copyOf(cx, cell, null, at);
  return cx.fail("unsupported", at, "slice of a part is not compiled", "copy the elements in a loop");
}

function fill(
  cx: Reading,
  m: Extract<AbstractValue, { kind: "reference" }>,
  args: readonly AbstractValue[],
  at: number,
): AbstractValue {
  const { cell } = m;
  if (args.length !== 1)
    cx.fail(
      "unsupported",
      at,
      `fill of ${args.length === 0 ? "nothing" : "a part"} is not compiled`,
      "write fill(x), or a loop",
    );
  const n = cx.toNumber(args[0], at);
  if (cell.kind === "record") {
    requireWritable(cx, cell, null, at);
    for (const field of cell.fields.values()) cx.state.write(field, n);
    return m;
  }
  requireWritable(cx, cell, cell.contents.name, at);
  const made = filled(
    cx,
    cell.array,
    typeof cell.length === "number"
      ? cx.number(cell.length)
      : { kind: "number", value: constant(0, f64), known: null, dim: cell.length },
    n,
    at,
  ).cell;
  if (made.kind === "array") cx.state.write(cell.contents, cx.state.read(made.contents));
  return m;
}
