// Generated text under construction: nested lines, the functions they are in, and the names in scope.

import { type Value, ValueMap } from "../../../ir/index.ts";

/** A line, or lines one level deeper. */
export type Text = string | readonly Text[];

/** The most characters of a line that says several things. */
export const longestLine = 100;

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

/** One generated function. */
export class FunctionText {
  /** How it spells a value. */
  readonly atoms = new ValueMap<string>();
  /** The expressions that are spelled where their values are read. */
  readonly expressions = new ValueMap<string>();
  /** How it spells a dimension symbol. */
  readonly symbols = new Map<string, string>();
  /** The scope depth of each value's definition; 0 where it is absent. */
  readonly depths = new ValueMap<number>();
  /** How it spells the steps of the loops around its calls. */
  steps: readonly string[] = [];
  /** The lines behind all others, before what it returns. */
  readonly closing: string[] = [];
  /** The last place given in a comment. */
  place = "";
  /** Whether it rounds to f32. */
  rounds = false;
  /** Whether engines may put its text in the place of a call. */
  isInlined = true;
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
  text: FunctionText,
  lines: readonly Text[],
): string {
  const rounding = text.rounds ? ["const fround = Math.fround;"] : [];
  const head = text.isInlined ? rounding : [neverInlined, ...rounding];
  return render([`function ${name}(${parameters.join(", ")}) {`, head, lines, "}"]);
}

/** The memory of a tape and its length, as variables of a loop. */
export interface TapeVariables {
  readonly data: string;
  readonly count: string;
}

/** A scope: the lines between two braces. */
export class Scope {
  readonly text: FunctionText;
  readonly parent: Scope | null;
  readonly depth: number;
  readonly lines: Text[] = [];
  /** The iteration count of the loop whose body this is, where something in the body can fail. */
  steps: string | null = null;
  /** The tapes that the loop whose body this is keeps in variables. */
  readonly tapes = new ValueMap<TapeVariables>();
  /** The names of expressions that were hoisted to here, by expression. */
  readonly hoisted = new Map<string, string>();

  /** A scope inside `parent`, or the outermost one of a function. */
  constructor(text: FunctionText, parent: Scope | null = null) {
    this.text = text;
    this.parent = parent;
    this.depth = parent === null ? 0 : parent.depth + 1;
  }

  child(): Scope {
    return new Scope(this.text, this);
  }

  /** The iteration counts of the loops around, the outermost first. */
  counters(): readonly string[] {
    const around = this.parent?.counters() ?? this.text.steps;
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
