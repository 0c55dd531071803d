// Dimensions: integers, symbols and expressions over them, always in one normal form, so equal means same key.
//
// A DimExpr is a polynomial with integer coefficients over atoms (variables, floor, exact, min, max). Building one
// normalises it: like terms merge, factors and terms are sorted, floor and exact give out what divides. A variable is a
// symbol of the function, or, in the affine bounds and subscripts of the loop level, an operand of the operation (`%0`)
// or, while loops are built, an index value itself.

import { fail } from "../diagnostics/errors.ts";

/** One extent: a number where known, else a DimExpr in normal form that contains at least one symbol. */
export type Dim = number | DimExpr;

/** A value that counts a loop: a Value, which stands above dimensions. */
export interface IndexValue {
  readonly id: number;
}

export type Variable =
  | { readonly kind: "symbol"; readonly key: string; readonly name: string }
  /** An operand of the group over which an operation's bounds or subscripts are. */
  | { readonly kind: "operand"; readonly key: string; readonly position: number }
  | { readonly kind: "index"; readonly key: string; readonly value: IndexValue };

export type Atom =
  | Variable
  | { readonly kind: "floor"; readonly key: string; readonly numerator: DimExpr; readonly divisor: number }
  | { readonly kind: "exact"; readonly key: string; readonly numerator: Dim; readonly divisor: Dim }
  | { readonly kind: "min" | "max"; readonly key: string; readonly arguments: readonly Dim[] };

export interface Term {
  readonly coefficient: number;
  /** Sorted by key; repeated for powers; empty for the constant term. */
  readonly factors: readonly Atom[];
  readonly key: string;
}

// Limits that no real extent comes near. They keep substitution (a call inside a call …) from growing without bound.
const maxTerms = 256;
const maxDegree = 64;
const maxKey = 8192;
const maxDepth = 100;

/** A polynomial in normal form. Equal expressions have equal keys; the key is also the printed form. */
export class DimExpr {
  readonly terms: readonly Term[];
  readonly key: string;
  /** How deep floor, exact, min and max are nested. */
  readonly depth: number;

  constructor(terms: readonly Term[]) {
    this.terms = Object.freeze(terms);
    this.key = printTerms(terms);
    this.depth = depthOf(terms);
    if (this.key.length > maxKey) fail("range", `a dimension expression has more than ${maxKey} characters`);
    if (this.depth > maxDepth) fail("range", `a dimension expression is nested more than ${maxDepth} deep`);
    Object.freeze(this);
  }

  toString(): string {
    return this.key;
  }
}

// ---- building -------------------------------------------------------------------------------------------------------

/** The symbol `name`, an upper-case identifier. */
export function symbol(name: string): DimExpr {
  return atomDim({ kind: "symbol", key: name, name });
}

const operandDims: DimExpr[] = [];

/** Operand number `position` of the group over which an operation's bounds or subscripts are. */
export function operandDim(position: number): DimExpr {
  return (operandDims[position] ??= atomDim({ kind: "operand", key: `%${position}`, position }));
}

export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return checked(a + b);
  if (a === 0) return b;
  if (b === 0) return a;
  return ofSorted(mergeTerms(termsOf(a), termsOf(b)));
}

function scaled(d: DimExpr, by: number): Dim {
  if (by === 1) return d;
  if (by === 0) return 0;
  return new DimExpr(scaledTerms(d, by));
}

/** The terms of `d * by`, in order. */
function scaledTerms(d: Dim, by: number): readonly Term[] {
  if (typeof d === "number") return termsOf(checked(d * by));
  if (by === 1) return d.terms;
  const terms: Term[] = [];
  if (by !== 0) for (const t of d.terms) terms.push(withCoefficient(t, t.coefficient * by));
  return terms;
}

export function subDims(a: Dim, b: Dim): Dim {
  return addDims(a, mulDims(-1, b));
}

export function mulDims(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return checked(a * b);
  if (typeof a === "number") return scaled(b as DimExpr, a);
  if (typeof b === "number") return scaled(a, b);
  const left = termsOf(a);
  const right = termsOf(b);
  if (left.length * right.length > 16 * maxTerms) fail("range", `a product of dimensions has too many terms`);
  const products: Term[] = [];
  for (const s of left) {
    for (const t of right) products.push(makeTerm(s.coefficient * t.coefficient, [...s.factors, ...t.factors]));
  }
  return fromTerms(products);
}

/** The sum of the products of each two, as one expression: those on the way are not made. */
export function dotDims(left: readonly Dim[], right: readonly Dim[]): Dim {
  let terms: readonly Term[] = [];
  for (let i = 0; i < left.length; i++) {
    const [a, b] = [left[i], right[i]];
    terms = mergeTerms(terms, typeof b === "number" ? scaledTerms(a, b) : termsOf(mulDims(a, b)));
  }
  return ofSorted(terms);
}

