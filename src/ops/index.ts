// The ops: their table, and the strict functions that append them to the current builder.

import { fail, type Module, type ParseOptions, parseModule, requireOptions, stackFrom } from "../ir/index.ts";
import { standardOps } from "./records.ts";

/** Parses and verifies IR text in the project's ops. */
export function parse(text: string, options?: ParseOptions): Module {
  return stackFrom(parse, () => {
    if (typeof text !== "string") fail("argument", `parseModule: got a value of type ${typeof text}, expected IR text`);
    if (options !== undefined) requireOptions("parseModule", options, ["file", "verify"]);
    return parseModule(text, standardOps, options);
  });
}

export { defineOp } from "../ir/index.ts";
export { type AxesOrAll, emit1, tensorOf } from "./base/define.ts";
export { type ElementwiseRow, elementwiseOf as elementwise } from "./base/elementwise.ts";
export { bringOps, isNamed, isOwn, type OperationBy, ownOp, requireOwn } from "./base/own.ts";
export { kernelText, spellRound } from "./base/spelling.ts";
export { vanishes } from "./base/vanishes.ts";
export { filledLike, zeros, zerosLike } from "./base/zeros.ts";
export * as composites from "./composites.ts";
export type { ConvOptions } from "./contract/conv-axes.ts";
export { sameTape } from "./control/reverse/recording.ts";
export { isBrief } from "./control/reverse/replay.ts";
export * from "./families.ts";
export type { GatherMode, GatherNumbers, ScatterMode, ScatterNumbers } from "./indexing/index-space.ts";
export type { ScatterKind } from "./indexing/scatter-kinds.ts";
export { cofactors, parityOf } from "./linalg/cofactors.ts";
export { identity } from "./linalg/triangles.ts";
export { records, standardOps } from "./records.ts";
export { bringSingles } from "./scalar/single/index.ts";
export { broadcastOperands, broadcastTo, commonShape, isUnranked, rankOf } from "./shape/broadcasting.ts";
export { combineTree, isBelow, kinds, nestedLoops, type ReduceKind } from "./shape/reduce-order.ts";
export { anywhere, narrower, nowhere, variesThrough, varyingInAny } from "./varying.ts";
export type { WindowOptions } from "./window/window-attributes.ts";
export { elementsAlong } from "./window/window-elements.ts";
