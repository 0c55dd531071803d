// Elements of tensors as scalars at subscripts, and the loop nests that compute whole tensors from them.

import {
  type Attribute,
  affineOperands,
  asAtom,
  type BlockBuilder,
  currentBlock,
  Dense,
  type Dim,
  type DType,
  elementDType,
  emit,
  fail,
  indexDim,
  indicesOf,
  isScalar,
  type LowerContext,
  memref,
  type Operation,
  type Part,
  Replacements,
  rankedOf,
  scalar,
  shapeOf,
  type Type,
  type UpdateContext,
  type Value,
  ValueMap,
  ValueSet,
  type WholeContext,
  withBuilder,
} from "../../../src/ir/index.ts";
import { alloc, forLoop, load, loadOp, store } from "../../../src/ops/index.ts";
import { isElementwise, type Place, type Placements } from "./placement.ts";
import { wholeOf } from "./reads.ts";

/** Memory that holds a tensor: `memory[prefix…, at…]` is its element at `at`. */
export interface Buffer {
  readonly memory: Value;
  readonly prefix: readonly Dim[];
}

/** A tensor that is computed rather than in memory. */
interface Computed {
  readonly operation: Operation;
  readonly placements: Placements;
}

/** A scalar made from an element of an operand, in the block where it stands. */
interface Derived {
  readonly value: Value;
  readonly block: BlockBuilder;
}

/** One nest of a tensor: its extents, where an element goes, and what it is. */
interface NestPart {
  readonly shape: readonly Dim[];
  place(at: readonly Dim[]): readonly Dim[];
  element(at: readonly Dim[]): Value;
}

const indexNames = ["i", "j", "k", "l", "m", "n"];

/** What the lowering of one function knows of its values. */
export class Nests {
  /** The function's own block: memory and constants stand there, outside of every loop. */
  readonly top: BlockBuilder;
  /** Memory for results that the function gets all zero. */
  readonly zeroed = new ValueSet();
  /** The block whose operations are being lowered: nests stand in it. */
  base: BlockBuilder;
  /** Scalars under their new values. */
  readonly scalars = new Replacements();
  readonly buffers = new ValueMap<Buffer>();
  readonly computed = new ValueMap<Computed>();
  /** What rules derived from elements, and the block that holds each. */
  readonly #derived = new Map<string, Derived>();
  readonly #homes = new ValueMap<BlockBuilder>();
  /** Scalars already computed, by subscripts and value, in the block that holds them. */
  readonly #known = new WeakMap<BlockBuilder, Map<string, ValueMap<Value>>>();
  readonly #constants = new Map<string, Value>();
  /** The text of subscripts, which a whole nest shares. */
  readonly #keys = new WeakMap<readonly Dim[], string>();

  constructor(top: BlockBuilder) {
    this.top = top;
    this.base = top;
  }

  // ---- elements -----------------------------------------------------------------------------------------------------

  /** The scalar at a subscript: known here already, loaded, or computed now. */
  element(value: Value, at: readonly Dim[]): Value {
    if (isScalar(value.type)) return this.scalars.get(value);
    const key = this.#keyOf(at);
    const known = this.#lookup(value, key);
    if (known !== undefined) return known;
    const buffer = this.buffers.get(value);
    if (buffer !== undefined) return this.#load(buffer, at, value, key);
    const computed = this.computed.get(value);
    if (computed === undefined) throw new Error(`internal invariant broken: %${value.name ?? value.id} is nowhere`);
    return this.#remember(currentBlock(), value, key, this.compute(computed, at));
  }

  /** Everything that is computed at these subscripts, in order, so that no rule has to go down a chain. */
  computePlace(place: Place, at: readonly Dim[]): void {
    for (let i = place.members.length - 1; i >= 0; i--) {
      const member = place.members[i];
      if (!this.#isMoveOfMemory(member)) this.element(member.results[0], at);
    }
  }

  /** Loaded where it is read: loads in the order of the operands run faster (measured: 1.08 for a matrix plus a row). */
  #isMoveOfMemory({ op, operands }: Operation): boolean {
    return op.traits.moves && operands.every((v) => isScalar(v.type) || this.buffers.has(v));
  }

