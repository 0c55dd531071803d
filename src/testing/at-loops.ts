// Brings programs of tensors to loops over memory, for passes that take such.

import { inline, loopPipeline, vectorPipeline } from "../../passes/index.ts";
import { type Pass, type PassContext, Pipeline, runPass } from "../rewrite/index.ts";
import { javascript } from "../target/index.ts";
import type { Subject } from "./fault.ts";

/** JavaScript with vectors and threads. */
const vectors = { ...javascript, vectorBits: 256, threads: 4 };

/** What a pass is given of a program: what the passes before it in the loop pipeline give, or all, where it is not there. */
export function bringTo({ name, level }: Pass): NonNullable<Subject["bring"]> {
  const pipelines = level === "vector" ? [vectorPipeline] : [loopPipeline, vectorPipeline];
  const [first] = pipelines;
  const { stages, names } = pipelines.find((pipeline) => pipeline.names.includes(name)) ?? first;
  const at = names.indexOf(name);
  const before = new Pipeline(at < 0 ? stages : stages.slice(0, at));
  return (module, { ops, fast }) => {
    // its own rewrites alone are seen
    const cx: PassContext = { ops, fast, target: level === "vector" ? vectors : javascript };
    return before.run(inline.run(module, cx), (pass, m) => runPass(pass, m, cx));
  };
}
