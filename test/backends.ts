// What the tests of backends share: arrays from nested lists, and running a function in every way there is.

import { expect } from "vitest";
import { loopPipeline } from "../passes/index.ts";
import { type Executable, interpret, jsBackend } from "../src/backend/index.ts";
import { type DType, dtypes, findFunc, type Module, type NdArray, signatureOf, verify } from "../src/ir/index.ts";
import { parse, standardOps } from "../src/ops/index.ts";
import { Pipeline, runPass } from "../src/rewrite/index.ts";

export type Nested = number | boolean | readonly Nested[];

/** An array from nested lists; the shape is theirs. */
export function nd(dtype: DType, nested: Nested, shape?: readonly number[]): NdArray {
  const found: number[] = [];
  for (let at = nested; Array.isArray(at); at = at[0]) found.push(at.length);
  const flat = (Array.isArray(nested) ? nested.flat(9) : [nested]) as (number | boolean)[];
  return { dtype, shape: shape ?? found, data: new dtypes[dtype].array(flat.map(Number)) };
}

export const f64 = (x: Nested, shape?: readonly number[]): NdArray => nd("f64", x, shape);
export const f32 = (x: Nested, shape?: readonly number[]): NdArray => nd("f32", x, shape);
export const i32 = (x: Nested, shape?: readonly number[]): NdArray => nd("i32", x, shape);

/** The passes of the loop level that backends rely on; those between them make code simpler. */
const lowering = new Pipeline(loopPipeline.stages.filter(({ group }) => group === undefined));

/** What was lowered: one function runs with several arguments, in several ways. */
const knownLowered = new WeakMap<Module, Module>();

export function lower(module: Module): Module {
  let lowered = knownLowered.get(module);
  if (lowered === undefined) {
    verify(module);
    lowered = lowering.run(module, (pass, before) => runPass(pass, before, { ops: standardOps, fast: false }));
    verify(lowered, { level: "loop" });
    knownLowered.set(module, lowered);
  }
  return lowered;
}

export function compileJs(module: Module, entry: string, observe?: (name: string, value: NdArray) => void) {
  const func = findFunc(module, entry);
  if (func === undefined) throw new Error(`no @${entry}`);
  return jsBackend.compile(lower(module), { entry, signature: signatureOf(func), observe });
}

/** The lowered function through the interpreter: results of rank above 0 in memory that stands behind the arguments. */
export function interpretLowered(
  module: Module,
  entry: string,
  args: readonly NdArray[],
  like: readonly NdArray[],
): NdArray[] {
  const outputs = like.map((r) => (r.shape.length === 0 ? null : { ...r, data: r.data.slice().fill(0) }));
  const scalars = interpret(lower(module), entry, [...args, ...outputs.filter((o) => o !== null)]);
  let next = 0;
  return outputs.map((o) => o ?? scalars[next++]);
}

/** The same dtypes, shapes and bits. */
export function same(got: readonly NdArray[], expected: readonly NdArray[]): void {
  expect(got.length).toBe(expected.length);
  const differs = expected.findIndex((e, i) => !sameArray(got[i], e));
  if (differs >= 0) expect(got[differs]).toEqual(expected[differs]);
}

export function sameArray(a: NdArray, b: NdArray): boolean {
  return a.dtype === b.dtype && a.shape.join() === b.shape.join() && a.data.every((x, i) => Object.is(x, b.data[i]));
}

/** The last program that ran in every way: most run with several arguments. */
let last: { readonly text: string; readonly entry: string; readonly module: Module; readonly js: Executable } | null =
  null;

/** Runs a function in every way there is; all give the same bits. */
export function everyWay(text: string, entry: string, args: readonly NdArray[]): readonly NdArray[] {
  if (last?.text !== text || last.entry !== entry) {
    const module = parse(text);
    last = { text, entry, module, js: compileJs(module, entry) };
  }
  const { module, js } = last;
  const expected = interpret(module, entry, args);
  same(interpretLowered(module, entry, args, expected), expected);
  same(js.run(args), expected);
  return expected;
}

export function values(arrays: readonly NdArray[]): number[][] {
  return arrays.map((a) => [...a.data]);
}
