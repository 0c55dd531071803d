// Splits one block into a forward and a backward one: a forward sweep that re-emits it, a backward sweep over cotangents.

import {
  type ArgumentFlow,
  type Block,
  BlockBuilder,
  Cloner,
  type Contribution,
  currentBlock,
  type Derivative,
  type FuncScope,
  freeValues,
  type Given,
  isScalar,
  list,
  makeBlock,
  type OpenTapes,
  type Operation,
  type Pullback,
  type Recorded,
  type Replacements,
  type ReverseContext,
  type Signature,
  type SplitCall,
  type SplitRegion,
  type TapeKey,
  type Tapes,
  Value,
  ValueMap,
  ValueSet,
  type Varies,
  walk,
  withBuilder,
} from "../../../src/ir/index.ts";
import {
  flatten,
  givenOf,
  masked,
  maskType,
  or,
  sameTape,
  select,
  supportApart,
  unflatten,
  zerosLike,
} from "../../../src/ops/index.ts";
import type { Activity } from "./activity.ts";
import { Cotangents } from "./cotangents.ts";
import { asCotangent, type Flow, flowOf, maskOf, plain, predicateOf, unmask } from "./mask.ts";
import type { MaskFacts } from "./mask-facts.ts";
import { RecomputePlan } from "./recompute.ts";
import { BlockTapes, OwnTapes } from "./tapes.ts";
import { Transposed } from "./transpose.ts";

/** What a sweep needs of the module around it. */
export interface SweepHost {
  signature(callee: string): Signature;
  splitCall(callee: string, active: readonly ArgumentFlow[], keep: boolean): SplitCall;
}

/** What all sweeps of one function share. */
export interface SweepState {
  readonly host: SweepHost;
  /** Whether the forward function takes the original's operations, rather than copies. */
  readonly moves: boolean;
  /** From values of the original function to those of the forward function. */
  readonly forward: Cloner | Replacements;
  /** The original values that take part. */
  readonly active: Activity;
  /** Of these, those that follow from what may have infinite partial derivatives: their cotangents keep their masks. */
  readonly keeps: ValueSet;
  readonly backwardScope: FuncScope;
  /** The tensors and lists that regions of the forward function define. */
  readonly stepwise: ValueSet;
  /** For values of the original function, the operation that they are results of, or arguments of a region of. */
  readonly definitions: ValueMap<Operation>;
  readonly masks: MaskFacts;
}

/** Which cotangents a backward block takes. */
export interface BackwardSpec {
  /** Those of the active results. */
  readonly results: readonly Given[];
  /** The captured values that have a cotangent so far, and the masks of these. */
  readonly seeds: readonly Value[];
  readonly seedMasks: readonly Varies[];
}

/**
 * Cotangents of the active results, then the seeds, then masks, then tapes → cotangents of the active arguments, then of
 * what is captured, then masks, then tapes.
 */
export interface Backward {
  readonly block: Block;
  /** Of the active arguments, then of what is captured. */
  readonly gives: readonly Given[];
}

/** A block split in two. */
export interface Split {
  /** Holds the forward operations; unfinished, because its results gain the residuals. */
  readonly builder: BlockBuilder;
  readonly results: readonly Value[];
  /** Values of the forward block that the backward block reads. */
  readonly residuals: readonly Value[];
  backward(spec: BackwardSpec): Backward;
  /** Original values from outside the block that receive a cotangent from it. */
  readonly captured: readonly Value[];
  /** The tapes that the block goes on with; the backward block takes them last, and gives them back last. */
  readonly recorded: readonly Recorded[];
}

/** An operation as the forward sweep left it, with the pullback that it emitted. */
interface SweptOperation {
  readonly operation: Operation;
  readonly pullback: Pullback | null;
}

export function definitionsOf(block: Block): ValueMap<Operation> {
  const definitions = new ValueMap<Operation>();
  walk(block, (operation) => {
    for (const v of operation.results) definitions.set(v, operation);
    for (const region of operation.regions) for (const v of region.arguments) definitions.set(v, operation);
  });
  return definitions;
}

