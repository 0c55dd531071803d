// The passes by name, and the pipelines: what runs in which order, and why.

import { type Module, reasonFromTable } from "../src/ir/index.ts";
import { type Pass, type PassContext, PassPart, Pipeline, type Stage } from "../src/rewrite/index.ts";
import { bulk } from "./loop/bulk.ts";
import { checkBounds } from "./loop/check-bounds.ts";
import { collapseLoops } from "./loop/collapse-loops.ts";
import { expandMath } from "./loop/expand-math.ts";
import { expandWindows } from "./loop/expand-windows.ts";
import { fuse } from "./loop/fuse.ts";
import { lowerStraight, lowerToLoops } from "./loop/lower-to-loops.ts";
import { mergeLoops } from "./loop/merge-loops.ts";
import { outlineParts } from "./loop/outline-parts.ts";
import { outlineRanges } from "./loop/outline-ranges.ts";
import { parallelise } from "./loop/parallelise.ts";
import { placeResults } from "./loop/place-results.ts";
import { planInPlace } from "./loop/plan-in-place.ts";
import { planMemory } from "./loop/plan-memory.ts";
import { scalarise } from "./loop/scalarise.ts";
import { shrinkMemory } from "./loop/shrink-memory.ts";
import { skipArms } from "./loop/skip-arms.ts";
import { spareBranches } from "./loop/spare-branches.ts";
import { tile } from "./loop/tile.ts";
import { vectorise } from "./loop/vectorise.ts";
import { batch } from "./tensor/batch.ts";
import { batchScans } from "./tensor/batch-scans.ts";
import {
  canonicalize,
  canonicalizeBetween,
  canonicalizeNumbers,
  canonicalizeNumbersBetween,
} from "./tensor/canonicalize.ts";
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
  bulk,
  canonicalize,
  checkBounds,
  collapseLoops,
  constantFolding,
  cse,
  deadNodeElimination,
  differentiate,
  expandMath,
  expandWindows,
  fuse,
  inline,
  loopInvariantCodeMotion,
  lowerToLoops,
  mergeLoops,
  outlineParts,
  outlineRanges,
  parallelise,
  placeResults,
  planInPlace,
  planMemory,
  refineShapes,
  scalarise,
  shrinkMemory,
  skipArms,
  spareBranches,
  tile,
  vectorise,
};

/** Each round between two derivatives is linear; what a few of them leave is left. */
const mostRounds = 4;

/**
 * A derivative before the next one: both halves in one function, without what repeats.
 *
 * @__NO_SIDE_EFFECTS__
 */
function simplifyingBetween(rules: Pass): (given: Module, cx: PassContext) => Module {
  return (given, cx) => {
    let module = deadNodeElimination.run(withoutCalls(given, { isFinal: false }), cx);
    for (let round = 0, before: Module | null = null; module !== before && round < mostRounds; round++) {
      before = module;
      module = constantFolding.run(rules.run(module, cx), cx);
      module = deadNodeElimination.run(cse.run(module, cx), cx);
    }
    return module;
  };
}

const differentiate = differentiating(/* @__PURE__ */ simplifyingBetween(canonicalizeBetween));

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
    planInPlace,
    fuse,
    placeResults,
    lowerToLoops,
    mergeLoops,
    shrinkMemory,
    tile,
    expandWindows,
    spareBranches,
    expandMath,
    collapseLoops,
    bulk,
    vectorise,
    skipArms,
    parallelise,
    scalarise,
    checkBounds,
    outlineRanges,
    outlineParts,
    planMemory,
  ].map((pass) => [pass.name, pass]),
);

const simplify = "simplify";

/** The passes of the pipelines that only some programs need, or need whole. */
interface Needed {
  readonly refineShapes: Pass;
  readonly batch: Pass;
  readonly batchScans: Pass;
  readonly loopInvariantCodeMotion: Pass;
  readonly differentiate: Pass;
  readonly canonicalize: Pass;
  readonly planInPlace: Pass;
  readonly fuse: Pass;
  readonly placeResults: Pass;
  readonly lowerToLoops: Pass;
  readonly mergeLoops: Pass;
  readonly shrinkMemory: Pass;
  readonly tile: Pass;
  readonly expandWindows: Pass;
  readonly spareBranches: Pass;
  readonly scalarise: Pass;
  readonly collapseLoops: Pass;
  readonly bulk: Pass;
  readonly checkBounds: Pass;
  readonly outlineRanges: Pass;
  readonly planMemory: Pass;
}

