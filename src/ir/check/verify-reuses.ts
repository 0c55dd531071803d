// Memory that results take over from operands: it is the function's own, or the caller's to change, and nothing reads what it
// held before. Tensors that have one memory under several names (a reshape, what a loop gives back as it came) lose it at once.

import { Dense } from "../data/ndarray.ts";
import type { Value } from "../data/value.ts";
import { ValueMap } from "../data/value-map.ts";
import { type ErrorDetails, fail } from "../diagnostics/errors.ts";
import { carriedIn, loopOf } from "../module/loop.ts";
import type { Block, Func, Operation } from "../module/module.ts";
import { printFuncName, printValueName } from "../module/names.ts";
import { isElementwise, isInvariantCarry, mayReuse, reusesOf } from "../module/reuse.ts";
import { Sites } from "../module/sites.ts";
import { walk } from "../module/walk.ts";
import { hasMemory, type Level } from "../op/op-spec.ts";
import { isDirect, printType, sameType } from "../types/type.ts";

/** Fails (code `structure`) where an operation reuses memory that it may not write to, or that is read afterwards. */
export function checkReuses(func: Func, level: Level | null, isCalled: () => boolean): void {
  let found = false;
  walk(func.body, (operation) => {
    const reuses = reusesOf(operation);
    if (reuses.length > 0) checkForm(operation, reuses, level);
    found ||= reuses.length > 0;
  });
  if (found) new ReuseChecker(func, isCalled).run();
}

function refuse({ op, origin }: Operation, reason: string, details: ErrorDetails = {}): never {
  return fail("structure", `${op.name}: ${reason}`, { origin, ...details });
}

/** What can be seen of the operation alone. */
function checkForm(operation: Operation, reuses: readonly number[], level: Level | null): void {
  const { operands, results } = operation;
  if (level === "tensor" || (level !== null && hasMemory(level)))
    refuse(operation, `it has reuses, which stand at the fused level, expected the ${level} level only`);
  if (reuses.length > results.length)
    refuse(operation, `reuses = [${reuses.join(", ")}] is for ${reuses.length} results, and it has ${results.length}`);
  for (const [result, operand] of reuses.entries()) {
    if (operand === -1) continue;
    const v = operands[operand];
    if (v === undefined) {
      const most = operands.length === 0 ? "none: it has no operands" : `-1 to ${operands.length - 1}`;
      refuse(operation, `reuses names operand ${operand}, expected one of ${most}`);
    }
    if (isDirect(v.type)) refuse(operation, `it reuses operand ${operand}, ${typed(v)}, expected a tensor in memory`);
    if (!mayReuse(operation, operand, result))
      refuse(
        operation,
        `it reuses operand ${operand}, ${nameOf(v)}, which it does not read where it writes result ${result}`,
      );
    if (sameType(v.type, results[result].type)) continue;
    const expected = printType(results[result].type);
    refuse(operation, `it reuses operand ${operand}, ${typed(v)}, expected the type of result ${result}, ${expected}`);
  }
}

/** Why memory is not written to. */
type Owner =
  /** It is: by operations that stand in as many loops as what made it. */
  { readonly kind: "own"; readonly loops: number } | { readonly kind: "fixed"; readonly why: string };

/** Tensors that stand in one memory. */
interface Memory {
  readonly owner: Owner;
  readonly names: Value[];
}

/** An operation that writes over the memory of an operand. */
interface Overwriting {
  readonly by: Operation;
  readonly memory: Value;
}

class ReuseChecker {
  readonly #func: Func;
  readonly #isCalled: () => boolean;
  readonly #memories = new ValueMap<Memory>();
  /** What is written over, and how. */
  readonly #gone = new ValueMap<Overwriting>();
  /** The same in order, of the region that is looked at: for the next branch it is there again. */
  #went: (readonly [v: Value, how: Overwriting])[] = [];
  #loops = 0;
  /** The fused operation that is looked at, and what its nest reads. */
  #fused: Operation | null = null;

  constructor(func: Func, isCalled: () => boolean) {
    this.#func = func;
    this.#isCalled = isCalled;
  }

  run(): void {
    const { body, roles } = this.#func;
    for (const [i, v] of body.arguments.entries()) this.#define(v, this.#ownerOfArgument(v, roles[i] === "inout"));
    this.#block(body, "return");
  }

  #ownerOfArgument(v: Value, isGiven: boolean): Owner {
    if (!isGiven) return fixed(`argument ${nameOf(v)}, whose role is in, expected inout`);
    const { name } = this.#func;
    if (!this.#isCalled()) return { kind: "own", loops: 0 };
    return fixed(`argument ${nameOf(v)} of ${printFuncName(name)}, which another function calls: it only reads it`);
  }

