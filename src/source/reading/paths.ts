// Where paths part and meet: a branch is an `if` whose results are what either path changed.

import { type BlockBuilder, emit, sameDim, tensorType, type Value, withBuilder } from "../../ir/index.ts";
import { ifOp, not, or, zeros } from "../../ops/index.ts";
import type { Location } from "../state/location.ts";
import {
  ArrayCell,
  type BooleanMeaning,
  type Cell,
  describeApart,
  dtypeOfArray,
  heldOf,
  type Meaning,
  type RecordCell,
  type Shape,
  type Stored,
} from "../state/meaning.ts";
import type { Changes } from "../state/state.ts";
import { type Path, type Reading, type Target, unnumbered } from "./reading.ts";

/** One of two paths. */
export interface Fork {
  readonly builder: BlockBuilder;
  changes: Changes;
  path: Path;
}

/** One value that both paths yield. */
interface Yield {
  readonly name: string;
  readonly values: readonly [Value, Value];
  /** Gives the meaning its value behind the branch. */
  readonly receive: (value: Value) => void;
}

const nobody: ReadonlySet<Target> = new Set();

interface BranchOptions {
  /** What follows in the text: read in the one path that goes on, where the other does not. */
  readonly rest?: (() => void) | null;
  /** Puts the two together without an `if`, where it can. */
  readonly shortcut?: (forks: readonly Fork[]) => boolean;
}

/** Reads both paths behind a condition; gives whether the rest was read too. */
export function branch(
  x: Reading,
  test: BooleanMeaning,
  at: number,
  then: () => void,
  otherwise: () => void,
  { rest = null, shortcut }: BranchOptions = {},
): boolean {
  const number = x.event();
  if (test.known !== null) {
    x.inside(number, test.known ? then : otherwise);
    return false;
  }
  const { age } = x.state;
  const pending = x.path.pending;
  const forks = [then, otherwise].map((body) =>
    fork(x, x.region(), { isAlive: true, pending }, nothingYet, () => x.inside(number, body)),
  ) as [Fork, Fork];
  if (shortcut?.(forks) === true) {
    x.path = { isAlive: true, pending };
    return false;
  }
  const alive = forks.filter((f) => f.path.isAlive);
  const goesOn = rest !== null && alive.length === 1;
  if (goesOn)
    Object.assign(
      alive[0],
      fork(x, alive[0].builder, alive[0].path, alive[0].changes, () => guarded(x, at, rest)),
    );
  x.at(at);
  meet(x, test.value, forks, { age, at, number });
  x.path = {
    isAlive: forks.some((f) => f.path.isAlive),
    pending: new Set(forks.flatMap((f) => [...f.path.pending])),
  };
  return goesOn;
}

const nothingYet: Changes = new Map();

/** Goes on with a path. */
function fork(x: Reading, builder: BlockBuilder, path: Path, changes: Changes, body: () => void): Fork {
  x.state.fork();
  x.state.apply(changes);
  x.path = path;
  x.within(builder, body);
  return { builder, changes: x.state.rollback(), path: x.path };
}

/** Reads what follows where some paths are in the middle of a jump: only the others get there. */
export function guarded(x: Reading, at: number, rest: () => void): void {
  x.inside(x.event(), () => guardedHere(x, at, rest));
}

function guardedHere(x: Reading, at: number, body: () => void): void {
  const { pending, isAlive } = x.path;
  const own = x.place.child("rest");
  const rest = (): void => x.under(own, body);
  if (!isAlive) return;
  if (pending.size === 0) {
    rest();
    return;
  }
  x.at(at);
  const jumping = anyOf(x, pending);
  branch(
    x,
    jumping,
    at,
    () => {
      x.path = { isAlive: false, pending };
    },
    () => {
      x.path = { isAlive: true, pending: nobody };
      rest();
    },
  );
}

/** Whether one of the jumps is under way. */
export function anyOf(x: Reading, targets: Iterable<Pick<Target, "flag">>): BooleanMeaning {
  return anyTrue(
    x,
    [...targets].map(({ flag }) => x.state.read(flag) as BooleanMeaning),
  );
}

export function anyTrue(x: Reading, flags: readonly BooleanMeaning[]): BooleanMeaning {
  if (flags.some((f) => f.known === true)) return x.boolean(true);
  const open = flags.filter((f) => f.known === null);
  if (open.length === 0) return x.boolean(false);
  return x.boolean(open.map((f) => f.value).reduce((a, b) => or(a, b)));
}

