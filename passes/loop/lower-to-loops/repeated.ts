// Lowers loops, and the tapes that derivatives of loops record on: carried tensors are in memory, scalars stay values.

import {
  type Block,
  carriedIn,
  currentBlock,
  type Dim,
  emit,
  groupOf,
  indexDim,
  isDirect,
  type Loop,
  loopOf,
  type Operation,
  reusedBy,
  subDims,
  type Value,
} from "../../../src/ir/index.ts";
import { forLoop, isOwn, load, store } from "../../../src/ops/index.ts";
import type { BlockLowering, LowerStructured } from "./block.ts";
import { lowerControl } from "./control.ts";
import type { Buffer, Nests } from "./nests.ts";
import { lowerEmpty, lowerPop, lowerPush } from "./tape.ts";

/** By mnemonic. */
const ofTapes: ReadonlyMap<string, LowerStructured> = new Map<string, LowerStructured>([
  ["empty", lowerEmpty],
  ["push", lowerPush],
  ["pop", lowerPop],
]);

/** Lowers whatever has regions, calls, and the operations on tapes. */
export function lowerStructured(block: BlockLowering, operation: Operation): void {
  const loop = loopOf(operation);
  const { op } = operation;
  const tape = isOwn(op, op.name) ? ofTapes.get(op.name) : undefined;
  if (loop !== null && loop.test !== null) lowerWhile(block, loop, loop.test);
  else if (loop !== null && loop.extent !== null) lowerScan(block, loop, loop.extent);
  else (tape ?? lowerControl)(block, operation);
}

/** How a loop carries one value. */
type Carried =
  /** As a value. */
  | { readonly kind: "scalar"; readonly init: Value; readonly name: string | null }
  /** In one memory: every iteration leaves it unchanged, or updates it in place. */
  | { readonly kind: "inPlace"; readonly buffer: Buffer }
  /** In two memories that swap: an iteration reads the current one and writes the next. */
  | { readonly kind: "doubleBuffered"; readonly current: Value; readonly next: Value; readonly name: string | null };

function carriedOf(block: BlockLowering, { operation, inits, body, firstArgument }: Loop): readonly Carried[] {
  const { nests } = block;
  return inits.map((init, k) => {
    const argument = body.arguments[firstArgument + k];
    const { name } = argument;
    if (isDirect(init.type)) return { kind: "scalar", init: nests.scalars.get(init), name };
    if (body.results[k] === argument) {
      return { kind: "inPlace", buffer: { memory: nests.memoryOf(init), prefix: [] } };
    }
    const isInPlace = block.reuses.isInPlaceCarry(operation, k);
    const isReused = reusedBy(operation, k) !== undefined;
    const own = block.memoryToChange(init, isReused, isInPlace ? operation.results[k] : argument);
    if (isInPlace) return { kind: "inPlace", buffer: own };
    return {
      kind: "doubleBuffered",
      current: wholeOf(nests, own, init),
      next: nests.allocate(init.type, name).memory,
      name,
    };
  });
}

/** Memory of the tensor's own shape: the buffer's, or a copy where that is inside other memory. */
function wholeOf(nests: Nests, { memory, prefix }: Buffer, value: Value): Value {
  return prefix.length === 0 ? memory : nests.memoryOf(value);
}

/** The carried operands of the lowered loop, with the names of its region arguments. */
function carryOperands(carried: readonly Carried[]): { operands: Value[]; names: (string | null)[] } {
  const operands: Value[] = [];
  const names: (string | null)[] = [];
  for (const c of carried) {
    if (c.kind === "scalar") operands.push(c.init);
    else if (c.kind === "doubleBuffered") operands.push(c.current, c.next);
    if (c.kind === "scalar") names.push(c.name);
    else if (c.kind === "doubleBuffered") names.push(c.name, c.name === null ? null : `${c.name}_next`);
  }
  return { operands, names };
}

/**
 * Binds carried values (region arguments or results) to those of the lowered loop. Returns the destinations of the next
 * iteration.
 */
