// Elements that are surely outside of their memory: a subscript of numbers, or one that loops around surely bring there. What
// stands in a branch may be guarded by it, and is left to whoever made the branch.

import { ValueMap } from "../data/value-map.ts";
import { fail } from "../diagnostics/errors.ts";
import { boundBy, indexOf, indicesOf, substituteIndices } from "../module/affine.ts";
import { dimsIn } from "../module/attributes.ts";
import type { Block, Operation, Value } from "../module/module.ts";
import { addDims, atomDim, type Dim, isVariable, subDims, termsOf } from "../types/dim.ts";
import { dimsOf, printType, type RankedType } from "../types/type.ts";
import { located } from "./verify-layouts.ts";

/** The least and the greatest of what an index value is in turn. */
interface Range {
  readonly first: Dim;
  readonly last: Dim;
}

/** Fails (code `range`) where an operation is of elements that memory does not have. */
export function checkSubscripts(body: Block): void {
  new Subscripts().block(body);
}

class Subscripts {
  readonly #ranges = new ValueMap<Range>();

  block({ operations }: Block): void {
    for (const operation of operations) {
      const { op, regions, results } = operation;
      for (const { kind } of op.assembly) {
        // what gives no name to its result gives none to read
        const { value } = operation.attributes;
        if (kind === "affine" && typeof value === "number")
          for (const result of results) this.#ranges.set(result, { first: value, last: value });
        if (kind === "range" && this.#enter(operation)) this.block(regions[0]);
      }
      located(operation, () => this.#check(operation));
    }
  }

  /** Notes what the index of a loop is in turn; whether the loop may run. */
  #enter(operation: Operation): boolean {
    const { step } = operation.attributes;
    const [first, beyond] = ["lower", "upper"].map((name) =>
      boundBy(dimsIn(operation.attributes[name])[0], operation, "bounds"),
    );
    const length = subDims(beyond, first);
    if (typeof length === "number" && length <= 0) return false;
    const index = operation.regions[0].arguments[0];
    if (typeof length === "number") {
      const steps = Math.ceil(length / Number(step)) - 1;
      this.#ranges.set(index, { first, last: addDims(first, steps * Number(step)) });
    } else if (step === 1) this.#ranges.set(index, { first, last: subDims(beyond, 1) });
    return true;
  }

  #check(operation: Operation): void {
    const { op, operands, attributes } = operation;
    for (const item of op.assembly) {
      if (item.kind !== "subscript" && item.kind !== "span") continue;
      const memory = operands[item.operand];
      // what is no memory, or has other axes, is the type rule's to refuse
      if (memory.type.kind !== "memref") continue;
      const { shape } = memory.type;
      if (item.kind === "span") {
        const [lower, upper] = [attributes.lower, attributes.upper].map((d) => dimsIn(d)[0]);
        if (shape.length === 0 || !isAtLeast(subDims(upper, lower), 1)) continue;
        this.#require(operation, { group: item.group, memory, axis: 0, from: lower, to: subDims(upper, 1) });
      } else {
        const lanes = item.lanes === true ? lanesOf(operation) : 1;
        for (const [axis, d] of dimsIn(attributes.at).slice(0, shape.length).entries()) {
          const more = axis === shape.length - 1 ? lanes - 1 : 0;
          this.#require(operation, { group: item.group, memory, axis, from: d, to: addDims(d, more) });
        }
      }
    }
  }

  #require(operation: Operation, { group, memory, axis, from, to }: Part): void {
    const extent = dimsOf(memory.type as RankedType)[axis];
    const least = this.#end(boundBy(from, operation, group), false);
    const most = this.#end(boundBy(to, operation, group), true);
    const isBefore = least !== null && isAtLeast(subDims(-1, least), 0);
    const isBehind = most !== null && isAtLeast(subDims(most, extent), 0);
    if (!isBefore && !isBehind) return;
    const got = isBefore ? least : most;
    const expected = extent === 0 ? "which has no element" : `expected 0 to ${subDims(extent, 1)}`;
    const reason = `${operation.op.name}: subscript ${got} on axis ${axis} is outside of ${printType(memory.type)}, ${expected}`;
    fail("range", reason, { origin: operation.origin });
  }

  /** The least or the greatest that a subscript is; null where that is not known. */
  #end(d: Dim, isGreatest: boolean): Dim | null {
    const ends = new Map<Value, Dim>();
    for (const { coefficient, factors } of termsOf(d)) {
      const [atom] = factors;
      const index = factors.length === 1 && isVariable(atom) ? indexOf(atom) : null;
      const range = index === null ? undefined : this.#ranges.get(index);
      if (index !== null && range !== undefined)
        ends.set(index, coefficient > 0 === isGreatest ? range.last : range.first);
      else if (indicesOf(factors.map(atomDim)).size > 0) return null;
    }
    return substituteIndices(d, (v) => ends.get(v));
  }
}

/** Elements of memory along an axis, over operands of a group. */
interface Part {
  readonly group: string;
  readonly memory: Value;
  readonly axis: number;
  readonly from: Dim;
  readonly to: Dim;
}

function isAtLeast(d: Dim, least: number): boolean {
  return typeof d === "number" && d >= least;
}

/** How many elements along the last axis are touched at least: all lanes, where no count says how many. */
function lanesOf({ op, operands, results, segments }: Operation): number {
  if (segments[op.groups.indexOf("count")] > 0) return 1;
  for (const { type } of [...results, ...operands]) if (type.kind === "vector") return type.shape[0];
  return 1;
}
