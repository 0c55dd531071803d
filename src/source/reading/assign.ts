// Assignments: to variables, elements and fields, one at a time or by a pattern.

import type { Location } from "../state/location.ts";
import { type Cell, describeMeaning, type Meaning, type NumberMeaning } from "../state/meaning.ts";
import type { BinaryOperator, Element, Expression, Of, Pattern, Target } from "../syntax/tree.ts";
import { binary, truth } from "./arithmetic.ts";
import { fieldOf, readElement, requireWritable, writeElement } from "./arrays.ts";
import { builtinMember, isBuiltinName } from "./builtins.ts";
import { branch } from "./paths.ts";
import type { Reading } from "./reading.ts";
import { requireWhole } from "./wholes.ts";

/** A place that was looked up: what was evaluated to find it is not evaluated again. */
interface Place {
  read(): Meaning;
  /** Gives what stands there then. A fresh value is one that nothing else has. */
  write(m: Meaning, isFresh: boolean): Meaning;
}

export function placeOf(x: Reading, target: Target): Place {
  switch (target.kind) {
    case "name":
      return variable(x, target.name, target.at);
    case "member":
      return field(x, target);
    case "index": {
      const cell = x.reference(x.verbs.evaluate(x, target.object), target.at, "an array");
      const index = x.index(x.verbs.evaluate(x, target.index), target.index.at);
      return element(x, cell, index, target.at);
    }
  }
}

function element(x: Reading, cell: Cell, index: NumberMeaning, at: number): Place {
  return {
    read: () => readElement(x, cell, index, at),
    write: (m) => {
      writeElement(x, cell, index, m, at);
      return m;
    },
  };
}

function variable(x: Reading, name: string, at: number): Place {
  const binding = x.scope.lookup(name);
  if (binding === undefined) {
    const hint = "copy it into a variable";
    if (x.file.functions.has(name))
      return x.fail("unsupported", at, `'${name}' is a function`, "functions keep their meaning");
    if (x.file.constants.has(name)) return x.fail("name", at, `'${name}' is a constant`, hint);
    if (isBuiltinName(name)) return x.fail("name", at, `'${name}' is JavaScript's own`, hint);
    return x.fail(
      "name",
      at,
      `'${name}' is not declared`,
      x.suggestion(name, x.scope.names()) ?? "declare it with let",
    );
  }
  if (binding.kind === "function")
    return x.fail("unsupported", at, `'${name}' is a function`, "functions keep their meaning");
  const { location, isConst, isDeclared } = binding;
  return {
    read: () => x.state.read(location) ?? x.fail("name", at, `'${name}' is read before it has a value on every path`),
    write: (m, isFresh) => {
      if (!isDeclared) x.fail("name", at, `'${name}' is assigned to before it is declared`, "declare it above");
      if (isConst) x.fail("name", at, `'${name}' is a constant`, "declare it with let");
      return writeVariable(x, location, m, at, isFresh);
    },
  };
}

/** A variable keeps the type that it has. */
export function writeVariable(x: Reading, location: Location, m: Meaning, at: number, isFresh: boolean): Meaning {
  const before = x.state.read(location);
  if (before !== undefined && before.kind !== m.kind)
    x.fail(
      "dtype",
      at,
      `${location.described} is ${describeMeaning(before)}, and gets ${describeMeaning(m)}`,
      "a variable keeps one type",
    );
  if (m.kind === "function" && before !== undefined)
    x.fail(
      "unsupported",
      at,
      `'${location.name}' is a function, and gets another one`,
      "call one or the other, in an if",
    );
  const named = x.named(m, location.name, isFresh);
  x.state.write(location, named);
  return named;
}

function field(x: Reading, target: Extract<Target, { kind: "member" }>): Place {
  const object = x.verbs.evaluate(x, target.object);
  const cell = x.reference(object, target.at, "an object");
  const found = cell.kind === "record" && !cell.isTuple ? cell.fields.get(target.name) : undefined;
  if (found === undefined) {
    const reason = `${describeMeaning(object)} has no field '${target.name}' to assign to`;
    return x.fail("name", target.at, reason, "an object has the fields of its literal");
  }
  return {
    read: () => fieldOf(x, found, target.at),
    write: (m) => {
      requireWritable(x, cell, target.name, target.at);
      const written = writeVariable(x, found, m, target.at, false);
      if (m.kind === "reference") requireWhole(x, object, target.at);
      return written;
    },
  };
}

