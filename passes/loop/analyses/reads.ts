// How an op's lowering rule reads its operands, found by running the rule once on a builder of its own.

import {
  BlockBuilder,
  type ContractionRule,
  currentBlock,
  type Dim,
  elementDType,
  indexDim,
  indexOf,
  indicesOf,
  isElementwise,
  isVariable,
  type LowerContext,
  type Operation,
  rankedOf,
  type Sites,
  scalar,
  shapeOf,
  shapeText,
  termsOf,
  type UpdateContext,
  Value,
  type WholeContext,
  withBuilder,
} from "../../../src/ir/index.ts";
import { contractionKind } from "./contraction-kind.ts";

/** How a rule and the loops around it read an operand. */
export interface OperandRead {
  /** Whether each read of the rule reads an element in at most one iteration. */
  readonly once: boolean;
  /** The number of reads in the rule, and in what is written out of it. */
  readonly sites: number;
  /** Whether the rule asks for the operand in memory. */
  readonly memory: boolean;
  /** The axes of the operand at which every read has a loop's own index, with the number of that loop. */
  readonly along: ReadonlyMap<number, number>;
}

/** The rule for the whole result, where an operation has one. */
export function wholeOf(operation: Operation): ((x: WholeContext) => void) | null {
  const contraction = contractionOf(operation);
  if (contraction !== null) return (cx) => contraction.emit(cx);
  const { lowering } = operation.op;
  return lowering?.kind === "nest" ? (lowering.whole?.(operation) ?? null) : null;
}

/** The contraction that computes the whole result, of sums of products that gain by one. */
export function contractionOf(operation: Operation): ContractionRule | null {
  const { lowering } = operation.op;
  const rule = lowering?.kind === "nest" ? lowering.contraction?.(operation) : undefined;
  return rule === undefined || contractionKind(rule) === "plain" ? null : rule;
}

/**
 * The contraction in whose last region one nest can compute everything at its outermost site: all of that is computed
 * element by element, of its sums and of memory. Null where there is none.
 */
export function epilogueOf({ outermost }: Sites): Operation | null {
  const [sums, ...more] = outermost.members.filter((operation) => contractionOf(operation) !== null);
  if (sums === undefined || more.length > 0 || shapeText(sums.results[0]) !== outermost.covers) return null;
  return outermost.members.every((operation) => operation === sums || isPointwise(operation)) ? sums : null;
}

/** Whether an element takes neither a loop nor a decision about the subscript. */
export function isPointwise(operation: Operation): boolean {
  const { lowering, traits } = operation.op;
  return isElementwise(operation) || traits.constant || (lowering?.kind === "element" && lowering.pieces === undefined);
}

/** The reads of each operand of an operation that is lowered by a rule. */
export function readsOf(operation: Operation): readonly OperandRead[] {
  const { lowering } = operation.op;
  const reads = operation.operands.map(() => ({
    sites: new Set<string>(),
    isReread: false,
    memory: false,
    along: null as ReadonlyMap<number, number> | null,
  }));
  if (lowering?.kind !== "element" && lowering?.kind !== "nest" && lowering?.kind !== "update") return [];
  const builder = new BlockBuilder();
  const whole = wholeOf(operation);
  let loops: readonly Dim[] = [];
  const read = (i: number, subscripts: readonly Dim[]): Value => {
    reads[i].along = common(reads[i].along, subscripts, loops);
    reads[i].sites.add(subscripts.join());
    reads[i].isReread ||= !coversLoops(subscripts, currentBlock());
    return new Value(scalar(elementDType(operation.operands[i].type) ?? "f64"));
  };
  const context: WholeContext = {
    operation,
    element: read,
    outermost: (i, subscripts, make) => make(read(i, subscripts)),
    memory(i) {
      reads[i].memory = true;
      return operation.operands[i];
    },
    shape: (type) => rankedOf(type).shape,
    write() {},
    written: () => new Value(scalar(elementDType(operation.results[0].type) ?? "f64")),
  };
  withBuilder(builder, () => {
    if (lowering.kind === "update") {
      // operand 0 is in memory when the rule begins
      reads[0].isReread = true;
      const columns = new Columns();
      lowering.update(updateContext(context, columns, (at) => (loops = at)));
      reads[0].along = columns.along;
    } else if (whole !== null) whole(context);
    else {
      loops = indices(builder, shapeOf(operation.results[0]));
      lowering.element(context, loops);
    }
  });
  if (lowering.kind === "nest") for (const i of lowering.rereads?.(operation) ?? []) reads[i].isReread = true;
  const copies = (lowering.kind === "nest" && lowering.copies?.(operation)) || 1;
  return reads.map(({ sites, isReread, memory, along }) => ({
    once: !isReread,
    sites: sites.size * copies,
    memory,
    along: along ?? nowhere,
  }));
}

/**
 * Whether an operand of the operations that compute operand `k` of an update in place is read, in each iteration, only in the
 * column of the tensor that this very iteration writes to: then no iteration reads what another one has overwritten.
 */
export function isInStep(update: readonly OperandRead[], k: number, read: OperandRead | undefined): boolean {
  return [...(update[0]?.along ?? nowhere)].some(([axis, loop]) => {
    const at = read?.along.get(axis);
    return at !== undefined && update[k].along.get(at) === loop;
  });
}

const nowhere: ReadonlyMap<number, number> = new Map();

/** What holds of the reads so far and of one at these subscripts. */
function common(
  before: ReadonlyMap<number, number> | null,
  subscripts: readonly Dim[],
  loops: readonly Dim[],
): ReadonlyMap<number, number> {
  const names = loops.map(String);
  const along = subscripts.map((d, axis) => [axis, names.indexOf(String(d))] as const);
  return new Map(along.filter(([axis, loop]) => loop >= 0 && (before === null || before.get(axis) === loop)));
}

/**
 * The axes along which an update writes to the column of its own iteration: it has one nest, of one loop that counts, and
 * each iteration writes one element, last of all.
 */
class Columns {
  #nests = 0;
  #writes = 0;
  #isOneLoop = false;
  #along: ReadonlyMap<number, number> = nowhere;

  get along(): ReadonlyMap<number, number> {
    return this.#nests === 1 && this.#writes === 1 && this.#isOneLoop ? this.#along : nowhere;
  }

  nest(shape: readonly Dim[]): void {
    this.#nests++;
    this.#isOneLoop = shape.filter((d) => d !== 1).length === 1;
  }

  write(subscripts: readonly Dim[], loops: readonly Dim[], shape: readonly Dim[]): void {
    this.#writes++;
    const along = common(null, subscripts, loops);
    this.#along = new Map([...along].filter(([, loop]) => shape[loop] !== 1));
  }
}

function indices(block: BlockBuilder, shape: readonly Dim[]): readonly Dim[] {
  return shape.map(() => indexDim(block.argument(scalar("index"))));
}

/** The context of an update rule, in which one block stands for the loops of a nest. */
function updateContext(context: LowerContext, columns: Columns, enter: (loops: readonly Dim[]) => void): UpdateContext {
  const { operation } = context;
  let [loops, shape]: readonly (readonly Dim[])[] = [[], []];
  return {
    ...context,
    nest(extents, body) {
      columns.nest(extents);
      const inner = new BlockBuilder(currentBlock().scope, currentBlock());
      [loops, shape] = [indices(inner, extents), extents];
      enter(loops);
      withBuilder(inner, () => body(loops));
    },
    read: () => new Value(scalar(elementDType(operation.results[0].type) ?? "f64")),
    write: (_, at) => columns.write(at, loops, shape),
  };
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
