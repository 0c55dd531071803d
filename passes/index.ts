// The passes by name, and the pipelines: what runs in which order, and why.

import type { Module } from "../src/ir/index.ts";
import { applyRules, type Pass, type PassContext, Pipeline, type Stage } from "../src/rewrite/index.ts";
import { lowerToLoops } from "./loop/lower-to-loops.ts";
import { batch } from "./tensor/batch.ts";
import { batchScans } from "./tensor/batch-scans.ts";
import { canonicalize, differentiableRules } from "./tensor/canonicalize.ts";
import { constantFolding } from "./tensor/constant-folding.ts";
import { cse } from "./tensor/cse.ts";
import { deadNodeElimination } from "./tensor/dead-node-elimination.ts";
import { differentiating } from "./tensor/differentiate.ts";
import { inline, withoutCalls } from "./tensor/inline.ts";
import { loopInvariantCodeMotion } from "./tensor/loop-invariant-code-motion.ts";
import { refineShapes } from "./tensor/refine-shapes.ts";

export { canonicalizeRules } from "./tensor/canonicalize.ts";
export { refineTo } from "./tensor/refine-shapes.ts";
export {
  batch,
  batchScans,
  canonicalize,
  constantFolding,
  cse,
  deadNodeElimination,
  differentiate,
  inline,
  loopInvariantCodeMotion,
  lowerToLoops,
  refineShapes,
};

/** Each round between two derivatives is linear; what a few of them leave is left. */
const mostRounds = 4;

/** A derivative before the next one: both halves in one function, without what repeats. */
function simplifyBetween(given: Module, cx: PassContext): Module {
  let module = deadNodeElimination.run(withoutCalls(given, { isFinal: false }), cx);
  for (let round = 0, before: Module | null = null; module !== before && round < mostRounds; round++) {
    before = module;
    module = constantFolding.run(applyRules(module, differentiableRules, cx), cx);
    module = deadNodeElimination.run(cse.run(module, cx), cx);
  }
  return module;
}

const differentiate = differentiating(simplifyBetween);

/** Every pass of the project, in the order in which they usually run. */
export const standardPasses: ReadonlyMap<string, Pass> = new Map(
  [
    refineShapes,
    batch,
    batchScans,
    loopInvariantCodeMotion,
    differentiate,
    inline,
    canonicalize,
    constantFolding,
    cse,
    deadNodeElimination,
    lowerToLoops,
  ].map((pass) => [pass.name, pass]),
);

const simplify = "simplify";

/** From what a front end gives to the smallest program at tensor level; resolves transforms on the way. */
export const tensorPipeline = new Pipeline([
  { pass: refineShapes, reason: "what follows wants ranks, and every size that is known" },
  { pass: batch, reason: "what is mapped is still a function, and a derivative in it becomes that of the batch" },
  { pass: cse, reason: "what is computed once has one cotangent, and is kept once" },
  { pass: loopInvariantCodeMotion, reason: "what a loop computes, its derivative may keep for each step" },
  { pass: differentiate, reason: "before inlining, while what is differentiated is still a function" },
  { pass: batch, reason: "derivatives at one point along many directions: those have the new axis, the point has not" },
  { pass: inline, reason: "forward and backward halves meet in one function, where identities can be seen" },
  {
    pass: deadNodeElimination,
    reason: "derivatives leave much unused; nothing below should look at it",
    group: simplify,
  },
  { pass: canonicalize, reason: "identities: multiplications by the cotangent 1, known branches", group: simplify },
  { pass: constantFolding, reason: "new constants, on which identities may apply again", group: simplify },
  { pass: cse, reason: "equal operations become one, which may make operands equal", group: simplify },
  { pass: loopInvariantCodeMotion, reason: "backward loops have what is the same at each step", group: simplify },
  { pass: deadNodeElimination, reason: "what rewriting left without a use", group: simplify },
  { pass: batchScans, reason: "columns of a Jacobian have its point in common, which is simple by now" },
  ...afterChange([
    [canonicalize, "iterations that were written out count in constants"],
    [constantFolding, "and so do their subscripts"],
    [cse, "they repeat what they have in common"],
    [loopInvariantCodeMotion, "and it is the same at each step of the loops around"],
    [deadNodeElimination, "what rewriting left without a use"],
  ]),
]);

/** From tensor level to loops. */
export const loopPipeline = new Pipeline([
  { pass: lowerToLoops, reason: "backends take loops over memory" },
  ...afterChange([
    [canonicalize, "scalar code of neighbouring elements meets here for the first time"],
    [constantFolding, "scalars of constants"],
    [cse, "fused expressions repeat their constants"],
    [deadNodeElimination, "what fusion left without a use"],
  ]),
]);

/**
 * Simplifies what the pass before changed; the others are simple already.
 *
 * @__NO_SIDE_EFFECTS__
 */
function afterChange(stages: readonly (readonly [Pass, string])[]): readonly Stage[] {
  return stages.map(([pass, reason]) => ({ pass, reason, group: simplify, afterChange: true }));
}

/** Resolves transforms and does nothing else: from here on every pass keeps every bit. */
export const gradPipeline = new Pipeline([
  { pass: refineShapes, reason: "derivative rules want ranks" },
  { pass: batch, reason: "resolves vmap" },
  { pass: cse, reason: "what is differentiated is what the whole pipeline differentiates" },
  { pass: loopInvariantCodeMotion, reason: "what its loops keep is so too" },
  { pass: differentiate, reason: "resolves vjp and jvp" },
  { pass: batch, reason: "resolves what is mapped along the directions of derivatives" },
]);
