// Reverse mode of control flow: the transpose of an `if` is an `if`, and that of a loop is a loop that runs the other
// way, each on the residuals that its forward part keeps.

import {
  type Block,
  BlockBuilder,
  currentBlock,
  type Dim,
  elementDType,
  emit,
  type FlowContext,
  type ListType,
  loopOf,
  makeBlock,
  type Pullback,
  type ReverseContext,
  type SplitRegion,
  scalar,
  type Tapes,
  type Type,
  tensorType,
  type UseContext,
  Value,
  withBuilder,
} from "../../../ir/index.ts";
import { constant, constantLike, empty } from "../../base/constant.ts";
import { cast, compare } from "../../base/elementwise.ts";
import { bringOps } from "../../base/own.ts";
import { zerosLike } from "../../base/zeros.ts";
import { add, mul, sub } from "../../scalar/arithmetic.ts";
import { Carry, type Cotangents } from "./carry.ts";
import { counterStep, tripCount } from "./counters.ts";
import { Recording, ResidualSlots, SharedTapes, tapeArgument } from "./recording.ts";
import { Replay } from "./replay.ts";
import { popOp, pushOp } from "./tape.ts";

type Take = (value: Value) => Value | null;
type Pulled = ReturnType<Pullback["pull"]>;

// ---- if -------------------------------------------------------------------------------------------------------------

/** A result of an `if` is active where the result of either branch is. */
export function flowsOfIf(cx: FlowContext): readonly boolean[] {
  const [then, otherwise] = cx.operation.regions.map((region) => cx.flows(region, []));
  return then.map((flows, i) => flows || otherwise[i]);
}

export function usesOfIf(cx: UseContext): void {
  for (const region of cx.operation.regions)
    cx.region(
      region,
      cx.operation.results.map((r) => cx.isUseful(r)),
    );
}

/**
 * The forward `if` also yields the residuals of both branches; in a loop it pushes them on tapes instead. The backward
 * part is an `if` on the same predicate, so a branch that was not taken contributes nothing.
 */
export function reverseIf(cx: ReverseContext): Pullback {
  const { op, results } = cx.operation;
  const tapes = new SharedTapes(cx.tapes);
  const places = new ResidualSlots();
  const branches = cx.operation.regions.map((region) => branchOf(cx, region, tapes, places));
  const regions = branches.map(({ split, recording, yielded, at }) =>
    split.forward(() => [...places.filled(yielded, at), ...tapes.from(recording, recording.pushed())]),
  );
  const all = emit(op, cx.operands, { regions, names: names(results) });
  const [own, kept, afters] = cut(all, [results.length, places.count, tapes.lists.length]);
  for (const [i, key] of tapes.lists.entries()) cx.tapes.set(key, afters[i]);
  const captured = capturedBy(branches.map((b) => b.split));
  return {
    results: own,
    records: tapes.lists.some(({ isScratch }) => !isScratch),
    pull(cotangents, take, around) {
      const gathered = new Map(captured.map((v) => [v, take(v)]));
      const lists = tapes.lists.map((key, i) => around?.get(key) ?? afters[i]);
      const back = branches.map((branch) => branchCotangents(branch, kept, cotangents, gathered, { tapes, lists }));
      const pulled = emit(op, cx.operands, { regions: back });
      const [values, rests] = cut(pulled, [captured.length, tapes.lists.length]);
      for (const [i, key] of tapes.lists.entries()) around?.set(key, rests[i]);
      return captured.map((v, i) => [v, values[i]] as const);
    },
  };
}

interface Branch {
  readonly split: SplitRegion;
  readonly recording: Recording;
  /** The residuals that the branch yields rather than pushes on a tape, and for each the slot among added results. */
  readonly yielded: readonly Value[];
  readonly at: readonly number[];
}

function branchOf(cx: ReverseContext, region: Block, tapes: SharedTapes, places: ResidualSlots): Branch {
  const split = cx.split(region, [], tapes);
  const [recorded, yielded] = tapes.isRepeated ? [split.residuals, []] : [[], split.residuals];
  const recording = new Recording(recorded, split.recorded, (key) => tapes.open(key));
  return { split, recording, yielded, at: places.for(yielded) };
}

function capturedBy(regions: readonly SplitRegion[]): readonly Value[] {
  return [...new Set(regions.flatMap((r) => r.captured))];
}

/**
 * One region of the backward `if`. It yields a cotangent for each value that either branch captures, then the shared
 * tapes as they were before the branch ran. Where this branch does not capture a value, the cotangent that was gathered
 * for it before passes through unchanged.
 */
