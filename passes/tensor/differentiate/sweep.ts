// Splits one block into a forward and a backward block: the forward sweep emits the block again; the backward sweep
// walks it backwards and propagates cotangents. Whatever the backward block reads from the forward one is a residual.

import {
  type Block,
  BlockBuilder,
  Cloner,
  currentBlock,
  type Derivative,
  type FuncScope,
  freeValues,
  type Increment,
  isScalar,
  list,
  makeBlock,
  mustStay,
  type OpenTapes,
  type Operation,
  type Origin,
  originOfDerivative,
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
import { sameTape } from "../../../src/ops/index.ts";
import type { Activity } from "./activity.ts";
import { Cotangents } from "./cotangents.ts";
import { RecomputePlan } from "./recompute.ts";
import { BlockTapes, OwnTapes } from "./tapes.ts";
import { transposed } from "./transpose.ts";

/** What a sweep asks of the module around it. */
export interface SweepHost {
  signature(callee: string): Signature;
  splitCall(callee: string, active: readonly boolean[], keep: boolean): SplitCall;
}

/** The state that all sweeps of one function share, those of its regions included. */
export interface SweepState {
  readonly host: SweepHost;
  /** Whether the forward function takes over the operations of the original function, rather than copies of them. */
  readonly moves: boolean;
  /** Maps values of the original function to those of the forward function. */
  readonly forward: Cloner | Replacements;
  /** The active values of the original function. */
  readonly active: Activity;
  readonly backwardScope: FuncScope;
  /** The tensors and lists that regions of the forward function define. */
  readonly stepwise: ValueSet;
  /** For values of the original function, the operation that they are results of, or arguments of a region of. */
  readonly definitions: ValueMap<Operation>;
}

/** Which cotangents a backward block takes; where one is known to be zero, a version of the block goes without it. */
export interface BackwardSpec {
  /** For each active result, whether it has a cotangent. */
  readonly results: readonly boolean[];
  /** The captured values for which a cotangent was gathered before; the block adds to it. */
  readonly seeds: readonly Value[];
}

/**
 * A backward block. It takes cotangents of the active results, the seeds, and the tapes behind the forward block; it
 * gives cotangents of the active arguments, of the captured values, and the tapes in front of the forward block.
 */
export interface Backward {
  readonly block: Block;
  /** For each active argument, then for each captured value, whether the block gives its cotangent; else it is zero. */
  readonly gives: readonly boolean[];
}

/** A block, split into a forward and a backward one. */
export interface Split {
  /** Holds the forward operations. It is unfinished: whoever asked for the split adds residuals to its results. */
  readonly builder: BlockBuilder;
  readonly results: readonly Value[];
  /** Values of the forward block that the backward block reads. */
  readonly residuals: readonly Value[];
  backward(spec: BackwardSpec): Backward;
  /** Original values from outside the block that receive a cotangent from it. */
  readonly captured: readonly Value[];
  /** The tapes on which the block pushes; the backward block takes them as its last arguments and gives them last. */
  readonly recorded: readonly Recorded[];
}

/** An operation of the original block that cotangents flow through, with the pullback of a structured derivative. */
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

/** What surrounds a block that is split: the tapes that it may push on, and the origin of what no operation in it makes. */
interface Around {
  readonly tapes: OpenTapes | undefined;
  readonly origin: Origin | null;
}

/** Splits a block whose active arguments are marked in `state.active`. */
export function splitBlock(
  block: Block,
  state: SweepState,
  builder: BlockBuilder,
  { tapes: around, origin }: Around,
): Split {
  for (const a of block.arguments) {
    const argument = state.moves ? a : new Value(a.type, a.name);
    builder.arguments.push(argument);
    state.forward.set(a, argument);
    markStepwise(argument, state, builder);
  }
  const tapes = around === undefined ? new OwnTapes() : new BlockTapes(around);
  const operations = sweepForward(block, state, builder, tapes);
  const recorded = tapes instanceof BlockTapes ? tapes.recorded : [];
  const inside = definedIn(builder);
  const free = builder.arguments.filter((_, i) => around?.counters?.[i] === true);
  const plan = new RecomputePlan(builder, { inside, stepwise: state.stepwise, free: new Set(free) });
  const standalone = (backward: Block): Block => {
    const read = freeValues(backward).filter((v) => inside.has(v));
    return plan.standalone(backward, read);
  };
  const all = block.results.filter((r) => state.active.has(r)).map(() => true);
  const usual: BackwardSpec = { results: all, seeds: [] };
  const forward: ForwardSweep = { operations, recorded, origin };
  const plain = sweepBackward(block, state, forward, usual, null);
  const made = new Map<string, Backward>([[keyOf(usual), { ...plain, block: standalone(plain.block) }]]);
  return {
    builder,
    results: block.results.map((v) => state.forward.get(v)),
    residuals: plan.kept,
    // every version of the backward block reads the same residuals
    backward(spec) {
      const key = keyOf(spec);
      let backward = made.get(key);
      if (backward === undefined) {
        const swept = sweepBackward(block, state, forward, spec, plain.captured);
        made.set(key, (backward = { ...swept, block: standalone(swept.block) }));
      }
      return backward;
    },
    captured: plain.captured,
    recorded,
  };
}

function keyOf({ results, seeds }: BackwardSpec): string {
  return [results.map(Number).join(""), ...seeds.map((v) => v.id)].join(" ");
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
    if (live) state.active.mark(operation);
    for (const r of operation.results) markStepwise(state.forward.get(r), state, builder);
  }
  return swept;
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
    split: (region, active, tapes) =>
      splitRegion(region, active, state, builder, { tapes, origin: originOfDerivative(operation, "gradient") }),
    calleeSignature: (callee) => state.host.signature(callee),
    splitCall: (callee, active, keep) => state.host.splitCall(callee, active, keep),
  };
  const pullback = withBuilder(builder, () => derivative.reverse(context));
  for (const [i, r] of operation.results.entries()) state.forward.set(r, pullback.results[i]);
  return pullback;
}