export function productOf(dims: readonly Dim[]): Dim {
  return dims.reduce(mulDims, 1);
}

/** floor(e / divisor) for a positive integer divisor; what divides is given out: floor((4*B+2)/4) = B + floor(2/4). */
export function floorDim(e: Dim, divisor: number): Dim {
  if (!Number.isSafeInteger(divisor) || divisor < 1)
    fail("shape", `floor divides by ${divisor}, expected a positive integer`);
  if (typeof e === "number") return Math.floor(e / divisor);
  if (divisor === 1) return e;
  const [whole, rest] = splitMultiples(e, divisor);
  if (typeof rest === "number") return addDims(whole, Math.floor(rest / divisor));
  return addDims(whole, floorAtom(rest, divisor));
}

function floorAtom(rest: DimExpr, divisor: number): Dim {
  const common = gcd(
    divisor,
    rest.terms.filter((t) => t.factors.length > 0).reduce((g, t) => gcd(g, t.coefficient), 0),
  );
  if (common > 1) {
    // floor((c*a + k) / (c*d)) = floor((a + floor(k/c)) / d)
    const reduced = fromTerms(rest.terms.map((t) => makeTerm(Math.floor(t.coefficient / common), t.factors)));
    return floorDim(reduced, divisor / common);
  }
  const inner = asAtom(rest);
  // floor(floor(a/b)/c) = floor(a/(b*c))
  if (inner?.kind === "floor") return floorDim(inner.numerator, checked(inner.divisor * divisor));
  return atomDim({ kind: "floor", key: `floor(${quotientText(rest, divisor)})`, numerator: rest, divisor });
}

/** The factor that `d` consists of, with coefficient 1; null if it is anything else. */
export function asAtom(d: Dim): Atom | null {
  if (typeof d === "number" || d.terms.length !== 1) return null;
  const [{ coefficient, factors }] = d.terms;
  return coefficient === 1 && factors.length === 1 ? factors[0] : null;
}

/** e / divisor where the division is known or required to leave no rest (checked when evaluated). */
export function exactDim(e: Dim, divisor: Dim): Dim {
  if (divisor === 0) fail("shape", `exact(${e}/0) divides by zero`);
  const quotient = divideDims(e, divisor);
  if (quotient !== null) return quotient;
  if (typeof e === "number" && typeof divisor === "number") fail("shape", `${e} is not divisible by ${divisor}`);
  return atomDim({ kind: "exact", key: `exact(${quotientText(e, divisor)})`, numerator: e, divisor });
}

export function minDims(...dims: readonly Dim[]): Dim {
  return extremum("min", dims);
}

export function maxDims(...dims: readonly Dim[]): Dim {
  return extremum("max", dims);
}

function extremum(kind: "min" | "max", dims: readonly Dim[]): Dim {
  const symbolic = new Map<string, DimExpr>();
  let constant: number | undefined;
  for (const d of dims.flatMap((d) => flattenExtremum(kind, d))) {
    if (typeof d !== "number") symbolic.set(d.key, d);
    else constant = constant === undefined ? d : Math[kind](constant, d);
  }
  const list: Dim[] = [...symbolic.values()].sort((a, b) => compareKeys(a.key, b.key));
  if (constant !== undefined) list.push(constant);
  if (list.length === 1) return list[0];
  return atomDim({ kind, key: `${kind}(${list.join(", ")})`, arguments: Object.freeze(list) });
}

function flattenExtremum(kind: "min" | "max", d: Dim): readonly Dim[] {
  const atom = asAtom(d);
  return atom?.kind === kind ? atom.arguments : [d];
}

// ---- reading --------------------------------------------------------------------------------------------------------

export function sameDim(a: Dim, b: Dim): boolean {
  return a === b || (typeof a !== "number" && typeof b !== "number" && a.key === b.key);
}

/** Visits the variables of `d`, in order of appearance. */
export function forEachVariable(d: Dim, visit: (variable: Variable) => void): void {
  if (typeof d === "number") return;
  for (const { factors } of d.terms) {
    for (const f of factors) {
      if (isVariable(f)) visit(f);
      else for (const part of partsOf(f)) forEachVariable(part, visit);
    }
  }
}

/** The symbols of `d`, in order of first appearance, added to `into`. */
export function collectSymbols(d: Dim, into: Set<string>): Set<string> {
  forEachVariable(d, (v) => void (v.kind === "symbol" && into.add(v.name)));
  return into;
}

export function isVariable(atom: Atom): atom is Variable {
  return atom.kind === "symbol" || atom.kind === "operand" || atom.kind === "index";
}

/** The dimensions that an atom is made of. */
export function partsOf(atom: Exclude<Atom, Variable>): readonly Dim[] {
  switch (atom.kind) {
    case "floor":
    case "exact":
      return [atom.numerator, atom.divisor];
    default:
      return atom.arguments;
  }
}

