// Forward mode: a block re-emitted with tangents, from the facts that reverse mode reads.

import {
  type Block,
  BlockBuilder,
  Cloner,
  currentBlock,
  type Derivative,
  emit,
  type ForwardContext,
  fail,
  freeValues,
  type Operation,
  type Signature,
  type TangentCall,
  type TangentRegion,
  Value,
  ValueMap,
  withBuilder,
} from "../../../src/ir/index.ts";
import { add, zerosLike } from "../../../src/ops/index.ts";
import { isDifferentiable } from "./activity.ts";
import { scaleValue } from "./transpose.ts";

/** What a forward sweep needs of the module around it. */
export interface ForwardHost {
  signature(callee: string): Signature;
  tangentCall(callee: string, active: readonly boolean[]): TangentCall;
}

/** One function with tangents: its values under their new names, and the tangents of those that have one. */
export class ForwardSweep {
  readonly #host: ForwardHost;
  readonly #values = new Cloner();
  readonly #tangents = new ValueMap<Value>();

  constructor(host: ForwardHost) {
    this.#host = host;
  }

  /** The function's body: arguments, then the tangents of the active ones, to results, then the tangents there are. */
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
    for (const [i, a] of block.arguments.entries()) this.#define(a, args[i], argumentTangents[i]);
    withBuilder(builder, () => {
      for (const operation of block.operations) this.#operation(operation, builder);
    });
    const results = block.results.map((v) => this.#values.get(v));
    const tangents = block.results.map((v) => this.#tangents.get(v) ?? null);
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

  #define(original: Value, value: Value, tangent: Value | null | undefined): void {
    this.#values.set(original, value);
    // a region may be swept again with other arguments active
    if (tangent == null) this.#tangents.delete(original);
    else this.#tangents.set(original, tangent);
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
    const tangent = tangentOf(
      copy,
      operation.operands.map((v) => this.#tangents.get(v) ?? null),
      derivative,
    );
    const [result] = operation.results;
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
      tangents: operation.operands.map((v) => this.#tangents.get(v) ?? null),
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

/** The tangent of an operation's one result; null where it is zero. */
function tangentOf(operation: Operation, tangents: readonly (Value | null)[], derivative: Derivative): Value | null {
  const { operands, results } = operation;
  switch (derivative.kind) {
    case "elementwise":
      return sum(
        derivative.partials(operands, results[0], operation).map((partial, i) => {
          const tangent = tangents[i];
          return tangent === null || partial === null || partial === 0 ? null : scaleValue(tangent, partial);
        }),
      );
    case "linear": {
      const linear = derivative.in ?? operands.map((_, i) => i);
      return again(
        operation,
        operands.map((v, i) => (linear.includes(i) ? (tangents[i] ?? zerosLike(v)) : v)),
      );
    }
    case "multilinear": {
      const linear = derivative.in ?? operands.map((_, i) => i);
      return sum(
        linear.map((i) => {
          const tangent = tangents[i];
          return tangent === null ? null : again(operation, operands.with(i, tangent));
        }),
      );
    }
    case "rule":
      return derivative.jvp({ operation, operands, result: results[0], tangents });
    case "none":
      return fail("no-derivative", `${operation.op.name} has no derivative: ${derivative.reason}`, operation);
    default:
      return null;
  }
}

/** The operation on other operands. */
function again({ op, attributes, segments, results }: Operation, operands: readonly Value[]): Value {
  return emit(op, operands, {
    attributes,
    segments,
    types: results.map((r) => r.type),
    origin: currentBlock().origin,
  })[0];
}

function sum(tangents: readonly (Value | null)[]): Value | null {
  return tangents.reduce((a, b) => (a === null ? b : b === null ? a : add(a, b)), null);
}
