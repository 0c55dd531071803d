// An abstract interpretation that tells whether the results of a block are linear in some of its arguments, from the op
// records alone. The rule of a custom_jvp has to be linear in the tangents, because reverse mode is its transpose.

import {
  type Block,
  BlockBuilder,
  currentBlock,
  type Func,
  isOf,
  type Op,
  type Operation,
  type Value,
  ValueMap,
  ValueSet,
  withBuilder,
} from "../../ir/index.ts";
import { constantOp } from "../base/constant.ts";
import { vanishes } from "../base/vanishes.ts";
import { type CalleeAttributes, callOp } from "./calls.ts";
import { isFloatType, jvpOp, vjpOp, vmapOp } from "./transforms.ts";

/**
 * The abstract value: independent of the arguments in question (`constant`, or `zero` where it is always 0), linear in
 * them, `unknown`, or not linear because of the operation `by`.
 */
export type Linearity = "constant" | "zero" | "linear" | "unknown" | { readonly by: Operation };

/** What the analysis asks of the code around a block: its functions, and which captured values are always 0. */
export interface Surroundings {
  readonly functions: (name: string) => Func | undefined;
  readonly isZero: (value: Value) => boolean;
}

type StructuredDerivative = Extract<Op["derivative"], { readonly kind: "structured" }>;

/** The linearity of each result of a block whose arguments have the linearities `args`. */
export function linearityOf(block: Block, args: readonly Linearity[], outside: Surroundings): readonly Linearity[] {
  return new Analysis(outside).block(block, args);
}

const dependsOn = (l: Linearity): boolean => l === "linear" || typeof l === "object";

class Analysis {
  readonly #outside: Surroundings;
  readonly #known = new ValueMap<Linearity>();

  constructor(outside: Surroundings) {
    this.#outside = outside;
  }

  block(block: Block, args: readonly Linearity[]): readonly Linearity[] {
    for (const [i, a] of block.arguments.entries()) this.#known.set(a, args[i] ?? "unknown");
    for (const operation of block.operations) {
      const results = this.#operation(operation);
      for (const [i, v] of operation.results.entries()) {
        const isRounded = results[i] === "linear" && !isFloatType(v.type);
        this.#known.set(v, isRounded ? { by: operation } : (results[i] ?? "unknown"));
      }
    }
    return block.results.map((v) => this.#of(v));
  }

  #of(value: Value): Linearity {
    return this.#known.get(value) ?? (this.#outside.isZero(value) ? "zero" : "constant");
  }

  #operation(operation: Operation): readonly Linearity[] {
    const operands = operation.operands.map((v) => this.#of(v));
    const all = (l: Linearity): readonly Linearity[] => operation.results.map(() => l);
    const before = operands.find((l) => typeof l === "object");
    if (before !== undefined) return all(before);
    if (operation.regions.length > 0) return this.#regions(operation, operands);
    if (isOf(constantOp, operation)) return all(operation.attributes.value === 0 ? "zero" : "constant");
    // a vmap applies the function to each element, so it is linear where the function is
    if (isOf(callOp, operation) || isOf(vmapOp, operation)) return this.#call(operation, operands);
    if (operands.includes("unknown")) return all("unknown");
    if (isOf(jvpOp, operation) || isOf(vjpOp, operation)) return this.#derivative(operation, operands);
    const { derivative } = operation.op;
    return derivative.kind === "structured"
      ? this.#structured(operation, derivative)
      : all(this.#plain(operation, operands));
  }

  #call({ attributes, results }: Operation<CalleeAttributes>, operands: readonly Linearity[]): readonly Linearity[] {
    const func = this.#outside.functions(attributes.callee);
    if (func === undefined) return results.map(() => "unknown");
    return new Analysis({ functions: this.#outside.functions, isZero: () => false }).block(func.body, operands);
  }

  /**
   * A jvp or vjp: its first results are the function's, the others are linear in its tangents or cotangents, provided
   * that the point of differentiation does not depend on the arguments.
   */
  #derivative(operation: Operation<CalleeAttributes>, operands: readonly Linearity[]): readonly Linearity[] {
    const [count] = operation.segments;
    const point = operands.slice(0, count);
    if (point.includes("linear")) return operation.results.map(() => ({ by: operation }));
    const values = this.#outside.functions(operation.attributes.callee)?.body.results.length;
    if (values === undefined) return operation.results.map(() => "unknown");
    const along = combined(operation, operands.slice(count), "linear");
    return operation.results.map((_, i) => (i < values ? "constant" : along));
  }

  /** An operation without regions whose structured derivative names the operands in which it is linear. */
  #structured(operation: Operation, { linearIn, flows }: StructuredDerivative): readonly Linearity[] {
    const isLinear = (v: Value): boolean => this.#of(v) === "linear";
    const moving = operation.operands.flatMap((v, i) => (isLinear(v) ? [i] : []));
    if (moving.length === 0) return operation.results.map(() => "constant");
    const listed = linearIn?.(operation);
    if (listed === undefined) return operation.results.map(() => "unknown");
    if (moving.some((i) => !listed.includes(i))) return operation.results.map(() => ({ by: operation }));
    const flowing = flows?.({ operation, isActive: isLinear, isUseful: () => true, flows: (_, active) => active });
    return operation.results.map((_, i) => (flowing?.[i] === false ? "constant" : "linear"));
  }

