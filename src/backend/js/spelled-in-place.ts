// Which values are spelled where they are read, rather than named: those that one operation of their block reads, once, and
// between whose definition and that read nothing runs that could change what they are made of.

import {
  type Block,
  calleeOf,
  carriedIn,
  countUses,
  elementDType,
  type Func,
  isScalar,
  loopOf,
  type Operation,
  type Origin,
  type Value,
  ValueMap,
} from "../../ir/index.ts";
import { isOwn } from "../../ops/index.ts";

/** The one read of a value. */
interface Read {
  /** The position of what reads it, in the block. */
  readonly position: number;
  /** The operation that reads it; null for a result of the block. */
  readonly by: Operation | null;
  /** Which operand or result it is. */
  readonly index: number;
}

/** Where the text of an operation's result comes to stand. */
interface Place {
  readonly position: number;
  /** The result of the block into which it is spelled; null for any statement before. */
  readonly result: number | null;
}

/** How the results of a block are assigned: not in place, one by one, or one by one to variables that the block reads. */
type Ends = "named" | "anywhere" | Variables;

/** The variables that the results of a block are assigned to, in order, and which of them each is. */
interface Variables {
  readonly carried: readonly Value[];
  readonly index: ValueMap<number>;
}

export class SpelledInPlace {
  /** The longest text of each such value. */
  readonly #values = new ValueMap<number>();
  readonly #uses: ValueMap<number>;
  readonly #canonical: (value: Value) => Value;

  constructor({ body, origin }: Func, canonical: (value: Value) => Value) {
    this.#uses = countUses(body);
    this.#canonical = canonical;
    this.#block(body, "anywhere", origin);
  }

  /** Whether a value whose text is this long is spelled where it is read. */
  has(value: Value, length: number): boolean {
    return length <= (this.#values.get(value) ?? -1);
  }

  /** `origin` is that of what the block belongs to, which assigns its results. */
  #block(block: Block, ends: Ends, origin: Origin | null): void {
    const { operations } = block;
    const reads = this.#readsIn(block, ends);
    const walls = countWalls(operations);
    const places = new Map<Operation, Place>();
    for (let position = operations.length - 1; position >= 0; position--) {
      const operation = operations[position];
      for (const region of operation.regions) this.#block(region, this.#endsOf(operation, region), operation.origin);
      const found = isSpellable(operation) ? reads.get(operation.results[0]) : undefined;
      const read = found !== undefined && isNameless(operation, found, ends) ? found : undefined;
      const isThere = read !== undefined && isOnOneLine(operation.origin, read.by === null ? origin : read.by.origin);
      const at = isThere ? placeOf(read, places) : null;
      const isFree = at !== null && walls(operation, position + 1, at.position) && this.#mayMove(operation, at, ends);
      if (isFree) this.#values.set(operation.results[0], isStatement(read) ? longest.statement : longest.operand);
      places.set(operation, isFree ? at : { position, result: null });
    }
  }

  /** Where each value is read that has one read, which is in this block, where its text may stand. */
  #readsIn({ operations, results }: Block, ends: Ends): ValueMap<Read> {
    const reads = new ValueMap<Read>();
    for (const [position, by] of operations.entries()) {
      for (const [index, v] of by.operands.entries())
        if (this.#uses.get(v) === 1 && takesText(by, index)) reads.set(v, { position, by, index });
    }
    if (ends !== "named")
      for (const [index, v] of results.entries())
        if (this.#uses.get(v) === 1) reads.set(v, { position: operations.length, by: null, index });
    return reads;
  }

  /** What becomes of the results of a region. Where a flag ends a `while`, its body is left at several places, which read them. */
  #endsOf(operation: Operation, region: Block): Ends {
    if (operation.op.traits.branches) return "anywhere";
    const loop = loopOf(operation);
    if (loop === null) return "named";
    if (region === loop.test) return "anywhere";
    const carried = carriedIn(loop, region);
    const mayBeLeft = loop.test !== null && carried.some((v) => elementDType(v.type) === "bool");
    const index = new ValueMap<number>();
    for (const [k, v] of carried.entries()) index.set(this.#canonical(v), k);
    return mayBeLeft ? "named" : { carried, index };
  }

  /** Whether it reads no variable that another result of the block has been assigned to by then. */
  #mayMove({ operands }: Operation, { result }: Place, ends: Ends): boolean {
    if (result === null || typeof ends === "string") return true;
    return operands.every((v) => {
      const variable = ends.index.get(this.#canonical(v));
      return variable === undefined || variable === result;
    });
  }
}

/** Longer expressions get a name, so that lines stay short. */
const longest = { operand: 45, statement: 80 };

/** Whether nothing else stands beside the value in what reads it. */
function isStatement(read: Read | undefined): boolean {
  return read !== undefined && (read.by === null || isOwn(read.by.op, "store"));
}

function placeOf({ position, by, index }: Read, places: ReadonlyMap<Operation, Place>): Place {
  if (by === null) return { position, result: index };
  return places.get(by) ?? { position, result: null };
}

/** Comments tell the user's line of each statement, so what is spelled in one is of its line. */
function isOnOneLine(a: Origin | null, b: Origin | null): boolean {
  return a === b || (a !== null && b !== null && a.file === b.file && a.line === b.line);
}

/** Elementwise operations on numbers, sizes and loads. */
function isSpellable({ op, results }: Operation): boolean {
  if (results.length !== 1 || !isScalar(results[0].type)) return false;
  return (
    isOwn(op, "load") || isOwn(op, "dim") || (op.scalar !== null && op.aliases.length === 0 && !op.traits.constant)
  );
}

/** Whether the name of what an operation gives tells no more than its text does, or than what it is assigned to. */
function isNameless({ op, operands, results: [{ name }] }: Operation, { by, index }: Read, ends: Ends): boolean {
  if (name === null || name === (isOwn(op, "load") ? operands[0].name : op.name)) return true;
  return by === null && typeof ends !== "string" && ends.carried[index].name === name;
}

/** Whether an operation spells this operand once, at its own place. What one of two branches needs is read before them. */
function takesText({ op, results }: Operation, operand: number): boolean {
  if (isOwn(op, "select") || op.traits.branches || isOwn(op, "store")) return operand === 0;
  return op.scalar !== null && op.aliases.length === 0 && results.length === 1 && isScalar(results[0].type);
}

/** Tells whether an operation may move from behind one position to another: past no region or call, and no write if it reads. */
function countWalls(operations: readonly Operation[]): (moved: Operation, from: number, to: number) => boolean {
  const [regions, writes] = [[0], [0]];
  for (const [i, operation] of operations.entries()) {
    const { op, regions: held } = operation;
    regions.push(regions[i] + (held.length > 0 || calleeOf(operation) !== null ? 1 : 0));
    writes.push(writes[i] + (op.effects.writes.length > 0 ? 1 : 0));
  }
  return ({ op }, from, to) =>
    regions[from] === regions[to] && (op.effects.reads.length === 0 || writes[from] === writes[to]);
}
