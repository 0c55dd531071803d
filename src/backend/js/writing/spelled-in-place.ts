// Which values are spelled where they are read, rather than named: those that one operation of their block reads, once, and
// between whose definition and that read nothing runs that could change what they are made of.

import {
  type Block,
  calleeOf,
  carriedIn,
  countUses,
  elementDType,
  elementOf,
  type Func,
  freeValues,
  isExpression,
  isScalar,
  loopOf,
  type Operation,
  type Origin,
  type Value,
  ValueMap,
  ValueSet,
} from "../../../ir/index.ts";

/** The one read of a value. */
interface Read {
  /** The position of what reads it, in the block. */
  readonly position: number;
  /** The operation that reads it; null for a result of the block. */
  readonly by: Operation | null;
}

/** What becomes of the results of a block: they are read at its end, or assigned to the variables that a loop carries. */
type Ends = "read" | Variables;

/** The variables of a loop, by the results of its body that are assigned to them. */
interface Variables {
  readonly of: ValueMap<Value>;
  /** Whether messages tell how many steps ran, by what the variables hold. */
  readonly areTold: boolean;
}

export class SpelledInPlace {
  /** The longest text of each such value. */
  readonly #values = new ValueMap<number>();
  /** The variable to which a value is assigned where it is computed. */
  readonly #variables = new ValueMap<Value>();
  readonly #uses: ValueMap<number>;
  readonly #canonical: (value: Value) => Value;

  constructor({ body, origin }: Func, canonical: (value: Value) => Value) {
    this.#uses = countUses(body);
    this.#canonical = canonical;
    this.#block(body, "read", origin);
  }

  /** Whether a value whose text is this long is spelled where it is read. */
  has(value: Value, length: number): boolean {
    return length <= (this.#values.get(value) ?? -1);
  }

  /** The variable of a loop that the value is assigned to at once: nothing reads what it held before any more. */
  variableOf(value: Value): Value | undefined {
    return this.#variables.get(value);
  }

  /** `origin` is that of what the block belongs to, which reads its results. */
  #block(block: Block, ends: Ends, origin: Origin | null): void {
    const { operations } = block;
    const reads = this.#readsIn(block, ends);
    const walls = countWalls(operations);
    // where the text of each operation comes to stand, and the operation behind which a variable has its next value
    const places = new Map<Operation, number>();
    const assigned = new ValueMap<number>();
    const later = new Later(ends, block, this.#canonical);
    for (let position = operations.length - 1; position >= 0; position--) {
      const operation = operations[position];
      for (const region of operation.regions) this.#block(region, this.#endsOf(operation, region), operation.origin);
      const [value] = operation.results;
      if (!isSpellable(operation)) {
        later.add(operation);
        continue;
      }
      const variable = later.variableOf(operation);
      const read = isNameless(operation) ? reads.get(value) : undefined;
      const by = read?.by ?? null;
      const at = (by === null ? undefined : places.get(by)) ?? read?.position ?? -1;
      const isFree =
        at >= 0 &&
        walls(operation, position + 1, at) &&
        (assigned.size === 0 || operation.operands.every((v) => (assigned.get(this.#canonical(v)) ?? at) >= at)) &&
        isOnOneLine(operation.origin, by === null ? origin : by.origin);
      if (variable !== undefined) {
        this.#variables.set(value, variable);
        assigned.set(this.#canonical(variable), position);
      } else if (isFree) {
        this.#values.set(value, isStatement(read) ? longest.statement : longest.operand);
        places.set(operation, at);
      }
      later.add(operation);
    }
  }

  /** Where each value is read that has one read, which is in this block, where its text may stand. */
  #readsIn({ operations, results }: Block, ends: Ends): ValueMap<Read> {
    const reads = new ValueMap<Read>();
    operations.forEach((by, position) => {
      by.operands.forEach((v, index) => {
        if (this.#uses.get(v) === 1 && takesText(by, index)) reads.set(v, { position, by });
      });
    });
    if (ends === "read")
      for (const v of results) if (this.#uses.get(v) === 1) reads.set(v, { position: operations.length, by: null });
    return reads;
  }

  #endsOf(operation: Operation, region: Block): Ends {
    const loop = loopOf(operation);
    if (loop === null || region === loop.test) return "read";
    const variables = carriedIn(loop, region);
    // where a flag ends a `while`, its body is left at several places
    const isLeft = loop.test !== null && variables.some((v) => elementDType(v.type) === "bool");
    const of = new ValueMap<Value>();
    if (!isLeft) for (const [k, v] of variables.entries()) if (!of.has(region.results[k])) of.set(region.results[k], v);
    return { of, areTold: loop.test !== null };
  }
}

/** What the operations behind one read, from the end of a block backwards. */
class Later {
  readonly #ends: Ends;
  readonly #canonical: (value: Value) => Value;
  /** The values that are read, among them what variables hold. */
  readonly #read = new ValueSet();
  #mayTell = false;

  constructor(ends: Ends, { results }: Block, canonical: (value: Value) => Value) {
    this.#ends = ends;
    this.#canonical = canonical;
    for (const v of results) this.#read.add(canonical(v));
  }

  add(operation: Operation): void {
    if (this.#ends === "read") return;
    const { op, operands, regions } = operation;
    for (const v of operands) this.#read.add(this.#canonical(v));
    if (regions.length > 0) for (const v of freeValues(...regions)) this.#read.add(this.#canonical(v));
    this.#mayTell ||= regions.length > 0 || op.effects.fails || calleeOf(operation) !== null;
  }

  /** The variable that an operation may assign its result to, since nothing behind it reads the variable. */
  variableOf(operation: Operation): Value | undefined {
    if (this.#ends === "read" || (this.#ends.areTold && this.#mayTell)) return undefined;
    const [value] = operation.results;
    const variable = this.#ends.of.get(value);
    if (variable === undefined || this.#read.has(this.#canonical(variable))) return undefined;
    // expressions of index values are computed once, for as long as they have their values
    if (elementDType(value.type) === "index") return undefined;
    return isNameless(operation) || value.name === variable.name ? variable : undefined;
  }
}

/** Longer expressions get a name, so that lines stay short. */
const longest = { operand: 45, statement: 80 };

/** Whether nothing else stands beside the value in what reads it. */
function isStatement(read: Read | undefined): boolean {
  return read !== undefined && (read.by === null || read.by.op.effects.writes.length > 0);
}

/** Comments tell the user's line of each statement, so what is spelled in one is of its line. */
function isOnOneLine(a: Origin | null, b: Origin | null): boolean {
  return a === b || (a !== null && b !== null && a.file === b.file && a.line === b.line);
}

/** Elementwise operations on numbers, sizes and loads. */
function isSpellable({ op, results }: Operation): boolean {
  if (results.length !== 1 || !isScalar(results[0].type)) return false;
  return (
    op.effects.reads.length > 0 ||
    isExpression(op) ||
    (op.scalar !== null && op.aliases.length === 0 && !op.traits.constant)
  );
}

/** Whether the name of what an operation gives tells no more than its text does. */
function isNameless({ op, operands, results: [{ name }] }: Operation): boolean {
  return name === null || name === (op.effects.reads.length > 0 ? operands[0].name : op.name);
}

/** Whether an operation spells this operand once, at its own place. What one of two branches needs is read before them. */
function takesText(by: Operation, operand: number): boolean {
  const { op, results } = by;
  if (op.traits.selects || op.traits.branches || elementOf(by)?.isWritten === true) return operand === 0;
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
