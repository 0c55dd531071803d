// Which values of a function share one variable of its text.

import { carriedIn, isScalar, type Loop, loopOf, type Operation, type Value, ValueMap } from "../../../ir/index.ts";

/**
 * The results of a loop and the arguments of its regions are one variable. A result that aliases its operand takes the
 * operand's name.
 */
export class Aliases {
  readonly #same = new ValueMap<Value>();

  /** The value whose name stands for this one. */
  canonical(value: Value): Value {
    let v = value;
    for (let next = this.#same.get(v); next !== undefined; next = this.#same.get(v)) v = next;
    if (v !== value) this.#same.set(value, v);
    return v;
  }

  /** Notes an operation, before its regions. */
  enter(operation: Operation): void {
    const loop = loopOf(operation);
    if (loop !== null) this.#shareCarried(loop);
    else if (isAlias(operation)) this.#same.set(operation.results[0], operation.operands[0]);
  }

  /** Notes an operation, after its regions. */
  leave(operation: Operation): void {
    if (operation.op.traits.branches) this.#joinLists(operation);
  }

  #shareCarried(loop: Loop): void {
    const { results, regions } = loop.operation;
    const [variables, ...others] = regions.map((region) => carriedIn(loop, region));
    for (const [i, variable] of variables.entries()) {
      this.#same.set(results[i], variable);
      for (const region of others) this.#same.set(region[i], variable);
    }
  }

  /** Where both branches yield the same list, both have changed it in place. */
  #joinLists({ results, regions: [then, otherwise] }: Operation): void {
    for (const [i, result] of results.entries()) {
      if (result.type.kind !== "list") continue;
      const list = this.canonical(then.results[i]);
      if (list === this.canonical(otherwise.results[i])) this.#same.set(result, list);
    }
  }
}

/** Whether the first result aliases the first operand: the same memory or list, or at rank 0 the same number. */
export function isAlias({ op, operands, results }: Operation): boolean {
  if (op.aliases[0] !== 0) return false;
  const [from, to] = [operands[0].type, results[0].type];
  return from.kind === to.kind && (from.kind !== "tensor" || (isScalar(from) && isScalar(to)));
}