function branchCotangents(
  { split, recording, at }: Branch,
  kept: readonly Value[],
  cotangents: Cotangents,
  gathered: ReadonlyMap<Value, Value | null>,
  after: { readonly tapes: SharedTapes; readonly lists: readonly Value[] },
): Block {
  const outer = currentBlock();
  const builder = new BlockBuilder(outer.scope, outer);
  return withBuilder(builder, () => {
    const back = recording.popped(after.tapes.of(recording, after.lists), (recorded, inner) => {
      const residuals = split.residuals.map((v, i) => recorded.get(v) ?? kept[at[i]]);
      return split.backward(residuals, cotangents, (v) => gathered.get(v) ?? null, inner);
    });
    const captured = [...gathered].map(([v, before]) => {
      const i = split.captured.indexOf(v);
      return (i < 0 ? before : back.captured[i]) ?? zerosLike(v);
    });
    return builder.finish([...captured, ...after.tapes.from(recording, back.tapes, after.lists)]);
  });
}

// ---- loops ----------------------------------------------------------------------------------------------------------

/**
 * Which carried values are active: the useful ones whose initial value is active, or whose next value becomes so, found
 * by iterating the body to a fixpoint.
 */
function carriedFlows(cx: FlowContext, body: Block, scanned: readonly boolean[]): readonly boolean[] {
  const count = cx.operation.segments[0];
  const useful = body.arguments.map((v) => cx.isUseful(v));
  let active = cx.operation.operands.slice(0, count).map((v, i) => useful[i] && cx.isActive(v));
  for (;;) {
    const results = cx.flows(body, [...active, ...scanned]);
    const next = active.map((a, i) => a || (useful[i] && results[i]));
    if (next.every((a, i) => a === active[i])) return active;
    active = next;
  }
}

/**
 * Marks the useful carried values and operands of a loop. A carried value is useful where the loop's result is, or
 * where the next value of a useful one depends on it; the second needs a fixpoint.
 */
function usesOfCarried(cx: UseContext, body: Block): void {
  const { operands, results, segments } = cx.operation;
  const carried = body.arguments.slice(0, segments[0]);
  let useful = results.map((r) => cx.isUseful(r));
  for (;;) {
    cx.region(body, useful);
    const next = useful.map((u, i) => u || (i < carried.length && cx.isUseful(carried[i])));
    if (next.every((u, i) => u === useful[i])) break;
    useful = next;
  }
  for (const [i, v] of carried.entries()) if (useful[i]) cx.use(v);
  for (const [i, v] of operands.entries()) if (cx.isUseful(body.arguments[i])) cx.use(v);
}

export function usesOfWhile(cx: UseContext): void {
  usesOfCarried(cx, cx.operation.regions[1]);
}

export function flowsOfWhile(cx: FlowContext): readonly boolean[] {
  return carriedFlows(cx, cx.operation.regions[1], []);
}

/**
 * The forward loop counts its iterations, and each iteration pushes its residuals on the tapes, behind what loops
 * inside of it pushed. The backward loop runs as many iterations and pops the residuals again.
 *
 * Two costs are avoided. The iterations are not counted where the trip count follows from the start and the bound of an
 * induction variable. A residual is not recorded where it is rematerialised: an induction variable from the number of
 * the iteration, and in a nested loop a residual that a cheap recurrence gives, by running that recurrence again.
 */
export function reverseWhile(cx: ReverseContext): Pullback {
  bringOps(pushOp, popOp);
  const { op, regions, results } = cx.operation;
  const active = flowsOfWhile(cx);
  const test = cx.split(
    regions[0],
    active.map(() => false),
  );
  const by = active.map((_, k) => counterStep(cx.operation, k, cx.definition));
  const step = cx.split(regions[1], active, {
    open: tapeArgument,
    isRepeated: true,
    counters: by.map((n) => n !== null),
  });
  const counters = step.residuals.map((v) => counterOf(cx, by, step.arguments.indexOf(v)));
  const uncounted = step.residuals.filter((_, i) => counters[i] === null);
  const replay = Replay.of(step, cx.tapes.isRepeated ? uncounted : [], (v) => cx.isStepwise(v));
  replay.open(cx.tapes);
  const recorded = uncounted.filter((v) => !replay.has(v));
  const tapes = new Recording(recorded, step.recorded, tapeArgument);
  const inits = [constant(0, scalar("i32")), ...tapes.lists.map((key) => cx.tapes.get(key))];
  const steps = new Value(scalar("i32"), "steps");
  const body = step.forward(() => [add(steps, one()), ...tapes.pushed()], [steps, ...tapes.lists.map((l) => l.before)]);
  const added = ["steps", ...tapes.lists.map((l) => l.before.name)];
  const cond = test.forward(() => [], argumentsLike(inits, added));
  const all = emit(op, [...cx.operands, ...inits], { regions: [cond, body], names: [...names(results), ...added] });
  const kept = [tripCount(cx, by) ?? all[results.length], ...all.slice(results.length + 1)];
  for (const [i, key] of tapes.lists.entries()) cx.tapes.set(key, kept[1 + i]);
  const made = { step, counters, tapes, replay, kept };
  return {
    results: all.slice(0, results.length),
    records: tapes.records,
    pull: (cotangents, take, around) => pullWhile(cx, made, cotangents, take, around),
  };
}

