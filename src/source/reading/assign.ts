// Assignments: to variables, elements and fields, one at a time or by a pattern.

import { type AbstractNumber, type AbstractValue, type Cell, describeValue } from "../state/abstract-value.ts";
import type { Location } from "../state/location.ts";
import type { BinaryOperator, Element, Expression, Of, Pattern, Target } from "../syntax/tree.ts";
import { binary, truth } from "./arithmetic.ts";
import { fieldOf, readElement, requireWritable, writeElement } from "./arrays.ts";
import { requireBounded } from "./bounded.ts";
import { branch } from "./branch.ts";
import { builtinMember, isBuiltinName } from "./builtins.ts";
import type { Reading } from "./reading.ts";

/** An lvalue: its object and index are evaluated once, however often it is read and written. */
interface LValue {
  /** The name that a value computed for it takes: that of a variable, and null for a field or element. */
  readonly name: string | null;
  read(): AbstractValue;
  write(m: AbstractValue): void;
}

export function lvalueOf(cx: Reading, target: Target): LValue {
  switch (target.kind) {
    case "name":
      return variable(cx, target.name, target.at);
    case "member":
      return field(cx, target);
    case "index": {
      const cell = cx.reference(cx.evaluators.evaluate(cx, target.object), target.at, "an array");
      const index = cx.index(cx.evaluators.evaluate(cx, target.index), target.index.at);
      return element(cx, cell, index, target.at);
    }
  }
}

function element(cx: Reading, cell: Cell, index: AbstractNumber, at: number): LValue {
  return {
    name: null,
    read: () => readElement(cx, cell, index, at),
    write: (m) => writeElement(cx, cell, index, m, at),
  };
}

function variable(cx: Reading, name: string, at: number): LValue {
  const binding = cx.scope.lookup(name);
  if (binding === undefined) {
    const hint = "copy it into a variable";
    if (cx.file.functions.has(name))
      return cx.fail("unsupported", at, `'${name}' is a function`, "functions keep their meaning");
    if (cx.file.constants.has(name)) return cx.fail("name", at, `'${name}' is a constant`, hint);
    if (isBuiltinName(name)) return cx.fail("name", at, `'${name}' is JavaScript's own`, hint);
    return cx.fail(
      "name",
      at,
      `'${name}' is not declared`,
      cx.suggestion(name, cx.scope.names()) ?? "declare it with let",
    );
  }
  if (binding.kind === "function")
    return cx.fail("unsupported", at, `'${name}' is a function`, "functions keep their meaning");
  const { location, isConst, isDeclared } = binding;
  return {
    name: location.name,
    read: () => cx.state.read(location) ?? cx.fail("name", at, `'${name}' is read before it has a value on every path`),
    write: (m) => {
      if (!isDeclared) cx.fail("name", at, `'${name}' is assigned to before it is declared`, "declare it above");
      if (isConst) cx.fail("name", at, `'${name}' is a constant`, "declare it with let");
      writeVariable(cx, location, m, at);
    },
  };
}

/** Writes a variable, which keeps its type. */
export function writeVariable(cx: Reading, location: Location, m: AbstractValue, at: number): void {
  const before = cx.state.read(location);
  if (before !== undefined && before.kind !== m.kind)
    cx.fail(
      "dtype",
      at,
      `${location.described} is ${describeValue(before)}, and gets ${describeValue(m)}`,
      "a variable keeps one type",
    );
  if (m.kind === "function" && before !== undefined)
    cx.fail(
      "unsupported",
      at,
      `'${location.name}' is a function, and gets another one`,
      "call one or the other, in an if",
    );
  cx.nameArray(m, location.name);
  cx.state.write(location, m);
}

function field(cx: Reading, target: Extract<Target, { kind: "member" }>): LValue {
  const object = cx.evaluators.evaluate(cx, target.object);
  const cell = cx.reference(object, target.at, "an object");
  const found = cell.kind === "record" && !cell.isTuple ? cell.fields.get(target.name) : undefined;
  if (found === undefined) {
    const reason = `${describeValue(object)} has no field '${target.name}' to assign to`;
    return cx.fail("name", target.at, reason, "an object has the fields of its literal");
  }
  return {
    name: null,
    read: () => fieldOf(cx, found, target.at),
    write: (m) => {
      requireWritable(cx, cell, target.name, target.at);
      writeVariable(cx, found, m, target.at);
      if (m.kind === "reference") requireBounded(cx, object, target.at);
    },
  };
}

// ---- the operators --------------------------------------------------------------------------------------------------

