// Which values of a scan's body differ between its iterations, found by a fixpoint, and whether every operation on them
// can take the iterations along a last axis.

import {
  type Block,
  calleeOf,
  carriedIn,
  freeValues,
  type Loop,
  loopOf,
  mustStay,
  type Operation,
  type Value,
  ValueSet,
  walk,
} from "../../../src/ir/index.ts";

/** The values that differ between iterations; the others are invariant. */
export class Spread {
  readonly #varies = new ValueSet();
  /** Whether the last sweep added a value: if so, the fixpoint is not reached. */
  #grew = true;

  /** Analyses the body of a scan that carries nothing; null where its iterations cannot run side by side. */
  static of(body: Block): Spread | null {
    const spread = new Spread();
    for (const a of body.arguments) spread.#add(a);
    while (spread.#grew) {
      spread.#grew = false;
      spread.#block(body);
    }
    let isPossible = true;
    walk(body, (operation) => {
      isPossible &&= spread.#isBatchable(operation);
    });
    return isPossible ? spread : null;
  }

  has(value: Value): boolean {
    return this.#varies.has(value);
  }

  /** Whether an operation or one of its regions reads a value that differs between iterations. */
  touches({ operands, regions }: Operation): boolean {
    return operands.some((v) => this.has(v)) || (regions.length > 0 && this.#reaches(regions));
  }

  #reaches(regions: readonly Block[]): boolean {
    return freeValues(...regions).some((v) => this.has(v));
  }

  #add(value: Value): void {
    if (this.#varies.has(value)) return;
    this.#varies.add(value);
    this.#grew = true;
  }

  #block(block: Block): void {
    for (const operation of block.operations) {
      const { operands, results, regions } = operation;
      if (regions.length === 0) {
        if (operands.some((v) => this.has(v))) for (const r of results) this.#add(r);
        continue;
      }
      const loop = loopOf(operation);
      if (loop !== null) this.#loop(loop);
      else {
        for (const region of regions) this.#block(region);
        for (const region of regions) this.#join(region.results, results);
      }
    }
  }

  /** If a carried value differs at first or later, its arguments in all regions and its result differ too. */
  #loop(loop: Loop): void {
    const { operation, count, firstOperand, firstArgument, inits, body } = loop;
    const { operands, regions, results } = operation;
    const scanned = body.arguments.slice(firstArgument + count);
    this.#join(operands.slice(firstOperand + count), scanned);
    this.#join(inits, carriedIn(loop, body));
    for (const region of regions) this.#block(region);
    this.#join(body.results, results);
    for (let k = 0; k < count; k++) {
      const slots = [inits[k], body.results[k], results[k], ...regions.map((region) => carriedIn(loop, region)[k])];
      if (slots.slice(1).some((v) => this.has(v))) for (const v of slots.slice(2)) this.#add(v);
    }
  }

  #join(from: readonly Value[], to: readonly Value[]): void {
    for (const [i, v] of from.entries()) if (i < to.length && this.has(v)) this.#add(to[i]);
  }

  #isBatchable(operation: Operation): boolean {
    const { op, operands, regions, results } = operation;
    if (calleeOf(operation) !== null || op.traits.transform) return false;
    if (regions.length > 0) return this.#isStructured(operation);
    if (mustStay(op.effects)) return false;
    if (!operands.some((v) => this.has(v))) return true;
    if ([...operands, ...results].some((v) => v.type.kind !== "tensor")) return false;
    if (op.batching.kind === "elementwise") return true;
    const behind = op.batching.kind === "rule" ? op.batching.behind : undefined;
    return behind !== undefined && operands.every((v, i) => !this.has(v) || behind.takes(operation, i));
  }

  /** Whether control flow is uniform: all iterations of the scan take one branch, or run a loop equally often. */
  #isStructured(operation: Operation): boolean {
    const loop = loopOf(operation);
    if (loop === null) return operation.op.traits.branches && !this.has(operation.operands[0]);
    return loop.firstArgument === 0 && (loop.test === null || !this.has(loop.test.results[0]));
  }
}
