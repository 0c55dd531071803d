// Replaces calls of private functions by their bodies, callees first. A function with one call moves there; what else is
// left without callers falls to dead-node-elimination.

import {
  type Block,
  BlockBuilder,
  bindingsOf,
  bindSymbols,
  Cloner,
  calleeOf,
  calleesFirst,
  calleesOf,
  callsIn,
  type Dim,
  type Func,
  FuncScope,
  funcIn,
  holdsOp,
  type Module,
  makeBlock,
  mapFuncs,
  type Operation,
  operationsIn,
  Replacements,
  signatureOf,
  type Value,
  walk,
  withBody,
  withOperands,
  withRegions,
} from "../../src/ir/index.ts";
import { definePass } from "../../src/rewrite/index.ts";

/** A function this large stays a function, unless it is called from one place only: repeated doubling stays bounded. */
const smallEnough = 200;

export const inline = definePass({
  name: "inline",
  summary: "Puts the bodies of private functions, where small or called once, and of wrappers in their places.",
  example: `private func @square(%x: f64) -> f64 {
  %y = mul %x, %x : f64
  return %y
}

func @main(%x: f64) -> f64 {
  %y = call @square(%x) : f64
  return %y
}
`,
  run: (module) => withoutCalls(module, { isFinal: true }),
});

/**
 * The module with calls replaced. Where it is not final, derivatives are to come: wrappers, which say how they are
 * differentiated, stay, and no operation leaves its function.
 */
export function withoutCalls(module: Module, { isFinal }: { readonly isFinal: boolean }): Module {
  const calls = countCalls(module);
  const moved = new Set<string>();
  const differentiated = reachedByTransforms(module);
  const bodies = new Map<string, Func>();
  const worthwhile = new Map<string, Func>();
  for (const func of calleesFirst(module)) {
    const isLast = isFinal && !differentiated.has(func.name);
    const isChanged = (isLast && holdsWrapped(func.body)) || calleesOf(func).some((name) => worthwhile.has(name));
    const next = isChanged ? new Inlining(worthwhile, calls, moved, isLast).func(func) : func;
    bodies.set(func.name, next);
    const once = calls.get(func.name) === 1;
    // a call of one that is given zeros fills the memory
    const isPlain = !func.roles.includes("zeroed");
    if (func.visibility === "private" && isPlain && (once || operationsIn(next.body) <= smallEnough))
      worthwhile.set(func.name, next);
  }
  return mapFuncs(module, (func) => (moved.has(func.name) ? null : funcIn(bodies, func.name)));
}

/** The functions that a derivative is still taken of, or that are mapped: their wrappers matter. */
function reachedByTransforms(module: Module): ReadonlySet<string> {
  const reached = new Set<string>();
  for (const func of module.funcs) {
    if (!holdsOp(func.body, ({ traits }) => traits.transform)) continue;
    walk(func.body, (operation) => {
      const name = operation.op.traits.transform ? calleeOf(operation) : null;
      if (name !== null) reached.add(name);
    });
  }
  for (const func of calleesFirst(module).toReversed()) {
    if (reached.has(func.name)) for (const name of calleesOf(func)) reached.add(name);
  }
  return reached;
}

function countCalls(module: Module): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { body } of module.funcs)
    for (const [name, count] of callsIn(body)) counts.set(name, (counts.get(name) ?? 0) + count);
  return counts;
}

/** One function's body with the calls in it replaced. The callees' own calls are replaced already. */
class Inlining {
  readonly #funcs: ReadonlyMap<string, Func>;
  readonly #calls: ReadonlyMap<string, number>;
  readonly #moved: Set<string>;
  readonly #isFinal: boolean;
  readonly #replacements = new Replacements();

  constructor(
    funcs: ReadonlyMap<string, Func>,
    calls: ReadonlyMap<string, number>,
    moved: Set<string>,
    isFinal: boolean,
  ) {
    this.#funcs = funcs;
    this.#calls = calls;
    this.#moved = moved;
    this.#isFinal = isFinal;
  }

