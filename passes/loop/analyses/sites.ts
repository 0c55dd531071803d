// What one nest of loops computes, and where in it: a site is where tensors are computed at the same subscripts.

import { isScalar, type Operation, type Value, ValueMap, ValueSet } from "../../../src/ir/index.ts";
import { fusedOp, isElementwise } from "../../../src/ops/index.ts";

/** The operations that one nest computes, and those of their results that it stores. */
export interface FusionGroup {
  readonly operations: readonly Operation[];
  readonly results: readonly Value[];
}

/** The region of a fused operation; any other is a group of one. */
export function fusionGroupOf(operation: Operation): FusionGroup {
  return operation.op === fusedOp ? operation.regions[0] : { operations: [operation], results: operation.results };
}

/** The update that an operation is, or that is fused into it; null where there is none. */
export function updateOf(operation: Operation): Operation | null {
  if (operation.op !== fusedOp) return isUpdate(operation) ? operation : null;
  return operation.regions[0].operations.find(isUpdate) ?? null;
}

function isUpdate({ op }: Operation): boolean {
  return op.lowering?.kind === "update";
}

/** Where a nest computes tensors at the same subscripts, each in terms of others there or behind a rule's own subscripts. */
export interface Site {
  /** In reverse order of definition. */
  readonly members: Operation[];
}

/** Stands for the sites of a tensor that is read at several: it is computed wherever it is read. */
const severalSites: Site = { members: [] };

/** The sites of a group: the outermost, at the subscripts of the results, and one for each operand that a rule reads. */
export class Sites {
  readonly outermost: Site = { members: [] };
  readonly #inner = new Map<Operation, Map<number, Site>>();
  /** The site of all reads of a tensor. */
  readonly #readAt = new ValueMap<Site>();

  constructor({ operations, results }: FusionGroup) {
    const own = new ValueSet(operations.flatMap((operation) => operation.results));
    for (const v of results) this.#read(v, this.outermost);
    for (let i = operations.length - 1; i >= 0; i--) {
      const operation = operations[i];
      const site = this.#readAt.get(operation.results[0]);
      if (site === undefined) continue;
      if (site !== severalSites) site.members.push(operation);
      for (const [k, v] of operation.operands.entries()) {
        if (!own.has(v) || isScalar(v.type)) continue;
        this.#read(v, isElementwise(operation) ? site : this.#innerOf(operation, k));
      }
    }
  }

  /** The site of the reads of one operand by an operation's rule; undefined where the group does not compute it. */
  inner(operation: Operation, operand: number): Site | undefined {
    return this.#inner.get(operation)?.get(operand);
  }

  #read(v: Value, site: Site): void {
    const known = this.#readAt.get(v);
    if (known !== site) this.#readAt.set(v, known === undefined ? site : severalSites);
  }

  #innerOf(operation: Operation, operand: number): Site {
    let sites = this.#inner.get(operation);
    if (sites === undefined) this.#inner.set(operation, (sites = new Map()));
    const site: Site = { members: [] };
    sites.set(operand, site);
    return site;
  }
}

export function sitesOf(operation: Operation): Sites {
  return new Sites(fusionGroupOf(operation));
}
