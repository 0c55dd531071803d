// The provenance of concrete tensors: functions that ran on tensors which track a gradient. A tensor holds its own, so that
// it is kept as long as its results are, and that one look says whether a gradient flows.

import { fail, isFloat, type Module } from "../../ir/index.ts";
import { atBoundary, callUsers, named } from "./boundary.ts";
import { describe } from "./describe.ts";
import { type GradLeaf, type HistoryEntry, historyIn, type Provenance, setHistory, type Tensor } from "./tensor.ts";

let isRecording = true;
let entryCount = 0;

/** Marks a tensor as one to differentiate with respect to. */
export function requireGrad(tensor: Tensor): void {
  if (!isFloat(tensor.dtype)) {
    fail("no-derivative", `a tensor of dtype ${tensor.dtype} has no gradient`, { hint: "make it f32 or f64" });
  }
  setHistory(tensor, { grad: null });
}

/** What a tensor that was made with requiresGrad gathers; null for others. */
export function gradLeafOf(tensor: Tensor): GradLeaf | null {
  const history = historyIn(tensor);
  return history !== null && "grad" in history ? history : null;
}

/** The provenance of a tensor; null where it was not recorded. */
export function historyOf(tensor: Tensor): Provenance | null {
  const history = historyIn(tensor);
  return history !== null && "producer" in history ? history : null;
}

/** Whether a gradient can flow through the tensor. */
export function tracksGradient(tensor: Tensor): boolean {
  return historyIn(tensor) !== null;
}

/** Records a function that ran, as the provenance of its results of floats. */
export function remember(module: Module, entry: string, inputs: readonly Tensor[], results: readonly Tensor[]): void {
  if (!isRecording || !inputs.some(tracksGradient)) return;
  const producer: HistoryEntry = { order: entryCount++, module, entry, inputs };
  for (const [result, tensor] of results.entries()) if (isFloat(tensor.dtype)) setHistory(tensor, { producer, result });
}

/**
 * Runs `body` without recording provenance: for updates of parameters, for evaluation.
 * @throws AdjointError code `argument` for an async function, whose continuation would be recorded.
 * @example noGrad(() => weights.sub(weights.grad.mul(0.1)))
 */
export function noGrad<T>(body: () => T): T {
  return atBoundary(named("noGrad", noGrad), () => withoutHistory(body));
}

function withoutHistory<T>(body: () => T): T {
  if (typeof body !== "function") fail("argument", `noGrad: got ${describe(body)}, expected a function`);
  const before = isRecording;
  isRecording = false;
  try {
    const result = callUsers(body);
    if (result instanceof Promise) fail("argument", "noGrad: the function is async, expected one that returns at once");
    return result;
  } finally {
    isRecording = before;
  }
}

// ---- members of tensors, which the room that can run functions installs ----------------------------------------------

export interface Gradients {
  /** Whether a gradient can flow through it: made with requiresGrad, or computed from such a tensor. */
  readonly requiresGrad: boolean;
  /** The sum of the gradients of `backward` calls; null before the first, and for tensors that were computed. */
  readonly grad: Tensor | null;
  /**
   * Adds the gradient of this tensor to `grad` of every tensor with requiresGrad that it was computed from. One that is no
   * scalar needs `upstream`, the gradient with respect to it of the computation that follows.
   * @throws AdjointError code `no-derivative` where nothing requires a gradient, or something on the way has none; `shape`.
   * @example const c = a.mul(b); c.backward(); a.grad.item()
   */
  backward(upstream?: Tensor | number): void;
  /** Forgets `grad`. */
  zeroGrad(): void;
  /** The same elements without their history. */
  detach(): Tensor;
}

declare module "./tensor.ts" {
  interface TensorMethods extends Gradients {}
}