function bindCarried(
  block: BlockLowering,
  originals: readonly Value[],
  carried: readonly Carried[],
  values: readonly Value[],
): readonly (Buffer | null)[] {
  let at = 0;
  return carried.map((c, k) => {
    const original = originals[k];
    if (c.kind === "scalar") {
      block.nests.scalars.set(original, values[at++]);
      return null;
    }
    const buffer = c.kind === "inPlace" ? c.buffer : { memory: values[at], prefix: [] };
    block.nests.buffers.set(original, buffer);
    if (c.kind === "inPlace") return buffer;
    at += 2;
    return { memory: values[at - 1], prefix: [] };
  });
}

/** The values that an iteration yields: scalars as computed, and each pair of memories swapped. */
function nextCarried(carried: readonly Carried[], values: readonly Value[], scalars: readonly Value[]): Value[] {
  const next: Value[] = [];
  let scalar = 0;
  for (const c of carried) {
    if (c.kind === "scalar") next.push(scalars[scalar++]);
    else if (c.kind === "doubleBuffered") next.push(values[next.length + 1], values[next.length]);
  }
  return next;
}

function lowerWhile(block: BlockLowering, loop: Loop, cond: Block): void {
  const { body } = loop;
  const { op, results, origin } = loop.operation;
  const carried = carriedOf(block, loop);
  const { operands: inits, names } = carryOperands(carried);
  const types = inits.map((v) => v.type);
  const builder = currentBlock();
  const lowered = [
    builder.region(
      types,
      (...values) => {
        bindCarried(block, cond.arguments, carried, values);
        return block.region(cond, []);
      },
      names,
    ),
    builder.region(
      types,
      (...values) => {
        const next = bindCarried(block, body.arguments, carried, values);
        return nextCarried(carried, values, block.region(body, next));
      },
      names,
    ),
  ];
  bindCarried(block, results, carried, emit(op, inits, { regions: lowered, origin, names }));
}

/** A scan becomes a `for` over the leading axis. Elements are read in place, and outputs written to their position. */
function lowerScan(block: BlockLowering, loop: Loop, length: Dim): void {
  const { operation, body, count } = loop;
  const { attributes, results } = operation;
  const over = groupOf(operation, "over").map((v) => sourceOf(block, v));
  const stacked = buffersForOutputs(block, results.slice(count));
  const carried = carriedOf(block, loop);
  const { operands: inits, names } = carryOperands(carried);
  const last = forLoop(
    0,
    length,
    1,
    inits,
    (index, ...values) => {
      const position = attributes.reverse === true ? subDims(subDims(length, 1), indexDim(index)) : indexDim(index);
      for (const [i, source] of over.entries()) bindElement(block, body.arguments[count + i], source, position);
      const next = bindCarried(block, carriedIn(loop, body), carried, values);
      const outputs = stacked.map((b) => ({ memory: b.memory, prefix: [...b.prefix, position] }));
      return lowerIteration(block, loop, carried, values, next, outputs);
    },
    ["t", ...names],
  );
  bindCarried(block, results.slice(0, count), carried, last);
  for (const [i, r] of results.slice(count).entries()) block.nests.buffers.set(r, stacked[i]);
}

function lowerIteration(
  block: BlockLowering,
  loop: Loop,
  carried: readonly Carried[],
  values: readonly Value[],
  next: readonly (Buffer | null)[],
  outputs: readonly Buffer[],
): readonly Value[] {
  const { body } = loop;
  const isTensor = (i: number): boolean => !isDirect(body.results[next.length + i].type);
  const destinations = [...next, ...outputs.map((b, i) => (isTensor(i) ? b : null))];
  const scalars = block.region(body, destinations);
  for (const [i, b] of outputs.entries()) {
    if (!isTensor(i)) store(block.nests.scalars.get(body.results[next.length + i]), b.memory, b.prefix);
  }
  return nextCarried(carried, values, scalars);
}

function buffersForOutputs(block: BlockLowering, results: readonly Value[]): readonly Buffer[] {
  return results.map((r) => block.bufferFor(r));
}

/** A tensor in memory, or inside other memory, of which elements are read. */
function sourceOf(block: BlockLowering, value: Value): Buffer {
  return block.nests.buffers.get(value) ?? { memory: block.nests.memoryOf(value), prefix: [] };
}

function bindElement(block: BlockLowering, argument: Value, source: Buffer, position: Dim): void {
  const at = [...source.prefix, position];
  if (isDirect(argument.type)) block.nests.scalars.set(argument, load(source.memory, at));
  else block.nests.buffers.set(argument, { memory: source.memory, prefix: at });
}
