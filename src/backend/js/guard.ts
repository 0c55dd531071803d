// The scalar function behind a check of its arguments: generated, so that engines inline the function into its callers.

import { elementDType, type Type } from "../../ir/index.ts";
import type { Arrangement, Executable } from "../backend.ts";

type Call = (...args: unknown[]) => unknown;

/** More parameters than this are not written out. */
const most = 200;
/** Parameters behind the last, to see that nothing is passed there: `arguments` and rest parameters cost on every call. */
const spare = ["more0", "more1", "more2"];

/**
 * `f` where the arguments are as many plain numbers (booleans) as it takes, else `otherwise`; null for other types, whose
 * numbers have to be converted. The tuple that `f` makes is gone once engines put `f` in place.
 */
export function guard(
  f: NonNullable<Executable["scalar"]>,
  types: readonly Type[],
  results: Arrangement,
  otherwise: Call,
): Call | null {
  const kinds = types.map(plainKind);
  if (types.length > most || kinds.includes(null)) return null;
  const names = types.map((_, i) => `a${i}`);
  // a missing argument is undefined, which fails its test
  const tests = [
    ...kinds.map((kind, i) => `typeof a${i} === "${kind}"`),
    ...spare.map((name) => `${name} === undefined`),
  ];
  const all = [...names, ...spare].join(", ");
  const text = `"use strict";
return function (${all}) {
  if (!(${tests.join(" && ")})) return otherwise(${all});
  ${handOut(`f(${names.join(", ")})`, results)}
};`;
  const guarded = new Function("f", "otherwise", text)(f, otherwise) as Call;
  return Object.defineProperty(guarded, "length", { value: types.length });
}

/** The results of a call in their arrangement. */
export function handOut(call: string, results: Arrangement): string {
  const count = leavesOf(results);
  const isTuple = count > 1 && Array.isArray(results) && results.every((part) => part === null);
  if (results === null || isTuple) return `return ${call};`;
  let next = 0;
  return `const r = ${call};\n  return ${arrange(results, () => (count === 1 ? "r" : `r[${next++}]`))};`;
}

/** Literals of arrays and objects around what `leaf` gives, from left to right. */
export function arrange(results: Arrangement, leaf: () => string): string {
  if (results === null) return leaf();
  if (isList(results)) return `[${results.map((part) => arrange(part, leaf)).join(", ")}]`;
  // computed keys, since __proto__ as a plain one is none
  const entries = Object.entries(results).map(([key, part]) => `[${JSON.stringify(key)}]: ${arrange(part, leaf)}`);
  return `{ ${entries.join(", ")} }`;
}

export function isList(results: NonNullable<Arrangement>): results is readonly Arrangement[] {
  return Array.isArray(results);
}

function leavesOf(results: Arrangement): number {
  return results === null ? 1 : Object.values(results).reduce((n, part) => n + leavesOf(part), 0);
}

/** What JavaScript calls a value that needs no conversion to the type. */
function plainKind(type: Type): "number" | "boolean" | null {
  const dtype = elementDType(type);
  return dtype === "bool" ? "boolean" : dtype === "f64" ? "number" : null;
}
