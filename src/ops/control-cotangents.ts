// Reverse mode of control flow: branches and loops run again backwards, on what their forward run kept.
//
// A loop's cotangents travel as its carried values, those of the values that it reads from outside among them: each
// step adds to what the steps behind it gathered, so nothing is summed up afterwards.

import {
  type Block,
  currentBlock,
  type Dim,
  dimsOf,
  emit,
  type FlowContext,
  list,
  makeBlock,
  type Pullback,
  type ReverseContext,
  type SplitRegion,
  sameType,
  scalar,
  type Type,
  tensorType,
  type UseContext,
  Value,
} from "../ir/index.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { constant, constantLike, empty } from "./constant.ts";
import { counterStep } from "./counters.ts";
import { cast, compare } from "./elementwise.ts";
import { pop, push } from "./tape.ts";
import { zeros, zerosLike } from "./zeros.ts";

type Cotangents = readonly (Value | null)[];
type Take = (value: Value) => Value | null;
type Pulled = ReturnType<Pullback["pull"]>;

// ---- if -------------------------------------------------------------------------------------------------------------

/** A result depends on what is differentiated where it does in either branch. */
export function flowsOfIf(x: FlowContext): readonly boolean[] {
  const [then, otherwise] = x.operation.regions.map((region) => x.flows(region, []));
  return then.map((flows, i) => flows || otherwise[i]);
}

export function usesOfIf(x: UseContext): void {
  for (const region of x.operation.regions)
    x.region(
      region,
      x.operation.results.map((r) => x.isUseful(r)),
    );
}

/**
 * The forward `if` also yields what the backward of either branch reads, zeros standing for the branch not taken; the
 * backward is an `if` on the same predicate, so a branch not taken contributes nothing.
 */
export function reverseIf(x: ReverseContext): Pullback {
  const [predicate] = x.operands;
  const count = x.operation.results.length;
  const branches = x.operation.regions.map((region) => x.split(region, []));
  const [first, second] = branches.map((b) => b.residuals);
  const padding = (values: readonly Value[]): Value[] => values.map((v) => zeros(v.type));
  const regions = [
    branches[0].forward(() => [...first, ...padding(second)]),
    branches[1].forward(() => [...padding(first), ...second]),
  ];
  const all = emit(x.operation.op, [predicate], { regions, names: x.operation.results.map((r) => r.name) });
  const residuals = [all.slice(count, count + first.length), all.slice(count + first.length)];
  const captured = capturedBy(branches);
  return {
    results: all.slice(0, count),
    pull(cotangents, take) {
      const gathered = new Map(captured.map((v) => [v, take(v)]));
      const back = (i: number) => () => branchCotangents(branches[i], residuals[i], cotangents, gathered);
      const builder = currentBlock();
      const pulled = emit(x.operation.op, [predicate], {
        regions: [builder.region([], back(0)), builder.region([], back(1))],
      });
      return captured.map((v, i) => [v, pulled[i]] as const);
    },
  };
}

function capturedBy(regions: readonly SplitRegion[]): readonly Value[] {
  return [...new Set(regions.flatMap((r) => r.captured))];
}

/** The cotangents of what either branch reads after this one: as gathered before where it does not read the value. */
function branchCotangents(
  branch: SplitRegion,
  residuals: readonly Value[],
  cotangents: readonly (Value | null)[],
  gathered: ReadonlyMap<Value, Value | null>,
): readonly Value[] {
  const back = branch.backward(residuals, cotangents, (v) => gathered.get(v) ?? null);
  return [...gathered].map(([v, before]) => {
    const at = branch.captured.indexOf(v);
    return (at < 0 ? before : back.captured[at]) ?? zerosLike(v);
  });
}

// ---- loops ----------------------------------------------------------------------------------------------------------

/** What is carried depends on what is differentiated where it starts so, or the body makes it; that may take several looks. */
function carriedFlows(x: FlowContext, body: Block, scanned: readonly boolean[]): readonly boolean[] {
  const count = x.operation.segments[0];
  const useful = body.arguments.map((v) => x.isUseful(v));
  let active = x.operation.operands.slice(0, count).map((v, i) => useful[i] && x.isActive(v));
  for (;;) {
    const results = x.flows(body, [...active, ...scanned]);
    const next = active.map((a, i) => a || (useful[i] && results[i]));
    if (next.every((a, i) => a === active[i])) return active;
    active = next;
  }
}

