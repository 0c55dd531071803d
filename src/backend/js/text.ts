// Generated text under construction: nested lines, the functions they stand in, and the names that hold there.

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
 * One generated function. `scratch` functions share the scratch of their call and read there what other units define;
 * a `loop` function takes what it reads as parameters.
 */
export class UnitText {
  readonly kind: "scratch" | "loop";
  readonly parent: UnitText | null;
  readonly unit: Unit;
  /** What is read at the start. */
  readonly header: Text[] = [];
  /** How this function spells a value. */
  readonly atoms = new ValueMap<string>();
  /** How this function spells a dimension symbol. */
  readonly symbols = new Map<string, string>();
  /** How deep in its scopes a value is defined; what is absent stands at the top. */
  readonly depths = new ValueMap<number>();
  /** Names of parameters, and what its caller passes: of a loop function all that it reads, of a part counters of loops. */
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

  /** The counters of the loops around its call, which are passed once something in it can fail. */
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
 * V8's middle compiler puts a small function into its caller and never compiles it on its own: a loop ran five times as
 * long in Node 24. Functions that ask how they were called are left alone.
 */
const neverInlined = "if (new.target) return;";

/** The text of a function; until V8 optimises it, a global's property costs more than the rounding itself. */
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

/** The memory of a tape, which stays the same while these hold, and how many numbers are on it. */
export interface TapeVariables {
  readonly data: string;
  readonly count: string;
}

/** The lines between two braces. */
export class Scope {
  readonly unit: UnitText;
  readonly parent: Scope | null;
  readonly depth: number;
  readonly lines: Text[] = [];
  /** Counts the steps of the loop that has these lines as its body, where something in there can fail. */
  steps: string | null = null;
  /** The tapes that the loop with these lines as its body has in variables. */
  readonly tapes = new ValueMap<TapeVariables>();
  /** Subexpressions of subscripts computed here, by what they are. */
  readonly hoisted = new Map<string, string>();
  readonly #caller: Scope | null;

  /** Within `parent`, or the outermost one of a function that `caller` calls. */
  constructor(unit: UnitText, parent: Scope | null = null, caller: Scope | null = null) {
    this.unit = unit;
    this.parent = parent;
    this.#caller = caller;
    this.depth = parent === null ? 0 : parent.depth + 1;
  }

  child(): Scope {
    return new Scope(this.unit, this);
  }

  /** The counters of the loops around, the outermost first. */
  counters(): readonly string[] {
    const around = this.parent?.counters() ?? (this.#caller === null ? [] : this.unit.counters(this.#caller));
    return this.steps === null ? around : [...around, this.steps];
  }

  /** The variables that a tape is in here; undefined where it is read and written in place. */
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
