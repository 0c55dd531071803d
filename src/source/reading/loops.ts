// Loops: a `while` that carries what a step changes. The first reading finds out what that is; the last one writes it.

import { type BlockBuilder, currentBlock, emit, sameType, Value } from "../../ir/index.ts";
import { cast, compare, gather, whileOp } from "../../ops/index.ts";
import type { LoopFacts } from "../state/facts.ts";
import type { Location } from "../state/location.ts";
import {
  type BooleanMeaning,
  type Cell,
  describeApart,
  heldOf,
  type Meaning,
  type NumberMeaning,
  type RecordCell,
  type ReferenceMeaning,
  type Shape,
  type Stored,
  type TensorMeaning,
} from "../state/meaning.ts";
import type { Changes, Frame } from "../state/state.ts";
import type { Expression, StatementOf } from "../syntax/tree.ts";
import { binary } from "./arithmetic.ts";
import { contentsOf, fieldOf, lengthOf, requireArray } from "./arrays.ts";
import { destructure, placeOf } from "./assign.ts";
import { declare, initialize } from "./declare.ts";
import { evaluateTest, isCheap } from "./expressions.ts";
import { anyOf, arrive, branch, depart, fillerOf, guarded, holderOf, jump, negated } from "./paths.ts";
import { type Reading, type Target, unnumbered } from "./reading.ts";

export interface Loop {
  readonly at: number;
  /** Tested before each step; null always goes on. */
  readonly test: (() => BooleanMeaning) | null;
  readonly body: () => void;
  /** What stands between two steps, where `continue` goes. */
  readonly between?: () => void;
  /** Locations made later end with the loop. */
  readonly age?: number;
  /** Tested after each step. */
  readonly until?: Expression;
  readonly labels: readonly string[];
}

export function forLoop(x: Reading, s: StatementOf<"for">, labels: readonly string[]): void {
  const { init, test, update } = s;
  const { age } = x.state;
  if (init?.kind === "declare") for (const item of init.items) declare(x, item.pattern, init.isConst);
  if (init !== null) x.verbs.execute(x, init);
  loop(x, {
    at: s.at,
    test: test === null ? null : () => evaluateTest(x, test),
    body: () => x.verbs.execute(x, s.body),
    between: update === null ? undefined : () => void x.verbs.evaluate(x, update),
    age,
    labels,
  });
}

/** By a counter of its own; the elements are read as each step begins. */
export function forOf(x: Reading, s: StatementOf<"for-of">, labels: readonly string[]): void {
  // what is iterated over sees the names of a step already, without values
  if (s.declares) declare(x, s.pattern, s.isConst);
  const iterated = x.verbs.evaluate(x, s.iterable);
  if (iterated.kind === "reference" && holdsOthers(x, iterated.cell)) {
    forEach(x, s, iterated.cell, labels);
    return;
  }
  const array = requireArray(x, iterated, s.iterable.at, "an array");
  const { age } = x.state;
  const counter = x.location("i");
  x.state.write(counter, x.number(0));
  const index = (): NumberMeaning => x.state.read(counter) as NumberMeaning;
  loop(x, {
    at: s.at,
    test: () => {
      const length = lengthOf(x, array, s.at);
      return x.boolean(compare(index().value, length.value, "lt"));
    },
    body: () => {
      x.at(s.at);
      const numbers = {
        offsetAxes: [],
        collapsedAxes: [0],
        indexMap: [0],
        indexAxis: 0,
        sizes: [1],
        of: array.contents.name,
      };
      const element = gather(contentsOf(x, array), index().value, numbers);
      const m = x.number(
        array.array === "Float32Array" || array.array === "Int32Array" ? cast(element, "f64") : element,
      );
      stepWith(x, s, m);
    },
    between: () => x.state.write(counter, binary(x, "+", index(), x.number(1), s.at)),
    age,
    labels,
  });
}