const whole: Needed = {
  refineShapes,
  batch,
  batchScans,
  loopInvariantCodeMotion,
  differentiate,
  canonicalize,
  planInPlace,
  fuse,
  placeResults,
  lowerToLoops,
  mergeLoops,
  shrinkMemory,
  spareBranches,
  tile,
  expandWindows,
  scalarise,
  collapseLoops,
  bulk,
  checkBounds,
  outlineRanges,
  planMemory,
};

const between = new PassPart("canonicalize", canonicalizeNumbersBetween);

/** Parts that do what programs of numbers need, until what makes more work for them has brought the passes. */
export const passParts = {
  refineShapes: new PassPart("refine-shapes"),
  batch: new PassPart("batch"),
  batchScans: new PassPart("batch-scans"),
  loopInvariantCodeMotion: new PassPart("loop-invariant-code-motion"),
  differentiate: differentiating(/* @__PURE__ */ simplifyingBetween(between)),
  canonicalize: new PassPart("canonicalize", canonicalizeNumbers),
  planInPlace: new PassPart("plan-in-place"),
  fuse: new PassPart("fuse"),
  placeResults: new PassPart("place-results"),
  lowerToLoops: new PassPart("lower-to-loops"),
  mergeLoops: new PassPart("merge-loops"),
  shrinkMemory: new PassPart("shrink-memory"),
  tile: new PassPart("tile"),
  expandWindows: new PassPart("expand-windows"),
  spareBranches: new PassPart("spare-branches"),
  scalarise: new PassPart("scalarise"),
  collapseLoops: new PassPart("collapse-loops"),
  bulk: new PassPart("bulk"),
  checkBounds: new PassPart("check-bounds"),
  outlineRanges: new PassPart("outline-ranges"),
  planMemory: new PassPart("plan-memory"),
} satisfies Needed;

/** Brings the passes that tensors need. */
export function bringTensorPasses(): void {
  passParts.refineShapes.bring(refineShapes);
  passParts.loopInvariantCodeMotion.bring(loopInvariantCodeMotion);
  passParts.canonicalize.bring(canonicalize);
  between.bring(canonicalizeBetween);
  passParts.fuse.bring(fuse);
  passParts.lowerToLoops.bring(lowerStraight);
  passParts.collapseLoops.bring(collapseLoops);
  passParts.bulk.bring(bulk);
  passParts.checkBounds.bring(checkBounds);
  passParts.outlineRanges.bring(outlineRanges);
  passParts.planMemory.bring(planMemory);
  passParts.mergeLoops.bring(mergeLoops);
  passParts.shrinkMemory.bring(shrinkMemory);
  passParts.spareBranches.bring(spareBranches);
}

/** Brings what lowers sums of products. */
export function bringContractionLowering(): void {
  passParts.tile.bring(tile);
}

/** Brings what lowers windows that move. */
export function bringWindowLowering(): void {
  passParts.expandWindows.bring(expandWindows);
}

/** Brings what takes vectors apart: nothing makes any for JavaScript, but IR that is given may hold some. */
export function bringVectors(): void {
  passParts.scalarise.bring(scalarise);
}

/** Brings what lowers loops and tapes; behind the passes that tensors need. */
export function bringLoopLowering(): void {
  passParts.lowerToLoops.bring(lowerToLoops);
}

