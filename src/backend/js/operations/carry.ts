// Values that loops carry: variables that are assigned at the end of the body.

import { type Value, ValueMap } from "../../../ir/index.ts";
import { longestLine, type Scope } from "../writing/text.ts";
import type { FunctionWriter } from "../writing/writer.ts";

/** `let acc = zero;` for each carried value, where they are many several on a line. */
export function declareCarry(w: FunctionWriter, carry: readonly Value[], inits: readonly Value[], scope: Scope): void {
  const texts = carry.map((v, k) => `${w.define(v, scope, "carry")} = ${w.expression(inits[k], scope)}`);
  if (texts.length < many) scope.lines.push(...texts.map((text) => `let ${text};`));
  else scope.lines.push(...lines(texts).map((line) => `let ${line};`));
}

/** As many as this are not read one by one. */
const many = 6;

/** The texts between commas, as many on a line as there is room for. */
function lines(texts: readonly string[]): readonly string[] {
  const all: string[] = [];
  for (const text of texts) {
    const joined = all.length === 0 ? text : `${all[all.length - 1]}, ${text}`;
    if (all.length > 0 && joined.length <= longestLine) all[all.length - 1] = joined;
    else all.push(text);
  }
  return all;
}

/** Carried values change in the loop: expressions of them are not hoisted out of it. */
export function enter(values: readonly Value[], inner: Scope): void {
  for (const v of values) inner.text.depths.set(v, inner.depth);
}

/** Behind the loop the carried values are constant again. */
export function leave(carry: readonly Value[], scope: Scope): void {
  for (const v of carry) scope.text.depths.set(v, scope.depth);
}

/** A parallel assignment: a carried value that becomes another's next value is saved before it is overwritten. */
export function assign(w: FunctionWriter, carry: readonly Value[], next: readonly Value[], scope: Scope): void {
  const sources = next.map((v) => w.facts.canonical(v));
  const isAssigned = (k: number): boolean => {
    const variable = w.facts.variableOf(sources[k]);
    return variable !== undefined && w.facts.canonical(variable) === carry[k];
  };
  const changed = carry.filter((v, k) => sources[k] !== v && !isAssigned(k));
  const saved = new ValueMap<string>();
  for (const source of sources) {
    if (!changed.includes(source) || saved.has(source)) continue;
    const name = w.temporary(`${w.atom(source, scope)}_before`);
    scope.lines.push(`const ${name} = ${w.atom(source, scope)};`);
    saved.set(source, name);
  }
  for (const [k, v] of carry.entries()) {
    const source = sources[k];
    if (source !== v && !isAssigned(k))
      scope.lines.push(`${w.atom(v, scope)} = ${saved.get(source) ?? w.expression(source, scope)};`);
  }
}
