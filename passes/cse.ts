// Common subexpression elimination: of equal operations without effects, the first one that is visible stands for all.

import {
  type Attributes,
  attributeKey,
  type Block,
  Effects,
  mapBodies,
  type Op,
  type Operation,
  printType,
  Replacements,
  type Type,
  type Value,
  withOperations,
  withRegions,
} from "../src/ir/index.ts";
import { definePass } from "../src/rewrite/index.ts";

export const cse = definePass({
  name: "cse",
  summary: "Merges equal operations: same op, operands, attributes and regions, no effects, no memory.",
  run(module) {
    const effects = new Effects(module);
    const keys = new Keys();
    return mapBodies(module, (body) => new Sweep(effects, keys).block(body));
  },
});

/** One sweep over one function. Regions see what stands before them; what they add is forgotten behind them. */
class Sweep {
  readonly #effects: Effects;
  readonly #keys: Keys;
  readonly #replacements = new Replacements();
  readonly #known = new Map<string, Operation>();

  constructor(effects: Effects, keys: Keys) {
    this.#effects = effects;
    this.#keys = keys;
  }

  block(block: Block): Block {
    const added: string[] = [];
    const output: Operation[] = [];
    for (const original of block.operations) {
      const operation = this.#operation(original);
      const key = this.#isMergeable(operation) ? this.#keys.of(operation) : null;
      const equal = key === null ? undefined : this.#known.get(key);
      if (equal !== undefined) {
        for (const [i, v] of operation.results.entries()) this.#replacements.set(v, equal.results[i]);
        continue;
      }
      output.push(operation);
      if (key !== null) {
        this.#known.set(key, operation);
        added.push(key);
      }
    }
    for (const key of added) this.#known.delete(key);
    return withOperations(block, output, this.#replacements.all(block.results));
  }

  /** With operands replaced and regions swept. */
  #operation(operation: Operation): Operation {
    const operands = this.#replacements.all(operation.operands);
    if (operation.regions.length === 0 && operands === operation.operands) return operation;
    const swept = withRegions(
      operation,
      operation.regions.map((r) => this.block(r)),
    );
    return operands === operation.operands ? swept : Object.freeze({ ...swept, operands: Object.freeze(operands) });
  }

  /** An operation that may fail can stand for an equal one behind it: both fail alike. */
  #isMergeable(operation: Operation): boolean {
    return operation.results.length > 0 && !touchesMemory(operation) && this.#effects.of(operation) !== "effect";
  }
}

/** Whether memory is made, read or written: two such operations may differ however equal they look. */
function touchesMemory(operation: Operation): boolean {
  const isMemory = (v: Value): boolean => v.type.kind === "memref";
  return (
    operation.op.traits.memory === true ||
    operation.operands.some(isMemory) ||
    operation.results.some(isMemory) ||
    operation.regions.some((r) => r.operations.some(touchesMemory))
  );
}

/** Texts that are the same for equal operations only. Ops, types and attributes stand in them by number. */
class Keys {
  readonly #ops = new Map<Op, number>();
  readonly #types = new Numbering<Type>(printType);
  readonly #attributes = new Numbering<Attributes>(attributesText);

  of(operation: Operation): string {
    if (operation.regions.length === 0) return this.#head(operation, null);
    const parts: string[] = [];
    this.#whole(operation, new Map(), parts);
    return parts.join(";");
  }

  /** The head, then the regions, whose own values count by where they are defined. */
  #whole(operation: Operation, inner: Map<Value, number>, parts: string[]): void {
    parts.push(this.#head(operation, inner));
    for (const region of operation.regions) {
      for (const v of region.arguments) inner.set(v, inner.size);
      parts.push(`{${region.arguments.map((v) => this.#types.of(v.type)).join()}`);
      for (const o of region.operations) {
        this.#whole(o, inner, parts);
        for (const v of o.results) inner.set(v, inner.size);
      }
      parts.push(`}${region.results.map((v) => nameOf(v, inner)).join()}`);
    }
  }

  #head({ op, operands, attributes, segments, results }: Operation, inner: ReadonlyMap<Value, number> | null): string {
    let id = this.#ops.get(op);
    if (id === undefined) this.#ops.set(op, (id = this.#ops.size));
    let key = `${id}|${this.#attributes.of(attributes)}`;
    if (op.traits.commutative === true && operands.length === 2) {
      const [a, b] = [nameOf(operands[0], inner), nameOf(operands[1], inner)];
      key += a < b ? ` ${a} ${b}` : ` ${b} ${a}`;
    } else for (const v of operands) key += ` ${nameOf(v, inner)}`;
    for (const n of segments) key += `,${n}`;
    for (const v of results) key += `:${this.#types.of(v.type)}`;
    return key;
  }
}

/** A value of the operation's own regions by its position there, others by identity. */
function nameOf(value: Value, inner: ReadonlyMap<Value, number> | null): string {
  const position = inner?.get(value);
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

function attributesText(attributes: Attributes): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name}=${typeof value === "string" ? JSON.stringify(value) : attributeKey(value)}`)
    .join(";");
}