  #define(v: Value, owner: Owner): void {
    this.#memories.set(v, { owner, names: [v] });
  }

  #alias(v: Value, of: Value): void {
    const memory = this.#memories.get(of);
    if (memory === undefined) return;
    memory.names.push(v);
    this.#memories.set(v, memory);
  }

  #block({ operations, results }: Block, terminator: string): void {
    for (const operation of operations) {
      for (const v of operation.operands) this.#read(v, operation.op.name);
      for (const [result, operand] of reusesOf(operation).entries())
        if (operand !== -1) this.#overwrite(operation, operand, result);
      if (operation.regions.length > 0) this.#regions(operation);
      this.#results(operation);
    }
    for (const v of results) this.#read(v, terminator);
  }

  #read(v: Value, reader: string): void {
    const how = this.#gone.get(v);
    if (how === undefined) return;
    const as = v === how.memory ? "" : ` as ${nameOf(v)}`;
    refuse(how.by, `it reuses the memory of ${nameOf(how.memory)}, which ${reader} reads afterwards${as}`, {
      hint: "take reuses away",
    });
  }

  #overwrite(operation: Operation, operand: number, result: number): void {
    const v = operation.operands[operand];
    const memory = this.#memories.get(v);
    if (memory === undefined) return;
    const { owner, names } = memory;
    if (owner.kind === "fixed") refuse(operation, `it reuses the memory of ${owner.why}`);
    if (owner.loops < this.#loops)
      refuse(operation, `it reuses the memory of ${nameOf(v)}, which each step of the loop around reads anew`, {
        hint: "let the loop carry it",
      });
    const isTwice = operation.operands.some((w, k) => k !== operand && names.includes(w));
    if (isTwice && !(isElementwise(operation) && operation.operands.every((w) => w === v || !names.includes(w))))
      refuse(operation, `it reuses the memory of ${nameOf(v)}, which is another of its operands too`);
    if (this.#fused !== null) this.#checkNest(this.#fused, operation, memory, v);
    const how = { by: operation, memory: v };
    for (const name of names) {
      this.#gone.set(name, how);
      this.#went.push([name, how]);
    }
    const next = operation.results[result];
    this.#define(next, this.#fused === null ? owner : this.#ownerOfResult(operation, next));
  }

  /** One nest reads and writes everything that is fused: under another name it reads other elements. */
  #checkNest({ regions }: Operation, operation: Operation, { names }: Memory, v: Value): void {
    const [region] = regions;
    const what = `it reuses the memory of ${nameOf(v)}`;
    const other = region.operations.flatMap((o) => o.operands).find((w) => w !== v && names.includes(w));
    if (other !== undefined) refuse(operation, `${what}, which the same loops read as ${nameOf(other)}`);
    const [value] = operation.results;
    if (!region.results.includes(value)) refuse(operation, `${what}, and the region does not yield it`);
    if (operation.op.lowering?.kind === "update") return;
    const sites = new Sites(region);
    const { members } = sites.storedAt(value) ?? sites.outermost;
    const reader = region.operations.find((o) => o.operands.includes(v) && !(isElementwise(o) && members.includes(o)));
    if (reader !== undefined)
      refuse(operation, `${what}, of which ${reader.op.name} reads other elements at the same time`);
  }

  #regions(operation: Operation): void {
    const { op, regions } = operation;
    const loop = loopOf(operation);
    const fused = this.#fused;
    // of a group of tensors that one nest computes; anything else runs again and again, or at another time
    const isNest = op.level === "fused";
    if (isNest) this.#fused = operation;
    const isOnce = isNest || op.traits.branches;
    if (!isOnce) this.#loops++;
    const all: (readonly [v: Value, how: Overwriting])[] = [];
    const around = this.#went;
    for (const region of regions) {
      this.#went = [];
      for (const v of region.arguments) this.#define(v, fixed(`${nameOf(v)}, which ${op.name} reads elsewhere`));
      if (loop !== null) this.#carried(operation, region);
      this.#block(region, `the end of ${op.name}`);
      if (op.traits.branches) for (const [v] of this.#went) this.#gone.delete(v);
      all.push(...this.#went);
    }
    for (const [v, how] of all) this.#gone.set(v, how);
    this.#went = [...around, ...all];
    if (!isOnce) this.#loops--;
    this.#fused = fused;
  }

  #carried(operation: Operation, region: Block): void {
    const loop = loopOf(operation);
    if (loop === null) return;
    for (const [k, v] of carriedIn(loop, region).entries()) {
      if (isInvariantCarry(operation, k)) this.#alias(v, loop.inits[k]);
      else if (region === loop.body) this.#define(v, { kind: "own", loops: this.#loops });
    }
  }

  #results(operation: Operation): void {
    const { op, operands, results } = operation;
    const loop = loopOf(operation);
    for (const [k, v] of results.entries()) {
      if (this.#memories.get(v) !== undefined) continue;
      const alias = k < op.aliases.length ? operands[op.aliases[k]] : undefined;
      if (loop !== null && isInvariantCarry(operation, k)) this.#alias(v, loop.inits[k]);
      else if (alias !== undefined && !isElementwise(operation)) this.#alias(v, alias);
      else this.#define(v, this.#ownerOfResult(operation, v));
    }
  }

  #ownerOfResult({ op, attributes }: Operation, v: Value): Owner {
    if (op.traits.constant && attributes.value instanceof Dense && attributes.value.size > 1)
      return fixed(`${nameOf(v)}, which is a constant`);
    if (this.#fused !== null) return fixed(`${nameOf(v)}, which the same loops compute: it has none`);
    return { kind: "own", loops: this.#loops };
  }
}

function fixed(why: string): Owner {
  return { kind: "fixed", why };
}

function typed(v: Value): string {
  return `${nameOf(v)} of type ${printType(v.type)}`;
}

function nameOf({ name }: Value): string {
  return name === null ? "a value without a name" : printValueName(name);
}
