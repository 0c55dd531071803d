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

/** Texts that are the same for equal operations only. */
class Keys {
  readonly #ops = new Map<Op, number>();
  readonly #types = new WeakMap<Type, string>();
  readonly #attributes = new WeakMap<Attributes, string>();

  of(operation: Operation): string {
    if (operation.regions.length === 0) return this.#head(operation, (v) => `${v.id}`);
    const parts: string[] = [];
    this.#whole(operation, new Map(), parts);
    return parts.join(";");
  }

  /** The head, then the regions, whose own values count by where they are defined. */
  #whole(operation: Operation, inner: Map<Value, number>, parts: string[]): void {
    const name = (v: Value): string => {
      const i = inner.get(v);
      return i === undefined ? `${v.id}` : `#${i}`;
    };
    parts.push(this.#head(operation, name));
    for (const region of operation.regions) {
      for (const v of region.arguments) inner.set(v, inner.size);
      parts.push(`{${region.arguments.map((v) => this.#type(v.type)).join()}`);
      for (const o of region.operations) {
        this.#whole(o, inner, parts);
        for (const v of o.results) inner.set(v, inner.size);
      }
      parts.push(`}${region.results.map(name).join()}`);
    }
  }

  #head(operation: Operation, name: (v: Value) => string): string {
    const { op, operands, attributes, segments, results } = operation;
    let id = this.#ops.get(op);
    if (id === undefined) this.#ops.set(op, (id = this.#ops.size));
    let uses = operands.map(name);
    if (op.traits.commutative === true && uses.length === 2 && uses[0] > uses[1]) uses = [uses[1], uses[0]];
    const types = results.map((v) => this.#type(v.type)).join();
    return `${id}(${uses.join()})${segments.join()}:${types}|${this.#attributesKey(attributes)}`;
  }

  #type(type: Type): string {
    let key = this.#types.get(type);
    if (key === undefined) this.#types.set(type, (key = printType(type)));
    return key;
  }

  #attributesKey(attributes: Attributes): string {
    let key = this.#attributes.get(attributes);
    if (key === undefined) {
      key = Object.entries(attributes)
        .map(([name, value]) => `${name}=${typeof value === "string" ? JSON.stringify(value) : attributeKey(value)}`)
        .join(";");
      this.#attributes.set(attributes, key);
    }
    return key;
  }
}
