// Declarations: the variables that a pattern declares, and their first values.

import type { AbstractValue } from "../state/abstract-value.ts";
import { declaredIn, namesOf } from "../syntax/early-errors.ts";
import type { Name, Pattern, Statement } from "../syntax/tree.ts";
import { destructure } from "./assign.ts";
import type { Reading } from "./reading.ts";

/** Hoisting: names are bound from the block's first line on, and have no value before their declaration. */
export function hoist(cx: Reading, statements: readonly Statement[]): void {
  for (const s of statements) {
    if (s.kind === "define") cx.scope.declare(s.fn.name, { kind: "function", fn: s.fn, scope: cx.scope });
    else if (s.kind === "declare") for (const item of s.items) declare(cx, item.pattern, s.isConst);
  }
}

/** Declares a variable for each name of a pattern. */
export function declare(cx: Reading, pattern: Pattern, isConst: boolean): void {
  for (const { name } of namesOf(pattern)) {
    const location = cx.location(name, isConst ? "once" : "plain");
    cx.scope.declare(name, { kind: "variable", location, isConst, isDeclared: false });
  }
}

/** All cases of a switch share one scope, but a case does not run the declarations of the others. */
export function leaveCase(cx: Reading, statements: readonly Statement[]): void {
  for (const { name } of declaredIn(statements)) {
    const binding = cx.scope.own(name);
    if (binding?.kind === "variable") binding.isDeclared = false;
  }
}

/** Gives the variables of a pattern, which this scope declares, their first values. */
export function initialize(cx: Reading, pattern: Pattern, m: AbstractValue): void {
  destructure(cx, pattern, m, (target, item) => {
    const binding = target.kind === "name" ? cx.scope.own(target.name) : undefined;
    if (binding?.kind !== "variable") return;
    binding.isDeclared = true;
    cx.nameArray(item, binding.location.name);
    cx.state.write(binding.location, item);
  });
}

/** `let x;`, which loses its value again in each iteration of a loop. */
export function declareWithoutValue(cx: Reading, { name }: Name): void {
  const binding = cx.scope.own(name);
  if (binding?.kind !== "variable") return;
  binding.isDeclared = true;
  if (cx.state.read(binding.location) !== undefined) cx.state.write(binding.location, undefined);
}
