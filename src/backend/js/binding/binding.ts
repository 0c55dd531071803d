// The binding of a compiled function for one form of call: code that checks the arguments, calls, and holds the results.
//
// It is generated, so that a call that fits meets no closure, no map and no array of arguments. Whatever does not fit goes
// on to `otherwise`, and in the end to code that says what is wrong.

import {
  asSymbol,
  dtypes,
  elementDType,
  type Func,
  fail,
  isFloat,
  ndscalar,
  productOf,
  rankedOf,
  type Signature,
} from "../../../ir/index.ts";
import type { Binding, CallForm, Holders, ValueTree } from "../../backend.ts";
import { type OutputRoles, outputRoles, type Passed, spellExtent } from "../calling/callee.ts";
import { bindExtents } from "../calling/checks.ts";
import { FallbackChecks, most } from "../calling/native.ts";
import { openAxis, ValueReader } from "./arguments.ts";
import { spellResults } from "./results.ts";
import { Tables } from "./tables.ts";

type Generated = (...args: never[]) => unknown;

/** The binding for calls of this form; null where none is generated for it. */
export function bind(f: Generated, func: Func, signature: Signature, form: CallForm, holders: Holders): Binding | null {
  if (!isBindable(signature, form)) return null;
  const tables = new Tables();
  const text = textOf(func, signature, form, holders, tables);
  const binding: { call: Generated; otherwise: Generated } = {
    call: f,
    otherwise: () => fail("argument", "no binding"),
  };
  const given: Readonly<Record<string, unknown>> = {
    $f: f,
    $binding: binding,
    $arrayOf: holders.arrayOf,
    $hold: holders.hold,
    $rank0: (dtype: Parameters<typeof ndscalar>[0], x: unknown) => holders.hold(ndscalar(dtype, Number(x))),
    $mayServe: holders.mayServe,
    $failed: holders.failed,
    $statics: tables.statics,
    $lists: tables.lists,
    $captured: form.captured,
    $floats: floats,
    $isObject: form.isOrdered ? isObject : isObjectInAnyOrder,
    $apart: areApart,
  };
  binding.call = new Function(...Object.keys(given), text)(...Object.values(given));
  return binding as Binding;
}

function isBindable(
  { arguments: types, results, symbols }: Signature,
  { arguments: tree, leaves, captured }: CallForm,
): boolean {
  if ([...types, ...results].some((type) => type.kind !== "tensor")) return false;
  if (leaves.length > most || leaves.length + captured.length !== types.length || holdsUndefined(tree)) return false;
  const bare = new Set(types.flatMap((type) => rankedOf(type).shape.map(asSymbol)));
  if (!symbols.every((name) => bare.has(name))) return false;
  return leaves.every((kind, i) => {
    const { shape } = rankedOf(types[i]);
    if (kind === "scalar") return shape.length === 0;
    if (kind === "numbers") return shape.length === 1 && isFloat(elementDType(types[i]) ?? "bool");
    return kind === "held" || shape.length === 0 || openAxis(shape) !== null;
  });
}

/** An argument that is left out and one that is passed as undefined look the same to code, but not to who counts them. */
function holdsUndefined(tree: ValueTree): boolean {
  if (tree.kind === "static") return tree.value === undefined;
  return tree.kind !== "leaf" && tree.items.some(holdsUndefined);
}

