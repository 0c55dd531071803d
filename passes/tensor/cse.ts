// Common subexpression elimination: of equal operations without effects, the first one that is visible stands for all. One
// that reads memory stands for those up to the next write to the same storage.

import {
  type Attributes,
  attributeKey,
  type Block,
  Effects,
  mapBodies,
  mustStay,
  type Op,
  type Operation,
  type OperationEffects,
  printType,
  Replacements,
  Storages,
  sameType,
  type Type,
  type Value,
  ValueMap,
  withOperands,
  withOperations,
  withRegions,
} from "../../src/ir/index.ts";
import { definePass } from "../../src/rewrite/index.ts";

export const cse = definePass({
  name: "cse",
  summary:
    "Merges equal operations: same op, operands, attributes and regions, no effects, and no write to what they read.",
  level: "both",
  idempotent: true,
  example: `func @main(%x: f64, %y: f64) -> f64 {
  %a = mul %x, %y : f64
  %b = mul %y, %x : f64
  %c = add %a, %b : f64
  return %c
}
`,
  run(module) {
    const effects = new Effects(module);
    const keys = new Keys();
    return mapBodies(module, (body) => new Sweep(effects, keys, body).block(body));
  },
});

/** One sweep over one function. Regions see what stands before them; what they add is forgotten behind them. */
class Sweep {
  readonly #effects: Effects;
  readonly #known: KnownOperations;
  readonly #writes: Writes;
  readonly #replacements = new Replacements();

  constructor(effects: Effects, keys: Keys, body: Block) {
    this.#effects = effects;
    this.#known = new KnownOperations(keys);
    this.#writes = new Writes(body);
  }

  block(block: Block): Block {
    const mark = this.#known.size;
    const output: Operation[] = [];
    for (const original of block.operations) {
      const effects = this.#effects.of(original);
      // before the regions, whose first operation may run after their last
      this.#writes.add(effects.writes);
      const operation = this.#operation(original);
      const equal = isMergeable(operation, effects) ? this.#standIn(operation, effects) : operation;
      if (equal === operation) output.push(operation);
      else for (const [i, v] of operation.results.entries()) this.#replacements.set(v, equal.results[i]);
    }
    this.#known.forgetFrom(mark);
    return withOperations(block, output, this.#replacements.all(block.results));
  }

  /** With operands replaced and regions swept. */
  #operation(operation: Operation): Operation {
    const renamed = withOperands(operation, this.#replacements.all(operation.operands));
    if (operation.regions.length === 0) return renamed;
    return withRegions(
      renamed,
      operation.regions.map((r) => this.block(r)),
    );
  }

  /** An equal operation in sight that gives the same now; where there is none, this one from now on. */
  #standIn(operation: Operation, { reads }: OperationEffects): Operation {
    return this.#known.findOrAdd(operation, this.#writes.count, this.#writes.before(reads));
  }
}

/** An operation that may fail can stand for an equal one behind it: both fail alike. */
function isMergeable({ results }: Operation, effects: OperationEffects): boolean {
  return results.length > 0 && !effects.allocates && !mustStay(effects);
}

/** The writes to memory so far, and when they were: each is counted. */
class Writes {
  readonly #storages: Storages;
  /** Of each storage, the number of the last write to it. */
  readonly #last = new ValueMap<number>();
  /** The last write to memory of which the storage is not known. */
  #lastToAny = 0;
  count = 0;

  constructor(body: Block) {
    this.#storages = new Storages(body);
  }

  add(memory: readonly Value[]): void {
    for (const v of memory) {
      const storages = this.#storages.of(v);
      this.count++;
      if (storages === "any") this.#lastToAny = this.count;
      else for (const storage of storages) this.#last.set(storage, this.count);
    }
  }

  /** The last write that may have changed one of these; 0 where there is none. */
  before(memory: readonly Value[]): number {
    let last = memory.length === 0 ? 0 : this.#lastToAny;
    for (const v of memory) {
      const storages = this.#storages.of(v);
      if (storages === "any") return this.count;
      for (const storage of storages) last = Math.max(last, this.#last.get(storage) ?? 0);
    }
    return last;
  }
}

/** Operations in sight, found by what they compute; the latest are forgotten first. */
class KnownOperations {
  readonly #keys: Keys;
  readonly #operations: Operation[] = [];
  readonly #hashes: number[] = [];
  /** How many writes there were when each was found. */
  readonly #times: number[] = [];
  /** Of each hash the latest operation, and of each operation the one before it, by position. */
  readonly #latest = new Map<number, number>();
  readonly #before: number[] = [];

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  get size(): number {
    return this.#operations.length;
  }

