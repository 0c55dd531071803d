// Makes the zeros of derivatives strong: what flows to a branch not taken is 0, also where its partial derivatives are
// infinite or NaN. The code that differentiation makes is linear in its cotangents or tangents. Where one of them may be a
// zero of this kind, a product with it absorbs what it is multiplied by, and a contraction leaves out rows that meet no other.

import {
  type Block,
  BlockBuilder,
  Cloner,
  type Func,
  FuncScope,
  isOf,
  type Operation,
  Replacements,
  type Signature,
  shapeOf,
  type Value,
  ValueMap,
  ValueSet,
  withBody,
  withBuilder,
  withOperands,
  withOperations,
  withParts,
  withRegions,
} from "../../../src/ir/index.ts";
import {
  abs,
  absorb,
  broadcast,
  constantOp,
  divOp,
  mulOp,
  negOp,
  reduce,
  scatterOp,
  sub,
  triangularSolveOp,
  zerosLike,
} from "../../../src/ops/index.ts";
import { Axes } from "./axes.ts";
import { dropUnused } from "./sweep.ts";
import { mayBeUntaken, type Untaken, ZeroFlow, type Zeros } from "./zero-flow.ts";

/** The functions of the module, to which versions are added. */
interface Host {
  func(name: string): Func | undefined;
  signature(name: string): Signature;
  /** Puts a function in the place of one of the same name. */
  replace(func: Func): void;
  /** Adds a function made from another one, and gives it a name of its own. */
  add(from: Func, body: Block): Func;
}

/** A function whose arguments hold such zeros: which function that is, and what its results hold. */
interface Version {
  readonly name: string;
  readonly results: readonly Zeros[];
}

export class StrongZeros {
  readonly axes: Axes;
  readonly #host: Host;
  /** The functions as differentiation made them. */
  readonly #originals = new Map<string, Func>();
  readonly #versions = new Map<string, Version>();

  constructor(host: Host) {
    this.#host = host;
    this.axes = new Axes((name) => host.func(name));
  }

  /**
   * The function for arguments of this kind, made when it is asked for. The first version stands in the place of the
   * function, since most have one only.
   */
  version(name: string, args: readonly Zeros[]): Version {
    const key = `${name} ${args.map(String).join(" ")}`;
    const known = this.#versions.get(key);
    if (known !== undefined) return known;
    const isFirst = !this.#originals.has(name);
    const func = this.#originals.get(name) ?? (this.#host.func(name) as Func);
    this.#originals.set(name, func);
    this.axes.define(func.body);
    const version = this.#make(func, args, isFirst);
    this.#versions.set(key, version);
    return version;
  }

