// Rewrites the code of a derivative such that its zeros are strong: 0 · ∞ is 0 where the zero stands for something that
// a select or a branch did not take. Elementwise code computes on the unmasked operand and repeats the select behind
// it. Where the select is not at hand, `vanish` gives 0 wherever the cotangent or tangent is 0.

import {
  type Block,
  BlockBuilder,
  coefficientsOf,
  elementDType,
  type Operation,
  Replacements,
  type Value,
  ValueMap,
  ValueSet,
  withBuilder,
  withOperands,
  withOperations,
  withParts,
  withRegions,
} from "../../../src/ir/index.ts";
import { absorb, absorbOp, select, vanish, vanishes, vanishOp, zerosLike } from "../../../src/ops/index.ts";
import { dropUnused } from "./sweep.ts";
import { mayBeUntaken, type Untaken, type ZeroFlow } from "./zero-flow.ts";

/**
 * A value as a mask applied to `raw`, which may be anything where the mask leaves it out: the mask is the predicate of
 * a select, or a factor that is 0 there.
 */
type Guard =
  | { readonly kind: "select"; readonly raw: Value; readonly predicate: Value; readonly holds: boolean }
  | { readonly kind: "factor"; readonly raw: Value; readonly factor: Value };

function guarded(guard: Guard): Value {
  const { raw } = guard;
  if (guard.kind === "factor") return vanish(guard.factor, raw);
  return guard.holds ? select(guard.predicate, raw, zerosLike(raw)) : select(guard.predicate, zerosLike(raw), raw);
}

/** The rewriting of one function, its regions included. */
export class Strengthening {
  readonly #flow: ZeroFlow;
  /** For each call, the version of its callee that it calls from now on. */
  readonly #callees: ReadonlyMap<Operation, string>;
  readonly #replacements = new Replacements();
  /** Constants that are finite and not 0: a product with one of them needs no guard. */
  readonly #tame = new ValueSet();
  /** The guards of values of the block at hand; they do not reach into its regions. */
  #guards = new ValueMap<Guard>();

  constructor(flow: ZeroFlow, callees: ReadonlyMap<Operation, string>) {
    this.#flow = flow;
    this.#callees = callees;
  }

