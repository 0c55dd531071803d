// Lowers one block to the loop level: tensors become nests, scalars stay as they are, regions are lowered recursively.

import {
  type Block,
  countUses,
  currentBlock,
  type Dim,
  elementDType,
  emit,
  fail,
  isDirect,
  isScalar,
  makeBlock,
  memref,
  type Operation,
  type ProcedureContext,
  type Reuses,
  rankedOf,
  reusedBy,
  Sites,
  shapeOf,
  type UpdateContext,
  type Value,
  ValueMap,
  withBuilder,
} from "../../../src/ir/index.ts";
import { isDenseConstant, isFusible, load, store, view } from "../../../src/ops/index.ts";
import { isLowered } from "../analyses/lowered.ts";
import { isMoveInto } from "../analyses/overwrites.ts";
import { epilogueOf } from "../analyses/reads.ts";
import { fusionGroupOf, isGroup, readsInStep } from "../analyses/sites.ts";
import type { Buffer, Computed, Elements, Nests } from "./nests.ts";

/** Lowers operations with regions, and calls. */
export type LowerStructured = (block: BlockLowering, operation: Operation) => void;

/** What the blocks of a function share. */
export interface Shared {
  readonly nests: Nests;
  readonly structured: LowerStructured;
  readonly reuses: Reuses;
}

export class BlockLowering {
  readonly nests: Nests;
  readonly reuses: Reuses;
  readonly #shared: Shared;
  readonly #block: Block;
  /** The memory that each tensor result of the block has to be written to. */
  readonly #destinations: readonly (Buffer | null)[];
  /** Destinations that are computed into directly, by the value that has the result's storage. */
  readonly #reserved = new ValueMap<Buffer>();
  /** The memory of the block's arguments. */
  readonly #given: ReadonlySet<Buffer | undefined>;

  constructor(shared: Shared, block: Block, destinations: readonly (Buffer | null)[]) {
    const { nests, reuses } = shared;
    this.#shared = shared;
    this.nests = nests;
    this.reuses = reuses;
    this.#block = block;
    this.#destinations = destinations;
    const own = new Set(block.operations.flatMap((o) => o.results));
    const reserve = (storage: Value, destination: Buffer | undefined): void => {
      if (destination !== undefined && own.has(storage) && !this.#reserved.has(storage))
        this.#reserved.set(storage, destination);
    };
    this.#given = new Set(block.arguments.map((v) => nests.buffers.get(v)));
    for (const [x, memory] of movedAtEnd(block)) reserve(reuses.storageOf(x), nests.buffers.get(memory));
    for (const [k, v] of block.results.entries()) {
      const destination = destinations[k];
      if (!this.#isGiven(destination)) reserve(reuses.storageOf(v), destination ?? undefined);
    }
  }

  /** Emits the block into the current builder. Returns its results of rank 0, in order. */
  run(): readonly Value[] {
    const { nests } = this;
    const outer = nests.base;
    nests.base = currentBlock();
    for (const operation of this.#block.operations) this.#lower(operation);
    this.#deliverAll();
    nests.base = outer;
    return this.#block.results.filter((v) => isDirect(v.type)).map((v) => nests.scalars.get(v));
  }

  /** Lowers a region into the current builder. */
  region(block: Block, destinations: readonly (Buffer | null)[]): readonly Value[] {
    return new BlockLowering(this.#shared, block, destinations).run();
  }

  /** Memory for a tensor that this block defines: its destination where it is a result, and fresh memory elsewhere. */
  bufferFor(value: Value): Buffer {
    return this.#reserved.get(value) ?? this.nests.allocate(value.type, value.name);
  }

  /** Memory with a tensor's elements that an operation may overwrite: the tensor's own where it is reused, or a copy. */
  memoryToChange(value: Value, isReused: boolean, result: Value): Buffer {
    const own = isReused ? this.nests.buffers.get(value) : undefined;
    if (own !== undefined) return own;
    const made = this.nests.computed.get(value)?.operation;
    const zeroed = made === undefined ? null : this.#zeroedFor(result, made);
    if (zeroed !== null) return zeroed;
    const buffer = this.bufferFor(result);
    this.nests.copy(value, buffer);
    return buffer;
  }

  /** Memory for a tensor that a nest computes: that of the operand which the operation reuses, where it does. */
  #bufferOf(result: Value, made: Operation | undefined): Buffer {
    const reused = made === undefined ? undefined : reusedBy(made);
    return (reused === undefined ? undefined : this.nests.buffers.get(reused)) ?? this.bufferFor(result);
  }

  #lower(operation: Operation): void {
    const { nests } = this;
    currentBlock().origin = operation.origin;
    if (isLowered(operation)) {
      currentBlock().append(nests.scalars.operation(operation));
      return;
    }
    if (isGroup(operation) || isFusible(operation)) this.#group(operation);
    else if (isDenseConstant(operation)) this.#constantMemory(operation);
    else if (operation.op.lowering?.kind === "view") this.#view(operation);
    else if (operation.op.lowering?.kind === "procedure") this.#procedure(operation, operation.op.lowering.run);
    else this.#shared.structured(this, operation);
  }

  /** The operand's memory under another shape; of rank 0, its one element. */
  #view({ operands, results }: Operation): void {
    const { nests } = this;
    if (isScalar(results[0].type)) {
      const first = shapeOf(operands[0]).map(() => 0);
      nests.scalars.set(results[0], nests.element(operands[0], first));
      return;
    }
    const type = memref(elementDType(results[0].type) ?? "f64", shapeOf(results[0]));
    const memory = view(nests.memoryOf(operands[0]), type, results[0].name);
    nests.buffers.set(results[0], { memory, prefix: [] });
  }

  /** What one nest computes: an operation alone, or those of a fused one. */
  #group(by: Operation): void {
    const { nests } = this;
    const group = fusionGroupOf(by);
    const sites = new Sites(group);
    for (const operation of group.operations) {
      if (isFusible(operation)) nests.computed.set(operation.results[0], { operation, sites });
      else this.#lower(operation);
    }
    const [results, yielded]: Value[][] = [[], []];
    const inside: { readonly result: Value; readonly buffer: Buffer }[] = [];
    for (const [i, v] of group.results.entries()) {
      const result = by.results[i];
      if (sites.storedAt(v) === sites.outermost) {
        results.push(result);
        yielded.push(v);
        continue;
      }
      const buffer = this.#bufferOf(result, nests.computed.get(v)?.operation);
      nests.storedInside.set(v, buffer);
      inside.push({ result, buffer });
    }
    this.#outermost(by, results, yielded, sites);
    for (const { result, buffer } of inside) nests.buffers.set(result, buffer);
  }

