// How an op's lowering rule reads its operands, found by running the rule once on a builder of its own.

import {
  BlockBuilder,
  currentBlock,
  type Dim,
  elementDType,
  FuncScope,
  indexDim,
  indexOf,
  indicesOf,
  isVariable,
  type LowerContext,
  type Operation,
  rankedOf,
  scalar,
  shapeOf,
  termsOf,
  type UpdateContext,
  Value,
  type WholeContext,
  withBuilder,
} from "../../../src/ir/index.ts";

/** How a rule and the loops around it read an operand. */
export interface OperandRead {
  /** Whether each read of the rule reads an element in at most one iteration. */
  readonly once: boolean;
  /** The number of reads in the rule: an unrolled one has several. */
  readonly sites: number;
  /** Whether a subscript of a read is checked. */
  readonly isChecked: boolean;
  /** Whether the rule asks for the operand in memory. */
  readonly memory: boolean;
}

/** The rule for the whole result, where an operation has one. */
export function wholeOf(operation: Operation): ((x: WholeContext) => void) | null {
  const { lowering } = operation.op;
  return lowering?.kind === "nest" ? (lowering.whole?.(operation) ?? null) : null;
}

/** The reads of each operand of an operation that is lowered by a rule. */
export function readsOf(operation: Operation, scope: FuncScope): readonly OperandRead[] {
  const { lowering } = operation.op;
  const reads = operation.operands.map(() => ({
    sites: new Set<string>(),
    isReread: false,
    isChecked: false,
    memory: false,
  }));
  if (lowering?.kind !== "element" && lowering?.kind !== "nest" && lowering?.kind !== "update") return [];
  const builder = new BlockBuilder(new FuncScope(scope.dims.constraints, scope.signature));
  const whole = wholeOf(operation);
  const read = (i: number, subscripts: readonly Dim[]): Value => {
    reads[i].sites.add(subscripts.join());
    reads[i].isReread ||= !coversLoops(subscripts, currentBlock());
    reads[i].isChecked ||= mayFail(subscripts, currentBlock());
    return new Value(scalar(elementDType(operation.operands[i].type) ?? "f64"));
  };
  const context: WholeContext = {
    operation,
    element: read,
    hoisted: (i, subscripts, make) => make(read(i, subscripts)),
    memory(i) {
      reads[i].memory = true;
      return operation.operands[i];
    },
    shape: (type) => rankedOf(type).shape,
    write() {},
    written: () => new Value(scalar(elementDType(operation.results[0].type) ?? "f64")),
    scratch: (type) => new Value(type),
  };
  withBuilder(builder, () => {
    if (lowering.kind === "update") {
      // operand 0 is in memory when the rule begins
      reads[0].isReread = true;
      lowering.update(updateContext(context));
    } else if (whole !== null) whole(context);
    else lowering.element(context, indices(builder, shapeOf(operation.results[0])));
  });
  if (lowering.kind === "nest") for (const i of lowering.rereads?.(operation) ?? []) reads[i].isReread = true;
  return reads.map(({ sites, isReread, isChecked, memory }) => ({
    once: !isReread,
    sites: sites.size,
    isChecked,
    memory,
  }));
}

function indices(block: BlockBuilder, shape: readonly Dim[]): readonly Dim[] {
  return shape.map(() => indexDim(block.argument(scalar("index"))));
}

/** The context of an update rule, in which one block stands for the loops of a nest. */
function updateContext(context: LowerContext): UpdateContext {
  const { operation } = context;
  return {
    ...context,
    nest(shape, body) {
      const inner = new BlockBuilder(currentBlock().scope, currentBlock());
      withBuilder(inner, () => body(indices(inner, shape)));
    },
    read: () => new Value(scalar(elementDType(operation.results[0].type) ?? "f64")),
    write() {},
  };
}

/** Whether a subscript is the result of an operation that may fail. */
function mayFail(subscripts: readonly Dim[], inner: BlockBuilder): boolean {
  const values = indicesOf(subscripts);
  for (let b: BlockBuilder | null = inner; b !== null; b = b.parent)
    if (b.operations.some(({ op, results }) => op.effect === "mayFail" && results.some((v) => values.has(v))))
      return true;
  return false;
}

/** Whether the subscripts use every index around, so that no two iterations have equal ones. */
function coversLoops(subscripts: readonly Dim[], inner: BlockBuilder): boolean {
  const values = indicesOf(subscripts);
  const loops = new Set<Value>();
  for (let b: BlockBuilder | null = inner; b !== null; b = b.parent) {
    for (const v of b.arguments) if (elementDType(v.type) === "index") loops.add(v);
  }
  for (const v of loops) if (!values.has(v)) return false;
  return !subscripts.some((d) => slides(d, loops));
}

/** Whether a subscript adds indices of equal strides, as in overlapping windows: t + 1 and 0 give the element of t and 1. */
function slides(d: Dim, loops: ReadonlySet<Value>): boolean {
  const strides = new Set<number>();
  for (const { coefficient, factors } of termsOf(d)) {
    for (const f of factors) if (f.kind === "floor" && slides(f.numerator, loops)) return true;
    const [factor] = factors;
    const index = factors.length === 1 && isVariable(factor) ? indexOf(factor) : null;
    if (index === null || !loops.has(index)) continue;
    if (strides.has(Math.abs(coefficient))) return true;
    strides.add(Math.abs(coefficient));
  }
  return false;
}