/** Whether a list holds something that no array does: tuples, objects, booleans. */
function holdsOthers(x: Reading, cell: Cell): cell is RecordCell {
  if (cell.kind === "array" || !cell.isTuple) return false;
  return [...cell.fields.values()].some((field) => x.state.read(field)?.kind !== "number");
}

/** The elements of a list that is no array of numbers: the body is read for one after another. */
function forEach(x: Reading, s: StatementOf<"for-of">, list: RecordCell, labels: readonly string[]): void {
  const before = x.path;
  const breaks = x.target("exit");
  for (const field of list.fields.values()) {
    guarded(x, s.at, () => {
      const { path } = x;
      const continues = x.target("continue");
      x.jumps = [...x.jumps, { labels, breaks, continues, isPlain: true }];
      stepWith(x, s, fieldOf(x, field, s.iterable.at));
      x.jumps = x.jumps.slice(0, -1);
      arrive(x, [continues], path);
    });
  }
  arrive(x, [breaks], before);
}

/** A step of `for … of` with its element. */
function stepWith(x: Reading, s: StatementOf<"for-of">, m: Meaning): void {
  x.scoped(x.scope, () => {
    if (s.declares) {
      declare(x, s.pattern, s.isConst);
      initialize(x, s.pattern, m);
    } else destructure(x, s.pattern, m, (target, part) => void placeOf(x, target).write(part, false));
    x.verbs.execute(x, s.body);
  });
}

export function loop(x: Reading, l: Loop): void {
  const number = x.event();
  const before = x.path;
  const breaks = x.target("exit");
  const read = x.isFinal ? write : discover;
  const [place, { test }] = [x.place.child("test"), l];
  read(x, { ...l, test: test === null ? null : () => x.under(place, test) }, number, breaks);
  arrive(x, [breaks], before);
}

/** One step: the jumps that end it are done with at its end. */
function step(x: Reading, l: Loop, breaks: Target, hasBusyTest: boolean): void {
  x.path = { isAlive: true, pending: new Set() };
  if (!hasBusyTest || l.test === null) {
    bodyOf(x, l, breaks);
    return;
  }
  const test = l.test();
  branch(
    x,
    test,
    l.at,
    () => bodyOf(x, l, breaks),
    () => jump(x, breaks),
  );
}

function bodyOf(x: Reading, l: Loop, breaks: Target): void {
  const before = x.path;
  const continues = x.target("continue");
  x.jumps = [...x.jumps, { labels: l.labels, breaks, continues, isPlain: true }];
  l.body();
  x.jumps = x.jumps.slice(0, -1);
  arrive(x, [continues], before);
  const { between } = l;
  const update = x.place.child("update");
  if (between !== undefined) advance(x, l.at, () => x.under(update, between), l.age ?? x.state.age);
  guarded(x, l.at, () => {
    if (l.until === undefined) return;
    const goesOn = evaluateTest(x, l.until);
    x.at(l.until.at);
    depart(x, breaks, negated(x, goesOn));
  });
}

/** Where it only counts on what ends with the loop, the paths that leave may do so too. */
function advance(x: Reading, at: number, between: () => void, age: number): void {
  const { path } = x;
  if (path.pending.size === 0) {
    if (path.isAlive) between();
    return;
  }
  const builder = x.region();
  x.state.fork();
  x.path = { isAlive: true, pending: new Set() };
  x.within(builder, between);
  const changes = x.state.rollback();
  x.path = path;
  if ([...changes.keys()].every((location) => location.age > age) && isCheap(builder.operations)) {
    for (const operation of builder.operations) currentBlock().append(operation);
    x.state.apply(changes);
    return;
  }
  guarded(x, at, between);
}

// ---- the first reading ----------------------------------------------------------------------------------------------