/** What is carried is useful where its last value is, or a step makes something useful of it; that may take several looks. */
function usesOfCarried(x: UseContext, body: Block): void {
  const { operands, results, segments } = x.operation;
  const carried = body.arguments.slice(0, segments[0]);
  let useful = results.map((r) => x.isUseful(r));
  for (;;) {
    x.region(body, useful);
    const next = useful.map((u, i) => u || (i < carried.length && x.isUseful(carried[i])));
    if (next.every((u, i) => u === useful[i])) break;
    useful = next;
  }
  for (const [i, v] of carried.entries()) if (useful[i]) x.use(v);
  for (const [i, v] of operands.entries()) if (x.isUseful(body.arguments[i])) x.use(v);
}

export function usesOfWhile(x: UseContext): void {
  usesOfCarried(x, x.operation.regions[1]);
}

export function flowsOfWhile(x: FlowContext): readonly boolean[] {
  return carriedFlows(x, x.operation.regions[1], []);
}

/**
 * The forward loop counts its steps and pushes what a step backwards reads on a tape for each such value; the backward
 * loop runs as many steps and pops them.
 */
export function reverseWhile(x: ReverseContext): Pullback {
  const { op, regions, results } = x.operation;
  const active = flowsOfWhile(x);
  const test = x.split(
    regions[0],
    active.map(() => false),
  );
  const step = x.split(regions[1], active);
  const counters = step.residuals.map((v) => counterOf(x, step, v));
  const tapes = tapesFor(step.residuals.filter((_, i) => counters[i] === null));
  const inits = [constant(0, scalar("i32")), ...tapes.inits];
  const [steps, ...lists] = argumentsLike(inits, ["steps", ...tapes.names]);
  const body = step.forward(() => [add(steps, one()), ...tapes.pushed(lists)], [steps, ...lists]);
  const cond = test.forward(() => [], argumentsLike(inits, ["steps", ...tapes.names]));
  const as = [...names(results), "steps", ...tapes.names];
  const all = emit(op, [...x.operands, ...inits], { regions: [cond, body], names: as });
  const kept = all.slice(results.length);
  return {
    results: all.slice(0, results.length),
    pull: (cotangents, take) => pullWhile(x, { step, counters, tapes, kept }, cotangents, take),
  };
}

/** A carried number that grows by an integer at each step: what it is follows from the number of the step. */
interface Counter {
  readonly start: Value;
  readonly by: number;
}

function counterOf(x: ReverseContext, step: SplitRegion, residual: Value): Counter | null {
  const k = step.arguments.indexOf(residual);
  const by = k < 0 ? null : counterStep(x.operation, k, x.definition);
  return by === null ? null : { start: x.operands[k], by };
}

/** What the counter is where `steps` steps were begun: exact, like the sums that it stands for. */
function counted({ start, by }: Counter, steps: Value): Value {
  const before = cast(sub(steps, one()), "f64");
  return add(start, by === 1 ? before : mul(before, constantLike(by, before)));
}

interface KeptByWhile {
  readonly step: SplitRegion;
  /** For each residual, the counter that it is. */
  readonly counters: readonly (Counter | null)[];
  /** What holds the other residuals. */
  readonly tapes: Tapes;
  /** The number of steps, and the tapes. */
  readonly kept: readonly Value[];
}

function pullWhile(
  x: ReverseContext,
  { step, counters, tapes, kept }: KeptByWhile,
  given: Cotangents,
  take: Take,
): Pulled {
  const { op } = x.operation;
  const carried = initialCotangents(x, step, given, take);
  const inits = [...kept, ...carried.inits];
  const types = inits.map((v) => v.type);
  const builder = currentBlock();
  const as = [...names(kept), ...carried.names];
  const cond = builder.region(types, (steps) => [compare(steps, constant(0, scalar("i32")), "gt")], as);
  const body = builder.region(
    types,
    (steps, ...values) => {
      const [rests, popped] = tapes.popped(values.slice(0, kept.length - 1));
      const residuals = counters.map((c, i) => (c === null ? popped.get(step.residuals[i]) : counted(c, steps)));
      const next = carried.step(residuals as Value[], values.slice(kept.length - 1), []);
      return [sub(steps, one()), ...rests, ...next.carry];
    },
    as,
  );
  const all = emit(op, inits, { regions: [cond, body] });
  return carried.pulled(all.slice(kept.length));
}

