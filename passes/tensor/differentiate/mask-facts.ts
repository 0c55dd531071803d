// What is known of masks: along which axes they may differ. Contractions ask before they look at whole rows.

import {
  type BlockBuilder,
  currentBlock,
  type FlowMask,
  type Operation,
  type Value,
  ValueMap,
} from "../../../src/ir/index.ts";
import { varyingAxes } from "../../../src/ops/index.ts";

/** For the masks of one function and its backward blocks; `varies` is what is known of those of all functions. */
export class MaskFacts {
  readonly #varies: ValueMap<readonly boolean[]>;
  readonly #forward = new ValueMap<Operation>();
  readonly #backward = new WeakMap<BlockBuilder, { readonly operations: ValueMap<Operation>; seen: number }>();

  constructor(varies: ValueMap<readonly boolean[]>) {
    this.#varies = varies;
  }

  /** Operations of a forward block. */
  define(operations: readonly Operation[]): void {
    for (const operation of operations) for (const v of operation.results) this.#forward.set(v, operation);
  }

  /** Of a mask that comes from elsewhere. */
  set(mask: Value, varies: readonly boolean[]): void {
    this.#varies.set(mask, varies);
  }

  /** What is known of a value of a forward block holds of the argument that stands for it in another function. */
  copy(from: Value, to: Value): void {
    if (from.type.kind !== "tensor" || from.type.dtype !== "bool") return;
    this.#varies.set(
      to,
      varyingAxes(from, (v) => this.#forward.get(v) ?? null, this.#varies),
    );
  }

  /** Of a value of a forward block, or of the block that is being built. */
  of(mask: Value): FlowMask {
    if (mask.type.kind === "list") return { value: mask, varies: [] };
    const builder = currentBlock();
    const definition = (v: Value): Operation | null => this.#forward.get(v) ?? this.#in(builder, v);
    return { value: mask, varies: varyingAxes(mask, definition, this.#varies) };
  }

  #in(builder: BlockBuilder, value: Value): Operation | null {
    let known = this.#backward.get(builder);
    if (known === undefined) this.#backward.set(builder, (known = { operations: new ValueMap(), seen: 0 }));
    for (; known.seen < builder.operations.length; known.seen++) {
      const operation = builder.operations[known.seen];
      for (const v of operation.results) known.operations.set(v, operation);
    }
    return known.operations.get(value) ?? (builder.parent === null ? null : this.#in(builder.parent, value));
  }
}
