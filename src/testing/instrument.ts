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
  return mapBodies(module, (body) => withFloats(body, (v) => probe(v, "float")));
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

/** What is read in place of a float that an operation gives. */
type Change = (value: Value, operation: Operation) => Value;

/** The block in which what reads a float reads what `change` makes of it; in its regions too. */
export function withFloats(block: Block, change: Change): Block {
  return changed(block, change, new Replacements());
}

function changed(block: Block, change: Change, made: Replacements): Block {
  const operations = block.operations.flatMap((first) => {
    const regions = first.regions.map((r) => changed(r, change, made));
    const operation = withRegions(withOperands(first, made.all(first.operands)), regions);
    const builder = new BlockBuilder();
    withBuilder(builder, () => {
      for (const v of operation.results)
        if (v.type.kind === "tensor" && isFloat(v.type.dtype)) made.set(v, change(v, operation));
    });
    return [operation, ...builder.operations];
  });
  return withOperations(block, operations, made.all(block.results));
}
