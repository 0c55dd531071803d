// Lowers branches, and calls: results that are tensors are in memory, scalars stay values.

import { currentBlock, emit, fail, isDirect, loweredType, type Operation, type Value } from "../../../src/ir/index.ts";
import { isOwn } from "../../../src/ops/index.ts";
import type { BlockLowering, LowerStructured } from "./block.ts";
import type { Buffer } from "./nests.ts";

/** By mnemonic. */
const lowerings: ReadonlyMap<string, LowerStructured> = new Map<string, LowerStructured>([
  ["call", lowerCall],
  ["probe", lowerProbe],
]);

/** Lowers what runs once: branches, calls and probes. */
export function lowerControl(block: BlockLowering, operation: Operation): void {
  const { op, origin } = operation;
  const lower = op.traits.branches ? lowerIf : isOwn(op, op.name) ? lowerings.get(op.name) : undefined;
  if (lower === undefined)
    fail("no-eval", `${op.name} cannot be lowered to loops: a pass has to resolve it first`, { origin });
  lower(block, operation);
}

/** Memory for each tensor among the results; null for scalars. */
function buffersFor(block: BlockLowering, results: readonly Value[]): readonly (Buffer | null)[] {
  return results.map((r) => (isDirect(r.type) ? null : block.bufferFor(r)));
}

/** Binds an operation's results to their new values: scalars from `scalars`, tensors from `buffers`. */
function bindResults(
  block: BlockLowering,
  results: readonly Value[],
  scalars: readonly Value[],
  buffers: readonly (Buffer | null)[],
): void {
  let next = 0;
  for (const [i, r] of results.entries()) {
    const buffer = buffers[i];
    if (buffer != null) block.nests.buffers.set(r, buffer);
    else block.nests.scalars.set(r, scalars[next++]);
  }
}

/** A result that has one tensor's storage whichever region runs is bound to it before the regions. */
function lowerIf(block: BlockLowering, operation: Operation): void {
  const { op, operands, regions, results, origin } = operation;
  const buffers = results.map((r, k) => {
    if (isDirect(r.type)) return null;
    const source = block.reuses.branchSource(operation, k);
    return (source === undefined ? undefined : block.nests.buffers.get(source)) ?? block.bufferFor(r);
  });
  const builder = currentBlock();
  const lowered = regions.map((region) => builder.region([], () => block.region(region, buffers)));
  const direct = results.filter((r) => isDirect(r.type));
  const scalars = emit(op, [block.nests.scalars.get(operands[0])], {
    regions: lowered,
    origin,
    types: direct.map((r) => loweredType(r.type)),
    names: direct.map((r) => r.name),
  });
  bindResults(block, results, scalars, buffers);
}

function lowerCall(block: BlockLowering, { op, operands, attributes, results, origin }: Operation): void {
  const { nests } = block;
  const buffers = buffersFor(block, results);
  const args = operands.map((v) => (isDirect(v.type) ? nests.scalars.get(v) : nests.memoryOf(v)));
  // a result inside other memory (an iteration's output of a scan) is copied there afterwards
  const outputs = buffers.map((b, i) =>
    b === null || b.prefix.length === 0 ? b : nests.allocate(results[i].type, results[i].name),
  );
  const direct = results.filter((r) => isDirect(r.type));
  const scalars = emit(op, [...args, ...outputs.flatMap((b) => (b === null ? [] : [b.memory]))], {
    attributes,
    origin,
    types: direct.map((r) => loweredType(r.type)),
    names: direct.map((r) => r.name),
  });
  bindResults(block, results, scalars, outputs);
}

function lowerProbe(block: BlockLowering, { op, operands, attributes, results, origin }: Operation): void {
  const memory = block.nests.memoryOf(operands[0]);
  emit(op, [memory], { attributes, origin, names: [results[0].name] });
  block.nests.buffers.set(results[0], { memory, prefix: [] });
}
