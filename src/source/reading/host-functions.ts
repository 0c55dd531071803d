// Functions of the host that the text calls by name: traced in place, on the tensors that its values are.

import { callUsers, describe, Extent, openDim, Tensor, withAnyDerivatives, withTrace } from "../../frontend/index.ts";
import { AdjointError, counted, currentBlock, type Dim, fail, printType, type Value } from "../../ir/index.ts";
import { cast, dim } from "../../ops/index.ts";
import { type AbstractValue, type ArrayKind, describeValue, type HostFunction } from "../state/abstract-value.ts";
import type { HostFunctionBody, HostFunctions } from "../state/host-scope.ts";
import type { FileTree } from "../syntax/tree.ts";
import { contentsOf, requireArray } from "./arrays.ts";
import { isBuiltinName } from "./builtins.ts";
import type { Reading } from "./reading.ts";

/** The option `functions`, checked against the names of the file. */
export function hostFunctions(given: unknown, file: FileTree): HostFunctions {
  const found = new Map<string, HostFunctionBody>();
  if (given === undefined) return found;
  if (typeof given !== "object" || given === null || Array.isArray(given))
    return fail("option", `option 'functions' is ${describe(given)}, expected an object of functions by name`);
  for (const [name, f] of Object.entries(given)) {
    if (f === undefined) continue;
    const what = `option 'functions': '${name}'`;
    if (typeof f !== "function") fail("option", `${what} is ${describe(f)}, expected a function`);
    if (isBuiltinName(name)) fail("option", `${what} is a name of JavaScript`, { hint: "give it another one" });
    if (file.functions.has(name) || file.constants.has(name))
      fail("option", `${what} is defined by the text too`, { hint: "rename one of them" });
    found.set(name, f as HostFunctionBody);
  }
  return found;
}

/** Traces the function into the current block. */
export function callHost(
  cx: Reading,
  { name }: HostFunction,
  args: readonly AbstractValue[],
  at: number,
): AbstractValue {
  const f = cx.host.functions.get(name) as HostFunctionBody;
  requireArity(cx, name, f, args.length, at);
  const values = args.map((m, i) => argumentOf(cx, name, m, i, at));
  cx.at(at);
  const builder = currentBlock();
  const tensors = values.map((value) => new Tensor({ value, builder }));
  const returned = traced(cx, name, at, () => callUsers(f, ...tensors));
  cx.at(at);
  return resultOf(cx, name, returned, at);
}

/** What a function gives in the trace of the reading; its errors name it, at the place of the call. */
function traced<T>(cx: Reading, name: string, at: number, body: () => T): T {
  try {
    return withAnyDerivatives(() => withTrace(cx.host, body));
  } catch (error) {
    if (!(error instanceof AdjointError)) throw error;
    return cx.fail(error.code, at, `'${name}' fails: ${error.reason}`);
  }
}

/** Fails where a function gets fewer arguments than it needs, or more than it has parameters. */
function requireArity(cx: Reading, name: string, f: HostFunctionBody, count: number, at: number): void {
  const { length } = f;
  if (count === length || (count > length && takesMore(f))) return;
  const least = takesMore(f) ? "at least " : "";
  cx.fail("arity", at, `'${name}' takes ${least}${counted(length, "argument")}, and gets ${count}`);
}

/** Whether parameters have defaults or are a rest, which `length` does not count: by the function's text, up to its body. */
function takesMore(f: HostFunctionBody): boolean {
  const head = /^[^{]*?(?==>|\{|$)/.exec(Function.prototype.toString.call(f))?.[0] ?? "";
  return /\.\.\.|=/.test(head);
}

function argumentOf(cx: Reading, name: string, m: AbstractValue, index: number, at: number): Value {
  if (m.kind === "number" || m.kind === "boolean") return m.value;
  if (m.kind === "reference" && (m.cell.kind === "array" || m.cell.isTuple))
    return contentsOf(cx, requireArray(cx, m, at, "an array of numbers"));
  const what = `'${name}': argument ${index + 1} is ${describeValue(m)}, expected a number, a boolean or an array`;
  return cx.fail("dtype", at, what, m.kind === "reference" ? "pass its fields one by one" : undefined);
}

const arrayKinds: Readonly<Record<string, ArrayKind>> = { f64: "Float64Array", f32: "Float32Array", i32: "Int32Array" };

function resultOf(cx: Reading, name: string, returned: unknown, at: number): AbstractValue {
  if (typeof returned === "number") return cx.number(returned);
  if (typeof returned === "boolean") return cx.boolean(returned);
  const refuse = (what: string, hint?: string): never =>
    cx.fail("dtype", at, `'${name}' gives ${what}, expected a number, a boolean or a tensor of rank 0 or 1`, hint);
  if (returned instanceof Extent) {
    const length = traced(cx, name, at, () => openDim(returned)) as Dim;
    return typeof length === "number" ? cx.number(length) : cx.number(cast(dim(length), "f64"), length);
  }
  if (!(returned instanceof Tensor)) return refuse(describe(returned), hintFor(returned));
  const value = traced(cx, name, at, () => cx.host.value(returned, currentBlock().origin));
  const { type } = value;
  if (type.kind !== "tensor" || type.shape.length > 1)
    return refuse(printType(type), "return its elements in one array, as reshape(y, -1)");
  const { dtype, shape } = type;
  if (shape.length === 0) {
    if (dtype === "bool") return cx.boolean(value);
    return cx.number(dtype === "f64" ? value : cast(value, "f64"));
  }
  const kind = arrayKinds[dtype];
  if (kind === undefined) return refuse(printType(type), "cast it to f64, f32 or i32");
  return cx.array(kind, shape[0] as Dim, value, "");
}

function hintFor(returned: unknown): string | undefined {
  if (returned === undefined) return "is a return missing?";
  return Array.isArray(returned) ? "write stack([…])" : undefined;
}
