// Brings programs of tensors to loops over memory, for passes that take such.

import { inline, loopPipeline } from "../../passes/index.ts";
import { type Pass, type PassContext, Pipeline, runPass } from "../rewrite/index.ts";
import type { Subject } from "./fault.ts";

/** What a pass is given of a program: what the passes before it in the loop pipeline give, or all, where it is not there. */
export function bringTo({ name }: Pass): NonNullable<Subject["bring"]> {
  const { stages } = loopPipeline;
  const at = stages.findIndex((stage) => stage.pass.name === name);
  const before = new Pipeline(at < 0 ? stages : stages.slice(0, at));
  return (module, { ops, fast }) => {
    // its own rewrites alone are seen
    const cx: PassContext = { ops, fast };
    return before.run(inline.run(module, cx), (pass, m) => runPass(pass, m, cx));
  };
}
