// Derivatives of one number by one number that are nested in other derivatives: resolved in forward mode, level by level,
// each simplified before it is differentiated again.

import {
  AdjointError,
  type BlockBuilder,
  bindSymbols,
  calleeOf,
  calleesFirst,
  calleesOf,
  type Func,
  groupOf,
  type Module,
  makeFunc,
  makeModule,
  type Op,
  type Operation,
  type Replacements,
  requireFunc,
  type Signature,
  sameType,
  signatureOf,
  symbol,
  type TangentCall,
  walk,
  withBody,
  withBuilder,
} from "../../../src/ir/index.ts";
import {
  call,
  constantLike,
  type DerivativeAttributes,
  differentiated,
  mul,
  zerosLike,
} from "../../../src/ops/index.ts";
import { collectLikeTerms } from "./like-terms.ts";

/** What this asks of the run over the module: its functions, places for new ones, and their tangents. */
interface Host {
  func(name: string): Func;
  signature(callee: string): Signature;
  tangentCall(callee: string, active: readonly boolean[]): TangentCall;
  /** Makes zeros strong in a function whose last `count` arguments are tangents, and in what it calls. */
  makeStrong(signature: Signature, count: number): void;
  newBuilder(func: Func): BlockBuilder;
  freshName(base: string): string;
  add(from: Func, made: Func): void;
  simplify(module: Module): Module;
}

export class NestedDerivatives {
  readonly #host: Host;
  readonly #orders: ReadonlyMap<string, number>;
  readonly #levels: ReadonlySet<string>;
  readonly #derivatives = new Map<string, Signature>();

  constructor(module: Module, host: Host) {
    this.#host = host;
    this.#orders = ordersOf(module);
    this.#levels = levelsOf(module);
  }

  /** Whether the function is differentiated itself, or called by one that is. */
  isLevel(func: Func): boolean {
    return this.#levels.has(func.name);
  }

  /** Simplifies a derivative that is differentiated again, and what it calls: the next is a multiple of its size. */
  simplified(func: Func): Func {
    const reached = new Map([[func.name, makeFunc({ ...func, visibility: "public" })]]);
    for (const from of reached.values()) {
      for (const callee of calleesOf(from)) {
        if (!reached.has(callee)) reached.set(callee, this.#host.func(callee));
      }
    }
    const module = this.#host.simplify(makeModule([...reached.values()]));
    return withBody(func, requireFunc(module, func.name).body);
  }

  /**
   * Whether a vjp is resolved in forward mode, as cotangent · derivative: where it is of one number by one number, and
   * nested in another derivative. Forward over forward leaves one operation for each term of a product rule, where
   * reverse over reverse doubles the operations with each order.
   */
  goesForward({ attributes }: Operation<DerivativeAttributes>, inside: Func): boolean {
    const callee = this.#host.signature(attributes.callee);
    const wrt = differentiated(callee, attributes.wrt);
    const isNested = this.#levels.has(inside.name) || (this.#orders.get(callee.name) ?? 0) > 0;
    if (!isNested || wrt.length !== 1 || callee.results.length !== 1) return false;
    const [from, to] = [callee.arguments[wrt[0]], callee.results[0]];
    const isNumber = to.kind === "tensor" && to.shape.length === 0 && sameType(from, to);
    return isNumber && this.#hasTangents(callee, wrt[0]);
  }

  /** Resolves a vjp of one number by one number: gives the value, and the cotangent times the derivative. */
  resolve(transform: Operation<DerivativeAttributes>, builder: BlockBuilder, replacements: Replacements): void {
    const { attributes } = transform;
    const operation = replacements.operation(transform);
    const callee = this.#host.signature(attributes.callee);
    const [wrt] = differentiated(callee, attributes.wrt);
    builder.origin = operation.origin;
    const args = groupOf(operation, "arguments");
    const [cotangent] = groupOf(operation, "cotangents");
    const bound = bindSymbols(
      callee,
      args.map((v) => v.type),
      attributes.bindings.bindings,
    );
    const values = withBuilder(builder, () => {
      const [value, slope] = call(this.#derivative(callee, wrt), args, bound, [operation.results[0].name]);
      return [value, mul(slope, cotangent)];
    });
    for (const [i, r] of operation.results.entries()) replacements.set(r, values[i]);
  }

  /** A function that gives the callee's value and its derivative by one argument, with like terms collected. */
  #derivative(callee: Signature, wrt: number): Signature {
    const key = `${callee.name} ${wrt}`;
    let made = this.#derivatives.get(key);
    if (made === undefined) {
      const func = this.#host.func(callee.name);
      const builder = this.#host.newBuilder(func);
      const args = func.body.arguments.map((a) => builder.argument(a.type, a.name));
      const along = this.#host.tangentCall(
        callee.name,
        args.map((_, i) => i === wrt),
      );
      this.#host.makeStrong(along.signature, 1);
      const results = withBuilder(builder, () => {
        const itself = Object.fromEntries(callee.symbols.map((name) => [name, symbol(name)]));
        const [value, tangent = zerosLike(value)] = call(
          along.signature,
          [...args, constantLike(1, args[wrt])],
          itself,
        );
        return [value, tangent];
      });
      const name = this.#host.freshName(`${callee.name}.derivative`);
      const first = this.simplified(makeFunc({ ...func, name, visibility: "private", body: builder.finish(results) }));
      const collected = withBody(first, collectLikeTerms(first.body, 1, this.#host.newBuilder(first)));
      const simple = this.simplified(collected);
      this.#host.add(func, simple);
      this.#derivatives.set(key, (made = signatureOf(simple)));
    }
    return made;
  }

  /** Whether the callee can be differentiated in forward mode: it may hold a rule for reverse mode only. */
  #hasTangents(callee: Signature, wrt: number): boolean {
    try {
      this.#host.tangentCall(
        callee.name,
        callee.arguments.map((_, i) => i === wrt),
      );
      return true;
    } catch (error) {
      if (error instanceof AdjointError && error.code === "no-derivative") return false;
      throw error;
    }
  }
}

/** For each function the order of the derivatives in it: how deeply they are nested, through calls too. */
export function ordersOf(module: Module): ReadonlyMap<string, number> {
  const orders = new Map<string, number>();
  for (const { name, body } of calleesFirst(module)) {
    let order = 0;
    walk(body, (operation) => {
      const callee = calleeOf(operation);
      if (callee === null) return;
      order = Math.max(order, (orders.get(callee) ?? 0) + Number(isDerivative(operation.op)));
    });
    orders.set(name, order);
  }
  return orders;
}

export function isDerivative(op: Op): boolean {
  return op.traits.differentiates;
}

/** The functions that are differentiated, and those that they call, transitively. */
function levelsOf(module: Module): ReadonlySet<string> {
  const levels = new Set<string>();
  for (const { name, body } of [...calleesFirst(module)].reverse()) {
    walk(body, (operation) => {
      const callee = calleeOf(operation);
      if (callee !== null && (isDerivative(operation.op) || levels.has(name))) levels.add(callee);
    });
  }
  return levels;
}
