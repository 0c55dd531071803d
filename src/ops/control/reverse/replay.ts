// Rematerialisation of what a loop carries: residuals that follow from loop indices, from values that are the same at each
// step and from arrays that the loop never writes are not recorded on the way forth. In a loop within a loop, each step
// backwards of the outer one first runs the inner one's recurrences of these again, forwards and without the rest of its
// body, and pushes them on a scratch tape, which the inner loop's way back pops at once: the tape is as long as one run of
// the inner loop, rather than all of them. (The trade of time for memory: A. Griewank, "Achieving logarithmic growth of
// temporal and spatial complexity in reverse automatic differentiation", 1992; of what is cheap, slice by slice, rather than
// of whole steps: the recomputation of L. Hascoet and V. Pascual, "The Tapenade automatic differentiation tool", 2013.)

import {
  Cloner,
  currentBlock,
  emit,
  isScalar,
  type Op,
  type Operation,
  type SplitRegion,
  scalar,
  type Tapes,
  type Value,
} from "../../../ir/index.ts";
import { constant } from "../../base/constant.ts";
import { compare } from "../../base/elementwise.ts";
import { sub } from "../../scalar/arithmetic.ts";
import { Recording, tapeArgument } from "./recording.ts";
import { push } from "./tape.ts";

/** A residual that takes more operations than this is recorded. */
const most = 24;

/** Whether computing a result again takes no longer than to record it and read it back. */
export function isBrief({ op, results, operands }: Operation): boolean {
  if (op.traits.constant) return true;
  if (results.length !== 1 || !isScalar(results[0].type)) return false;
  // one element of a tensor, whose index was in range before
  if (op.lowering?.kind === "element") return operands.slice(1).every((v) => isScalar(v.type));
  return op.traits.brief && op.effect === "pure";
}

/** What of a loop's body some residuals follow from: the carried values among that, by number, and the operations. */
interface Slice {
  readonly carried: Set<number>;
  readonly operations: Set<Operation>;
}

export class Replay {
  readonly #step: SplitRegion;
  readonly #slice: Slice;
  /** What the scratch tapes hold. */
  readonly tapes: Recording;

  private constructor(step: SplitRegion, slice: Slice, values: readonly Value[]) {
    this.#step = step;
    this.#slice = slice;
    this.tapes = new Recording(values, [], tapeArgument, true);
  }

  /** Of a loop's residuals those that are computed again. `isStepwise`: whether keeping a value would be to record an array. */
  static of(step: SplitRegion, residuals: readonly Value[], isStepwise: (v: Value) => boolean): Replay {
    const definitions = new Map<Value, Operation>();
    for (const operation of step.operations) for (const v of operation.results) definitions.set(v, operation);
    const all: Slice = { carried: new Set(), operations: new Set() };
    const values = residuals.filter((v) => {
      const slice = sliceOf(v, step, definitions, isStepwise);
      for (const k of slice?.carried ?? []) all.carried.add(k);
      for (const operation of slice?.operations ?? []) all.operations.add(operation);
      return slice !== null;
    });
    return new Replay(step, all, values);
  }

  /** What is computed again, and not recorded. */
  has(residual: Value): boolean {
    return this.tapes.lists.some(({ values }) => values.includes(residual));
  }

  /** Takes the scratch tapes of the block around the loop on the way forth, so that it has them on the way back. */
  open(around: Tapes): void {
    for (const key of this.tapes.lists) around.get(key);
  }

  /** Runs the recurrences from `starts` on, `steps` times: the scratch tapes after that. */
  run(op: Op, starts: readonly Value[], steps: Value, around: Tapes): readonly Value[] {
    const { lists } = this.tapes;
    if (lists.length === 0) return [];
    const carried = [...this.#slice.carried];
    const inits = [steps, ...carried.map((k) => starts[k]), ...lists.map((key) => around.get(key))];
    const types = inits.map((v) => v.type);
    const names = ["steps", ...carried.map((k) => this.#step.arguments[k].name), ...lists.map(() => "scratch")];
    const builder = currentBlock();
    const cond = builder.region(types, (left) => [compare(left, constant(0, scalar("i32")), "gt")], names);
    const body = builder.region(
      types,
      (left, ...values) => {
        const cloner = new Cloner();
        for (const [i, k] of carried.entries()) cloner.set(this.#step.arguments[k], values[i]);
        for (const operation of this.#step.operations)
          if (this.#slice.operations.has(operation)) currentBlock().append(cloner.operation(operation));
        const next = carried.map((k) => cloner.get(this.#step.results[k]));
        const pushed = lists.map((l, i) => push(values[carried.length + i], ...l.values.map((v) => cloner.get(v))));
        return [sub(left, constant(1, scalar("i32"))), ...next, ...pushed];
      },
      names,
    );
    return emit(op, inits, { regions: [cond, body], names }).slice(1 + carried.length);
  }
}

/** Null where what a value follows from takes too long, or is written by the loop, or is not at hand on the way back. */
function sliceOf(
  value: Value,
  step: SplitRegion,
  definitions: ReadonlyMap<Value, Operation>,
  isStepwise: (v: Value) => boolean,
): Slice | null {
  const slice: Slice = { carried: new Set(), operations: new Set() };
  const seen = new Set<Value>();
  const open = [value];
  for (let v = open.pop(); v !== undefined; v = open.pop()) {
    if (seen.has(v)) continue;
    seen.add(v);
    const k = step.arguments.indexOf(v);
    const operation = definitions.get(v);
    if (k >= 0) {
      if (!isScalar(v.type)) return null;
      slice.carried.add(k);
      open.push(step.results[k]);
    } else if (operation === undefined) {
      if (v.type.kind !== "tensor" || isStepwise(v)) return null;
    } else {
      if (!isBrief(operation) || slice.operations.size === most) return null;
      slice.operations.add(operation);
      open.push(...operation.operands);
    }
  }
  return slice;
}
