// Declarations: which variables a pattern makes, and their first values.

import { destructure } from "./assign.ts";
import type { Meaning } from "./meaning.ts";
import type { Reading } from "./reading.ts";
import type { Pattern, Statement } from "./tree.ts";

/** Names mean what the block declares from its first line on, and have no value before their own. */
export function hoist(x: Reading, statements: readonly Statement[]): void {
  for (const s of statements) {
    if (s.kind === "define") {
      requireNew(x, s.fn.name, s.at);
      x.scope.declare(s.fn.name, { kind: "function", fn: s.fn, scope: x.scope });
    } else if (s.kind === "declare") for (const item of s.items) declare(x, item.pattern, s.isConst);
  }
}

/** Makes a variable for each name of a pattern. */
export function declare(x: Reading, pattern: Pattern, isConst: boolean): void {
  if (pattern.kind === "name") {
    requireNew(x, pattern.name, pattern.at);
    const location = x.location(pattern.name, isConst ? "once" : "plain");
    x.scope.declare(pattern.name, { kind: "variable", location, isConst });
  } else if (pattern.kind === "array-pattern") {
    for (const item of pattern.items) if (item !== null) declare(x, item.pattern, isConst);
  } else if (pattern.kind === "object-pattern") {
    for (const entry of pattern.entries) declare(x, entry.pattern, isConst);
  }
}

function requireNew(x: Reading, name: string, at: number): void {
  if (x.scope.has(name)) x.fail("name", at, `'${name}' is declared twice`, "rename one of them");
}

/** Gives the variables of a pattern their first values. */
export function initialize(x: Reading, pattern: Pattern, m: Meaning, isFresh = false): void {
  destructure(x, pattern, m, (target, part) => {
    const binding = target.kind === "name" ? x.scope.lookup(target.name) : undefined;
    if (binding?.kind === "variable")
      x.state.write(binding.location, x.named(part, binding.location.name, isFresh && pattern.kind === "name"));
  });
}
