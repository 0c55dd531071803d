// The join of two paths: where both have gone on, each location holds either one's value. Where the two values differ, the
// `if` yields one of them.

import { type BlockBuilder, emit, sameDim, tensorType, type Value, withBuilder } from "../../ir/index.ts";
import { ifOp, zeros } from "../../ops/index.ts";
import {
  type AbstractValue,
  ArrayCell,
  type Cell,
  describeApart,
  dtypeOfArray,
  heldOf,
  locationsOf,
  type RecordCell,
  type Stored,
  type ValueType,
} from "../state/abstract-value.ts";
import type { Location } from "../state/location.ts";
import type { Changes } from "../state/state.ts";
import { freezeAliases } from "./aliases.ts";
import { keyless, type Path, type Reading } from "./reading.ts";

/** One arm of a branch: its operations, the locations it changed, and how it ended. */
export interface Arm {
  readonly builder: BlockBuilder;
  changes: Changes;
  path: Path;
}

/** One value that both arms yield. */
interface Yield {
  readonly name: string;
  readonly values: readonly [Value, Value];
  /** Stores the result of the `if`. */
  readonly receive: (value: Value) => void;
}

/** Emits the `if` of two arms that were read, and stores its results. Locations made in the arms end with them. */
export function join(
  cx: Reading,
  test: Value,
  arms: readonly [Arm, Arm],
  { age, at, number }: { readonly age: number; readonly at: number; readonly number: number },
): void {
  const joining = new Join(cx, arms, at, number);
  const changed = new Set(arms.flatMap((arm) => [...arm.changes.keys()]));
  for (const location of changed) if (location.age <= age) joining.location(location);
  const { yields } = joining;
  const regions = arms.map((arm, k) => arm.builder.finish(yields.map((y) => y.values[k])));
  const isEmpty = yields.length === 0 && regions.every((r) => r.operations.length === 0);
  joining.receive(isEmpty ? [] : emit(ifOp, [test], { regions, names: yields.map((y) => y.name) }));
}

class Join {
  readonly yields: Yield[] = [];
  readonly #cx: Reading;
  readonly #arms: readonly [Arm, Arm];
  readonly #at: number;
  /**
   * The number of the branch. The key of a merged cell is this number and the key of the location that holds it, so it does
   * not depend on how many other cells this reading merges here.
   */
  readonly #number: number;
  /** The merged cell of each pair of cells. */
  readonly #merged = new Map<Cell, Map<Cell, Cell>>();
  /** Locations that hold a value here only on paths with a pending jump. */
  readonly #absent = new Set<Location>();

  constructor(cx: Reading, arms: readonly [Arm, Arm], at: number, number: number) {
    this.#cx = cx;
    this.#arms = arms;
    this.#at = at;
    this.#number = number;
  }

