// The values visible while a function is parsed: defined before use, no name twice, regions see what is around them.

import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Value } from "../module/module.ts";
import { printValueName } from "../module/names.ts";
import type { Cursor } from "./lexer.ts";

export class ValueScope {
  readonly #cursor: Cursor;
  readonly #visible = new Map<string, Value>();
  /** For each open region, the names that end with it. */
  readonly #regions: string[][] = [[]];
  readonly #ended = new Set<string>();

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  get depth(): number {
    return this.#regions.length - 1;
  }

  enter(): void {
    this.#regions.push([]);
  }

  leave(): void {
    for (const name of this.#regions.pop() ?? []) {
      this.#visible.delete(name);
      this.#ended.add(name);
    }
  }

  define(name: string, value: Value, position: number): void {
    if (this.#visible.has(name)) {
      this.#cursor.fail("name", `${printValueName(name)} is defined twice`, "give it another name", position);
    }
    this.#visible.set(name, value);
    this.#regions[this.#regions.length - 1].push(name);
  }

  /** Takes a `%name` and gives its value. */
  use(expected = "a value"): Value {
    const position = this.#cursor.position;
    const name = this.#cursor.takeName("value", expected);
    const value = this.#visible.get(name);
    if (value !== undefined) return value;
    const hint = this.#ended.has(name)
      ? "its region has ended; yield it from there"
      : didYouMean(name, this.#visible.keys(), printValueName);
    return this.#cursor.fail("name", `${printValueName(name)} is not defined before its use`, hint, position);
  }
}
