// What a run of a random program comes to, compiled or plain, and whether the two agree.

import { expect } from "vitest";
import { AdjointError } from "../../../src/ir/index.ts";
import { compileSource, type SourceOptions } from "../../../src/source/index.ts";
import { OutOfRange, plain, type Run } from "./plain.ts";

export interface Outcome {
  readonly result?: unknown;
  /** The arguments as the run left them. */
  readonly args?: readonly unknown[];
  readonly error?: "range";
}

const hasArrays = (text: string): boolean => text.includes("us: Float64Array, ns: number[]");
const hasFallback = (text: string): boolean => /^export function main\(.*\bb = /m.test(text);

/** Arguments, fresh ones each time; of edges, or such that nothing is near one. */
export function argumentsFor(text: string, isEdge = false): unknown[] {
  const args: unknown[] = isEdge ? [-0, false] : [1.5, true];
  if (hasArrays(text)) {
    args.push(
      new Float64Array(isEdge ? [Number.NaN, -0, 1e300, 3] : [0.5, -1.25, 2, 3]),
      isEdge ? [Infinity, 0, 1] : [1, 0.25, -2],
      new Int32Array(isEdge ? [0, -2147483648, 3] : [1, -2, 7]),
      new Float32Array(isEdge ? [-0, 1e-40] : [0.5, 2]),
    );
  }
  if (!(isEdge && hasFallback(text))) args.push(isEdge ? 3 : -0.75);
  return args;
}

export function outcomeOf(run: Run, args: readonly unknown[]): Outcome {
  try {
    return { result: run(...(args as never[])), args };
  } catch (error) {
    const isRange = error instanceof OutOfRange || (error instanceof AdjointError && error.code === "range");
    if (isRange) return { error: "range" };
    throw error;
  }
}

/**
 * The program compiled. Undefined where it is refused as documented: an array that two names may mean is written to, an
 * index is out of range whatever the arguments are.
 */
export function compiled(text: string, options: SourceOptions): Run | undefined {
  try {
    return compileSource(text, { entry: "main", check: "verify", ...options });
  } catch (error) {
    if (!(error instanceof AdjointError)) throw error;
    const isRefused = error.code === "unsupported" && /may be/.test(error.message);
    if (isRefused || (error.code === "range" && /index -?[\w.+-]+ is /.test(error.message))) return undefined;
    throw error;
  }
}

/** Fails unless `got` is what JavaScript gives, to the bit, arguments included where it has them; an error where it leaves the range of an array to some effect. */
export function expectPlain(got: Outcome, text: string, args: () => unknown[]): void {
  const runPlain = (beside?: number): Outcome => {
    const { args: left, ...outcome } = outcomeOf(plain(text, beside) as Run, args());
    return got.args === undefined || left === undefined ? outcome : { ...outcome, args: left };
  };
  const expected = runPlain();
  if (expected.error === undefined || got.error !== undefined) {
    expect(got).toStrictEqual(expected);
    return;
  }
  for (const beside of [12345.5, -3]) expect(got).toStrictEqual(runPlain(beside));
}