export function negated(x: Reading, m: BooleanMeaning): BooleanMeaning {
  return x.boolean(m.known === null ? not(m.value) : !m.known);
}

/** Ends the path at a jump. */
export function jump(x: Reading, target: Target): void {
  depart(x, target, x.boolean(true));
  x.path = { ...x.path, isAlive: false };
}

/** The path, or a part of it, is in the middle of a jump from here on. */
export function depart(x: Reading, target: Target, jumps: BooleanMeaning): void {
  x.state.write(target.flag, jumps);
  for (const location of x.state.absent()) target.unset.add(location);
  x.path = { ...x.path, pending: new Set([...x.path.pending, target]) };
}

/** Jumps that arrive here go on like the others. */
export function arrive(x: Reading, targets: readonly Target[], before: Path): void {
  const { isAlive, pending } = x.path;
  const arrived = targets.filter((t) => pending.has(t));
  const left = [...pending].filter((t) => !targets.includes(t) || before.pending.has(t));
  x.path = { isAlive: isAlive || arrived.length > 0, pending: new Set(left) };
  const unset = new Set(arrived.flatMap((t) => [...t.unset]));
  if (!isAlive && arrived.length > 0)
    for (const location of x.state.absent()) {
      if (!unset.has(location)) x.state.write(location, heldOf(x.state.stored(location)));
    }
  for (const location of unset) {
    const stored = x.state.stored(location);
    if (stored !== undefined && stored.kind !== "absent") x.state.write(location, { kind: "absent", held: stored });
  }
}

// ---- where two paths meet -------------------------------------------------------------------------------------------

function meet(
  x: Reading,
  test: Value,
  forks: readonly [Fork, Fork],
  { age, at, number }: { readonly age: number; readonly at: number; readonly number: number },
): void {
  const meeting = new Meeting(x, forks, at, number);
  const changed = new Set(forks.flatMap((f) => [...f.changes.keys()]));
  for (const location of changed) if (location.age <= age) meeting.location(location);
  const { yields } = meeting;
  const regions = forks.map((f, k) => f.builder.finish(yields.map((y) => y.values[k])));
  const isEmpty = yields.length === 0 && regions.every((r) => r.operations.length === 0);
  meeting.receive(isEmpty ? [] : emit(ifOp, [test], { regions, names: yields.map((y) => y.name) }));
}

class Meeting {
  readonly yields: Yield[] = [];
  readonly #x: Reading;
  readonly #forks: readonly [Fork, Fork];
  readonly #at: number;
  /** What meets here is numbered by where it goes, however much of it other readings find here. */
  readonly #number: number;
  /** Cells that became one. */
  readonly #merged = new Map<Cell, Map<Cell, Cell>>();
  /** What some path that goes on has yet to give a value. */
  readonly #absent = new Set<Location>();

  constructor(x: Reading, forks: readonly [Fork, Fork], at: number, number: number) {
    this.#x = x;
    this.#forks = forks;
    this.#at = at;
    this.#number = number;
  }

  location(location: Location): void {
    const { state } = this.#x;
    const [a, b] = this.#forks.map((f) => (f.changes.has(location) ? f.changes.get(location) : state.stored(location)));
    this.#meet(location, a, b, location);
  }