/** `d` with symbols replaced; a symbol that `lookup` does not know stays. */
export function substituteDim(d: Dim, lookup: (name: string) => Dim | undefined): Dim {
  return substituteVariables(d, (v) => (v.kind === "symbol" ? lookup(v.name) : undefined));
}

/** `d` with variables replaced; one that `lookup` does not know stays. */
export function substituteVariables(d: Dim, lookup: (variable: Variable) => Dim | undefined): Dim {
  if (typeof d === "number") return d;
  const products: (Dim | null)[] = [];
  let isSame = true;
  for (const { factors } of d.terms) {
    const product = substituteFactors(factors, lookup);
    products.push(product);
    isSame &&= product === null;
  }
  if (isSame) return d;
  let terms: readonly Term[] = [];
  for (const [i, product] of products.entries()) {
    const t = d.terms[i];
    terms = mergeTerms(terms, product === null ? [t] : scaledTerms(product, t.coefficient));
  }
  return ofSorted(terms);
}

/** The product of factors with variables replaced; null where all of them stay. */
function substituteFactors(factors: readonly Atom[], lookup: (variable: Variable) => Dim | undefined): Dim | null {
  let product: Dim | null = null;
  for (const [i, f] of factors.entries()) {
    const next = isVariable(f) ? lookup(f) : substituteAtom(f, lookup);
    if (next !== undefined) product = mulDims(product ?? productOf(factors.slice(0, i).map(atomDim)), next);
    else if (product !== null) product = mulDims(product, atomDim(f));
  }
  return product;
}

function substituteAtom(atom: Exclude<Atom, Variable>, lookup: (variable: Variable) => Dim | undefined): Dim {
  const inside = (d: Dim): Dim => substituteVariables(d, lookup);
  switch (atom.kind) {
    case "floor":
      return floorDim(inside(atom.numerator), atom.divisor);
    case "exact":
      return exactDim(inside(atom.numerator), inside(atom.divisor));
    default:
      return extremum(atom.kind, atom.arguments.map(inside));
  }
}

/** The number `d` is when each symbol has the value `lookup` gives. */
export function evaluateDim(d: Dim, lookup: (name: string) => number | undefined): number {
  return evaluateVariables(d, (v) => (v.kind === "symbol" ? lookup(v.name) : undefined));
}

/** The number `d` is when each variable has the value `lookup` gives. */
export function evaluateVariables(d: Dim, lookup: (variable: Variable) => number | undefined): number {
  if (typeof d === "number") return d;
  let sum = 0;
  for (const t of d.terms) {
    let product = t.coefficient;
    for (const f of t.factors) product *= evaluateAtom(f, lookup);
    sum += product;
  }
  return checked(sum);
}

function evaluateAtom(atom: Atom, lookup: (variable: Variable) => number | undefined): number {
  if (isVariable(atom)) return lookup(atom) ?? fail("shape", `dimension symbol ${atom.key} has no value here`);
  const inside = (d: Dim): number => evaluateVariables(d, lookup);
  switch (atom.kind) {
    case "floor":
      return Math.floor(inside(atom.numerator) / atom.divisor);
    case "exact":
      return evaluateExact(inside(atom.numerator), inside(atom.divisor));
    default:
      return Math[atom.kind](...atom.arguments.map(inside));
  }
}

function evaluateExact(numerator: number, divisor: number): number {
  if (divisor === 0) fail("shape", `exact(${numerator}/0) divides by zero`);
  const quotient = numerator / divisor;
  return Number.isInteger(quotient) ? quotient : fail("shape", `${numerator} is not divisible by ${divisor}`);
}

// ---- normal form ----------------------------------------------------------------------------------------------------

/** The polynomial's terms, the constant last. */
export function termsOf(d: Dim): readonly Term[] {
  if (typeof d !== "number") return d.terms;
  return d === 0 ? [] : [makeTerm(d, [])];
}

export function atomDim(atom: Atom): DimExpr {
  Object.freeze(atom);
  return new DimExpr([{ coefficient: 1, factors: [atom], key: atom.key }]);
}

function makeTerm(coefficient: number, factors: readonly Atom[]): Term {
  if (factors.length > maxDegree) fail("range", `a dimension expression has a degree above ${maxDegree}`);
  const sorted = factors.length < 2 ? factors : [...factors].sort((a, b) => compareKeys(a.key, b.key));
  return { coefficient: checked(coefficient), factors: sorted, key: keyOf(sorted) };
}

function keyOf(factors: readonly Atom[]): string {
  return factors.length === 1 ? factors[0].key : factors.map((f) => f.key).join("*");
}

