// Building IR: operations are appended to the current builder, whose type rules run at once.

import { AdjointError, assert, fail } from "../diagnostics/errors.ts";
import type { Origin } from "../diagnostics/origin.ts";
import { completeAttributes } from "../module/attributes.ts";
import {
  type Attributes,
  type Block,
  type Func,
  makeBlock,
  makeFunc,
  type Operation,
  type Signature,
  Value,
} from "../module/module.ts";
import type { Op } from "../op/op.ts";
import type { Constraint } from "../types/constraint.ts";
import type { Type } from "../types/type.ts";
import { DimScope, inferTypes } from "./infer.ts";

export interface EmitOptions<A extends Attributes = Attributes> {
  /** Those without a default at least. */
  readonly attributes?: Partial<A>;
  readonly regions?: readonly Block[];
  /** Result types, for ops whose operands do not determine them. */
  readonly types?: readonly Type[] | null;
  /** How many operands each group takes; one group takes all if left out. */
  readonly segments?: readonly number[];
  readonly origin?: Origin | null;
  /** Name hints of the results. */
  readonly names?: readonly (string | null)[];
}

/** Where operations go. Tracing, passes and eager execution differ in nothing but this. */
export interface Builder {
  emit<A extends Attributes>(op: Op<A>, operands: readonly Value[], options?: EmitOptions<A>): readonly Value[];
}

/** What the blocks of one function share while it is built: symbols, constraints, and who it may call. */
export class FuncScope {
  readonly dims: DimScope;
  readonly signature: (name: string) => Signature | null;

  /** Closed, it refuses operations that need a constraint which does not follow from these. */
  constructor(
    constraints: readonly Constraint[] = [],
    signature: (name: string) => Signature | null = () => null,
    isOpen = true,
  ) {
    this.dims = new DimScope(constraints, isOpen);
    this.signature = signature;
  }
}

const noRegions: readonly Block[] = [];
const noSegments: readonly number[] = [];
const unnamed: readonly (string | null)[] = [];

/** Collects the operations of one block. */
export class BlockBuilder implements Builder {
  readonly parent: BlockBuilder | null;
  readonly scope: FuncScope;
  readonly arguments: Value[] = [];
  readonly operations: Operation[] = [];
  /** The origin of operations that bring none. */
  origin: Origin | null = null;
  #closed = false;

  constructor(scope: FuncScope = new FuncScope(), parent: BlockBuilder | null = null) {
    this.scope = scope;
    this.parent = parent;
    this.origin = parent?.origin ?? null;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether `other` is this builder or one around it, so that its values are visible here. */
  isWithin(other: BlockBuilder): boolean {
    for (let b: BlockBuilder | null = this; b !== null; b = b.parent) if (b === other) return true;
    return false;
  }

  argument(type: Type, name: string | null = null): Value {
    const value = new Value(type, name);
    this.arguments.push(value);
    return value;
  }

  emit<A extends Attributes>(op: Op<A>, operands: readonly Value[], options: EmitOptions<A> = {}): readonly Value[] {
    if (this.#closed) fail("scope", `${op.name}: the block it would go to is finished`, { origin: options.origin });
    const operation = makeOperation(op, operands, options, this.scope, options.origin ?? this.origin);
    this.operations.push(operation);
    return operation.results;
  }

  /** Appends an operation as it is, its results included. */
  append(operation: Operation): void {
    assert(!this.#closed, "append to a finished block");
    this.operations.push(operation);
  }

  /** Builds a region of this block: `body` gets the region's arguments and gives its results. */
  region(
    argumentTypes: readonly Type[],
    body: (...args: Value[]) => readonly Value[],
    names: readonly (string | null)[] = unnamed,
  ): Block {
    const inner = new BlockBuilder(this.scope, this);
    const args = argumentTypes.map((type, i) => inner.argument(type, names[i] ?? null));
    const results = withBuilder(inner, () => body(...args));
    return inner.finish(results);
  }

  finish(results: readonly Value[]): Block {
    this.#closed = true;
    return makeBlock(this.arguments, this.operations, results);
  }
}

/** Checks attributes, runs the type rule and makes the operation with fresh results. */
export function makeOperation<A extends Attributes>(
  op: Op<A>,
  operands: readonly Value[],
  options: EmitOptions<A>,
  scope: FuncScope,
  origin: Origin | null = options.origin ?? null,
): Operation {
  const regions = options.regions ?? noRegions;
  const segments = options.segments ?? (op.groups.length === 1 ? [operands.length] : noSegments);
  const attributes = locate(origin, () => completeAttributes(op, options.attributes));
  const input = {
    op,
    operands: operands.map((v) => v.type),
    attributes,
    regions,
    segments,
    declared: options.types ?? null,
    origin,
  };
  const inferred = inferTypes(input, scope.dims, scope.signature);
  const types = options.types ?? inferred;
  const names = options.names ?? unnamed;
  return Object.freeze({
    op,
    operands: [...operands],
    attributes,
    regions,
    results: types.map((type, i) => new Value(type, names[i] ?? null)),
    origin,
    segments,
  });
}

function locate<T>(origin: Origin | null, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw error instanceof AdjointError ? error.at(origin) : error;
  }
}

// ---- the current builder --------------------------------------------------------------------------------------------

let current: Builder | null = null;

/** The builder that strict functions append to. */
export function currentBuilder(): Builder {
  return (
    current ?? fail("scope", "no builder is current", { hint: "operations on Values belong inside withBuilder(…)" })
  );
}

export function hasBuilder(): boolean {
  return current !== null;
}

/** The current builder as a block builder, for ops that need regions. */
export function currentBlock(): BlockBuilder {
  const builder = currentBuilder();
  if (!(builder instanceof BlockBuilder)) fail("scope", "regions can only be built inside a block");
  return builder;
}

/** Runs `body` with `builder` current; restores the one before, errors included. */
export function withBuilder<T>(builder: Builder, body: () => T): T {
  const before = current;
  current = builder;
  try {
    return body();
  } finally {
    current = before;
  }
}

/** Appends an operation to the current builder. */
export function emit<A extends Attributes>(
  op: Op<A>,
  operands: readonly Value[],
  options?: EmitOptions<A>,
): readonly Value[] {
  return currentBuilder().emit(op, operands, options);
}

export interface BuildFuncOptions {
  readonly name: string;
  readonly visibility?: "public" | "private";
  readonly symbols?: readonly string[];
  readonly constraints?: readonly Constraint[];
  readonly origin?: Origin | null;
  readonly argumentNames?: readonly (string | null)[];
  readonly signature?: (name: string) => Signature | null;
}

/** Builds a function: `body` gets its arguments and gives its results. */
export function buildFunc(
  options: BuildFuncOptions,
  argumentTypes: readonly Type[],
  body: (...args: Value[]) => readonly Value[],
): Func {
  const scope = new FuncScope(options.constraints, options.signature);
  const builder = new BlockBuilder(scope);
  builder.origin = options.origin ?? null;
  const args = argumentTypes.map((type, i) => builder.argument(type, options.argumentNames?.[i] ?? null));
  const results = withBuilder(builder, () => body(...args));
  return makeFunc({ ...options, constraints: scope.dims.constraints, body: builder.finish(results) });
}
