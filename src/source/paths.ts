// Where paths part and meet: a branch is an `if` whose results are what either path changed.

import { type BlockBuilder, emit, sameDim, tensorType, type Value, withBuilder } from "../ir/index.ts";
import { not, or, records, zeros } from "../ops/index.ts";
import type { Location } from "./location.ts";
import {
  ArrayCell,
  type BooleanMeaning,
  type Cell,
  describeMeaning,
  dtypeOfArray,
  type Meaning,
  type RecordCell,
  type Shape,
} from "./meaning.ts";
import { type Path, type Reading, type Target, unnumbered } from "./reading.ts";
import type { Changes } from "./state.ts";

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
export function anyOf(x: Reading, targets: Iterable<Target>): BooleanMeaning {
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
  x.state.write(target.flag, x.boolean(true));
  x.path = { isAlive: false, pending: new Set([...x.path.pending, target]) };
}

/** Jumps that arrive here go on like the others. */
export function arrive(x: Reading, targets: readonly Target[], before: Path): void {
  const { isAlive, pending } = x.path;
  const arrived = targets.some((t) => pending.has(t));
  const left = [...pending].filter((t) => !targets.includes(t) || before.pending.has(t));
  x.path = { isAlive: isAlive || arrived, pending: new Set(left) };
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
  if (isEmpty) return;
  const results = emit(records.if, [test], { regions, names: yields.map((y) => y.name) });
  for (const [i, y] of yields.entries()) y.receive(results[i]);
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

  constructor(x: Reading, forks: readonly [Fork, Fork], at: number, number: number) {
    this.#x = x;
    this.#forks = forks;
    this.#at = at;
    this.#number = number;
  }

  location(location: Location): void {
    const { state } = this.#x;
    const [a, b] = this.#forks.map((f) => (f.changes.has(location) ? f.changes.get(location) : state.read(location)));
    this.#meet(location, a, b, location);
  }

  /** `into` gets what `a` and `b` become; `name` is the location that is spoken of. */
  #meet(into: Location, a: Meaning | undefined, b: Meaning | undefined, named: Location): void {
    const { state } = this.#x;
    if (a === undefined && b === undefined) return;
    if (a === undefined || b === undefined) {
      const without = this.#forks[a === undefined ? 0 : 1];
      const isKept = into.use === "guarded" || !without.path.isAlive;
      if (isKept) this.#fill(into, a === undefined ? 0 : 1, (a ?? b) as Meaning);
      else state.write(into, undefined);
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
      const { cell } = m;
      const parts = cell.kind === "array" ? [cell.contents] : [...cell.fields.values()];
      for (const part of parts) this.#part(part, missing);
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

  /** What a cell of one path alone holds. */
  #part(part: Location, missing: 0 | 1): void {
    const there = this.#forks[1 - missing].changes;
    const held = there.has(part) ? there.get(part) : this.#x.state.read(part);
    if (there.has(part) && this.#x.state.read(part) === undefined && held !== undefined)
      this.#fill(part, missing, held);
  }

  /** The cell that stands for one or the other. */
  #cell(a: Cell, b: Cell, named: Location, into: Location): Cell {
    if (a === b) return a;
    const known = this.#merged.get(a)?.get(b);
    if (known !== undefined) return known;
    const merged = this.#newCell(a, b, named, this.#keys(a, b, into));
    const others = this.#merged.get(a) ?? new Map<Cell, Cell>();
    this.#merged.set(a, others.set(b, merged));
    share(this.#x, [a, b], merged, named);
    return merged;
  }

  #newCell(a: Cell, b: Cell, named: Location, keyOf: (field: string) => string): Cell {
    const x = this.#x;
    if (a.kind === "array" && b.kind === "array" && a.array === b.array) {
      if (!sameDim(a.length, b.length) && x.isFinal)
        x.fail(
          "shape",
          this.#at,
          `'${named.name}' has ${a.length} elements on one path and ${b.length} on the other`,
          "make them equally long",
        );
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
    if (!x.isFinal && a.kind !== b.kind) return a.kind === "array" ? a : b;
    return this.#refuse(named, { kind: "reference", cell: a }, { kind: "reference", cell: b });
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
    return changes.has(location) ? changes.get(location) : this.#x.state.read(location);
  }

  #refuse(location: Location, a: Meaning, b: Meaning): never {
    // what an operator or a function gives has no name in the text
    const isNamed = location.use !== "guarded";
    const what = isNamed ? `'${location.name}'` : location.name === "result" ? "what is returned" : "the value";
    if (a.kind === "function" && b.kind === "function")
      this.#x.fail("unsupported", this.#at, `${what} is one of two functions`, "call one or the other, in an if");
    const is = `${describeKind(a)} on one path and ${describeKind(b)} on the other`;
    return this.#x.fail("dtype", this.#at, `${what} is ${is}`, "it keeps one type, and one length");
  }
}

/** With what tells two tuples or objects apart. */
function describeKind(m: Meaning): string {
  if (m.kind !== "reference" || m.cell.kind === "array") return describeMeaning(m);
  const { fields, isTuple } = m.cell;
  return isTuple
    ? `an array of ${fields.size} elements`
    : `an object of ${[...fields.keys()].join(", ") || "no fields"}`;
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