function one(): Value {
  return constant(1, scalar("i32"));
}

// ---- scan -----------------------------------------------------------------------------------------------------------

export function usesOfScan(x: UseContext): void {
  usesOfCarried(x, x.operation.regions[0]);
}

export function flowsOfScan(x: FlowContext): readonly boolean[] {
  const { operands, regions, segments } = x.operation;
  const scanned = operands.slice(segments[0]).map((v) => x.isActive(v));
  const carry = carriedFlows(x, regions[0], scanned);
  return [...carry, ...x.flows(regions[0], [...carry, ...scanned]).slice(carry.length)];
}

/**
 * The forward loop also stacks what a step backwards reads, unless that is an element of what it scans; the backward loop
 * scans over it in the opposite direction.
 */
export function reverseScan(x: ReverseContext): Pullback {
  const { op, operands, regions, results, attributes, segments } = x.operation;
  const count = segments[0];
  const active = [...flowsOfScan(x).slice(0, count), ...operands.slice(count).map((v) => x.isActive(v))];
  const step = x.split(regions[0], active);
  const elements = step.arguments.slice(count);
  const made = step.residuals.filter((v) => !elements.includes(v));
  const [lists, stacked] = [made.filter(isList), made.filter((v) => !isList(v))];
  const tapes = tapesFor(lists);
  const carried = argumentsLike(tapes.inits, tapes.names);
  const body = step.forward(() => [...stacked, ...tapes.pushed(carried)]);
  const block = withCarried(body, count, carried);
  const all = emit(op, [...x.operands.slice(0, count), ...tapes.inits, ...x.operands.slice(count)], {
    attributes,
    regions: [block],
    segments: [count + carried.length, segments[1]],
    names: [...names(results.slice(0, count)), ...tapes.names, ...names(results.slice(count)), ...names(stacked)],
  });
  const [lasts, kept, outputs] = cut(all, [count, carried.length, results.length - count + stacked.length]);
  const own = outputs.slice(0, results.length - count);
  const stacks = new Map(stacked.map((v, i) => [v, outputs[own.length + i]]));
  for (const [i, v] of elements.entries()) stacks.set(v, x.operands[count + i]);
  const length = segments[1] > 0 ? leadingExtent(operands[count].type) : (attributes.length as Dim);
  return {
    results: [...lasts, ...own],
    pull: (cotangents, take) => pullScan(x, { step, stacks, tapes, kept, length }, cotangents, take),
  };
}

interface KeptByScan {
  readonly step: SplitRegion;
  /** What holds the elements of a residual. */
  readonly stacks: ReadonlyMap<Value, Value>;
  /** What holds the residuals that are lists themselves, and those tapes. */
  readonly tapes: Tapes;
  readonly kept: readonly Value[];
  readonly length: Dim;
}

function pullScan(x: ReverseContext, made: KeptByScan, given: Cotangents, take: Take): Pulled {
  const { op, operands, attributes, segments } = x.operation;
  const { step, kept, tapes } = made;
  const count = segments[0];
  const stacked = step.residuals.filter((v) => !isList(v));
  const carried = initialCotangents(x, step, given, take);
  const outputs = given.slice(count).filter((ct) => ct !== null);
  const inits = [...kept, ...carried.inits];
  const over = [...stacked.map((v) => made.stacks.get(v) as Value), ...outputs];
  const types = [...inits.map((v) => v.type), ...over.map((v) => elementType(v.type))];
  const body = currentBlock().region(
    types,
    (...args) => {
      const [lastLists, values, elements, cts] = cut(args, [
        kept.length,
        carried.inits.length,
        stacked.length,
        outputs.length,
      ]);
      const [rests, popped] = tapes.popped(lastLists);
      const residuals = step.residuals.map((v) => popped.get(v) ?? elements[stacked.indexOf(v)]);
      const next = carried.step(
        residuals,
        values,
        spread(
          given.slice(count).map((ct) => ct !== null),
          cts,
        ),
      );
      return [...rests, ...next.carry, ...next.rest];
    },
    [...names(kept), ...carried.names, ...names(stacked)],
  );
  const all = emit(op, [...inits, ...over], {
    attributes: { reverse: attributes.reverse !== true, length: over.length > 0 ? -1 : made.length },
    regions: [body],
    segments: [inits.length, over.length],
  });
  const stackedCotangents = all.slice(inits.length);
  const scanned = operands.slice(count).filter((_, i) => step.argumentFlows[count + i]);
  return [
    ...carried.pulled(all.slice(kept.length, inits.length)),
    ...scanned.map((v, i) => [v, stackedCotangents[i]] as const),
  ];
}

