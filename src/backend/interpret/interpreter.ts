// The interpreter: runs a module operation by operation through the ops' own `eval`, at either level. It defines what a
// module means.

import {
  AdjointError,
  type Attributes,
  assert,
  type Block,
  counted,
  type Dim,
  type ErrorCode,
  type EvalContext,
  evaluateDim,
  evaluateVariables,
  type Func,
  fail,
  isWritten,
  type Module,
  type NdArray,
  type Operation,
  type Origin,
  rankedOf,
  requireFunc,
  signatureOf,
  subjectOf,
  type Type,
  type Value,
  ValueMap,
} from "../../ir/index.ts";
import { Binder, type Sizes } from "../../runtime/index.ts";
import { requireFinite } from "./finite.ts";
import { prepareMemory } from "./memory.ts";
import { type BlockPlan, planLifetimes } from "./plan.ts";

export interface InterpretOptions {
  /** Receives what `probe` operations observe. */
  readonly observe?: (name: string, value: NdArray, origin: Origin | null) => void;
  /** Ends the run at the first operation that makes a NaN or an infinity of finite numbers. */
  readonly debug?: boolean;
  /** Ends the run with `OutOfSteps` after so many operations: a loop need not end. */
  readonly steps?: number;
}

/** The run took more operations than it was given. It says nothing of what the module means. */
export class OutOfSteps extends Error {
  constructor(steps: number) {
    super(`the run takes more than ${steps} operations`);
  }
}

interface Prepared {
  readonly func: Func;
  readonly binder: Binder;
  readonly plans: ReadonlyMap<Block, BlockPlan>;
}

/** A function is prepared once for all runs of all modules that hold it. */
const known = new WeakMap<Func, Prepared>();

function preparedFor(func: Func): Prepared {
  let prepared = known.get(func);
  if (prepared === undefined) {
    const names = func.body.arguments.map((a) => a.name);
    prepared = { func, binder: new Binder(signatureOf(func), names), plans: planLifetimes(func.body) };
    known.set(func, prepared);
  }
  return prepared;
}

/** Runs the functions of one module. Memory arguments are written to; everything else is read only. */
export class Interpreter {
  readonly options: InterpretOptions;
  readonly #module: Module;
  readonly #prepared = new Map<string, Prepared>();
  #steps = 0;

  constructor(module: Module, options: InterpretOptions = {}) {
    this.#module = module;
    this.options = options;
  }