/** An induction variable, which grows by the integer `by`: its value follows from the number of the iteration. */
interface Counter {
  readonly start: Value;
  readonly by: number;
}

function counterOf(cx: ReverseContext, steps: readonly (number | null)[], k: number): Counter | null {
  const by = steps[k] ?? null;
  return by === null ? null : { start: cx.operands[k], by };
}

/** The induction variable in iteration number `steps`, counted from 1; exact, by the proof in counters.ts. */
function counted({ start, by }: Counter, steps: Value): Value {
  const begun = sub(steps, one());
  const before = elementDType(start.type) === "i32" ? begun : cast(begun, "f64");
  return add(start, by === 1 ? before : mul(before, constantLike(by, before)));
}

interface KeptByWhile {
  readonly step: SplitRegion;
  /** For each residual, the induction variable that it is; null for the others. */
  readonly counters: readonly (Counter | null)[];
  /** The tapes of the residuals that are neither induction variables nor replayed. */
  readonly tapes: Recording;
  readonly replay: Replay;
  /** The number of iterations, then the tapes behind the forward loop. */
  readonly kept: readonly Value[];
}

function pullWhile(
  cx: ReverseContext,
  { step, counters, tapes, replay, kept }: KeptByWhile,
  given: Cotangents,
  take: Take,
  around: Tapes | null,
): Pulled {
  const { op } = cx.operation;
  const carried = new Carry(cx, step, given, take);
  const scratch = around === null ? [] : replay.run(op, cx.operands, kept[0], around);
  const lists = [...tapes.lists.map((key, i) => around?.get(key) ?? kept[1 + i]), ...scratch];
  const inits = [kept[0], ...lists, ...carried.inits];
  const types = inits.map((v) => v.type);
  const builder = currentBlock();
  const as = ["steps", ...names(kept.slice(1)), ...names(scratch), ...carried.names];
  const cond = builder.region(types, (steps) => [compare(steps, constant(0, scalar("i32")), "gt")], as);
  const body = builder.region(
    types,
    (steps, ...values) => {
      const [own, again, cts] = cut(values, [kept.length - 1, scratch.length, carried.inits.length]);
      const rests = replay.tapes.popped(again, (computed) =>
        tapes.popped(own, (popped, inner) => {
          const residuals = counters.map((c, i) => {
            const v = step.residuals[i];
            return c === null ? (popped.get(v) ?? computed.get(v)) : counted(c, steps);
          });
          return carried.step(residuals as Value[], cts, [], inner);
        }),
      );
      return [sub(steps, one()), ...rests.tapes, ...rests.carry];
    },
    as,
  );
  const all = emit(op, inits, { regions: [cond, body] });
  for (const [i, key] of [...tapes.lists, ...replay.tapes.lists].entries()) around?.set(key, all[1 + i]);
  return carried.pulled(all.slice(1 + lists.length));
}

function one(): Value {
  return constant(1, scalar("i32"));
}

// ---- scan -----------------------------------------------------------------------------------------------------------

export function usesOfScan(cx: UseContext): void {
  usesOfCarried(cx, cx.operation.regions[0]);
}

export function flowsOfScan(cx: FlowContext): readonly boolean[] {
  const { operands, regions, segments } = cx.operation;
  const scanned = operands.slice(segments[0]).map((v) => cx.isActive(v));
  const carry = carriedFlows(cx, regions[0], scanned);
  return [...carry, ...cx.flows(regions[0], [...carry, ...scanned]).slice(carry.length)];
}

/**
 * The forward scan also stacks its residuals along the scanned axis, except those that are elements of its own
 * operands: they are stacked already. The backward scan goes over the stacks in the opposite direction.
 */
