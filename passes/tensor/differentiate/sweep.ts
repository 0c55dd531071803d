// Splits one block into a forward and a backward one: a forward sweep that re-emits it, a backward sweep over cotangents.

import {
  type Block,
  BlockBuilder,
  Cloner,
  type Contribution,
  currentBlock,
  type Derivative,
  type FuncScope,
  fail,
  freeValues,
  isScalar,
  list,
  type Masked,
  makeBlock,
  type OpenTapes,
  type Operation,
  type PartialDerivative,
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
  walk,
  withBuilder,
} from "../../../src/ir/index.ts";
import { add, constant, mul, neg, sameTape, select, zerosLike } from "../../../src/ops/index.ts";
import type { Activity } from "./activity.ts";
import { RecomputePlan } from "./recompute.ts";
import { BlockTapes, OwnTapes } from "./tapes.ts";

/** What a sweep needs of the module around it. */
export interface SweepHost {
  signature(callee: string): Signature;
  splitCall(callee: string, active: readonly boolean[], keep: boolean): SplitCall;
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
  readonly backwardScope: FuncScope;
  /** The tensors and lists that regions of the forward function define. */
  readonly stepwise: ValueSet;
  /** For values of the original function, the operation that they are results of, or arguments of a region of. */
  readonly definitions: ValueMap<Operation>;
}

/** A block split in two. */
export interface Split {
  /** Holds the forward operations; unfinished, because its results gain the residuals. */
  readonly builder: BlockBuilder;
  readonly results: readonly Value[];
  /** Values of the forward block that the backward block reads. */
  readonly residuals: readonly Value[];
  /** Cotangents of the active results → cotangents of the active arguments, then of `captured`. */
  readonly backward: Block;
  /** The same with the cotangents that some captured values have so far as its last arguments. */
  seeded(seeds: readonly Value[]): Block;
  /** Original values from outside the block that receive a cotangent from it. */
  readonly captured: readonly Value[];
  /** The tapes that the block goes on with; the backward block takes them last, and gives them back last. */
  readonly recorded: readonly Recorded[];
}

interface Step {
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
    builder.arguments.push(argument);
    state.forward.set(a, argument);
    markStepwise(argument, state, builder);
  }
  const tapes = around === null ? new OwnTapes() : new BlockTapes(around);
  const steps = sweepForward(block, state, builder, tapes);
  const recorded = tapes instanceof BlockTapes ? tapes.recorded : [];
  const inside = definedIn(builder);
  const free = builder.arguments.filter((_, i) => around?.counters?.[i] === true);
  const plan = new RecomputePlan(builder, { inside, stepwise: state.stepwise, free: new Set(free) });
  const standalone = (backward: Block): Block => {
    const read = freeValues(backward).filter((v) => inside.has(v));
    return plan.standalone(backward, read);
  };
  const { backward, captured } = sweepBackward(block, state, steps, recorded);
  const alone = standalone(backward);
  return {
    builder,
    results: block.results.map((v) => state.forward.get(v)),
    residuals: plan.kept,
    backward: alone,
    seeded: (seeds) => standalone(sweepBackward(block, state, steps, recorded, { seeds, captured }).backward),
    captured,
    recorded,
  };
}

// ---- forward --------------------------------------------------------------------------------------------------------