  /** Counts the operations of a block that runs now. */
  countSteps(count: number): void {
    this.#steps += count + 1;
    const { steps } = this.options;
    if (steps !== undefined && this.#steps > steps) throw new OutOfSteps(steps);
  }

  /** The results of a function. `given` has the sizes of symbols that the argument shapes do not determine. */
  call(name: string, args: readonly NdArray[], given: Readonly<Record<string, number>> = {}): readonly NdArray[] {
    const { func, binder, plans } = this.#prepare(name);
    for (const [i, role] of func.roles.entries()) if (isWritten(role)) prepareMemory(args[i], role);
    return new Frame(this, plans, binder.sizes(args, given)).run(func.body, args);
  }

  /** The function's binder, for callers that check arguments first. */
  binder(name: string): Binder {
    return this.#prepare(name).binder;
  }

  #prepare(name: string): Prepared {
    let prepared = this.#prepared.get(name);
    if (prepared === undefined) {
      prepared = preparedFor(requireFunc(this.#module, name));
      this.#prepared.set(name, prepared);
    }
    return prepared;
  }
}

/** The activation record of a call: the live values, and the sizes of the symbols. */
class Frame {
  readonly interpreter: Interpreter;
  readonly #plans: ReadonlyMap<Block, BlockPlan>;
  readonly #sizes: Sizes;
  readonly #values = new ValueMap<NdArray>();
  /** Dimensions already evaluated, by their printed form. */
  readonly #dims = new Map<string, number>();

  constructor(interpreter: Interpreter, plans: ReadonlyMap<Block, BlockPlan>, sizes: Sizes) {
    this.interpreter = interpreter;
    this.#plans = plans;
    this.#sizes = sizes;
  }

  run(block: Block, args: readonly NdArray[]): readonly NdArray[] {
    const plan = this.#plans.get(block);
    assert(plan !== undefined, "a region runs inside its own function");
    this.interpreter.countSteps(block.operations.length);
    const values = this.#values;
    for (let i = 0; i < args.length; i++) values.set(block.arguments[i], args[i]);
    for (let i = 0; i < block.operations.length; i++) {
      const operation = block.operations[i];
      const results = this.#evaluate(operation);
      for (let k = 0; k < results.length; k++) values.set(operation.results[k], results[k]);
      const dead = plan.after[i];
      if (dead !== undefined) for (const v of dead) values.delete(v);
    }
    const results = this.#valuesOf(block.results);
    for (const v of plan.atEnd) values.delete(v);
    return results;
  }

  value(v: Value): NdArray {
    const array = this.#values.get(v);
    assert(array !== undefined, `%${v.name ?? v.id} is defined before it is used`);
    return array;
  }

  /** A loop: engines are slow to map lists that are frozen. */
  #valuesOf(list: readonly Value[]): readonly NdArray[] {
    const arrays: NdArray[] = [];
    for (let i = 0; i < list.length; i++) arrays.push(this.value(list[i]));
    return arrays;
  }

  dim(d: Dim): number {
    if (typeof d === "number") return d;
    let size = this.#dims.get(d.key);
    if (size === undefined) {
      size = evaluateDim(d, (name) => this.#sizes.get(name));
      this.#dims.set(d.key, size);
    }
    return size;
  }

  size(name: string): number | undefined {
    return this.#sizes.get(name);
  }

  #evaluate(operation: Operation): readonly NdArray[] {
    const { op, origin } = operation;
    if (op.eval == null) {
      return fail("no-eval", `${op.name} has no meaning of its own here: a pass has to resolve it first`, { origin });
    }
    const operands = this.#valuesOf(operation.operands);
    try {
      const results = op.eval(new OperationContext(this, operation, operands));
      if (results.length !== operation.results.length) failCount(operation, results.length);
      if (this.interpreter.options.debug === true) requireFinite(operation, operands, results);
      return results;
    } catch (error) {
      throw error instanceof AdjointError ? error.at(origin) : refused(error, operation);
    }
  }
}

/** A record whose rules do not agree: no program is to blame. */
function failCount({ op, results }: Operation, got: number): never {
  throw new Error(`${op.name} gives ${counted(got, "result")} when it runs, its type rule says ${results.length}`);
}

/** An engine's refusal of memory as an AdjointError; any other error stays as it is. */
function refused(cause: unknown, operation: Operation): unknown {
  if (!(cause instanceof RangeError) || !/array|alloc/i.test(cause.message)) return cause;
  const reason = `${subjectOf(operation)}: memory for the result does not fit: ${cause.message}`;
  return new AdjointError("range", reason, { origin: operation.origin, cause });
}

/** The context of one operation's `eval`. */
class OperationContext implements EvalContext {
  readonly operation: Operation;
  readonly operands: readonly NdArray[];
  readonly #frame: Frame;

  constructor(frame: Frame, operation: Operation, operands: readonly NdArray[]) {
    this.#frame = frame;
    this.operation = operation;
    this.operands = operands;
  }

  get attributes(): Attributes {
    return this.operation.attributes;
  }

  group(name: string): readonly NdArray[] {
    const { op, segments } = this.operation;
    const at = op.groups.indexOf(name);
    assert(at >= 0, `op ${op.name} has an operand group ${name}`);
    let start = 0;
    for (let i = 0; i < at; i++) start += segments[i];
    return this.operands.slice(start, start + segments[at]);
  }

  dim(d: Dim): number {
    return this.#frame.dim(d);
  }

  affine(d: Dim, group: string): number {
    if (typeof d === "number") return d;
    const indices = this.group(group);
    return evaluateVariables(d, (v) => {
      if (v.kind === "symbol") return this.#frame.size(v.name);
      return v.kind === "operand" ? indices[v.position]?.data[0] : undefined;
    });
  }

  shape(type: Type): readonly number[] {
    return rankedOf(type).shape.map((d) => this.#frame.dim(d));
  }

  run(region: Block, args: readonly NdArray[]): readonly NdArray[] {
    return this.#frame.run(region, args);
  }

  call(name: string, args: readonly NdArray[], bindings: Readonly<Record<string, number>>): readonly NdArray[] {
    return this.#frame.interpreter.call(name, args, bindings);
  }

  observe(name: string, value: NdArray): void {
    this.#frame.interpreter.options.observe?.(name, value, this.operation.origin);
  }

  fail(code: ErrorCode, reason: string, subject?: string): never {
    return fail(code, reason, { origin: this.operation.origin, subject });
  }
}
