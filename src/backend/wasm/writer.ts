// A function of the IR as a function of WebAssembly. Every value has locals of its own, which engines number anew.

import {
  type Atom,
  type Attributes,
  type Block,
  boundBy,
  countUses,
  type Dim,
  dimsIn,
  elementOf,
  type Func,
  groupOf,
  holdsOp,
  indexOf,
  type Op,
  type Operation,
  positionOf,
  shapeOf,
  type Value,
  ValueMap,
  ValueSet,
  walk,
} from "../../ir/index.ts";
import { isNamed, type OperationBy, splatOp } from "../../ops/index.ts";
import { Addresses } from "./addresses.ts";
import { type FunctionType, globals } from "./binary.ts";
import { Code } from "./code.ts";
import type { ModuleContext } from "./context.ts";
import { toDouble } from "./crossing.ts";
import { type PutVariable, putAtom, putDim } from "./dims.ts";
import { typesOf } from "./values.ts";

/** Writes an operation; one kind of them, where it names the attributes that they have. */
export type Emitter<A extends Attributes = Attributes> = (w: FunctionWriter, operation: Operation<A>) => void;

/**
 * A row of a table by mnemonic. `O` is the type of the op's record, which a bundler would keep if the table held that.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function row<O = Op>(
  name: string,
  emit: Emitter<OperationBy<O>["attributes"]>,
): readonly [name: string, emit: Emitter] {
  return [
    name,
    (w, operation) => {
      if (isNamed<OperationBy<O>["attributes"]>(name, operation)) emit(w, operation);
    },
  ];
}

/** The type of a function: its symbols, its arguments, the steps of the loops around its calls; its results. */
export function functionTypeOf({ symbols, body }: Func, steps: number): FunctionType {
  return {
    parameters: [
      ...symbols.map(() => "i64" as const),
      ...body.arguments.flatMap((v) => typesOf(v.type)),
      ...Array.from({ length: steps }, () => "i64" as const),
    ],
    results: body.results.flatMap((v) => typesOf(v.type)),
  };
}

/** What `splat` takes, and nothing else. */
function spreadIn(body: Block): ValueSet {
  const spread = new ValueSet();
  if (!holdsOp(body, (op) => op === splatOp)) return spread;
  const uses = countUses(body);
  walk(body, ({ op, operands: [x] }) => {
    if (op !== splatOp) return;
    const rest = (uses.get(x) ?? 0) - 1;
    uses.set(x, rest);
    if (rest === 0) spread.add(x);
  });
  return spread;
}