  /** What computes results at the outermost site, known as `yielded` there: the update that is the one, or a nest. */
  #outermost(by: Operation, results: readonly Value[], yielded: readonly Value[], sites: Sites): void {
    const { nests } = this;
    const [result] = results;
    const alone = yielded.length === 1 ? nests.computed.get(yielded[0]) : undefined;
    const lowering = alone?.operation.op.lowering;
    if (alone !== undefined && lowering?.kind === "update") this.#update(by, alone, lowering.update);
    else if (alone !== undefined && isScalar(result.type)) nests.scalars.set(result, nests.compute(alone, []));
    else if (alone !== undefined) this.#nestOf(result, alone);
    else if (isScalar(result.type)) {
      for (const [i, v] of results.entries()) nests.scalars.set(v, nests.scalars.get(yielded[i]));
    } else {
      const buffers = results.map((v, i) => this.#bufferOf(v, nests.computed.get(yielded[i])?.operation));
      this.#nest(by, results, yielded, sites, buffers);
    }
  }

  /** What computes one result into memory: its rule for that, or a nest. */
  #nestOf(result: Value, computed: Computed): void {
    const { nests } = this;
    const { operation, sites } = computed;
    const zeroed = this.#zeroedFor(result, operation);
    const buffer = zeroed ?? this.#bufferOf(result, operation);
    const write = (at: readonly Dim[], element: Value): void => writeTo(buffer, at, element, operation);
    const written = (at: readonly Dim[]): Value => load(buffer.memory, [...buffer.prefix, ...at]);
    if (zeroed !== null || this.#isThere(operation, buffer) || nests.whole(computed, { write, written }))
      nests.buffers.set(result, buffer);
    else this.#nest(operation, [result], operation.results, sites, [buffer]);
  }

