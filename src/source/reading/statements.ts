// Statements: their effects on the abstract state, and their control flow.

import { describeValue, nothing } from "../state/abstract-value.ts";
import type { Name, Statement, StatementOf } from "../syntax/tree.ts";
import { writeVariable } from "./assign.ts";
import { arrive, branch, guarded, jump } from "./branch.ts";
import { declareWithoutValue, hoist, initialize, leaveCase } from "./declare.ts";
import { evaluateTest, perform } from "./expressions.ts";
import { forLoop, forOf, loop } from "./loops.ts";
import type { Jumps, Reading } from "./reading.ts";
import { switchStatement } from "./switch.ts";

/** Executes statements in a scope of their own. */
export function executeBlock(cx: Reading, statements: readonly Statement[]): void {
  cx.scoped(cx.scope, () => {
    hoist(cx, statements);
    executeFrom(cx, statements, 0);
  });
}

/** Executes a list from one statement on. Where a statement leaves jumps pending, the rest is read under a guard. */
function executeFrom(cx: Reading, statements: readonly Statement[], from: number): void {
  const { textKey } = cx;
  for (let i = from; i < statements.length && cx.path.isAlive; i++) {
    const s = statements[i];
    const rest = i + 1 < statements.length ? () => cx.under(textKey, () => executeFrom(cx, statements, i + 1)) : null;
    if (s.kind === "if") {
      if (cx.inside(s, () => ifStatement(cx, s, rest))) return;
    } else execute(cx, s);
    if (rest !== null && cx.path.isAlive && cx.path.pending.size > 0) {
      cx.under(textKey.child(s).child("after"), () => guarded(cx, s.at, rest));
      return;
    }
  }
}

/** Returns whether the rest was read too, in the arm that stays live. */
function ifStatement(cx: Reading, s: StatementOf<"if">, rest: (() => void) | null): boolean {
  const test = evaluateTest(cx, s.test);
  const otherwise = (): void => {
    if (s.whenFalse !== null) execute(cx, s.whenFalse);
  };
  return branch(cx, test, s.at, () => execute(cx, s.whenTrue), otherwise, { rest });
}

export function execute(cx: Reading, s: Statement): void {
  cx.inside(s, () => executeNode(cx, s));
}

function executeNode(cx: Reading, s: Statement): void {
  cx.at(s.at);
  switch (s.kind) {
    case "declare":
      for (const item of s.items) {
        if (item.init === null) declareWithoutValue(cx, item.pattern as Name);
        else {
          const name = item.pattern.kind === "name" ? item.pattern.name : null;
          initialize(cx, item.pattern, cx.evaluators.evaluate(cx, item.init, name));
        }
      }
      return;
    case "expression":
      perform(cx, s.value);
      return;
    case "block":
      executeBlock(cx, s.body);
      return;
    case "if":
      ifStatement(cx, s, null);
      return;
    case "for":
      cx.scoped(cx.scope, () => forLoop(cx, s, []));
      return;
    case "for-of":
      cx.scoped(cx.scope, () => forOf(cx, s, []));
      return;
    case "while":
      loop(cx, { at: s.at, test: () => evaluateTest(cx, s.test), body: () => execute(cx, s.body), labels: [] });
      return;
    case "do":
      loop(cx, { at: s.at, test: null, body: () => execute(cx, s.body), until: s.test, labels: [] });
      return;
    case "break":
    case "continue":
      leave(cx, s);
      return;
    case "return":
      returnStatement(cx, s);
      return;
    case "labelled":
      labelled(cx, s, [s.label]);
      return;
    case "switch":
      cx.scoped(cx.scope, () => {
        for (const c of s.cases) hoist(cx, c.body);
        switchStatement(cx, s, (body) => {
          executeFrom(cx, body, 0);
          leaveCase(cx, body);
        });
      });
      return;
    case "define":
      return;
  }
}

function returnStatement(cx: Reading, s: StatementOf<"return">): void {
  const activation = cx.activations[cx.activations.length - 1];
  const m = s.value === null ? nothing : cx.evaluators.evaluate(cx, s.value);
  if (m.kind === "function" || m.kind === "builtin" || m.kind === "host")
    cx.fail("unsupported", s.at, "a function is returned", "return what it gives");
  const before = cx.state.read(activation.result);
  if (before !== undefined && before.kind !== m.kind)
    cx.fail(
      "dtype",
      s.at,
      `'${activation.fn.name}' returns ${describeValue(m)} here and ${describeValue(before)} elsewhere`,
      "return one type",
    );
  activation.hasResult ||= m.kind !== "nothing";
  writeVariable(cx, activation.result, m, s.at);
  jump(cx, activation.returns);
}

function leave(cx: Reading, s: StatementOf<"break" | "continue">): void {
  const isBreak = s.kind === "break";
  const goesTo = (j: Jumps): boolean =>
    s.label === null ? (isBreak ? j.isPlain : j.continues !== null) : j.labels.includes(s.label);
  const found = cx.jumps.findLast(goesTo);
  if (found === undefined)
    cx.fail(
      "syntax",
      s.at,
      s.label === null ? `${s.kind} outside of a loop` : `no loop or block around has the label '${s.label}'`,
    );
  const target = isBreak ? found.breaks : found.continues;
  if (target === null) cx.fail("syntax", s.at, `'${s.label}' is no loop, so continue cannot go there`);
  jump(cx, target);
}

function labelled(cx: Reading, s: StatementOf<"labelled">, labels: readonly string[]): void {
  const { body } = s;
  switch (body.kind) {
    case "labelled":
      labelled(cx, body, [...labels, body.label]);
      return;
    case "for":
      cx.scoped(cx.scope, () => forLoop(cx, body, labels));
      return;
    case "for-of":
      cx.scoped(cx.scope, () => forOf(cx, body, labels));
      return;
    case "while":
      loop(cx, { at: body.at, test: () => evaluateTest(cx, body.test), body: () => execute(cx, body.body), labels });
      return;
    case "do":
      loop(cx, { at: body.at, test: null, body: () => execute(cx, body.body), until: body.test, labels });
      return;
    default: {
      const before = cx.path;
      const breaks = cx.jumpTarget(s.label);
      cx.jumps = [...cx.jumps, { labels, breaks, continues: null, isPlain: false }];
      execute(cx, body);
      cx.jumps = cx.jumps.slice(0, -1);
      arrive(cx, [breaks], before);
    }
  }
}