  location(location: Location): void {
    const { state } = this.#cx;
    const [a, b] = this.#arms.map(({ changes }) =>
      changes.has(location) ? changes.get(location) : state.stored(location),
    );
    this.#joinStored(location, a, b, location);
  }

  /** Stores the join of what two locations hold; `variable` is the location that messages name. */
  #joinStored(into: Location, first: Stored, second: Stored, variable: Location): void {
    if (into.use === "guarded" || !this.#isUnset(into, [first, second])) {
      this.#joinValues(into, heldOf(first), heldOf(second), variable);
      return;
    }
    const isAssigned = this.#arms.some(({ path }, k) => [first, second][k] !== undefined && path.pending.size > 0);
    if (!isAssigned) this.#cx.state.write(into, undefined);
    else {
      this.#joinValues(into, heldOf(first), heldOf(second), variable);
      this.#absent.add(into);
    }
  }

  /**
   * Whether a location is not definitely assigned on the live paths. Where an arm does not assign it, its pending jumps
   * record that, for the join at the jump's target.
   */
  #isUnset(location: Location, stored: readonly [Stored, Stored]): boolean {
    for (const [k, { path }] of this.#arms.entries())
      if (stored[k] === undefined) for (const jump of path.pending) jump.unset.add(location);
    return this.#arms.some(({ path }, k) => path.isAlive && (stored[k] === undefined || stored[k].kind === "absent"));
  }

  #joinValues(into: Location, a: AbstractValue | undefined, b: AbstractValue | undefined, variable: Location): void {
    const { state } = this.#cx;
    if (a === undefined && b === undefined) return;
    if (a === undefined || b === undefined) {
      this.#fillMissing(into, a === undefined ? 0 : 1, (a ?? b) as AbstractValue);
      return;
    }
    if (a.kind !== b.kind) this.#refuse(variable, a, b);
    if (a.kind === "reference" && b.kind === "reference") {
      state.write(into, { kind: "reference", cell: this.#cell(a.cell, b.cell, variable, into) });
    } else if ("value" in a && "value" in b) this.#yield(into, a, [a.value, b.value], a, b);
    else if (a.kind === "nothing" || isOneFunction(a, b)) state.write(into, a);
    else this.#refuse(variable, a, b);
  }

  #yield(
    into: Location,
    like: AbstractValue,
    values: readonly [Value, Value],
    a: AbstractValue,
    b: AbstractValue,
  ): void {
    if (values[0] === values[1]) {
      this.#cx.state.write(into, like);
      return;
    }
    const known = "known" in a && "known" in b && Object.is(a.known, b.known) ? a.known : null;
    const dim =
      a.kind === "number" && b.kind === "number" && a.dim !== null && b.dim !== null && sameDim(a.dim, b.dim)
        ? a.dim
        : null;
    const receive = (value: Value): void =>
      this.#cx.state.write(
        into,
        (like.kind === "number" ? { ...like, value, known, dim } : { ...like, value, known }) as AbstractValue,
      );
    this.yields.push({ name: into.name, values, receive });
  }

  /** Joins a value with none. The path that does not assign the location never reads it, so zeros stand for it there. */
  #fillMissing(into: Location, missing: 0 | 1, m: AbstractValue): void {
    const { state } = this.#cx;
    if (m.kind === "reference") {
      state.write(into, m);
      this.#adoptCell(m.cell, missing);
      return;
    }
    if (!("value" in m)) {
      state.write(into, m);
      return;
    }
    const filler = withBuilder(this.#arms[missing].builder, () => zeros(m.value.type));
    const values = missing === 0 ? ([filler, m.value] as const) : ([m.value, filler] as const);
    this.#yield(into, m, values, m, { kind: "nothing" });
  }

  /** A cell that only one arm has made, with everything it holds there. */
  #adoptCell(cell: Cell, missing: 0 | 1): Cell {
    for (const location of locationsOf(cell)) this.#adoptLocation(location, missing);
    return cell;
  }

  #adoptLocation(location: Location, missing: 0 | 1): void {
    const held = heldOf(this.#arms[1 - missing].changes.get(location));
    if (this.#cx.state.stored(location) === undefined && held !== undefined) this.#fillMissing(location, missing, held);
  }

  /** The join of two cells. */
  #cell(a: Cell, b: Cell, variable: Location, into: Location): Cell {
    if (a === b) return a;
    const known = this.#merged.get(a)?.get(b);
    if (known !== undefined) return known;
    const merged = this.#newCell(a, b, variable, this.#keys(a, b, into));
    const others = this.#merged.get(a) ?? new Map<Cell, Cell>();
    this.#merged.set(a, others.set(b, merged));
    if (merged !== a && merged !== b) freezeAliases(this.#cx, [a, b], merged, variable);
    return merged;
  }

  #newCell(a: Cell, b: Cell, variable: Location, keyOf: (field: string) => string): Cell {
    const cx = this.#cx;
    if (a.kind === "array" && b.kind === "array" && a.array === b.array) {
      if (!sameDim(a.length, b.length)) return cx.isFinal ? this.#refuseCells(variable, a, b) : this.#adoptCell(a, 1);
      const cell = new ArrayCell(a.array, a.length, cx.location(variable.name, "plain", keyOf("")));
      this.#joinStored(cell.contents, this.#held(0, a.contents), this.#held(1, b.contents), variable);
      return cell;
    }
    if (a.kind === "record" && b.kind === "record" && sameKeys(a, b)) {
      if (a.site !== null && b.site !== null) cx.facts.unite(a.site, b.site);
      const fields = [...a.fields.keys()].map((key) => [key, undefined] as const);
      const { cell } = cx.record(a.isTuple, fields, a.site ?? b.site, variable.name, keyOf);
      for (const [key, field] of cell.fields)
        this.#joinStored(
          field,
          this.#held(0, a.fields.get(key) as Location),
          this.#held(1, b.fields.get(key) as Location),
          variable,
        );
      return cell;
    }
    for (const cell of [a, b]) if (cell.kind === "record" && cell.site !== null) cx.facts.requireArray(cell.site);
    const isArray = [a, b].some((cell) => cell.kind === "array" || cell.site !== null);
    if (!cx.isFinal && isArray) return a.kind === "array" ? this.#adoptCell(a, 1) : this.#adoptCell(b, 0);
    return this.#refuseCells(variable, a, b);
  }

  /** Keys of a merged cell's locations. A placeholder exists only in the last reading, so the other cell's keys are kept. */
  #keys(a: Cell, b: Cell, into: Location): (field: string) => string {
    if (!isPlaceholder(a) && !isPlaceholder(b)) {
      if (into.key === keyless) return () => keyless;
      return (field) => `${this.#number}.${into.key}.${field}`;
    }
    const kept = isPlaceholder(a) ? b : a;
    return (field) => (kept.kind === "array" ? kept.contents.key : (kept.fields.get(field)?.key ?? keyless));
  }

  #held(k: 0 | 1, location: Location): AbstractValue | undefined {
    const { changes } = this.#arms[k];
    return heldOf(changes.has(location) ? changes.get(location) : this.#cx.state.stored(location));
  }

  /** Stores the results of the `if`. */
  receive(results: readonly Value[]): void {
    const { state } = this.#cx;
    for (const [i, y] of this.yields.entries()) y.receive(results[i]);
    for (const location of this.#absent) {
      const held = state.read(location);
      if (held !== undefined) state.write(location, { kind: "absent", held });
    }
  }

  #refuseCells(location: Location, a: Cell, b: Cell): never {
    return this.#refuse(location, { kind: "reference", cell: a }, { kind: "reference", cell: b });
  }

  #refuse(location: Location, a: AbstractValue, b: AbstractValue): never {
    if (a.kind === "function" && b.kind === "function")
      this.#cx.fail(
        "unsupported",
        this.#at,
        `${location.described} is one of two functions`,
        "call one or the other, in an if",
      );
    const [one, other] = describeApart(a, b);
    const what = `${location.described} is ${one} on one path and ${other} on the other`;
    return this.#cx.fail("dtype", this.#at, what, "a variable keeps one type and one length");
  }
}

