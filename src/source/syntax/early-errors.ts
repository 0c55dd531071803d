// JavaScript's early errors that the parser accepts: names declared twice, jumps without a target.

import type { SourceText } from "./text.ts";
import type { FunctionNode, Name, Pattern, Statement, StatementOf } from "./tree.ts";

/** Fails at an early error of the function itself, those inside it aside, whether or not the place is ever reached. */
export function requireSound(source: SourceText, fn: FunctionNode): void {
  new Checker(source).function(fn);
}

/** A loop, a switch or a label around a statement. */
interface Around {
  readonly kind: "loop" | "switch" | "block";
  readonly labels: readonly string[];
}

class Checker {
  readonly #source: SourceText;
  #around: readonly Around[] = [];

  constructor(source: SourceText) {
    this.#source = source;
  }

  function({ parameters, body }: FunctionNode): void {
    const names = parameters.flatMap((p) => namesOf(p.pattern));
    this.#distinct(names);
    // a function inside may have the name of a parameter, which it shadows
    this.#distinct([...names, ...declaredIn(body.filter((s) => s.kind !== "define"))]);
    this.#block(body);
  }

  #block(statements: readonly Statement[]): void {
    this.#distinct(declaredIn(statements));
    for (const s of statements) this.#statement(s);
  }

  #distinct(names: readonly Name[]): void {
    const seen = new Set<string>();
    for (const { name, at } of names) {
      if (seen.has(name)) this.#source.fail("name", at, `'${name}' is declared twice`, "rename one of them");
      seen.add(name);
    }
  }

  /** The labels are those of a loop itself. */
  #statement(s: Statement, labels: readonly string[] = []): void {
    switch (s.kind) {
      case "block":
        this.#block(s.body);
        return;
      case "if":
        this.#statement(s.whenTrue);
        if (s.whenFalse !== null) this.#statement(s.whenFalse);
        return;
      case "for":
      case "for-of":
      case "while":
      case "do":
        if (s.kind === "for" && s.init !== null) this.#distinct(declaredIn([s.init]));
        if (s.kind === "for-of" && s.declares) this.#distinct(namesOf(s.pattern));
        this.#within({ kind: "loop", labels }, () => this.#statement(s.body));
        return;
      case "switch":
        this.#within({ kind: "switch", labels: [] }, () => this.#switch(s));
        return;
      case "labelled":
        this.#label(s, labels);
        return;
      case "break":
      case "continue":
        this.#jump(s);
        return;
    }
  }

  #within(around: Around, body: () => void): void {
    const before = this.#around;
    this.#around = [...before, around];
    body();
    this.#around = before;
  }

  #switch({ cases }: StatementOf<"switch">): void {
    const another = cases.filter((c) => c.test === null)[1];
    if (another !== undefined)
      this.#source.fail("syntax", another.at, "a switch has one default", "remove one of them");
    this.#block(cases.flatMap((c) => c.body));
  }

  #label({ label, body, at }: StatementOf<"labelled">, labels: readonly string[]): void {
    const taken = [labels, ...this.#around.map((a) => a.labels)].some((list) => list.includes(label));
    if (taken) this.#source.fail("syntax", at, `the label '${label}' stands within itself`, "rename one of them");
    const all = [...labels, label];
    const isLoop = body.kind === "for" || body.kind === "for-of" || body.kind === "while" || body.kind === "do";
    if (isLoop || body.kind === "labelled") this.#statement(body, all);
    else this.#within({ kind: "block", labels: all }, () => this.#statement(body));
  }

  #jump({ kind, label, at }: StatementOf<"break" | "continue">): void {
    if (label === null) {
      const isFound = this.#around.some((a) => a.kind === "loop" || (kind === "break" && a.kind === "switch"));
      if (!isFound) this.#source.fail("syntax", at, `${kind} outside of a loop`);
      return;
    }
    const target = this.#around.find((a) => a.labels.includes(label));
    if (target === undefined) this.#source.fail("syntax", at, `no loop or block around has the label '${label}'`);
    if (kind === "continue" && target.kind !== "loop")
      this.#source.fail("syntax", at, `'${label}' is no loop, so continue cannot go there`);
  }
}

/** The names that a list of statements declares. */
export function declaredIn(statements: readonly Statement[]): readonly Name[] {
  return statements.flatMap((s) => {
    if (s.kind === "define") return [{ kind: "name", at: s.at, name: s.fn.name } as const];
    return s.kind === "declare" ? s.items.flatMap((item) => namesOf(item.pattern)) : [];
  });
}

/** The names of a pattern that declares. */
export function namesOf(pattern: Pattern): readonly Name[] {
  switch (pattern.kind) {
    case "name":
      return [pattern];
    case "array-pattern":
      return pattern.items.flatMap((item) => (item === null ? [] : namesOf(item.pattern)));
    case "object-pattern":
      return pattern.entries.flatMap((entry) => namesOf(entry.pattern));
    default:
      return [];
  }
}