  /** `into` gets what `a` and `b` become; `name` is the location that is spoken of. */
  #meet(into: Location, first: Stored, second: Stored, named: Location): void {
    if (into.use === "guarded" || !this.#isUnset(into, [first, second])) {
      this.#join(into, heldOf(first), heldOf(second), named);
      return;
    }
    const isSeen = this.#forks.some((f, k) => [first, second][k] !== undefined && f.path.pending.size > 0);
    if (!isSeen) this.#x.state.write(into, undefined);
    else {
      this.#join(into, heldOf(first), heldOf(second), named);
      this.#absent.add(into);
    }
  }

  /** Whether some path that goes on gives it no value; the jumps of paths that give it none take note. */
  #isUnset(location: Location, stored: readonly [Stored, Stored]): boolean {
    for (const [k, { path }] of this.#forks.entries())
      if (stored[k] === undefined) for (const target of path.pending) target.unset.add(location);
    return this.#forks.some(({ path }, k) => path.isAlive && (stored[k] === undefined || stored[k].kind === "absent"));
  }

  #join(into: Location, a: Meaning | undefined, b: Meaning | undefined, named: Location): void {
    const { state } = this.#x;
    if (a === undefined && b === undefined) return;
    if (a === undefined || b === undefined) {
      this.#fill(into, a === undefined ? 0 : 1, (a ?? b) as Meaning);
      return;
    }
    if (a.kind !== b.kind) this.#refuse(named, a, b);
    if (a.kind === "reference" && b.kind === "reference") {
      state.write(into, { kind: "reference", cell: this.#cell(a.cell, b.cell, named, into) });
    } else if ("value" in a && "value" in b) this.#yield(into, a, [a.value, b.value], a, b);
    else if (a.kind === "function" && b.kind === "function" ? a.fn === b.fn : a.kind === "nothing")
      state.write(into, a);
    else this.#refuse(named, a, b);
  }

  #yield(into: Location, like: Meaning, values: readonly [Value, Value], a: Meaning, b: Meaning): void {
    if (values[0] === values[1]) {
      this.#x.state.write(into, like);
      return;
    }
    const known = "known" in a && "known" in b && Object.is(a.known, b.known) ? a.known : null;
    const dim =
      a.kind === "number" && b.kind === "number" && a.dim !== null && b.dim !== null && sameDim(a.dim, b.dim)
        ? a.dim
        : null;
    const receive = (value: Value): void =>
      this.#x.state.write(
        into,
        (like.kind === "number" ? { ...like, value, known, dim } : { ...like, value, known }) as Meaning,
      );
    this.yields.push({ name: into.name, values, receive });
  }

  /** One path leaves it unset, and nobody asks there: any value will do. */
  #fill(into: Location, missing: 0 | 1, m: Meaning): void {
    const { state } = this.#x;
    if (m.kind === "reference") {
      state.write(into, m);
      this.#kept(m.cell, missing);
      return;
    }
    if (!("value" in m)) {
      state.write(into, m);
      return;
    }
    const filler = withBuilder(this.#forks[missing].builder, () => zeros(m.value.type));
    const values = missing === 0 ? ([filler, m.value] as const) : ([m.value, filler] as const);
    this.#yield(into, m, values, m, { kind: "nothing" });
  }

  /** A cell of one path alone, with what it holds there. */
  #kept(cell: Cell, missing: 0 | 1): Cell {
    for (const part of cell.kind === "array" ? [cell.contents] : cell.fields.values()) this.#part(part, missing);
    return cell;
  }

  #part(part: Location, missing: 0 | 1): void {
    const there = this.#forks[1 - missing].changes;
    const held = heldOf(there.get(part));
    if (this.#x.state.stored(part) === undefined && held !== undefined) this.#fill(part, missing, held);
  }

  /** The cell that stands for one or the other. */
  #cell(a: Cell, b: Cell, named: Location, into: Location): Cell {
    if (a === b) return a;
    const known = this.#merged.get(a)?.get(b);
    if (known !== undefined) return known;
    const merged = this.#newCell(a, b, named, this.#keys(a, b, into));
    const others = this.#merged.get(a) ?? new Map<Cell, Cell>();
    this.#merged.set(a, others.set(b, merged));
    if (merged !== a && merged !== b) share(this.#x, [a, b], merged, named);
    return merged;
  }

  #newCell(a: Cell, b: Cell, named: Location, keyOf: (field: string) => string): Cell {
    const x = this.#x;
    if (a.kind === "array" && b.kind === "array" && a.array === b.array) {
      if (!sameDim(a.length, b.length)) return x.isFinal ? this.#refuseCells(named, a, b) : this.#kept(a, 1);
      const cell = new ArrayCell(a.array, a.length, x.location(named.name, "plain", keyOf("")));
      this.#meet(cell.contents, this.#held(0, a.contents), this.#held(1, b.contents), named);
      return cell;
    }
    if (a.kind === "record" && b.kind === "record" && sameKeys(a, b)) {
      if (a.site !== null && b.site !== null) x.facts.unite(a.site, b.site);
      const fields = [...a.fields.keys()].map((key) => [key, undefined] as const);
      const { cell } = x.record(a.isTuple, fields, a.site ?? b.site, named.name, keyOf);
      for (const [key, field] of cell.fields)
        this.#meet(
          field,
          this.#held(0, a.fields.get(key) as Location),
          this.#held(1, b.fields.get(key) as Location),
          named,
        );
      return cell;
    }
    for (const cell of [a, b]) if (cell.kind === "record" && cell.site !== null) x.facts.requireArray(cell.site);
    const isArray = [a, b].some((cell) => cell.kind === "array" || cell.site !== null);
    if (!x.isFinal && isArray) return a.kind === "array" ? this.#kept(a, 1) : this.#kept(b, 0);
    return this.#refuseCells(named, a, b);
  }

  /** Room that was made for what is not there yet is nothing in other readings: the other cell is all there is. */
  #keys(a: Cell, b: Cell, into: Location): (field: string) => string {
    if (!isRoom(a) && !isRoom(b)) {
      if (into.key === unnumbered) return () => unnumbered;
      return (field) => `${this.#number}.${into.key}.${field}`;
    }
    const kept = isRoom(a) ? b : a;
    return (field) => (kept.kind === "array" ? kept.contents.key : (kept.fields.get(field)?.key ?? unnumbered));
  }

  #held(k: 0 | 1, location: Location): Meaning | undefined {
    const { changes } = this.#forks[k];
    return heldOf(changes.has(location) ? changes.get(location) : this.#x.state.stored(location));
  }

  /** Gives the meanings their values behind the branch. */
  receive(results: readonly Value[]): void {
    const { state } = this.#x;
    for (const [i, y] of this.yields.entries()) y.receive(results[i]);
    for (const location of this.#absent) {
      const held = state.read(location);
      if (held !== undefined) state.write(location, { kind: "absent", held });
    }
  }

  #refuseCells(location: Location, a: Cell, b: Cell): never {
    return this.#refuse(location, { kind: "reference", cell: a }, { kind: "reference", cell: b });
  }

  #refuse(location: Location, a: Meaning, b: Meaning): never {
    if (a.kind === "function" && b.kind === "function")
      this.#x.fail(
        "unsupported",
        this.#at,
        `${location.described} is one of two functions`,
        "call one or the other, in an if",
      );
    const [one, other] = describeApart(a, b);
    const what = `${location.described} is ${one} on one path and ${other} on the other`;
    return this.#x.fail("dtype", this.#at, what, "a variable keeps one type and one length");
  }
}

