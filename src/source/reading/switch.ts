// switch. Without fallthrough it is a chain of branches. With fallthrough, the matching group of cases is numbered, and each
// body runs where that number is not above its own.

import { compare, select } from "../../ops/index.ts";
import type { AbstractBoolean, AbstractNumber, AbstractValue } from "../state/abstract-value.ts";
import type { Expression, Statement, StatementOf, SwitchCase } from "../syntax/tree.ts";
import { binary } from "./arithmetic.ts";
import { anyTrue, arrive, branch, guarded } from "./branch.ts";
import type { Reading } from "./reading.ts";

/** Cases that share a body. */
interface Group {
  readonly at: number;
  readonly tests: readonly Expression[];
  readonly isDefault: boolean;
  readonly body: readonly Statement[];
}

type Run = (body: readonly Statement[]) => void;

/** The branches of a chain nest, so a longer one is read as numbered groups. */
const longestChain = 100;

export function switchStatement(cx: Reading, s: StatementOf<"switch">, run: Run): void {
  const value = cx.evaluators.evaluate(cx, s.value);
  const before = cx.path;
  const breaks = cx.jumpTarget("switch");
  cx.jumps = [...cx.jumps, { labels: [], breaks, continues: null, isPlain: true }];
  const groups = groupsOf(s.cases);
  const isChain = groups.slice(0, -1).every((g) => leaves(g.body));
  if (isChain && groups.length <= longestChain) chain(cx, value, groups, run);
  else if (isChain) sideBySide(cx, entryOf(cx, value, groups), groups, run, () => arrive(cx, [breaks], before));
  else fallingThrough(cx, entryOf(cx, value, groups), groups, s.at, run);
  cx.jumps = cx.jumps.slice(0, -1);
  arrive(cx, [breaks], before);
}

function groupsOf(cases: readonly SwitchCase[]): readonly Group[] {
  const groups: Group[] = [];
  let tests: Expression[] = [];
  let isDefault = false;
  for (const [i, { at, test, body }] of cases.entries()) {
    if (test === null) isDefault = true;
    else tests.push(test);
    if (body.length === 0 && i + 1 < cases.length) continue;
    groups.push({ at, tests, isDefault, body });
    [tests, isDefault] = [[], false];
  }
  return groups;
}

/** Whether the body never falls through into the next one. */
function leaves(body: readonly Statement[]): boolean {
  const last = body[body.length - 1];
  if (last?.kind === "block") return leaves(last.body);
  return last?.kind === "break" || last?.kind === "continue" || last?.kind === "return";
}

function chain(cx: Reading, value: AbstractValue, groups: readonly Group[], run: Run): void {
  const tested = groups.filter((g) => !g.isDefault);
  const otherwise = groups.find((g) => g.isDefault);
  const { textKey } = cx;
  const from = (i: number): void => {
    if (i === tested.length) {
      if (otherwise !== undefined) cx.under(textKey.child(otherwise.body), () => run(otherwise.body));
      return;
    }
    const { at, body } = tested[i];
    cx.under(textKey.child(body), () =>
      branch(
        cx,
        matches(cx, value, tested[i]),
        at,
        () => run(body),
        () => from(i + 1),
      ),
    );
  };
  from(0);
}

function matches(cx: Reading, value: AbstractValue, { tests }: Group): AbstractBoolean {
  return anyTrue(
    cx,
    tests.map((test) => matchesOne(cx, value, test)),
  );
}

function matchesOne(cx: Reading, value: AbstractValue, test: Expression): AbstractBoolean {
  if (!isPlain(test))
    cx.fail(
      "unsupported",
      test.at,
      "a case that does more than name a number is not compiled",
      "compute it before the switch",
    );
  return binary(cx, "==", value, cx.evaluators.evaluate(cx, test), test.at) as AbstractBoolean;
}

function isPlain(e: Expression): boolean {
  switch (e.kind) {
    case "number":
    case "boolean":
    case "name":
      return true;
    case "unary":
      return isPlain(e.operand);
    case "binary":
      return isPlain(e.left) && isPlain(e.right);
    case "member":
      return isPlain(e.object);
    default:
      return false;
  }
}

/** The number of the group that matches. */
function entryOf(cx: Reading, value: AbstractValue, groups: readonly Group[]): AbstractNumber {
  const otherwise = groups.findIndex((g) => g.isDefault);
  let entry: AbstractNumber = cx.number(otherwise < 0 ? groups.length : otherwise);
  for (let i = groups.length - 1; i >= 0; i--) {
    if (groups[i].tests.length === 0) continue;
    const test = matches(cx, value, groups[i]);
    entry = cx.number(select(test.value, cx.number(i).value, entry.value));
  }
  return entry;
}

/** Many groups without fallthrough: each body runs where its own number matches. */
function sideBySide(
  cx: Reading,
  entry: AbstractNumber,
  groups: readonly Group[],
  run: Run,
  arriveAtEnd: () => void,
): void {
  for (const [i, { at, body }] of groups.entries()) {
    if (!cx.path.isAlive) return;
    cx.at(at);
    const test = cx.boolean(compare(entry.value, cx.number(i).value, "eq"));
    guarded(cx, at, () => {
      branch(
        cx,
        test,
        at,
        () => cx.inside(body, () => run(body)),
        () => {},
      );
      arriveAtEnd();
    });
  }
}

/** Groups with fallthrough. */
function fallingThrough(cx: Reading, entry: AbstractNumber, groups: readonly Group[], at: number, run: Run): void {
  const { textKey } = cx;
  const from = (first: number): void => {
    for (let i = first; i < groups.length && cx.path.isAlive; i++)
      if (cx.under(textKey.child(groups[i].body), () => isRestRead(i))) return;
  };
  /** Reads a body. Where some paths leave it by a jump, the bodies behind it are read too, under a guard. */
  const isRestRead = (i: number): boolean => {
    cx.at(groups[i].at);
    // with a default, some body always matches, and falls through to the last one
    const isLast = i + 1 === groups.length && groups.some((g) => g.isDefault);
    const test = isLast ? cx.boolean(true) : cx.boolean(compare(entry.value, cx.number(i).value, "le"));
    const rest = i + 1 < groups.length ? () => from(i + 1) : null;
    const isRead = branch(
      cx,
      test,
      at,
      () => run(groups[i].body),
      () => {},
      { rest },
    );
    if (isRead || rest === null || cx.path.pending.size === 0) return isRead;
    guarded(cx, at, rest);
    return true;
  };
  from(0);
}