/** Splits a region of a structured op; the op's pullback inlines the backward block where it needs it. */
function splitRegion(
  region: Block,
  active: readonly boolean[],
  state: SweepState,
  outer: BlockBuilder,
  { tapes: around, origin }: Around,
): SplitRegion {
  state.active.addArguments(region.arguments.filter((_, i) => active[i]));
  const opened = around && {
    open: (key: TapeKey): Value => withBuilder(outer, () => around.open(key)),
    isRepeated: around.isRepeated,
    counters: around.counters ?? [],
  };
  const split = splitBlock(region, state, new BlockBuilder(outer.scope, outer), { tapes: opened, origin });
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
    forward(extra, extraArguments = []) {
      const { builder } = split;
      const more = withBuilder(builder, extra);
      builder.arguments.push(...extraArguments);
      return builder.finish([...split.results, ...more]);
    },
    backward(residuals, cotangents, seed = () => null, tapes = []) {
      const cloner = new Cloner();
      for (const [i, v] of split.residuals.entries()) cloner.set(v, residuals[i]);
      const given = cotangents.filter((_, i) => resultFlows[i]);
      const seeds = split.captured.map(seed);
      const { block, gives } = split.backward({
        results: given.map((ct) => ct !== null),
        seeds: split.captured.filter((_, i) => seeds[i] !== null),
      });
      const args = [...[...given, ...seeds].filter((ct) => ct !== null), ...tapes];
      const back = cloner.inline(block, args, currentBlock());
      let at = 0;
      const values = gives.map((is) => (is ? back[at++] : null));
      let next = 0;
      const argumentCotangents = active.map((a) => (a ? values[next++] : null));
      return { arguments: argumentCotangents, captured: values.slice(next), tapes: back.slice(at) };
    },
  };
}

// ---- backward -------------------------------------------------------------------------------------------------------

/** The tapes of a backward block: it takes each as an argument. */
function backwardTapes(recorded: readonly Recorded[], builder: BlockBuilder): BlockTapes {
  const nameOf = (key: TapeKey): string | null => recorded.find((r) => sameTape(r, key))?.after.name ?? null;
  return new BlockTapes({ open: (key) => builder.argument(list(key.element), nameOf(key)), isRepeated: true });
}

/** What the forward sweep of a block gave, and the origin of sums of cotangents before the first operation is swept. */
interface ForwardSweep {
  readonly operations: readonly SweptOperation[];
  readonly recorded: readonly Recorded[];
  readonly origin: Origin | null;
}

