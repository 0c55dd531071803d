// A module that a pipeline gets wrong: reduced to a few lines, and traced to the pass and the rewrite that do it.

import { type Module, type OpTable, requireModule, requireOptions } from "../ir/index.ts";
import { standardOps } from "../ops/index.ts";
import type { Pipeline } from "../rewrite/index.ts";
import { type Blamed, blamedRewrite, describeRewrite } from "./blame.ts";
import { showCall } from "./calls.ts";
import { sizesFor } from "./corpus.ts";
import { type Fault, faultOf, type Trial } from "./fault.ts";
import { type Call, makeProgram } from "./generate/program.ts";
import { pipelineSubject, wrongRunOf } from "./pipeline-runs.ts";
import { shrink } from "./shrink.ts";

export interface FailureOptions {
  /** The ops that passes know by name. */
  readonly ops?: OpTable;
  /** Whether rewrites of class `fast` run: results have to be nearly the same then. */
  readonly fast?: boolean;
  /** The most milliseconds of processor time that go into making the module smaller; 60,000 where left out. */
  readonly timeBudget?: number;
}

/** What a pipeline gets wrong in a module. */
export interface Failure {
  readonly module: Module;
  /** What differs, after which pass. */
  readonly message: string;
  /** The call that shows it; null where no call does. */
  readonly call: Call | null;
}

const seeds = Array.from({ length: 16 }, (_, i) => i);

/**
 * The smallest module found that a pipeline gets wrong in the same way, and the simplest call that shows it; null where it
 * gets nothing wrong.
 *
 * @example reduceFailure(parseModule(text), tensorPipeline.insertAfter("cse", myPass))
 */
export function reduceFailure(module: Module, pipeline: Pipeline, options: FailureOptions = {}): Failure | null {
  const { subject, trial } = caseOf(module, pipeline, options);
  const { fault } = faultOf(subject, trial);
  if (fault === null) return null;
  const limits = { ops: trial.context.ops, origins: false, timeBudget: options.timeBudget ?? 60_000 };
  const shrunk = shrink(subject, trial.program, fault, seeds, limits);
  const { program: smallest, fault: last } = shrunk;
  return { module: smallest.module, message: describe(last), call: last.call };
}

/** Where a module goes wrong in a pipeline. */
export interface Bisection extends Omit<Failure, "module"> {
  /** The first pass after whose run the module is wrong. */
  readonly pass: string;
  /** The number of that run, from 1, of so many. */
  readonly run: number;
  readonly runs: number;
  /** The module that the pass was given. */
  readonly before: Module;
  /** The first of its rewrites after which the module is wrong; null where no single rule does it. */
  readonly rewrite: Blamed | null;
}

/**
 * The pass that gets a module wrong, then the single rewrite, both by halving how many may happen; null where the pipeline
 * gets nothing wrong.
 */
export function bisectFailure(module: Module, pipeline: Pipeline, options: FailureOptions = {}): Bisection | null {
  const { subject, trial } = caseOf(module, pipeline, options);
  const first = wrongRunOf(pipeline, subject, trial);
  if (first === null) return null;
  const { pass, number, of, before, fault } = first;
  const rewrite = blamedRewrite((rewrites) => first.faultWith(rewrites) !== null);
  return { pass: pass.name, run: number, runs: of, before, rewrite, message: describe(fault), call: fault.call };
}

/** The bisection in a few lines. */
export function describeBisection({ pass, run, runs, rewrite, message }: Bisection): string {
  return `pass ${pass} (run ${run} of ${runs}) is the first after which it is wrong\n${rewrite === null ? "" : `${describeRewrite(rewrite)}\n`}${message}`;
}

function caseOf(module: Module, pipeline: Pipeline, options: FailureOptions) {
  requireModule(module, "the module");
  requireOptions("a failure", options, ["ops", "fast", "timeBudget"]);
  const { ops = standardOps, fast = false } = options;
  const program = makeProgram(module, sizesFor(module, null));
  const trial: Trial = { program, context: { ops, fast }, seeds };
  return { subject: { ...pipelineSubject(pipeline), fast }, trial };
}

function describe({ message, call }: Fault): string {
  return call === null ? message : `${message}\nfor ${showCall(call)}`;
}