function isRoom(cell: Cell): boolean {
  const [first] = cell.kind === "array" ? [cell.contents] : cell.fields.values();
  return first?.key === unnumbered;
}

function sameKeys(a: RecordCell, b: RecordCell): boolean {
  return (
    a.isTuple === b.isTuple && a.fields.size === b.fields.size && [...a.fields.keys()].every((key) => b.fields.has(key))
  );
}

/** From here on a cell may be one of others: where these have other names, none of them may be written to. */
export function share(x: Reading, cells: readonly Cell[], into: Cell, named: Location): void {
  for (const cell of cells) {
    const holder = holderOf(x, cell, named);
    if (holder === null && cell.frozen === null) continue;
    into.frozen ??= cell.frozen ?? `it may be '${holder}', depending on what happened before`;
    cell.frozen ??= `'${named.name}' may be it, depending on what happened before`;
  }
}

/** The name of another variable that the cell can be reached by. */
export function holderOf(x: Reading, cell: Cell, except: Location): string | null {
  if (cell.kind === "array" && cell.parameter !== null) return cell.contents.name;
  const elsewhere = new Set<Cell>();
  for (const [location, m] of x.state.entries())
    if (!location.isField && location !== except && reaches(x, m, cell, elsewhere)) return location.name;
  return null;
}

/** Whether a cell is held; those that do not hold it are noted down. */
function reaches(x: Reading, m: Meaning | undefined, cell: Cell, elsewhere: Set<Cell>): boolean {
  if (m?.kind !== "reference" || elsewhere.has(m.cell)) return false;
  if (m.cell === cell) return true;
  elsewhere.add(m.cell);
  if (m.cell.kind === "array") return false;
  return [...m.cell.fields.values()].some((f) => reaches(x, x.state.peek(f), cell, elsewhere));
}

// ---- room for what is not there yet ---------------------------------------------------------------------------------

/** A meaning of a shape, of zeros. */
export function fillerOf(x: Reading, shape: Shape, name: string): Meaning {
  if (shape.kind === "value") {
    const value = zeros(shape.type);
    if (shape.as === "number") return x.number(value);
    return shape.as === "boolean" ? x.boolean(value) : { kind: "tensor", value };
  }
  if (shape.kind === "array") {
    const contents = zeros(tensorType(dtypeOfArray[shape.array], [shape.length]));
    return x.array(shape.array, shape.length, contents, name, { key: unnumbered });
  }
  const fields = shape.fields.map(([key, part]) => [key, fillerOf(x, part, key)] as const);
  return x.record(shape.isTuple, fields, shape.site, name, () => unnumbered);
}
