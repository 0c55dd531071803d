// The text that passes arrays and tensors in calls: functions of numbers do without.

import { dtypes, elementDType, rankedOf, type Type } from "../../../ir/index.ts";
import type { LeafKind } from "../../backend.ts";
import { type Callee, type Checks, type Passed, spellExtent } from "./callee.ts";
import { helperTexts } from "./helper-texts.ts";
import type { Needs } from "./helpers.ts";

/** What is read: the variable, what messages call it, and which of the function's arguments it is. */
interface Argument {
  readonly name: string;
  readonly label: string;
  readonly index: number;
  readonly type: Type;
}

/** The text that reads an argument which is no scalar, to `checks`. */
function read(leaf: LeafKind, argument: Argument, callee: Callee, checks: Checks, needs: Needs): Passed {
  return leaf === "tensor" ? readTensor(argument, checks, needs) : readArray(leaf, argument, callee, checks, needs);
}

function readTensor({ name, label, type }: Argument, checks: Checks, needs: Needs): Passed {
  const { shape } = rankedOf(type);
  const list = shape.map((d) => (typeof d === "number" ? d : "null"));
  const array = dtypes[elementDType(type) ?? "f64"].array.name;
  needs.add("tensor").add("shape");
  checks.line(`const ${name}$ = $tensor(${name}, ${array}, [${list.join(", ")}], ${JSON.stringify(label)});`);
  const extents = shape.map((_, axis) => `${name}$.shape[${axis}]`);
  return { text: `${name}$.data`, given: name, leaf: "tensor", extents, label };
}

function readArray(
  leaf: LeafKind,
  { name, label, index }: Argument,
  callee: Callee,
  checks: Checks,
  needs: Needs,
): Passed {
  const isPlain = leaf === "number[]";
  const complaint = JSON.stringify(`${label} is no ${isPlain ? "array of numbers" : leaf}`);
  if (!isPlain) checks.require(`${name} instanceof ${leaf}`, complaint);
  else if (callee.elementChecked.has(index)) checks.require(`Array.isArray(${name})`, complaint);
  else {
    needs.add("numbers").add("position");
    checks.require(`$numbers(${name})`, `${complaint} + $position(${name})`);
  }
  const passed = { text: name, given: name, leaf, extents: [`${name}.length`], label };
  if (!isPlain || callee.func.roles[index] !== "inout" || callee.elementChecked.has(index)) return passed;
  // as a whole, only typed arrays are written to
  checks.line(`const ${name}$ = Float64Array.from(${name});`);
  return { ...passed, text: `${name}$` };
}

/** An array that is written to shares no memory with any other argument. */
function requireApart({ convention }: Callee, passed: readonly Passed[], checks: Checks, needs: Needs): void {
  for (const i of convention.written)
    for (const [k, other] of passed.entries()) if (k !== i) requireTwoApart(passed[i], other, checks, needs);
}

function requireTwoApart(a: Passed, b: Passed, checks: Checks, needs: Needs): void {
  const isArray = (p: Passed): boolean => p.extents.length === 1 && p.leaf !== "tensor";
  if (!isArray(a) || !isArray(b) || (a.leaf === "number[]") !== (b.leaf === "number[]")) return;
  if (a.leaf !== "number[]") needs.add("apart");
  const test = a.leaf === "number[]" ? `${a.given} !== ${b.given}` : `$apart(${a.given}, ${b.given})`;
  checks.require(test, JSON.stringify(`${a.label} is written to, and ${b.label} is the same array: pass a copy`));
}

function writeBack({ given, leaf }: Passed, from: string, needs: Needs): string {
  if (leaf !== "number[]") return `${given}.set(${from});`;
  needs.add("put");
  return `$put(${from}, ${given});`;
}

/** A result as a value of JavaScript. */
function result(leaf: LeafKind, text: string, type: Type, needs: Needs): string {
  if (leaf === "tensor") return `{ data: ${text}, shape: [${rankedOf(type).shape.map(spellExtent).join(", ")}] }`;
  const [, row] = /^(.*\[\]|.*Array)\[\]$/.exec(leaf) ?? [];
  if (row !== undefined) {
    needs.add("put").add("rows");
    return `$rows(${text}, ${rankedOf(type).shape.map(spellExtent).join(", ")}, ${row === "number[]" ? "Array" : row})`;
  }
  if (leaf !== "number[]") return text;
  needs.add("put").add("list");
  return `$list(${text})`;
}

export const arrayCalls = { read, requireApart, writeBack, result, helperTexts };

/** What a call that passes arrays or tensors needs. */
export type ArrayCalls = typeof arrayCalls;
