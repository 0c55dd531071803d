// One reading of a function's text: where it is, what every location holds, and where operations go.

import {
  BlockBuilder,
  currentBlock,
  type Dim,
  didYouMean,
  type ErrorCode,
  makeOperation,
  type Origin,
  scalar,
  type Value,
  withBuilder,
} from "../../ir/index.ts";
import { cast, constant } from "../../ops/index.ts";
import type { Facts } from "../state/facts.ts";
import { Location } from "../state/location.ts";
import {
  ArrayCell,
  type ArrayKind,
  type BooleanMeaning,
  type Cell,
  describeMeaning,
  type FunctionMeaning,
  type Meaning,
  type NumberMeaning,
  RecordCell,
  type ReferenceMeaning,
  type Shape,
} from "../state/meaning.ts";
import type { Place } from "../state/places.ts";
import { Scope } from "../state/scope.ts";
import { State } from "../state/state.ts";
import type { SourceText } from "../syntax/text.ts";
import type { Expression, FileTree, FunctionNode, Statement } from "../syntax/tree.ts";

export const f64 = scalar("f64");
export const bool = scalar("bool");

/** Where a jump goes, and whether one is under way: read where paths that jump and paths that do not have met. */
export interface Target {
  readonly flag: Location;
  /** What has no value on some path that goes there. */
  readonly unset: Set<Location>;
}

/** How the paths to a place got there. */
export interface Path {
  /** Whether some path gets here without a jump. */
  isAlive: boolean;
  /** The jumps that other paths are in the middle of. */
  pending: ReadonlySet<Target>;
}

/** The call that is being read. */
export interface Frame {
  readonly fn: FunctionNode;
  readonly result: Location;
  readonly returns: Target;
  /** Whether the function was an argument: who calls it may be called by it again. */
  readonly isGiven: boolean;
  hasResult: boolean;
}

export interface Jumps {
  readonly labels: readonly string[];
  readonly breaks: Target;
  /** Null where `continue` does not go: a switch, a labelled block. */
  readonly continues: Target | null;
  /** Whether a break without a label goes here. */
  readonly isPlain: boolean;
}

/** What the files of this folder need of each other, assembled in read-source.ts. */
export interface Verbs {
  evaluate(x: Reading, e: Expression): Meaning;
  execute(x: Reading, s: Statement): void;
  /** A list of statements with names of its own. */
  executeBlock(x: Reading, statements: readonly Statement[]): void;
  call(x: Reading, f: FunctionMeaning, args: readonly Meaning[], at: number): Meaning;
}

/** Calls are read where they stand. */
const mostUnfolded = 300_000;

/** The key of a location that other readings do not have. */
export const unnumbered = "";

const none: ReadonlySet<Target> = new Set();
/** Regions within regions, as IR text allows. */
const deepest = 200;

export class Reading {
  readonly source: SourceText;
  readonly file: FileTree;
  readonly facts: Facts;
  /** Whether the facts are known, so that what is built now is the program. */
  readonly isFinal: boolean;
  readonly verbs: Verbs;
  readonly state = new State();
  readonly root: BlockBuilder;
  readonly locations = new Map<string, Location>();
  /** Constants of the file that were met. */
  readonly constants = new Map<string, Meaning>();
  readonly fileScope = new Scope(null);
  scope = this.fileScope;
  path: Path = { isAlive: true, pending: none };
  frames: readonly Frame[] = [];
  jumps: readonly Jumps[] = [];
  place: Place;
  /** The place in the text that was read last. */
  lastPlace = 0;
  /** How many things were numbered at the place. */
  #events = 0;
  #depth = 0;
  #unfolded = 0;
  /** Where the constant of the file stands that is being read. */
  #constantAt = Number.POSITIVE_INFINITY;
  readonly #origins = new Map<number, Origin>();

  readonly #places: Place;

  constructor(
    source: SourceText,
    file: FileTree,
    facts: Facts,
    isFinal: boolean,
    verbs: Verbs,
    root: BlockBuilder,
    places: Place,
  ) {
    this.#places = places;
    this.place = places;
    this.source = source;
    this.file = file;
    this.facts = facts;
    this.isFinal = isFinal;
    this.verbs = verbs;
    this.root = root;
  }

  fail(code: ErrorCode, at: number, reason: string, hint?: string): never {
    return this.source.fail(code, at, reason, hint);
  }

