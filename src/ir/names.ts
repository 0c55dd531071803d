// Names in text: which stand bare and which are quoted, unique names for values, and "did you mean".

import type { Value } from "./module.ts";
import { ValueMap } from "./value-map.ts";

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;
const dottedIdentifier = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/;
const dimSymbol = /^[A-Z][A-Za-z0-9_]*$/;

/** Whether a function may declare `name` as a dimension symbol: an upper-case identifier. */
export function isSymbolName(name: string): boolean {
  return dimSymbol.test(name);
}

/** A string literal; also what a name that is no identifier looks like after its sigil. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

/** `%x`, or `%"any text"`. */
export function printValueName(name: string): string {
  return `%${identifier.test(name) ? name : quote(name)}`;
}

/** `@f`, `@f.fwd`, or `@"any text"`. */
export function printFuncName(name: string): string {
  return `@${dottedIdentifier.test(name) ? name : quote(name)}`;
}

/** A name without the suffix `_n`, which belongs to the printer. */
export function withoutSuffix(name: string): string {
  return name.replace(/_[0-9]+$/, "");
}

/** What an unnamed result of an op is called: the last part of the mnemonic. */
export function defaultName(mnemonic: string): string {
  return mnemonic.slice(mnemonic.lastIndexOf(".") + 1);
}

/** The names of one function's values: each takes its hint, and the suffix `_n` where that is taken. */
export class NameTable {
  readonly #names = new ValueMap<string>();
  readonly #taken = new Set<string>();
  readonly #next = new Map<string, number>();

  /** Names a value where it is defined; gives the printed form. */
  define(value: Value, fallback: string): string {
    const name = printValueName(this.#unique(value.name ?? fallback));
    this.#names.set(value, name);
    return name;
  }

  /** The printed name of a value; one that is not defined (in a broken module) is named on the spot. */
  get(value: Value): string {
    return this.#names.get(value) ?? this.define(value, "undefined");
  }

  #unique(wanted: string): string {
    let name = wanted;
    if (this.#taken.has(wanted)) {
      const base = withoutSuffix(wanted);
      let n = this.#next.get(base) ?? 1;
      for (name = `${base}_${n}`; this.#taken.has(name); name = `${base}_${n}`) n++;
      this.#next.set(base, n + 1);
    }
    this.#taken.add(name);
    return name;
  }
}

/** The candidate closest to `name`, as a hint; undefined if none is close. */
export function didYouMean(
  name: string,
  candidates: Iterable<string>,
  print: (name: string) => string = (candidate) => candidate,
): string | undefined {
  // any two names of one character are close
  const limit = name.length < 2 ? 0 : Math.min(3, Math.max(1, Math.floor(name.length / 3)));
  let best: string | undefined;
  let least = limit + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const distance = editDistance(name, candidate, least);
    if (distance < least) [best, least] = [candidate, distance];
    if (least <= 1) break;
  }
  return best === undefined ? undefined : `did you mean ${print(best)}?`;
}

/** Insertions, deletions, replacements and swaps of neighbours from `a` to `b`; stops early at `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (a.length > 64 || b.length > 64) return a === b ? 0 : limit;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let d = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, before[j - 2] + 1);
      next.push(d);
    }
    if (Math.min(...next) >= limit) return limit;
    [before, row] = [row, next];
  }
  return row[b.length];
}