  func(func: Func): Func {
    return withBody(func, this.#block(func.body, new BlockBuilder(new FuncScope(func.constraints))));
  }

  #block(block: Block, builder: BlockBuilder): Block {
    for (const operation of block.operations) {
      const callee = this.#inlinedCallee(operation);
      if (this.#isFinal && operation.op.traits.wraps) this.#unwrap(operation, builder);
      else if (callee === null) builder.append(this.#operation(operation, builder));
      else this.#splice(operation, callee, builder);
    }
    return makeBlock(block.arguments, builder.operations, this.#replacements.all(block.results));
  }

  #inlinedCallee(operation: Operation): Func | null {
    const stays = operation.op.traits.transform || operation.attributes.checkpoint === true;
    const name = stays ? null : calleeOf(operation);
    const callee = name === null ? undefined : this.#funcs.get(name);
    // a body without ranks has to be refined for the ranks of this call first
    return callee?.body.arguments.every((a, i) => a.type.kind === operation.operands[i].type.kind) ? callee : null;
  }

  #operation(operation: Operation, builder: BlockBuilder): Operation {
    if (!holdsCall(operation)) return this.#replacements.operation(operation);
    return withRegions(
      withOperands(operation, this.#replacements.all(operation.operands)),
      operation.regions.map((r) => this.#block(r, new BlockBuilder(builder.scope, builder))),
    );
  }

  #splice(operation: Operation, callee: Func, builder: BlockBuilder): void {
    const args = this.#replacements.all(operation.operands);
    const bound = bindSymbols(
      signatureOf(callee),
      args.map((v) => v.type),
      bindingsOf(operation),
    );
    const results = this.#isLastUse(callee, bound)
      ? this.#move(callee, args, builder)
      : new Cloner(bound, operation.origin).inline(callee.body, args, builder);
    for (const [i, r] of operation.results.entries()) this.#replacements.set(r, results[i]);
  }

  /** The first region in the operation's place; nothing differentiates it any more. */
  #unwrap(operation: Operation, builder: BlockBuilder): void {
    const renamed = this.#replacements.operation(operation);
    const [body] = renamed.regions;
    for (const [i, a] of body.arguments.entries()) this.#replacements.set(a, renamed.operands[i]);
    const inner = this.#block(body, new BlockBuilder(builder.scope, builder));
    for (const o of inner.operations) builder.append(o);
    for (const [i, r] of operation.results.entries()) this.#replacements.set(r, inner.results[i]);
  }

  /** Whether no other call needs the callee's body, under the symbols and origins that it has. */
  #isLastUse(callee: Func, bound: Readonly<Record<string, Dim>>): boolean {
    const hasOrigins = callee.body.operations.every((o) => o.origin !== null);
    return this.#isFinal && this.#calls.get(callee.name) === 1 && hasOrigins && bindsToItself(bound);
  }

  /** The callee's own operations become the caller's; large functions are not copied for nothing. */
  #move({ name, body }: Func, args: readonly Value[], builder: BlockBuilder): readonly Value[] {
    this.#moved.add(name);
    for (const [i, a] of body.arguments.entries()) this.#replacements.set(a, args[i]);
    for (const operation of body.operations) builder.append(this.#replacements.operation(operation));
    return this.#replacements.all(body.results);
  }
}

function bindsToItself(bound: Readonly<Record<string, Dim>>): boolean {
  return Object.entries(bound).every(([name, d]) => typeof d !== "number" && d.key === name);
}

function holdsWrapped(block: Block): boolean {
  return holdsOp(block, ({ traits }) => traits.wraps);
}

/** Whether a region holds what inlining may change. */
function holdsCall({ regions }: Operation): boolean {
  return regions.some((region) => callsIn(region).size > 0 || holdsWrapped(region));
}