/** Reads a step with every location of the outside as something that might have changed, and sees which did. */
function discover(x: Reading, l: Loop, number: number, breaks: Target): void {
  const { state } = x;
  const outside = x.path;
  const frame = new LoopFrame(state.age, unknown);
  state.fork();
  state.enterFrame(frame);
  const { isBusy: hasBusyTest, canEnd } = x.within(x.region(), () => {
    const test = x.inside("condition", () => lookAtTest(x, l));
    x.inside("step", () => step(x, l, breaks, test.isBusy));
    return test;
  });
  const isEntered = l.test === null || hasBusyTest || !canEnd;
  const carried = new Map<string, Shape | null>();
  const shared = new Map<string, string>();
  for (const [location, { before, entered }] of frame.seen) {
    const after = heldOf(state.stored(location));
    if (after === entered || after === undefined || after.kind === "nothing") continue;
    carried.set(location.key, isUnset(before) ? x.shapeOf(after) : null);
    if (entered?.kind !== "reference" || after.kind !== "reference") continue;
    uniteSites(x, entered.cell, after.cell);
    const holder = holderOf(x, after.cell, location);
    if (holder !== null) shared.set(location.key, holder);
  }
  state.leaveFrame();
  const changes = state.rollback();
  state.restore(frame);
  for (const [location, stored] of changes) {
    const seen = frame.seen.get(location);
    if (seen === undefined) continue;
    const after = heldOf(stored);
    const isLost = after === undefined || (isUnset(seen.before) && !isEntered && location.use !== "guarded");
    state.write(location, isLost ? undefined : unknown(after));
    if (!isLost && after.kind === "reference") keepCell(x, after.cell, changes);
  }
  const exits = new Set([...x.path.pending].map((t) => t.flag.key));
  x.facts.loops.set(number, { carried, shared, exits, hasBusyTest, canEnd, isEntered });
  x.path = { isAlive: canEnd, pending: new Set([...outside.pending, ...x.path.pending]) };
}

/** What was made in a step and goes on to be held after the loop. */
function keepCell(x: Reading, cell: Cell, changes: Changes): void {
  for (const part of cell.kind === "array" ? [cell.contents] : cell.fields.values()) {
    const held = heldOf(changes.get(part));
    if (held === undefined) continue;
    x.state.write(part, unknown(held));
    if (held.kind === "reference") keepCell(x, held.cell, changes);
  }
}

function isUnset(stored: Stored): boolean {
  return stored === undefined || stored.kind === "absent";
}

class LoopFrame implements Frame {
  readonly age: number;
  readonly seen: Frame["seen"] = new Map();
  readonly #look: (m: Meaning) => Meaning;

  /** `look` is what a step may know of what a location holds. */
  constructor(age: number, look: (m: Meaning) => Meaning) {
    this.age = age;
    this.#look = look;
  }

  enter(_: Location, m: Meaning | undefined): Meaning | undefined {
    return m === undefined ? m : this.#look(m);
  }
}

/** Readings agree on what is known: in the last one too a step does not ask for what may change in some loop. */
function hidden(m: Meaning): Meaning {
  return m.kind === "number" || m.kind === "boolean" ? { ...m, known: null } : m;
}

/** A test that changes something becomes a part of the step. */
function lookAtTest(x: Reading, l: Loop): { readonly isBusy: boolean; readonly canEnd: boolean } {
  const { test } = l;
  if (test === null) return { isBusy: false, canEnd: l.until !== undefined };
  const { path } = x;
  const { age } = x.state;
  x.state.fork();
  const { known } = x.within(x.region(), test);
  const changes = x.state.rollback();
  x.path = path;
  const isBusy = [...changes.keys()].some((location) => location.age <= age);
  return { isBusy, canEnd: known !== true };
}

/** What a step knows of a location that others may change: its type. */
function unknown(m: Meaning): Meaning {
  return "value" in m ? withValue(m, new Value(m.value.type, m.value.name)) : m;
}

