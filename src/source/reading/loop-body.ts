// The body of a loop, which both readings of it share: the test if it has side effects, the statements, the update.

import { currentBlock } from "../../ir/index.ts";
import type { AbstractBoolean } from "../state/abstract-value.ts";
import type { Expression } from "../syntax/tree.ts";
import { arrive, branch, depart, guarded, jump, negated } from "./branch.ts";
import { evaluateTest, isCheap } from "./expressions.ts";
import type { JumpTarget, Reading } from "./reading.ts";

/** A loop of any form. */
export interface Loop {
  readonly at: number;
  /** The condition before each iteration; null where there is none. */
  readonly test: (() => AbstractBoolean) | null;
  readonly body: () => void;
  /** The update of a `for`, which `continue` goes to. */
  readonly update?: () => void;
  /** The age of the state before the variables of the loop itself were declared. */
  readonly age?: number;
  /** The condition of a `do`, after each iteration. */
  readonly until?: Expression;
  readonly labels: readonly string[];
}

/** Reads one iteration. A test with side effects is its first statement: where it is false, the iteration breaks. */
export function readIteration(cx: Reading, l: Loop, breaks: JumpTarget, testHasEffects: boolean): void {
  cx.path = { isAlive: true, pending: new Set() };
  if (!testHasEffects || l.test === null) {
    readBody(cx, l, breaks);
    return;
  }
  const test = l.test();
  branch(
    cx,
    test,
    l.at,
    () => readBody(cx, l, breaks),
    () => jump(cx, breaks),
  );
}

function readBody(cx: Reading, l: Loop, breaks: JumpTarget): void {
  const before = cx.path;
  const continues = cx.jumpTarget("continue");
  cx.jumps = [...cx.jumps, { labels: l.labels, breaks, continues, isPlain: true }];
  l.body();
  cx.jumps = cx.jumps.slice(0, -1);
  arrive(cx, [continues], before);
  const { update } = l;
  const key = cx.textKey.child("update");
  if (update !== undefined) readUpdate(cx, l.at, () => cx.under(key, update), l.age ?? cx.state.age);
  guarded(cx, l.at, () => {
    if (l.until === undefined) return;
    const goesOn = evaluateTest(cx, l.until);
    cx.at(l.until.at);
    depart(cx, breaks, negated(cx, goesOn));
  });
}

/**
 * Reads the update of a `for`. If it is cheap and changes only variables of the loop, it runs on the paths that leave the
 * loop too, rather than under a guard: their values end with the loop.
 */
function readUpdate(cx: Reading, at: number, update: () => void, age: number): void {
  const { path } = cx;
  if (path.pending.size === 0) {
    if (path.isAlive) update();
    return;
  }
  const builder = cx.region();
  cx.state.fork();
  cx.path = { isAlive: true, pending: new Set() };
  cx.within(builder, update);
  const changes = cx.state.rollback();
  cx.path = path;
  if ([...changes.keys()].every((location) => location.age > age) && isCheap(builder.operations)) {
    for (const operation of builder.operations) currentBlock().append(operation);
    cx.state.apply(changes);
    return;
  }
  guarded(cx, at, update);
}
