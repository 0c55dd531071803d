// Refines one function for the types of its arguments. A generator: it asks for the functions it calls, and goes on
// when they are there. An operation whose operands stay what they were stays too.

import {
  AdjointError,
  Assumptions,
  type Attribute,
  type Attributes,
  type AxisPairs,
  axisPairs,
  type Block,
  BlockBuilder,
  bindingsOf,
  bindSymbols,
  bindType,
  boundByName,
  type Constraint,
  calleeOf,
  collectSymbols,
  constraint,
  type Dim,
  type Func,
  FuncScope,
  fail,
  forEachDim,
  groupOf,
  inferSymbols,
  makeBlock,
  makeFunc,
  makeOperation,
  type Operation,
  printType,
  rankedOf,
  type Signature,
  sameDim,
  sameType,
  signatureOf,
  subjectOf,
  substituteAttributes,
  substituteDim,
  symbol,
  type Type,
  Value,
  ValueMap,
  withBuilder,
  withParts,
} from "../../../src/ir/index.ts";
import { broadcastOperands, elementTypes, isMap, isUnranked, mappedOf, rankOf } from "../../../src/ops/index.ts";

/** A function for certain argument types. */
export interface Request {
  readonly callee: string;
  /** Null: its own. */
  readonly types: readonly Type[] | null;
  /** What its symbols stand for, in symbols of the types. */
  readonly bound: Readonly<Record<string, Dim>>;
  /** It has to keep its name. */
  readonly isRoot?: boolean;
}

export interface RefinementHost {
  /** A function before refinement. */
  func(name: string): Func;
  /** The refined signature of a function. */
  signature(name: string): Signature | null;
}

/** A refinement in progress, which yields requests for callees and is resumed with them: no recursion over calls. */
type Refinement<T> = Generator<Request, T, Func>;

export class FuncRefiner {
  readonly #func: Func;
  readonly #types: readonly Type[];
  readonly #bound: Readonly<Record<string, Dim>>;
  readonly #host: RefinementHost;
  readonly #values = new ValueMap<Value>();
  readonly #constraints: readonly Constraint[];
  readonly #scope: FuncScope;

  constructor(func: Func, request: Request, host: RefinementHost) {
    this.#func = func;
    this.#host = host;
    this.#types = request.types ?? func.body.arguments.map((a) => a.type);
    this.#bound = withoutIdentities(request.types === null ? {} : bindParameters(func, this.#types, request.bound));
    this.#constraints = this.#boundConstraints();
    this.#scope = new FuncScope(this.#constraints, (name) => host.signature(name));
  }

