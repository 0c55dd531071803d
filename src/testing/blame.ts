// The single rewrite that makes a difference, found by bisecting how many may happen.

import { type Operation, printType } from "../ir/index.ts";
import type { RewriteObserver, Rule } from "../rewrite/index.ts";

/** A rewrite, by its number among those of a run, from 1. */
export interface Blamed {
  readonly rule: string;
  /** The op and the type of what it rewrote. */
  readonly operation: string;
  readonly number: number;
  /** How many there are while all may happen. */
  readonly of: number;
}

/**
 * The rewrite that `isWrong` needs: with so many permitted it holds, and with one less it does not. Null where no rewrite
 * happens, or where it holds without any: then what is wrong is no rule's.
 */
export function blamedRewrite(isWrong: (rewrites: RewriteObserver) => boolean): Blamed | null {
  const all = new Limited(Number.POSITIVE_INFINITY);
  if (!isWrong(all) || all.count === 0 || isWrong(new Limited(0))) return null;
  // with `right` rewrites all is well, with `wrong` it is not
  let right = 0;
  let wrong = all.count;
  let found = all;
  while (wrong - right > 1) {
    const middle = Math.floor((right + wrong) / 2);
    const limited = new Limited(middle);
    if (isWrong(limited)) [wrong, found] = [middle, limited];
    else right = middle;
  }
  if (found === all) isWrong((found = new Limited(wrong)));
  const { last } = found;
  return last === null
    ? null
    : { rule: last.rule.name, operation: describe(last.operation), number: wrong, of: all.count };
}

/** `mul : f64` */
function describe({ op, results }: Operation): string {
  return results.length === 0 ? op.name : `${op.name} : ${results.map((r) => printType(r.type)).join(", ")}`;
}

/** Permits the first rewrites, so many as it is told. */
class Limited implements RewriteObserver {
  readonly #most: number;
  count = 0;
  /** The last one that happened. */
  last: { readonly rule: Rule; readonly operation: Operation } | null = null;

  constructor(most: number) {
    this.#most = most;
  }

  permits(rule: Rule, operation: Operation): boolean {
    this.count++;
    if (this.count > this.#most) return false;
    this.last = { rule, operation };
    return true;
  }
}

/** `by the rule 'x * 0 → 0' (rewrite 2 of 5, of mul : f64)` */
export function describeRewrite({ rule, operation, number, of }: Blamed): string {
  return `by the rule '${rule}' (rewrite ${number} of ${of}, of ${operation})`;
}