function fromTerms(terms: readonly Term[]): Dim {
  const merged = new Map<string, Term>();
  for (const t of terms) {
    const old = merged.get(t.key);
    merged.set(t.key, old === undefined ? t : withCoefficient(t, old.coefficient + t.coefficient));
  }
  const kept = [...merged.values()].filter((t) => t.coefficient !== 0);
  return ofSorted(kept.sort(compareTerms));
}

function withCoefficient({ factors, key }: Term, coefficient: number): Term {
  return { coefficient: checked(coefficient), factors, key };
}

/** The expression of terms in order, no two of one key and none with coefficient 0. */
function ofSorted(terms: readonly Term[]): Dim {
  if (terms.length > maxTerms) fail("range", `a dimension expression has more than ${maxTerms} terms`);
  if (terms.length === 0) return 0;
  return terms.length === 1 && terms[0].factors.length === 0 ? terms[0].coefficient : new DimExpr(terms);
}

/** The sum of two lists of terms in order. */
function mergeTerms(left: readonly Term[], right: readonly Term[]): readonly Term[] {
  if (left.length === 0) return right;
  if (right.length === 0) return left;
  const merged: Term[] = [];
  let [i, j] = [0, 0];
  while (i < left.length && j < right.length) {
    const [s, t] = [left[i], right[j]];
    const order = s.key === t.key ? 0 : compareTerms(s, t);
    if (order <= 0) i++;
    if (order >= 0) j++;
    if (order !== 0) merged.push(order < 0 ? s : t);
    else if (s.coefficient + t.coefficient !== 0) merged.push(withCoefficient(s, s.coefficient + t.coefficient));
  }
  for (; i < left.length; i++) merged.push(left[i]);
  for (; j < right.length; j++) merged.push(right[j]);
  return merged;
}

/** Higher degree first, then by key: the constant comes last. */
function compareTerms(a: Term, b: Term): number {
  return b.factors.length - a.factors.length || compareKeys(a.key, b.key);
}

function compareKeys(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function checked(n: number): number {
  if (!Number.isSafeInteger(n)) fail("range", `a dimension of ${n} is beyond 2^53`);
  return n === 0 ? 0 : n;
}

function depthOf(terms: readonly Term[]): number {
  let depth = 0;
  for (const t of terms) {
    for (const f of t.factors) {
      if (isVariable(f)) continue;
      for (const part of partsOf(f)) if (part instanceof DimExpr) depth = Math.max(depth, part.depth + 1);
    }
  }
  return depth;
}

function printTerms(terms: readonly Term[]): string {
  let text = "";
  for (const t of terms) {
    const size = Math.abs(t.coefficient);
    const sign = t.coefficient < 0 ? "-" : text === "" ? "" : "+";
    text += sign + (t.factors.length === 0 ? `${size}` : size === 1 ? t.key : `${size}*${t.key}`);
  }
  return text;
}

function quotientText(numerator: Dim, divisor: Dim): string {
  const wrap = (d: Dim, divisorSide: boolean): string =>
    typeof d === "number" || (d.terms.length === 1 && (!divisorSide || asAtom(d) !== null)) ? `${d}` : `(${d})`;
  return `${wrap(numerator, false)}/${wrap(divisor, true)}`;
}

export function gcd(a: number, b: number): number {
  let [x, y] = [Math.abs(a), Math.abs(b)];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

/** e = divisor * whole + rest, where rest keeps the terms whose coefficient does not divide, reduced modulo divisor. */
function splitMultiples(e: DimExpr, divisor: number): [Dim, Dim] {
  const quotients = e.terms.map((t) => Math.floor(t.coefficient / divisor));
  const whole = fromTerms(e.terms.map((t, i) => makeTerm(quotients[i], t.factors)));
  const rest = fromTerms(e.terms.map((t, i) => makeTerm(t.coefficient - quotients[i] * divisor, t.factors)));
  return [whole, rest];
}

/** The quotient polynomial if `divisor` divides `e` with no rest, by leading-term division; else null. */
export function divideDims(e: Dim, divisor: Dim): Dim | null {
  const lead = termsOf(divisor)[0];
  let rest = e;
  let quotient: Dim = 0;
  for (let step = 0; step <= maxTerms; step++) {
    if (rest === 0) return quotient;
    const factor = termQuotient(termsOf(rest)[0], lead);
    if (factor === null) return null;
    quotient = addDims(quotient, factor);
    rest = subDims(rest, mulDims(factor, divisor));
  }
  return null;
}

function termQuotient(a: Term, b: Term): Dim | null {
  if (a.coefficient % b.coefficient !== 0) return null;
  const factors = [...a.factors];
  for (const f of b.factors) {
    const at = factors.findIndex((g) => g.key === f.key);
    if (at < 0) return null;
    factors.splice(at, 1);
  }
  return fromTerms([makeTerm(a.coefficient / b.coefficient, factors)]);
}
