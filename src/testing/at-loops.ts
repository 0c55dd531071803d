// Brings programs of tensors to loops over memory, for passes that take such.

import { inline, loopPipeline, vectorPipeline } from "../../passes/index.ts";
import type { Module } from "../ir/index.ts";
import { standardOps } from "../ops/index.ts";
import { type Pass, type PassContext, Pipeline, runPass } from "../rewrite/index.ts";
import { javascript } from "../target/index.ts";
import type { Subject } from "./fault.ts";

/**
 * What passes gave of a module, on the way to those behind them: a program that several passes are tried on is brought there
 * once. It is forgotten with the module.
 */
class Given {
  readonly #known = new WeakMap<Module, Map<Pass, Module>>();

  by(pass: Pass, module: Module, cx: PassContext): Module {
    // another table, and rewrites that are only nearly the same, give another module
    if (cx.ops !== standardOps || cx.fast) return runPass(pass, module, cx);
    let of = this.#known.get(module);
    if (of === undefined) this.#known.set(module, (of = new Map()));
    let after = of.get(pass);
    if (after === undefined) of.set(pass, (after = runPass(pass, module, cx)));
    return after;
  }
}

const given = { vector: new Given(), loop: new Given() };

/** JavaScript with vectors and threads. */
const vectors = { ...javascript, vectorBits: 256, threads: 4 };

/** What a pass is given of a program: what the passes before it in the loop pipeline give, or all, where it is not there. */
export function bringTo({ name, level }: Pass): NonNullable<Subject["bring"]> {
  const pipelines = level === "vector" ? [vectorPipeline] : [loopPipeline, vectorPipeline];
  const [first] = pipelines;
  const { stages, names } = pipelines.find((pipeline) => pipeline.names.includes(name)) ?? first;
  const at = names.indexOf(name);
  const before = new Pipeline(at < 0 ? stages : stages.slice(0, at));
  const [target, known] = level === "vector" ? [vectors, given.vector] : [javascript, given.loop];
  return (module, { ops, fast }) => {
    // its own rewrites alone are seen
    const cx: PassContext = { ops, fast, target };
    return before.run(known.by(inline, module, cx), (pass, m) => known.by(pass, m, cx));
  };
}
