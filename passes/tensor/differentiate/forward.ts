// Forward mode: emits a block again, each operation followed by the tangent of its result, from the same derivative
// records that reverse mode reads.

import {
  type Block,
  BlockBuilder,
  Cloner,
  type ForwardContext,
  freeValues,
  type Operation,
  originOfDerivative,
  type Signature,
  type TangentCall,
  type TangentRegion,
  Value,
  ValueMap,
  withBuilder,
} from "../../../src/ir/index.ts";
import { zerosLike } from "../../../src/ops/index.ts";
import { isDifferentiable } from "./activity.ts";
import { tangentOf } from "./tangents.ts";

/** What a forward sweep asks of the module around it. */
export interface ForwardHost {
  signature(callee: string): Signature;
  tangentCall(callee: string, active: readonly boolean[]): TangentCall;
}

/** The sweep over one function: the copies of its values, and the tangents of those that have one. */
export class ForwardSweep {
  readonly #host: ForwardHost;
  readonly #values = new Cloner();
  readonly #tangents = new ValueMap<Value>();

  constructor(host: ForwardHost) {
    this.#host = host;
  }

  /**
   * The body of the tangent function. It takes the arguments, then the tangents of the active ones; it gives the
   * results, then the tangents of those that have one, which `givesTangent` tells.
   */
  body(
    block: Block,
    active: readonly boolean[],
    builder: BlockBuilder,
  ): { body: Block; givesTangent: readonly boolean[] } {
    const region = this.#region(block, active, builder);
    const givesTangent = region.tangents.map((t) => t !== null);
    const args = [...region.arguments, ...region.argumentTangents.filter((t) => t !== null)];
    const body = region.finish(args, () => [...region.results, ...region.tangents.filter((t) => t !== null)]);
    return { body, givesTangent };
  }

  #region(block: Block, active: readonly boolean[], builder: BlockBuilder): TangentRegion {
    const args = block.arguments.map((a) => new Value(a.type, a.name));
    const argumentTangents = args.map((a, i) => (active[i] ? new Value(a.type, tangentName(a)) : null));
    for (const [i, a] of block.arguments.entries()) this.#define(a, args[i], argumentTangents[i] ?? null);
    const tangents = withBuilder(builder, () => {
      for (const operation of block.operations) this.#operation(operation, builder);
      return block.results.map((v) => this.#tangentOf(v));
    });
    const results = block.results.map((v) => this.#values.get(v));
    return {
      arguments: args,
      argumentTangents,
      results,
      tangents,
      finish(taken, given) {
        builder.arguments.push(...taken);
        return builder.finish(withBuilder(builder, () => given((i) => tangents[i] ?? zerosLike(results[i]))));
      },
    };
  }

  #define(original: Value, value: Value, tangent: Value | null): void {
    this.#values.set(original, value);
    // a region may be swept again with other arguments active: a tangent of the sweep before must go
    if (tangent === null) this.#tangents.delete(original);
    else this.#tangents.set(original, tangent);
  }

  #tangentOf(original: Value): Value | null {
    return this.#tangents.get(original) ?? null;
  }

  #operation(operation: Operation, builder: BlockBuilder): void {
    const { derivative } = operation.op;
    builder.origin = operation.origin;
    if (derivative.kind === "zero" || !this.#isActive(operation)) {
      builder.append(this.#values.operation(operation));
      for (const r of operation.results) this.#tangents.delete(r);
      return;
    }
    if (derivative.kind === "structured") {
      const { results, tangents } = derivative.forward(this.#context(operation, builder));
      for (const [i, r] of operation.results.entries()) this.#define(r, results[i], tangents[i]);
      return;
    }
    const copy = this.#values.operation(operation);
    builder.append(copy);
    const [result] = operation.results;
    builder.origin = originOfDerivative(operation, "derivative");
    const tangent = tangentOf(
      copy,
      operation.operands.map((v) => this.#tangentOf(v)),
    );
    this.#define(result, copy.results[0], isDifferentiable(result.type) ? tangent : null);
  }

  #isActive(operation: Operation): boolean {
    if (operation.operands.some((v) => this.#tangents.has(v))) return true;
    return operation.regions.length > 0 && freeValues(...operation.regions).some((v) => this.#tangents.has(v));
  }

  #context(operation: Operation, builder: BlockBuilder): ForwardContext {
    return {
      operation,
      operands: operation.operands.map((v) => this.#values.get(v)),
      tangents: operation.operands.map((v) => this.#tangentOf(v)),
      inline: (region, args) => this.#values.inline(region, args, builder),
      region: (region, active) => this.#region(region, active, new BlockBuilder(builder.scope, builder)),
      calleeSignature: (callee) => this.#host.signature(callee),
      tangentCall: (callee, active) => this.#host.tangentCall(callee, active),
    };
  }
}

function tangentName(argument: Value): string {
  return argument.name === null ? "t" : `${argument.name}_t`;
}
