// One block from the tensor level to the loop level: nests for tensors, scalars as they are, regions one level down.

import {
  type Block,
  currentBlock,
  type Dim,
  elementDType,
  emit,
  isDirect,
  isScalar,
  loweredType,
  memref,
  type Operation,
  type ProcedureContext,
  rankedOf,
  sameType,
  shapeOf,
  type UpdateContext,
  type Value,
  ValueMap,
  withBuilder,
} from "../../../src/ir/index.ts";
import { load, store } from "../../../src/ops/index.ts";
import type { Buffer, Nests } from "./nests.ts";
import { type Place, Placements } from "./placement.ts";
import { isManifold, Takeovers } from "./takeover.ts";

/** Lowers operations that hold regions or call functions. */
export type LowerStructured = (block: BlockLowering, operation: Operation) => void;

export class BlockLowering {
  readonly nests: Nests;
  readonly structured: LowerStructured;
  readonly takeovers: Takeovers;
  readonly #block: Block;
  readonly #placements: Placements;
  /** Where the block's tensor results have to end up. */
  readonly #destinations: readonly (Buffer | null)[];
  readonly #reserved = new ValueMap<Buffer>();

  constructor(
    nests: Nests,
    block: Block,
    destinations: readonly (Buffer | null)[],
    structured: LowerStructured,
    takeovers: Takeovers = new Takeovers(block, []),
  ) {
    this.nests = nests;
    this.structured = structured;
    this.#block = block;
    this.takeovers = takeovers;
    this.#placements = new Placements(block, currentBlock().scope, takeovers);
    this.#destinations = destinations;
    const own = new Set(block.operations.flatMap((o) => o.results));
    for (const [k, home] of takeovers.resultHomes.entries()) {
      const destination = takeovers.mayStandAtOnce(k) ? destinations[k] : null;
      if (destination != null && own.has(home) && !this.#reserved.has(home)) this.#reserved.set(home, destination);
    }
  }

  /** Emits the block into the current builder; gives its results of rank 0, in order. */
  run(): readonly Value[] {
    const { nests } = this;
    const outer = nests.base;
    nests.base = currentBlock();
    for (const operation of this.#block.operations) this.#lower(operation);
    for (const [k, v] of this.#block.results.entries()) this.#deliver(v, this.#destinations[k] ?? null);
    nests.base = outer;
    return this.#block.results.filter((v) => isDirect(v.type)).map((v) => nests.scalars.get(v));
  }

  /** Lowers a region into the current builder. */
  region(block: Block, destinations: readonly (Buffer | null)[], takeovers?: Takeovers): readonly Value[] {
    return new BlockLowering(this.nests, block, destinations, this.structured, takeovers).run();
  }

  /** Memory for a tensor that this block defines: its destination where it is a result, else fresh. */
  bufferFor(value: Value): Buffer {
    return this.#reserved.get(value) ?? this.nests.allocate(value.type, value.name);
  }

  /** Memory that holds a tensor's elements and that an operation may write to: the tensor's own, else a copy. */
  memoryToChange(value: Value, by: Operation, result: Value): Buffer {
    const own = this.takeovers.takerOf(value) === by ? this.nests.buffers.get(value) : undefined;
    if (own !== undefined) return own;
    const buffer = this.bufferFor(result);
    const made = this.nests.computed.get(value)?.operation;
    if (made === undefined || !isZero(made) || !this.#isClean(result)) this.nests.copy(value, buffer);
    return buffer;
  }

  #lower(operation: Operation): void {
    const { nests } = this;
    currentBlock().origin = operation.origin;
    if (isLowered(operation)) {
      currentBlock().append(nests.scalars.operation(operation));
      return;
    }
    const placement = this.#placements.of(operation);
    if (placement === undefined) this.#lowerWhole(operation);
    else nests.computed.set(operation.results[0], { operation, placements: this.#placements });
    if (placement?.kind === "root") this.#root(operation, placement.place);
  }

  #lowerWhole(operation: Operation): void {
    if (isManifold(operation)) this.#constantMemory(operation);
    else if (operation.op.lowering?.kind === "view") this.#view(operation);
    else if (operation.op.lowering?.kind === "procedure") this.#procedure(operation, operation.op.lowering.run);
    else this.structured(this, operation);
  }

  /** The operand's memory under another shape; of rank 0, its one element. */
  #view({ op, operands, results, attributes, origin }: Operation): void {
    const { nests } = this;
    if (isScalar(results[0].type)) {
      const first = shapeOf(operands[0]).map(() => 0);
      nests.scalars.set(results[0], nests.element(operands[0], first));
      return;
    }
    const type = memref(elementDType(results[0].type) ?? "f64", shapeOf(results[0]));
    const memory = nests.memoryOf(operands[0]);
    const [view] = emit(op, [memory], { attributes, origin, types: [type], names: [results[0].name] });
    nests.buffers.set(results[0], { memory: view, prefix: [] });
  }

  /** A nest that computes the whole tensor; of rank 0, the scalar in place. */
  #root(operation: Operation, place: Place): void {
    const { nests } = this;
    const [result] = operation.results;
    const computed = { operation, placements: this.#placements };
    if (operation.op.lowering?.kind === "update") {
      this.#update(operation, operation.op.lowering.update);
      return;
    }
    if (isScalar(result.type)) {
      nests.scalars.set(result, nests.compute(computed, []));
      return;
    }
    const buffer = this.bufferFor(result);
    const write = (at: readonly Dim[], element: Value): void => writeTo(buffer, at, element, operation);
    const written = (at: readonly Dim[]): Value => load(buffer.memory, [...buffer.prefix, ...at]);
    if (!(isZero(operation) && this.#isClean(result)) && !nests.whole(computed, { write, written })) {
      const kept = place.root.kept.map((o) => ({ operation: o, buffer: this.bufferFor(o.results[0]) })).reverse();
      for (const part of nests.partsOf(computed, place)) {
        nests.nest(part.shape, (at) => {
          const element = part.element(at);
          for (const k of kept) writeTo(k.buffer, at, nests.element(k.operation.results[0], at), k.operation);
          write(part.place(at), element);
        });
      }
      for (const k of kept) nests.buffers.set(k.operation.results[0], k.buffer);
    }
    nests.buffers.set(result, buffer);
  }

  /** The rule writes every result to memory. */
  #procedure(operation: Operation, run: (x: ProcedureContext) => void): void {
    const { nests } = this;
    const buffers = operation.results.map((r) => this.bufferFor(r));
    run({
      ...nests.context(operation, this.#placements),
      write: (k, at, element) => writeTo(buffers[k], at, element, operation),
      written: (k, at) => load(buffers[k].memory, [...buffers[k].prefix, ...at]),
      scratch: (type, name) => nests.allocate(type, name).memory,
    });
    for (const [k, r] of operation.results.entries()) nests.buffers.set(r, buffers[k]);
  }

  /** Whether memory for the value is all zero: made for it alone, or passed so. */
  #isClean(value: Value): boolean {
    const { nests } = this;
    const reserved = this.#reserved.get(value);
    return nests.base === nests.top && (reserved === undefined || nests.zeroed.has(reserved.memory));
  }

  /** The rule changes operand 0, or a copy of it. */
  #update(operation: Operation, update: (x: UpdateContext) => void): void {
    const { nests } = this;
    const [result] = operation.results;
    const buffer = this.memoryToChange(operation.operands[0], operation, result);
    update(nests.changing(operation, this.#placements, buffer));
    if (isScalar(result.type)) nests.scalars.set(result, load(buffer.memory, buffer.prefix));
    else nests.buffers.set(result, buffer);
  }

  /** The elements of a constant that is no single number. */
  #constantMemory({ op, attributes, results, origin }: Operation): void {
    const [{ type, name }] = results;
    const types = [memref(elementDType(type) ?? "f64", rankedOf(type).shape)];
    const [memory] = withBuilder(this.nests.top, () => emit(op, [], { attributes, origin, types, names: [name] }));
    this.nests.buffers.set(results[0], { memory, prefix: [] });
  }

  #deliver(value: Value, destination: Buffer | null): void {
    if (isDirect(value.type) || destination === null) return;
    if (this.nests.buffers.get(value) !== destination) this.nests.copy(value, destination);
  }
}

function writeTo({ memory, prefix }: Buffer, at: readonly Dim[], element: Value, { origin }: Operation): void {
  currentBlock().origin = origin;
  store(element, memory, [...prefix, ...at]);
}

/** Whether nothing is left to do: the block and its regions hold scalars and memory only, and ops of the loop level. */
export function isLoweredBlock(block: Block): boolean {
  return (
    [block.arguments, block.results].every((values) => values.every(isLoweredValue)) &&
    block.operations.every(isLowered)
  );
}

function isLowered({ op, operands, results, regions }: Operation): boolean {
  return (
    op.level !== "tensor" &&
    !op.traits.transform &&
    operands.every(isLoweredValue) &&
    results.every(isLoweredValue) &&
    regions.every(isLoweredBlock)
  );
}

function isLoweredValue({ type }: Value): boolean {
  return sameType(loweredType(type), type);
}

function isZero({ op, attributes }: Operation): boolean {
  return op.traits.constant && Object.is(Number(attributes.value), 0);
}
