// Resolves `vjp`: for each differentiated function f makes @f.fwd (results and residuals) and @f.bwd (residuals and
// cotangents → cotangents), and replaces the operation by calls of both. Resolves `jvp`: makes @f.jvp (arguments and
// tangents → results and tangents).
//
// The backward block is built by walking f backwards and letting each op's derivative emit operations on the forward
// function's values. Whatever it reads from there, once dead code is dropped, is a residual: no rule declares any.
// Regions split the same way, one level down: what their backward blocks capture is a residual of the block around.

import {
  type BackwardCall,
  type Block,
  BlockBuilder,
  bindSymbols,
  Cloner,
  type Constraint,
  calleeOf,
  calleesFirst,
  collectSymbols,
  countOperations,
  type Func,
  FuncScope,
  fail,
  funcIn,
  groupOf,
  holdsOp,
  isOf,
  type Module,
  makeBlock,
  makeFunc,
  makeModule,
  type Operation,
  Replacements,
  type Signature,
  type SplitCall,
  signatureOf,
  type TangentCall,
  usedSymbols,
  Value,
  ValueSet,
  walk,
  withBody,
  withBuilder,
  withOperands,
  withoutUnreached,
  withRegions,
} from "../../src/ir/index.ts";
import { call, type DerivativeAttributes, differentiated, isNamed, vjpOp, zerosLike } from "../../src/ops/index.ts";
import { definePass, type Pass, type PassContext } from "../../src/rewrite/index.ts";
import { Activity, isDifferentiable } from "./differentiate/activity.ts";
import { type ForwardHost, ForwardSweep } from "./differentiate/forward.ts";
import { isDerivative, NestedDerivatives, ordersOf } from "./differentiate/nested-derivatives.ts";
import { StrongZeros } from "./differentiate/strong-zeros.ts";
import { type Backward, definitionsOf, type SweepHost, splitBlock } from "./differentiate/sweep.ts";

/** Simplifies a module that is to be differentiated again, by identities that hold for derivatives too. */
export type Simplify = (module: Module, context: PassContext) => Module;

/**
 * The pass. It simplifies a derivative that is differentiated again, lest its size multiply with each order.
 *
 * @__NO_SIDE_EFFECTS__
 */
export const differentiating = (simplify: Simplify): Pass =>
  definePass({
    name: "differentiate",
    summary: "Resolves vjp and jvp: makes @f.fwd and @f.bwd, or @f.jvp, and calls them.",
    resolves: true,
    example: `private func @f(%x: f64, %y: f64) -> f64 {
  %sin = sin %x : f64
  %z = mul %sin, %y : f64
  return %z
}

func @main(%x: f64, %y: f64) -> (f64, f64) {
  %one = constant 1 : f64
  %z, %dx = vjp @f(%x, %y) cotangents(%one), wrt = [0] : f64, f64
  return %z, %dx
}
`,
    run(given, context) {
      const holds = (m: Module): boolean => m.funcs.some((f) => holdsTransform(f.body));
      const module = holds(given) ? withoutUnreached(given) : given;
      if (!holds(module)) return module;
      const differentiated = new Differentiation(module, (m) => simplify(m, context)).run();
      const order = Math.max(...ordersOf(module).values());
      if (order > mostOrders) {
        const size = countOperations(differentiated).toLocaleString("en");
        context.warn?.(
          `a derivative of order ${order} took ${size} operations, and each further order takes more still`,
        );
      }
      return differentiated;
    },
  });

/** Derivatives of a higher order than this come with a warning. */
const mostOrders = 6;

function holdsTransform(block: Block): boolean {
  return holdsOp(block, isDerivative);
}

