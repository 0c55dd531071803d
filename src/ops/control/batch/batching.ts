// Batching of control flow. A branch or loop whose predicate is the same for the whole batch stays one. Otherwise both
// branches run, or the loop until it ends for every element, and selects keep each element's own values.

import {
  type Batched,
  type BatchedRegion,
  currentBlock,
  emit,
  type StructuredBatchContext,
  shapeOf,
  tensorType,
  type Value,
} from "../../../ir/index.ts";
import { constant } from "../../base/constant.ts";
import { not } from "../../base/elementwise.ts";
import { and } from "../../scalar/bits.ts";
import { permute } from "../../structural/structural.ts";

const all = (flags: readonly unknown[]): readonly boolean[] => flags.map(() => true);

/** The results with the new axis where `flags` say so. */
function results(region: BatchedRegion, flags: readonly boolean[]): (whole: (i: number) => Value) => readonly Value[] {
  return (whole) => region.results.map((v, i) => (flags[i] ? whole(i) : v));
}

export function batchIf(cx: StructuredBatchContext): Batched {
  const { op, regions, results: own } = cx.operation;
  const [predicate] = cx.operands;
  const names = own.map((r) => r.name);
  if (cx.batched[0]) {
    const none = { results: [], batched: [] };
    const [then, otherwise] = [predicate, not(predicate)].map((mask, i) =>
      wholeOf(cx, cx.inline(regions[i], none, mask)),
    );
    return { results: then.map((v, i) => cx.choose(predicate, v, otherwise[i])), batched: all(own) };
  }
  const branches = regions.map((region) => cx.region(region, []));
  const batched = own.map((_, i) => branches.some((b) => b.batched[i]));
  const blocks = branches.map((b) => b.finish(results(b, batched)));
  return { results: emit(op, [predicate], { regions: blocks, names }), batched };
}

function wholeOf(cx: StructuredBatchContext, { results: values, batched }: Batched): readonly Value[] {
  return values.map((v, i) => cx.whole(v, batched[i]));
}

/**
 * The carried values with the new axis: those whose initial value or next value has it, found by iterating to a fixpoint.
 */
function carriedFlags(
  cx: StructuredBatchContext,
  count: number,
  body: (carry: readonly boolean[]) => BatchedRegion,
): { readonly batched: readonly boolean[]; readonly step: BatchedRegion } {
  let batched = cx.batched.slice(0, count);
  for (;;) {
    const step = body(batched);
    const next = batched.map((b, i) => b || step.batched[i]);
    if (next.every((b, i) => b === batched[i])) return { batched, step };
    batched = next;
  }
}

export function batchWhile(cx: StructuredBatchContext): Batched {
  const { op, regions } = cx.operation;
  const { batched, step } = carriedFlags(cx, cx.operands.length, (carry) => cx.region(regions[1], carry));
  const test = cx.region(regions[0], batched);
  if (test.batched[0]) return batchWhileApart(cx);
  const inits = cx.operands.map((v, i) => (batched[i] ? cx.whole(v, cx.batched[i]) : v));
  const blocks = [test.finish(() => test.results), step.finish(results(step, batched))];
  return { results: emit(op, inits, { regions: blocks, names: cx.operation.results.map((r) => r.name) }), batched };
}

/** Carries a mask of the elements for which the loop goes on; the others keep their values. */
function batchWhileApart(cx: StructuredBatchContext): Batched {
  const { op, regions } = cx.operation;
  const builder = currentBlock();
  const going = (values: readonly Value[], mask: Value): Value => {
    const [goesOn] = wholeOf(cx, cx.inline(regions[0], { results: values, batched: all(values) }, mask));
    return and(mask, goesOn);
  };
  const start = wholeOf(cx, { results: cx.operands, batched: cx.batched });
  const first = constant(true, tensorType("bool", [cx.size]));
  const inits = [going(start, first), ...start];
  const types = inits.map((v) => v.type);
  const names = ["going", ...regions[1].arguments.map((a) => a.name)];
  const cond = builder.region(types, (mask) => [cx.any(mask)], names);
  const body = builder.region(
    types,
    (mask, ...values) => {
      const next = wholeOf(cx, cx.inline(regions[1], { results: values, batched: all(values) }, mask));
      const kept = next.map((v, i) => cx.choose(mask, v, values[i]));
      return [going(kept, mask), ...kept];
    },
    names,
  );
  const results = emit(op, inits, { regions: [cond, body] }).slice(1);
  return { results, batched: all(results) };
}

/** Scanned values and outputs have the new axis behind the one that the loop runs along. */
export function batchScan(cx: StructuredBatchContext): Batched {
  const { op, attributes, segments } = cx.operation;
  const [body] = cx.operation.regions;
  const count = segments[0];
  const scanned = cx.batched.slice(count);
  const { batched, step } = carriedFlags(cx, count, (carry) => cx.region(body, [...carry, ...scanned]));
  const flags = [...batched, ...step.batched.slice(count)];
  const over = cx.operands.slice(count).map((v, i) => (scanned[i] ? swapped(v) : v));
  const inits = cx.operands.slice(0, count).map((v, i) => (batched[i] ? cx.whole(v, cx.batched[i]) : v));
  const values = emit(op, [...inits, ...over], {
    attributes,
    regions: [step.finish(results(step, flags))],
    segments,
    names: cx.operation.results.map((r) => r.name),
  });
  return { results: values.map((v, i) => (i >= count && flags[i] ? swapped(v) : v)), batched: flags };
}

/** Swaps the first two axes. */
function swapped(x: Value): Value {
  return permute(x, [
    1,
    0,
    ...shapeOf(x)
      .slice(2)
      .map((_, i) => i + 2),
  ]);
}
