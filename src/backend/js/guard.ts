// The scalar function behind a check of its arguments: generated, so that engines inline the function into its callers.

import { elementDType, type Type } from "../../ir/index.ts";
import type { Executable } from "../backend.ts";

type Call = (...args: unknown[]) => unknown;

/** More parameters than this are not written out. */
const most = 200;
/** Parameters behind the last, to see that nothing is passed there: `arguments` and rest parameters cost on every call. */
const spare = ["more0", "more1", "more2"];

/**
 * `f` where the arguments are as many plain numbers (booleans) as it takes, else `otherwise`; null for other types, whose
 * numbers have to be converted.
 */
export function guard(f: NonNullable<Executable["scalar"]>, types: readonly Type[], otherwise: Call): Call | null {
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
  return ${tests.join(" && ")} ? f(${names.join(", ")}) : otherwise(${all});
};`;
  const guarded = new Function("f", "otherwise", text)(f, otherwise) as Call;
  return Object.defineProperty(guarded, "length", { value: types.length });
}

/** What JavaScript calls a value that needs no conversion to the type. */
function plainKind(type: Type): "number" | "boolean" | null {
  const dtype = elementDType(type);
  return dtype === "bool" ? "boolean" : dtype === "f64" ? "number" : null;
}
