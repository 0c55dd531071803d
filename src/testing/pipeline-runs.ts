// The runs of passes that a pipeline makes of a program, and the first after which the program is wrong, found by halving.

import { inline } from "../../passes/index.ts";
import type { Module } from "../ir/index.ts";
import type { Pass, PassContext, Pipeline } from "../rewrite/index.ts";
import { type Fault, faultOfPass, type Subject } from "./fault.ts";
import type { Program } from "./generate/programs.ts";

/** A pipeline as what is checked. */
export function pipelineSubject(pipeline: Pipeline): Subject {
  return {
    name: "pipeline",
    call: "checkPipeline(pipeline, ",
    level: levelAfter(pipeline.stages.map(({ pass }) => pass)),
    fast: false,
    run: (module, context) => pipeline.run(module, (pass, m) => pass.run(m, context)),
  };
}

function levelAfter(passes: readonly Pass[]): Subject["level"] {
  return passes.some((pass) => pass.lowers === true) ? "loop" : "tensor";
}

export interface RunOfPass {
  readonly pass: Pass;
  /** The module that it was given. */
  readonly before: Module;
}

/** A pipeline on a program. */
export interface PipelineCase {
  readonly pipeline: Pipeline;
  readonly subject: Subject;
  readonly program: Program;
  readonly context: PassContext;
  readonly seeds: readonly number[];
}

/** The runs of passes in order, up to one that fails. */
function runsOf({ pipeline, subject, program, context }: PipelineCase): readonly RunOfPass[] {
  const runs: RunOfPass[] = [];
  try {
    const module = subject.level === "loop" ? inline.run(program.module, context) : program.module;
    pipeline.run(module, (pass, before) => {
      runs.push({ pass, before });
      return pass.run(before, context);
    });
  } catch {
    // the last one is what fails
  }
  return runs;
}

/** The first run of a pass after which a program is wrong. */
export interface WrongRun extends RunOfPass {
  /** From 1, of so many. */
  readonly number: number;
  readonly of: number;
  readonly fault: Fault;
  /** What is wrong after that run where an observer says which of its rewrites happen. */
  faultWith(rewrites: PassContext["rewrites"]): Fault | null;
}

/** The first run after which the program is wrong, from where on it is taken to stay so; null where none makes it wrong. */
export function firstWrongRun(given: PipelineCase): WrongRun | null {
  const runs = runsOf(given);
  const faultAfter = (count: number, rewrites?: PassContext["rewrites"]): Fault | null => {
    const level = levelAfter(runs.slice(0, count).map(({ pass }) => pass));
    const run = (module: Module, context: PassContext): Module =>
      runOnly(given.pipeline, module, context, count, rewrites);
    return faultOfPass({ ...given.subject, level, run }, given.program, given.context, given.seeds).fault;
  };
  let [right, wrong] = [0, runs.length];
  let fault = wrong === 0 ? null : faultAfter(wrong);
  if (fault === null) return null;
  while (wrong - right > 1) {
    const middle = (right + wrong) >> 1;
    const found = faultAfter(middle);
    if (found === null) right = middle;
    else [wrong, fault] = [middle, found];
  }
  return {
    ...runs[wrong - 1],
    number: wrong,
    of: runs.length,
    fault,
    faultWith: (rewrites) => faultAfter(wrong, rewrites),
  };
}

/** The pipeline with its first runs of passes only; rewrites of the last of them are seen by the observer. */
function runOnly(
  pipeline: Pipeline,
  module: Module,
  context: PassContext,
  count: number,
  rewrites: PassContext["rewrites"],
): Module {
  let run = 0;
  return pipeline.run(module, (pass, m) => {
    if (++run > count) return m;
    return pass.run(m, run === count && rewrites !== undefined ? { ...context, rewrites } : context);
  });
}