export function reverseScan(cx: ReverseContext): Pullback {
  bringOps(pushOp, popOp);
  const { op, operands, regions, results, attributes, segments } = cx.operation;
  const count = segments[0];
  const active = [...flowsOfScan(cx).slice(0, count), ...operands.slice(count).map((v) => cx.isActive(v))];
  const step = cx.split(regions[0], active);
  const elements = step.arguments.slice(count);
  const made = step.residuals.filter((v) => !elements.includes(v));
  const [lists, stacked] = [made.filter(isList), made.filter((v) => !isList(v))];
  const tapes = new Recording(lists, [], tapeArgument);
  const carried = tapes.lists.map((l) => l.before);
  const body = step.forward(() => [...stacked, ...tapes.pushed()]);
  const block = withCarried(body, count, carried);
  const inits = carried.map((v) => empty(v.type as ListType));
  const all = emit(op, [...cx.operands.slice(0, count), ...inits, ...cx.operands.slice(count)], {
    attributes,
    regions: [block],
    segments: [count + carried.length, segments[1]],
    names: names([...results.slice(0, count), ...carried, ...results.slice(count), ...stacked]),
  });
  const [lasts, kept, outputs] = cut(all, [count, carried.length, results.length - count + stacked.length]);
  const own = outputs.slice(0, results.length - count);
  const stacks = new Map(stacked.map((v, i) => [v, outputs[own.length + i]]));
  for (const [i, v] of elements.entries()) stacks.set(v, cx.operands[count + i]);
  const length = loopOf(cx.operation)?.extent ?? 0;
  return {
    results: [...lasts, ...own],
    pull: (cotangents, take) => pullScan(cx, { step, stacks, tapes, kept, length }, cotangents, take),
  };
}

interface KeptByScan {
  readonly step: SplitRegion;
  /** For each residual, the tensor of which iteration i reads element i. */
  readonly stacks: ReadonlyMap<Value, Value>;
  /** Residuals that are lists cannot be stacked: they are pushed on tapes of lists, `kept` behind the forward scan. */
  readonly tapes: Recording;
  readonly kept: readonly Value[];
  readonly length: Dim;
}

function pullScan(cx: ReverseContext, made: KeptByScan, given: Cotangents, take: Take): Pulled {
  const { op, operands, attributes, segments } = cx.operation;
  const { step, kept, tapes } = made;
  const count = segments[0];
  const stacked = step.residuals.filter((v) => !isList(v));
  const outputs = given.slice(count);
  const carried = new Carry(cx, step, given, take);
  const inits = [...kept, ...carried.inits];
  const over = [...stacked.map((v) => made.stacks.get(v) as Value), ...outputs.filter((ct) => ct !== null)];
  const types = [...inits.map((v) => v.type), ...over.map((v) => elementType(v.type))];
  let gives: readonly boolean[] = [];
  const body = currentBlock().region(
    types,
    (...args) => {
      const [lastLists, values, elements, cts] = cut(args, [
        kept.length,
        carried.inits.length,
        stacked.length,
        over.length - stacked.length,
      ]);
      let at = 0;
      const ofOutputs = outputs.map((ct) => (ct === null ? null : cts[at++]));
      const next = tapes.popped(lastLists, (popped) => {
        const residuals = step.residuals.map((v) => popped.get(v) ?? elements[stacked.indexOf(v)]);
        return carried.step(residuals, values, ofOutputs);
      });
      gives = next.rest.map((ct) => ct !== null);
      return [...next.tapes, ...next.carry, ...next.rest.filter((ct) => ct !== null)];
    },
    [...names(kept), ...carried.names, ...names(stacked)],
  );
  const all = emit(op, [...inits, ...over], {
    attributes: { reverse: attributes.reverse !== true, length: over.length > 0 ? -1 : made.length },
    regions: [body],
    segments: [inits.length, over.length],
  });
  let at = inits.length;
  const cotangents = gives.map((is) => (is ? all[at++] : null));
  return [
    ...carried.pulled(all.slice(kept.length, inits.length)),
    ...operands.slice(count).map((v, i) => [v, cotangents[i]] as const),
  ];
}

/** Makes the last results of a scan's block carried values with arguments `tapes`, behind the other carried ones. */
function withCarried({ arguments: args, operations, results }: Block, count: number, tapes: readonly Value[]): Block {
  const end = results.length - tapes.length;
  return makeBlock([...args.slice(0, count), ...tapes, ...args.slice(count)], operations, [
    ...results.slice(0, count),
    ...results.slice(end),
    ...results.slice(count, end),
  ]);
}

/** Cuts a list into consecutive pieces of these lengths. */
function cut<T>(values: readonly T[], lengths: readonly number[]): readonly (readonly T[])[] {
  let start = 0;
  return lengths.map((n) => values.slice(start, (start += n)));
}

function argumentsLike(values: readonly Value[], as: readonly (string | null)[]): readonly Value[] {
  return values.map((v, i) => new Value(v.type, as[i]));
}

function names(values: readonly Value[]): readonly (string | null)[] {
  return values.map((v) => v.name);
}

function isList(value: Value): boolean {
  return value.type.kind === "list";
}

function elementType(type: Type): Type {
  return type.kind === "tensor" ? tensorType(type.dtype, type.shape.slice(1)) : type;
}
