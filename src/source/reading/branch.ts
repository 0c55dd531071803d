// Branches and jumps. Both arms of a branch are read, and joined by an `if` that yields the locations that either changed.
// A jump out of a region sets a flag: the text behind it is read under a guard, which runs it where no flag is set.

import type { BlockBuilder } from "../../ir/index.ts";
import { not, or } from "../../ops/index.ts";
import { type AbstractBoolean, heldOf } from "../state/abstract-value.ts";
import type { Changes } from "../state/state.ts";
import { type Arm, join } from "./join.ts";
import type { JumpTarget, Path, Reading } from "./reading.ts";

const noJumps: ReadonlySet<JumpTarget> = new Set();
const noChanges: Changes = new Map();

interface BranchOptions {
  /** The statements behind the branch. If only one arm stays live, they are read at its end, without a guard. */
  readonly rest?: (() => void) | null;
  /** Joins the arms without an `if`; false where it cannot. */
  readonly shortcut?: (arms: readonly Arm[]) => boolean;
}

/** Reads both arms of a branch, or the one that a constant condition takes. Returns whether `rest` was read too. */
export function branch(
  cx: Reading,
  test: AbstractBoolean,
  at: number,
  then: () => void,
  otherwise: () => void,
  { rest = null, shortcut }: BranchOptions = {},
): boolean {
  const number = cx.event();
  if (test.known !== null) {
    cx.inside(number, test.known ? then : otherwise);
    return false;
  }
  const { age } = cx.state;
  const { pending } = cx.path;
  const arms = [then, otherwise].map((body) =>
    readArm(cx, cx.region(), { isAlive: true, pending }, noChanges, () => cx.inside(number, body)),
  ) as [Arm, Arm];
  if (shortcut?.(arms) === true) {
    cx.path = { isAlive: true, pending };
    return false;
  }
  const live = arms.filter((arm) => arm.path.isAlive);
  const takesRest = rest !== null && live.length === 1;
  if (takesRest)
    Object.assign(
      live[0],
      readArm(cx, live[0].builder, live[0].path, live[0].changes, () => guarded(cx, at, rest)),
    );
  cx.at(at);
  join(cx, test.value, arms, { age, at, number });
  cx.path = {
    isAlive: arms.some((arm) => arm.path.isAlive),
    pending: new Set(arms.flatMap((arm) => [...arm.path.pending])),
  };
  return takesRest;
}

/** Reads `body` at the end of an arm, whose changes so far are applied first and taken back with the others. */
function readArm(cx: Reading, builder: BlockBuilder, path: Path, changes: Changes, body: () => void): Arm {
  cx.state.fork();
  cx.state.apply(changes);
  cx.path = path;
  cx.within(builder, body);
  return { builder, changes: cx.state.rollback(), path: cx.path };
}

// ---- guards ---------------------------------------------------------------------------------------------------------

/** Reads `body` for the live paths only: under a guard where jumps are pending, and not at all where no path is live. */
export function guarded(cx: Reading, at: number, body: () => void): void {
  cx.inside(cx.event(), () => guardedHere(cx, at, body));
}

function guardedHere(cx: Reading, at: number, body: () => void): void {
  const { pending, isAlive } = cx.path;
  const key = cx.textKey.child("rest");
  const rest = (): void => cx.under(key, body);
  if (!isAlive) return;
  if (pending.size === 0) {
    rest();
    return;
  }
  cx.at(at);
  const isJumping = anyOf(cx, pending);
  branch(
    cx,
    isJumping,
    at,
    () => {
      cx.path = { isAlive: false, pending };
    },
    () => {
      cx.path = { isAlive: true, pending: noJumps };
      rest();
    },
  );
}

/** Whether one of the jumps is pending. */
export function anyOf(cx: Reading, jumps: Iterable<Pick<JumpTarget, "flag">>): AbstractBoolean {
  return anyTrue(
    cx,
    [...jumps].map(({ flag }) => cx.state.read(flag) as AbstractBoolean),
  );
}

export function anyTrue(cx: Reading, flags: readonly AbstractBoolean[]): AbstractBoolean {
  if (flags.some((f) => f.known === true)) return cx.boolean(true);
  const open = flags.filter((f) => f.known === null);
  if (open.length === 0) return cx.boolean(false);
  return cx.boolean(open.map((f) => f.value).reduce((a, b) => or(a, b)));
}

export function negated(cx: Reading, m: AbstractBoolean, name: string | null = null): AbstractBoolean {
  return m.known === null ? cx.boolean(cx.named(name, () => not(m.value))) : cx.boolean(!m.known, name);
}

// ---- jumps ----------------------------------------------------------------------------------------------------------

/** Ends the path with a jump. */
export function jump(cx: Reading, target: JumpTarget): void {
  depart(cx, target, cx.boolean(true));
  cx.path = { ...cx.path, isAlive: false };
}

/** Jumps where `condition` holds: the jump is pending from here on. */
export function depart(cx: Reading, target: JumpTarget, condition: AbstractBoolean): void {
  cx.state.write(target.flag, condition);
  for (const location of cx.state.absent()) target.unset.add(location);
  cx.path = { ...cx.path, pending: new Set([...cx.path.pending, target]) };
}

/**
 * The pending jumps to `targets` end here, and their paths are live again. Those that were pending in `before` already stay
 * so. Locations are definitely assigned from here on if they are on every path that arrives.
 */
export function arrive(cx: Reading, targets: readonly JumpTarget[], before: Path): void {
  const { isAlive, pending } = cx.path;
  const arrived = targets.filter((t) => pending.has(t));
  const left = [...pending].filter((t) => !targets.includes(t) || before.pending.has(t));
  cx.path = { isAlive: isAlive || arrived.length > 0, pending: new Set(left) };
  const unset = new Set(arrived.flatMap((t) => [...t.unset]));
  if (!isAlive && arrived.length > 0)
    for (const location of cx.state.absent()) {
      if (!unset.has(location)) cx.state.write(location, heldOf(cx.state.stored(location)));
    }
  for (const location of unset) {
    const stored = cx.state.stored(location);
    if (stored !== undefined && stored.kind !== "absent") cx.state.write(location, { kind: "absent", held: stored });
  }
}
