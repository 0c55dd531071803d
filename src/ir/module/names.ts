// Names in text: which stand bare and which are quoted, and unique names for values.

import { ValueMap } from "../data/value-map.ts";
import type { Value } from "./module.ts";

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
  get(value: Value, fallback = "undefined"): string {
    return this.#names.get(value) ?? this.define(value, fallback);
  }

  /** The name of a value that may stand in place of a named one, whose name it takes over. */
  inPlace(value: Value, fallback: string): string {
    return this.#names.get(value) ?? printValueName(value.name ?? fallback);
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
