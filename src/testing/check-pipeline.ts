// checkPipeline: a pipeline keeps every bit of random programs, or the smallest program found for which it does not, and the
// pass after which it is wrong.

import type { Pipeline } from "../rewrite/index.ts";
import { type CheckOptions, type CheckReport, check } from "./check.ts";
import { faultOfPass, type Subject } from "./fault.ts";
import { requireKind } from "./options.ts";
import { firstWrongRun, pipelineSubject } from "./pipeline-runs.ts";

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
  return check("checkPipeline", subjectOf(pipeline), options);
}

function subjectOf(pipeline: Pipeline): Subject {
  const subject = pipelineSubject(pipeline);
  return {
    ...subject,
    judge(program, context, seeds) {
      const asked = { ...subject, fast: context.fast };
      const whole = faultOfPass(asked, program, context, seeds);
      if (whole.fault === null) return whole;
      const first = firstWrongRun({ pipeline, subject: asked, program, context, seeds });
      if (first === null) return whole;
      const { pass, number, fault } = first;
      return { ...whole, fault: { ...fault, message: `after pass ${pass.name} (run ${number}): ${fault.message}` } };
    },
  };
}
