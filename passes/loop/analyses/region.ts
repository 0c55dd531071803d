// A region's operations once more, at subscripts that take the place of its index arguments.

import {
  type Attribute,
  affineAttributes,
  affineOperands,
  type Block,
  BlockBuilder,
  boundBy,
  currentBlock,
  type Dim,
  dimsIn,
  groupOf,
  indexDim,
  type Operation,
  substituteIndices,
  Value,
  ValueMap,
  withBuilder,
  withParts,
} from "../../../src/ir/index.ts";
import { indexValue } from "../../../src/ops/index.ts";

/** Appends what a region does at subscripts to the current block; gives what it yields. `rest` are its further arguments. */
export function inlined(region: Block, at: readonly Dim[], rest: readonly Value[] = []): readonly Value[] {
  const copy = new RegionCopy();
  for (const [i, v] of region.arguments.entries()) {
    if (i < at.length) copy.bind(v, at[i]);
    else copy.set(v, rest[i - at.length]);
  }
  return copy.append(region);
}

class RegionCopy {
  readonly #dims = new ValueMap<Dim>();
  readonly #values = new ValueMap<Value>();

  bind(index: Value, d: Dim): void {
    this.#dims.set(index, d);
  }

  set(from: Value, to: Value): void {
    this.#values.set(from, to);
  }

  append({ operations, results }: Block): readonly Value[] {
    for (const operation of operations) currentBlock().append(this.#operation(operation));
    return results.map((v) => this.#value(v));
  }

  #operation(operation: Operation): Operation {
    const affine = affineAttributes(operation.op);
    return affine.size === 0 ? this.#plain(operation) : this.#affine(operation, affine);
  }

  #plain(operation: Operation): Operation {
    const operands = operation.operands.map((v) => this.#value(v));
    const regions = operation.regions.map((region) => this.#region(region));
    return withParts(operation, { operands, regions, results: operation.results.map((v) => this.#fresh(v)) });
  }

  /** An operation with bounds or subscripts, which are over other operands. */
  #affine(operation: Operation, affine: ReadonlyMap<string, string>): Operation {
    const { op, attributes, results } = operation;
    const bound: Record<string, Attribute> = {};
    const groups = op.groups.map((group) => {
      const names = [...affine.keys()].filter((name) => affine.get(name) === group);
      if (names.length === 0) return groupOf(operation, group).map((v) => this.#value(v));
      const lists = names.map((name) => dimsIn(attributes[name]));
      const over = affineOperands(lists.flat().map((d) => this.#dim(boundBy(d, operation, group))));
      let next = 0;
      for (const [i, name] of names.entries()) {
        const dims = over.dims.slice(next, (next += lists[i].length));
        bound[name] = Array.isArray(attributes[name]) ? Object.freeze(dims) : dims[0];
      }
      return over.operands;
    });
    const regions = operation.regions.map((region) => this.#region(region));
    return withParts(operation, {
      operands: groups.flat(),
      attributes: { ...attributes, ...bound },
      regions,
      results: results.map((v) => this.#fresh(v)),
      segments: groups.map((values) => values.length),
    });
  }

  #region(region: Block): Block {
    const builder = new BlockBuilder(currentBlock().scope, currentBlock());
    for (const v of region.arguments) this.#values.set(v, builder.argument(v.type, v.name));
    return builder.finish(withBuilder(builder, () => this.append(region)));
  }

  #dim(d: Dim): Dim {
    return substituteIndices(d, (v) => {
      const value = this.#values.get(v);
      return this.#dims.get(v) ?? (value === undefined ? undefined : indexDim(value));
    });
  }

  /** What stands for a value; an index is computed where it is needed as one. */
  #value(v: Value): Value {
    const d = this.#dims.get(v);
    return d === undefined ? (this.#values.get(v) ?? v) : indexValue(d);
  }

  #fresh(v: Value): Value {
    const copy = new Value(v.type, v.name);
    this.#values.set(v, copy);
    return copy;
  }
}
