// The runs of passes that a pipeline makes of a program, and the first after which the program is wrong, found by halving.

import type { Module } from "../ir/index.ts";
import { type Pass, type PassContext, type Pipeline, runPass } from "../rewrite/index.ts";
import { bringTo } from "./at-loops.ts";
import { type Fault, faultOfPass, type Subject, type Trial, type WrongPart } from "./fault.ts";

/** What runs passes on a module: a pipeline, or the first of its runs of passes. */
export type Run = (module: Module, context: PassContext) => Module;

/** A pipeline as what is checked. */
export function pipelineSubject(pipeline: Pipeline): Subject {
  const run: Run = (module, context) => pipeline.run(module, (pass, m) => runPass(pass, m, context));
  const passes = pipeline.stages.map(({ pass }) => pass);
  const subject: Subject = {
    name: "pipeline",
    kind: "pipeline",
    level: levelAfter(passes),
    lowers: passes.findLast((pass) => pass.lowers !== undefined)?.lowers,
    fast: false,
    run,
    ...(takesLowered(passes[0]) ? { bring: bringTo(passes[0]) } : {}),
  };
  return { ...subject, blame: (trial) => wrongRunOf(pipeline, { ...subject, fast: trial.context.fast }, trial) };
}

function levelAfter(passes: readonly Pass[]): Subject["level"] {
  return passes.reduce<Subject["level"]>(
    (level, pass) => pass.lowers ?? (takesLowered(pass) ? pass.level : level),
    "tensor",
  );
}

function takesLowered(pass: Pass | undefined): pass is Pass & { readonly level: "fused" | "loop" | "vector" } {
  return pass?.level === "fused" || pass?.level === "loop" || pass?.level === "vector";
}

/** The first run of a pass after which a program is wrong. */
export interface WrongRun extends WrongPart {
  readonly pass: Pass;
  /** From 1, of so many. */
  readonly number: number;
  readonly of: number;
}

/** The first run of a pipeline after which a program does not mean what it meant before. */
export function wrongRunOf(pipeline: Pipeline, subject: Subject, trial: Trial): WrongRun | null {
  return firstWrongRun(
    pipeline,
    trial.context,
    (run, passes) => faultOfPass({ ...subject, level: levelAfter(passes), run }, trial).fault,
  );
}

/**
 * The first run after which `faultAfter` finds something wrong, from where on it is taken to stay so; null where none makes it
 * wrong. It is given what runs so many passes, and these.
 */
export function firstWrongRun(
  pipeline: Pipeline,
  context: PassContext,
  faultAfter: (run: Run, passes: readonly Pass[]) => Fault | null,
): WrongRun | null {
  const runs: { readonly pass: Pass; readonly before: Module }[] = [];
  const recording: Run = (module, cx) =>
    pipeline.run(module, (pass, before) => {
      // what fails is the last one that is noted
      runs.push({ pass, before });
      return runPass(pass, before, cx);
    });
  let fault = faultAfter(
    recording,
    pipeline.stages.map(({ pass }) => pass),
  );
  if (fault === null || runs.length === 0) return null;
  const passes = runs.map(({ pass }) => pass);
  const after = (count: number, rewrites?: PassContext["rewrites"]): Fault | null =>
    faultAfter(firstRuns(pipeline, count, rewrites), passes.slice(0, count));
  let [right, wrong] = [0, runs.length];
  while (wrong - right > 1) {
    const middle = (right + wrong) >> 1;
    const found = after(middle);
    if (found === null) right = middle;
    else [wrong, fault] = [middle, found];
  }
  const { pass, before } = runs[wrong - 1];
  return {
    pass,
    before,
    run: () => runPass(pass, before, context),
    number: wrong,
    of: runs.length,
    place: `after pass ${pass.name} (run ${wrong} of ${runs.length})`,
    fault,
    faultWith: (rewrites) => after(wrong, rewrites),
  };
}

/** The pipeline with its first runs of passes only; rewrites of the last of them are seen by the observer. */
function firstRuns(pipeline: Pipeline, count: number, rewrites: PassContext["rewrites"]): Run {
  return (module, context) => {
    let run = 0;
    return pipeline.run(module, (pass, m) => {
      if (++run > count) return m;
      return runPass(pass, m, run === count && rewrites !== undefined ? { ...context, rewrites } : context);
    });
  };
}
