// The forms of loops: `for`, `for … of`, `while` and `do` become one, which a reading either explores or emits.

import { cast, compare, gather } from "../../ops/index.ts";
import type { AbstractNumber, AbstractValue, Cell, RecordCell } from "../state/abstract-value.ts";
import type { StatementOf } from "../syntax/tree.ts";
import { binary } from "./arithmetic.ts";
import { contentsOf, fieldOf, lengthOf, requireArray } from "./arrays.ts";
import { destructure, lvalueOf } from "./assign.ts";
import { arrive, guarded } from "./branch.ts";
import { declare, initialize } from "./declare.ts";
import { evaluateTest } from "./expressions.ts";
import type { Loop } from "./loop-body.ts";
import { discoverLoop } from "./loop-discovery.ts";
import { emitLoop } from "./loop-emission.ts";
import type { Reading } from "./reading.ts";

export function forLoop(cx: Reading, s: StatementOf<"for">, labels: readonly string[]): void {
  const { init, test, update } = s;
  const { age } = cx.state;
  if (init?.kind === "declare") for (const item of init.items) declare(cx, item.pattern, init.isConst);
  if (init !== null) cx.evaluators.execute(cx, init);
  loop(cx, {
    at: s.at,
    test: test === null ? null : () => evaluateTest(cx, test),
    body: () => cx.evaluators.execute(cx, s.body),
    update: update === null ? undefined : () => void cx.evaluators.evaluate(cx, update),
    age,
    labels,
  });
}

/** Iterates over an array by a counter of its own. An element is read as its iteration begins. */
export function forOf(cx: Reading, s: StatementOf<"for-of">, labels: readonly string[]): void {
  // the names are in scope in the iterable already, without values
  if (s.declares) declare(cx, s.pattern, s.isConst);
  const iterated = cx.evaluators.evaluate(cx, s.iterable);
  if (iterated.kind === "reference" && holdsOtherThanNumbers(cx, iterated.cell)) {
    forEach(cx, s, iterated.cell, labels);
    return;
  }
  const array = requireArray(cx, iterated, s.iterable.at, "an array");
  const { age } = cx.state;
  const counter = cx.location("i");
  cx.state.write(counter, cx.number(0));
  const index = (): AbstractNumber => cx.state.read(counter) as AbstractNumber;
  loop(cx, {
    at: s.at,
    test: () => {
      const length = lengthOf(cx, array, s.at);
      return cx.boolean(compare(index().value, length.value, "lt"));
    },
    body: () => {
      cx.at(s.at);
      const numbers = {
        offsetAxes: [],
        collapsedAxes: [0],
        indexMap: [0],
        indexAxis: 0,
        sizes: [1],
        of: array.contents.name,
      };
      const element = gather(contentsOf(cx, array), index().value, numbers);
      const m = cx.number(
        array.array === "Float32Array" || array.array === "Int32Array" ? cast(element, "f64") : element,
      );
      iterationWith(cx, s, m);
    },
    update: () => cx.state.write(counter, binary(cx, "+", index(), cx.number(1), s.at)),
    age,
    labels,
  });
}

/** Whether a tuple holds other than numbers, which no array does: tuples, objects, booleans. */
function holdsOtherThanNumbers(cx: Reading, cell: Cell): cell is RecordCell {
  if (cell.kind === "array" || !cell.isTuple) return false;
  return [...cell.fields.values()].some((field) => cx.state.read(field)?.kind !== "number");
}

/** Unrolls `for … of` over a tuple of other than numbers: the body is read for each element. */
function forEach(cx: Reading, s: StatementOf<"for-of">, list: RecordCell, labels: readonly string[]): void {
  const before = cx.path;
  const breaks = cx.jumpTarget("exit");
  for (const field of list.fields.values()) {
    guarded(cx, s.at, () => {
      const { path } = cx;
      const continues = cx.jumpTarget("continue");
      cx.jumps = [...cx.jumps, { labels, breaks, continues, isPlain: true }];
      iterationWith(cx, s, fieldOf(cx, field, s.iterable.at));
      cx.jumps = cx.jumps.slice(0, -1);
      arrive(cx, [continues], path);
    });
  }
  arrive(cx, [breaks], before);
}

/** Reads the body of `for … of` with one element. */
function iterationWith(cx: Reading, s: StatementOf<"for-of">, m: AbstractValue): void {
  cx.scoped(cx.scope, () => {
    if (s.declares) {
      declare(cx, s.pattern, s.isConst);
      initialize(cx, s.pattern, m);
    } else destructure(cx, s.pattern, m, (target, item) => lvalueOf(cx, target).write(item));
    cx.evaluators.execute(cx, s.body);
  });
}

export function loop(cx: Reading, l: Loop): void {
  const number = cx.event();
  const before = cx.path;
  const breaks = cx.jumpTarget("exit");
  const read = cx.isFinal ? emitLoop : discoverLoop;
  const [key, { test }] = [cx.textKey.child("test"), l];
  read(cx, { ...l, test: test === null ? null : () => cx.under(key, test) }, number, breaks);
  arrive(cx, [breaks], before);
}
