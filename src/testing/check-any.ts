// The checks of whatever is given: what a command line runs on the exports of a module.

import type { CheckOptions, CheckReport } from "./check.ts";
import { checkBackend } from "./check-backend.ts";
import { checkOp } from "./check-op.ts";
import { checkPass, checkRule } from "./check-pass.ts";
import { checkPipeline } from "./check-pipeline.ts";
import { isKind } from "./options.ts";

/** A check that can be run. */
export interface NamedCheck {
  /** What it checks: `pass signs`. */
  readonly name: string;
  run(options: CheckOptions): CheckReport;
}

/** The checks of a pass, a rule, a pipeline, an op or a backend that is exported under a name, and of arrays of them; none of others. */
export function checkAny(name: string, thing: unknown): readonly NamedCheck[] {
  if (Array.isArray(thing)) return thing.flatMap((part, i) => checkAny(`${name}[${i}]`, part));
  if (isKind(thing, "pass")) return [{ name: `pass ${thing.name}`, run: (options) => checkPass(thing, options) }];
  if (isKind(thing, "rule")) return [{ name: `rule '${thing.name}'`, run: (options) => checkRule(thing, options) }];
  if (isKind(thing, "pipeline")) return [{ name: `pipeline ${name}`, run: (options) => checkPipeline(thing, options) }];
  if (isKind(thing, "op")) return [{ name: `op ${thing.name}`, run: (options) => checkOp(thing, options) }];
  if (isKind(thing, "backend"))
    return [{ name: `backend ${thing.name}`, run: (options) => checkBackend(thing, options) }];
  return [];
}
