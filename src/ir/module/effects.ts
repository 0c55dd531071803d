// The effects of operations where they stand: those of their own op, of the regions they hold and of what they call.

import { sliced } from "../data/sliced.ts";
import type { Value } from "../data/value.ts";
import { type EffectsOn, touchesMemory } from "../op/effects.ts";
import { calleesFirst } from "./call-graph.ts";
import { callsIn } from "./contents.ts";
import { type Block, type Func, type Module, type Operation, segmentOf } from "./module.ts";
import { Storages } from "./storage.ts";
import { calleeOf } from "./walk.ts";

/** What an operation does: `reads` and `writes` are values of memory. */
export type OperationEffects = EffectsOn<Value>;

/** Effects without memory, by what else they are: allocates, fails and observable as the bits of a number. */
const withoutMemory: readonly EffectsOn<never>[] = Array.from({ length: 8 }, (_, bits) =>
  Object.freeze({
    reads: [],
    writes: [],
    allocates: (bits & 1) !== 0,
    fails: (bits & 2) !== 0,
    observable: (bits & 4) !== 0,
  }),
);

function bitsOf({ allocates, fails, observable }: EffectsOn<unknown>): number {
  return (allocates ? 1 : 0) | (fails ? 2 : 0) | (observable ? 4 : 0);
}

/** The effects of blocks that hold no calls: they are the same in every module. */
const withoutCalls = new WeakMap<Block, OperationEffects>();

/** An analysis of effects in a module: operations have those of what they hold and call as well. */
export class Effects {
  readonly #module: Module;
  /** The effects of blocks that hold calls. */
  readonly #blocks = new WeakMap<Block, OperationEffects>();
  /** Of functions, by position of their arguments; made when a call is asked about. */
  #funcs: ReadonlyMap<string, EffectsOn<number>> | null = null;

  constructor(module: Module) {
    this.#module = module;
  }

  of(operation: Operation): OperationEffects {
    const { op, regions } = operation;
    const callee = calleeOf(operation);
    if (regions.length === 0 && callee === null) {
      return touchesMemory(op.effects) ? ownEffects(operation) : withoutMemory[bitsOf(op.effects)];
    }
    const all = new Union();
    all.add(ownEffects(operation));
    for (const region of regions) all.add(this.#ofBlock(region));
    if (callee !== null) all.add(this.#ofCall(operation, callee));
    // memory that is made inside matters where a result may be it
    return all.effects(operation.results.some(isMemory));
  }

  /** Of what is run, for whoever stands around: nobody there sees memory that the block makes and only uses itself. */
  #ofBlock(block: Block): OperationEffects {
    const known = withoutCalls.get(block) ?? this.#blocks.get(block);
    if (known !== undefined) return known;
    const all = new Union();
    for (const operation of block.operations) all.add(this.of(operation));
    for (const { op, results } of block.operations) if (op.effects.allocates) all.forget(results);
    const effects = all.effects();
    (callsIn(block).size > 0 ? this.#blocks : withoutCalls).set(block, effects);
    return effects;
  }

  #ofCall(operation: Operation, callee: string): OperationEffects {
    const { op, operands } = operation;
    const given = op.groups.includes("arguments") ? named(operation, "arguments") : operands;
    this.#funcs ??= this.#ofFuncs();
    const known = this.#funcs.get(callee);
    const memory = given.filter(isMemory);
    if (known === undefined) return { reads: memory, writes: memory, allocates: true, fails: true, observable: true };
    const at = (positions: readonly number[]): readonly Value[] => positions.map((i) => given[i]);
    return { ...known, reads: at(known.reads), writes: at(known.writes) };
  }

  #ofFuncs(): ReadonlyMap<string, EffectsOn<number>> {
    const funcs = new Map<string, EffectsOn<number>>();
    this.#funcs = funcs;
    for (const func of calleesFirst(this.#module)) funcs.set(func.name, onArguments(func, this.#ofBlock(func.body)));
    return funcs;
  }
}

/** The effects of a function's body on its arguments. Memory that may be any may be that of each. */
function onArguments({ body, roles }: Func, effects: OperationEffects): EffectsOn<number> {
  const storages = new Storages(body);
  const positions = (values: readonly Value[], given: readonly number[]): readonly number[] => {
    const found = new Set<number>(given);
    for (const v of values) {
      const known = storages.of(v);
      const of = known === "any" ? body.arguments.filter(isMemory) : known;
      for (const storage of of) {
        const i = body.arguments.indexOf(storage);
        if (i >= 0) found.add(i);
      }
    }
    return [...found];
  };
  // what is in the memory at first is lost: it is written before it is read
  const isLost = (i: number): boolean => roles[i] === "out" || roles[i] === "zeroed";
  const lost = [...roles.keys()].filter(isLost);
  const reads = positions(effects.reads, []).filter((i) => !isLost(i));
  return { ...effects, reads, writes: positions(effects.writes, lost) };
}

function isMemory({ type }: Value): boolean {
  return type.kind === "memref" || type.kind === "list";
}

/** The effects of an operation itself, without what it holds and calls. */
export function ownEffects(operation: Operation): OperationEffects {
  const { reads, writes, allocates, fails, observable } = operation.op.effects;
  return { reads: valuesOf(operation, reads), writes: valuesOf(operation, writes), allocates, fails, observable };
}

/** The memory that an operation itself writes to. */
export function writesOf(operation: Operation): readonly Value[] {
  return valuesOf(operation, operation.op.effects.writes);
}

function valuesOf(operation: Operation, names: readonly string[]): readonly Value[] {
  if (names.length === 0) return noValues;
  return names.length === 1 ? named(operation, names[0]) : names.flatMap((name) => named(operation, name));
}

const noValues: readonly Value[] = [];

/** The operands of one name in the op's record. */
function named(operation: Operation, name: string): readonly Value[] {
  const { op, operands } = operation;
  if (op.groups.includes(name)) {
    const [start, count] = segmentOf(operation, name);
    return sliced(operands, start, start + count);
  }
  const at = op.operands.findIndex((spec) => spec.name === name);
  return op.operands[at].variadic === true ? sliced(operands, at) : [operands[at]];
}

/** What several do together. */
class Union {
  readonly #reads = new Set<Value>();
  readonly #writes = new Set<Value>();
  #bits = 0;

  add(effects: OperationEffects): void {
    for (const v of effects.reads) this.#reads.add(v);
    for (const v of effects.writes) this.#writes.add(v);
    this.#bits |= bitsOf(effects);
  }

  forget(values: readonly Value[]): void {
    for (const v of values) {
      this.#reads.delete(v);
      this.#writes.delete(v);
    }
  }

  effects(allocates = true): OperationEffects {
    const others = withoutMemory[allocates ? this.#bits : this.#bits & 6];
    if (this.#reads.size === 0 && this.#writes.size === 0) return others;
    return { ...others, reads: [...this.#reads], writes: [...this.#writes] };
  }
}
