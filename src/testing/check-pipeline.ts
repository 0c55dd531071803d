// checkPipeline: a pipeline keeps every bit of random programs, or the smallest program found for which it does not, and the
// pass after which it is wrong.

import type { Module } from "../ir/index.ts";
import type { Pass, PassContext, Pipeline } from "../rewrite/index.ts";
import { type CheckOptions, type CheckReport, check } from "./check.ts";
import { faultOfPass, type Subject, type Verdict } from "./fault.ts";
import type { Program } from "./generate/programs.ts";
import { requireKind } from "./options.ts";

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
  const subject: Subject = {
    name: "pipeline",
    call: "checkPipeline(pipeline, ",
    level: pipeline.stages.some(({ pass }) => pass.lowers === true) ? "loop" : "tensor",
    fast: false,
    run: (module, context) => pipeline.run(module, (pass, m) => pass.run(m, context)),
  };
  return {
    ...subject,
    judge(program, context, seeds) {
      const asked = { ...subject, fast: context.fast };
      const whole = faultOfPass(asked, program, context, seeds);
      if (whole.fault === null) return whole;
      const { number, pass, fault } = firstWrong(pipeline, { subject: asked, program, context, seeds }) ?? {};
      if (pass === undefined || fault === undefined) return whole;
      return { ...whole, fault: { ...fault, message: `after pass ${pass.name} (run ${number}): ${fault.message}` } };
    },
  };
}

interface Case {
  readonly subject: Subject;
  readonly program: Program;
  readonly context: PassContext;
  readonly seeds: readonly number[];
}

/** The first run of a pass after which the program is wrong, found by halving: from there on it stays so. */
function firstWrong(pipeline: Pipeline, given: Case) {
  const passes = passesUntilFailure(pipeline, given);
  const wrongAfter = (count: number): Verdict["fault"] => {
    let run = 0;
    const level = passes.slice(0, count).some((pass) => pass.lowers === true) ? "loop" : "tensor";
    const part: Subject = {
      ...given.subject,
      level,
      run: (module, context) => {
        run = 0;
        return runOnly(pipeline, module, context, () => ++run <= count);
      },
    };
    return faultOfPass(part, given.program, given.context, given.seeds).fault;
  };
  let [right, wrong] = [0, passes.length];
  let fault: Verdict["fault"] = null;
  while (wrong - right > 1) {
    const middle = (right + wrong) >> 1;
    const found = wrongAfter(middle);
    if (found === null) right = middle;
    else [wrong, fault] = [middle, found];
  }
  fault ??= wrongAfter(wrong);
  return fault === null || passes.length === 0 ? null : { number: wrong, pass: passes[wrong - 1], fault };
}

/** The passes in the order in which they run on the program, up to one that fails. */
function passesUntilFailure(pipeline: Pipeline, { program, context }: Case): readonly Pass[] {
  const passes: Pass[] = [];
  try {
    runOnly(pipeline, program.module, context, (pass) => passes.push(pass) > 0);
  } catch {
    // the last one is what fails
  }
  return passes;
}

/** The pipeline with only those runs of passes that `permits`; it stops where a pass fails. */
function runOnly(pipeline: Pipeline, module: Module, context: PassContext, permits: (pass: Pass) => boolean): Module {
  let isStopped = false;
  return pipeline.run(module, (pass, m) => {
    if (isStopped || !permits(pass)) {
      isStopped = true;
      return m;
    }
    return pass.run(m, context);
  });
}
