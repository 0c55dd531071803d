// Loops before the last reading. One iteration is read, to find the locations that the loop carries and the jumps that leave
// it. Every location of the outside is widened to its type first, so what is found holds for all iterations.

import { Value } from "../../ir/index.ts";
import {
  type AbstractValue,
  type Cell,
  heldOf,
  locationsOf,
  type Stored,
  type ValueType,
  withValue,
} from "../state/abstract-value.ts";
import { type Changes, LoopWatch } from "../state/state.ts";
import { aliasOf } from "./aliases.ts";
import { type Loop, readIteration } from "./loop-body.ts";
import type { JumpTarget, Reading } from "./reading.ts";

/** Reads one iteration, and keeps the facts of the loop. */
export function discoverLoop(cx: Reading, l: Loop, number: number, breaks: JumpTarget): void {
  const { state } = cx;
  const outside = cx.path;
  const watch = new LoopWatch(state.age, widened);
  state.fork();
  state.watch(watch);
  const { hasEffects: testHasEffects, canEnd } = cx.within(cx.region(), () => {
    const test = cx.inside("condition", () => discoverTest(cx, l));
    cx.inside("step", () => readIteration(cx, l, breaks, test.hasEffects));
    return test;
  });
  const isEntered = l.test === null || testHasEffects || !canEnd;
  const carried = new Map<string, ValueType | null>();
  const shared = new Map<string, string>();
  for (const [location, { before, entered }] of watch.touched) {
    const after = heldOf(state.stored(location));
    if (after === entered || after === undefined || after.kind === "nothing") continue;
    carried.set(location.key, isUnset(before) ? cx.typeOf(after) : null);
    if (entered?.kind !== "reference" || after.kind !== "reference") continue;
    uniteSites(cx, entered.cell, after.cell);
    const alias = aliasOf(cx, after.cell, location);
    if (alias !== null) shared.set(location.key, alias);
  }
  state.unwatch();
  const changes = state.rollback();
  state.restore(watch);
  for (const [location, stored] of changes) {
    const touched = watch.touched.get(location);
    if (touched === undefined) continue;
    const after = heldOf(stored);
    const isLost = after === undefined || (isUnset(touched.before) && !isEntered && location.use !== "guarded");
    state.write(location, isLost ? undefined : widened(after));
    if (!isLost && after.kind === "reference") keepCell(cx, after.cell, changes);
  }
  const exits = new Set([...cx.path.pending].map((t) => t.flag.key));
  cx.facts.loops.set(number, { carried, shared, exits, testHasEffects, canEnd, isEntered });
  cx.path = { isAlive: canEnd, pending: new Set([...outside.pending, ...cx.path.pending]) };
}

/** Keeps what a cell that the iteration made holds, where a location holds the cell after the loop. */
function keepCell(cx: Reading, cell: Cell, changes: Changes): void {
  for (const location of locationsOf(cell)) {
    const held = heldOf(changes.get(location));
    if (held === undefined) continue;
    cx.state.write(location, widened(held));
    if (held.kind === "reference") keepCell(cx, held.cell, changes);
  }
}

function isUnset(stored: Stored): boolean {
  return stored === undefined || stored.kind === "absent";
}

/** Reads the test alone, to find whether it has side effects and can be false. */
function discoverTest(cx: Reading, l: Loop): { readonly hasEffects: boolean; readonly canEnd: boolean } {
  const { test } = l;
  if (test === null) return { hasEffects: false, canEnd: l.until !== undefined };
  const { path } = cx;
  const { age } = cx.state;
  cx.state.fork();
  const { known } = cx.within(cx.region(), test);
  const changes = cx.state.rollback();
  cx.path = path;
  const hasEffects = [...changes.keys()].some((location) => location.age <= age);
  return { hasEffects, canEnd: known !== true };
}

/** Widening: of a location that an iteration may have changed, only the type is known. */
function widened(m: AbstractValue): AbstractValue {
  return "value" in m ? withValue(m, new Value(m.value.type, m.value.name)) : m;
}

/** Literals that one location may hold are all arrays or all tuples. */
function uniteSites(cx: Reading, a: Cell, b: Cell): void {
  if (a.kind === "record" && b.kind === "record" && a.site !== null && b.site !== null) cx.facts.unite(a.site, b.site);
  else
    for (const cell of [a, b])
      if (a.kind !== b.kind && cell.kind === "record" && cell.site !== null) cx.facts.requireArray(cell.site);
}
