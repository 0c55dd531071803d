// Where in one nest of loops tensors are computed: a site is where they are at the same subscripts.

import { ValueMap, ValueSet } from "../data/value-map.ts";
import { isScalar, printType } from "../types/type.ts";
import type { Operation, Value } from "./module.ts";
import { isElementwise } from "./reuse.ts";

/** The operations that one nest computes, and those of their results that it stores. The nest is over the shape of the last. */
export interface FusionGroup {
  readonly operations: readonly Operation[];
  readonly results: readonly Value[];
}

/** Where a nest computes tensors at the same subscripts, each in terms of others there or behind a rule's own subscripts. */
export interface Site {
  /** In reverse order of definition. */
  readonly members: Operation[];
  /** The shape of tensors of which each element is computed here exactly once; null where some are not, or more often. */
  readonly covers: string | null;
}

/** Stands for the sites of a tensor that is read at several: it is computed wherever it is read. */
const severalSites: Site = { members: [], covers: null };

/** The sites of a group: the outermost, at the subscripts of the last result, and one for each operand that a rule reads. */
export class Sites {
  readonly outermost: Site;
  readonly #inner = new Map<Operation, Map<number, Site>>();
  /** The site of all reads of a tensor. */
  readonly #readAt = new ValueMap<Site>();
  /** The results that are stored elsewhere than at the outermost site. */
  readonly #storedInside: readonly Value[];

  constructor({ operations, results }: FusionGroup) {
    const own = new ValueSet(operations.flatMap((operation) => operation.results));
    this.outermost = { members: [], covers: shapeText(results[results.length - 1]) };
    this.#storedInside = results.filter((v) => shapeText(v) !== this.outermost.covers);
    for (const v of results) if (!this.#storedInside.includes(v)) this.#read(v, this.outermost);
    for (let i = operations.length - 1; i >= 0; i--) {
      const operation = operations[i];
      const site = this.#readAt.get(operation.results[0]);
      if (site === undefined) continue;
      if (site !== severalSites) site.members.push(operation);
      for (const [k, v] of operation.operands.entries()) {
        if (!own.has(v) || isScalar(v.type)) continue;
        this.#read(v, isElementwise(operation) ? site : this.#innerOf(operation, k, site));
      }
    }
  }

  /** The site of the reads of one operand by an operation's rule; undefined where the group does not compute it. */
  inner(operation: Operation, operand: number): Site | undefined {
    return this.#inner.get(operation)?.get(operand);
  }

  /** The site at which a result is stored, of those that compute each of its elements once; undefined where there is none. */
  storedAt(result: Value): Site | undefined {
    if (!this.#storedInside.includes(result)) return this.outermost;
    const site = this.#readAt.get(result);
    return site?.covers === shapeText(result) ? site : undefined;
  }

  /** The results that are stored at an inner site. */
  storedIn(site: Site): readonly Value[] {
    return this.#storedInside.filter((v) => this.#readAt.get(v) === site);
  }

  #read(v: Value, site: Site): void {
    const known = this.#readAt.get(v);
    if (known !== site) this.#readAt.set(v, known === undefined ? site : severalSites);
  }

  #innerOf(operation: Operation, operand: number, outer: Site): Site {
    let sites = this.#inner.get(operation);
    if (sites === undefined) this.#inner.set(operation, (sites = new Map()));
    const covers = visits(operation, operand) && outer.covers !== null ? shapeText(operation.operands[operand]) : null;
    const site: Site = { members: [], covers };
    sites.set(operand, site);
    return site;
  }
}

/** Whether a nest over the operation's result reads each element of an operand exactly once. */
export function visits({ op }: Operation, operand: number): boolean {
  return op.lowering?.kind === "nest" && op.lowering.visits?.includes(operand) === true;
}

/** Equal for equal shapes. */
export function shapeText({ type }: Value): string {
  return type.kind === "tensor" && type.shape !== null ? type.shape.join() : printType(type);
}
