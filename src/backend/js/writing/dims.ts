// Dimensions as JavaScript expressions over a function's symbols and index values.

import { type Atom, type Dim, isVariable, termsOf, type Variable } from "../../../ir/index.ts";

/** The JavaScript atom that stands for a variable of a dimension. */
export type SpellVariable = (variable: Variable) => string;

/** An expression that may stand alone or after `=`; not inside a product. */
export function spellDim(d: Dim, variable: SpellVariable): string {
  if (typeof d === "number") return String(d);
  const terms = termsOf(d).map((t) => spellTerm(t, variable));
  return joinTerms(isNegated(terms) ? ["0", ...terms] : terms);
}

/** Whether all terms are taken off: then what they are taken off is written as 0, since `-k` is -0 where k is 0. */
export function isNegated(terms: readonly string[]): boolean {
  return terms.every((term) => term.startsWith("-"));
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
export function spellTerm(term: ReturnType<typeof termsOf>[number], variable: SpellVariable): string {
  const factors = term.factors.map((f) => spellAtom(f, variable));
  const size = Math.abs(term.coefficient);
  if (size !== 1 || factors.length === 0) factors.push(String(size));
  return `${term.coefficient < 0 ? "-" : ""}${factors.join(" * ")}`;
}

function spellAtom(atom: Atom, variable: SpellVariable): string {
  if (isVariable(atom)) return variable(atom);
  switch (atom.kind) {
    case "floor":
      return `Math.floor((${spellDim(atom.numerator, variable)}) / ${atom.divisor})`;
    case "exact":
      return `((${spellDim(atom.numerator, variable)}) / (${spellDim(atom.divisor, variable)}))`;
    default:
      return `Math.${atom.kind}(${atom.arguments.map((d) => spellDim(d, variable)).join(", ")})`;
  }
}

/** Whether an expression is a name or an unsigned number, so that it costs nothing to repeat. */
export function isAtomText(text: string): boolean {
  return /^[A-Za-z0-9_$]+$/.test(text);
}
