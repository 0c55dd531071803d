// Whether the results of a block are linear in some of its arguments, from the records of its operations alone: the rules of
// custom_jvp have to be, since reverse mode is their transpose.

import {
  type Block,
  BlockBuilder,
  currentBlock,
  elementDType,
  type Func,
  isOf,
  type Operation,
  type Value,
  ValueMap,
  ValueSet,
  withBuilder,
} from "../../ir/index.ts";
import { constantOp } from "../base/constant.ts";
import { callOp } from "./calls.ts";

/**
 * What a value is: independent of the arguments (`constant`, and `zero` where it is 0 whatever they are), linear in them,
 * something that nobody knows, or not linear, by an operation.
 */
export type Linearity = "constant" | "zero" | "linear" | "unknown" | { readonly by: Operation };

/** The functions that calls name. */
type Functions = (name: string) => Func | undefined;

/** What each result of the block is, its arguments being these. */
export function linearityOf(block: Block, args: readonly Linearity[], functions: Functions): readonly Linearity[] {
  return new Analysis(functions).block(block, args);
}

const dependsOn = (l: Linearity): boolean => l === "linear" || typeof l === "object";

class Analysis {
  readonly #functions: Functions;
  readonly #known = new ValueMap<Linearity>();

  constructor(functions: Functions) {
    this.#functions = functions;
  }

  block(block: Block, args: readonly Linearity[]): readonly Linearity[] {
    for (const [i, a] of block.arguments.entries()) this.#known.set(a, args[i] ?? "unknown");
    for (const operation of block.operations) {
      const results = this.#operation(operation);
      for (const [i, v] of operation.results.entries()) this.#known.set(v, results[i] ?? "unknown");
    }
    return block.results.map((v) => this.#of(v));
  }

  #of(value: Value): Linearity {
    return this.#known.get(value) ?? "constant";
  }

  #operation(operation: Operation): readonly Linearity[] {
    const operands = operation.operands.map((v) => this.#of(v));
    const all = (l: Linearity): readonly Linearity[] => operation.results.map(() => l);
    const before = operands.find((l) => typeof l === "object");
    if (before !== undefined) return all(before);
    if (operation.regions.length > 0) return this.#regions(operation, operands);
    if (isOf(constantOp, operation)) return all(operation.attributes.value === 0 ? "zero" : "constant");
    if (isOf(callOp, operation)) {
      const func = this.#functions(operation.attributes.callee);
      return func === undefined ? all("unknown") : new Analysis(this.#functions).block(func.body, operands);
    }
    if (operands.includes("unknown")) return all("unknown");
    return all(this.#plain(operation, operands));
  }

  /** An operation of no regions and one kind of derivative. */
  #plain(operation: Operation, operands: readonly Linearity[]): Linearity {
    const { derivative } = operation.op;
    const isLinear = operands.includes("linear");
    switch (derivative.kind) {
      case "linear":
      case "multilinear": {
        const listed = derivative.in ?? operands.map((_, i) => i);
        if (operands.some((l, i) => l === "linear" && !listed.includes(i))) return { by: operation };
        return combined(
          operation,
          listed.map((i) => operands[i]),
          derivative.kind,
        );
      }
      case "elementwise":
        if (isLinear && this.#slopeDepends(operation, operands)) return { by: operation };
        return vanishes(operation, operands)
          ? isLinear
            ? "linear"
            : "zero"
          : isLinear
            ? { by: operation }
            : "constant";
      case "rule":
        if (!isLinear) return "constant";
        return this.#slopeDepends(operation, operands) ? { by: operation } : "linear";
      case "structured":
        return isLinear ? "unknown" : "constant";
      default:
        return isLinear ? { by: operation } : "constant";
    }
  }

  /** Whether the slope in the direction of what is linear depends on it: then the operation is not. */
  #slopeDepends(operation: Operation, operands: readonly Linearity[]): boolean {
    const { derivative } = operation.op;
    const [result] = operation.results;
    const builder = new BlockBuilder(currentBlock().scope, currentBlock());
    const tangents = operation.operands.map((v, i) => (operands[i] === "linear" ? builder.argument(v.type) : null));
    const slopes = withBuilder(builder, () => {
      if (derivative.kind === "rule")
        return [derivative.jvp({ operation, operands: operation.operands, result, tangents })];
      if (derivative.kind !== "elementwise") return [];
      return derivative.partials(operation.operands, result, operation).filter((_, i) => operands[i] === "linear");
    });
    const reached = new ValueSet();
    for (const slope of slopes) {
      if (slope === null) return true;
      if (typeof slope !== "number") reached.add(slope);
    }
    for (const { results, operands: read } of [...builder.operations].reverse())
      if (results.some((v) => reached.has(v))) for (const v of read) reached.add(v);
    return reached.has(result) || operation.operands.some((v, i) => operands[i] === "linear" && reached.has(v));
  }

  #regions(operation: Operation, operands: readonly Linearity[]): readonly Linearity[] {
    const { op, regions, results, segments } = operation;
    if (op.traits.wraps) return this.block(regions[0], operands);
    if (op.traits.branches) {
      if (dependsOn(operands[0])) return results.map(() => ({ by: operation }));
      const [first, ...others] = regions.map((region) => this.block(region, []));
      return first.map((l, i) => others.reduce((joined, other) => join(operation, joined, other[i]), l));
    }
    return op.loop === null ? results.map(() => "unknown") : this.#loop(operation, operands, segments[0]);
  }