/** `x += y`, `x ||= y`: the lvalue is read before the right side. */
export function assign(cx: Reading, e: Of<"assign">): AbstractValue {
  const lvalue = lvalueOf(cx, e.target as Target);
  const before = lvalue.read();
  if (e.operator === "&&" || e.operator === "||") return assignLazily(cx, e, lvalue, before);
  const m = binary(cx, e.operator as BinaryOperator, before, cx.evaluators.evaluate(cx, e.value), e.at, lvalue.name);
  lvalue.write(m);
  return m;
}

/** The value of the assignment is the right side's, before an array rounds it. */
function assignLazily(cx: Reading, e: Of<"assign">, lvalue: LValue, before: AbstractValue): AbstractValue {
  const test = truth(cx, before, e.at);
  const result = cx.location("value", "guarded");
  const give = (m: AbstractValue): void => cx.state.write(result, m);
  const write = (): void => {
    const m = cx.evaluators.evaluate(cx, e.value, lvalue.name);
    lvalue.write(m);
    give(m);
  };
  const stay = (): void => give(before);
  branch(cx, test, e.at, ...(e.operator === "&&" ? ([write, stay] as const) : ([stay, write] as const)));
  const m = cx.state.held(result);
  cx.state.write(result, undefined);
  return m;
}

export function update(cx: Reading, e: Of<"update">): AbstractValue {
  const lvalue = lvalueOf(cx, e.target);
  const before = cx.toNumber(lvalue.read(), e.at);
  const after = binary(cx, e.operator, before, cx.number(1), e.at, lvalue.name);
  lvalue.write(after);
  return e.isPrefix ? after : before;
}

// ---- patterns -------------------------------------------------------------------------------------------------------

/** Stores a value that a pattern takes out: a declaration into a new variable, an assignment into an lvalue. */
export type Put = (target: Target, m: AbstractValue) => void;

/** `target = value`, `[a, b] = value`. */
export function assignPattern(cx: Reading, pattern: Pattern, value: Expression): AbstractValue {
  if (pattern.kind !== "array-pattern" && pattern.kind !== "object-pattern") {
    const lvalue = lvalueOf(cx, pattern);
    const m = cx.evaluators.evaluate(cx, value, lvalue.name);
    lvalue.write(m);
    return m;
  }
  const m = cx.evaluators.evaluate(cx, value);
  destructure(cx, pattern, m, (target, item) => lvalueOf(cx, target).write(item));
  return m;
}

/** Destructures a value by a pattern. */
export function destructure(cx: Reading, pattern: Pattern, m: AbstractValue, put: Put): void {
  if (pattern.kind === "array-pattern") {
    const cell = cx.reference(m, pattern.at, "an array or a tuple");
    for (const [i, item] of pattern.items.entries()) {
      if (item === null) continue;
      const isMissing =
        cell.kind === "record" ? i >= cell.fields.size : typeof cell.length === "number" && i >= cell.length;
      const element = isMissing ? null : readElement(cx, cell, cx.number(i), item.pattern.at);
      destructure(cx, item.pattern, orDefault(cx, element, item, `index ${i}`), put);
    }
  } else if (pattern.kind === "object-pattern" && m.kind === "builtin") {
    for (const entry of pattern.entries)
      destructure(cx, entry.pattern, builtinMember(cx, m, entry.key, entry.pattern.at), put);
  } else if (pattern.kind === "object-pattern") {
    const cell = cx.reference(m, pattern.at, "an object");
    if (cell.kind === "array" || cell.isTuple) {
      cx.fail("dtype", pattern.at, `got ${describeValue(m)}, expected an object`);
      return;
    }
    for (const entry of pattern.entries) {
      const found = cell.fields.get(entry.key);
      const field = found === undefined ? null : fieldOf(cx, found, entry.pattern.at);
      if (field === null && entry.key in Object.prototype)
        cx.fail("name", entry.pattern.at, `'${entry.key}' of an object is JavaScript's own`, "take another name");
      destructure(cx, entry.pattern, orDefault(cx, field, entry, `field '${entry.key}'`), put);
    }
  } else put(pattern, m);
}

/** The value, or the pattern's default where it is missing or undefined. */
function orDefault(cx: Reading, m: AbstractValue | null, { fallback, pattern }: Element, what: string): AbstractValue {
  if (fallback !== null && (m === null || m.kind === "nothing")) return cx.evaluators.evaluate(cx, fallback);
  return m ?? cx.fail("name", pattern.at, `what is taken apart has no ${what}`);
}