/** Splits a block whose active arguments are already marked in `state.active`. `around` has the tapes it goes on with. */
export function splitBlock(
  block: Block,
  state: SweepState,
  builder: BlockBuilder,
  around: OpenTapes | null = null,
): Split {
  for (const a of block.arguments) {
    const argument = state.moves ? a : new Value(a.type, a.name);
    if (argument !== a) state.masks.copy(a, argument);
    builder.arguments.push(argument);
    state.forward.set(a, argument);
    markStepwise(argument, state, builder);
  }
  const tapes = around === null ? new OwnTapes() : new BlockTapes(around);
  const operations = sweepForward(block, state, builder, tapes);
  const recorded = tapes instanceof BlockTapes ? tapes.recorded : [];
  const inside = definedIn(builder);
  const free = builder.arguments.filter((_, i) => around?.counters?.[i] === true);
  const plan = new RecomputePlan(builder, { inside, stepwise: state.stepwise, free: new Set(free) });
  const standalone = (backward: Block): Block => {
    const read = freeValues(backward).filter((v) => inside.has(v));
    return plan.standalone(backward, read);
  };
  const all = block.results.filter((r) => state.active.has(r)).map(() => null);
  const usual: BackwardSpec = { results: all, seeds: [], seedMasks: [] };
  const plain = sweepBackward(block, state, operations, recorded, usual, null);
  const made = new Map<string, Backward>([[keyOf(usual), { ...plain, block: standalone(plain.block) }]]);
  return {
    builder,
    results: block.results.map((v) => state.forward.get(v)),
    residuals: plan.kept,
    // all of them read the same of the forward block
    backward(spec) {
      const key = keyOf(spec);
      let backward = made.get(key);
      if (backward === undefined) {
        const swept = sweepBackward(block, state, operations, recorded, spec, plain.captured);
        made.set(key, (backward = { ...swept, block: standalone(swept.block) }));
      }
      return backward;
    },
    captured: plain.captured,
    recorded,
  };
}

function keyOf({ results, seeds, seedMasks }: BackwardSpec): string {
  const code = (given: Given): string => (given === null ? "plain" : String(given));
  return [results.map(code), seeds.map((v) => v.id), seedMasks.map(code)].join(" ");
}

// ---- forward --------------------------------------------------------------------------------------------------------

function sweepForward(block: Block, state: SweepState, builder: BlockBuilder, tapes: Tapes): readonly SweptOperation[] {
  const swept: SweptOperation[] = [];
  for (const operation of block.operations) {
    const { derivative } = operation.op;
    const live = derivative.kind !== "zero" && state.active.dependsOn(operation);
    if (live && derivative.kind === "structured") {
      swept.push({ operation, pullback: emitStructured(operation, derivative, state, builder, tapes) });
    } else {
      builder.append(state.forward.operation(operation));
      if (live) swept.push({ operation, pullback: null });
    }
    if (live) {
      state.active.mark(operation);
      if (mayDiverge(operation, state)) for (const r of operation.results) state.keeps.add(r);
    }
    for (const r of operation.results) markStepwise(state.forward.get(r), state, builder);
  }
  state.masks.define(builder.operations);
  return swept;
}

/**
 * Whether something on the way to an operation's results may have an infinite partial derivative: not where it is linear.
 */
function mayDiverge({ op, operands }: Operation, { keeps }: SweepState): boolean {
  return op.derivative.kind !== "linear" || operands.some((v) => keeps.has(v));
}

function markStepwise(v: Value, { stepwise }: SweepState, { parent }: BlockBuilder): void {
  if (parent !== null && !isScalar(v.type)) stepwise.add(v);
}

function emitStructured(
  operation: Operation,
  derivative: Extract<Derivative, { kind: "structured" }>,
  state: SweepState,
  builder: BlockBuilder,
  tapes: Tapes,
): Pullback {
  builder.origin = operation.origin;
  const context: ReverseContext = {
    ...state.active.flowContext(operation),
    operands: operation.operands.map((v) => state.forward.get(v)),
    lookup: (v) => state.forward.get(v),
    definition: (v) => state.definitions.get(v) ?? null,
    isStepwise: (v) => state.stepwise.has(v),
    keepsMask: (v) => state.keeps.has(v),
    flowMask: (mask) => state.masks.of(mask),
    noteMask: (mask, varies) => state.masks.set(mask, varies),
    tapes,
    split: (region, active, around, keeps) => splitRegion(region, { active, keeps }, state, builder, around),
    calleeSignature: (callee) => state.host.signature(callee),
    splitCall: (callee, active, keep) => state.host.splitCall(callee, active, keep),
  };
  const pullback = withBuilder(builder, () => derivative.reverse(context));
  for (const [i, r] of operation.results.entries()) state.forward.set(r, pullback.results[i]);
  return pullback;
}