  /** Whether a tensor stands already where it is moved. */
  #isThere(operation: Operation, buffer: Buffer): boolean {
    return isMoveInto(operation) && this.nests.buffers.get(operation.operands[0]) === buffer;
  }

  /** A nest that computes results of one shape into memory. */
  #nest(
    by: Operation,
    results: readonly Value[],
    yielded: readonly Value[],
    sites: Sites,
    buffers: readonly Buffer[],
  ): void {
    const { nests } = this;
    const compute = (at: readonly Dim[], known: Elements = new Map()): void => {
      nests.computeSite(sites.outermost, at, known);
      const elements = yielded.map((v) => nests.element(v, at, known));
      for (const [i, element] of elements.entries())
        writeTo(buffers[i], at, element, nests.computed.get(yielded[i])?.operation ?? by);
    };
    const sums = epilogueOf(sites);
    if (sums === null) nests.nest(shapeOf(results[0]), compute, nests.apart);
    else nests.contract(sums, sites, compute);
    for (const [i, v] of results.entries()) nests.buffers.set(v, buffers[i]);
  }

  /** Runs a rule that writes every result to memory. */
  #procedure(operation: Operation, run: (x: ProcedureContext) => void): void {
    const { nests } = this;
    const buffers = operation.results.map((r) => this.bufferFor(r));
    const sites = new Sites({ operations: [operation], results: operation.results });
    run({
      ...nests.context(operation, sites),
      write: (k, at, element) => writeTo(buffers[k], at, element, operation),
      written: (k, at) => load(buffers[k].memory, [...buffers[k].prefix, ...at]),
      scratch: (type, name) => nests.allocate(type, name).memory,
    });
    for (const [k, r] of operation.results.entries()) nests.buffers.set(r, buffers[k]);
  }

  /** Memory for the value that holds the zeros which it is made of: allocated zero, or passed zeroed; null where none does. */
  #zeroedFor(value: Value, made: Operation): Buffer | null {
    const { nests } = this;
    if (!isZero(made) || nests.base !== nests.top) return null;
    const reserved = this.#reserved.get(value);
    if (reserved === undefined) return nests.allocate(value.type, value.name, "zero");
    return nests.askForZeros(reserved.memory) ? reserved : null;
  }

  /** Runs a rule that updates operand 0, or a copy of it. */
  #update(by: Operation, { operation, sites }: Computed, update: (x: UpdateContext) => void): void {
    const { nests } = this;
    const [result] = by.results;
    const reused = reusedBy(operation);
    if (reused !== undefined) requireInStep(by, operation, reused);
    const buffer = this.memoryToChange(operation.operands[0], reused !== undefined, result);
    currentBlock().origin = operation.origin;
    update(nests.updateContext(operation, sites, buffer));
    if (isScalar(result.type)) nests.scalars.set(result, load(buffer.memory, buffer.prefix));
    else nests.buffers.set(result, buffer);
  }

  /** Constant memory of a dense constant. */
  #constantMemory({ op, attributes, results, origin }: Operation): void {
    const [{ type, name }] = results;
    const types = [memref(elementDType(type) ?? "f64", rankedOf(type).shape)];
    const [memory] = withBuilder(this.nests.top, () => emit(op, [], { attributes, origin, types, names: [name] }));
    this.nests.buffers.set(results[0], { memory, prefix: [] });
  }

  /** Whether memory for a result holds an argument of the block, which is read until the end. */
  #isGiven(destination: Buffer | null | undefined): boolean {
    return destination != null && this.#given.has(destination);
  }

  /** Copies what is not where it belongs; to the memory of arguments last of all, since other results may be there. */
  #deliverAll(): void {
    const { nests } = this;
    const given: { readonly from: Value; readonly to: Buffer }[] = [];
    for (const [k, from] of this.#block.results.entries()) {
      const to = this.#destinations[k];
      if (isDirect(from.type) || to == null || nests.buffers.get(from) === to) continue;
      if (this.#isGiven(to)) given.push({ from, to });
      else nests.copy(from, to);
    }
    if (given.length > 1) {
      for (const { from } of given) {
        const apart = nests.allocate(from.type, from.name);
        nests.copy(from, apart);
        nests.buffers.set(from, apart);
      }
    }
    for (const { from, to } of given) nests.copy(from, to);
  }
}

/** Tensors that the block brings to memory from outside in which it does nothing else. */
function movedAtEnd({ operations }: Block): readonly (readonly [x: Value, memory: Value])[] {
  const moves = operations.filter((o) => isMoveInto(o) && reusedBy(o) !== o.operands[0]);
  if (moves.length === 0) return [];
  const uses = countUses(makeBlock([], operations, []));
  return moves.flatMap((o) => {
    const memory = reusedBy(o);
    return memory !== undefined && uses.get(memory) === 1 ? [[o.operands[0], memory] as const] : [];
  });
}

/** @throws AdjointError `structure` where the loops of an update read elements that another iteration has changed. */
function requireInStep(by: Operation, { op, origin }: Operation, reused: Value): void {
  if (readsInStep(by, reused)) return;
  const name = reused.name ?? "a value without a name";
  fail("structure", `${op.name} reuses the memory of ${name}, of which the same loops read other elements`, { origin });
}

function writeTo({ memory, prefix }: Buffer, at: readonly Dim[], element: Value, { origin }: Operation): void {
  currentBlock().origin = origin;
  store(element, memory, [...prefix, ...at]);
}

function isZero({ op, attributes }: Operation): boolean {
  return op.traits.constant && Object.is(Number(attributes.value), 0);
}