export class FunctionWriter {
  readonly code: Code;
  readonly module: ModuleContext;
  /** The steps of the loops around that errors tell, the outermost first; below 0 where there is no such loop. */
  readonly steps: number[];
  readonly #func: Func;
  readonly #locals = new ValueMap<readonly number[]>();
  readonly #symbols = new Map<string, number>();
  readonly #emit: Emitter;
  /** How deep in scopes a value is defined. */
  readonly #depths = new ValueMap<number>();
  /** Vectors that have a known number in every lane. */
  readonly #alike = new ValueMap<number>();
  readonly #addresses = new Addresses(this);
  /** Numbers that are there to be in every lane, and for nothing else. */
  readonly #spread: ValueSet;
  readonly #registers = new ValueMap<number>();
  readonly #constants = new Map<string, number>();
  readonly #ramps = new ValueMap<{ readonly first: number; readonly step: number }>();
  readonly #put: PutVariable = (variable) => {
    const index = indexOf(variable);
    this.code.add("local.get", index === null ? this.symbol(variable.key) : this.local(index));
  };

  constructor(module: ModuleContext, func: Func, emit: Emitter) {
    this.module = module;
    this.#func = func;
    this.#emit = emit;
    this.#spread = spreadIn(func.body);
    const steps = module.counters.of(func.name);
    const names = func.body.arguments.flatMap(({ type, name }) => typesOf(type).map(() => name));
    this.code = new Code(functionTypeOf(func, steps).parameters, [...func.symbols, ...names]);
    for (const [i, s] of func.symbols.entries()) this.#symbols.set(s, i);
    let next = func.symbols.length;
    for (const v of func.body.arguments)
      this.#locals.set(
        v,
        typesOf(v.type).map(() => next++),
      );
    this.steps = Array.from({ length: steps }, () => next++);
  }

  /** The code. What the function allocates is let go of when it returns, unless it returns memory. */
  write(): Code {
    const { body } = this.#func;
    this.framed(body, () => this.block(body));
    this.push(body.results);
    return this.code;
  }

  /** Lets go of the memory that was allocated meanwhile, unless the block gives some of it. */
  framed(block: Block, write: () => void): void {
    if (!holdsOp(block, ({ effects }) => effects.allocates)) {
      write();
      return;
    }
    const top = this.code.local("i32");
    this.code.add("global.get", globals.top);
    this.code.add("local.set", top);
    write();
    if (block.results.some(({ type }) => type.kind === "memref")) return;
    this.code.add("local.get", top);
    this.code.add("global.set", globals.top);
  }

  block({ operations }: Block): void {
    for (const operation of operations) this.#emit(this, operation);
  }

  // ---- values -------------------------------------------------------------------------------------------------------

  /** The locals that hold a value. */
  locals(value: Value): readonly number[] {
    const locals = this.#locals.get(value);
    if (locals === undefined) throw new Error("internal invariant broken: a value is read before it is defined");
    return locals;
  }

  local(value: Value): number {
    return this.locals(value)[0];
  }

  /** New locals for a value, which is defined so deep in scopes. */
  define(value: Value, depth = this.code.depth): readonly number[] {
    const locals = typesOf(value.type).map((type) => this.code.local(type, value.name));
    this.hold(value, locals, depth);
    return locals;
  }

  /** These locals hold the value, too. */
  hold(value: Value, locals: readonly number[], depth = this.code.depth): void {
    this.#locals.set(value, locals);
    this.#depths.set(value, depth);
  }

  /** How deep in scopes a value is defined. */
  depthOf(value: Value): number {
    return this.#depths.get(value) ?? 0;
  }

  /** Says that a vector has this number in every lane. */
  isAlike(value: Value, x: number): void {
    this.#alike.set(value, x);
  }

  /** The number that every lane of a vector has, where it is known. */
  alike(value: Value): number | undefined {
    return this.#alike.get(value);
  }

  /** Says that an index value is never below 0. */
  isNatural(value: Value): void {
    this.#addresses.natural(value);
  }

  /** Says that an index value counts the steps of the loop that is written next. */
  isCounter(index: Value, step: number): void {
    this.#addresses.counter(index, step);
  }

  /** Writes what moves along with the counter of a loop, behind a step of it. */
  advance(index: Value): void {
    this.#addresses.advance(index);
  }

  /** Whether a dimension is never below 0. */
  isNaturalDim(d: Dim): boolean {
    return this.#addresses.isNatural(d);
  }

  /** Writes a loop or branch, whose addresses are computed before it as far as they are the same in all of it. */
  scope(write: () => void): void {
    this.#addresses.scope(() => this.code.scope(write));
  }

  push(values: readonly Value[]): void {
    for (const v of values) for (const x of this.locals(v)) this.code.add("local.get", x);
  }

  /** Takes what `push` of as many values has put on the stack. */
  take(values: readonly Value[]): void {
    for (const v of values.toReversed()) for (const x of this.locals(v).toReversed()) this.code.add("local.set", x);
  }

  /** Puts the steps of the loops around on the stack, as JavaScript has them. */
  pushSteps(): void {
    for (const step of this.steps) {
      this.code.add("local.get", step);
      toDouble(this.code, "index");
    }
  }

  /** Whether a number is there to be in every lane: what gives it may give it so. */
  isSpread(value: Value): boolean {
    return this.#spread.has(value);
  }

  /** The register has such a number in every lane. */
  holdSpread(value: Value, register: number): void {
    this.#registers.set(value, register);
  }

  /** The lanes of a vector count up from what a local holds, an i64, by `step`. */
  holdRamp(value: Value, first: number, step: number): void {
    this.#ramps.set(value, { first, step });
  }

  /** How the lanes of a vector count up; null of others. */
  ramp(value: Value): { readonly first: number; readonly step: number } | null {
    return this.#ramps.get(value) ?? null;
  }

  /** The register that has a number in every lane; null where none has. */
  spread(value: Value): number | null {
    return this.#registers.get(value) ?? null;
  }

  /** A register that `write` puts on the stack, once in the function. */
  constant(key: string, name: string | null, write: () => void): number {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const register = this.code.local("v128", name);
    this.code.at(0, () => {
      write();
      this.code.add("local.set", register);
    });
    this.#constants.set(key, register);
    return register;
  }

  // ---- dimensions and memory ----------------------------------------------------------------------------------------

  /** Puts a dimension, over index values and symbols, on the stack. */
  dim(d: Dim): void {
    putDim(this.code, d, this.#put);
  }

  /** Puts a part of a dimension on the stack. */
  atom(atom: Atom): void {
    putAtom(this.code, atom, this.#put);
  }

  /** A dimension in a local of its own. */
  bound(d: Dim): number {
    const local = this.code.local("i64");
    this.dim(d);
    this.code.add("local.set", local);
    return local;
  }

  /** A dimension over the operands of a group. */
  bounded(d: Dim, operation: Operation, group: string): Dim {
    return boundBy(d, operation, group);
  }

  /** Puts the address of the element that an operation is about on the stack; gives the offset from there. */
  address(operation: Operation): number {
    const access = elementOf(operation);
    if (access === null) throw new Error(`internal invariant broken: ${operation.op.name} has no subscripts`);
    return this.#addresses.put(access.memory, positionOf(access, operation));
  }

  /** The same of the first of the elements that an operation on lanes is about. */
  lanesAddress(operation: Operation): number {
    const [memory] = groupOf(operation, "memory");
    const at = dimsIn(operation.attributes.at);
    return this.#addresses.put(memory, positionOf({ memory, shape: shapeOf(memory), at, isWritten: false }, operation));
  }

  symbol(name: string): number {
    const local = this.#symbols.get(name);
    if (local === undefined) throw new Error(`internal invariant broken: symbol ${name} is not declared`);
    return local;
  }
}
