// Along which axes the elements of a predicate may differ: src/ops/varying.ts tells it of one operation, and this
// follows values through regions, loops and calls, and from a forward function to its backward function. The answer
// decides which rows a contraction inspects to make its zeros strong: rows of a mask that differs element by element are not.

import {
  type Block,
  calleeOf,
  type Func,
  loopOf,
  type Operation,
  type Value,
  ValueMap,
  type Varies,
  walk,
} from "../../../src/ir/index.ts";
import { anywhere, nowhere, variesThrough, varyingInAny } from "../../../src/ops/index.ts";

/** Chains of definitions longer than this are not followed: their values may vary along every axis. */
const deepest = 256;

export class Axes {
  readonly #functions: (name: string) => Func | undefined;
  /** For each value, the operation that it is a result of, or an argument of a region of. */
  readonly #definitions = new ValueMap<Operation>();
  readonly #defined = new WeakSet<Block>();
  /** Bodies whose definitions are entered when a value is asked for: most derivatives ask for none. */
  readonly #waiting: Block[] = [];
  /**
   * For arguments that stand for a value of another function, such as residuals: that value, and the function's body.
   */
  readonly #links = new ValueMap<{ readonly value: Value; readonly body: Block }>();
  readonly #known = new ValueMap<Varies>();
  #depth = 0;

  constructor(functions: (name: string) => Func | undefined) {
    this.#functions = functions;
  }

  /** Says that an argument stands for a value of another function, which has this body. */
  link(argument: Value, value: Value, body: Block): void {
    this.#links.set(argument, { value, body });
  }

  /** Enters the definitions in a function's body; `of` needs them for the values of that function. */
  define(body: Block): void {
    if (this.#defined.has(body)) return;
    this.#defined.add(body);
    this.#waiting.push(body);
  }

  #enter(body: Block): void {
    walk(body, (operation) => {
      for (const v of operation.results) this.#definitions.set(v, operation);
      for (const region of operation.regions) for (const v of region.arguments) this.#definitions.set(v, operation);
    });
  }

  of(value: Value): Varies {
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    if (this.#depth >= deepest) return anywhere(value);
    // a carried value depends on itself: assume that it varies nowhere, so that only other causes make it vary
    this.#known.set(value, nowhere(value));
    this.#depth++;
    const varies = this.#found(value);
    this.#depth--;
    this.#known.set(value, varies);
    return varies;
  }

  #found(value: Value): Varies {
    for (let body = this.#waiting.pop(); body !== undefined; body = this.#waiting.pop()) this.#enter(body);
    const operation = this.#definitions.get(value);
    if (operation !== undefined) {
      const index = operation.results.indexOf(value);
      return index < 0 ? this.#argument(operation, value) : this.#result(operation, index);
    }
    const link = this.#links.get(value);
    if (link === undefined) return anywhere(value);
    this.define(link.body);
    return this.of(link.value);
  }

  #result(operation: Operation, index: number): Varies {
    const { op, regions, results } = operation;
    const result = results[index];
    const loop = loopOf(operation);
    if (loop !== null) {
      const given = loop.body.results[index];
      // along the scanned axis, which comes first, all iterations are taken to be alike
      return index < loop.count ? this.#either(result, [loop.inits[index], given]) : [false, ...this.of(given)];
    }
    if (op.traits.branches) {
      return this.#either(
        result,
        regions.map((region) => region.results[index]),
      );
    }
    if (op.traits.wraps) return this.of(regions[0].results[index]);
    const name = op.traits.transform ? null : calleeOf(operation);
    if (name === null) {
      return regions.length > 0 ? anywhere(result) : variesThrough(operation, result, (v) => this.of(v));
    }
    const callee = this.#functions(name);
    if (callee === undefined) return anywhere(result);
    this.define(callee.body);
    return this.of(callee.body.results[index]);
  }

  /** An argument of a region: a carried value, an element of a scanned operand, or an operand of a wrapping op. */
  #argument(operation: Operation, argument: Value): Varies {
    const region = operation.regions.find((r) => r.arguments.includes(argument));
    const at = region?.arguments.indexOf(argument) ?? 0;
    const loop = loopOf(operation);
    if (loop === null) {
      const isOperand = operation.op.traits.wraps && region === operation.regions[0];
      return isOperand ? this.of(operation.operands[at]) : anywhere(argument);
    }
    const carried = at - loop.firstArgument;
    if (carried < 0) return anywhere(argument);
    if (carried < loop.count) return this.#either(argument, [loop.inits[carried], loop.body.results[carried]]);
    return this.of(operation.operands[loop.firstOperand + carried]).slice(1);
  }

  #either(result: Value, values: readonly Value[]): Varies {
    return varyingInAny(
      result,
      values.map((v) => this.of(v)),
    );
  }
}
