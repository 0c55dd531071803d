// The parts of the compiler that only some programs need. What makes work for a part brings it, so that a bundler leaves it
// out of programs that have nothing which does: one that computes with numbers alone has no tensors to lower to loops.

import { batch, batchScans, bringTensorPasses, passParts, refineTo } from "../../passes/index.ts";
import { type Backend, jsBackend, scalarJsBackend } from "../backend/index.ts";
import { bringOps, broadcastOp, broadcastOperands, reduceOp } from "../ops/index.ts";

/** What brought parts changed; passes are brought to their places in the pipelines. */
interface Parts {
  /** The backend of generated JavaScript. */
  readonly js: Backend;
  /** Gives operands one shape; null where nothing makes tensors. */
  readonly broadcast: typeof broadcastOperands | null;
  /** Makes types more precise; null likewise. */
  readonly refineTo: typeof refineTo | null;
}

/** Of a program of numbers. */
const parts: { -readonly [K in keyof Parts]: Parts[K] } = { js: scalarJsBackend, broadcast: null, refineTo: null };

/** The parts that are here. */
export const here: Parts = parts;

/** Brings what compiles tensors: whatever makes or takes one calls this before. */
export function bringTensors(): void {
  if (parts.broadcast !== null) return;
  parts.broadcast = broadcastOperands;
  parts.js = jsBackend;
  parts.refineTo = refineTo;
  bringTensorPasses();
}

/** Brings what runs steps of scans side by side: whatever makes a scan that may carry nothing calls this before. */
export function bringScans(): void {
  bringTensors();
  passParts.batchScans.bring(batchScans);
}

/** Brings what resolves vmap: whatever makes one calls this before. */
export function bringBatching(): void {
  bringScans();
  passParts.batch.bring(batch);
  bringOps(broadcastOp, reduceOp);
}

/** Brings all parts, for programs of which anything may come: those that are given as IR. */
export function bringAll(): void {
  bringBatching();
}
