// Activity analysis: a value is active where it depends on an argument that is differentiated (it is varied) and a
// result depends on it (it is useful), in the words of L. Hascoët and V. Pascual, "The Tapenade automatic
// differentiation tool", 2013. A value that is not useful gets no cotangent rather than zeros, since 0 · ∞ is NaN.

import {
  type Block,
  type FlowContext,
  freeValues,
  isFloat,
  type Operation,
  type Type,
  type Value,
  ValueSet,
} from "../../../src/ir/index.ts";

export function isDifferentiable(type: Type): boolean {
  if (type.kind === "list") return isDifferentiable(type.element);
  return type.kind === "tensor" && isFloat(type.dtype);
}

/** The useful values of a function's body, regions included: those that its results depend on through derivatives. */
function usefulIn(body: Block): ValueSet {
  const useful = new ValueSet();
  const use = (v: Value): void => {
    if (isDifferentiable(v.type)) useful.add(v);
  };
  const region = (block: Block, results: readonly boolean[]): void => {
    for (const [i, v] of block.results.entries()) if (results[i]) use(v);
    for (let i = block.operations.length - 1; i >= 0; i--) operation(block.operations[i]);
  };
  const operation = (of: Operation): void => {
    const { derivative } = of.op;
    if (derivative.kind === "zero" || !of.results.some((v) => useful.has(v))) return;
    if (derivative.kind === "structured" && derivative.uses !== undefined) {
      derivative.uses({ operation: of, isUseful: (v) => useful.has(v), use, region });
      return;
    }
    of.operands.forEach(use);
    for (const block of of.regions) {
      block.arguments.forEach(use);
      region(
        block,
        block.results.map(() => true),
      );
    }
  };
  region(
    body,
    body.results.map(() => true),
  );
  return useful;
}

/** The values found active so far; inside of a region, on top of those found around it. */
export class Activity {
  readonly #active: ValueSet;
  readonly #useful: ValueSet;
  readonly #outer: Activity | null;

  private constructor(active: Iterable<Value>, useful: ValueSet, outer: Activity | null) {
    this.#active = new ValueSet(active);
    this.#useful = useful;
    this.#outer = outer;
  }

  /** The activity of a function's body, where these are the arguments that are differentiated with respect to. */
  static of(body: Block, args: readonly Value[]): Activity {
    return new Activity(args, usefulIn(body), null);
  }

  has(value: Value): boolean {
    return this.#active.has(value) || this.#outer?.has(value) === true;
  }

  /** Marks arguments as active because the caller says so, useful or not. */
  addArguments(values: readonly Value[]): void {
    for (const v of values) this.#active.add(v);
  }

  dependsOn(operation: Operation): boolean {
    if (operation.operands.some((v) => this.has(v))) return true;
    return operation.regions.length > 0 && freeValues(...operation.regions).some((v) => this.has(v));
  }

  /** Marks the useful results of an operation that reads active values. */
  mark(operation: Operation): void {
    const { derivative } = operation.op;
    const flows = derivative.kind === "structured" ? derivative.flows?.(this.flowContext(operation)) : undefined;
    for (const [i, r] of operation.results.entries()) {
      if (flows?.[i] !== false && this.#useful.has(r)) this.#active.add(r);
    }
  }

  flowContext(operation: Operation): FlowContext {
    return {
      operation,
      isActive: (v) => this.has(v),
      isUseful: (v) => this.#useful.has(v),
      flows: (region, args) => this.#through(region, args),
    };
  }

  /** Whether each result of a region is active where these arguments are; marks nothing outside of this question. */
  #through(region: Block, args: readonly boolean[]): readonly boolean[] {
    const within = new Activity(
      region.arguments.filter((_, i) => args[i]),
      this.#useful,
      this,
    );
    for (const operation of region.operations) {
      if (operation.op.derivative.kind !== "zero" && within.dependsOn(operation)) within.mark(operation);
    }
    return region.results.map((v) => within.has(v));
  }
}
