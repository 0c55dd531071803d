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

/** A scalar computed from an element of an operand, and the block that it was hoisted to. */
interface Hoisted {
  readonly value: Value;
  readonly block: BlockBuilder;
}

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
  /** The block whose operations are being lowered. Nothing is hoisted out of it. */
  base: BlockBuilder;
  /** The new values of scalars. */
  readonly scalars = new Replacements();
  readonly buffers = new ValueMap<Buffer>();
  readonly computed = new ValueMap<Computed>();
  /** The memory of results that are stored where a nest reads them. */
  readonly storedInside = new ValueMap<Buffer>();
  /** Scalars that rules computed from elements, and hoisted. */
  readonly #hoisted = new Map<string, Hoisted>();
  /** The block that defines each scalar. */
  readonly #definedIn = new ValueMap<BlockBuilder>();
  /** Elements that were computed or loaded already, by block, subscripts and tensor. */
  readonly #memo = new WeakMap<BlockBuilder, Map<string, ValueMap<Value>>>();
  readonly #constants = new Map<string, Value>();
  /** The text of subscripts, as a key. */
  readonly #keys = new WeakMap<readonly Dim[], string>();

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

  /** The scalar at a subscript: available here already, loaded, or computed now. */
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

  /** Computes all members of a site in order of definition, so that no rule recurses along a chain of them. */
  computeSite(site: Site, at: readonly Dim[]): void {
    for (let i = site.members.length - 1; i >= 0; i--) {
      const member = site.members[i];
      if (!this.#isMoveOfMemory(member)) this.element(member.results[0], at);
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
  compute({ operation, sites }: Computed, at: readonly Dim[]): Value {
    const { op, operands, results, origin } = operation;
    const [{ type, name }] = results;
    if (op.traits.constant) return this.#constant(operation);
    if (op.scalar !== null) {
      const scalars = operands.map((v) => {
        // what is loaded belongs to what reads it
        currentBlock().origin = origin;
        return this.element(v, at);
      });
      const attributes = ownAttributes(operation);
      return emit(op, scalars, { attributes, origin, types: [scalarOf(type)], names: [name] })[0];
    }
    if (isElementwise(operation)) return this.element(operands[0], at);
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
  contract(operation: Operation, sites: Sites, body: (at: readonly Dim[]) => void): void {
    const [result] = operation.results;
    const write = (at: readonly Dim[], sum: Value): void => {
      this.#remember(currentBlock(), result, this.#keyOf(at), sum);
      body(at);
    };
    currentBlock().origin = operation.origin;
    contractionOf(operation)?.emit({
      ...this.context(operation, sites),
      write,
      written: (at) => this.element(result, at),
    });
  }

  /** The context of an operation's rule. */
  context(operation: Operation, sites: Sites): LowerContext {
    const element = (i: number, at: readonly Dim[]): Value => {
      const site = sites.inner(operation, i);
      if (site !== undefined) this.computeSite(site, at);
      const value = this.element(operation.operands[i], at);
      if (site !== undefined) this.#storeAt(sites.storedIn(site), at);
      currentBlock().origin = operation.origin;
      return value;
    };
    return {
      operation,
      element,
      hoisted: (i, at, make) => this.#hoist(operation, i, at, element(i, at), make),
      memory: (i) => this.memoryOf(operation.operands[i]),
      shape: (type) => rankedOf(type).shape,
    };
  }

  #storeAt(values: readonly Value[], at: readonly Dim[]): void {
    for (const v of values) {
      const buffer = this.storedInside.get(v);
      const element = this.element(v, at);
      currentBlock().origin = this.computed.get(v)?.operation.origin ?? null;
      if (buffer !== undefined) store(element, buffer.memory, [...buffer.prefix, ...at]);
    }
  }

  /** The context of an update rule. Its reads and writes stay in order, and are not hoisted. */
  updateContext(operation: Operation, sites: Sites, { memory, prefix }: Buffer): UpdateContext {
    return {
      ...this.context(operation, sites),
      nest: (shape, body) => this.nest(shape, body),
      read: (at) => load(memory, [...prefix, ...at]),
      write: (element, at) => store(element, memory, [...prefix, ...at]),
    };
  }

  /** Hoists a scalar to the outermost loop in which the element is available, but never out of a branch. */
  #hoist(operation: Operation, i: number, at: readonly Dim[], element: Value, make: (element: Value) => Value): Value {
    const key = `${operation.results[0].id} ${i} ${this.#keyOf(at)}`;
    const known = this.#hoisted.get(key);
    if (known !== undefined && currentBlock().isWithin(known.block)) return known.value;
    let block = currentBlock();
    while (block !== this.base && block.parent !== null && isLoopBody(block) && !this.#holds(block, element)) {
      block = block.parent;
    }
    block.origin = operation.origin;
    const value = withBuilder(block, () => make(element));
    this.#hoisted.set(key, { value, block });
    this.#definedIn.set(value, block);
    return value;
  }

  /** Whether this very block defines an element: computes it, loads it, or has it as an argument. */
  #holds(block: BlockBuilder, element: Value): boolean {
    return this.#definedIn.get(element) === block || block.arguments.includes(element);
  }

  /** A constant of rank 0, made once for the whole function. */
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

  /** Loads an element, hoisted as far as the subscripts allow. */
  #load({ memory, prefix }: Buffer, at: readonly Dim[], value: Value, key: string): Value {
    const subscripts = [...prefix, ...at];
    const block = isPlain(subscripts, shapeOf(memory)) ? this.#outermost(subscripts) : currentBlock();
    const { dims, operands } = affineOperands(subscripts);
    const [loaded] = block.emit(loadOp, [memory, ...operands], {
      attributes: { at: dims },
      segments: [1, operands.length],
      names: [value.name],
      origin: currentBlock().origin,
    });
    return this.#remember(block, value, key, loaded);
  }

  /** The outermost loop of the current nest in which all indices of the subscripts are available. */
  #outermost(at: readonly Dim[]): BlockBuilder {
    const needed = [...indicesOf(at)];
    const inner = currentBlock();
    // an index whose block is unknown may be defined anywhere
    if (!needed.every((v) => this.#definedIn.has(v) || isArgument(v, inner))) return inner;
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
      const known = this.#memo.get(b)?.get(key)?.get(value);
      if (known !== undefined) return known;
    }
    return undefined;
  }

  #remember(block: BlockBuilder, value: Value, key: string, element: Value): Value {
    let known = this.#memo.get(block);
    if (known === undefined) this.#memo.set(block, (known = new Map()));
    let elements = known.get(key);
    if (elements === undefined) known.set(key, (elements = new ValueMap()));
    elements.set(value, element);
    if (!this.#definedIn.has(element)) this.#definedIn.set(element, block);
    return element;
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

/** Whether each subscript is an index, or a number that is surely in range, so that a load may be hoisted. */
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