  /** An operation without regions and with one result, from its kind of derivative. */
  #plain(operation: Operation, operands: readonly Linearity[]): Linearity {
    const { derivative } = operation.op;
    const isLinear = operands.includes("linear");
    switch (derivative.kind) {
      case "linear":
      case "multilinear": {
        const listed = derivative.in ?? operands.map((_, i) => i);
        if (operands.some((l, i) => l === "linear" && !listed.includes(i))) return { by: operation };
        return combined(
          operation,
          listed.map((i) => operands[i]),
          derivative.kind,
        );
      }
      case "elementwise":
        if (isLinear && this.#slopeDepends(operation, operands)) return { by: operation };
        return vanishes(operation, (k) => operands[k] !== "constant")
          ? isLinear
            ? "linear"
            : "zero"
          : isLinear
            ? { by: operation }
            : "constant";
      case "rule":
        if (!isLinear) return "constant";
        return this.#slopeDepends(operation, operands) ? { by: operation } : "linear";
      default:
        return isLinear ? { by: operation } : "constant";
    }
  }

  /** Whether the slope along the linear operands depends on them: then the operation is not linear in them. */
  #slopeDepends(operation: Operation, operands: readonly Linearity[]): boolean {
    const { derivative } = operation.op;
    const [result] = operation.results;
    const builder = new BlockBuilder(currentBlock().scope, currentBlock());
    const tangents = operation.operands.map((v, i) => (operands[i] === "linear" ? builder.argument(v.type) : null));
    const slopes = withBuilder(builder, () => {
      if (derivative.kind === "rule")
        return [derivative.jvp({ operation, operands: operation.operands, result, tangents })];
      if (derivative.kind !== "elementwise") return [];
      return derivative.partials(operation.operands, result, operation).filter((_, i) => operands[i] === "linear");
    });
    const reached = new ValueSet();
    for (const slope of slopes) {
      if (slope === null) return true;
      if (typeof slope !== "number") reached.add(slope);
    }
    for (const { results, operands: read } of [...builder.operations].reverse())
      if (results.some((v) => reached.has(v))) for (const v of read) reached.add(v);
    return reached.has(result) || operation.operands.some((v, i) => operands[i] === "linear" && reached.has(v));
  }

  #regions(operation: Operation, operands: readonly Linearity[]): readonly Linearity[] {
    const { op, regions, results, segments } = operation;
    if (op.traits.wraps) return this.block(regions[0], operands);
    if (op.traits.branches) {
      if (dependsOn(operands[0])) return results.map(() => ({ by: operation }));
      const [first, ...others] = regions.map((region) => this.block(region, []));
      return first.map((l, i) => others.reduce((joined, other) => join(operation, joined, other[i]), l));
    }
    return op.loop === null ? results.map(() => "unknown") : this.#loop(operation, operands, segments[0]);
  }

  /** A carried value is the join of its initial and its next values, iterated to a fixpoint. */
  #loop(operation: Operation, operands: readonly Linearity[], carried: number): readonly Linearity[] {
    const { regions } = operation;
    const carry = operands.slice(0, carried);
    for (;;) {
      const args = [...carry, ...operands.slice(carried)];
      const results = regions.map((region) => this.block(region, args));
      if (results.slice(0, -1).some(([condition]) => dependsOn(condition)))
        return operation.results.map(() => ({ by: operation }));
      const given = results[results.length - 1];
      const next = carry.map((l, i) => join(operation, l, given[i]));
      // `given` belongs to `carry`, so it is final only where `carry` no longer changes; what is not linear stays so
      const isSame = (l: Linearity, i: number): boolean => l === carry[i] || typeof carry[i] === "object";
      if (next.every(isSame)) return [...next, ...given.slice(carried)];
      for (const [i, l] of next.entries()) carry[i] = l;
    }
  }
}

/**
 * The result of an operation that is linear in all of these operands together (`linear`), or in each of them while the
 * others stay as they are (`multilinear`).
 */
function combined(operation: Operation, operands: readonly Linearity[], kind: "linear" | "multilinear"): Linearity {
  const count = operands.filter((l) => l === "linear").length;
  if (kind === "multilinear") {
    if (count > 1) return { by: operation };
    return operands.includes("zero") ? "zero" : count === 1 ? "linear" : "constant";
  }
  if (count === 0) return operands.every((l) => l === "zero") ? "zero" : "constant";
  return operands.includes("constant") ? { by: operation } : "linear";
}

/** The join of two linearities. Only 0 is both constant and linear, so the join of these two is not linear. */
function join(operation: Operation, a: Linearity, b: Linearity): Linearity {
  if (a === b || b === "zero") return a;
  if (a === "zero" || typeof b === "object") return b;
  if (typeof a === "object") return a;
  return a === "unknown" || b === "unknown" ? "unknown" : { by: operation };
}
