// The checks between arguments of a call: extents that agree.

import { asSymbol, fail, isScalar, rankedOf } from "../../../ir/index.ts";
import { type Callee, type Checks, type Passed, spellExtent } from "./callee.ts";

/**
 * Takes each symbol from the first extent that is the symbol alone; all other extents have to agree, and all constraints to
 * hold.
 */
export function bindExtents({ signature }: Pick<Callee, "signature">, passed: readonly Passed[], checks: Checks): void {
  const known = new Map<string, string>();
  const extents = signature.arguments.flatMap((type, i) =>
    isScalar(type) ? [] : rankedOf(type).shape.map((d, axis) => ({ d, at: passed[i].extents[axis] })),
  );
  for (const { d, at } of extents) {
    const name = asSymbol(d);
    if (name === null || known.has(name)) continue;
    known.set(name, at);
    checks.line(`const $${name} = ${at};`);
  }
  const missing = signature.symbols.find((name) => !known.has(name));
  if (missing !== undefined) {
    fail("option", `@${signature.name}: no argument has the extent ${missing} itself, which a module needs`);
  }
  const require = (test: string, what: string): void =>
    checks.require(test, JSON.stringify(`sizes do not fit: expected ${what}`), "RangeError");
  for (const { d, at } of extents) {
    // who reads tensors has compared the extents that are numbers
    if ((typeof d === "number" && (at.includes(".shape[") || at === String(d))) || known.get(asSymbol(d) ?? "") === at)
      continue;
    require(`${at} === ${spellExtent(d)}`, `${d} = ${at.replaceAll("$", "")}`);
  }
  for (const { left, relation, right } of signature.constraints) {
    const operator = relation === "==" ? "===" : relation;
    require(`${spellExtent(left)} ${operator} ${spellExtent(right)}`, `${left} ${relation} ${right}`);
  }
}