  /** Rewrites a block. Gives the same reference where nothing changes. */
  block(block: Block, builder: BlockBuilder): Block {
    const around = this.#guards;
    this.#guards = new ValueMap();
    for (const operation of block.operations) {
      builder.origin = operation.origin;
      const result = this.#operation(operation, this.#renamed(operation, builder), builder);
      if (result !== null) this.#replacements.set(operation.results[0], result);
    }
    this.#guards = around;
    const made = withOperations(block, builder.operations, this.#replacements.all(block.results));
    return made === block ? block : dropUnused(made);
  }

  #renamed(given: Operation, builder: BlockBuilder): Operation {
    if (given.op.traits.constant) {
      const { value } = given.attributes;
      if (typeof value === "number" && Number.isFinite(value) && value !== 0) this.#tame.add(given.results[0]);
      return given;
    }
    const operation = withOperands(given, this.#replacements.all(given.operands));
    const callee = this.#callees.get(given);
    if (callee !== undefined) return withParts(operation, { attributes: { ...operation.attributes, callee } });
    const regions = given.regions.map((r) => this.block(r, new BlockBuilder(builder.scope, builder)));
    return regions.length === 0 ? operation : withRegions(operation, regions);
  }

  /** Appends `operation`, which is `given` with its new operands; gives the value that replaces its result, or null. */
  #operation(given: Operation, operation: Operation, builder: BlockBuilder): Value | null {
    const zeros = given.operands.map((v) => this.#flow.of(v));
    const at = zeros.findIndex(mayBeUntaken);
    if (operation.op.traits.selects) return this.#select(given, operation, builder);
    const untaken = zeros[at] ?? null;
    // these two make zeros themselves, and what follows is guarded by those
    const isAbsorbing = operation.op === absorbOp || operation.op === vanishOp;
    if (!mayBeUntaken(untaken) || isAbsorbing) return append(operation, builder);
    if (given.op.traits.elementwise) return this.#elementwise(given, operation, at, builder);
    const isProduct = given.operands.some((v, i) => zeros[i] === null && !this.#tame.has(v));
    if (!isProduct) return append(operation, builder);
    const { byRows, byResult } = waysOf(operation, at, untaken);
    builder.append(byRows ? withBuilder(builder, () => withoutRows(operation, at)) : operation);
    return byResult ? withBuilder(builder, () => absorbedInResult(operation, at)) : null;
  }

  #select(given: Operation, operation: Operation, builder: BlockBuilder): null {
    const [result] = given.results;
    const [predicate, ...sides] = operation.operands;
    const zero = given.operands.slice(1).findIndex((v) => this.#flow.of(v) === "all");
    // one side is 0 and the other holds no strong zeros of its own: the predicate tells all strong zeros of the result
    if (zero >= 0 && this.#flow.of(given.operands[2 - zero]) === "none") {
      this.#guards.set(result, { kind: "select", raw: sides[1 - zero], predicate, holds: zero === 1 });
    }
    return append(operation, builder);
  }

  #elementwise(given: Operation, operation: Operation, at: number, builder: BlockBuilder): Value | null {
    const isLinear = given.operands.map((v) => this.#flow.of(v) !== null);
    if (isLinear.filter((is) => is).length > 1) return this.#sum(given, operation, builder);
    const before = this.#guards.get(given.operands[at]);
    const isTame = given.operands.every((v, i) => i === at || this.#tame.has(v));
    const { operands, results } = operation;
    const isKept = elementDType(operands[at].type) === elementDType(results[0].type);
    if (!isKept || !vanishes(operation, (i) => i === at)) return append(operation, builder);
    if (before === undefined && isTame) return append(operation, builder);
    const guard: Guard = before ?? { kind: "factor", raw: operands[at], factor: operands[at] };
    builder.append(withOperands(operation, operands.with(at, guard.raw)));
    return this.#guard(given, { ...guard, raw: results[0] }, builder);
  }

  /**
   * A sum of two values that the same predicate masks: the mask is applied to the sum. Where one mask is the complement
   * of the other, the sum is a select between both values.
   */
  #sum(given: Operation, operation: Operation, builder: BlockBuilder): Value | null {
    const [a, b] = given.operands.map((v) => this.#guards.get(v));
    const isSame = a?.kind === "select" && b?.kind === "select" && a.predicate === b.predicate;
    const isSum = coefficientsOf(operation.op)?.every((c) => c === 1) === true;
    if (!isSame || !isSum) return append(operation, builder);
    if (a.holds !== b.holds) {
      const [then, otherwise] = a.holds ? [a.raw, b.raw] : [b.raw, a.raw];
      return withBuilder(builder, () => select(a.predicate, then, otherwise));
    }
    builder.append(withOperands(operation, [a.raw, b.raw]));
    return this.#guard(given, { ...a, raw: operation.results[0] }, builder);
  }

  #guard(given: Operation, guard: Guard, builder: BlockBuilder): Value {
    this.#guards.set(given.results[0], guard);
    return withBuilder(builder, () => guarded(guard));
  }
}

function append(operation: Operation, builder: BlockBuilder): null {
  builder.append(operation);
  return null;
}

/** Where the zeros of an operation that is not elementwise are made strong: its other operand, its result, or both. */
interface Ways {
  /** Whether elements of the other operand that are multiplied by zeros only become 0 if they are infinite or NaN. */
  readonly byRows: boolean;
  /** Whether an element of the result becomes 0 where all elements of the operand that it is computed from are 0. */
  readonly byResult: boolean;
}

function waysOf(operation: Operation, at: number, zeros: Untaken): Ways {
  const { derivative } = operation.op;
  if (derivative.kind !== "multilinear") return { byRows: false, byResult: true };
  const { summed, free } = derivative.axes(operation, at);
  const mayVary = (axes: readonly number[]): boolean => zeros !== "somewhere" && axes.some((axis) => zeros[axis]);
  const byRows = !mayVary(free);
  // zeros that vary along a summed axis stand beside other elements in each sum, so the result cannot tell them
  return { byRows, byResult: !mayVary(summed) && (zeros === "somewhere" || !byRows) };
}

/** The operation, after replacing infinities and NaN by 0 where the other operand is multiplied by zeros only. */
function withoutRows(operation: Operation, at: number): Operation {
  const { op, operands } = operation;
  if (op.derivative.kind !== "multilinear") return operation;
  const met = op.derivative.met(operation, at, "other");
  return withOperands(operation, operands.with(1 - at, absorb(met, operands[1 - at])));
}

function absorbedInResult(operation: Operation, at: number): Value | null {
  const { derivative } = operation.op;
  const [result] = operation.results;
  if (derivative.kind === "multilinear") return vanish(derivative.met(operation, at, "result"), result);
  const met = derivative.kind === "rule" ? (derivative.met?.(operation, at) ?? null) : null;
  return met === null ? null : vanish(met, result);
}