/** Splits a region; its backward is inlined wherever the structured op's pullback asks for it. */
function splitRegion(
  region: Block,
  flows: { readonly active: readonly boolean[]; readonly keeps?: readonly boolean[] },
  state: SweepState,
  outer: BlockBuilder,
  around?: OpenTapes,
): SplitRegion {
  const { active, keeps } = flows;
  state.active.addArguments(region.arguments.filter((_, i) => active[i]));
  for (const [i, a] of region.arguments.entries()) if (active[i] && keeps?.[i] !== false) state.keeps.add(a);
  const opened = around && {
    open: (key: TapeKey): Value => withBuilder(outer, () => around.open(key)),
    isRepeated: around.isRepeated,
    counters: around.counters ?? [],
  };
  const split = splitBlock(region, state, new BlockBuilder(outer.scope, outer), opened);
  const resultFlows = region.results.map((v) => state.active.has(v));
  return {
    argumentFlows: active,
    resultFlows,
    residuals: split.residuals,
    arguments: split.builder.arguments.slice(),
    operations: split.builder.operations.slice(),
    results: split.results,
    captured: split.captured,
    recorded: split.recorded,
    gives: (cotangents, seeds) => givenBack(split, { active, resultFlows }, cotangents, seeds),
    forward(extra, extraArguments = []) {
      const { builder } = split;
      const more = withBuilder(builder, extra);
      builder.arguments.push(...extraArguments);
      return builder.finish([...split.results, ...more]);
    },
    backward(residuals, cotangents, seed = () => null, tapes = []) {
      const cloner = new Cloner();
      for (const [i, v] of split.residuals.entries()) cloner.set(v, residuals[i]);
      const varies = (mask: Value): readonly boolean[] => state.masks.of(mask).varies;
      const given = cotangents.filter((_, i) => resultFlows[i]);
      const seeds = split.captured.map(seed);
      const seeded = seeds.filter((ct) => ct !== null);
      const backward = split.backward({
        results: given.map((ct) => givenOf(ct, varies)),
        seeds: split.captured.filter((_, i) => seeds[i] !== null),
        seedMasks: seeded.map((ct) => givenOf(ct, varies) as Varies),
      });
      const args = [...flatten([...given, ...seeded]), ...tapes];
      const back = unflatten(cloner.inline(backward.block, args, currentBlock()), backward.gives);
      const { cotangents: values, rest } = back;
      let next = 0;
      const argumentCotangents = active.map((a) => (a ? values[next++] : null));
      return { arguments: argumentCotangents, captured: values.slice(next), tapes: rest };
    },
  };
}

/** What the backward part of a region gives where its results and captured values are given so much. */
function givenBack(
  split: ReturnType<typeof splitBlock>,
  { active, resultFlows }: { readonly active: readonly boolean[]; readonly resultFlows: readonly boolean[] },
  cotangents: readonly Given[],
  seeds: readonly Given[],
): { readonly arguments: readonly Given[]; readonly captured: readonly Given[] } {
  const { gives } = split.backward({
    results: cotangents.filter((_, i) => resultFlows[i]),
    seeds: split.captured.filter((_, i) => seeds[i] !== "absent"),
    seedMasks: seeds.filter((given) => given !== "absent"),
  });
  let next = 0;
  const ofArguments = active.map((a): Given => (a ? gives[next++] : "absent"));
  return { arguments: ofArguments, captured: gives.slice(next) };
}

// ---- backward -------------------------------------------------------------------------------------------------------

/** Tapes that the backward block takes as arguments. */
function backwardTapes(recorded: readonly Recorded[], builder: BlockBuilder): BlockTapes {
  const nameOf = (key: TapeKey): string | null => recorded.find((r) => sameTape(r, key))?.after.name ?? null;
  return new BlockTapes({ open: (key) => builder.argument(list(key.element), nameOf(key)), isRepeated: true });
}

