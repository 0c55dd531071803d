// Idioms: uses of ops whose attributes have to agree with each other, as people write them. Other ops follow from their
// records (uses.ts).

import type { Op } from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import type { Idiom } from "./idioms/idiom.ts";
import { box, gather, scatter } from "./idioms/indexing.ts";
import { check, compare, probe, rngBits, sort, stopped, tape } from "./idioms/others.ts";
import { cholesky, dot, lu, triangularSolve } from "./idioms/products.ts";
import {
  bitcast,
  broadcast,
  cast,
  concatenate,
  constant,
  dim,
  extent,
  iota,
  pad,
  reshape,
  slice,
} from "./idioms/shapes.ts";
import { argReduceWindow, conv, reduceWindow } from "./idioms/windows.ts";

/** The idioms by the op that they are about. */
export const idioms: ReadonlyMap<Op, Idiom> = new Map<Op, Idiom>([
  [ops.constantOp, constant],
  [ops.castOp, cast],
  [ops.bitcastOp, bitcast],
  [ops.compareOp, compare],
  [ops.broadcastOp, broadcast],
  [ops.reshapeOp, reshape],
  [ops.sliceOp, slice],
  [ops.padOp, pad],
  [ops.concatenateOp, concatenate],
  [ops.gatherOp, gather],
  [ops.scatterOp, scatter],
  [ops.records.rngBits, rngBits],
  [ops.records.cholesky, cholesky],
  [ops.records.lu, lu],
  [ops.records.triangularSolve, triangularSolve],
  [ops.records.reduceWindow, reduceWindow],
  [ops.records.argReduceWindow, argReduceWindow],
  [ops.records.conv, conv],
  [ops.records.dot, dot],
  [ops.records.sort, sort],
  [ops.records.iota, iota],
  [ops.records.dim, dim],
  [ops.extentOp, extent],
  [ops.records.pop, tape],
  [ops.records.dynamicSlice, box],
  [ops.records.dynamicUpdateSlice, box],
  [ops.records.probe, probe],
  [ops.records.check, check],
  [ops.records.stopGradient, stopped],
]);
