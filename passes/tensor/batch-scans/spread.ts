// What of a scan's body differs from step to step, and whether all of that can have the steps along a last axis.

import {
  type Block,
  calleeOf,
  carriedIn,
  freeValues,
  type Loop,
  loopOf,
  type Operation,
  type Value,
  ValueSet,
  walk,
} from "../../../src/ir/index.ts";

/** The values that differ from step to step. */
export class Spread {
  readonly #varies = new ValueSet();
  /** Whether the last sweep found a value that the ones before had not. */
  #grew = true;

  /** Of the body of a scan that carries nothing; null where its steps cannot stand side by side. */
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

  /** Whether an operation is another one at each step: it reads, or its regions do, what differs. */
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

  /** What is carried differs everywhere if it does anywhere. */
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
    if (op.effect !== "pure" && op.effect !== "mayFail") return false;
    if (!operands.some((v) => this.has(v))) return true;
    if ([...operands, ...results].some((v) => v.type.kind !== "tensor")) return false;
    if (op.batching.kind === "elementwise") return true;
    const behind = op.batching.kind === "rule" ? op.batching.behind : undefined;
    return behind !== undefined && operands.every((v, i) => !this.has(v) || behind.takes(operation, i));
  }

  /** A branch that all steps take, or a loop of as many iterations for each. */
  #isStructured(operation: Operation): boolean {
    const loop = loopOf(operation);
    if (loop === null) return operation.op.traits.branches && !this.has(operation.operands[0]);
    return loop.firstArgument === 0 && (loop.test === null || !this.has(loop.test.results[0]));
  }
}