function sweepForward(block: Block, state: SweepState, builder: BlockBuilder, tapes: Tapes): readonly Step[] {
  const steps: Step[] = [];
  for (const operation of block.operations) {
    const { derivative } = operation.op;
    const live = derivative.kind !== "zero" && state.active.dependsOn(operation);
    if (live && derivative.kind === "structured") {
      steps.push({ operation, pullback: emitStructured(operation, derivative, state, builder, tapes) });
    } else {
      builder.append(state.forward.operation(operation));
      if (live) steps.push({ operation, pullback: null });
    }
    if (live) state.active.mark(operation);
    for (const r of operation.results) markStepwise(state.forward.get(r), state, builder);
  }
  return steps;
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
    tapes,
    split: (region, active, around) => splitRegion(region, active, state, builder, around),
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
  active: readonly boolean[],
  state: SweepState,
  outer: BlockBuilder,
  around?: OpenTapes,
): SplitRegion {
  state.active.addArguments(region.arguments.filter((_, i) => active[i]));
  const opened = around && {
    open: (key: TapeKey): Value => withBuilder(outer, () => around.open(key)),
    isRepeated: around.isRepeated,
    counters: around.counters ?? [],
  };
  const split = splitBlock(region, state, new BlockBuilder(outer.scope, outer), opened);
  const resultFlows = region.results.map((v) => state.active.has(v));
  const backwards = new Map<string, Block>([["", split.backward]]);
  /** The backward block for the captured values that have a seed. */
  const backwardFor = (seeded: readonly Value[]): Block => {
    const key = seeded.map((v) => v.id).join();
    let block = backwards.get(key);
    if (block === undefined) backwards.set(key, (block = split.seeded(seeded)));
    return block;
  };
  return {
    argumentFlows: active,
    resultFlows,
    residuals: split.residuals,
    arguments: split.builder.arguments.slice(),
    operations: split.builder.operations.slice(),
    results: split.results,
    captured: split.captured,
    recorded: split.recorded,
    forward(extra, extraArguments = []) {
      const { builder } = split;
      const more = withBuilder(builder, extra);
      builder.arguments.push(...extraArguments);
      return builder.finish([...split.results, ...more]);
    },
    backward(residuals, cotangents, seed = () => null, tapes = []) {
      const cloner = new Cloner();
      for (const [i, v] of split.residuals.entries()) cloner.set(v, residuals[i]);
      const given = region.results.flatMap((v, i) => (resultFlows[i] ? [cotangents[i] ?? zerosLike(v)] : []));
      const seeds = split.captured.map(seed);
      const seeded = split.captured.filter((_, i) => seeds[i] !== null);
      const args = [...given, ...seeds.filter((v) => v !== null), ...tapes];
      const back = cloner.inline(backwardFor(seeded), args, currentBlock());
      let next = 0;
      const argumentCotangents = active.map((a) => (a ? back[next++] : null));
      const end = next + split.captured.length;
      return { arguments: argumentCotangents, captured: back.slice(next, end), tapes: back.slice(end) };
    },
  };
}

// ---- backward -------------------------------------------------------------------------------------------------------

/** The cotangents gathered so far, by original value. */
class Cotangents {
  readonly #map = new ValueMap<Value | Masked>();
  readonly #seen = new ValueSet();
  readonly #values: Value[] = [];

  add(value: Value, contribution: Contribution): void {
    if (contribution === null) return;
    const before = this.#map.get(value) ?? null;
    if (contribution instanceof Value || contribution.kind === "masked") this.set(value, sum(before, contribution));
    else this.set(value, contribution.addTo(materialize(before, value)));
  }

  set(value: Value, cotangent: Value | Masked): void {
    if (!this.#seen.has(value)) {
      this.#seen.add(value);
      this.#values.push(value);
    }
    this.#map.set(value, cotangent);
  }

  get(value: Value): Value | Masked | null {
    return this.#map.get(value) ?? null;
  }

  /** What was gathered so far, and no longer is. */
  take(value: Value): Value | null {
    const gathered = this.get(value);
    this.#map.delete(value);
    return gathered === null ? null : unmask(gathered);
  }

  /** In the order in which they received their first contribution. */
  get values(): readonly Value[] {
    return this.#values;
  }
}

function sum(before: Value | Masked | null, more: Value | Masked): Value | Masked {
  return before === null ? more : add(unmask(before), unmask(more));
}

function unmask(cotangent: Value | Masked): Value {
  return cotangent instanceof Value ? cotangent : select(cotangent.mask, cotangent.value, zerosLike(cotangent.value));
}

/** Tapes that the backward block takes as arguments. */
function backwardTapes(recorded: readonly Recorded[], builder: BlockBuilder): BlockTapes {
  const nameOf = (key: TapeKey): string | null => recorded.find((r) => sameTape(r, key))?.after.name ?? null;
  return new BlockTapes({ open: (key) => builder.argument(list(key.element), nameOf(key)), isRepeated: true });
}