  /** One scalar of an operation's result: the same op on scalars, or what its rule emits. */
  compute({ operation, placements }: Computed, at: readonly Dim[]): Value {
    const { op, operands, results, attributes, origin } = operation;
    const [{ type, name }] = results;
    if (op.traits.constant) return this.#constant(operation);
    if (op.scalar !== null) {
      const scalars = operands.map((v) => this.element(v, at));
      return emit(op, scalars, { attributes, origin, types: [scalarOf(type)], names: [name] })[0];
    }
    if (isElementwise(operation)) return this.element(operands[0], at);
    if (op.lowering?.kind !== "element" && op.lowering?.kind !== "nest") {
      return fail("no-eval", `${op.name} has no lowering: a pass has to resolve it first`, { origin });
    }
    currentBlock().origin = origin;
    return op.lowering.element(this.context(operation, placements), at);
  }

  /** The nests that write the whole of a tensor, and what each computes: its op's parts, else all at once. */
  partsOf(computed: Computed, place: Place): readonly NestPart[] {
    const { operation, placements } = computed;
    const { lowering } = operation.op;
    const parts = lowering?.kind === "element" ? lowering.parts?.(operation) : undefined;
    if (parts !== undefined) {
      const context = this.context(operation, placements);
      const element = (part: Part, at: readonly Dim[]): Value => {
        currentBlock().origin = operation.origin;
        return part.element(context, at);
      };
      return parts.map((part) => ({ ...part, element: (at) => element(part, at) }));
    }
    const element = (at: readonly Dim[]): Value => {
      this.computePlace(place, at);
      return this.compute(computed, at);
    };
    return [{ shape: shapeOf(operation.results[0]), place: (at) => at, element }];
  }

  /** Writes the whole of a tensor as its op's rule does; false where it has none. */
  whole({ operation, placements }: Computed, result: Pick<WholeContext, "write" | "written">): boolean {
    const whole = wholeOf(operation);
    if (whole === null) return false;
    currentBlock().origin = operation.origin;
    const scratch = (type: Type, name: string): Value => this.allocate(type, name).memory;
    whole({ ...this.context(operation, placements), ...result, scratch });
    return true;
  }

  /** What the rule of an operation sees. */
  context(operation: Operation, placements: Placements): LowerContext {
    const element = (i: number, at: readonly Dim[]): Value => {
      const place = placements.place(operation, i);
      if (place !== undefined) this.computePlace(place, at);
      const value = this.element(operation.operands[i], at);
      currentBlock().origin = operation.origin;
      return value;
    };
    return {
      operation,
      element,
      derived: (i, at, make) => this.#derive(operation, i, at, element(i, at), make),
      memory: (i) => this.memoryOf(operation.operands[i]),
      shape: (type) => rankedOf(type).shape,
    };
  }

  /** What a rule that changes memory sees: reads and writes stay where they are, in order. */
  changing(operation: Operation, placements: Placements, { memory, prefix }: Buffer): UpdateContext {
    return {
      ...this.context(operation, placements),
      nest: (shape, body) => this.nest(shape, body),
      read: (at) => load(memory, [...prefix, ...at]),
      write: (element, at) => store(element, memory, [...prefix, ...at]),
    };
  }

