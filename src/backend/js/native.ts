// The function on JavaScript's values, in this process: its checks are generated, so that engines inline it into callers.

import { elementDType } from "../../ir/index.ts";
import { leavesOf, type NativeCall } from "../backend.ts";
import { type Callee, CallWriter, type Checks } from "./calling.ts";
import { Names } from "./names.ts";

/** More leaves than this are not written out. */
const most = 200;
/** Parameters behind the last, to see that nothing is passed there: `arguments` and rest parameters cost on every call. */
const spare = ["$more0", "$more1", "$more2"];

/**
 * `f` by its convention where the arguments fit, else `otherwise`; null for tensors, and for numbers that have to be
 * converted. What `f` throws goes through `failed`. The tuple that a function of numbers makes is gone once engines put it
 * in place.
 */
export function native(
  f: (...args: never[]) => unknown,
  callee: Omit<Callee, "inner">,
  otherwise: NativeCall,
  failed: (error: unknown) => unknown,
): NativeCall | null {
  const { signature, convention } = callee;
  const leaves = convention.parameters.flatMap((p) => leavesOf(p.structure));
  const isConverted = leaves.some((leaf, i) => leaf === "number" && elementDType(signature.arguments[i]) !== "f64");
  if (leaves.length > most || isConverted || [...leaves, ...leavesOf(convention.result)].includes("tensor"))
    return null;
  const checks = new Handing();
  const writer = new CallWriter({ ...callee, inner: "$f" }, new Names(), checks);
  const all = [...writer.parameters, ...spare].join(", ");
  for (const name of spare) checks.require(`${name} === undefined`);
  writer.arguments();
  const mayBeUnfit = [...callee.seen].some((i) => leaves[i] === "number[]");
  const body = [...checks.written(all), ...caught(writer.call(), mayBeUnfit ? all : null)];
  const declared = [...(writer.declared === "" ? [] : [writer.declared]), ...spare].join(", ");
  writer.needs.delete("position");
  const text = `"use strict";
${writer.helpers.join("\n")}
return function (${declared}) {
  ${body.join("\n  ")}
};`;
  const given = { $f: f, $otherwise: otherwise, $failed: failed, $unfit: unfit };
  const call = new Function(...Object.keys(given), text)(...Object.values(given)) as NativeCall;
  const fallback = convention.parameters.findIndex((p) => p.fallback !== undefined);
  return Object.defineProperty(call, "length", { value: fallback < 0 ? convention.parameters.length : fallback });
}

/** What generated code throws where it reads an element that is no number: the arguments, which it has not changed, do not fit. */
export const unfit = Symbol("an element that is no number");

/** Memory may be refused where there are arrays; `all` arguments go elsewhere where an element is found not to fit. */
function caught(lines: readonly string[], all: string | null): readonly string[] {
  if (lines.length === 1 && all === null) return lines;
  const elsewhere = all === null ? [] : [`if ($e === $unfit) return $otherwise(${all});`];
  return ["try {", ...lines, "} catch ($e) {", ...elsewhere, "throw $failed($e);", "}"];
}

/** Arguments that do not fit go elsewhere. */
class Handing implements Checks {
  readonly #parts: { readonly line: string | null; readonly tests: string[] }[] = [];

  require(test: string): void {
    const last = this.#parts[this.#parts.length - 1];
    if (last === undefined) this.#parts.push({ line: null, tests: [test] });
    else last.tests.push(test);
  }

  line(text: string): void {
    this.#parts.push({ line: text, tests: [] });
  }

  /** One `if` for all tests between two lines. */
  written(all: string): readonly string[] {
    return this.#parts.flatMap(({ line, tests }) => [
      ...(line === null ? [] : [line]),
      ...(tests.length === 0 ? [] : [`if (!(${tests.join(" && ")})) return $otherwise(${all});`]),
    ]);
  }
}