function withValue(m: NumberMeaning | BooleanMeaning | TensorMeaning, value: Value): Meaning {
  if (m.kind === "number") return { kind: "number", value, known: null, dim: null };
  return m.kind === "boolean" ? { kind: "boolean", value, known: null } : { kind: "tensor", value };
}

function uniteSites(x: Reading, a: Cell, b: Cell): void {
  if (a.kind === "record" && b.kind === "record" && a.site !== null && b.site !== null) x.facts.unite(a.site, b.site);
  else
    for (const cell of [a, b])
      if (a.kind !== b.kind && cell.kind === "record" && cell.site !== null) x.facts.requireArray(cell.site);
}

// ---- the last reading -----------------------------------------------------------------------------------------------

/** A location that the loop carries, and what it holds as the loop begins. */
interface Slot {
  readonly location: Location;
  readonly first: Meaning;
  /** It had no value before the loop: the body may not read it before it has one. */
  readonly isNew: boolean;
  /** Why an array that changes hands may not be written to. */
  readonly frozen: string | null;
}

function write(x: Reading, l: Loop, number: number, breaks: Target): void {
  const facts = x.facts.loops.get(number) as LoopFacts;
  const outside = x.path;
  const slots = slotsOf(x, facts);
  const inits = slots.flatMap((s) => leavesOf(x, s.first));
  const names = slots.flatMap((s) => leafNames(x, s.location.name, s.first));
  const region = (): BlockBuilder => {
    const builder = x.region();
    for (const [i, v] of inits.entries()) builder.argument(v.type, names[i]);
    return builder;
  };
  const [cond, body] = [region(), region()];
  const goesOn = within(x, cond, slots, () => [x.inside("condition", () => condition(x, l, facts)).value]);
  let last: readonly Meaning[] = [];
  const results = within(x, body, slots, () => {
    x.inside("step", () => step(x, l, breaks, facts.hasBusyTest));
    last = slots.map((s) => matching(x, s, l.at));
    return last.flatMap((m) => leavesOf(x, m));
  });
  const { pending } = x.path;
  x.at(l.at);
  const values = emit(whileOp, inits, { regions: [cond.finish(goesOn), body.finish(results)], names });
  receive(x, slots, values, last);
  x.path = { isAlive: facts.canEnd, pending: new Set([...outside.pending, ...pending]) };
}

function slotsOf(x: Reading, facts: LoopFacts): readonly Slot[] {
  const rebound = new Set<Location>();
  const all = [...facts.carried].map(([key, shape]): Slot => {
    const location = x.locations.get(key) as Location;
    const held = x.state.read(location);
    const first = held ?? fillerOf(x, shape as Shape, location.name);
    let frozen: string | null = null;
    if (held?.kind === "reference") {
      for (const part of locationsOf(x, held)) rebound.add(part);
      const other = facts.shared.get(key) ?? holderOf(x, held.cell, location);
      if (other !== null || held.cell.frozen !== null) {
        frozen = held.cell.frozen ?? `it may be '${other}', depending on what happened before`;
        held.cell.frozen ??= `'${location.name}' may be it, depending on what happened before`;
      }
    }
    return {
      location,
      first,
      isNew: held === undefined && location.use !== "guarded" && facts.isEntered,
      frozen,
    };
  });
  return all.filter((s) => !rebound.has(s.location));
}

function within(
  x: Reading,
  builder: BlockBuilder,
  slots: readonly Slot[],
  read: () => readonly Value[],
): readonly Value[] {
  const { state } = x;
  const frame = new LoopFrame(state.age, hidden);
  state.fork();
  state.enterFrame(frame);
  const results = x.within(builder, () => {
    receive(x, slots, builder.arguments, null);
    return read();
  });
  state.leaveFrame();
  state.rollback();
  state.restore(frame);
  return results;
}

