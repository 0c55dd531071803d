// Makes the zeros of derivatives strong: the derivative through a branch or a select that was not taken is 0, even
// where a partial derivative there is infinite or NaN. An abstract interpretation (zero-flow.ts) finds which cotangents
// or tangents may be such zeros, and a rewriting (strengthen.ts) makes products with them 0. A function gets one
// version for each combination of what its arguments may be.

import {
  type Block,
  BlockBuilder,
  Cloner,
  type Func,
  FuncScope,
  type Operation,
  type Signature,
  withBody,
} from "../../../src/ir/index.ts";
import { Axes } from "./axes.ts";
import { Strengthening } from "./strengthen.ts";
import { ZeroFlow, type Zeros } from "./zero-flow.ts";

/** What this asks of the module: its functions, and places for their versions. */
interface Host {
  func(name: string): Func | undefined;
  signature(name: string): Signature;
  /** Replaces the function of this name. */
  replace(func: Func): void;
  /** Adds a function made from another one, under a new name. */
  add(from: Func, body: Block): Func;
}

/** The version of a function for arguments with certain zeros: its name, and the zeros of its results. */
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
   * The version of a function for arguments with these zeros, made when it is first asked for. The first version
   * replaces the function itself, since most functions have only one.
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
      called: (operation, callee, given) => {
        const { name, results } = this.version(callee, given);
        if (name !== callee) callees.set(operation, name);
        return results;
      },
    });
    const results = flow.block(func.body, args);
    if (!flow.hasUntaken && callees.size === 0) return { name: func.name, results };
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
