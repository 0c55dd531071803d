// A reading: one abstract interpretation of the text. It holds the place in the text, the abstract state, and the block
// that operations go to.

import {
  BlockBuilder,
  currentBlock,
  type Dim,
  didYouMean,
  type ErrorCode,
  type Origin,
  scalar,
  type Value,
  withBuilder,
} from "../../ir/index.ts";
import { cast, constant } from "../../ops/index.ts";
import {
  type AbstractBoolean,
  type AbstractFunction,
  type AbstractNumber,
  type AbstractValue,
  ArrayCell,
  type ArrayKind,
  type Cell,
  describeValue,
  locationsOf,
  RecordCell,
  type Reference,
  type ValueType,
} from "../state/abstract-value.ts";
import type { Facts } from "../state/facts.ts";
import type { HostScope } from "../state/host-scope.ts";
import { Location } from "../state/location.ts";
import { Scope } from "../state/scope.ts";
import { State } from "../state/state.ts";
import type { TextKey } from "../state/text-key.ts";
import type { SourceText } from "../syntax/text.ts";
import type { Expression, FileTree, FunctionNode, Statement } from "../syntax/tree.ts";

export const f64 = scalar("f64");
export const bool = scalar("bool");

/** The target of a jump: a loop's next iteration, the end of a loop, switch or labelled block, or the end of a call. */
export interface JumpTarget {
  /** True on the paths whose jump to it is pending. */
  readonly flag: Location;
  /** Locations that are not assigned on some path that jumps there. */
  readonly unset: Set<Location>;
}

/** The paths that reach a place in the text. */
export interface Path {
  /** Whether some path is live: it reaches the place without a pending jump. */
  isAlive: boolean;
  /** The jumps that are pending on the other paths. */
  pending: ReadonlySet<JumpTarget>;
}

/** The activation of a function: a call whose body is being read. */
export interface Activation {
  readonly fn: FunctionNode;
  readonly result: Location;
  readonly returns: JumpTarget;
  /** Whether the function was passed as an argument. It may call its caller's callee again, which is no recursion. */
  readonly isGiven: boolean;
  hasResult: boolean;
}

/** A statement that `break` and `continue` can go to. */
export interface Jumps {
  readonly labels: readonly string[];
  readonly breaks: JumpTarget;
  /** Null for a switch and a labelled block, which `continue` passes over. */
  readonly continues: JumpTarget | null;
  /** Whether a `break` without a label goes here. */
  readonly isPlain: boolean;
}

/** The evaluators of the tree's nodes, which call one another across files; read-source.ts puts them together. */
export interface Evaluators {
  /** `name` is the hint for the operation that computes the value, where the expression computes a new one. */
  evaluate(cx: Reading, e: Expression, name?: string | null): AbstractValue;
  execute(cx: Reading, s: Statement): void;
  /** Executes statements in a scope of their own. */
  executeBlock(cx: Reading, statements: readonly Statement[]): void;
  call(cx: Reading, f: AbstractFunction, args: readonly AbstractValue[], at: number): AbstractValue;
}

/** The most expressions to read inside calls, whose bodies are inlined. */
const mostUnfolded = 300_000;

/** The key of a location that other readings lack. */
export const keyless = "";

const none: ReadonlySet<JumpTarget> = new Set();
/** The deepest nesting of regions that IR text allows. */
const deepest = 200;

export class Reading {
  readonly source: SourceText;
  readonly file: FileTree;
  readonly facts: Facts;
  /** Whether the facts have reached their fixpoint, so that this reading emits the program. */
  readonly isFinal: boolean;
  readonly evaluators: Evaluators;
  readonly host: HostScope;
  readonly state = new State();
  readonly root: BlockBuilder;
  readonly locations = new Map<string, Location>();
  /** Constants of the file that were read so far. */
  readonly constants = new Map<string, AbstractValue>();
  readonly fileScope = new Scope(null);
  scope = this.fileScope;
  path: Path = { isAlive: true, pending: none };
  activations: readonly Activation[] = [];
  jumps: readonly Jumps[] = [];
  /** The key of the node that is being read. */
  textKey: TextKey;
  /** The offset that was read last. */
  lastAt = 0;
  /** How many events were numbered under the key. */
  #events = 0;
  #depth = 0;
  #unfolded = 0;
  /** The offset of the file's constant that is being read. */
  #constantAt = Number.POSITIVE_INFINITY;
  readonly #origins = new Map<number, Origin>();