/** The backward block. The values in `seeds` begin with a cotangent that it takes as an argument. */
function sweepBackward(
  block: Block,
  state: SweepState,
  swept: readonly SweptOperation[],
  recorded: readonly Recorded[],
  spec: BackwardSpec,
  captured: readonly Value[] | null,
): Backward & { readonly captured: readonly Value[] } {
  const builder = new BlockBuilder(state.backwardScope);
  const cotangents = new Cotangents(state.keeps);
  const tapes = recorded.length === 0 ? null : backwardTapes(recorded, builder);
  const argument = (v: Value): Value => builder.argument(v.type, v.name === null ? "ct" : `${v.name}_ct`);
  return withBuilder(builder, () => {
    const results = block.results.filter((r) => state.active.has(r));
    const taken = results.flatMap((r, i) =>
      spec.results[i] === "absent" ? [] : [[r, spec.results[i] as Varies] as const],
    );
    const given = [...taken, ...spec.seeds.map((v, i) => [v, spec.seedMasks[i]] as const)];
    const args = given.map(([v]) => argument(v));
    const flows = given.map(([v, varies], i) => maskedArgument(v, args[i], varies, state, builder));
    for (const [i, v] of spec.seeds.entries()) cotangents.set(v, flows[taken.length + i]);
    for (const [i, [r]] of taken.entries()) cotangents.add(r, flows[i]);
    for (const key of recorded) tapes?.get(key);
    for (let i = swept.length - 1; i >= 0; i--) {
      builder.origin = swept[i].operation.origin;
      pullOperation(swept[i], state, cotangents, tapes);
    }
    const own = definedIn(block);
    const outward = captured ?? cotangents.values.filter((v) => !own.has(v));
    const wanted = [...block.arguments.filter((a) => state.active.has(a)), ...outward];
    const back = wanted.map((v) => {
      const flow = cotangents.get(v);
      return flow === null ? null : state.keeps.has(v) ? asCotangent(flow) : unmask(flow);
    });
    const rests = recorded.map((key) => (tapes as BlockTapes).get(key));
    const gives = back.map((ct) => givenOf(ct, (mask) => state.masks.of(mask).varies));
    return {
      block: dropUnused(builder.finish([...flatten(back), ...rests])),
      gives,
      captured: outward,
    };
  });
}

/** A cotangent that a backward block takes, behind a mask that it takes too. */
function maskedArgument(
  of: Value,
  cotangent: Value,
  varies: readonly boolean[] | null,
  state: SweepState,
  builder: BlockBuilder,
): Flow {
  if (varies === null) return plain(cotangent);
  const mask = builder.argument(maskType(of.type), "taken");
  state.masks.set(mask, varies);
  return { value: cotangent, mask: maskOf(mask), isClean: true };
}

/** Sends the cotangents of one operation's results to what it was computed from. */
function pullOperation(swept: SweptOperation, state: SweepState, cotangents: Cotangents, tapes: Tapes | null): void {
  const { operation, pullback } = swept;
  const given = operation.results.map((r) => cotangents.get(r));
  if (given.every((ct) => ct === null) && (tapes === null || pullback?.records !== true)) return;
  if (pullback !== null) {
    const pulled = pullback.pull(
      given.map((ct) => (ct === null ? null : pullback.apart === undefined ? asCotangent(ct) : unmask(ct))),
      (v) => cotangents.take(v),
      tapes,
    );
    const all = pullback.apart === undefined ? pulled : maskedApart(pulled, given, pullback.apart, state);
    for (const [v, ct] of all) {
      if (!state.active.has(v) || ct === null) continue;
      if (!(ct instanceof Value) && ct.kind === "increment") cotangents.increment(v, ct, null);
      else cotangents.add(v, flowOf(ct, true));
    }
    return;
  }
  const transposed = new Transposed(operation, given[0] as Flow, state);
  for (const [i, v] of operation.operands.entries()) if (state.active.has(v)) transposed.addTo(cotangents, v, i);
}

/** What a pullback gives that knows of no masks: zero where no result is taken. */
function maskedApart(
  pulled: readonly (readonly [Value, Contribution])[],
  given: readonly (Flow | null)[],
  apart: number,
  { keeps }: SweepState,
): readonly (readonly [Value, Contribution])[] {
  const flows = given.filter((ct) => ct !== null);
  if (flows.length === 0 || flows.some(({ mask }) => mask.length === 0)) return pulled;
  return pulled.map(([v, ct]) => {
    if (!(ct instanceof Value)) return [v, ct];
    const masks = flows.map(({ mask }) => supportApart(predicateOf(mask), ct, apart));
    const mask = masks.reduce((a, b) => or(a, b));
    const taken = select(mask, ct, zerosLike(ct));
    return [v, keeps.has(v) ? masked(mask, taken) : taken];
  });
}

// ---- residuals ------------------------------------------------------------------------------------------------------

function definedIn(builder: Pick<Block, "arguments" | "operations">): ValueSet {
  const defined = new ValueSet(builder.arguments);
  for (const { results } of builder.operations) for (const v of results) defined.add(v);
  return defined;
}

/** Drops operations nobody reads: partial derivatives of inactive operands and what only they needed. */
function dropUnused(block: Block): Block {
  const used = new ValueSet(block.results);
  const kept: Operation[] = [];
  for (let i = block.operations.length - 1; i >= 0; i--) {
    const operation = block.operations[i];
    if (operation.op.effect !== "effect" && !operation.results.some((r) => used.has(r))) continue;
    kept.push(operation);
    for (const v of operation.operands) used.add(v);
    for (const v of freeValues(...operation.regions)) used.add(v);
  }
  return makeBlock(block.arguments, kept.reverse(), block.results);
}
