// Outlining: operations of a function move to a private function of their own, which takes what they read.

import {
  type Block,
  BlockBuilder,
  type Constraint,
  calleeOf,
  collectSymbols,
  definitions,
  type Func,
  FuncScope,
  freeValues,
  groupOf,
  isFree,
  isWritten,
  type Module,
  makeFunc,
  type Operation,
  Replacements,
  type Role,
  type Signature,
  Storages,
  signatureOf,
  usedSymbols,
  Value,
  type ValueMap,
  ValueSet,
  walk,
  withParts,
  writesOf,
} from "../ir/index.ts";

/** A function that operations move out of: what all functions that are made from it share. */
export class OutliningSource {
  readonly func: Func;
  readonly callee: (name: string) => Func | null;
  #definitions: ValueMap<Operation> | null = null;

  constructor(func: Func, callee: (name: string) => Func | null) {
    this.func = func;
    this.callee = callee;
  }

  /** A scope for blocks that stand in for blocks of the function. */
  scope(): FuncScope {
    const signature = (name: string): Signature | null => {
      const func = this.callee(name);
      return func === null ? null : signatureOf(func);
    };
    return new FuncScope(this.func.constraints, signature, false);
  }

  /** The operation that defines a value of the function; undefined for arguments. */
  definition(value: Value): Operation | undefined {
    this.#definitions ??= definitions(this.func.body);
    return this.#definitions.get(value);
  }
}

/**
 * A function under construction, of operations that move. What it takes is known when all of them are in it. `get` gives
 * those values of the caller that are not passed, as operations of this function; null for those that are.
 */
export class OutlinedFunc {
  /** Where its operations go. */
  readonly builder: BlockBuilder;
  /** What a call passes for the parameters that `value` made, in order. */
  readonly passed: Value[] = [];
  readonly #source: OutliningSource;
  readonly #get: (value: Value) => Value | null;
  readonly #replacements = new Replacements();
  readonly #known = new ValueSet();

  constructor(source: OutliningSource, get: (value: Value) => Value | null = () => null) {
    this.#source = source;
    this.#get = get;
    this.builder = new BlockBuilder(source.scope());
    this.builder.origin = source.func.origin;
  }

  /**
   * What stands here for a value of the caller: a parameter, or what `get` gives. Numbers that are constants, and memory
   * under another shape, are made again, since they cost nothing; so no two parameters are the same memory.
   */
  value(value: Value): Value {
    if (!this.#known.has(value)) {
      this.#known.add(value);
      this.#replacements.set(value, this.#again(value) ?? this.#get(value) ?? this.#parameter(value));
    }
    return this.#replacements.get(value);
  }

  #again(value: Value): Value | null {
    const made = this.#source.definition(value);
    if (made === undefined || !isFree(made)) return null;
    const again = copyOf(made, (v) => this.value(v));
    this.builder.append(again);
    return again.results[0];
  }

  #parameter(value: Value): Value {
    this.passed.push(value);
    return this.builder.argument(value.type, value.name);
  }

  /** An operation of the caller that moves here, where its results are the same values. */
  move(operation: Operation): void {
    for (const v of operation.operands) this.value(v);
    for (const region of operation.regions) this.#capture(region);
    this.builder.append(this.#replacements.operation(operation));
    for (const v of operation.results) this.#known.add(v);
  }

  /** A block of the caller, over the values that stand for those that it reads. */
  block(block: Block): Block {
    this.#capture(block);
    return this.#replacements.block(block);
  }

  #capture(block: Block): void {
    for (const v of freeValues(block)) this.value(v);
  }

  finish(name: string, results: readonly Value[], origin: Func["origin"]): Func {
    const { func, callee } = this.#source;
    const body = this.builder.finish(results);
    const roles = rolesIn(body, callee);
    return makeFunc({ name, visibility: "private", body, roles, origin, ...dimensionsOf(body, func) });
  }
}

/** A copy of an operation with one result, over other operands. */
export function copyOf(operation: Operation, operand = (value: Value): Value => value): Operation {
  const [{ type, name }] = operation.results;
  return withParts(operation, { operands: operation.operands.map(operand), results: [new Value(type, name)] });
}

/** The roles of the arguments of a body: `inout` where it writes to memory that may be the argument's. */
function rolesIn(body: Block, callee: (name: string) => Func | null): readonly Role[] {
  const isMemory = ({ type }: Value): boolean => type.kind === "memref";
  const written = new Set<Value>();
  if (body.arguments.some(isMemory))
    walk(body, (operation) => {
      for (const v of writtenBy(operation, callee)) if (isMemory(v)) written.add(v);
    });
  const storages = new Storages(body, callee);
  const changed = new Set<Value>();
  for (const v of written) {
    const of = storages.of(v);
    for (const storage of of === "any" ? body.arguments : of) changed.add(storage);
  }
  return body.arguments.map((v) => (isMemory(v) && changed.has(v) ? "inout" : "in"));
}

/** The memory that an operation writes to, its regions left out. */
function writtenBy(operation: Operation, funcOf: (name: string) => Func | null): readonly Value[] {
  if (operation.op.effects.writes.length > 0) return writesOf(operation);
  const callee = calleeOf(operation);
  const roles = callee === null ? undefined : funcOf(callee)?.roles;
  return roles === undefined ? [] : groupOf(operation, "arguments").filter((_, i) => isWritten(roles[i]));
}

/** The symbols of `caller` that a block is over, and all constraints about them, with what those are over. */
function dimensionsOf(body: Block, caller: Func): Pick<Func, "symbols" | "constraints"> {
  if (caller.symbols.length === 0) return { symbols: [], constraints: [] };
  const used = usedSymbols(body);
  let open: readonly Constraint[] = caller.constraints;
  const isAbout = ({ left, right }: Constraint): boolean =>
    [...collectSymbols(right, collectSymbols(left, new Set()))].some((s) => used.has(s));
  for (let found = true; found && used.size > 0; ) {
    const about = open.filter(isAbout);
    found = about.length > 0;
    open = open.filter((c) => !about.includes(c));
    for (const { left, right } of about) collectSymbols(right, collectSymbols(left, used));
  }
  return {
    symbols: caller.symbols.filter((s) => used.has(s)),
    constraints: caller.constraints.filter((c) => !open.includes(c)),
  };
}

/** Names for functions beside those of a module: `f.range1`, `f.range2`, … */
export class FreshNames {
  readonly #taken: Set<string>;
  readonly #counts = new Map<string, number>();

  constructor(module: Module) {
    this.#taken = new Set(module.funcs.map((f) => f.name));
  }

  next(stem: string): string {
    for (;;) {
      const count = (this.#counts.get(stem) ?? 0) + 1;
      this.#counts.set(stem, count);
      const name = `${stem}${count}`;
      if (this.#taken.has(name)) continue;
      this.#taken.add(name);
      return name;
    }
  }
}
