// What is known of a function's values before its text is written: aliases, literals, uses.

import {
  type Block,
  countUses,
  Dense,
  type Func,
  isScalar,
  type Operation,
  type Value,
  ValueMap,
} from "../../../ir/index.ts";
import { Aliases } from "./aliases.ts";
import { spellNumber } from "./names.ts";
import { SpelledInPlace } from "./spelled-in-place.ts";

export class FuncFacts {
  readonly #aliases = new Aliases();
  readonly #literals = new ValueMap<string>();
  readonly #func: Func;
  #uses: ValueMap<number> | null = null;

  readonly #spelledInPlace: SpelledInPlace;

  constructor(func: Func) {
    this.#func = func;
    this.#block(func.body);
    this.#spelledInPlace = new SpelledInPlace(func, (v) => this.canonical(v));
  }

  /** Whether a value is spelled where it is read, by a text of this length. */
  isSpelledInPlace(value: Value, length: number): boolean {
    return this.#spelledInPlace.has(value, length);
  }

  /** The variable of a loop that a value is assigned to where it is computed. */
  variableOf(value: Value): Value | undefined {
    return this.#spelledInPlace.variableOf(value);
  }

  canonical(value: Value): Value {
    return this.#aliases.canonical(value);
  }

  isUsed(value: Value): boolean {
    this.#uses ??= countUses(this.#func.body);
    return this.#uses.has(value);
  }

  isLiteral(value: Value): boolean {
    return this.literal(value) !== undefined;
  }

  /** The text of a constant of rank 0. */
  literal(value: Value): string | undefined {
    return this.#literals.get(this.canonical(value));
  }

  #block({ operations }: Block): void {
    for (const operation of operations) {
      this.#aliases.enter(operation);
      if (operation.op.traits.constant) this.#constant(operation);
      for (const region of operation.regions) this.#block(region);
      this.#aliases.leave(operation);
    }
  }

  #constant(operation: Operation): void {
    const [result] = operation.results;
    if (isScalar(result.type)) this.#literals.set(result, spellConstant(operation));
  }
}

function spellConstant({ attributes, results }: Operation): string {
  const value = attributes.value;
  const x = value instanceof Dense ? value.at(0) : Number(value);
  const [{ type }] = results;
  if (type.kind === "tensor" && type.dtype === "bool") return x !== 0 ? "true" : "false";
  return spellNumber(x);
}