function isOneFunction(a: AbstractValue, b: AbstractValue): boolean {
  if (a.kind === "host") return b.kind === "host" && a.name === b.name;
  return a.kind === "function" && b.kind === "function" && a.fn === b.fn;
}

function sameKeys(a: RecordCell, b: RecordCell): boolean {
  return (
    a.isTuple === b.isTuple && a.fields.size === b.fields.size && [...a.fields.keys()].every((key) => b.fields.has(key))
  );
}

// ---- placeholders ---------------------------------------------------------------------------------------------------

/** Whether a cell was made by `placeholderOf`. */
function isPlaceholder(cell: Cell): boolean {
  const [first] = cell.kind === "array" ? [cell.contents] : cell.fields.values();
  return first?.key === keyless;
}

/** Zeros of a type, for a location that a loop carries and that holds no value before it. */
export function placeholderOf(cx: Reading, type: ValueType, name: string): AbstractValue {
  if (type.kind === "value") {
    const value = zeros(type.type);
    if (type.as === "number") return cx.number(value);
    return type.as === "boolean" ? cx.boolean(value) : { kind: "tensor", value };
  }
  if (type.kind === "array") {
    const contents = zeros(tensorType(dtypeOfArray[type.array], [type.length]));
    return cx.array(type.array, type.length, contents, name, { key: keyless });
  }
  const fields = type.fields.map(([key, field]) => [key, placeholderOf(cx, field, key)] as const);
  return cx.record(type.isTuple, fields, type.site, name, () => keyless);
}