/** @__NO_SIDE_EFFECTS__ */
function tensorStages(passes: Needed): readonly Stage[] {
  const { refineShapes, batch, batchScans, loopInvariantCodeMotion, differentiate, canonicalize } = passes;
  return [
    { pass: refineShapes, reason: "what follows wants ranks, and every size that is known" },
    { pass: batch, reason: "what is mapped is still a function, and a derivative in it becomes that of the batch" },
    { pass: deadNodeElimination, reason: "what nothing uses must not decide in which order cotangents meet" },
    { pass: cse, reason: "what is computed once has one cotangent, and is kept once" },
    { pass: loopInvariantCodeMotion, reason: "what a loop computes, its derivative may keep for each step" },
    { pass: differentiate, reason: "before inlining, while what is differentiated is still a function" },
    {
      pass: batch,
      reason: "derivatives at one point along many directions: those have the new axis, the point has not",
    },
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
      { pass: canonicalize, reason: "iterations that were written out count in constants" },
      { pass: constantFolding, reason: "and so do their subscripts" },
      { pass: cse, reason: "they repeat what they have in common" },
      { pass: loopInvariantCodeMotion, reason: "and it is the same at each step of the loops around" },
      { pass: deadNodeElimination, reason: "what rewriting left without a use" },
    ]),
  ];
}

/** @__NO_SIDE_EFFECTS__ */
function loopStages(passes: Needed): readonly Stage[] {
  const { canonicalize, planInPlace, fuse, placeResults, lowerToLoops, loopInvariantCodeMotion } = passes;
  const { mergeLoops, shrinkMemory, tile, expandWindows, scalarise } = passes;
  const { spareBranches, collapseLoops, bulk, checkBounds, planMemory, outlineRanges } = passes;
  return [
    { pass: planInPlace, reason: "what reads a tensor has to stay in front of what writes over it" },
    { pass: fuse, reason: "what one nest of loops computes stands together, and only its results are stored" },
    { pass: placeResults, reason: "nests are whole, and read what they read from here on" },
    { pass: lowerToLoops, reason: "backends take loops over memory" },
    { pass: loopInvariantCodeMotion, reason: "nests load an element wherever it is read", afterChange: true },
    { pass: cse, reason: "and once for each of its readers", afterChange: true },
    { pass: mergeLoops, reason: "a row is in cache from its first sweep to its last; tiles stay whole" },
    { pass: shrinkMemory, reason: "what one iteration writes and reads has no other iteration's place" },
    { pass: tile, reason: "contractions are loops from here on, and what these have in common is found below" },
    { pass: expandWindows, reason: "and so are windows" },
    { pass: spareBranches, reason: "the sums of a tile have their own activation by now" },
    ...afterChange([
      { pass: canonicalize, reason: "scalar code of neighbouring elements meets here for the first time" },
      { pass: constantFolding, reason: "scalars of constants" },
      { pass: cse, reason: "fused expressions repeat their constants" },
      { pass: deadNodeElimination, reason: "what fusion left without a use" },
    ]),
    { pass: scalarise, reason: "JavaScript has no vectors, which IR that is given may hold" },
    { pass: collapseLoops, reason: "one long loop has one bound, one counter and no products in its subscripts" },
    { pass: bulk, reason: "engines fill and copy memory faster than loops do; a collapsed nest is one loop" },
    { pass: checkBounds, reason: "memory that is read anyway checks its index; equal subscripts are one by now" },
    { pass: outlineRanges, reason: "loops have the lengths that they run with" },
    { pass: outlineParts, reason: "nothing makes functions heavier any more" },
    {
      pass: planMemory,
      reason: "memory is in use from here to there for good: nothing makes more of it, or moves what uses it",
    },
  ];
}

/**
 * From tensor level to vectors, for targets that have some.
 *
 * @__NO_SIDE_EFFECTS__
 */
