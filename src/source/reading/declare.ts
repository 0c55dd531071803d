// Declarations: which variables a pattern makes, and their first values.

import type { Meaning } from "../state/meaning.ts";
import { declaredIn, namesOf } from "../syntax/early-errors.ts";
import type { Name, Pattern, Statement } from "../syntax/tree.ts";
import { destructure } from "./assign.ts";
import type { Reading } from "./reading.ts";

/** Names mean what the block declares from its first line on, and have no value before their own. */
export function hoist(x: Reading, statements: readonly Statement[]): void {
  for (const s of statements) {
    if (s.kind === "define") x.scope.declare(s.fn.name, { kind: "function", fn: s.fn, scope: x.scope });
    else if (s.kind === "declare") for (const item of s.items) declare(x, item.pattern, s.isConst);
  }
}

/** Makes a variable for each name of a pattern. */
export function declare(x: Reading, pattern: Pattern, isConst: boolean): void {
  for (const { name } of namesOf(pattern)) {
    const location = x.location(name, isConst ? "once" : "plain");
    x.scope.declare(name, { kind: "variable", location, isConst, isDeclared: false });
  }
}

/** The other cases of a switch see the names of one, and do not get past their declarations. */
export function leaveCase(x: Reading, statements: readonly Statement[]): void {
  for (const { name } of declaredIn(statements)) {
    const binding = x.scope.own(name);
    if (binding?.kind === "variable") binding.isDeclared = false;
  }
}

/** Gives the variables of a pattern, which this scope declares, their first values. */
export function initialize(x: Reading, pattern: Pattern, m: Meaning, isFresh = false): void {
  destructure(x, pattern, m, (target, part) => {
    const binding = target.kind === "name" ? x.scope.own(target.name) : undefined;
    if (binding?.kind !== "variable") return;
    binding.isDeclared = true;
    x.state.write(binding.location, x.named(part, binding.location.name, isFresh && pattern.kind === "name"));
  });
}

/** `let x;`, which has no value again at each step of a loop. */
export function declareWithoutValue(x: Reading, { name }: Name): void {
  const binding = x.scope.own(name);
  if (binding?.kind !== "variable") return;
  binding.isDeclared = true;
  if (x.state.read(binding.location) !== undefined) x.state.write(binding.location, undefined);
}
