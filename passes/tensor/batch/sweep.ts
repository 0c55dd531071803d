// One function for a whole batch: each operation under its op's batching rule, where something of it has the new axis.

import {
  type Batched,
  type BatchedRegion,
  type Block,
  BlockBuilder,
  Cloner,
  currentBlock,
  type Dim,
  emit,
  fail,
  freeValues,
  isSilent,
  type Operation,
  rankedOf,
  type Signature,
  type StructuredBatchContext,
  type Type,
  tensorType,
  type Value,
  ValueSet,
  withBuilder,
} from "../../../src/ir/index.ts";
import { and, broadcast, reduce, select, withBatchAxis, zeros } from "../../../src/ops/index.ts";

/** What a sweep needs of the module around it. */
export interface BatchHost {
  signature(callee: string): Signature;
  batchedCall(
    callee: string,
    batched: readonly boolean[],
  ): { readonly signature: Signature; readonly batched: readonly boolean[] };
}

export class BatchSweep {
  readonly #host: BatchHost;
  readonly #size: Dim;
  readonly #values = new Cloner();
  /** Original values whose new ones have the new axis. */
  readonly #batched = new ValueSet();
  /** For which elements of the batch what is being emitted happens; null for all. */
  #mask: Value | null = null;

  constructor(host: BatchHost, size: Dim) {
    this.#host = host;
    this.#size = size;
  }

  /** The function's body for arguments with the new axis where named. */
  body(
    block: Block,
    batched: readonly boolean[],
    builder: BlockBuilder,
  ): { readonly body: Block; readonly batched: readonly boolean[] } {
    const region = this.#region(block, batched, builder);
    return { body: region.finish(() => region.results), batched: region.batched };
  }

  #region(block: Block, batched: readonly boolean[], builder: BlockBuilder): BatchedRegion {
    const args = block.arguments.map((a, i) => {
      const argument = builder.argument(batched[i] ? this.#wider(a.type) : a.type, a.name);
      this.#define(a, argument, batched[i]);
      return argument;
    });
    const { results, batched: flags } = withBuilder(builder, () => this.#operations(block, builder));
    return {
      arguments: args,
      results,
      batched: flags,
      finish: (given) => builder.finish(withBuilder(builder, () => given((i) => this.#whole(results[i], flags[i])))),
    };
  }

  #operations(block: Block, builder: BlockBuilder): Batched {
    for (const operation of block.operations) this.#operation(operation, builder);
    return {
      results: block.results.map((v) => this.#values.get(v)),
      batched: block.results.map((v) => this.#batched.has(v)),
    };
  }

  #define(original: Value, value: Value, batched: boolean): void {
    this.#values.set(original, value);
    // a region may be swept again with other arguments
    if (batched) this.#batched.add(original);
    else this.#batched.delete(original);
  }

  #operation(operation: Operation, builder: BlockBuilder): void {
    const { op } = operation;
    builder.origin = operation.origin;
    const isApart = this.#mask !== null && !isSilent(op.effects);
    if (!isApart && !this.#isBatched(operation)) {
      builder.append(this.#values.operation(operation));
      for (const r of operation.results) this.#batched.delete(r);
      return;
    }
    const { results, batched } = this.#apply(operation, builder);
    for (const [i, r] of operation.results.entries()) this.#define(r, results[i], batched[i]);
  }

  #isBatched(operation: Operation): boolean {
    if (operation.operands.some((v) => this.#batched.has(v))) return true;
    return operation.regions.length > 0 && freeValues(...operation.regions).some((v) => this.#batched.has(v));
  }

  #apply(operation: Operation, builder: BlockBuilder): Batched {
    const { batching, name } = operation.op;
    const context = this.#context(operation, builder);
    switch (batching.kind) {
      case "elementwise": {
        const operands = context.operands.map((v, i) => context.whole(v, context.batched[i]));
        const { attributes, results, origin, op } = operation;
        const types = results.map((r) => this.#wider(r.type));
        return whole(emit(op, operands, { attributes, types, origin, names: results.map((r) => r.name) }));
      }
      case "rule":
        return whole(batching.batch(context));
      case "structured":
        return batching.batch(context);
      case "none":
        return fail("structure", `${name} cannot be batched: ${batching.reason}`, { origin: operation.origin });
    }
  }

  #context(operation: Operation, builder: BlockBuilder): StructuredBatchContext {
    const given = operation.operands.map((v, i) => this.#guarded(operation, v, i));
    return {
      operation,
      operands: given.map(({ value }) => value),
      batched: given.map(({ batched }) => batched),
      size: this.#size,
      mask: this.#mask,
      whole: (value, batched) => this.#whole(value, batched),
      choose: (mask, then, otherwise) => select(alike(mask, then.type), then, otherwise),
      any: (mask) => reduce(mask, { kind: "or", axes: [0] }),
      region: (region, batched) => this.#region(region, batched, new BlockBuilder(builder.scope, builder)),
      inline: (region, args, mask) => this.#inline(region, args, mask),
      calleeSignature: (callee) => this.#host.signature(callee),
      batchedCall: (callee, batched) => this.#host.batchedCall(callee, batched),
    };
  }

  /** What may fail gets index 0 where it is not to happen at all. */
  #guarded({ op }: Operation, original: Value, i: number): { readonly value: Value; readonly batched: boolean } {
    const value = this.#values.get(original);
    const batched = this.#batched.has(original);
    if (this.#mask === null || op.operands[i]?.isIndex !== true) return { value, batched };
    const all = this.#whole(value, batched);
    return { value: select(alike(this.#mask, all.type), all, zeros(all.type)), batched: true };
  }

  /** A region's operations in the present block. */
  #inline(region: Block, args: Batched, mask: Value): Batched {
    for (const [i, a] of region.arguments.entries()) this.#define(a, args.results[i], args.batched[i]);
    const outer = this.#mask;
    this.#mask = outer === null ? mask : and(outer, mask);
    const result = this.#operations(region, currentBlock());
    this.#mask = outer;
    return result;
  }

  #whole(value: Value, batched: boolean): Value {
    return withBatchAxis(value, batched, this.#size);
  }

  #wider(type: Type): Type {
    return type.kind === "tensor" ? tensorType(type.dtype, [this.#size, ...type.shape]) : type;
  }
}

function whole(results: readonly Value[]): Batched {
  return { results, batched: results.map(() => true) };
}

/** A mask of the batch for each element of a type that has the new axis. */
function alike(mask: Value, type: Type): Value {
  return rankedOf(type).shape.length === 1 ? mask : broadcast(mask, rankedOf(type).shape, [0]);
}
