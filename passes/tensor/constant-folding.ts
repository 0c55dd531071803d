// Evaluates operations on constants while compiling, through the ops' own `eval`: the same bits as when they run.

import {
  AdjointError,
  allocate,
  attributeDims,
  type Block,
  calleeOf,
  completeAttributes,
  Dense,
  type Dim,
  type ErrorCode,
  type EvalContext,
  evaluateVariables,
  fail,
  groupOf,
  isPure,
  isScalar,
  mapBodies,
  type NdArray,
  type Op,
  type Operation,
  productOf,
  rankedOf,
  type Type,
  type Value,
  ValueMap,
  withOperations,
  withRegions,
} from "../../src/ir/index.ts";
import {
  constantOp,
  definePass,
  type Literal,
  literalFromArray,
  literalOf,
  sizeOfLiteral,
  splatOf,
} from "../../src/rewrite/index.ts";

/** Larger arrays are computed when the program runs. */
const maxElements = 1024;

export const constantFolding = definePass({
  name: "constant-folding",
  summary: "Evaluates pure operations on constants, where the result is small and takes no more room than they do.",
  level: "both",
  idempotent: true,
  example: `func @main(%x: f64) -> f64 {
  %two = constant 2 : f64
  %three = constant 3 : f64
  %six = mul %two, %three : f64
  %y = mul %x, %six : f64
  return %y
}
`,
  run(module, context) {
    const constant = constantOp(context.ops);
    return mapBodies(module, (body) => new Folding(constant).block(body));
  },
});

/** A constant in sight. */
interface Known {
  readonly literal: Literal;
  readonly type: Type;
}

/** One sweep over one function. */
class Folding {
  readonly #constant: Op;
  readonly #known = new ValueMap<Known>();

  constructor(constant: Op) {
    this.#constant = constant;
  }

  block(block: Block): Block {
    const output: Operation[] = [];
    for (const operation of block.operations) {
      for (const folded of this.#fold(operation) ?? [this.#regions(operation)]) {
        const literal = literalOf(folded);
        if (literal !== null) this.#known.set(folded.results[0], { literal, type: folded.results[0].type });
        output.push(folded);
      }
    }
    return withOperations(block, output);
  }

  #regions(operation: Operation): Operation {
    return withRegions(
      operation,
      operation.regions.map((r) => this.block(r)),
    );
  }

  /** A constant for each result, defining the same values; null if the operation stays. */
  #fold(operation: Operation): readonly Operation[] | null {
    if (!isFoldable(operation)) return null;
    const operands: Known[] = [];
    for (const v of operation.operands) {
      const known = this.#known.get(v);
      if (known === undefined) return null;
      operands.push(known);
    }
    const literals = evaluate(operation, operands);
    const room = operands.reduce((sum, k) => sum + sizeOfLiteral(k.literal), 1);
    if (literals === null || literals.some((l) => sizeOfLiteral(l) > room)) return null;
    return operation.results.map((v, i) => this.#define(v, literals[i], operation));
  }

  #define(value: Value, literal: Literal, { origin }: Operation): Operation {
    return Object.freeze({
      op: this.#constant,
      operands: [],
      attributes: completeAttributes(this.#constant, { value: literal }),
      regions: [],
      results: [value],
      origin,
      segments: [],
    });
  }
}

/** Pure, on plain tensors, decided by operands and attributes alone. */
function isFoldable(operation: Operation): boolean {
  const { op, regions, results } = operation;
  const { traits } = op;
  return (
    isPure(op.effects) &&
    op.eval !== null &&
    regions.length === 0 &&
    calleeOf(operation) === null &&
    !traits.constant &&
    !traits.transform &&
    results.length > 0 &&
    results.every((v) => v.type.kind === "tensor")
  );
}

/** The results of an operation on constants; null where they are too large, not known yet or an error at run time. */
function evaluate(operation: Operation, operands: readonly Known[]): readonly Literal[] | null {
  const isElementwise = operation.op.traits.elementwise;
  // an elementwise op of splats is one scalar computation, whatever the shape
  const asScalars = isElementwise && operands.length > 0 && operands.every((k) => splatOf(k.literal) !== null);
  if (!asScalars && !isSmall(operation, operands)) return null;
  const arrays = operands.map((k) => toArray(k, asScalars));
  try {
    return operation.op.eval?.(new StaticContext(operation, arrays, asScalars)).map(literalFromArray) ?? null;
  } catch (error) {
    if (error instanceof AdjointError) return null;
    throw error;
  }
}

function isSmall(operation: Operation, operands: readonly Known[]): boolean {
  if (!attributeDims(operation).every((d) => typeof d === "number")) return false;
  return [...operands, ...operation.results].every(({ type }) => {
    const shape = rankedOf(type).shape;
    return shape.every((d) => typeof d === "number") && Number(productOf(shape)) <= maxElements;
  });
}

function toArray({ literal, type }: Known, asScalar: boolean): NdArray {
  if (type.kind !== "tensor" && type.kind !== "vector") return fail("dtype", "a constant is a tensor");
  if (literal instanceof Dense && !asScalar) return literal.toArray();
  const array = allocate(type.dtype, asScalar || isScalar(type) ? [] : rankedOf(type).shape.map(Number));
  array.data.fill(splatOf(literal) ?? 0);
  return array;
}

/** Nothing is known but the operands: a symbol, a region or a call ends the attempt. */
class StaticContext implements EvalContext {
  readonly operation: Operation;
  readonly operands: readonly NdArray[];
  readonly #asScalars: boolean;

  constructor(operation: Operation, operands: readonly NdArray[], asScalars: boolean) {
    this.operation = operation;
    this.operands = operands;
    this.#asScalars = asScalars;
  }

  get attributes() {
    return this.operation.attributes;
  }

  group(name: string): readonly NdArray[] {
    const { op, segments } = this.operation;
    const at = op.groups.indexOf(name);
    const start = segments.slice(0, at).reduce((sum, n) => sum + n, 0);
    return this.operands.slice(start, start + groupOf(this.operation, name).length);
  }

  dim(d: Dim): number {
    return typeof d === "number" ? d : this.fail("shape", `${d} is not known while compiling`);
  }

  affine(d: Dim, group: string): number {
    if (typeof d === "number") return d;
    const values = this.group(group);
    return evaluateVariables(d, (v) => (v.kind === "operand" ? values[v.position]?.data[0] : undefined));
  }

  shape(type: Type): readonly number[] {
    return this.#asScalars ? [] : rankedOf(type).shape.map((d) => this.dim(d));
  }

  run(): never {
    return this.fail("no-eval", "regions are not run while compiling");
  }

  call(): never {
    return this.fail("no-eval", "functions are not called while compiling");
  }

  observe(): void {}

  fail(code: ErrorCode, reason: string): never {
    return fail(code, reason, { origin: this.operation.origin });
  }
}
