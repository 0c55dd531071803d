// What is known of a function's values before any text is written: which share a variable, which are literals.

import {
  type Block,
  bindOperands,
  carriedIn,
  countUses,
  Dense,
  type Dim,
  type DType,
  dtypes,
  elementDType,
  type Func,
  groupOf,
  indexDim,
  isScalar,
  type Loop,
  loopOf,
  type Op,
  type Operation,
  sameDim,
  type Value,
  ValueMap,
  ValueSet,
} from "../../ir/index.ts";
import { constantOp, ifOp, loadOp, storeOp, subscriptOp } from "../../ops/index.ts";
import { spellNumber } from "./names.ts";
import type { ValueFacts } from "./split.ts";

/**
 * A loop's results, and the arguments of its regions, are one variable. What passes a value on unchanged has its name.
 */
export class FuncFacts implements ValueFacts {
  readonly #same = new ValueMap<Value>();
  readonly #literals = new ValueMap<string>();
  /** When each value is defined. */
  readonly #order = new ValueMap<number>();
  readonly #subscripts = new ValueMap<Operation>();
  readonly #indexed = new ValueMap<Value>();
  /** Memory of arguments that is read somewhere else than where a subscript looks at it. */
  readonly #unseen = new ValueSet();

  readonly #func: Func;
  #uses: ValueMap<number> | null = null;

  constructor(func: Func) {
    this.#func = func;
    for (const v of func.body.arguments) this.#order.set(v, 0);
    this.#block(func.body);
  }

  /**
   * The memory that a subscript looks at: of one axis and the subscript's extent, read or written at that place, and there
   * before the subscript.
   */
  indexedBy(subscript: Value): Value | undefined {
    return this.#indexed.get(subscript);
  }

  /** Whether memory is only read, and only where a subscript looks at it. */
  isLookedAt(memory: Value): boolean {
    return !this.#unseen.has(memory);
  }

  isUsed(value: Value): boolean {
    this.#uses ??= countUses(this.#func.body);
    return this.#uses.has(value);
  }

  canonical(value: Value): Value {
    let v = value;
    for (let next = this.#same.get(v); next !== undefined; next = this.#same.get(v)) v = next;
    if (v !== value) this.#same.set(value, v);
    return v;
  }

  isLiteral(value: Value): boolean {
    return this.#literals.has(this.canonical(value));
  }

  literal(value: Value): string | undefined {
    return this.#literals.get(this.canonical(value));
  }

  weight(operation: Operation): number {
    const { op, results } = operation;
    if (results.length === 1 && this.isLiteral(results[0])) return 0;
    return op.scalar === null ? 1 + results.length : elementwiseWeight(operation);
  }

  #block({ operations }: Block): void {
    for (const operation of operations) {
      this.#visit(operation);
      for (const region of operation.regions) this.#block(region);
      if (operation.op === ifOp) this.#join(operation);
    }
  }

  /** Branches that go on with the same list both change it in place. */
  #join({ results, regions: [then, otherwise] }: Operation): void {
    for (const [i, result] of results.entries()) {
      if (result.type.kind !== "list") continue;
      const list = this.canonical(then.results[i]);
      if (list === this.canonical(otherwise.results[i])) this.#same.set(result, list);
    }
  }

  #visit(operation: Operation): void {
    const { op, operands, regions, results } = operation;
    const order = this.#order.size;
    for (const v of results) this.#order.set(v, order);
    for (const region of regions) for (const v of region.arguments) this.#order.set(v, order);
    const seen = op === loadOp || op === storeOp ? this.#index(operation) : null;
    for (const v of operands) if (v.type.kind === "memref" && (op !== loadOp || v !== seen)) this.#unseen.add(v);
    if (op === subscriptOp) this.#subscripts.set(results[0], operation);
    if (op === constantOp) this.#constant(operation);
    const loop = loopOf(operation);
    if (loop !== null) this.#share(loop);
    else if (isAlias(operation)) this.#same.set(results[0], operands[0]);
  }

  /** The memory that a load or store finds at a place which a subscript looks at. */
  #index(operation: Operation): Value | null {
    const [memory] = groupOf(operation, "memory");
    const at = operation.attributes.at as readonly Dim[];
    if (at.length !== 1 || memory.type.kind !== "memref") return null;
    let place: Value | undefined;
    const found = bindOperands(at[0], groupOf(operation, "at"), (v) => indexDim((place = v)));
    if (place === undefined || !sameDim(found, indexDim(place))) return null;
    const subscript = this.#subscripts.get(place)?.attributes;
    if (subscript?.mode !== "fail" || subscript.size !== 1) return null;
    if (!sameDim(subscript.extent as Dim, memory.type.shape[0])) return null;
    const order = (v: Value): number => this.#order.get(v) ?? Number.POSITIVE_INFINITY;
    if (!this.#indexed.has(place) && order(memory) < order(place)) this.#indexed.set(place, memory);
    return this.#indexed.get(place) ?? null;
  }

  #constant(operation: Operation): void {
    const [result] = operation.results;
    if (isScalar(result.type)) this.#literals.set(result, spellConstant(operation));
  }

  #share(loop: Loop): void {
    const { results, regions } = loop.operation;
    const [variables, ...others] = regions.map((region) => carriedIn(loop, region));
    for (const [i, variable] of variables.entries()) {
      this.#same.set(results[i], variable);
      for (const region of others) this.#same.set(region[i], variable);
    }
  }
}

const elementwiseWeights = new WeakMap<Op, Partial<Record<DType, number>>>();

/** 1, and 1 for each call in what the operation is spelled as. */
function elementwiseWeight({ op, operands, results, attributes }: Operation): number {
  const dtype = elementDType(results[0].type) ?? "f64";
  let weights = elementwiseWeights.get(op);
  if (weights === undefined) elementwiseWeights.set(op, (weights = {}));
  let weight = weights[dtype];
  if (weight === undefined) {
    const text =
      op.scalar?.spell(
        operands.map((_, i) => `x${i}`),
        { attributes, dtype, nameOf: (kernel) => kernel.name },
      ) ?? "";
    const rounded = op.scalar?.exact === true ? text : dtypes[dtype].spellRound(text);
    weight = 1 + (rounded.match(/[A-Za-z]\(/g)?.length ?? 0);
    weights[dtype] = weight;
  }
  return weight;
}

/** Whether the first result is its operand by another name: the same memory or list, and of rank 0 the same number. */
export function isAlias({ op, operands, results }: Operation): boolean {
  if (op.aliases[0] !== 0) return false;
  const [from, to] = [operands[0].type, results[0].type];
  return from.kind === to.kind && (from.kind !== "tensor" || (isScalar(from) && isScalar(to)));
}

function spellConstant({ attributes, results }: Operation): string {
  const value = attributes.value;
  const x = value instanceof Dense ? value.at(0) : Number(value);
  const [{ type }] = results;
  if (type.kind === "tensor" && type.dtype === "bool") return x !== 0 ? "true" : "false";
  return spellNumber(x);
}
