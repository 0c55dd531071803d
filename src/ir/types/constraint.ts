// What is known and what is required of dimensions: constraints, and the proofs that use them.

import type { Origin } from "../diagnostics/origin.ts";
import {
  type Atom,
  addDims,
  atomDim,
  collectSymbols,
  type Dim,
  exactDim,
  gcd,
  isVariable,
  mulDims,
  sameDim,
  subDims,
  substituteDim,
  symbol,
  type Term,
  termsOf,
} from "./dim.ts";

/** `left relation right`, checked when the function is called; keeps the user's line that made it. */
export interface Constraint {
  readonly left: Dim;
  readonly relation: "==" | ">=";
  readonly right: Dim;
  readonly origin: Origin | null;
}

export function constraint(left: Dim, relation: "==" | ">=", right: Dim, origin: Origin | null = null): Constraint {
  return Object.freeze({ left, relation, right, origin });
}

/** `refuted`: it holds for no sizes; `unknown`: it may hold for some. */
export type Verdict = "proved" | "refuted" | "unknown";

interface Interval {
  readonly low: number;
  readonly high: number;
}

const anything: Interval = { low: -Infinity, high: Infinity };

/** A known fact that is not about one symbol alone: `difference == 0` or `difference >= 0`, in normal form. */
interface Fact {
  readonly relation: "==" | ">=";
  readonly difference: Dim;
}

/**
 * What a list of constraints implies: symbols are sizes (>= 0), equalities substitute, inequalities bound. Facts are
 * indexed by their monomials, so adding one or asking about one does not walk the others.
 */
export class Assumptions {
  /** What a symbol is replaced by; acyclic, because values are in normal form when they enter. */
  readonly #equal = new Map<string, Dim>();
  readonly #least = new Map<string, number>();
  readonly #most = new Map<string, number>();
  /** The facts by normal form (`== ` or `>= `, then the key of the difference). */
  readonly #facts = new Map<string, Fact>();
  /** The facts that mention a symbol; they change when the symbol is replaced. */
  readonly #bySymbol = new Map<string, Set<string>>();
  /** The inequalities by signed monomial (`-A*B`, `+A`), or `+` for those without a positive one. */
  readonly #byMonomial = new Map<string, Set<string>>();

  constructor(constraints: readonly Constraint[] = []) {
    for (const c of constraints) this.add(c);
  }

  /** Assumes one more constraint. */
  add(c: Constraint): void {
    this.#assume({ relation: c.relation, difference: subDims(c.left, c.right) });
  }