function textOf(func: Func, signature: Signature, form: CallForm, { mayServe }: Holders, tables: Tables): string {
  const checks = new FallbackChecks();
  const reader = new ValueReader(signature, form, checks, tables);
  const items = form.arguments.kind === "array" ? form.arguments.items : [];
  const parameters = items.map((_, i) => `$a${i}`);
  const results = form.isInto ? reader.results() : null;
  for (const [i, item] of items.entries()) reader.argument(item, parameters[i]);
  for (const i of form.captured.keys()) reader.captured(i);
  bindExtents({ signature }, reader.passed, checks);
  for (const { argument, axis, size } of form.fixed)
    checks.require(`${reader.passed[argument].extents[axis]} === ${size}`);
  results?.requireSizes(spellSizes(signature));
  const roles = outputRoles(func, signature);
  const outputs = results === null ? allocated(signature, roles, checks) : results.memory;
  if (mayServe !== null) checks.require("$mayServe()");
  const elsewhere = "return $binding.otherwise.apply(undefined, arguments);";
  const all = results === null ? parameters : ["$results", ...parameters];
  const lines = [
    `if (arguments.length !== ${all.length}) ${elsewhere}`,
    "let $ran = false;",
    "try {",
    ...checks.statements(elsewhere),
    "$ran = true;",
    ...(results === null ? [] : zeroFills(roles, results.memory)),
    ...called(func, roles, reader.passed, outputs),
    ...spellResults(signature, form, outputs, tables),
    "} catch ($e) {",
    // a getter of the user's that throws, or an array that is too large
    `if (!$ran) ${elsewhere}`,
    "throw $failed($e);",
    "}",
  ];
  return `"use strict";\nreturn function (${all.join(", ")}) {\n  ${lines.join("\n  ")}\n};`;
}

function spellSizes({ results }: Signature): readonly string[] {
  return results.map((type) => spellExtent(productOf(rankedOf(type).shape)));
}

/** Memory for the results of rank above 0; null for the others. */
function allocated(signature: Signature, roles: OutputRoles, checks: FallbackChecks): readonly (string | null)[] {
  const sizes = spellSizes(signature);
  return signature.results.map((type, i) => {
    if (roles[i] === null) return null;
    checks.line(`const $out${i} = new ${dtypes[elementDType(type) ?? "f64"].array.name}(${sizes[i]});`);
    return `$out${i}`;
  });
}

/** Memory of the caller's is only filled where the function leans on zeros; fresh memory has them. */
function zeroFills(roles: OutputRoles, memory: readonly string[]): readonly string[] {
  return memory.flatMap((name, i) => (roles[i] === "zeroed" ? [`${name}.fill(0);`] : []));
}

/** The call; what it returns is in `$r`. */
function called(
  func: Func,
  roles: OutputRoles,
  passed: readonly Passed[],
  outputs: readonly (string | null)[],
): readonly string[] {
  const memory = outputs.filter((text, i): text is string => text !== null && roles[i] !== null);
  const args = [...func.symbols.map((s) => `$${s}`), ...passed.map((p) => p.text), ...memory];
  const call = `$f(${args.join(", ")});`;
  return [roles.includes(null) ? `const $r = ${call}` : call];
}

// ---- what generated code calls --------------------------------------------------------------------------------------

/** An array of numbers as floats; null for anything else. */
function floats(
  x: unknown,
  type: Float64ArrayConstructor | Float32ArrayConstructor,
): Float64Array | Float32Array | null {
  if (!Array.isArray(x)) return null;
  const into = new type(x.length);
  for (let i = 0; i < into.length; i++) {
    const element: unknown = x[i];
    if (typeof element !== "number") return null;
    into[i] = element;
  }
  return into;
}

/** Whether a value is a plain object of exactly these keys, in this order. */
function isObject(x: unknown, keys: readonly string[]): boolean {
  if (!isPlain(x)) return false;
  let i = 0;
  for (const key in x) if (key !== keys[i++]) return false;
  return i === keys.length;
}

function isObjectInAnyOrder(x: unknown, keys: readonly string[]): boolean {
  if (isObject(x, keys)) return true;
  if (!isPlain(x)) return false;
  let count = 0;
  for (const _ in x) count++;
  return count === keys.length && keys.every((key) => Object.hasOwn(x, key));
}

function isPlain(x: unknown): x is object {
  if (typeof x !== "object" || x === null) return false;
  const prototype: unknown = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
}

/** Whether two typed arrays share no memory. */
function areApart(a: ArrayBufferView, b: ArrayBufferView): boolean {
  if (a.buffer !== b.buffer) return true;
  return a.byteOffset + a.byteLength <= b.byteOffset || b.byteOffset + b.byteLength <= a.byteOffset;
}
