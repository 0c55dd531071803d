// Emits the body of a scan for many iterations at once: values that differ between them have a new last axis for them.

import {
  type Block,
  BlockBuilder,
  Cloner,
  emit,
  fail,
  type Loop,
  loopOf,
  type Operation,
  type Type,
  tensorType,
  type Value,
  withBuilder,
} from "../../../src/ir/index.ts";
import { withAxisBehind } from "../../../src/ops/index.ts";
import type { KnownSteps } from "./known-steps.ts";
import type { Spread } from "./spread.ts";

export class StepsAtOnce {
  readonly #spread: Spread;
  readonly #size: number;
  readonly #values = new Cloner();
  readonly #known: KnownSteps;

  constructor(spread: Spread, size: number, known: KnownSteps) {
    this.#spread = spread;
    this.#size = size;
    this.#known = known;
  }

  /** Emits the body for arguments whose last axis is that of the iterations; so is the last axis of its results. */
  body(body: Block, args: readonly Value[], builder: BlockBuilder): readonly Value[] {
    for (const [i, a] of body.arguments.entries()) this.#values.set(a, args[i]);
    return withBuilder(builder, () => {
      this.#operations(body, builder);
      return body.results.map((v) => this.#whole(v));
    });
  }

  #operations(block: Block, builder: BlockBuilder): void {
    for (const operation of block.operations) {
      builder.origin = operation.origin;
      const loop = loopOf(operation);
      const steps = loop === null ? null : this.#known.few(loop);
      if (!this.#spread.touches(operation)) builder.append(this.#values.operation(operation));
      else if (loop !== null && steps !== null) this.#unrolled(loop, steps, builder);
      else {
        const results = operation.regions.length > 0 ? this.#structured(operation, builder) : this.#applied(operation);
        for (const [i, r] of operation.results.entries()) this.#values.set(r, results[i]);
      }
    }
  }

  #applied(operation: Operation): readonly Value[] {
    const { op, operands, attributes, results } = operation;
    if (op.batching.kind === "elementwise") {
      const types = results.map((r) => this.#wider(r.type));
      const names = results.map((r) => r.name);
      return emit(
        op,
        operands.map((v) => this.#whole(v)),
        { attributes, types, names },
      );
    }
    if (op.batching.kind !== "rule" || op.batching.behind === undefined)
      return fail("structure", `${op.name} cannot have steps side by side`, { origin: operation.origin });
    return op.batching.behind.batch({
      operation,
      operands: operands.map((v) => this.#values.get(v)),
      batched: operands.map((v) => this.#spread.has(v)),
      size: this.#size,
      mask: null,
    });
  }

  /** Emits the same branch or loop; operands, arguments and results that differ have the new axis. */
  #structured(operation: Operation, builder: BlockBuilder): readonly Value[] {
    const { op, operands, regions, results, attributes, segments } = operation;
    const loop = loopOf(operation);
    const taken = operands.map((v, i) => (this.#isSlotWide(operation, loop, i) ? this.#whole(v) : this.#values.get(v)));
    const blocks = regions.map((region) => {
      const inner = new BlockBuilder(builder.scope, builder);
      for (const a of region.arguments)
        this.#values.set(a, inner.argument(this.#spread.has(a) ? this.#wider(a.type) : a.type, a.name));
      return withBuilder(inner, () => {
        this.#operations(region, inner);
        const isYield = loop === null || region === loop.body;
        return inner.finish(
          region.results.map((v, i) =>
            isYield && this.#spread.has(results[i]) ? this.#whole(v) : this.#values.get(v),
          ),
        );
      });
    });
    return emit(op, taken, { attributes, regions: blocks, segments, names: results.map((r) => r.name) });
  }

  /** Whether an operand has the new axis; an operand of a loop has it where the argument that it initialises has it. */
  #isSlotWide({ operands }: Operation, loop: Loop | null, i: number): boolean {
    if (loop === null || i < loop.firstOperand) return this.#spread.has(operands[i]);
    return this.#spread.has(loop.body.arguments[loop.firstArgument + i - loop.firstOperand]);
  }

  /** Unrolls a loop, so that its carried values need no memory. */
  #unrolled(loop: Loop, steps: number, builder: BlockBuilder): void {
    const { body, inits, operation } = loop;
    const carried = (values: readonly Value[]): readonly Value[] =>
      values.map((v, k) => (this.#spread.has(operation.results[k]) ? this.#whole(v) : this.#values.get(v)));
    let current = carried(inits);
    for (let step = 0; step < steps; step++) {
      for (const [k, a] of body.arguments.entries()) this.#values.set(a, current[k]);
      this.#operations(body, builder);
      current = carried(body.results);
    }
    for (const [k, r] of operation.results.entries()) this.#values.set(r, current[k]);
  }

  /** The value with the new axis; an invariant is broadcast along it. */
  #whole(original: Value): Value {
    return withAxisBehind(this.#values.get(original), this.#spread.has(original), this.#size);
  }

  #wider(type: Type): Type {
    return type.kind === "tensor" ? tensorType(type.dtype, [...type.shape, this.#size]) : type;
  }
}