/** Whether an expression gives a value that nothing else has. */
export function makesValue(e: Expression): boolean {
  return e.kind === "binary" || e.kind === "index" || (e.kind === "unary" && e.operator !== "+");
}

// ---- the operators --------------------------------------------------------------------------------------------------

/** `x += y`, `x ||= y`: what stands there is read before the right side. */
export function assign(x: Reading, e: Of<"assign">): Meaning {
  const place = placeOf(x, e.target as Target);
  const before = place.read();
  if (e.operator === "&&" || e.operator === "||") return assignLazily(x, e, place, before);
  return place.write(binary(x, e.operator as BinaryOperator, before, x.verbs.evaluate(x, e.value), e.at), true);
}

/** Its value is what was assigned, not what an array makes of it. */
function assignLazily(x: Reading, e: Of<"assign">, place: Place, before: Meaning): Meaning {
  const test = truth(x, before, e.at);
  const result = x.location("value", "guarded");
  const give = (m: Meaning): void => x.state.write(result, m);
  const write = (): void => give(place.write(x.verbs.evaluate(x, e.value), makesValue(e.value)));
  const stay = (): void => give(before);
  branch(x, test, e.at, ...(e.operator === "&&" ? ([write, stay] as const) : ([stay, write] as const)));
  const m = x.state.read(result) as Meaning;
  x.state.write(result, undefined);
  return m;
}

export function update(x: Reading, e: Of<"update">): Meaning {
  const place = placeOf(x, e.target);
  const before = x.toNumber(place.read(), e.at);
  const after = place.write(binary(x, e.operator, before, x.number(1), e.at), true);
  return e.isPrefix ? after : before;
}

// ---- patterns -------------------------------------------------------------------------------------------------------

/** What a pattern puts its parts into: a declaration makes variables, an assignment finds them. */
export type Put = (target: Target, m: Meaning) => void;

/** `target = value`, `[a, b] = value`. */
export function assignPattern(x: Reading, pattern: Pattern, value: Expression): Meaning {
  if (pattern.kind !== "array-pattern" && pattern.kind !== "object-pattern") {
    const place = placeOf(x, pattern);
    return place.write(x.verbs.evaluate(x, value), makesValue(value));
  }
  const m = x.verbs.evaluate(x, value);
  destructure(x, pattern, m, (target, part) => void placeOf(x, target).write(part, false));
  return m;
}

/** Takes a value apart. */
export function destructure(x: Reading, pattern: Pattern, m: Meaning, put: Put): void {
  if (pattern.kind === "array-pattern") {
    const cell = x.reference(m, pattern.at, "an array or a tuple");
    for (const [i, item] of pattern.items.entries()) {
      if (item === null) continue;
      const isMissing =
        cell.kind === "record" ? i >= cell.fields.size : typeof cell.length === "number" && i >= cell.length;
      const part = isMissing ? null : readElement(x, cell, x.number(i), item.pattern.at);
      destructure(x, item.pattern, partOf(x, part, item, `index ${i}`), put);
    }
  } else if (pattern.kind === "object-pattern" && m.kind === "builtin") {
    for (const { key, pattern: part } of pattern.entries) destructure(x, part, builtinMember(x, m, key, part.at), put);
  } else if (pattern.kind === "object-pattern") {
    const cell = x.reference(m, pattern.at, "an object");
    if (cell.kind === "array" || cell.isTuple) {
      x.fail("dtype", pattern.at, `got ${describeMeaning(m)}, expected an object`);
      return;
    }
    for (const entry of pattern.entries) {
      const found = cell.fields.get(entry.key);
      const part = found === undefined ? null : fieldOf(x, found, entry.pattern.at);
      if (part === null && entry.key in Object.prototype)
        x.fail("name", entry.pattern.at, `'${entry.key}' of an object is JavaScript's own`, "take another name");
      destructure(x, entry.pattern, partOf(x, part, entry, `field '${entry.key}'`), put);
    }
  } else put(pattern, m);
}

/** What is not there or undefined is what the pattern says instead. */
function partOf(x: Reading, part: Meaning | null, { fallback, pattern }: Element, what: string): Meaning {
  if (fallback !== null && (part === null || part.kind === "nothing")) return x.verbs.evaluate(x, fallback);
  return part ?? x.fail("name", pattern.at, `what is taken apart has no ${what}`);
}