function vectorStages(passes: Needed): readonly Stage[] {
  const { canonicalize, planInPlace, fuse, placeResults, lowerToLoops, tile, expandWindows } = passes;
  const { collapseLoops, bulk, mergeLoops, shrinkMemory, loopInvariantCodeMotion, outlineRanges } = passes;
  return [
    { pass: planInPlace, reason: "what reads a tensor has to stay in front of what writes over it" },
    { pass: fuse, reason: "what one nest of loops computes stands together, and only its results are stored" },
    { pass: placeResults, reason: "nests are whole, and read what they read from here on" },
    { pass: lowerToLoops, reason: "vectors are of elements of memory" },
    { pass: loopInvariantCodeMotion, reason: "nests load an element wherever it is read", afterChange: true },
    { pass: cse, reason: "and once for each of its readers", afterChange: true },
    { pass: mergeLoops, reason: "a row is in cache from its first sweep to its last; tiles stay whole" },
    { pass: shrinkMemory, reason: "what one iteration writes and reads has no other iteration's place" },
    { pass: tile, reason: "what is packed lies side by side" },
    { pass: expandWindows, reason: "vectors are of neighbours, and so are elements under a window" },
    { pass: expandMath, reason: "functions of constants have the bits that they have elsewhere" },
    ...afterChange([
      { pass: canonicalize, reason: "scalar code of neighbouring elements meets here for the first time" },
      { pass: constantFolding, reason: "scalars of constants" },
      { pass: cse, reason: "fused expressions repeat their constants" },
      { pass: deadNodeElimination, reason: "what fusion left without a use" },
    ]),
    { pass: collapseLoops, reason: "one long loop has more whole vectors than many rows" },
    { pass: bulk, reason: "filling and copying takes an instruction of its own" },
    { pass: vectorise, reason: "loops have the bodies and the bounds that they run with" },
    { pass: loopInvariantCodeMotion, reason: "what is the same in every lane stands before all loops" },
    { pass: cse, reason: "vectors of one number are made once" },
    { pass: deadNodeElimination, reason: "numbers that only vectors were made of" },
    { pass: skipArms, reason: "an arm holds nothing that is used elsewhere, or stands before the loop" },
    { pass: outlineRanges, reason: "a call of a function that runs for long stays in the code that it was entered in" },
  ];
}

/** For targets with threads. */
const threadStages: readonly Stage[] = [
  { pass: parallelise, reason: "what a thread runs is a loop like any other; nothing looks at its bounds any more" },
];

/** @__NO_SIDE_EFFECTS__ */
function gradStages({ refineShapes, batch, loopInvariantCodeMotion, differentiate }: Needed): readonly Stage[] {
  return [
    { pass: refineShapes, reason: "derivative rules want ranks" },
    { pass: batch, reason: "resolves vmap" },
    { pass: cse, reason: "what is differentiated is what the whole pipeline differentiates" },
    { pass: loopInvariantCodeMotion, reason: "what its loops keep is so too" },
    { pass: differentiate, reason: "resolves vjp and jvp" },
    { pass: batch, reason: "resolves what is mapped along the directions of derivatives" },
  ];
}

/**
 * Simplifies what the pass before changed; the others are simple already.
 *
 * @__NO_SIDE_EFFECTS__
 */
function afterChange(stages: readonly Stage[]): readonly Stage[] {
  return stages.map((stage) => ({ ...stage, group: simplify, afterChange: true }));
}

/** @__NO_SIDE_EFFECTS__ */
function pipeline(name: "tensor" | "loop" | "vector" | "grad", stages: readonly Stage[]): Pipeline {
  // of a built package, stages have no reasons of their own
  const reasoned = (stage: Stage, i: number): Stage =>
    stage.reason === undefined ? Object.defineProperties({ ...stage }, reasonFromTable(name, i)) : stage;
  return new Pipeline(stages.map(reasoned));
}

/** From what a front end gives to the smallest program at tensor level; resolves transforms on the way. */
export const tensorPipeline = pipeline("tensor", tensorStages(whole));

/** From tensor level to loops. */
export const loopPipeline = pipeline("loop", loopStages(whole));

/** From tensor level to the vector level, for a target with vectors. */
export const vectorPipeline = pipeline("vector", [...vectorStages(whole), ...threadStages]);

/** Resolves transforms and does nothing else: from here on every pass keeps every bit. */
export const gradPipeline = pipeline("grad", gradStages(whole));

/** The same pipelines for a program, with the passes that what it uses has brought. */
export const programPipelines = {
  tensor: pipeline("tensor", tensorStages(passParts)),
  loop: pipeline("loop", loopStages(passParts)),
  grad: pipeline("grad", gradStages(passParts)),
};

/** The same to vectors, for a program that asks for a target with some, on one thread. */
export const programVectorPipeline = pipeline("vector", vectorStages(passParts));