/** One run over a module. Callees come first: the transforms in a function are resolved before it is differentiated. */
class Differentiation implements SweepHost, ForwardHost {
  readonly #module: Module;
  readonly #funcs: Map<string, Func>;
  readonly #nested: NestedDerivatives;
  /** The functions made from each function, in order. */
  readonly #made = new Map<string, Func[]>();
  readonly #splits = new Map<string, SplitCall>();
  readonly #tangentCalls = new Map<string, TangentCall>();
  /** Private functions with a single reference: their forward functions take over their operations (`moves`). */
  readonly #single: ReadonlySet<string>;
  readonly #moved = new Set<string>();
  readonly #strong = new StrongZeros({
    func: (name) => this.#funcs.get(name),
    signature: (name) => this.signature(name),
    replace: (func) => this.#funcs.set(func.name, func),
    add: (from, body) => this.#addVersion(from, body),
  });

  constructor(module: Module, simplify: (module: Module) => Module) {
    this.#module = module;
    this.#funcs = new Map(module.funcs.map((f) => [f.name, f]));
    this.#single = referredOnce(module);
    this.#nested = new NestedDerivatives(module, {
      func: (name) => funcIn(this.#funcs, name),
      signature: (name) => this.signature(name),
      tangentCall: (callee, active) => this.tangentCall(callee, active),
      makeStrong: (signature, count) => this.#makeStrong(signature, count),
      newBuilder: (func) => this.#newBuilder(func),
      freshName: (base) => this.#freshName(base),
      add: (from, made) => this.#add(from, made),
      simplify,
    });
  }

  run(): Module {
    let isSimplified = false;
    for (const func of calleesFirst(this.#module)) {
      if (!holdsTransform(func.body)) continue;
      const resolved = this.#resolve(func);
      const isBetween = this.#nested.isLevel(func);
      this.#funcs.set(func.name, isBetween ? this.#nested.simplified(resolved) : resolved);
      isSimplified ||= isBetween;
    }
    const module = makeModule(this.#module.funcs.flatMap((f) => this.#withMade(f.name)));
    return isSimplified ? withoutUnreached(module) : module;
  }

  /** A function, unless its operations moved, then the functions made from it, recursively. */
  #withMade(name: string): readonly Func[] {
    const func = funcIn(this.#funcs, name);
    const made = (this.#made.get(name) ?? []).flatMap((f) => this.#withMade(f.name));
    return this.#moved.has(name) ? made : [func, ...made];
  }

  signature(callee: string): Signature {
    const func = this.#funcs.get(callee);
    if (func === undefined) return fail("name", `@${callee} is not a function of this module`);
    return signatureOf(func);
  }

  // ---- replacing vjp and jvp operations -----------------------------------------------------------------------------

  #resolve(func: Func): Func {
    return withBody(func, this.#resolveBlock(func.body, this.#newBuilder(func), new Replacements(), func));
  }

  #resolveBlock(block: Block, builder: BlockBuilder, replacements: Replacements, inside: Func): Block {
    for (const operation of block.operations) {
      if (isOf(vjpOp, operation) && this.#nested.goesForward(operation, inside))
        this.#nested.resolve(operation, builder, replacements);
      else if (isNamed<DerivativeAttributes>("jvp", operation)) this.#resolveJvp(operation, builder, replacements);
      else if (isOf(vjpOp, operation)) this.#resolveVjp(operation, builder, replacements);
      else builder.append(this.#resolveRegions(operation, builder, replacements, inside));
    }
    return makeBlock(block.arguments, builder.operations, replacements.all(block.results));
  }

  #newBuilder(func: Func): BlockBuilder {
    return new BlockBuilder(new FuncScope(func.constraints, (name) => this.signature(name)));
  }

  #resolveRegions(operation: Operation, builder: BlockBuilder, replacements: Replacements, inside: Func): Operation {
    if (!operation.regions.some(holdsTransform)) return replacements.operation(operation);
    const regions = operation.regions.map((r) =>
      this.#resolveBlock(r, new BlockBuilder(builder.scope, builder), replacements, inside),
    );
    return withRegions(withOperands(operation, replacements.all(operation.operands)), regions);
  }

  #resolveVjp(transform: Operation<DerivativeAttributes>, builder: BlockBuilder, replacements: Replacements): void {
    const { attributes } = transform;
    const operation = replacements.operation(transform);
    const callee = this.signature(attributes.callee);
    const wrt = differentiated(callee, attributes.wrt);
    const active = callee.arguments.map((_, i) => wrt.includes(i));
    builder.origin = operation.origin;
    const split = this.splitCall(callee.name, active);
    const taken = split.takesCotangent.filter((takes) => takes);
    const backward = split.backward(taken);
    this.#makeStrong(backward.signature, taken.length);
    const args = groupOf(operation, "arguments");
    const bound = bindSymbols(
      callee,
      args.map((v) => v.type),
      attributes.bindings.bindings,
    );
    const count = callee.results.length;
    const [names, gradientNames] = [operation.results.slice(0, count), operation.results.slice(count)].map((vs) =>
      vs.map((v) => v.name),
    );
    const values = withBuilder(builder, () => {
      const forward = call(split.forward, args, bound, names);
      const cotangents = this.#givenCotangents(operation, callee, split, forward);
      const argumentOrder = active.flatMap((a, i) => (a ? [i] : []));
      const backNames = argumentOrder.filter((_, k) => backward.gives[k]).map((i) => gradientNames[wrt.indexOf(i)]);
      const back = call(backward.signature, [...forward.slice(count), ...cotangents], bound, backNames);
      const given = argumentOrder.filter((_, k) => backward.gives[k]);
      const gradientOf = (i: number): Value => back[given.indexOf(i)] ?? zerosLike(args[i]);
      return [...forward.slice(0, count), ...wrt.map(gradientOf)];
    });
    for (const [i, r] of operation.results.entries()) replacements.set(r, values[i]);
  }

  #resolveJvp(transform: Operation<DerivativeAttributes>, builder: BlockBuilder, replacements: Replacements): void {
    const { attributes } = transform;
    const operation = replacements.operation(transform);
    const callee = this.signature(attributes.callee);
    const wrt = differentiated(callee, attributes.wrt);
    builder.origin = operation.origin;
    const active = callee.arguments.map((_, i) => wrt.includes(i));
    const made = this.tangentCall(callee.name, active);
    this.#makeStrong(made.signature, wrt.length);
    const args = groupOf(operation, "arguments");
    const along = operation.operands.slice(args.length);
    const ordered = active.flatMap((a, i) => (a ? [along[wrt.indexOf(i)]] : []));
    const bound = bindSymbols(
      callee,
      args.map((v) => v.type),
      attributes.bindings.bindings,
    );
    const count = callee.results.length;
    const floats = callee.results.flatMap((type, i) => (isDifferentiable(type) ? [i] : []));
    const tangentName = (i: number): string | null => operation.results[count + floats.indexOf(i)]?.name ?? null;
    const names = [
      ...operation.results.slice(0, count).map((v) => v.name),
      ...made.givesTangent.flatMap((gives, i) => (gives ? [tangentName(i)] : [])),
    ];
    const values = withBuilder(builder, () => {
      const all = call(made.signature, [...args, ...ordered], bound, names);
      let next = count;
      const given = made.givesTangent.map((gives) => (gives ? all[next++] : null));
      return [...all.slice(0, count), ...floats.map((i) => given[i] ?? zerosLike(all[i]))];
    });
    for (const [i, r] of operation.results.entries()) replacements.set(r, values[i]);
  }

  /** Makes zeros strong in a function whose last `count` arguments are cotangents or tangents, and in what it calls. */
  #makeStrong({ name, arguments: args }: Signature, count: number): void {
    this.#strong.version(
      name,
      args.map((_, i) => (i < args.length - count ? null : "none")),
    );
  }

  /** The cotangents that the backward function takes: those of the active results. */
  #givenCotangents(
    operation: Operation,
    callee: Signature,
    split: SplitCall,
    forward: readonly Value[],
  ): readonly Value[] {
    const cotangents = groupOf(operation, "cotangents");
    let next = 0;
    return callee.results.flatMap((type, i) => {
      if (!isDifferentiable(type)) return [];
      const ct = cotangents[next++];
      return split.takesCotangent[i] ? [ct ?? zerosLike(forward[i])] : [];
    });
  }

  // ---- making the forward and the backward function -----------------------------------------------------------------

  splitCall(callee: string, flows: readonly boolean[], keep = false): SplitCall {
    const key = `${callee} ${flows.map(Number).join("")}`;
    let split = this.#splits.get(key);
    if (split === undefined) {
      split = this.#splitFunc(funcIn(this.#funcs, callee), flows, keep);
      this.#splits.set(key, split);
    }
    return split;
  }

  #splitFunc(func: Func, flows: readonly boolean[], keep: boolean): SplitCall {
    const scope = (): FuncScope => new FuncScope(func.constraints, (name) => this.signature(name));
    const moves = !keep && this.#single.has(func.name);
    if (moves) this.#moved.add(func.name);
    const state = {
      host: this,
      moves,
      forward: moves ? new Replacements() : new Cloner(),
      active: Activity.of(
        func.body,
        func.body.arguments.filter((_, i) => flows[i]),
      ),
      stepwise: new ValueSet(),
      backwardScope: scope(),
      definitions: definitionsOf(func.body),
    };
    const builder = new BlockBuilder(scope());
    const split = splitBlock(func.body, state, builder, { tapes: undefined, origin: func.origin });
    const forward = makeFunc({
      ...func,
      name: this.#freshName(`${func.name}.fwd`),
      visibility: "private",
      body: builder.finish([...split.results, ...split.residuals]),
    });
    this.#add(func, forward);
    const made = new Map<Backward, BackwardCall>();
    const call: SplitCall = {
      forward: signatureOf(forward),
      takesCotangent: func.body.results.map((r) => state.active.has(r)),
      backward: (results) => {
        const backward = split.backward({ results, seeds: [] });
        let called = made.get(backward);
        if (called === undefined) {
          const { block, gives } = backward;
          const back = this.#backwardFunc(func, split.residuals, block, forward.body);
          this.#add(func, back);
          made.set(backward, (called = { signature: signatureOf(back), gives }));
        }
        return called;
      },
    };
    return call;
  }

  tangentCall(callee: string, active: readonly boolean[]): TangentCall {
    const key = `${callee} ${active.map(Number).join("")}`;
    let made = this.#tangentCalls.get(key);
    if (made === undefined) {
      const func = funcIn(this.#funcs, callee);
      const builder = this.#newBuilder(func);
      const { body, givesTangent } = new ForwardSweep(this).body(func.body, active, builder);
      const forward = makeFunc({ ...func, name: this.#freshName(`${callee}.jvp`), visibility: "private", body });
      this.#add(func, forward);
      this.#tangentCalls.set(key, (made = { signature: signatureOf(forward), givesTangent }));
    }
    return made;
  }

  /** Makes the backward block a function: the residuals become its first arguments. */
  #backwardFunc(func: Func, residuals: readonly Value[], backward: Block, forward: Block): Func {
    const replacements = new Replacements();
    const args = residuals.map((v) => {
      const argument = new Value(v.type, v.name);
      replacements.set(v, argument);
      this.#strong.axes.link(argument, v, forward);
      return argument;
    });
    const { operations, results } = replacements.block(backward);
    const body = makeBlock([...args, ...backward.arguments], operations, results);
    const { symbols, constraints } = dimsNeeded(func, body);
    return makeFunc({
      ...func,
      name: this.#freshName(`${func.name}.bwd`),
      visibility: "private",
      symbols,
      constraints,
      body,
    });
  }

  /** Adds another version of a function. */
  #addVersion(from: Func, body: Block): Func {
    const made = makeFunc({ ...from, name: this.#freshName(from.name), body });
    this.#add(from, made);
    return made;
  }

  #freshName(base: string): string {
    let name = base;
    for (let n = 1; this.#funcs.has(name); n++) name = `${base}_${n}`;
    return name;
  }

  #add(from: Func, made: Func): void {
    this.#funcs.set(made.name, made);
    this.#made.set(from.name, [...(this.#made.get(from.name) ?? []), made]);
  }
}

/** The private functions that are dead once split: the only reference is a transform, or a call in another of them. */
function referredOnce(module: Module): ReadonlySet<string> {
  const references = new Map<string, { count: number; from: Func; isTransform: boolean }>();
  for (const from of module.funcs) {
    walk(from.body, (operation) => {
      const name = calleeOf(operation);
      if (name === null) return;
      const count = (references.get(name)?.count ?? 0) + 1;
      references.set(name, { count, from, isTransform: operation.op.traits.transform });
    });
  }
  const single = new Set<string>();
  for (const { name, visibility } of [...calleesFirst(module)].reverse()) {
    const reference = references.get(name);
    const isLast = reference?.isTransform === true || single.has(reference?.from.name ?? "");
    if (visibility === "private" && reference?.count === 1 && isLast) single.add(name);
  }
  return single;
}

/** The symbols that a body mentions, the constraints that mention one of them, and the other symbols of those. */
function dimsNeeded(
  func: Func,
  body: Block,
): { readonly symbols: readonly string[]; readonly constraints: readonly Constraint[] } {
  const used = usedSymbols(body);
  const mentions = (c: Constraint): Set<string> => collectSymbols(c.right, collectSymbols(c.left, new Set()));
  const constraints = func.constraints.filter((c) => [...mentions(c)].some((name) => used.has(name)));
  for (const c of constraints) for (const name of mentions(c)) used.add(name);
  return { symbols: func.symbols.filter((s) => used.has(s)), constraints };
}
