// Writes the body of a loop over vectors: each operation of a step, once for all lanes.

import {
  accessOf,
  type BlockBuilder,
  boundBy,
  currentBlock,
  type Dim,
  dimIn,
  type EmitOptions,
  elementDType,
  emit,
  groupOf,
  indexDim,
  type Operation,
  substituteIndices,
  type Value,
  ValueMap,
  type VectorType,
  vector,
  withBuilder,
} from "../../../src/ir/index.ts";
import { dim, loadLanes, ramp, splat, storeLanes } from "../../../src/ops/index.ts";
import { copyOf } from "../../../src/rewrite/index.ts";
import type { CountedLoop } from "../analyses/counted.ts";
import type { LanePlan } from "./plan.ts";

/** Where the vectors of a loop stand. */
interface Around {
  /** What stands before the loop. */
  readonly before: BlockBuilder;
  /** The index of the first lane. */
  readonly index: Value;
  /** How many lanes are used; null for all. */
  readonly count: Value | null;
}

/** Appends the body to the current builder. */
export class LaneWriter {
  readonly #loop: CountedLoop;
  readonly #plan: LanePlan;
  readonly #around: Around;
  /** Vectors that stand for values of a step. */
  readonly #vectors = new ValueMap<Value>();
  /** Numbers that are the same in every lane, and stand in the body. */
  readonly #same = new ValueMap<Value>();
  /** Constants of the body, which stand before the loop as what is wanted of them. */
  readonly #constants = new ValueMap<Operation>();

  constructor(loop: CountedLoop, plan: LanePlan, around: Around) {
    this.#loop = loop;
    this.#plan = plan;
    this.#around = around;
  }

  run(): void {
    for (const operation of this.#loop.body.operations) {
      currentBlock().origin = operation.origin;
      const role = this.#plan.roles.get(operation);
      if (role?.kind === "lanes") this.#lanes(operation);
      else if (role?.kind === "ramp") {
        const first = dim(this.#moved(boundBy(dimIn(operation.attributes.value), operation, "operands")), "index");
        this.#vectors.set(operation.results[0], ramp(first, this.#plan.lanes, role.step));
      } else if (operation.op.traits.constant) this.#constants.set(operation.results[0], operation);
      else this.#once(operation);
    }
  }

  /** What is the same in every lane, on numbers. */
  #once(operation: Operation): void {
    const copy = copyOf(operation, (v) => this.#number(v));
    currentBlock().append(copy);
    for (const [k, v] of operation.results.entries()) this.#same.set(v, copy.results[k]);
  }

  #lanes(operation: Operation): void {
    const { op, operands, results, attributes } = operation;
    const access = accessOf(operation);
    if (access === null) {
      const [result] = results;
      const types = [this.#typeFor(result)];
      const names = [result.name];
      const vectors = operands.map((v) => this.#vector(v));
      this.#vectors.set(result, emit(op, vectors, { attributes, types, names })[0]);
      return;
    }
    const at = access.at.map((d) => this.#moved(boundBy(d, operation, "at")));
    const { count } = this.#around;
    if (access.isWritten) storeLanes(this.#vector(groupOf(operation, "value")[0]), access.memory, at, count);
    else {
      const [result] = results;
      this.#vectors.set(result, loadLanes(access.memory, at, this.#typeFor(result), { count, name: result.name }));
    }
  }

  #typeFor({ type }: Value): VectorType {
    return vector(elementDType(type) ?? "f64", this.#plan.lanes);
  }

  /** A dimension over the index of a step, over that of the first lane. */
  #moved(d: Dim): Dim {
    const { index } = this.#around;
    return substituteIndices(d, (v) => (v === this.#loop.index ? indexDim(index) : undefined));
  }

  /** The lanes of a value: what holds nothing of the loop stands before it. */
  #vector(v: Value): Value {
    const known = this.#vectors.get(v);
    if (known !== undefined) return known;
    const { before, index } = this.#around;
    const type = this.#typeFor(v);
    const constantOf = this.#constants.get(v);
    const same = this.#same.get(v);
    let made: Value;
    if (v === this.#loop.index) made = ramp(index, this.#plan.lanes);
    else if (same !== undefined) made = splat(same, type);
    else if (constantOf === undefined) made = withBuilder(before, () => splat(v, type));
    else made = withBuilder(before, () => emit(constantOf.op, [], { ...optionsOf(constantOf), types: [type] })[0]);
    this.#vectors.set(v, made);
    return made;
  }

  /** A number of a step that is the same in every lane. */
  #number(v: Value): Value {
    const constantOf = this.#constants.get(v);
    if (constantOf !== undefined && !this.#same.has(v)) {
      const [made] = withBuilder(this.#around.before, () =>
        emit(constantOf.op, [], { ...optionsOf(constantOf), types: [v.type] }),
      );
      this.#same.set(v, made);
    }
    return this.#same.get(v) ?? v;
  }
}

function optionsOf({ attributes, origin, results }: Operation): EmitOptions {
  return { attributes, origin, names: results.map((v) => v.name) };
}
