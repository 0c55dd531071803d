// Generated text under construction: nested lines, the functions they are in, and the names in scope.

import { type Value, ValueMap } from "../../ir/index.ts";
import type { Unit } from "./split.ts";

/** A line, or lines one level deeper. */
export type Text = string | readonly Text[];

/** Lines with two spaces for each level. */
function render(lines: readonly Text[], indent = ""): string {
  const out: string[] = [];
  renderInto(lines, indent, out);
  return out.join("\n");
}

function renderInto(lines: readonly Text[], indent: string, out: string[]): void {
  for (const line of lines) {
    if (typeof line === "string") out.push(indent + line);
    else renderInto(line, `${indent}  `, out);
  }
}

/**
 * One generated function. `scratch` functions share the scratch of their call, and read there the values of other units; a
 * `loop` function takes the values that it reads as parameters.
 */
export class UnitText {
  readonly kind: "scratch" | "loop";
  readonly parent: UnitText | null;
  readonly unit: Unit;
  /** Lines at the start, which read values from the scratch. */
  readonly header: Text[] = [];
  /** How this function spells a value. */
  readonly atoms = new ValueMap<string>();
  /** How this function spells a dimension symbol. */
  readonly symbols = new Map<string, string>();
  /** The scope depth of each value's definition; 0 where it is absent. */
  readonly depths = new ValueMap<number>();
  /** Parameters, and the arguments for them: all values that a loop function reads, and the loop counters of a part. */
  readonly parameters: string[] = [];
  readonly passed: string[] = [];
  /** The last place given in a comment. */
  place = "";
  /** Whether it rounds to f32. */
  rounds = false;
  #counters: readonly string[] | null = null;

  constructor(kind: "scratch" | "loop", unit: Unit, parent: UnitText | null) {
    this.kind = kind;
    this.unit = unit;
    this.parent = parent;
  }

  /** The counters of the loops around its call, which become parameters where something in it can fail. */
  counters(caller: Scope): readonly string[] {
    this.#counters ??= caller.counters().map((counter, k) => {
      const name = `$step${k}`;
      this.parameters.push(name);
      this.passed.push(counter);
      return name;
    });
    return this.#counters;
  }
}

/**
 * V8's middle compiler inlines a small function into its caller, and then never optimises it alone: a loop ran five times as
 * long in Node 24. It does not inline functions that read `new.target`.
 */
const neverInlined = "if (new.target) return;";

/**
 * The text of a function. `fround` is a local, since until V8 optimises, a global's property costs more than the rounding.
 */
export function renderFunction(
  name: string,
  parameters: readonly string[],
  unit: UnitText,
  lines: readonly Text[],
): string {
  const rounding = unit.rounds ? ["const fround = Math.fround;"] : [];
  const head = unit.kind === "loop" ? [neverInlined, ...rounding] : rounding;
  return render([`function ${name}(${parameters.join(", ")}) {`, head, unit.header, lines, "}"]);
}

/** The memory of a tape and its length, as variables of a loop. */
export interface TapeVariables {
  readonly data: string;
  readonly count: string;
}

/** A scope: the lines between two braces. */
export class Scope {
  readonly unit: UnitText;
  readonly parent: Scope | null;
  readonly depth: number;
  readonly lines: Text[] = [];
  /** The iteration count of the loop whose body this is, where something in the body can fail. */
  steps: string | null = null;
  /** The tapes that the loop whose body this is keeps in variables. */
  readonly tapes = new ValueMap<TapeVariables>();
  /** The names of expressions that were hoisted to here, by expression. */
  readonly hoisted = new Map<string, string>();
  readonly #caller: Scope | null;

  /** A scope inside `parent`, or the outermost one of a function that `caller` calls. */
  constructor(unit: UnitText, parent: Scope | null = null, caller: Scope | null = null) {
    this.unit = unit;
    this.parent = parent;
    this.#caller = caller;
    this.depth = parent === null ? 0 : parent.depth + 1;
  }

  child(): Scope {
    return new Scope(this.unit, this);
  }

  /** The iteration counts of the loops around, the outermost first. */
  counters(): readonly string[] {
    const around = this.parent?.counters() ?? (this.#caller === null ? [] : this.unit.counters(this.#caller));
    return this.steps === null ? around : [...around, this.steps];
  }

  /** The variables of a tape here; undefined where it is accessed in memory. */
  tape(list: Value): TapeVariables | undefined {
    return this.tapes.get(list) ?? this.parent?.tape(list);
  }

  /** The scope at a depth, from here outwards. */
  at(depth: number): Scope {
    let scope: Scope = this;
    while (scope.depth > depth && scope.parent !== null) scope = scope.parent;
    return scope;
  }
}