  #make(func: Func, args: readonly Zeros[], isFirst: boolean): Version {
    const callees = new Map<Operation, string>();
    const flow = new ZeroFlow({
      axes: this.axes,
      called: (operation, given) => {
        const { name, results } = this.version(operation.attributes.callee, given);
        if (name !== operation.attributes.callee) callees.set(operation, name);
        return results;
      },
    });
    const results = flow.block(func.body, args);
    const body = new Rewriting(flow, callees).block(
      func.body,
      new BlockBuilder(new FuncScope(func.constraints, (name) => this.#host.signature(name))),
    );
    if (body === func.body) return { name: func.name, results };
    if (isFirst) this.#host.replace(withBody(func, body));
    if (isFirst) return { name: func.name, results };
    const copy = new Cloner().block(body);
    for (const [i, a] of copy.arguments.entries()) this.axes.link(a, body.arguments[i], body);
    return { name: this.#host.add(func, copy).name, results };
  }
}

/** One function or region after the other with the products that absorb. */
class Rewriting {
  readonly #flow: ZeroFlow;
  /** The functions that calls name from now on. */
  readonly #callees: ReadonlyMap<Operation, string>;
  readonly #replacements = new Replacements();
  /** What is finite and not 0 for certain. */
  readonly #tame = new ValueSet();
  /** Products before they absorb: one of several factors absorbs once, at its end. */
  readonly #products = new ValueMap<Product>();

  constructor(flow: ZeroFlow, callees: ReadonlyMap<Operation, string>) {
    this.#flow = flow;
    this.#callees = callees;
  }

  /** The same reference where nothing changes. */
  block(block: Block, builder: BlockBuilder): Block {
    for (const operation of block.operations) {
      builder.origin = operation.origin;
      this.#operation(operation, builder);
    }
    const made = withOperations(block, builder.operations, this.#replacements.all(block.results));
    return made === block ? block : dropUnused(made);
  }

  #operation(given: Operation, builder: BlockBuilder): void {
    const operation = this.#renamed(given, builder);
    const result = this.#strong(given, operation, builder);
    if (result !== null) this.#replacements.set(given.results[0], result);
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

  /** Appends the operation; gives what stands for its result, where that is another value. */
  #strong(given: Operation, operation: Operation, builder: BlockBuilder): Value | null {
    const at = given.operands.findIndex((v) => mayBeUntaken(this.#flow.of(v)));
    // what is not taken has a derivative of 0 rather than of -0
    if (operation.op === negOp && at === 0)
      return withBuilder(builder, () => sub(zerosLike(operation.operands[0]), operation.operands[0]));
    const others = given.operands.filter((_, i) => i !== at);
    const isProduct = at >= 0 && others.some((v) => this.#flow.of(v) === null && !this.#tame.has(v));
    if (isProduct && isScaled(operation, at)) return this.#scaled(given, operation, at, builder);
    const { byRows, by } = isProduct
      ? absorption(operation, at, this.#flow.of(given.operands[at]) as Untaken)
      : nothing;
    builder.append(byRows ? withBuilder(builder, () => withoutRows(operation, at)) : operation);
    return by === null ? null : withBuilder(builder, () => absorb(by(), operation.results[0]));
  }

  #scaled(given: Operation, operation: Operation, at: number, builder: BlockBuilder): Value {
    const before = this.#products.get(given.operands[at]);
    const { operands, results } = operation;
    builder.append(before === undefined ? operation : withOperands(operation, operands.with(at, before.product)));
    const factor = before?.factor ?? operands[at];
    const [product] = results;
    this.#products.set(given.results[0], { factor, product });
    return withBuilder(builder, () => absorb(factor, product));
  }
}

interface Product {
  readonly factor: Value;
  readonly product: Value;
}

/** Whether each element of operand `at` is multiplied by something. */
function isScaled({ op, attributes }: Operation, at: number): boolean {
  return op === mulOp || (at === 0 && (op === divOp || (op === scatterOp && attributes.kind === "mul")));
}

/** How a product with zeros in one operand is made strong. */
interface Absorption {
  /** Whether rows of the other operand that meet zeros only are left out. */
  readonly byRows: boolean;
  /** What is zero where the result is to be. */
  readonly by: (() => Value) | null;
}

const nothing: Absorption = { byRows: false, by: null };

function absorption(operation: Operation, at: number, zeros: Untaken): Absorption {
  const { op, operands } = operation;
  const factor = operands[at];
  if (op === triangularSolveOp && at === 1) return { byRows: false, by: () => largestOfColumns(factor) };
  const { derivative } = op;
  if (derivative.kind !== "multilinear") return nothing;
  const { summed, free } = derivative.axes(operation, at);
  const mayVary = (axes: readonly number[]): boolean => zeros !== "somewhere" && axes.some((axis) => zeros[axis]);
  const byRows = !mayVary(free);
  // zeros of single elements stand among others in every sum
  const isWhole = !mayVary(summed) && (zeros === "somewhere" || !byRows);
  return { byRows, by: isWhole ? () => derivative.met(operation, at, abs(factor), "result") : null };
}

/** The operation without infinities in the rows of its other operand that meet zeros only. */
function withoutRows(operation: Operation, at: number): Operation {
  const { op, operands } = operation;
  if (op.derivative.kind !== "multilinear") return operation;
  const met = op.derivative.met(operation, at, abs(operands[at]), "other");
  return withOperands(operation, operands.with(1 - at, absorb(met, operands[1 - at])));
}

/** The largest magnitude in each column of matrices, for each of its elements. */
function largestOfColumns(matrices: Value): Value {
  const shape = shapeOf(matrices);
  const row = shape.length - 2;
  const largest = reduce(abs(matrices), { kind: "max", axes: [row] });
  return broadcast(
    largest,
    shape,
    shape.flatMap((_, axis) => (axis === row ? [] : [axis])),
  );
}
