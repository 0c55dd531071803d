// The code of a derivative with products whose zeros are strong. Element by element, what a select leaves out is left out
// again behind what follows; where the select is not at hand, a zero absorbs what it is multiplied by.

import {
  type Block,
  BlockBuilder,
  elementDType,
  isOf,
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
import { absorb, absorbOp, addOp, constantOp, select, selectOp, vanishes, zerosLike } from "../../../src/ops/index.ts";
import { dropUnused } from "./sweep.ts";
import { mayBeUntaken, type Untaken, type ZeroFlow } from "./zero-flow.ts";

/** What a value is where it is taken, `raw`, which may be anything elsewhere, and what tells where that is. */
type Guard =
  | { readonly kind: "select"; readonly raw: Value; readonly predicate: Value; readonly holds: boolean }
  | { readonly kind: "factor"; readonly raw: Value; readonly factor: Value };

function guarded(guard: Guard): Value {
  const { raw } = guard;
  if (guard.kind === "factor") return absorb(guard.factor, raw);
  return guard.holds ? select(guard.predicate, raw, zerosLike(raw)) : select(guard.predicate, zerosLike(raw), raw);
}

/** For one function, its regions included. */
export class Strengthening {
  readonly #flow: ZeroFlow;
  /** The functions that calls name from now on. */
  readonly #callees: ReadonlyMap<Operation, string>;
  readonly #replacements = new Replacements();
  /** What is finite and not 0 for certain. */
  readonly #tame = new ValueSet();
  /** Of values of the block at hand. */
  #guards = new ValueMap<Guard>();

  constructor(flow: ZeroFlow, callees: ReadonlyMap<Operation, string>) {
    this.#flow = flow;
    this.#callees = callees;
  }

  /** The same reference where nothing changes. */
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
    if (isOf(constantOp, given)) {
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

  /** Appends the operation, `given` with its new operands; gives what stands for its result, where that is another value. */
  #operation(given: Operation, operation: Operation, builder: BlockBuilder): Value | null {
    const at = given.operands.findIndex((v) => mayBeUntaken(this.#flow.of(v)));
    if (operation.op === selectOp) return this.#select(given, operation, builder);
    // what absorbs already has zeros of its own, by which what follows is guarded
    if (at < 0 || operation.op === absorbOp) return append(operation, builder);
    if (given.op.traits.elementwise) return this.#elementwise(given, operation, at, builder);
    if (!given.operands.some((v) => this.#flow.of(v) === null && !this.#tame.has(v))) return append(operation, builder);
    const { byRows, byResult } = waysOf(operation, at, this.#flow.of(given.operands[at]) as Untaken);
    builder.append(byRows ? withBuilder(builder, () => withoutRows(operation, at)) : operation);
    return byResult ? withBuilder(builder, () => absorbedInResult(operation, at)) : null;
  }

  #select(given: Operation, operation: Operation, builder: BlockBuilder): null {
    const [result] = given.results;
    const [predicate, ...sides] = operation.operands;
    const zero = given.operands.slice(1).findIndex((v) => this.#flow.of(v) === "all");
    // what has zeros of other kinds besides is guarded by itself
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

  /** Sums of what one predicate says of; where it says it of two sides, one of them is taken. */
  #sum(given: Operation, operation: Operation, builder: BlockBuilder): Value | null {
    const [a, b] = given.operands.map((v) => this.#guards.get(v));
    const isSame = a?.kind === "select" && b?.kind === "select" && a.predicate === b.predicate;
    if (!isSame || operation.op !== addOp) return append(operation, builder);
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

/** Where a product that is not one element by element is made strong. */
interface Ways {
  /** Rows of the other operand that meet zeros only are left out. */
  readonly byRows: boolean;
  /** The result is 0 where all that it is computed from is. */
  readonly byResult: boolean;
}

function waysOf(operation: Operation, at: number, zeros: Untaken): Ways {
  const { derivative } = operation.op;
  if (derivative.kind !== "multilinear") return { byRows: false, byResult: true };
  const { summed, free } = derivative.axes(operation, at);
  const mayVary = (axes: readonly number[]): boolean => zeros !== "somewhere" && axes.some((axis) => zeros[axis]);
  const byRows = !mayVary(free);
  // zeros of single elements stand among others in every sum
  return { byRows, byResult: !mayVary(summed) && (zeros === "somewhere" || !byRows) };
}

/** The operation without infinities in the rows of its other operand that meet zeros only. */
function withoutRows(operation: Operation, at: number): Operation {
  const { op, operands } = operation;
  if (op.derivative.kind !== "multilinear") return operation;
  const met = op.derivative.met(operation, at, "other");
  return withOperands(operation, operands.with(1 - at, absorb(met, operands[1 - at])));
}

function absorbedInResult(operation: Operation, at: number): Value | null {
  const { derivative } = operation.op;
  const [result] = operation.results;
  if (derivative.kind === "multilinear") return absorb(derivative.met(operation, at, "result"), result);
  const met = derivative.kind === "rule" ? (derivative.met?.(operation, at) ?? null) : null;
  return met === null ? null : absorb(met, result);
}