  readonly #rootKey: TextKey;

  constructor(
    source: SourceText,
    file: FileTree,
    facts: Facts,
    isFinal: boolean,
    evaluators: Evaluators,
    host: HostScope,
    rootKey: TextKey,
  ) {
    this.#rootKey = rootKey;
    this.textKey = rootKey;
    this.source = source;
    this.file = file;
    this.facts = facts;
    this.isFinal = isFinal;
    this.evaluators = evaluators;
    this.host = host;
    this.root = host.root;
  }

  fail(code: ErrorCode, at: number, reason: string, hint?: string): never {
    return this.source.fail(code, at, reason, hint);
  }

  /** Sets the origin of the operations that follow. */
  at(offset: number): void {
    this.lastAt = offset;
    let origin = this.#origins.get(offset);
    if (origin === undefined) this.#origins.set(offset, (origin = this.source.origin(offset)));
    currentBlock().origin = origin;
  }

  /** Counts the expressions read inside calls: a few lines that call one another twice unfold to exponentially many. */
  unfold(at: number): void {
    if (this.activations.length < 2 || ++this.#unfolded <= mostUnfolded) return;
    const { name } = this.activations[this.activations.length - 1].fn;
    const what = `the calls unfold to more than ${mostUnfolded} expressions, here in '${name}'`;
    this.fail("unsupported", at, what, "call in loops instead");
  }

  /** The next number under this key. */
  event(): number {
    return this.textKey.number(this.#events++);
  }

  /** Reads a piece of the text as reached from here. The key is a node of the tree, or a number. */
  inside<T>(key: object | string | number, body: () => T): T {
    return this.under(this.textKey.child(key), body);
  }

  under<T>(key: TextKey, body: () => T): T {
    const [before, events] = [this.textKey, this.#events];
    [this.textKey, this.#events] = [key, 0];
    const result = body();
    [this.textKey, this.#events] = [before, events];
    return result;
  }

  // ---- locations ----------------------------------------------------------------------------------------------------

  location(name: string, use: Location["use"] = "plain", key = `${this.event()}`, isField = false): Location {
    const location = new Location(key, name, ++this.state.age, use, isField);
    if (key !== keyless) this.locations.set(key, location);
    return location;
  }

  jumpTarget(name: string): JumpTarget {
    const flag = this.location(name);
    this.state.write(flag, this.boolean(false));
    return { flag, unset: new Set() };
  }

  /** Runs `body` in a new scope, whose variables end with it. */
  scoped<T>(parent: Scope, body: () => T): T {
    const before = this.scope;
    const inner = new Scope(parent);
    this.scope = inner;
    const result = body();
    for (const location of inner.locations()) this.state.write(location, undefined);
    this.scope = before;
    return result;
  }

  // ---- abstract values ----------------------------------------------------------------------------------------------

  number(value: Value | number, dim: Dim | null = null, name: string | null = null): AbstractNumber {
    if (typeof value !== "number") return { kind: "number", value, known: null, dim };
    const isSize = Number.isSafeInteger(value) && !Object.is(value, -0);
    const emitted = this.named(name, () => constant(value, f64));
    return { kind: "number", value: emitted, known: value, dim: isSize ? value : null };
  }

  boolean(value: Value | boolean, name: string | null = null): AbstractBoolean {
    if (typeof value !== "boolean") return { kind: "boolean", value, known: null };
    return { kind: "boolean", value: this.named(name, () => constant(value, bool)), known: value };
  }

  /** As JavaScript's ToNumber, of numbers and booleans. */
  toNumber(m: AbstractValue, at: number): AbstractNumber {
    if (m.kind === "number") return m;
    if (m.kind === "boolean")
      return m.known === null ? this.number(cast(m.value, "f64")) : this.number(Number(m.known));
    return this.fail("dtype", at, `got ${describeValue(m)}, expected a number`, hintFor(m));
  }

  /** A number as an index: `a[true]` is refused, since it names no element. */
  index(m: AbstractValue, at: number): AbstractNumber {
    if (m.kind === "boolean") this.fail("dtype", at, "a boolean is no index", "write Number(…) around it");
    return this.toNumber(m, at);
  }

  reference(m: AbstractValue, at: number, what: string): Cell {
    if (m.kind === "reference") return m.cell;
    return this.fail("dtype", at, `got ${describeValue(m)}, expected ${what}`);
  }

  // ---- cells --------------------------------------------------------------------------------------------------------

  array(
    array: ArrayKind,
    length: Dim,
    contents: Value,
    name: string,
    { parameter = null, key }: { readonly parameter?: number | null; readonly key?: string } = {},
  ): Reference & { readonly cell: ArrayCell } {
    const location = this.location(name, "plain", key);
    this.state.write(location, { kind: "tensor", value: contents });
    return { kind: "reference", cell: new ArrayCell(array, length, location, parameter) };
  }

  record(
    isTuple: boolean,
    fields: Iterable<readonly [string, AbstractValue | undefined]>,
    site: number | null,
    name: string,
    keyOf = keysOf(this.event()),
  ): Reference & { readonly cell: RecordCell } {
    const locations = new Map<string, Location>();
    for (const [field, m] of fields) {
      const location = this.location(isTuple ? `${name}_${field}` : field, "plain", keyOf(field), true);
      this.state.write(location, m);
      locations.set(field, location);
    }
    return { kind: "reference", cell: new RecordCell(isTuple, locations, site) };
  }

  typeOf(m: AbstractValue): ValueType | null {
    if (m.kind === "number" || m.kind === "boolean" || m.kind === "tensor")
      return { kind: "value", as: m.kind, type: m.value.type };
    if (m.kind !== "reference") return null;
    const { cell } = m;
    if (cell.kind === "array") return { kind: "array", array: cell.array, length: cell.length };
    const fields: (readonly [string, ValueType])[] = [];
    for (const [key, location] of cell.fields) {
      const held = this.state.read(location);
      const type = held === undefined ? null : this.typeOf(held);
      if (type === null) return null;
      fields.push([key, type]);
    }
    return { kind: "record", isTuple: cell.isTuple, site: cell.site, fields };
  }

  /**
   * Reads a constant of the file at the beginning of the function, so that every path sees it. Only constants before `at` in
   * the text have values.
   */
  fileConstant(at: number, read: () => void): void {
    const { scope, path, activations, jumps } = this;
    const constantAt = this.#constantAt;
    Object.assign(this, { scope: this.fileScope, path: { isAlive: true, pending: none }, activations: [], jumps: [] });
    this.#constantAt = at;
    this.state.apart(() => this.under(this.#rootKey, () => withBuilder(this.root, read)));
    Object.assign(this, { scope, path, activations, jumps });
    this.#constantAt = constantAt;
  }

  setConstant(name: string, m: AbstractValue): void {
    freeze(this, m, `'${name}' is a constant of the file`);
    this.constants.set(name, m);
  }

  /** Fails if a name is needed by a constant of the file above the name's own declaration. */
  requireDefined(name: string, definedAt: number | null, needed: number): void {
    if (definedAt !== null && definedAt >= this.#constantAt)
      this.fail("name", needed, `'${name}' is needed before it has a value`, "declare it before what needs it");
  }

  // ---- regions ------------------------------------------------------------------------------------------------------

  /** Runs `body` with `builder` current: a new region of the current block, or one that is continued. */
  within<T>(builder: BlockBuilder, body: () => T): T {
    if (++this.#depth > deepest)
      this.fail(
        "unsupported",
        this.activations[0]?.fn.at ?? 0,
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

  // ---- names --------------------------------------------------------------------------------------------------------

  /** The value of `body`, which emits one operation and gives its result the name. */
  named(name: string | null, body: () => Value): Value {
    if (name === null) return body();
    const block = currentBlock();
    return withBuilder(
      { emit: (op, operands, options) => block.emit(op, operands, { ...options, names: [name] }) },
      body,
    );
  }

  /** An array without a name takes that of the variable that holds it first. */
  nameArray(m: AbstractValue, name: string): void {
    if (m.kind === "reference" && m.cell.kind === "array" && m.cell.contents.name === "") m.cell.contents.name = name;
  }

  suggestion(name: string, known: Iterable<string>): string | undefined {
    return didYouMean(name, [...known]);
  }
}

function keysOf(event: number): (field: string) => string {
  return (field) => `${event}.${field}`;
}

function freeze(cx: Reading, m: AbstractValue, why: string): void {
  if (m.kind !== "reference") return;
  m.cell.frozen = why;
  for (const location of locationsOf(m.cell)) {
    freeze(cx, cx.state.peek(location) as AbstractValue, why);
    location.use = "once";
  }
}

function hintFor(m: AbstractValue): string | undefined {
  if (m.kind === "reference" && m.cell.kind === "array") return "write an element of it: a[i]";
  return m.kind === "function" ? "call it" : undefined;
}