/** The backward block. The values in `seeds` begin with a cotangent that it takes as an argument. */
function sweepBackward(
  block: Block,
  state: SweepState,
  steps: readonly Step[],
  recorded: readonly Recorded[],
  outer: { readonly seeds: readonly Value[]; readonly captured: readonly Value[] } | null = null,
): { readonly backward: Block; readonly captured: readonly Value[] } {
  const builder = new BlockBuilder(state.backwardScope);
  const cotangents = new Cotangents();
  const tapes = recorded.length === 0 ? null : backwardTapes(recorded, builder);
  const argument = (v: Value): Value => builder.argument(v.type, v.name === null ? "ct" : `${v.name}_ct`);
  const results = withBuilder(builder, () => {
    const given = block.results.flatMap((r) => (state.active.has(r) ? [[r, argument(r)] as const] : []));
    for (const v of outer?.seeds ?? []) cotangents.set(v, argument(v));
    for (const [r, ct] of given) cotangents.add(r, ct);
    for (const key of recorded) tapes?.get(key);
    for (let i = steps.length - 1; i >= 0; i--) {
      builder.origin = steps[i].operation.origin;
      pullStep(steps[i], state, cotangents, tapes);
    }
    return block.arguments.filter((a) => state.active.has(a)).map((a) => materialize(cotangents.get(a), a));
  });
  const own = definedIn(block);
  const captured = outer?.captured ?? cotangents.values.filter((v) => !own.has(v));
  const outward = withBuilder(builder, () => captured.map((v) => materialize(cotangents.get(v), v)));
  const rests = recorded.map((key) => (tapes as BlockTapes).get(key));
  return { backward: dropUnused(builder.finish([...results, ...outward, ...rests])), captured };
}

function materialize(cotangent: Value | Masked | null, like: Value): Value {
  return cotangent === null ? zerosLike(like) : unmask(cotangent);
}

/** Sends the cotangents of one operation's results to what it was computed from. */
function pullStep(step: Step, state: SweepState, cotangents: Cotangents, tapes: Tapes | null): void {
  const { operation, pullback } = step;
  const given = operation.results.map((r) => cotangents.get(r));
  if (given.every((ct) => ct === null) && (tapes === null || pullback?.records !== true)) return;
  if (pullback !== null) {
    const plain = given.map((ct) => (ct === null ? null : unmask(ct)));
    const pulled = pullback.pull(plain, (v) => cotangents.take(v), tapes);
    for (const [v, ct] of pulled) if (state.active.has(v)) cotangents.add(v, ct);
    return;
  }
  const contributions = contributionsOf(operation, given[0] as Value | Masked, state);
  for (const [i, v] of operation.operands.entries()) {
    if (state.active.has(v)) cotangents.add(v, contributions[i] ?? null);
  }
}

function contributionsOf(operation: Operation, cotangent: Value | Masked, state: SweepState): readonly Contribution[] {
  const { derivative, name } = operation.op;
  const operands = operation.operands.map((v) => state.forward.get(v));
  const result = state.forward.get(operation.results[0]);
  const wanted = operation.operands.map((v) => state.active.has(v));
  switch (derivative.kind) {
    case "elementwise":
      return derivative.partials(operands, result, operation).map((p, i) => (wanted[i] ? scale(cotangent, p) : null));
    case "linear":
    case "multilinear":
      return derivative.transpose({ operation, operands, cotangent: unmask(cotangent), wanted });
    case "rule":
      return derivative.vjp({ operation, operands, result, cotangent: unmask(cotangent), wanted });
    case "none":
      return fail("no-derivative", `${name} has no derivative: ${derivative.reason}`, { origin: operation.origin });
    default:
      return [];
  }
}

/** cotangent · partial; a mask stays outside the product. */
function scale(cotangent: Value | Masked, partial: PartialDerivative): Contribution {
  if (partial === null || partial === 0) return null;
  if (!(cotangent instanceof Value)) return { ...cotangent, value: scaleValue(cotangent.value, partial) };
  return scaleValue(cotangent, partial);
}

/** value · partial. */
export function scaleValue(cotangent: Value, partial: Value | number): Value {
  if (partial === 1) return cotangent;
  if (partial === -1) return neg(cotangent);
  if (partial instanceof Value) return mul(cotangent, partial);
  if (cotangent.type.kind !== "tensor") return fail("no-derivative", "a cotangent has to be a tensor");
  return mul(cotangent, constant(partial, cotangent.type));
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
