// What is known and what is required of dimensions: constraints, and the proofs that use them.

import { type Atom, addDims, collectSymbols, type Dim, gcd, sameDim, subDims, substituteDim, termsOf } from "./dim.ts";
import type { Origin } from "./origin.ts";

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

export type Verdict = "proved" | "refuted" | "unknown";

interface Interval {
  readonly low: number;
  readonly high: number;
}

const anything: Interval = { low: -Infinity, high: Infinity };

/** What a list of constraints implies: symbols are sizes (>= 0), equalities substitute, inequalities bound. */
export class Assumptions {
  readonly #constraints: readonly Constraint[];
  readonly #equal = new Map<string, Dim>();
  readonly #least = new Map<string, number>();

  constructor(constraints: readonly Constraint[] = []) {
    this.#constraints = constraints;
    for (const c of constraints) {
      if (c.relation === "==") this.#assumeEqual(c);
      else this.#assumeAtLeast(c);
    }
  }

  /** Whether `left relation right` holds for all sizes that meet the constraints. */
  decide(left: Dim, relation: "==" | ">=", right: Dim): Verdict {
    const difference = this.normalize(subDims(left, right));
    if (relation === "==") return this.#decideZero(difference);
    const { low, high } = this.#bounds(difference);
    if (low >= 0 || this.#isStated(difference)) return "proved";
    return high < 0 ? "refuted" : "unknown";
  }

  isEqual(left: Dim, right: Dim): boolean {
    return sameDim(left, right) || this.decide(left, "==", right) === "proved";
  }

  /** `d` with every symbol that an equality defines replaced. */
  normalize(d: Dim): Dim {
    let current = d;
    for (let round = 0; round <= this.#equal.size; round++) {
      const next = substituteDim(current, (name) => this.#equal.get(name));
      if (sameDim(next, current)) return next;
      current = next;
    }
    return current;
  }

  #assumeEqual(c: Constraint): void {
    for (const [side, other] of [
      [c.left, c.right],
      [c.right, c.left],
    ]) {
      const name = symbolName(side);
      if (name === null || this.#equal.has(name)) continue;
      const value = this.normalize(other);
      if (collectSymbols(value, new Set()).has(name)) continue;
      this.#equal.set(name, value);
      return;
    }
  }

  #assumeAtLeast(c: Constraint): void {
    const name = symbolName(c.left);
    if (name !== null && typeof c.right === "number")
      this.#least.set(name, Math.max(c.right, this.#least.get(name) ?? 0));
  }

  #decideZero(difference: Dim): Verdict {
    if (difference === 0) return "proved";
    if (typeof difference === "number") return "refuted";
    if (this.#constraints.some((c) => c.relation === "==" && this.#sameUpToSign(difference, subDims(c.left, c.right))))
      return "proved";
    const { low, high } = this.#bounds(difference);
    if (low > 0 || high < 0) return "refuted";
    // 2*B - 2*C + 1 is odd, hence never 0
    const terms = termsOf(difference);
    const last = terms[terms.length - 1];
    const constant = last.factors.length === 0 ? last.coefficient : 0;
    const common = terms.reduce((g, t) => (t.factors.length === 0 ? g : gcd(g, t.coefficient)), 0);
    return constant % common !== 0 ? "refuted" : "unknown";
  }

  #sameUpToSign(a: Dim, b: Dim): boolean {
    const other = this.normalize(b);
    return sameDim(a, other) || addDims(a, other) === 0;
  }

  #isStated(difference: Dim): boolean {
    return this.#constraints.some((c) => {
      if (c.relation !== ">=") return false;
      const slack = subDims(difference, this.normalize(subDims(c.left, c.right)));
      return this.#bounds(slack).low >= 0;
    });
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
        return atom.name.startsWith("%") ? anything : { low: this.#least.get(atom.name) ?? 0, high: Infinity };
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

function symbolName(d: Dim): string | null {
  const terms = termsOf(d);
  if (terms.length !== 1 || terms[0].coefficient !== 1 || terms[0].factors.length !== 1) return null;
  const atom = terms[0].factors[0];
  return atom.kind === "symbol" ? atom.name : null;
}

function multiply(a: Interval, b: Interval): Interval {
  const times = (x: number, y: number): number => (x === 0 || y === 0 ? 0 : x * y);
  const all = [times(a.low, b.low), times(a.low, b.high), times(a.high, b.low), times(a.high, b.high)];
  return { low: Math.min(...all), high: Math.max(...all) };
}
