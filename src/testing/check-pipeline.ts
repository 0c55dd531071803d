// checkPipeline: a pipeline keeps every bit of random programs, or the smallest program found for which it does not, and the
// pass after which it is wrong.

import type { Pipeline } from "../rewrite/index.ts";
import { type CheckOptions, type CheckReport, check } from "./check.ts";
import { requireKind } from "./options.ts";
import { pipelineSubject } from "./pipeline-runs.ts";

/**
 * Runs a pipeline on random programs, and compares what they mean before and after: the bits of the results of all public
 * functions, errors with their messages, what probes see, and what is public. A pipeline that lowers is run down to loops.
 *
 * @returns what was tried.
 * @throws AdjointError `validate` whose message names the pass after which the program is wrong for the first time, and holds
 *   the smallest IR found; or that no program was changed.
 * @example checkPipeline(tensorPipeline.insertAfter("cse", myPass))
 */
export function checkPipeline(pipeline: Pipeline, options: CheckOptions = {}): CheckReport {
  requireKind("checkPipeline", pipeline, "pipeline");
  return check("checkPipeline", pipelineSubject(pipeline), options);
}
