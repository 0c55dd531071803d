// Trip counts by constant evaluation: a loop of a few iterations, whose condition follows from constants, is unrolled.

import {
  type Block,
  dtypes,
  elementDType,
  isScalar,
  type Loop,
  ndscalar,
  type Operation,
  type Value,
  ValueMap,
  walk,
} from "../../../src/ir/index.ts";
import { literalOf, splatOf } from "../../../src/rewrite/index.ts";

const mostSteps = 8;
/** The most operations of all iterations together. */
const mostOperations = 128;

export class KnownSteps {
  readonly #constants = new ValueMap<number>();
  readonly #steps = new Map<Operation, number | null>();

  constructor(func: Block) {
    walk(func, (operation) => {
      const literal = literalOf(operation);
      const splat = literal === null || !isScalar(operation.results[0].type) ? null : splatOf(literal);
      if (splat !== null) this.#constants.set(operation.results[0], splat);
    });
  }

  /** The trip count of an innermost loop where it is known and small; else null. */
  few(loop: Loop): number | null {
    let steps = this.#steps.get(loop.operation);
    if (steps === undefined) this.#steps.set(loop.operation, (steps = this.#count(loop)));
    return steps;
  }

  #count({ operation, test, body, inits }: Loop): number | null {
    if (test === null || operation.regions.some((r) => r.operations.some((o) => o.regions.length > 0))) return null;
    let known: readonly (number | undefined)[] = inits.map((v) => this.#constants.get(v));
    for (let step = 0; step <= mostSteps; step++) {
      const [goesOn] = this.#evaluate(test, known);
      if (goesOn === undefined || step * body.operations.length > mostOperations) return null;
      if (goesOn === 0) return step;
      known = this.#evaluate(body, known);
    }
    return null;
  }

  /** The results of a region for these arguments, as far as constant evaluation finds them. */
  #evaluate(region: Block, args: readonly (number | undefined)[]): readonly (number | undefined)[] {
    const known = new ValueMap<number>();
    const set = (v: Value, x: number | undefined): void => void (x === undefined || known.set(v, x));
    for (const [i, a] of region.arguments.entries()) set(a, args[i]);
    const of = (v: Value): number | undefined => known.get(v) ?? this.#constants.get(v);
    for (const operation of region.operations) {
      const { op, operands, results, attributes } = operation;
      if (op.scalar === null || !isScalar(results[0].type)) continue;
      const given = operands.map(of);
      if (given.some((x) => x === undefined)) continue;
      const dtype = elementDType(results[0].type) ?? "f64";
      const value = op.scalar.compute(given as number[], { attributes, dtype });
      set(results[0], ndscalar(dtype, op.scalar.exact === true ? value : dtypes[dtype].round(value)).data[0]);
    }
    return region.results.map(of);
  }
}
