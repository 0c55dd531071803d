// Rematerialises residuals of a nested loop rather than record them: those that follow cheaply from induction
// variables, from loop invariants and from arrays that the loop does not write.
//
// Each iteration of the outer loop's backward part first runs the inner loop's recurrences of these residuals again,
// forwards and without the rest of the body, and pushes them on a scratch tape; the inner loop's backward part then
// pops them at once. So the scratch tape is as long as one run of the inner loop, where a recorded tape would hold all
// runs. The trade of time for memory is that of A. Griewank, "Achieving logarithmic growth of temporal and spatial
// complexity in reverse automatic differentiation", 1992; recomputing cheap slices of a step rather than whole steps is
// that of L. Hascoet and V. Pascual, "The Tapenade automatic differentiation tool", 2013.

import {
  Cloner,
  currentBlock,
  emit,
  isPure,
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

/** A residual that takes more operations than this to compute again is recorded. */
const most = 24;

/** Whether computing an operation's result again takes no longer than recording it and reading it back. */
export function isBrief({ op, results, operands }: Operation): boolean {
  if (op.traits.constant) return true;
  if (results.length !== 1 || !isScalar(results[0].type)) return false;
  // this reads one element of a tensor; it cannot fail now, since the same index was in range on the forward pass
  if (op.lowering?.kind === "element") return operands.slice(1).every((v) => isScalar(v.type));
  return op.traits.brief && isPure(op.effects);
}

/** The slice of a loop's body that computes some residuals: its carried values, by number, and its operations. */
interface Slice {
  readonly carried: Set<number>;
  readonly operations: Set<Operation>;
}

export class Replay {
  readonly #step: SplitRegion;
  readonly #slice: Slice;
  /** The replayed residuals, on their scratch tapes. */
  readonly tapes: Recording;

  private constructor(step: SplitRegion, slice: Slice, values: readonly Value[]) {
    this.#step = step;
    this.#slice = slice;
    this.tapes = new Recording(values, [], tapeArgument, true);
  }

  /**
   * Chooses which of a loop's residuals are replayed. `isStepwise` tells whether a value is a tensor or list that a
   * region makes: a replay that reads it would have to record it whole, once for each run.
   */
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

  /** Whether the residual is replayed, and so not recorded. */
  has(residual: Value): boolean {
    return this.tapes.lists.some(({ values }) => values.includes(residual));
  }

  /** Asks the block around the loop for the scratch tapes on the forward pass, for its backward part to have them. */
  open(around: Tapes): void {
    for (const key of this.tapes.lists) around.get(key);
  }

  /** Emits a loop that runs the recurrences from `starts` for `steps` iterations; gives the scratch tapes behind it. */
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

/**
 * The slice that computes a value. Null where it takes too many operations or an expensive one, carries something that
 * is no scalar, or reads something from outside that the backward part does not have at hand.
 */
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