  /** Whether `left relation right` holds for all sizes that meet the constraints. */
  decide(left: Dim, relation: "==" | ">=", right: Dim): Verdict {
    const stated = subDims(left, right);
    const normal = this.normalize(stated);
    const forms = normal === stated ? [normal] : [stated, normal];
    const isPositive = (d: Dim): boolean => this.#isAtLeastZero(subDims(d, 1));
    if (relation === "==") {
      if (normal === 0 || this.#isFact("==", normal)) return "proved";
      return forms.some((d) => neverZero(d) || isPositive(d) || isPositive(negate(d))) ? "refuted" : "unknown";
    }
    if (forms.some((d) => this.#isAtLeastZero(d))) return "proved";
    return forms.some((d) => isPositive(negate(d))) ? "refuted" : "unknown";
  }

  isEqual(left: Dim, right: Dim): boolean {
    return sameDim(left, right) || this.decide(left, "==", right) === "proved";
  }

  /** `d` with every symbol that an equality defines replaced. */
  normalize(d: Dim): Dim {
    if (this.#equal.size === 0 || !this.#replaces(d)) return d;
    return substituteDim(d, (name) => this.#resolve(name));
  }

  #replaces(d: Dim): boolean {
    for (const name of collectSymbols(d, new Set())) if (this.#equal.has(name)) return true;
    return false;
  }

  /** What `name` is replaced by, itself in normal form; remembered, so chains are walked once. */
  #resolve(name: string): Dim | undefined {
    const stack = this.#equal.has(name) ? [name] : [];
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      const value = this.#equal.get(top) ?? 0;
      const open = [...collectSymbols(value, new Set())].filter((s) => this.#replaces(this.#equal.get(s) ?? 0));
      if (open.length > 0) {
        for (const s of open) stack.push(s);
        continue;
      }
      this.#equal.set(
        top,
        substituteDim(value, (s) => this.#equal.get(s)),
      );
      stack.pop();
    }
    return this.#equal.get(name);
  }

  #assume(fact: Fact): void {
    const difference = this.normalize(fact.difference);
    if (typeof difference === "number") return;
    if (fact.relation === "==") {
      const solved = this.#solve(difference);
      if (solved !== null) this.#replace(...solved);
      else this.#record({ relation: "==", difference: zeroForm(difference) });
    } else if (!this.#bound(difference)) this.#record({ relation: ">=", difference });
  }

  /** `difference == 0` as `symbol == value`, preferring a value that is known not to be negative. */
  #solve(difference: Dim): [string, Dim] | null {
    let first: [string, Dim] | null = null;
    for (const t of termsOf(difference)) {
      const name = linearSymbol(t);
      if (name === null || Math.abs(t.coefficient) !== 1) continue;
      const rest = subDims(difference, mulDims(t.coefficient, symbol(name)));
      if (collectSymbols(rest, new Set()).has(name)) continue;
      const value = mulDims(-t.coefficient, rest);
      if (this.#bounds(value).low >= 0) return [name, value];
      first ??= [name, value];
    }
    return first;
  }

  /** From now on `name` reads `value`: what was known of `name` is known of `value`. */
  #replace(name: string, value: Dim): void {
    this.#equal.set(name, value);
    const low = this.#least.get(name) ?? 0;
    if (this.#bounds(value).low < low) this.#assume({ relation: ">=", difference: subDims(value, low) });
    const high = this.#most.get(name);
    if (high !== undefined) this.#assume({ relation: ">=", difference: subDims(high, value) });
    for (const key of [...(this.#bySymbol.get(name) ?? [])]) {
      const fact = this.#facts.get(key);
      if (fact === undefined) continue;
      this.#forget(key, fact);
      this.#assume(fact);
    }
  }

  /** Takes a fact about one symbol, such as `2*A - 5 >= 0`, as a bound of it. */
  #bound(difference: Dim): boolean {
    const [t, constant, ...more] = termsOf(difference);
    if (more.length > 0 || (constant !== undefined && constant.factors.length > 0)) return false;
    const name = linearSymbol(t);
    if (name === null) return false;
    const limit = -(constant?.coefficient ?? 0) / t.coefficient;
    if (t.coefficient > 0) this.#least.set(name, Math.max(Math.ceil(limit), this.#least.get(name) ?? 0));
    else this.#most.set(name, Math.min(Math.floor(limit), this.#most.get(name) ?? Infinity));
    return true;
  }

  #record(fact: Fact): void {
    const key = factKey(fact.relation, fact.difference);
    if (this.#facts.has(key)) return;
    this.#facts.set(key, fact);
    for (const name of collectSymbols(fact.difference, new Set())) addTo(this.#bySymbol, name, key);
    if (fact.relation === ">=") for (const m of monomials(fact.difference)) addTo(this.#byMonomial, m, key);
  }

  #forget(key: string, fact: Fact): void {
    this.#facts.delete(key);
    for (const name of collectSymbols(fact.difference, new Set())) this.#bySymbol.get(name)?.delete(key);
    for (const m of monomials(fact.difference)) this.#byMonomial.get(m)?.delete(key);
  }

  #isFact(relation: "==" | ">=", difference: Dim): boolean {
    const canonical = relation === "==" ? zeroForm(difference) : difference;
    return this.#facts.has(factKey(relation, canonical));
  }

  /** `steps`: how many of its floor, min and max may be replaced by bounds of theirs. */
  #isAtLeastZero(d: Dim, steps = 3): boolean {
    if (typeof d === "number") return d >= 0;
    if (this.#bounds(d).low >= 0) return true;
    for (const key of this.#candidates(d)) {
      const fact = this.#facts.get(key);
      if (fact !== undefined && this.#bounds(subDims(d, fact.difference)).low >= 0) return true;
    }
    if (steps === 0) return false;
    return simplerBounds(d).some((all) => all.every((lower) => this.#isAtLeastZero(lower, steps - 1)));
  }

  /**
   * Inequalities f >= 0 for which d - f may be known to be at least 0: each negative monomial of d has to be in f, and
   * each positive monomial of f in d. The smaller of the two index look-ups.
   */
  #candidates(d: Dim): Iterable<string> {
    let best: readonly ReadonlySet<string>[] = [];
    let size = 0;
    for (const m of monomials(d)) if (m.startsWith("+")) best = [...best, this.#byMonomial.get(m) ?? new Set()];
    if (this.#byMonomial.has("+")) best = [...best, this.#byMonomial.get("+") ?? new Set()];
    for (const set of best) size += set.size;
    for (const m of monomials(d)) {
      const set = this.#byMonomial.get(m) ?? new Set();
      if (m.startsWith("-") && set.size < size) [best, size] = [[set], set.size];
    }
    return best.flatMap((set) => [...set]);
  }

  #bounds(d: Dim): Interval {
    let low = 0;
    let high = 0;
    for (const t of termsOf(d)) {
      let product: Interval = { low: t.coefficient, high: t.coefficient };
      for (const f of t.factors) product = multiply(product, this.#atomBounds(f));
      low += product.low;
      high += product.high;
    }
    return { low, high };
  }

  #atomBounds(atom: Atom): Interval {
    switch (atom.kind) {
      case "symbol":
        return { low: this.#least.get(atom.name) ?? 0, high: this.#most.get(atom.name) ?? Infinity };
      case "operand":
      case "index":
        return anything;
      case "floor": {
        const { low, high } = this.#bounds(atom.numerator);
        return { low: Math.floor(low / atom.divisor), high: Math.floor(high / atom.divisor) };
      }
      case "exact":
        return this.#bounds(atom.numerator).low >= 0 && this.#bounds(atom.divisor).low >= 0
          ? { low: 0, high: Infinity }
          : anything;
      default: {
        const bounds = atom.arguments.map((d) => this.#bounds(d));
        const pick = Math[atom.kind];
        return { low: pick(...bounds.map((b) => b.low)), high: pick(...bounds.map((b) => b.high)) };
      }
    }
  }
}

function negate(d: Dim): Dim {
  return mulDims(-1, d);
}

/**
 * Ways to show d >= 0 without one of its floor, min and max: it holds if for any of them all expressions are at least 0.
 * A max is at least each argument, a min is one of them, and n - k + 1 <= k · floor(n/k) <= n.
 */
function simplerBounds(d: Dim): readonly (readonly Dim[])[] {
  return termsOf(d).flatMap(({ coefficient: c, factors }) => {
    const [atom] = factors;
    if (factors.length !== 1 || isVariable(atom) || atom.kind === "exact") return [];
    const rest = (scale: number, by: Dim): Dim =>
      addDims(mulDims(scale, subDims(d, mulDims(c, atomDim(atom)))), mulDims(c, by));
    if (atom.kind === "floor") {
      const { numerator, divisor } = atom;
      return [[rest(divisor, c < 0 ? numerator : subDims(numerator, divisor - 1))]];
    }
    const each = atom.arguments.map((argument) => rest(1, argument));
    return (atom.kind === "max") === c > 0 ? each.map((one) => [one]) : [each];
  });
}

/** Whether divisibility alone keeps `d` from 0: `2*B - 2*C + 1` is odd. */
function neverZero(d: Dim): boolean {
  if (typeof d === "number") return d !== 0;
  const last = d.terms[d.terms.length - 1];
  const constant = last.factors.length === 0 ? last.coefficient : 0;
  const common = d.terms.reduce((g, t) => (t.factors.length === 0 ? g : gcd(g, t.coefficient)), 0);
  return constant % common !== 0;
}

/** The symbol of a term of degree one; null for others. */
function linearSymbol(t: Term): string | null {
  const [factor] = t.factors;
  return t.factors.length === 1 && factor.kind === "symbol" ? factor.name : null;
}

/** The simplest expression that is 0 for the same sizes as `d`: coefficients without common factor, the first positive. */
function zeroForm(d: Dim): Dim {
  const terms = termsOf(d);
  const common = terms.reduce((g, t) => gcd(g, t.coefficient), 0);
  return exactDim(d, terms[0].coefficient < 0 ? -common : common);
}

function factKey(relation: "==" | ">=", difference: Dim): string {
  return `${relation} ${difference}`;
}

function monomials(d: Dim): readonly string[] {
  const signed = termsOf(d)
    .filter((t) => t.factors.length > 0)
    .map((t) => (t.coefficient < 0 ? "-" : "+") + t.key);
  return signed.some((m) => m.startsWith("+")) ? signed : ["+", ...signed];
}

function addTo(index: Map<string, Set<string>>, at: string, key: string): void {
  const set = index.get(at);
  if (set === undefined) index.set(at, new Set([key]));
  else set.add(key);
}

function multiply(a: Interval, b: Interval): Interval {
  const times = (x: number, y: number): number => (x === 0 || y === 0 ? 0 : x * y);
  const all = [times(a.low, b.low), times(a.low, b.high), times(a.high, b.low), times(a.high, b.high)];
  return { low: Math.min(...all), high: Math.max(...all) };
}
