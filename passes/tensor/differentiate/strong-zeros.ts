// Makes the zeros of derivatives strong: what flows to a branch not taken is 0, also where its partial derivatives are
// infinite or NaN. The code that differentiation makes is linear in its cotangents or tangents. Where one of them may be a
// zero of this kind, a product with it absorbs what it is multiplied by, and a contraction leaves out rows that meet no other.

import {
  type Block,
  BlockBuilder,
  Cloner,
  calleeOf,
  type Func,
  FuncScope,
  type Operation,
  type Signature,
  withBody,
} from "../../../src/ir/index.ts";
import { Axes } from "./axes.ts";
import { Strengthening } from "./strengthen.ts";
import { ZeroFlow, type Zeros } from "./zero-flow.ts";

/** The functions of the module, to which versions are added. */
interface Host {
  func(name: string): Func | undefined;
  signature(name: string): Signature;
  /** Puts a function in the place of one of the same name. */
  replace(func: Func): void;
  /** Adds a function made from another one, and gives it a name of its own. */
  add(from: Func, body: Block): Func;
}

/** A function whose arguments hold such zeros: which function that is, and what its results hold. */
interface Version {
  readonly name: string;
  readonly results: readonly Zeros[];
}

export class StrongZeros {
  readonly axes: Axes;
  readonly #host: Host;
  /** The functions as differentiation made them. */
  readonly #originals = new Map<string, Func>();
  readonly #versions = new Map<string, Version>();

  constructor(host: Host) {
    this.#host = host;
    this.axes = new Axes((name) => host.func(name));
  }

  /**
   * The function for arguments of this kind, made when it is asked for. The first version stands in the place of the
   * function, since most have one only.
   */
  version(name: string, args: readonly Zeros[]): Version {
    const key = `${name} ${args.map(String).join(" ")}`;
    const known = this.#versions.get(key);
    if (known !== undefined) return known;
    const isFirst = !this.#originals.has(name);
    const func = this.#originals.get(name) ?? (this.#host.func(name) as Func);
    this.#originals.set(name, func);
    this.axes.define(func.body);
    const version = this.#make(func, args, isFirst);
    this.#versions.set(key, version);
    return version;
  }

  #make(func: Func, args: readonly Zeros[], isFirst: boolean): Version {
    const callees = new Map<Operation, string>();
    const flow = new ZeroFlow({
      axes: this.axes,
      called: (operation, given) => {
        const callee = calleeOf(operation) as string;
        const { name, results } = this.version(callee, given);
        if (name !== callee) callees.set(operation, name);
        return results;
      },
    });
    const results = flow.block(func.body, args);
    const body = new Strengthening(flow, callees).block(
      func.body,
      new BlockBuilder(new FuncScope(func.constraints, (name) => this.#host.signature(name))),
    );
    if (body === func.body) return { name: func.name, results };
    if (isFirst) this.#host.replace(withBody(func, body));
    if (isFirst) return { name: func.name, results };
    const copy = new Cloner().block(body);
    for (const [i, a] of copy.arguments.entries()) this.axes.link(a, body.arguments[i], body);
    return { name: this.#host.add(func, copy).name, results };
  }
}
