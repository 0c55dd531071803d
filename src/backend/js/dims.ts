// Dimensions as JavaScript expressions over the symbols of a function and its index values.

import { type Atom, type Dim, termsOf } from "../../ir/index.ts";

/** The JavaScript atom that stands for a dimension symbol. */
export type SpellSymbol = (name: string, value: unknown) => string;

/** An expression that may stand alone or after `=`; not inside a product. */
export function spellDim(d: Dim, symbol: SpellSymbol): string {
  if (typeof d === "number") return String(d);
  return joinTerms(termsOf(d).map((t) => spellTerm(t, symbol)));
}

/** Terms joined by their signs. */
export function joinTerms(terms: readonly string[]): string {
  let text = "";
  for (const term of terms) {
    if (text === "") text = term;
    else text += term.startsWith("-") ? ` - ${term.slice(1)}` : ` + ${term}`;
  }
  return text === "" ? "0" : text;
}

/** One term, with a leading `-` where its coefficient is negative. */
export function spellTerm(term: ReturnType<typeof termsOf>[number], symbol: SpellSymbol): string {
  const factors = term.factors.map((f) => spellAtom(f, symbol));
  const size = Math.abs(term.coefficient);
  if (size !== 1 || factors.length === 0) factors.push(String(size));
  return `${term.coefficient < 0 ? "-" : ""}${factors.join(" * ")}`;
}

function spellAtom(atom: Atom, symbol: SpellSymbol): string {
  switch (atom.kind) {
    case "symbol":
      return symbol(atom.name, atom.value);
    case "floor":
      return `Math.floor((${spellDim(atom.numerator, symbol)}) / ${atom.divisor})`;
    case "exact":
      return `((${spellDim(atom.numerator, symbol)}) / (${spellDim(atom.divisor, symbol)}))`;
    default:
      return `Math.${atom.kind}(${atom.arguments.map((d) => spellDim(d, symbol)).join(", ")})`;
  }
}

/** Whether an expression is a name or an unsigned number, so that it costs nothing to repeat. */
export function isAtomText(text: string): boolean {
  return /^[A-Za-z0-9_$]+$/.test(text);
}
