// Statements: what each does to the locations, and where its paths go.

import { describeMeaning, nothing } from "../state/meaning.ts";
import type { Name, Statement, StatementOf } from "../syntax/tree.ts";
import { makesValue, writeVariable } from "./assign.ts";
import { declareWithoutValue, hoist, initialize, leaveCase } from "./declare.ts";
import { evaluateTest, perform } from "./expressions.ts";
import { forLoop, forOf, loop } from "./loops.ts";
import { arrive, branch, guarded, jump } from "./paths.ts";
import type { Jumps, Reading } from "./reading.ts";
import { switchStatement } from "./switch.ts";

/** A list of statements with names of its own. */
export function executeBlock(x: Reading, statements: readonly Statement[]): void {
  x.scoped(x.scope, () => {
    hoist(x, statements);
    executeFrom(x, statements, 0);
  });
}

/** From a statement on: where some paths jump, what follows is read only for the others. */
function executeFrom(x: Reading, statements: readonly Statement[], from: number): void {
  const { place } = x;
  for (let i = from; i < statements.length && x.path.isAlive; i++) {
    const s = statements[i];
    const rest = i + 1 < statements.length ? () => x.under(place, () => executeFrom(x, statements, i + 1)) : null;
    if (s.kind === "if") {
      if (x.inside(s, () => ifStatement(x, s, rest))) return;
    } else execute(x, s);
    if (rest !== null && x.path.isAlive && x.path.pending.size > 0) {
      x.under(place.child(s).child("after"), () => guarded(x, s.at, rest));
      return;
    }
  }
}

/** Gives whether what follows was read with it. */
function ifStatement(x: Reading, s: StatementOf<"if">, rest: (() => void) | null): boolean {
  const test = evaluateTest(x, s.test);
  const otherwise = (): void => {
    if (s.whenFalse !== null) execute(x, s.whenFalse);
  };
  return branch(x, test, s.at, () => execute(x, s.whenTrue), otherwise, { rest });
}

export function execute(x: Reading, s: Statement): void {
  x.inside(s, () => executeNode(x, s));
}

function executeNode(x: Reading, s: Statement): void {
  x.at(s.at);
  switch (s.kind) {
    case "declare":
      for (const item of s.items) {
        if (item.init !== null) initialize(x, item.pattern, x.verbs.evaluate(x, item.init), makesValue(item.init));
        else declareWithoutValue(x, item.pattern as Name);
      }
      return;
    case "expression":
      perform(x, s.value);
      return;
    case "block":
      executeBlock(x, s.body);
      return;
    case "if":
      ifStatement(x, s, null);
      return;
    case "for":
      x.scoped(x.scope, () => forLoop(x, s, []));
      return;
    case "for-of":
      x.scoped(x.scope, () => forOf(x, s, []));
      return;
    case "while":
      loop(x, { at: s.at, test: () => evaluateTest(x, s.test), body: () => execute(x, s.body), labels: [] });
      return;
    case "do":
      loop(x, { at: s.at, test: null, body: () => execute(x, s.body), until: s.test, labels: [] });
      return;
    case "break":
    case "continue":
      leave(x, s);
      return;
    case "return":
      returnStatement(x, s);
      return;
    case "labelled":
      labelled(x, s, [s.label]);
      return;
    case "switch":
      x.scoped(x.scope, () => {
        for (const c of s.cases) hoist(x, c.body);
        switchStatement(x, s, (body) => {
          executeFrom(x, body, 0);
          leaveCase(x, body);
        });
      });
      return;
    case "define":
      return;
  }
}

function returnStatement(x: Reading, s: StatementOf<"return">): void {
  const frame = x.frames[x.frames.length - 1];
  const m = s.value === null ? nothing : x.verbs.evaluate(x, s.value);
  if (m.kind === "function" || m.kind === "builtin")
    x.fail("unsupported", s.at, "a function is returned", "return what it gives");
  const before = x.state.read(frame.result);
  if (before !== undefined && before.kind !== m.kind)
    x.fail(
      "dtype",
      s.at,
      `'${frame.fn.name}' returns ${describeMeaning(m)} here and ${describeMeaning(before)} elsewhere`,
      "return one type",
    );
  frame.hasResult ||= m.kind !== "nothing";
  writeVariable(x, frame.result, m, s.at, false);
  jump(x, frame.returns);
}

function leave(x: Reading, s: StatementOf<"break" | "continue">): void {
  const isBreak = s.kind === "break";
  const goesTo = (j: Jumps): boolean =>
    s.label === null ? (isBreak ? j.isPlain : j.continues !== null) : j.labels.includes(s.label);
  const found = x.jumps.findLast(goesTo);
  if (found === undefined)
    x.fail(
      "syntax",
      s.at,
      s.label === null ? `${s.kind} outside of a loop` : `no loop or block around has the label '${s.label}'`,
    );
  const target = isBreak ? found.breaks : found.continues;
  if (target === null) x.fail("syntax", s.at, `'${s.label}' is no loop, so continue cannot go there`);
  jump(x, target);
}

function labelled(x: Reading, s: StatementOf<"labelled">, labels: readonly string[]): void {
  const { body } = s;
  switch (body.kind) {
    case "labelled":
      labelled(x, body, [...labels, body.label]);
      return;
    case "for":
      x.scoped(x.scope, () => forLoop(x, body, labels));
      return;
    case "for-of":
      x.scoped(x.scope, () => forOf(x, body, labels));
      return;
    case "while":
      loop(x, { at: body.at, test: () => evaluateTest(x, body.test), body: () => execute(x, body.body), labels });
      return;
    case "do":
      loop(x, { at: body.at, test: null, body: () => execute(x, body.body), until: body.test, labels });
      return;
    default: {
      const before = x.path;
      const breaks = x.target(s.label);
      x.jumps = [...x.jumps, { labels, breaks, continues: null, isPlain: false }];
      execute(x, body);
      x.jumps = x.jumps.slice(0, -1);
      arrive(x, [breaks], before);
    }
  }
}
