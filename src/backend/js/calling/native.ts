// The function on JavaScript's values, in this process. Its checks are generated, so that engines inline it into callers.

import { elementDType } from "../../../ir/index.ts";
import { type LeafKind, leavesOf, type NativeCall } from "../../backend.ts";
import { Names } from "../writing/names.ts";
import type { ArrayCalls } from "./arrays.ts";
import type { Callee, Checks } from "./callee.ts";
import { CallWriter } from "./calling.ts";

/** The most leaves for which code is generated. */
export const most = 200;
/**
 * Extra parameters, to check that no more arguments are passed: `arguments` and rest parameters would cost on every call.
 */
const spare = ["$more0", "$more1", "$more2"];

/**
 * Calls `f` by its convention where the arguments fit, and `otherwise` where they do not; null for tensors, for arrays where
 * `arrays` is null, and for numbers that have to be converted. Errors of `f` go through `failed`. Once an engine inlines the
 * call, escape analysis removes the tuple that a function of several numbers returns.
 */
export function native(
  f: (...args: never[]) => unknown,
  callee: Omit<Callee, "inner">,
  otherwise: NativeCall,
  failed: (error: unknown) => unknown,
  arrays: ArrayCalls | null,
): NativeCall | null {
  const { signature, convention } = callee;
  const leaves = convention.parameters.flatMap((p) => leavesOf(p.structure));
  const isConverted = leaves.some((leaf, i) => leaf === "number" && elementDType(signature.arguments[i]) !== "f64");
  const passed = [...leaves, ...leavesOf(convention.result)];
  const isWritten = arrays === null ? passed.every(isNumber) : !passed.includes("tensor");
  if (leaves.length > most || isConverted || !isWritten) return null;
  const checks = new FallbackChecks();
  const writer = new CallWriter({ ...callee, inner: "$f" }, new Names(), checks, arrays);
  const all = [...writer.parameters, ...spare].join(", ");
  for (const name of spare) checks.require(`${name} === undefined`);
  writer.arguments();
  const mayBeUnfit = [...callee.elementChecked].some((i) => leaves[i] === "number[]");
  const body = [...checks.statements(`return $otherwise(${all});`), ...caught(writer.call(), mayBeUnfit ? all : null)];
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

const isNumber = (leaf: LeafKind): boolean => leaf === "number" || leaf === "boolean";

/** Thrown by generated code at an element that is no number, before it has changed any argument. */
export const unfit = Symbol("an element that is no number");

/** Catches an engine's refusal of memory, and passes `all` arguments to the fallback where an element is no number. */
function caught(lines: readonly string[], all: string | null): readonly string[] {
  if (lines.length === 1 && all === null) return lines;
  const elsewhere = all === null ? [] : [`if ($e === $unfit) return $otherwise(${all});`];
  return ["try {", ...lines, "} catch ($e) {", ...elsewhere, "throw $failed($e);", "}"];
}

/** Checks that go elsewhere where arguments do not fit. */
export class FallbackChecks implements Checks {
  readonly #groups: { readonly line: string | null; readonly tests: string[] }[] = [];

  require(test: string): void {
    const last = this.#groups[this.#groups.length - 1];
    if (last === undefined) this.#groups.push({ line: null, tests: [test] });
    else last.tests.push(test);
  }

  line(text: string): void {
    this.#groups.push({ line: text, tests: [] });
  }

  /** The checks as statements, with one `if` for all tests between two lines. */
  statements(elsewhere: string): readonly string[] {
    return this.#groups.flatMap(({ line, tests }) => [
      ...(line === null ? [] : [line]),
      ...(tests.length === 0 ? [] : [`if (!(${tests.join(" && ")})) ${elsewhere}`]),
    ]);
  }
}
