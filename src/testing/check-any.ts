// The checks of whatever is given: what a command line runs on the exports of a module.

import type { Backend } from "../backend/index.ts";
import type { Op } from "../ir/index.ts";
import type { Pass, Pipeline, Rule } from "../rewrite/index.ts";
import type { CheckOptions, CheckReport } from "./check.ts";
import { checkBackend } from "./check-backend.ts";
import { checkOp } from "./check-op.ts";
import { checkPass, checkRule } from "./check-pass.ts";
import { checkPipeline } from "./check-pipeline.ts";
import { kindOf } from "./options.ts";

/** A check that can be run. */
export interface NamedCheck {
  /** What it checks: `pass signs`. */
  readonly name: string;
  run(options: CheckOptions): CheckReport;
}

/** The checks of a pass, a rule, a pipeline, an op or a backend that is exported under a name, and of arrays of them; none of others. */
export function checkAny(name: string, thing: unknown): readonly NamedCheck[] {
  if (Array.isArray(thing)) return thing.flatMap((part, i) => checkAny(`${name}[${i}]`, part));
  switch (kindOf(thing)) {
    case "pass":
      return [{ name: `pass ${(thing as Pass).name}`, run: (options) => checkPass(thing as Pass, options) }];
    case "rule":
      return [{ name: `rule '${(thing as Rule).name}'`, run: (options) => checkRule(thing as Rule, options) }];
    case "pipeline":
      return [{ name: `pipeline ${name}`, run: (options) => checkPipeline(thing as Pipeline, options) }];
    case "op":
      return [{ name: `op ${(thing as Op).name}`, run: (options) => checkOp(thing as Op, options) }];
    case "backend":
      return [
        { name: `backend ${(thing as Backend).name}`, run: (options) => checkBackend(thing as Backend, options) },
      ];
    default:
      return [];
  }
}
