// Elements of tensors as scalars at subscripts, and the loop nests that compute whole tensors from them.

import {
  type Attribute,
  affineOperands,
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
  isElementwise,
  isScalar,
  type LowerContext,
  memref,
  type Operation,
  ownAttributes,
  Replacements,
  rankedOf,
  type Site,
  type Sites,
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
import { type AllocAttributes, alloc, forLoop, load, loadOp, store } from "../../../src/ops/index.ts";
import { contractionOf, wholeOf } from "../analyses/reads.ts";

/** Memory of a tensor: `memory[prefix…, at…]` is its element at `at`. */
export interface Buffer {
  readonly memory: Value;
  readonly prefix: readonly Dim[];
}

/** A tensor that is computed where it is read, rather than in memory: its operation, and the sites of its group. */
export interface Computed {
  readonly operation: Operation;
  readonly sites: Sites;
}

/** The scalars that tensors are at one place of a nest, where all are read at the same subscripts. */
export type Elements = Map<Value, Value>;

const indexNames = ["i", "j", "k", "l", "m", "n"];

/** What a loop with such a body is. */
export type LoopFor = Parameters<typeof forLoop>[6];

/** The elements and memory of the tensors of one function. */
export class Nests {
  /** The function's own block, in which constants are made, outside of every loop. */
  readonly top: BlockBuilder;
  /** The loops whose iterations each compute elements of their own; `for` where left out. */
  readonly apart: LoopFor;
  /** Memory for results that is passed zeroed where that is asked for. */
  readonly mayBeZeroed = new ValueSet();
  readonly #zeroed = new ValueSet();
  /** The block whose operations are being lowered: memory is made there, and no check stands in front of it. */
  base: BlockBuilder;
  /** The new values of scalars. */
  readonly scalars = new Replacements();
  readonly buffers = new ValueMap<Buffer>();
  readonly computed = new ValueMap<Computed>();
  /** The memory of results that are stored where a nest reads them. */
  readonly storedInside = new ValueMap<Buffer>();

  constructor(top: BlockBuilder, apart: LoopFor) {
    this.apart = apart;
    this.top = top;
    this.base = top;
  }

  /** Whether memory is passed zeroed, as is leant on from now on. */
  askForZeros(memory: Value): boolean {
    if (this.mayBeZeroed.has(memory)) this.#zeroed.add(memory);
    return this.#zeroed.has(memory);
  }

  leansOnZeros(memory: Value): boolean {
    return this.#zeroed.has(memory);
  }

  // ---- elements -----------------------------------------------------------------------------------------------------

  /** The scalar at a subscript: one that is known there, loaded, or computed now. */
  element(value: Value, at: readonly Dim[], known: Elements = new Map()): Value {
    if (isScalar(value.type)) return this.scalars.get(value);
    const there = known.get(value);
    if (there !== undefined) return there;
    const buffer = this.buffers.get(value);
    const element = buffer === undefined ? this.#computed(value, at, known) : this.#load(buffer, at, value);
    known.set(value, element);
    return element;
  }

  #computed(value: Value, at: readonly Dim[], known: Elements): Value {
    const computed = this.computed.get(value);
    if (computed === undefined) throw new Error(`internal invariant broken: %${value.name ?? value.id} is nowhere`);
    return this.compute(computed, at, known);
  }

  /** Computes all members of a site in order of definition, so that no rule recurses along a chain of them. */
  computeSite(site: Site, at: readonly Dim[], known: Elements): void {
    for (let i = site.members.length - 1; i >= 0; i--) {
      const member = site.members[i];
      if (!this.#isMoveOfMemory(member)) this.element(member.results[0], at, known);
    }
  }

  /**
   * Such a move is loaded where it is read: loads in the order of operands run faster (measured: 1.08 for a matrix plus a
   * row).
   */
  #isMoveOfMemory({ op, operands }: Operation): boolean {
    return op.traits.moves && operands.every((v) => isScalar(v.type) || this.buffers.has(v));
  }

  /** One scalar of an operation's result: by the same op on scalars, or by its rule. */
  compute({ operation, sites }: Computed, at: readonly Dim[], known: Elements = new Map()): Value {
    const { op, operands, results, origin } = operation;
    const [{ type, name }] = results;
    if (op.traits.constant) return this.#constant(operation);
    if (op.scalar !== null) {
      const scalars = operands.map((v) => {
        // what is loaded belongs to what reads it
        currentBlock().origin = origin;
        return this.element(v, at, known);
      });
      const attributes = ownAttributes(operation);
      return emit(op, scalars, { attributes, origin, types: [scalarOf(type)], names: [name] })[0];
    }
    if (isElementwise(operation)) return this.element(operands[0], at, known);
    if (op.lowering?.kind !== "element" && op.lowering?.kind !== "nest") {
      return fail("no-eval", `${op.name} has no lowering: a pass has to resolve it first`, { origin });
    }
    currentBlock().origin = origin;
    return op.lowering.element(this.context(operation, sites), at);
  }

  /** Writes a whole tensor by its op's own nests for that, all of it or piece by piece; false where it has none. */
  whole({ operation, sites }: Computed, { write, written }: Pick<WholeContext, "write" | "written">): boolean {
    const { lowering } = operation.op;
    const whole = wholeOf(operation);
    const pieces = lowering?.kind === "element" ? lowering.pieces?.(operation) : undefined;
    const context = this.context(operation, sites);
    currentBlock().origin = operation.origin;
    if (whole !== null) whole({ ...context, write, written });
    for (const piece of pieces ?? []) {
      this.nest(piece.shape, (at) => {
        currentBlock().origin = operation.origin;
        const element = piece.element(context, at);
        write(piece.position(at), element);
      });
    }
    return whole !== null || pieces !== undefined;
  }

  /** Sums of products: `body` gets the subscripts of each, at which it is the element of the operation's result. */
  contract(operation: Operation, sites: Sites, body: (at: readonly Dim[], known: Elements) => void): void {
    const [result] = operation.results;
    currentBlock().origin = operation.origin;
    contractionOf(operation)?.emit({
      ...this.context(operation, sites),
      write: (at, sum) => body(at, new Map([[result, sum]])),
    });
  }

  /** The context of an operation's rule. */
  context(operation: Operation, sites: Sites): LowerContext {
    const element = (i: number, at: readonly Dim[]): Value => {
      const site = sites.inner(operation, i);
      const known: Elements = new Map();
      if (site !== undefined) this.computeSite(site, at, known);
      const value = this.element(operation.operands[i], at, known);
      if (site !== undefined) this.#storeAt(sites.storedIn(site), at, known);
      currentBlock().origin = operation.origin;
      return value;
    };
    return {
      operation,
      element,
      outermost: (i, at, make) =>
        withBuilder(this.#loopOf(at), () => {
          currentBlock().origin = operation.origin;
          return make(element(i, at));
        }),
      memory: (i) => this.memoryOf(operation.operands[i]),
      shape: (type) => rankedOf(type).shape,
    };
  }

  #storeAt(values: readonly Value[], at: readonly Dim[], known: Elements): void {
    for (const v of values) {
      const buffer = this.storedInside.get(v);
      const element = this.element(v, at, known);
      currentBlock().origin = this.computed.get(v)?.operation.origin ?? null;
      if (buffer !== undefined) store(element, buffer.memory, [...buffer.prefix, ...at]);
    }
  }

  /** The context of an update rule. */
  updateContext(operation: Operation, sites: Sites, { memory, prefix }: Buffer): UpdateContext {
    return {
      ...this.context(operation, sites),
      nest: (shape, body) => this.nest(shape, body),
      read: (at) => load(memory, [...prefix, ...at]),
      write: (element, at) => store(element, memory, [...prefix, ...at]),
    };
  }

  /** A constant of rank 0, in front of every loop: what only writes constants holds nothing else. */
  #constant({ op, attributes, results, origin }: Operation): Value {
    const [{ type, name }] = results;
    const value = only(attributes.value, scalarOf(type).dtype);
    return this.top.emit(op, [], { attributes: { value }, origin, types: [scalarOf(type)], names: [name] })[0];
  }

  #load({ memory, prefix }: Buffer, at: readonly Dim[], value: Value): Value {
    const { dims, operands } = affineOperands([...prefix, ...at]);
    return emit(loadOp, [memory, ...operands], {
      attributes: { at: dims },
      segments: [1, operands.length],
      names: [value.name],
    })[0];
  }

  /** The outermost loop of the current nest that has the subscripts. */
  #loopOf(at: readonly Dim[]): BlockBuilder {
    const needed = [...indicesOf(at)];
    let block = currentBlock();
    // an index that no loop counts may be defined anywhere
    if (!needed.every((v) => isArgument(v, block))) return block;
    while (block !== this.base && block.parent !== null && isLoopBody(block)) {
      const here = block;
      if (needed.some((v) => here.arguments.includes(v))) return block;
      block = block.parent;
    }
    return block;
  }

  // ---- memory -------------------------------------------------------------------------------------------------------

  /** Fresh memory for a tensor of the block that is being lowered. */
  allocate(type: Type, name: string | null, init: AllocAttributes["init"] = "any"): Buffer {
    const memory = memref(elementDType(type) ?? "f64", rankedOf(type).shape);
    return { memory: withBuilder(this.base, () => alloc(memory, name, init)), prefix: [] };
  }

  /** A tensor in memory of its own shape: its own memory, or a copy. */
  memoryOf(value: Value): Value {
    const buffer = this.buffers.get(value);
    if (buffer !== undefined && buffer.prefix.length === 0) return buffer.memory;
    const copy = this.allocate(value.type, value.name);
    this.copy(value, copy);
    return copy.memory;
  }

  /** Writes every element of a tensor. */
  copy(value: Value, to: Buffer): void {
    const write = (at: readonly Dim[]): void => store(this.element(value, at), to.memory, [...to.prefix, ...at]);
    this.nest(shapeOf(value), write, this.apart);
  }

  /** Loops over a shape, the last axis innermost; an axis of extent 1 needs none. */
  nest(shape: readonly Dim[], body: (at: readonly Dim[]) => void, opFor: LoopFor = undefined): void {
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
      const iteration = (index: Value): readonly Value[] => {
        open([...at, indexDim(index)]);
        return [];
      };
      forLoop(0, shape[at.length], 1, [], iteration, [name], opFor);
    };
    open([]);
  }
}

/** The splat of a constant; any number for one without elements. */
function only(value: Attribute, dtype: DType): number | boolean {
  const x = value instanceof Dense ? (value.size > 0 ? value.at(0) : 0) : Number(value);
  return dtype === "bool" ? x !== 0 : x;
}

function scalarOf(type: Type) {
  return scalar(elementDType(type) ?? "f64");
}

function isArgument(value: Value, inner: BlockBuilder): boolean {
  for (let b: BlockBuilder | null = inner; b !== null; b = b.parent) if (b.arguments.includes(value)) return true;
  return false;
}

function isLoopBody(block: BlockBuilder): boolean {
  return block.arguments.length > 0 && elementDType(block.arguments[0].type) === "index";
}