  /** Stands in the outermost loop where the element is known, but never outside of a branch. */
  #derive(operation: Operation, i: number, at: readonly Dim[], element: Value, make: (element: Value) => Value): Value {
    const key = `${operation.results[0].id} ${i} ${this.#keyOf(at)}`;
    const known = this.#derived.get(key);
    if (known !== undefined && currentBlock().isWithin(known.block)) return known.value;
    let block = currentBlock();
    while (block !== this.base && block.parent !== null && isLoopBody(block) && !this.#holds(block, element)) {
      block = block.parent;
    }
    block.origin = operation.origin;
    const value = withBuilder(block, () => make(element));
    this.#derived.set(key, { value, block });
    this.#homes.set(value, block);
    return value;
  }

  /** Whether an element is computed, loaded or passed in this very block. */
  #holds(block: BlockBuilder, element: Value): boolean {
    return this.#homes.get(element) === block || block.arguments.includes(element);
  }

  /** One for the whole function. */
  #constant({ op, attributes, results, origin }: Operation): Value {
    const [{ type, name }] = results;
    const value = only(attributes.value, scalarOf(type).dtype);
    const key = `${scalarOf(type).dtype} ${Object.is(value, -0) ? "-0" : String(value)}`;
    let known = this.#constants.get(key);
    if (known === undefined) {
      const options = { attributes: { value }, origin, types: [scalarOf(type)], names: [name] };
      this.#constants.set(key, (known = this.top.emit(op, [], options)[0]));
    }
    return known;
  }

  /** Loads as far outside as the subscripts allow. */
  #load({ memory, prefix }: Buffer, at: readonly Dim[], value: Value, key: string): Value {
    const subscripts = [...prefix, ...at];
    const block = isPlain(subscripts, shapeOf(memory)) ? this.#outermost(subscripts) : currentBlock();
    const { dims, operands } = affineOperands(subscripts);
    const options = { attributes: { at: dims }, segments: [1, operands.length], names: [value.name] };
    const [loaded] = block.emit(loadOp, [memory, ...operands], options);
    return this.#remember(block, value, key, loaded);
  }

  /** The outermost loop of the present nest where all the subscripts' indices are known. */
  #outermost(at: readonly Dim[]): BlockBuilder {
    const needed = [...indicesOf(at)];
    const inner = currentBlock();
    // an index of unknown home may stand anywhere
    if (!needed.every((v) => this.#homes.has(v) || isArgument(v, inner))) return inner;
    let block = inner;
    while (block !== this.base && block.parent !== null && isLoopBody(block)) {
      const here = block;
      if (needed.some((v) => this.#holds(here, v))) return block;
      block = block.parent;
    }
    return block;
  }

  #keyOf(at: readonly Dim[]): string {
    let key = this.#keys.get(at);
    if (key === undefined) this.#keys.set(at, (key = at.join()));
    return key;
  }

  #lookup(value: Value, key: string): Value | undefined {
    for (let b: BlockBuilder | null = currentBlock(); b !== null; b = b.parent) {
      const known = this.#known.get(b)?.get(key)?.get(value);
      if (known !== undefined) return known;
    }
    return undefined;
  }

  #remember(block: BlockBuilder, value: Value, key: string, element: Value): Value {
    let known = this.#known.get(block);
    if (known === undefined) this.#known.set(block, (known = new Map()));
    let elements = known.get(key);
    if (elements === undefined) known.set(key, (elements = new ValueMap()));
    elements.set(value, element);
    if (!this.#homes.has(element)) this.#homes.set(element, block);
    return element;
  }

  // ---- memory -------------------------------------------------------------------------------------------------------

  /** Fresh memory for a tensor, outside of every loop. */
  allocate(type: Type, name: string | null): Buffer {
    const dtype = elementDType(type) ?? "f64";
    return { memory: withBuilder(this.top, () => alloc(memref(dtype, rankedOf(type).shape), name)), prefix: [] };
  }

  /** A tensor in memory of its own shape: where it is, else a copy. */
  memoryOf(value: Value): Value {
    const buffer = this.buffers.get(value);
    if (buffer !== undefined && buffer.prefix.length === 0) return buffer.memory;
    const copy = this.allocate(value.type, value.name);
    this.copy(value, copy);
    return copy.memory;
  }

  /** Writes every element of a tensor. */
  copy(value: Value, to: Buffer): void {
    this.nest(shapeOf(value), (at) => store(this.element(value, at), to.memory, [...to.prefix, ...at]));
  }

  /** Loops over a shape, the last axis innermost; an axis of extent 1 needs none. */
  nest(shape: readonly Dim[], body: (at: readonly Dim[]) => void): void {
    const open = (at: readonly Dim[]): void => {
      if (at.length === shape.length) {
        body(at);
        return;
      }
      if (shape[at.length] === 1) {
        open([...at, 0]);
        return;
      }
      const name = indexNames[at.length] ?? `i${at.length}`;
      const step = (index: Value): readonly Value[] => {
        open([...at, indexDim(index)]);
        return [];
      };
      forLoop(0, shape[at.length], 1, [], step, [name]);
    };
    open([]);
  }
}

/** The value of a constant whose elements are all the same; of one without elements, any. */
function only(value: Attribute, dtype: DType): number | boolean {
  const x = value instanceof Dense ? (value.size > 0 ? value.at(0) : 0) : Number(value);
  return dtype === "bool" ? x !== 0 : x;
}

function scalarOf(type: Type) {
  return scalar(elementDType(type) ?? "f64");
}

/** Whether each subscript is an index, or a number that is surely in range, so that a load may move outwards. */
function isPlain(at: readonly Dim[], shape: readonly Dim[]): boolean {
  return at.every((d, axis) => {
    const extent = shape[axis];
    if (typeof d === "number") return typeof extent === "number" && d < extent;
    return asAtom(d)?.kind === "index";
  });
}

function isArgument(value: Value, inner: BlockBuilder): boolean {
  for (let b: BlockBuilder | null = inner; b !== null; b = b.parent) if (b.arguments.includes(value)) return true;
  return false;
}

function isLoopBody(block: BlockBuilder): boolean {
  return block.arguments.length > 0 && elementDType(block.arguments[0].type) === "index";
}
