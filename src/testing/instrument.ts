// Programs with something done to each float that they compute, right where they compute it: noise added, or a look taken.

import { interpret, OutOfSteps } from "../compile/index.ts";
import {
  AdjointError,
  type Block,
  BlockBuilder,
  isFloat,
  type Module,
  mapBodies,
  type NdArray,
  type Operation,
  Replacements,
  type Value,
  withBuilder,
  withOperands,
  withOperations,
  withRegions,
} from "../ir/index.ts";
import { probe } from "../ops/index.ts";

/** The most operations that one run of a program, or of its derivative, may take. */
export const mostSteps = 100_000;

/** The module that shows each float that it computes. */
export function watched(module: Module): Module {
  return mapBodies(module, (body) => withFloats(body, { given: (v) => probe(v, "float") }));
}

/** Whether a number that a watched module shows is infinite, such as what overflows. */
export function meetsInfinity(watching: Module, entry: string, args: readonly NdArray[]): boolean {
  return meets(watching, entry, args, (x) => Math.abs(x) === Infinity);
}

/**
 * Whether a number that a watched module shows is so large or so small that its third power or that of its inverse, which stand
 * in third derivatives, is beyond the range of its dtype.
 */
export function meetsExtremes(watching: Module, entry: string, args: readonly NdArray[]): boolean {
  return meets(watching, entry, args, (x, isSingle) => {
    const cube = Math.abs(x) ** 3;
    const round = isSingle ? Math.fround : Number;
    return x !== 0 && (round(cube) === Infinity || round(1 / cube) === Infinity);
  });
}

/** Whether a number that a watched module shows, or that it is given, is none. */
export function meetsNan(watching: Module, entry: string, args: readonly NdArray[]): boolean {
  return args.some(({ data }) => data.some(Number.isNaN)) || meets(watching, entry, args, Number.isNaN);
}

function meets(
  watching: Module,
  entry: string,
  args: readonly NdArray[],
  is: (x: number, isSingle: boolean) => boolean,
): boolean {
  let found = false;
  const observe = (_: string, { data, dtype }: NdArray): void =>
    void (found ||= data.some((x) => is(x, dtype === "f32")));
  try {
    interpret(watching, entry, args, { steps: mostSteps, observe });
  } catch (error) {
    if (!(error instanceof AdjointError) && !(error instanceof OutOfSteps)) throw error;
  }
  return found;
}

/** What is done to floats. */
interface Changes {
  /** What is read in place of a float that an operation gives. */
  given(value: Value, operation: Operation): Value;
  /** What one operation reads in place of that; `original` is the value that it read before anything was changed. */
  read?(value: Value, original: Value, operation: Operation): Value;
}

/** The block in which floats are read as they are changed; in its regions too. */
export function withFloats(block: Block, changes: Changes): Block {
  return changed(block, changes, new Replacements());
}

function changed(block: Block, changes: Changes, made: Replacements): Block {
  const operations = block.operations.flatMap((first) => {
    const regions = first.regions.map((r) => changed(r, changes, made));
    const [before, behind] = [new BlockBuilder(), new BlockBuilder()];
    const operands = withBuilder(before, () =>
      first.operands.map((v) => (isFloating(v) && changes.read?.(made.get(v), v, first)) || made.get(v)),
    );
    withBuilder(behind, () => {
      for (const v of first.results) if (isFloating(v)) made.set(v, changes.given(v, first));
    });
    return [...before.operations, withRegions(withOperands(first, operands), regions), ...behind.operations];
  });
  return withOperations(block, operations, made.all(block.results));
}

function isFloating({ type }: Value): boolean {
  return type.kind === "tensor" && isFloat(type.dtype);
}