/**
 * Emits a backward block. The values in `spec.seeds` start with a cotangent that the block takes as an argument.
 * `captured` are the captured values, where a sweep before found them; else those that receive a cotangent.
 */
function sweepBackward(
  block: Block,
  state: SweepState,
  { operations: swept, recorded, origin }: ForwardSweep,
  spec: BackwardSpec,
  captured: readonly Value[] | null,
): Backward & { readonly captured: readonly Value[] } {
  const builder = new BlockBuilder(state.backwardScope);
  builder.origin = origin;
  const cotangents = new Cotangents();
  const tapes = recorded.length === 0 ? null : backwardTapes(recorded, builder);
  const argument = (v: Value): Value => builder.argument(v.type, v.name === null ? "ct" : `${v.name}_ct`);
  return withBuilder(builder, () => {
    const results = block.results.filter((r) => state.active.has(r));
    const given = results.filter((_, i) => spec.results[i]);
    const args = [...given, ...spec.seeds].map((v) => [v, argument(v)] as const);
    for (const [v, ct] of args.slice(given.length)) cotangents.set(v, ct);
    for (const [v, ct] of args.slice(0, given.length)) cotangents.add(v, ct);
    for (const key of recorded) tapes?.get(key);
    for (let i = swept.length - 1; i >= 0; i--) {
      builder.origin = originOfDerivative(swept[i].operation, "gradient");
      pullOperation(swept[i], state, cotangents, tapes);
    }
    const own = definedIn(block);
    const outward = captured ?? cotangents.values.filter((v) => !own.has(v));
    const wanted = [...block.arguments.filter((a) => state.active.has(a)), ...outward];
    const back = wanted.map((v) => cotangents.get(v));
    const rests = recorded.map((key) => (tapes as BlockTapes).get(key));
    return {
      block: dropUnused(builder.finish([...back.filter((ct) => ct !== null), ...rests])),
      gives: back.map((ct) => ct !== null),
      captured: outward,
    };
  });
}

/** Propagates the cotangents of one operation's results to its operands and to the values that its regions capture. */
function pullOperation(swept: SweptOperation, state: SweepState, cotangents: Cotangents, tapes: Tapes | null): void {
  const { operation, pullback } = swept;
  const given = operation.results.map((r) => cotangents.get(r));
  if (given.every((ct) => ct === null) && (tapes === null || pullback?.records !== true)) return;
  if (pullback !== null) {
    for (const [v, ct] of pullback.pull(given, (v) => cotangents.take(v), tapes)) {
      if (state.active.has(v) && ct !== null) addTo(cotangents, v, ct);
    }
    return;
  }
  const [cotangent] = given;
  if (cotangent === null) return;
  const contributions = transposed({
    operation,
    operands: operation.operands.map((v) => state.forward.get(v)),
    result: state.forward.get(operation.results[0]),
    cotangent,
    wanted: operation.operands.map((v) => state.active.has(v)),
  });
  for (const [i, v] of operation.operands.entries()) {
    const contribution = contributions[i] ?? null;
    if (state.active.has(v) && contribution !== null) addTo(cotangents, v, contribution);
  }
}

function addTo(cotangents: Cotangents, value: Value, contribution: Value | Increment): void {
  if (contribution instanceof Value) cotangents.add(value, contribution);
  else cotangents.increment(value, contribution);
}

// ---- residuals ------------------------------------------------------------------------------------------------------

function definedIn(builder: Pick<Block, "arguments" | "operations">): ValueSet {
  const defined = new ValueSet(builder.arguments);
  for (const { results } of builder.operations) for (const v of results) defined.add(v);
  return defined;
}

/** Drops dead operations: partial derivatives of inactive operands, and whatever only those needed. */
export function dropUnused(block: Block): Block {
  const used = new ValueSet(block.results);
  const kept: Operation[] = [];
  for (let i = block.operations.length - 1; i >= 0; i--) {
    const operation = block.operations[i];
    if (!mustStay(operation.op.effects) && !operation.results.some((r) => used.has(r))) continue;
    kept.push(operation);
    for (const v of operation.operands) used.add(v);
    for (const v of freeValues(...operation.regions)) used.add(v);
  }
  return makeBlock(block.arguments, kept.reverse(), block.results);
}
