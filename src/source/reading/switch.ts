// switch. Where no body runs on into the next it is a chain of branches; else the case that matches is a number, and
// each body runs where that number is not behind it.

import { compare, select } from "../../ops/index.ts";
import type { BooleanMeaning, Meaning, NumberMeaning } from "../state/meaning.ts";
import type { Expression, Statement, StatementOf, SwitchCase } from "../syntax/tree.ts";
import { binary } from "./arithmetic.ts";
import { anyTrue, arrive, branch, guarded } from "./paths.ts";
import type { Reading } from "./reading.ts";

/** Cases that share a body. */
interface Group {
  readonly at: number;
  readonly tests: readonly Expression[];
  readonly isDefault: boolean;
  readonly body: readonly Statement[];
}

type Run = (body: readonly Statement[]) => void;

/** Chains nest. */
const longestChain = 100;

export function switchStatement(x: Reading, s: StatementOf<"switch">, run: Run): void {
  const value = x.verbs.evaluate(x, s.value);
  const before = x.path;
  const breaks = x.target("switch");
  x.jumps = [...x.jumps, { labels: [], breaks, continues: null, isPlain: true }];
  const groups = groupsOf(s.cases);
  const isChain = groups.slice(0, -1).every((g) => leaves(g.body));
  if (isChain && groups.length <= longestChain) chain(x, value, groups, run);
  else if (isChain) side(x, entryOf(x, value, groups), groups, run, () => arrive(x, [breaks], before));
  else numbered(x, entryOf(x, value, groups), groups, s.at, run);
  x.jumps = x.jumps.slice(0, -1);
  arrive(x, [breaks], before);
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

/** Whether the body never runs on into the next one. */
function leaves(body: readonly Statement[]): boolean {
  const last = body[body.length - 1];
  if (last?.kind === "block") return leaves(last.body);
  return last?.kind === "break" || last?.kind === "continue" || last?.kind === "return";
}

function chain(x: Reading, value: Meaning, groups: readonly Group[], run: Run): void {
  const tested = groups.filter((g) => !g.isDefault);
  const otherwise = groups.find((g) => g.isDefault);
  const { place } = x;
  const from = (i: number): void => {
    if (i === tested.length) {
      if (otherwise !== undefined) x.under(place.child(otherwise.body), () => run(otherwise.body));
      return;
    }
    const { at, body } = tested[i];
    x.under(place.child(body), () =>
      branch(
        x,
        matches(x, value, tested[i]),
        at,
        () => run(body),
        () => from(i + 1),
      ),
    );
  };
  from(0);
}

function matches(x: Reading, value: Meaning, { tests }: Group): BooleanMeaning {
  return anyTrue(
    x,
    tests.map((test) => matchesOne(x, value, test)),
  );
}

function matchesOne(x: Reading, value: Meaning, test: Expression): BooleanMeaning {
  if (!isPlain(test))
    x.fail(
      "unsupported",
      test.at,
      "a case that does more than name a number is not compiled",
      "compute it before the switch",
    );
  return binary(x, "==", value, x.verbs.evaluate(x, test), test.at) as BooleanMeaning;
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
function entryOf(x: Reading, value: Meaning, groups: readonly Group[]): NumberMeaning {
  const otherwise = groups.findIndex((g) => g.isDefault);
  let entry: NumberMeaning = x.number(otherwise < 0 ? groups.length : otherwise);
  for (let i = groups.length - 1; i >= 0; i--) {
    if (groups[i].tests.length === 0) continue;
    const test = matches(x, value, groups[i]);
    entry = x.number(select(test.value, x.number(i).value, entry.value));
  }
  return entry;
}

/** Very many bodies stand side by side, each behind its own number. */
function side(x: Reading, entry: NumberMeaning, groups: readonly Group[], run: Run, arriveAtEnd: () => void): void {
  for (const [i, { at, body }] of groups.entries()) {
    if (!x.path.isAlive) return;
    x.at(at);
    const test = x.boolean(compare(entry.value, x.number(i).value, "eq"));
    guarded(x, at, () => {
      branch(
        x,
        test,
        at,
        () => x.inside(body, () => run(body)),
        () => {},
      );
      arriveAtEnd();
    });
  }
}

function numbered(x: Reading, entry: NumberMeaning, groups: readonly Group[], at: number, run: Run): void {
  const { place } = x;
  const from = (first: number): void => {
    for (let i = first; i < groups.length && x.path.isAlive; i++)
      if (x.under(place.child(groups[i].body), () => isRestRead(i))) return;
  };
  /** Reads a body; where some paths leave in it, what follows is read with it, for the others. */
  const isRestRead = (i: number): boolean => {
    x.at(groups[i].at);
    // where there is a default, some body runs, and then the last one
    const isLast = i + 1 === groups.length && groups.some((g) => g.isDefault);
    const test = isLast ? x.boolean(true) : x.boolean(compare(entry.value, x.number(i).value, "le"));
    const rest = i + 1 < groups.length ? () => from(i + 1) : null;
    const isRead = branch(
      x,
      test,
      at,
      () => run(groups[i].body),
      () => {},
      { rest },
    );
    if (isRead || rest === null || x.path.pending.size === 0) return isRead;
    guarded(x, at, rest);
    return true;
  };
  from(0);
}