  /** Operations from here on come from this place. */
  at(offset: number): void {
    this.lastPlace = offset;
    let origin = this.#origins.get(offset);
    if (origin === undefined) this.#origins.set(offset, (origin = this.source.origin(offset)));
    currentBlock().origin = origin;
  }

  /** Counts what is read in calls: a few lines that call one another twice each are exponentially many. */
  unfold(at: number): void {
    if (this.frames.length < 2 || ++this.#unfolded <= mostUnfolded) return;
    const { name } = this.frames[this.frames.length - 1].fn;
    const what = `the calls unfold to more than ${mostUnfolded} expressions, here in '${name}'`;
    this.fail("unsupported", at, what, "call in loops instead");
  }

  /** The next number at this place. */
  event(): number {
    return this.place.number(this.#events++);
  }

  /** Reads a part of the text as met from here; what it is, is known by the key: a node of the tree, or a number. */
  inside<T>(key: object | string | number, body: () => T): T {
    return this.under(this.place.child(key), body);
  }

  under<T>(place: Place, body: () => T): T {
    const [before, events] = [this.place, this.#events];
    [this.place, this.#events] = [place, 0];
    const result = body();
    [this.place, this.#events] = [before, events];
    return result;
  }

  // ---- locations ----------------------------------------------------------------------------------------------------

  location(name: string, use: Location["use"] = "plain", key = `${this.event()}`, isField = false): Location {
    const location = new Location(key, name, ++this.state.age, use, isField);
    if (key !== unnumbered) this.locations.set(key, location);
    return location;
  }

  target(name: string): Target {
    const flag = this.location(name);
    this.state.write(flag, this.boolean(false));
    return { flag, unset: new Set() };
  }

  /** Runs `body` with names of its own, which end with it. */
  scoped<T>(parent: Scope, body: () => T): T {
    const before = this.scope;
    const inner = new Scope(parent);
    this.scope = inner;
    const result = body();
    for (const location of inner.locations()) this.state.write(location, undefined);
    this.scope = before;
    return result;
  }

  // ---- meanings -----------------------------------------------------------------------------------------------------

  number(value: Value | number, dim: Dim | null = null): NumberMeaning {
    if (typeof value !== "number") return { kind: "number", value, known: null, dim };
    const isSize = Number.isSafeInteger(value) && !Object.is(value, -0);
    return { kind: "number", value: constant(value, f64), known: value, dim: isSize ? value : null };
  }

  boolean(value: Value | boolean): BooleanMeaning {
    if (typeof value !== "boolean") return { kind: "boolean", value, known: null };
    return { kind: "boolean", value: constant(value, bool), known: value };
  }

  /** As JavaScript's ToNumber, of numbers and booleans. */
  toNumber(m: Meaning, at: number): NumberMeaning {
    if (m.kind === "number") return m;
    if (m.kind === "boolean")
      return m.known === null ? this.number(cast(m.value, "f64")) : this.number(Number(m.known));
    return this.fail("dtype", at, `got ${describeMeaning(m)}, expected a number`, hintFor(m));
  }

  /** `a[true]` is no element. */
  index(m: Meaning, at: number): NumberMeaning {
    if (m.kind === "boolean") this.fail("dtype", at, "a boolean is no index", "write Number(…) around it");
    return this.toNumber(m, at);
  }

  reference(m: Meaning, at: number, what: string): Cell {
    if (m.kind === "reference") return m.cell;
    return this.fail("dtype", at, `got ${describeMeaning(m)}, expected ${what}`);
  }

  // ---- cells --------------------------------------------------------------------------------------------------------

  array(
    array: ArrayKind,
    length: Dim,
    contents: Value,
    name: string,
    { parameter = null, key }: { readonly parameter?: number | null; readonly key?: string } = {},
  ): ReferenceMeaning & { readonly cell: ArrayCell } {
    const location = this.location(name, "plain", key);
    this.state.write(location, { kind: "tensor", value: contents });
    return { kind: "reference", cell: new ArrayCell(array, length, location, parameter) };
  }

  record(
    isTuple: boolean,
    fields: Iterable<readonly [string, Meaning | undefined]>,
    site: number | null,
    name: string,
    keyOf = keysOf(this.event()),
  ): ReferenceMeaning & { readonly cell: RecordCell } {
    const locations = new Map<string, Location>();
    for (const [field, meaning] of fields) {
      const location = this.location(isTuple ? `${name}_${field}` : field, "plain", keyOf(field), true);
      this.state.write(location, meaning);
      locations.set(field, location);
    }
    return { kind: "reference", cell: new RecordCell(isTuple, locations, site) };
  }

  shapeOf(m: Meaning): Shape | null {
    if (m.kind === "number" || m.kind === "boolean" || m.kind === "tensor")
      return { kind: "value", as: m.kind, type: m.value.type };
    if (m.kind !== "reference") return null;
    const { cell } = m;
    if (cell.kind === "array") return { kind: "array", array: cell.array, length: cell.length };
    const fields: (readonly [string, Shape])[] = [];
    for (const [key, location] of cell.fields) {
      const held = this.state.read(location);
      const shape = held === undefined ? null : this.shapeOf(held);
      if (shape === null) return null;
      fields.push([key, shape]);
    }
    return { kind: "record", isTuple: cell.isTuple, site: cell.site, fields };
  }

  /** Reads a constant of the file, which every path sees: where the function begins, from those before it in the text. */
  fileConstant(at: number, read: () => void): void {
    const { scope, path, frames, jumps } = this;
    const constantAt = this.#constantAt;
    Object.assign(this, { scope: this.fileScope, path: { isAlive: true, pending: none }, frames: [], jumps: [] });
    this.#constantAt = at;
    this.state.apart(() => this.under(this.#places, () => withBuilder(this.root, read)));
    Object.assign(this, { scope, path, frames, jumps });
    this.#constantAt = constantAt;
  }

  setConstant(name: string, m: Meaning): void {
    freeze(this, m, `'${name}' is a constant of the file`);
    this.constants.set(name, m);
  }

  /** While a constant of the file is read, only those above it have values. */
  requireDefined(name: string, definedAt: number | null, needed: number): void {
    if (definedAt !== null && definedAt >= this.#constantAt)
      this.fail("name", needed, `'${name}' is needed before it has a value`, "declare it before what needs it");
  }

  // ---- regions ------------------------------------------------------------------------------------------------------

  /** Builds a region of the present block, or goes on with one. */
  within<T>(builder: BlockBuilder, body: () => T): T {
    if (++this.#depth > deepest)
      this.fail(
        "unsupported",
        this.frames[0]?.fn.at ?? 0,
        `branches and loops nest deeper than ${deepest}, early returns included`,
        "split the function",
      );
    const result = withBuilder(builder, body);
    this.#depth--;
    return result;
  }

  region(): BlockBuilder {
    const block = currentBlock();
    return new BlockBuilder(block.scope, block);
  }

  /** Names what a variable is given: an array, and a fresh value: just made, and nothing else has it. */
  named(m: Meaning, name: string, isFresh: boolean): Meaning {
    if (m.kind === "reference" && m.cell.kind === "array" && m.cell.contents.name === "") m.cell.contents.name = name;
    if (!isFresh || (m.kind !== "number" && m.kind !== "boolean")) return m;
    const { operations, scope } = currentBlock();
    const last = operations[operations.length - 1];
    if (last?.results.length !== 1 || last.regions.length > 0 || last.results[0] !== m.value || m.value.name !== null)
      return m;
    const { op, operands, attributes, segments, origin } = last;
    const options = { attributes, segments, types: [m.value.type], names: [name] };
    const again = makeOperation(op, operands, options, scope, origin);
    operations[operations.length - 1] = again;
    return { ...m, value: again.results[0] } as Meaning;
  }

  suggestion(name: string, known: Iterable<string>): string | undefined {
    return didYouMean(name, [...known]);
  }
}

function keysOf(event: number): (field: string) => string {
  return (field) => `${event}.${field}`;
}

function freeze(x: Reading, m: Meaning, why: string): void {
  if (m.kind !== "reference") return;
  m.cell.frozen = why;
  for (const location of m.cell.kind === "record" ? m.cell.fields.values() : [m.cell.contents]) {
    freeze(x, x.state.peek(location) as Meaning, why);
    location.use = "once";
  }
}

function hintFor(m: Meaning): string | undefined {
  if (m.kind === "reference" && m.cell.kind === "array") return "write an element of it: a[i]";
  return m.kind === "function" ? "call it" : undefined;
}
