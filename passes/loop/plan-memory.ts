// Memory planning: what a block allocates becomes one arena, in which memory that is not in use at the same time shares a
// place. Greedy by size: the largest memory is placed first, each in the lowest gap that is free while it is in use
// (Pisarchyk and Lee, arXiv:2001.03288). Open extents are taken for a guess. The order in which the memory then lies is what
// is kept, and where it begins follows from the extents of each call.

import {
  type Block,
  BlockBuilder,
  currentBlock,
  dtypes,
  evaluateDim,
  freshMemory,
  holdsOp,
  type Lifetime,
  lifetimesOf,
  type MemRefType,
  mapBodies,
  type Operation,
  overlaps,
  productOf,
  Replacements,
  type Span,
  Storages,
  scalar,
  type Value,
  walk,
  withBuilder,
  withOperations,
  withRegions,
} from "../../src/ir/index.ts";
import { constant, fill, flatView, scratch } from "../../src/ops/index.ts";
import { definePass } from "../../src/rewrite/index.ts";

/** What an open extent is taken for. */
const usualExtent = 64;

/** How much memory is planned together: the time that it takes grows with the square. */
const mostTogether = 1000;

export const planMemory = definePass({
  name: "plan-memory",
  summary: "Gives memory that is not in use at the same time one place, in an arena that calls may keep.",
  level: "loop",
  idempotent: true,
  example: `func @main<N>(%x: memref<f64[N]>, %y: out memref<f64[N]>) {
  %a = alloc init = any : memref<f64[N]>
  %b = alloc init = any : memref<f64[N]>
  %c = alloc init = any : memref<f64[N]>
  copy %x, %a
  copy %a, %b
  copy %b, %c
  copy %c, %y
  return
}
`,
  run: (module) => mapBodies(module, planned),
});

/** An allocation, and when its memory is in use. */
interface Allocation {
  readonly operation: Operation;
  readonly memory: Value;
  readonly span: Span;
  /** Of memory that is zero at first: the operation before which it is filled. */
  readonly filledBefore: Operation | null;
}

function planned(body: Block): Block {
  const allocations = allocationsIn(body);
  if (allocations.size === 0) return body;
  const replacements = new Replacements();
  return replacements.block(plannedBlock(body, allocations, replacements));
}

/** The block with an arena of its own in front: what a step of a loop makes is new at every step. */
function plannedBlock(
  block: Block,
  allocations: ReadonlyMap<Operation, Allocation>,
  replacements: Replacements,
): Block {
  const own = block.operations.flatMap((operation) => allocations.get(operation) ?? []);
  const zeros = own.filter(({ filledBefore }) => filledBefore !== null);
  const builder = new BlockBuilder();
  for (let start = 0; start < own.length; start += mostTogether)
    withBuilder(builder, () => emitArena(own.slice(start, start + mostTogether), replacements));
  const operations = block.operations.flatMap((operation) => {
    if (allocations.has(operation)) return [];
    const filled = zeros.filter(({ filledBefore }) => filledBefore === operation);
    const regions = operation.regions.map((region) => plannedBlock(region, allocations, replacements));
    return [...zeroFills(filled, operation), withRegions(operation, regions)];
  });
  return withOperations(block, [...builder.operations, ...operations]);
}

// ---- what is allocated ----------------------------------------------------------------------------------------------

/** The allocations whose memory nothing outside of their block has. */
function allocationsIn(body: Block): ReadonlyMap<Operation, Allocation> {
  const allocations = new Map<Operation, Allocation>();
  if (!holdsOp(body, ({ effects }) => effects.allocates)) return allocations;
  const operations: Operation[] = [];
  walk(body, (operation) => {
    if (isAllocation(operation)) operations.push(operation);
  });
  const lifetimes = lifetimesOf(body, new Storages(body), isAllocation);
  for (const operation of operations) {
    const [memory] = operation.results;
    const lifetime = lifetimes?.get(memory);
    if (lifetime?.isGiven === false) allocations.set(operation, allocation(operation, memory, lifetime));
  }
  return allocations;
}

function isAllocation(operation: Operation): boolean {
  return freshMemory(operation) !== null;
}

function allocation(operation: Operation, memory: Value, { from, to, before, user }: Lifetime): Allocation {
  const isZero = freshMemory(operation) === "zero";
  return { operation, memory, span: { from: isZero ? before : from, to }, filledBefore: isZero ? user : null };
}

// ---- where it lies --------------------------------------------------------------------------------------------------

interface Placed {
  readonly allocation: Allocation;
  readonly start: number;
  readonly size: number;
}

/** Emits the operation that gives the memory, in the order in which it lies. */
function emitArena(allocations: readonly Allocation[], replacements: Replacements): void {
  const order = placed(allocations).map(({ allocation }) => allocation);
  const points = [...new Set(order.flatMap(({ span }) => [span.from, span.to]))].sort((a, b) => a - b);
  const counted = new Map(points.map((point, i) => [point, i]));
  const at = (point: number): number => counted.get(point) ?? 0;
  const spans = order.map(({ span }) => ({ from: at(span.from), to: at(span.to) }));
  const memories = order.map(({ memory }) => memory);
  currentBlock().origin = allocations[0].operation.origin;
  const types = memories.map(memoryType);
  const made = scratch(
    types,
    spans,
    memories.map(({ name }) => name),
  );
  for (const [k, memory] of memories.entries()) replacements.set(memory, made[k]);
}

/** By where it begins. */
function placed(allocations: readonly Allocation[]): readonly Placed[] {
  const sized = allocations.map((allocation) => ({ allocation, size: sizeOf(memoryType(allocation.memory)) }));
  const done: Placed[] = [];
  for (const { allocation, size } of sized.sort((a, b) => b.size - a.size)) {
    let start = 0;
    for (const other of done) {
      if (!overlaps(other.allocation.span, allocation.span)) continue;
      if (other.start - start >= size) break;
      start = Math.max(start, other.start + other.size);
    }
    const next = done.findIndex((other) => other.start > start);
    done.splice(next < 0 ? done.length : next, 0, { allocation, start, size });
  }
  return done;
}

function memoryType({ type }: Value): MemRefType {
  if (type.kind !== "memref") throw new Error("internal invariant broken: what is allocated is memory");
  return type;
}

function sizeOf({ dtype, shape }: MemRefType): number {
  return evaluateDim(productOf(shape), () => usualExtent) * dtypes[dtype].bytes;
}

// ---- what it holds --------------------------------------------------------------------------------------------------

function zeroFills(allocations: readonly Allocation[], { origin }: Operation): readonly Operation[] {
  if (allocations.length === 0) return [];
  const builder = new BlockBuilder();
  builder.origin = origin;
  withBuilder(builder, () => {
    for (const { memory } of allocations) {
      const { dtype, shape } = memoryType(memory);
      fill(constant(dtype === "bool" ? false : 0, scalar(dtype)), flatView(memory), 0, productOf(shape));
    }
  });
  return builder.operations;
}