function condition(x: Reading, l: Loop, facts: LoopFacts): BooleanMeaning {
  const flags = [...facts.exits].map((key) => ({ flag: x.locations.get(key) as Location }));
  x.at(l.at);
  const jumping = anyOf(x, flags);
  const test = facts.hasBusyTest || l.test === null ? null : l.test;
  if (test === null) return negated(x, jumping);
  if (jumping.known === false) return test();
  const result = x.location("value", "guarded", "");
  branch(
    x,
    jumping,
    l.at,
    () => x.state.write(result, x.boolean(false)),
    () => x.state.write(result, test()),
  );
  return x.state.read(result) as BooleanMeaning;
}

/** Gives each location its values: the arguments of a step, or the results of the loop, which go on from `last`. */
function receive(x: Reading, slots: readonly Slot[], values: readonly Value[], last: readonly Meaning[] | null): void {
  let next = 0;
  for (const [i, { location, first, isNew, frozen }] of slots.entries()) {
    const m = rebuilt(x, first, last?.[i] ?? first, () => values[next++], location.name);
    if (m.kind === "reference") m.cell.frozen = frozen;
    x.state.write(location, last === null && isNew ? undefined : m);
  }
}

/** What a location holds at the end of a step, of the shape that it had at its beginning. */
function matching(x: Reading, { location, first }: Slot, at: number): Meaning {
  const m = heldOf(x.state.stored(location));
  if (m === undefined) return first;
  const isSame = m.kind === first.kind && sameTypes(leavesOf(x, m), leavesOf(x, first));
  if (isSame) return m;
  const [before, inside] = describeApart(first, m);
  return x.fail(
    "dtype",
    at,
    `${location.described} is ${before} before the loop and ${inside} in it`,
    "a variable keeps one type and one length",
  );
}

function sameTypes(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((v, i) => sameType(v.type, b[i].type));
}

// ---- meanings as values ---------------------------------------------------------------------------------------------

/** The locations of a cell that hold values. */
function locationsOf(x: Reading, { cell }: ReferenceMeaning): readonly Location[] {
  if (cell.kind === "array") return [cell.contents];
  return [...cell.fields.values()].flatMap((f) => {
    const m = x.state.read(f);
    return m?.kind === "reference" ? [f, ...locationsOf(x, m)] : [f];
  });
}

function leavesOf(x: Reading, m: Meaning): readonly Value[] {
  if ("value" in m) return [m.value];
  if (m.kind !== "reference") return [];
  const { cell } = m;
  if (cell.kind === "array") return [contentsOf(x, cell)];
  return [...cell.fields.values()].flatMap((f) => leavesOf(x, x.state.read(f) as Meaning));
}

function leafNames(x: Reading, name: string, m: Meaning): readonly string[] {
  if (m.kind !== "reference") return "value" in m ? [name] : [];
  const { cell } = m;
  if (cell.kind === "array") return [name];
  return [...cell.fields].flatMap(([key, f]) => leafNames(x, `${name}_${key}`, x.state.read(f) as Meaning));
}

/** A meaning of the same shape with other values. Cells are new ones, which other readings know by the keys of `named`. */
function rebuilt(x: Reading, like: Meaning, named: Meaning, next: () => Value, name: string): Meaning {
  if ("value" in like) return withValue(like, next());
  if (like.kind !== "reference") return like;
  const { cell } = like;
  const other = named.kind === "reference" ? named.cell : cell;
  if (cell.kind === "array") {
    const key = other.kind === "array" ? other.contents.key : unnumbered;
    return x.array(cell.array, cell.length, next(), name, { key });
  }
  const partOf = (field: string): Location => (other.kind === "record" ? other : cell).fields.get(field) as Location;
  const read = (l: Location): Meaning => x.state.read(l) as Meaning;
  const fields = [...cell.fields].map(([field, l]) => {
    const held = x.state.read(partOf(field)) ?? read(l);
    return [field, rebuilt(x, read(l), held, next, field)] as const;
  });
  return x.record(cell.isTuple, fields, cell.site, name, (field) => partOf(field).key);
}
