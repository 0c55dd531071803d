// A scalar function behind a check of its arguments: generated, so that engines inline the function into its callers.

import { elementDType, type Type } from "../ir/index.ts";

type Call = (...args: unknown[]) => unknown;

/** More parameters than this are not written out. */
const most = 200;

/** `f` where every argument is a plain number (boolean), else the general way, which converts or says what is wrong. */
export function guard(
  name: string,
  f: Call | ((...args: never[]) => unknown),
  types: readonly Type[],
  general: Call,
): Call {
  if (types.length > most) return general;
  const parameters = types.map((_, i) => `a${i}`);
  const tests = types.map((type, i) => `typeof a${i} === "${elementDType(type) === "bool" ? "boolean" : "number"}"`);
  const exact = ["f64", "bool"];
  const isExact = types.every((type) => exact.includes(elementDType(type) ?? ""));
  if (!isExact) return general;
  // a missing argument is undefined, which fails its test; no `arguments`, which costs on every call
  const condition = tests.join(" && ") || "true";
  // the name is the IR's, an identifier or not: it is a property of the function, never text of it
  const text = `return function (${parameters.join(", ")}) { return ${condition} ? f(${parameters.join(", ")}) : general(${parameters.join(", ")}); }`;
  const guarded = new Function("f", "general", text)(f, general) as Call;
  Object.defineProperty(guarded, "name", { value: name });
  return guarded;
}
