// Where concrete tensors came from: what ran at once is remembered as long as its results are, where a gradient may be
// asked for. Nothing is kept anywhere else.

import { atCaller, fail, isFloat, type Module } from "../../ir/index.ts";
import { describe } from "./describe.ts";
import type { Tensor } from "./tensor.ts";

/** One function that ran on concrete tensors. */
export interface Step {
  /** Grows with time: inputs were made before. */
  readonly order: number;
  readonly module: Module;
  readonly entry: string;
  readonly inputs: readonly Tensor[];
}

export interface Made {
  readonly step: Step;
  /** Which of the results it is. */
  readonly result: number;
}

const made = new WeakMap<Tensor, Made>();
const leaves = new WeakSet<Tensor>();
let isRecording = true;
let steps = 0;

/** Marks a tensor as one to differentiate with respect to. */
export function requireGrad(tensor: Tensor): void {
  if (!isFloat(tensor.dtype)) {
    fail("no-derivative", `a tensor of dtype ${tensor.dtype} has no gradient`, { hint: "make it f32 or f64" });
  }
  leaves.add(tensor);
}

/** Whether it was made with requiresGrad. */
export function isLeaf(tensor: Tensor): boolean {
  return leaves.has(tensor);
}

/** What a tensor was computed by; null where nobody remembers. */
export function historyOf(tensor: Tensor): Made | null {
  return made.get(tensor) ?? null;
}

/** Whether a gradient can flow through the tensor. */
export function tracksGradient(tensor: Tensor): boolean {
  return leaves.has(tensor) || made.has(tensor);
}

/** Remembers a function that ran, for the results that a gradient may be asked of. */
export function remember(module: Module, entry: string, inputs: readonly Tensor[], results: readonly Tensor[]): void {
  if (!isRecording || !inputs.some(tracksGradient)) return;
  const step: Step = { order: steps++, module, entry, inputs };
  for (const [result, tensor] of results.entries()) if (isFloat(tensor.dtype)) made.set(tensor, { step, result });
}

/**
 * Runs `body` without remembering what its tensors come from: for updates of parameters, for evaluation.
 * @throws AdjointError code `argument` for an async function, whose later parts would be remembered.
 * @example noGrad(() => weights.sub(weights.grad.mul(0.1)))
 */
export function noGrad<T>(body: () => T): T {
  return atCaller(noGrad, () => withoutHistory(body));
}

function withoutHistory<T>(body: () => T): T {
  if (typeof body !== "function") fail("argument", `noGrad: got ${describe(body)}, expected a function`);
  const before = isRecording;
  isRecording = false;
  try {
    const result = body();
    if (result instanceof Promise) fail("argument", "noGrad: the function is async, expected one that returns at once");
    return result;
  } finally {
    isRecording = before;
  }
}

// ---- what tensors have of it; installed by who can run things -------------------------------------------------------

export interface Gradients {
  /** Whether a gradient can flow through it: made with requiresGrad, or computed from what was. */
  readonly requiresGrad: boolean;
  /** What `backward` calls added up; null before the first, and for tensors that were computed. */
  readonly grad: Tensor | null;
  /**
   * Adds the gradient of this tensor to `grad` of every tensor with requiresGrad that it was computed from. One that is no
   * scalar needs `upstream`, the gradient of what comes after with respect to it.
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
  interface Tensor extends Gradients {}
}