  /** What a loop carries is what it begins with and what its steps give, joined until nothing changes. */
  #loop(operation: Operation, operands: readonly Linearity[], carried: number): readonly Linearity[] {
    const { regions } = operation;
    const carry = operands.slice(0, carried);
    for (;;) {
      const args = [...carry, ...operands.slice(carried)];
      const results = regions.map((region) => this.block(region, args));
      if (results.slice(0, -1).some(([condition]) => dependsOn(condition)))
        return operation.results.map(() => ({ by: operation }));
      const given = results[results.length - 1];
      const next = carry.map((l, i) => join(operation, l, given[i]));
      if (next.every((l, i) => l === carry[i] || typeof l === "object")) return [...next, ...given.slice(carried)];
      for (const [i, l] of next.entries()) carry[i] = l;
    }
  }
}

/** Of operands in which an operation is linear, together or one by one. */
function combined(operation: Operation, operands: readonly Linearity[], kind: "linear" | "multilinear"): Linearity {
  const count = operands.filter((l) => l === "linear").length;
  if (kind === "multilinear") {
    if (count > 1) return { by: operation };
    return operands.includes("zero") ? "zero" : count === 1 ? "linear" : "constant";
  }
  if (count === 0) return operands.every((l) => l === "zero") ? "zero" : "constant";
  return operands.includes("constant") ? { by: operation } : "linear";
}

/** One or the other. Only 0 is both constant and linear. */
function join(operation: Operation, a: Linearity, b: Linearity): Linearity {
  if (a === b || b === "zero") return a;
  if (a === "zero" || typeof b === "object") return b;
  if (typeof a === "object") return a;
  return a === "unknown" || b === "unknown" ? "unknown" : { by: operation };
}

/** Whether an elementwise operation gives 0 where its linear operands are 0, whatever the constant ones are. */
function vanishes({ op, attributes, operands, results }: Operation, known: readonly Linearity[]): boolean {
  const dtype = elementDType(results[0].type);
  const { scalar } = op;
  if (scalar === null || dtype === undefined) return true;
  const samples = [1.5, -2.25].map((x) => operands.map((_, i) => (known[i] === "constant" ? x : 0)));
  return samples.every((values) => {
    const value = scalar.compute(values, { attributes, dtype });
    return value === 0 || Number.isNaN(value);
  });
}