  *run(): Refinement<Func> {
    const { body, origin } = this.#func;
    const builder = new BlockBuilder(this.#scope);
    builder.origin = origin;
    const args = body.arguments.map((a, i) => this.#argument(a, this.#types[i], i));
    const next = yield* this.#block(body, args, builder);
    const constraints = this.#scope.dims.constraints;
    const isSame = next === body && constraints.length === this.#func.constraints.length && this.#isUnbound();
    if (isSame) return this.#func;
    return makeFunc({ ...this.#func, symbols: this.#symbols(), constraints, body: next });
  }

  #isUnbound(): boolean {
    return Object.keys(this.#bound).length === 0;
  }

  /** The symbols of the argument types, then those that are still free. */
  #symbols(): readonly string[] {
    const names = new Set<string>();
    for (const type of this.#types) forEachDim(type, (d) => void collectSymbols(d, names));
    for (const d of Object.values(this.#bound)) collectSymbols(d, names);
    for (const name of this.#func.symbols) if (!Object.hasOwn(this.#bound, name)) names.add(name);
    const own = this.#func.symbols;
    return names.size === own.length && own.every((name) => names.has(name)) ? own : [...names];
  }

  /** The constraints under what the symbols stand for now, without those that always hold. */
  #boundConstraints(): readonly Constraint[] {
    if (this.#isUnbound()) return this.#func.constraints;
    const nothing = new Assumptions();
    return this.#func.constraints.flatMap((c) => {
      const [left, right] = [this.#dim(c.left), this.#dim(c.right)];
      const verdict = nothing.decide(left, c.relation, right);
      if (verdict === "refuted") {
        fail("shape", `@${this.#func.name} needs ${c.left} ${c.relation} ${c.right}, got ${left} and ${right}`, c);
      }
      return verdict === "proved" ? [] : [constraint(left, c.relation, right, c.origin)];
    });
  }

  #argument(parameter: Value, type: Type, i: number): Value {
    const expected = bindType(parameter.type, this.#bound);
    const where = `@${this.#func.name}: argument ${i} has type ${printType(type)}, expected ${printType(expected)}`;
    if ("shape" in expected) {
      for (const [axis, d] of expected.shape.entries()) {
        const got = rankedOf(type, where).shape[axis];
        const problem = sameDim(d, got) ? null : this.#scope.dims.require(d, "==", got, this.#func.origin);
        if (problem !== null) fail("shape", where, { origin: this.#func.origin });
      }
    }
    return sameType(parameter.type, type) ? parameter : new Value(type, parameter.name);
  }

  // ---- blocks and operations ----------------------------------------------------------------------------------------

  *#block(block: Block, args: readonly Value[], builder: BlockBuilder): Refinement<Block> {
    for (const [i, a] of block.arguments.entries()) this.#set(a, args[i]);
    for (const operation of block.operations) {
      const isPlain = operation.regions.length === 0 && calleeOf(operation) === null;
      if (isPlain) this.#operation(operation, operation.attributes, operation.regions, builder);
      else yield* this.#compound(operation, builder);
    }
    const { operations } = builder;
    const results = block.results.map((v) => this.#get(v));
    const isSame =
      operations.length === block.operations.length &&
      operations.every((o, i) => o === block.operations[i]) &&
      results.every((v, i) => v === block.results[i]) &&
      args.every((v, i) => v === block.arguments[i]);
    return isSame ? block : makeBlock(args, operations, results);
  }

  /** An operation with regions or a callee. */
  *#compound(operation: Operation, builder: BlockBuilder): Refinement<void> {
    const bound = boundOperands(operation).map((v) => this.#get(v).type);
    const regions: Block[] = [];
    for (const region of operation.regions) {
      const types = operation.op.argumentTypes?.(bound, regions) ?? bound;
      const args = region.arguments.map((a, i) => this.#regionArgument(a, types[i]));
      regions.push(yield* this.#block(region, args, new BlockBuilder(this.#scope, builder)));
    }
    const name = calleeOf(operation);
    const attributes = name === null ? operation.attributes : yield* this.#calleeAttributes(operation, name);
    this.#operation(operation, attributes, regions, builder);
  }

  /** A region's argument: what it stands for, where its own type does not say. */
  #regionArgument(argument: Value, bound: Type | undefined): Value {
    const own = this.#type(argument.type);
    const type = isUnranked(own) && bound !== undefined ? bound : own;
    return sameType(type, argument.type) ? argument : new Value(type, argument.name);
  }

  /** Asks for the function under the types of this call; gives its name and the bindings that are still needed. */
  *#calleeAttributes(operation: Operation, name: string): Refinement<Attributes> {
    const callee = signatureOf(this.#host.func(name));
    const args = groupOf(operation, "arguments").map((v) => this.#get(v).type);
    const types = isMap(operation) ? elementTypes(args, mappedOf(operation.attributes, args.length)) : args;
    const explicit = mapValues(bindingsOf(operation), (d) => this.#dim(d));
    const bound = bindCallee(callee, types, explicit);
    const asItIs = !callee.arguments.some(isUnranked) && Object.values(bound).every((d) => typeof d !== "number");
    const func: Func = yield { callee: name, types: asItIs ? null : types, bound: asItIs ? {} : bound };
    const isSame = func.name === name && asItIs && this.#isUnbound();
    if (isSame) return operation.attributes;
    const bindings = asItIs ? explicit : neededBindings(signatureOf(func), types);
    return Object.freeze({ ...operation.attributes, callee: func.name, bindings: Object.freeze({ bindings }) });
  }

  #operation(operation: Operation, given: Attributes, regions: readonly Block[], builder: BlockBuilder): void {
    const { op, origin, segments } = operation;
    const operands = operation.operands.map((v) => this.#get(v));
    const attributes = this.#attributes(operation, given, operands);
    const types = operation.results.map((v) => this.#type(v.type));
    const isSame =
      attributes === operation.attributes &&
      operands.every((v, i) => v === operation.operands[i]) &&
      regions.every((r, i) => r === operation.regions[i]) &&
      types.every((t, i) => t === operation.results[i].type);
    if (isSame && calleeOf(operation) === null) {
      builder.append(operation);
      return;
    }
    builder.origin = origin;
    const isElementwise = op.traits.elementwise && regions.length === 0;
    const shaped = isElementwise
      ? locatedAt(operation, () => withBuilder(builder, () => broadcastOperands(operands, this.#scope, origin)))
      : operands;
    const declared = isElementwise ? elementwiseTypes(types, shaped) : types.some(isUnranked) ? null : types;
    const names = operation.results.map((v) => v.name);
    const next = makeOperation(
      op,
      shaped,
      { attributes, regions, segments, types: calleeOf(operation) === null ? declared : null, origin, names },
      this.#scope,
    );
    this.#append(operation, next, attributes === operation.attributes, builder);
  }

  /** Results whose type stays are the same values as before; so is an operation that comes out the same. */
  #append(old: Operation, next: Operation, sameAttributes: boolean, builder: BlockBuilder): void {
    const results = old.results.map((v, i) => (sameType(v.type, next.results[i].type) ? v : next.results[i]));
    for (const [i, v] of old.results.entries()) this.#set(v, results[i]);
    const isSame =
      sameAttributes &&
      results.every((v, i) => v === old.results[i]) &&
      next.operands.every((v, i) => v === old.operands[i]) &&
      next.regions.every((r, i) => r === old.regions[i]);
    builder.append(isSame ? old : withParts(next, { results }));
  }

  /** Symbols replaced; axes counted from the front where the rank is known now. */
  #attributes(operation: Operation, given: Attributes, operands: readonly Value[]): Attributes {
    const { op } = operation;
    const attributes = this.#isUnbound() ? given : substituteAttributes(op, given, (name) => this.#lookup(name));
    let changed: Record<string, Attribute> | null = null;
    for (const [name, spec] of Object.entries(op.attributes)) {
      const old = attributes[name];
      const counted = countFromFront(name, spec.kind, old, operands);
      if (counted !== old) changed = { ...(changed ?? attributes), [name]: counted };
    }
    return changed === null ? attributes : Object.freeze(changed);
  }

  // ---- values, types, dimensions ------------------------------------------------------------------------------------

  #get(value: Value): Value {
    return this.#values.get(value) ?? value;
  }

  #set(from: Value, to: Value): void {
    if (from !== to) this.#values.set(from, to);
  }

  #lookup(name: string): Dim | undefined {
    return Object.hasOwn(this.#bound, name) ? this.#bound[name] : undefined;
  }

  #dim(d: Dim): Dim {
    return substituteDim(d, (name) => this.#lookup(name));
  }

  #type(type: Type): Type {
    return this.#isUnbound() ? type : bindType(type, this.#bound);
  }
}

/** Runs `body`; errors say what the user called for the operation, and at which line. */
function locatedAt<T>(operation: Operation, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof AdjointError)) throw error;
    throw error.saidBy(subjectOf(operation), operation.op.name).at(operation.origin);
  }
}

/** The operands that a region's leading arguments stand for. */
function boundOperands(operation: Operation): readonly Value[] {
  const groups = operation.op.assembly.flatMap((item) => (item.kind === "bind" ? [item.group] : []));
  return groups.flatMap((group) => groupOf(operation, group));
}

/** The result types of an elementwise operation on operands of one shape; as they were while that is unknown. */
function elementwiseTypes(types: readonly Type[], operands: readonly Value[]): readonly Type[] {
  const like = operands.find((v) => v.type.kind === "tensor")?.type;
  if (like?.kind !== "tensor" || operands.some((v) => isUnranked(v.type))) return types;
  return types.map((t) => (t.kind === "unranked" ? { ...like, dtype: t.dtype } : t));
}

/** Negative axes count from the end of the operand that they speak of; `all` are those that it has. */
function countFromFront(name: string, kind: string, value: Attribute, operands: readonly Value[]): Attribute {
  const fix = (axes: readonly number[], operand: Value | undefined): readonly number[] => {
    const rank = operand === undefined ? null : rankOf(operand.type);
    return rank === null || axes.every((a) => a >= 0) ? axes : Object.freeze(axes.map((a) => (a < 0 ? a + rank : a)));
  };
  if (kind === "axesOrAll" && value === "all") {
    const rank = operands.length === 0 ? null : rankOf(operands[0].type);
    return rank === null ? value : Object.freeze(Array.from({ length: rank }, (_, axis) => axis));
  }
  if (kind === "axes" || kind === "axesOrAll") return fix(value as readonly number[], operands[0]);
  if (kind === "integer" && name === "axis") return fix([value as number], operands[0])[0];
  if (kind !== "axisPairs") return value;
  const { left, right } = value as AxisPairs;
  const [l, r] = [fix(left, operands[0]), fix(right, operands[1])];
  return l === left && r === right ? value : axisPairs(l, r);
}

/** What the symbols of a function stand for when its arguments have these types; unranked parameters take any shape. */
function bindParameters(func: Func, types: readonly Type[], bound: Readonly<Record<string, Dim>>): Record<string, Dim> {
  const signature = signatureOf(func);
  if (types.length !== signature.arguments.length) {
    fail("arity", `@${func.name}: got ${types.length} argument types, expected ${signature.arguments.length}`);
  }
  for (const [i, expected] of signature.arguments.entries()) {
    const got = types[i];
    if (!fitsParameter(got, expected)) {
      fail("shape", `@${func.name}: argument ${i} has type ${printType(got)}, expected ${printType(expected)}`, func);
    }
  }
  return { ...inferSymbols(ranked(signature), rankedTypes(signature, types)), ...bound };
}

/** Whether a type is a parameter's for some sizes; a list is so by its elements, whose symbols the call binds by name. */
function fitsParameter(got: Type, expected: Type): boolean {
  if (got.kind === "list" && expected.kind === "list") return fitsParameter(got.element, expected.element);
  if (got.kind === "list" || expected.kind === "list") return false;
  return got.dtype === expected.dtype && (isUnranked(expected) || rankOf(got) === rankOf(expected));
}

function bindCallee(callee: Signature, types: readonly Type[], explicit: Readonly<Record<string, Dim>>) {
  return bindSymbols(ranked(callee), rankedTypes(callee, types), explicit);
}

/** The signature without its unranked parameters, which determine no symbol. */
function ranked(signature: Signature): Signature {
  return { ...signature, arguments: signature.arguments.filter((t) => !isUnranked(t)) };
}

function rankedTypes(signature: Signature, types: readonly Type[]): readonly Type[] {
  return types.filter((_, i) => !isUnranked(signature.arguments[i]));
}

/** The callee has the caller's symbols: those that its arguments do not give back are bound by name. */
function neededBindings(callee: Signature, types: readonly Type[]): Readonly<Record<string, Dim>> {
  const inferred = inferSymbols(ranked(callee), rankedTypes(callee, types));
  const needed = callee.symbols.filter((s) => inferred[s] === undefined || !sameDim(inferred[s], symbol(s)));
  return boundByName(needed);
}

function withoutIdentities(bound: Readonly<Record<string, Dim>>): Readonly<Record<string, Dim>> {
  return Object.fromEntries(Object.entries(bound).filter(([name, d]) => !sameDim(d, symbol(name))));
}

function mapValues(record: Readonly<Record<string, Dim>>, map: (d: Dim) => Dim): Readonly<Record<string, Dim>> {
  return Object.fromEntries(Object.entries(record).map(([k, d]) => [k, map(d)]));
}