  /** An equal operation in sight that was found at `since` or later; where there is none, this one, found `now`. */
  findOrAdd(operation: Operation, now: number, since: number): Operation {
    const hash = this.#keys.hash(operation);
    const latest = this.#latest.get(hash) ?? -1;
    for (let i = latest; i >= 0; i = this.#before[i]) {
      if (this.#times[i] >= since && this.#keys.areEqual(this.#operations[i], operation)) return this.#operations[i];
    }
    this.#latest.set(hash, this.#operations.length);
    this.#operations.push(operation);
    this.#hashes.push(hash);
    this.#before.push(latest);
    this.#times.push(now);
    return operation;
  }

  forgetFrom(mark: number): void {
    while (this.#operations.length > mark) {
      this.#operations.pop();
      this.#times.pop();
      const hash = this.#hashes.pop() as number;
      const before = this.#before.pop() as number;
      if (before < 0) this.#latest.delete(hash);
      else this.#latest.set(hash, before);
    }
  }
}

/** What makes operations equal. Ops, types and attributes count by numbers that are the same for equal ones only. */
class Keys {
  readonly #ops = new Map<Op, number>();
  readonly #types = new Numbering<Type>(printType);
  readonly #attributes = new Numbering<Attributes>(attributesText);
  readonly #regions = new WeakMap<Operation, string>();

  hash(operation: Operation): number {
    const { op, operands, attributes } = operation;
    let hash = mix(this.#op(op), this.#attributes.of(attributes));
    if (isCommutative(operation)) {
      const [a, b] = [operands[0].id, operands[1].id];
      hash = mix(mix(hash, a < b ? a : b), a < b ? b : a);
    } else for (const v of operands) hash = mix(hash, v.id);
    return hash;
  }

  areEqual(a: Operation, b: Operation): boolean {
    return (
      a.op === b.op &&
      this.#attributes.of(a.attributes) === this.#attributes.of(b.attributes) &&
      sameOperands(a, b) &&
      a.results.length === b.results.length &&
      a.results.every((v, i) => sameType(v.type, b.results[i].type)) &&
      a.segments.every((n, i) => n === b.segments[i]) &&
      (a.regions.length === 0 || this.#regionsText(a) === this.#regionsText(b))
    );
  }

  #op(op: Op): number {
    let id = this.#ops.get(op);
    if (id === undefined) this.#ops.set(op, (id = this.#ops.size));
    return id;
  }

  #regionsText(operation: Operation): string {
    let text = this.#regions.get(operation);
    if (text === undefined) {
      const parts: string[] = [];
      this.#addRegions(operation, new ValueMap(), parts);
      this.#regions.set(operation, (text = parts.join(";")));
    }
    return text;
  }

  /** The regions' own values count by where they are defined, the others by identity. */
  #addRegions({ regions }: Operation, inner: ValueMap<number>, parts: string[]): void {
    for (const region of regions) {
      for (const v of region.arguments) inner.set(v, inner.size);
      parts.push(`{${region.arguments.map((v) => this.#types.of(v.type)).join()}`);
      for (const o of region.operations) {
        parts.push(this.#head(o, inner));
        this.#addRegions(o, inner, parts);
        for (const v of o.results) inner.set(v, inner.size);
      }
      parts.push(`}${region.results.map((v) => nameOf(v, inner)).join()}`);
    }
  }

  #head(operation: Operation, inner: ValueMap<number>): string {
    const { op, operands, attributes, segments, results } = operation;
    const names = operands.map((v) => nameOf(v, inner));
    if (isCommutative(operation)) names.sort();
    const types = results.map((v) => this.#types.of(v.type));
    return `${this.#op(op)}|${this.#attributes.of(attributes)} ${names.join(" ")},${segments.join()}:${types.join()}`;
  }
}

function mix(hash: number, n: number): number {
  return (Math.imul(hash ^ n, 0x9e3779b1) ^ (hash >>> 15)) | 0;
}

function isCommutative({ op, operands }: Operation): boolean {
  return op.traits.commutative && operands.length === 2;
}

function sameOperands(a: Operation, b: Operation): boolean {
  if (a.operands.length !== b.operands.length) return false;
  if (a.operands.every((v, i) => v === b.operands[i])) return true;
  return isCommutative(a) && a.operands[0] === b.operands[1] && a.operands[1] === b.operands[0];
}

/** A value of the operation's own regions by its position there, others by identity. */
function nameOf(value: Value, inner: ValueMap<number>): string {
  const position = inner.get(value);
  return position === undefined ? `${value.id}` : `#${position}`;
}

/** A number for each text; the text of an object is made once. */
class Numbering<T extends object> {
  readonly #text: (object: T) => string;
  readonly #byObject = new WeakMap<T, number>();
  readonly #byText = new Map<string, number>();

  constructor(text: (object: T) => string) {
    this.#text = text;
  }

  of(object: T): number {
    let n = this.#byObject.get(object);
    if (n !== undefined) return n;
    const text = this.#text(object);
    n = this.#byText.get(text) ?? this.#byText.size;
    this.#byText.set(text, n);
    this.#byObject.set(object, n);
    return n;
  }
}

/** The texts of attributes, which never change: one sweep follows another. */
const texts = new WeakMap<Attributes, string>();

function attributesText(attributes: Attributes): string {
  let text = texts.get(attributes);
  if (text === undefined) {
    text = Object.entries(attributes)
      .map(([name, value]) => `${name}=${typeof value === "string" ? JSON.stringify(value) : attributeKey(value)}`)
      .join(";");
    texts.set(attributes, text);
  }
  return text;
}