/** A scan's block whose last results are carried, in arguments of their own: both move behind the carried ones. */
function withCarried({ arguments: args, operations, results }: Block, count: number, tapes: readonly Value[]): Block {
  const end = results.length - tapes.length;
  return makeBlock([...args.slice(0, count), ...tapes, ...args.slice(count)], operations, [
    ...results.slice(0, count),
    ...results.slice(end),
    ...results.slice(count, end),
  ]);
}

// ---- what both loops share ------------------------------------------------------------------------------------------

type Tapes = ReturnType<typeof tapesFor>;

/** Lists for what a loop keeps of each step: one for each type. */
function tapesFor(residuals: readonly Value[]) {
  const groups: Value[][] = [];
  for (const v of residuals) {
    const group = groups.find(([first]) => sameType(first.type, v.type));
    if (group === undefined) groups.push([v]);
    else group.push(v);
  }
  return {
    inits: groups.map(([first]) => empty(list(first.type))),
    names: groups.map((group) => (group.length === 1 ? group[0].name : "tape")),
    pushed: (tapes: readonly Value[]): readonly Value[] => tapes.map((tape, i) => push(tape, ...groups[i])),
    /** The lists before that, and what was pushed for each residual. */
    popped(tapes: readonly Value[]): readonly [rests: readonly Value[], kept: ReadonlyMap<Value, Value>] {
      const kept = new Map<Value, Value>();
      const rests = tapes.map((tape, i) => {
        const [rest, ...values] = pop(tape, groups[i].length);
        for (const [k, v] of groups[i].entries()) kept.set(v, values[k]);
        return rest;
      });
      return [rests, kept];
    },
  };
}

/** The cotangents that a backward loop carries: those of the carried values, then those of what the body reads outside. */
function initialCotangents(x: ReverseContext, step: SplitRegion, given: Cotangents, take: Take) {
  const { operands, results, segments } = x.operation;
  const active = step.argumentFlows.slice(0, segments[0]);
  const initial = operands.filter((_, i) => active[i] === true);
  const lasts = results.flatMap((r, i) => (active[i] === true ? [given[i] ?? zerosLike(r)] : []));
  const gathered = step.captured.map((v) => take(v) ?? zerosLike(v));
  return {
    inits: [...lasts, ...gathered],
    names: [...initial, ...step.captured].map(({ name }) => (name === null ? "ct" : `${name}_ct`)),
    /** One step backwards: the next carried cotangents, and those of the other arguments. */
    step(residuals: readonly Value[], carried: readonly Value[], others: Cotangents) {
      const totals = carried.slice(lasts.length);
      const cotangents = [...spread(active, carried), ...others];
      const back = step.backward(residuals, cotangents, (v) => totals[step.captured.indexOf(v)]);
      const next = back.arguments.slice(0, active.length).filter((ct) => ct !== null);
      return {
        carry: [...next, ...back.captured.filter((ct) => ct !== null)],
        rest: back.arguments.slice(active.length).filter((ct) => ct !== null),
      };
    },
    pulled: (all: readonly Value[]): Pulled => [...initial, ...step.captured].map((v, i) => [v, all[i]] as const),
  };
}

/** The values at the places that `flags` name; null at the others. */
function spread(flags: readonly boolean[], values: readonly Value[]): Cotangents {
  let next = 0;
  return flags.map((flag) => (flag ? values[next++] : null));
}

/** Consecutive pieces of the lengths. */
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

function leadingExtent(type: Type): Dim {
  return dimsOf(type)[0];
}

function elementType(type: Type): Type {
  return type.kind === "tensor" ? tensorType(type.dtype, type.shape.slice(1)) : type;
}
