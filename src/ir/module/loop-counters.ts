// What errors tell of the loops around: a function that can fail takes the step of each loop around its calls.

import { touchesMemory } from "../op/effects.ts";
import type { Block, Func, Operation } from "./module.ts";
import { calleeOf } from "./walk.ts";

export class LoopCounters {
  readonly #failing = new Set<string>();
  /** The most loops around a call, of functions that can fail. */
  readonly #counts = new Map<string, number>();

  /** Of functions in order, callees first. */
  constructor(funcs: readonly Func[]) {
    for (const { name, body } of funcs) if (this.canFail(body)) this.#failing.add(name);
    if (this.#failing.size > 0) for (const { name, body } of funcs.toReversed()) this.#countAround(body, this.of(name));
  }

  /** How many steps a function takes, those of the outermost loops first. */
  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Whether something in a block can end the run with an error, which names the steps of the loops around. */
  canFail(block: Block): boolean {
    return block.operations.some((operation) => {
      const { op, attributes, regions } = operation;
      // an access stands behind the check of its subscripts
      if (op.effects.fails && !touchesMemory(op.effects) && attributes.mode !== "clamp") return true;
      return this.#failing.has(calleeOf(operation) ?? "") || regions.some((r) => this.canFail(r));
    });
  }

  /** Whether a loop counts its steps: the number is not known beforehand, and something in it can fail. */
  isCounted({ op, regions }: Operation): boolean {
    return op.loop !== null && op.loop.test !== null && regions.some((r) => this.canFail(r));
  }

  #countAround({ operations }: Block, count: number): void {
    for (const operation of operations) {
      const callee = calleeOf(operation);
      if (callee !== null && this.#failing.has(callee)) this.#counts.set(callee, Math.max(this.of(callee), count));
      if (operation.regions.length === 0) continue;
      const inside = this.isCounted(operation) ? count + 1 : count;
      for (const region of operation.regions) this.#countAround(region, inside);
    }
  }
}
