// What a loop becomes on vectors: which of its values differ from lane to lane, and how many lanes there are.

import {
  accessOf,
  addDims,
  boundBy,
  type Dim,
  dimIn,
  dtypes,
  elementDType,
  groupOf,
  indexDim,
  indicesOf,
  isExpression,
  type Operation,
  type Storages,
  sameDim,
  shapeOf,
  subDims,
  substituteIndices,
  type Value,
  ValueSet,
} from "../../../src/ir/index.ts";
import type { Target } from "../../../src/target/index.ts";
import type { CountedLoop } from "../analyses/counted.ts";

/**
 *   same    the same in every step, and so in every lane
 *   lanes   it works on lanes: elementwise, or on memory from the step's element on
 *   ramp    an index value that grows from lane to lane by `step`
 */
export type Role = { readonly kind: "same" | "lanes" } | { readonly kind: "ramp"; readonly step: number };

export interface LanePlan {
  readonly lanes: number;
  readonly roles: ReadonlyMap<Operation, Role>;
}

const same: Role = { kind: "same" };
const inLanes: Role = { kind: "lanes" };

/** How the steps of an innermost loop run side by side; null where they may not, or an operation has no form on vectors. */
export function lanePlanOf(loop: CountedLoop, storages: Storages, target: Target): LanePlan | null {
  const { index, body, carry, step, lower, upper } = loop;
  if (index === null || carry.length > 0 || step !== 1) return null;
  if (body.operations.some(({ regions }) => regions.length > 0)) return null;
  const planner = new Planner(loop, index);
  if (!planner.run() || !isFree(planner.accesses, storages)) return null;
  const lanes = Math.floor(target.vectorBits / (8 * planner.widest));
  const steps = subDims(upper, lower);
  if (lanes < 2 || (planner.shortest < lanes && !target.countsLanes)) return null;
  if (typeof steps === "number" && steps < lanes) return null;
  return { lanes, roles: planner.roles };
}

/** Where an operation reads or writes memory, over index values. */
interface Place {
  readonly memory: Value;
  readonly at: readonly Dim[];
  readonly isWritten: boolean;
}

class Planner {
  readonly roles = new Map<Operation, Role>();
  readonly accesses: Place[] = [];
  /** Bytes of the widest number in lanes. */
  widest = 1;
  /** The shortest axis along which lanes lie, of those that are known. */
  shortest = Infinity;
  readonly #body: CountedLoop["body"];
  readonly #index: Value;
  /** What differs from lane to lane. */
  readonly #varying = new ValueSet();
  readonly #inside = new ValueSet();
  #stores = 0;

  constructor({ body }: CountedLoop, index: Value) {
    this.#body = body;
    this.#index = index;
    this.#varying.add(index);
    this.#inside.add(index);
  }

  /** Whether every operation has a form on vectors, and something is written. */
  run(): boolean {
    for (const operation of this.#body.operations) {
      const role = this.#roleOf(operation);
      if (role === null) return false;
      this.roles.set(operation, role);
      for (const v of operation.results) {
        this.#inside.add(v);
        if (role.kind !== "same") this.#varying.add(v);
        if (role.kind === "lanes" && accessOf(operation) !== null) this.#widen(v);
      }
    }
    return this.#stores > 0;
  }

  #roleOf(operation: Operation): Role | null {
    const { op, operands } = operation;
    const access = accessOf(operation);
    if (access !== null) {
      const at = access.at.map((d) => boundBy(d, operation, "at"));
      return this.#accessed({ memory: access.memory, at, isWritten: access.isWritten }, operation);
    }
    if (isExpression(op)) return this.#rampOf(operation);
    if (op.scalar === null && !op.traits.constant) return null;
    return operands.some((v) => this.#varying.has(v)) ? inLanes : same;
  }

  #accessed(place: Place, operation: Operation): Role | null {
    const { memory, at, isWritten } = place;
    if (this.#inside.has(memory) || [...indicesOf(at)].some((v) => v !== this.#index && this.#inside.has(v)))
      return null;
    this.accesses.push(place);
    if (!indicesOf(at).has(this.#index)) return isWritten ? null : same;
    const last = at.length - 1;
    if (indicesOf(at.slice(0, last)).has(this.#index) || this.#stepOf(at[last]) !== 1) return null;
    const extent = shapeOf(memory)[last];
    if (typeof extent === "number") this.shortest = Math.min(this.shortest, extent);
    if (isWritten) {
      this.#stores++;
      this.#widen(groupOf(operation, "value")[0]);
    }
    return inLanes;
  }

  #rampOf(operation: Operation): Role | null {
    const d = boundBy(dimIn(operation.attributes.value), operation, "operands");
    const used = [...indicesOf([d])];
    if (used.some((v) => v !== this.#index && this.#inside.has(v))) return null;
    if (!used.includes(this.#index)) return same;
    const step = this.#stepOf(d);
    return step === null || elementDType(operation.results[0].type) !== "index" ? null : { kind: "ramp", step };
  }

  /** By how much an expression over the index grows from one step to the next, where that is always the same. */
  #stepOf(d: Dim): number | null {
    const step = stepOf(d, this.#index);
    return typeof step === "number" ? step : null;
  }

  /** Of flags and index values, each target has its own size in lanes. */
  #widen({ type }: Value): void {
    const dtype = elementDType(type);
    if (dtype !== undefined && dtype !== "bool" && dtype !== "index")
      this.widest = Math.max(this.widest, dtypes[dtype].bytes);
  }
}

/** By how much a dimension over index values grows with one of them. */
function stepOf(d: Dim, index: Value): Dim {
  const next = addDims(indexDim(index), 1);
  return subDims(
    substituteIndices(d, (v) => (v === index ? next : undefined)),
    d,
  );
}

/** Whether memory that is written to is accessed at the written elements alone, so that no step sees what another writes. */
function isFree(places: readonly Place[], storages: Storages): boolean {
  return places.every(
    (a) => !a.isWritten || places.every((b) => isSamePlace(a, b) || !storages.mayOverlap(a.memory, b.memory)),
  );
}

function isSamePlace(a: Place, b: Place): boolean {
  return a.memory === b.memory && a.at.every((d, axis) => sameDim(d, b.at[axis]));
}
