// Accumulators that a loop carries side by side, as a reduction has sixteen of and a tile thirty-two, become the lanes of
// vectors.
//
// What the accumulators of one vector become in a step is the same computation of each, on elements that lie side by side. So it
// is of their operands, and so on down to loads, to what is the same for all, and to what is carried.

import {
  currentBlock,
  dtypes,
  elementDType,
  freeValues,
  makeBlock,
  mustStay,
  type Operation,
  touchesMemory,
  Value,
  ValueSet,
  vector,
  withParts,
} from "../../../src/ir/index.ts";
import { extractLane, forRegion } from "../../../src/ops/index.ts";
import type { Target } from "../../../src/target/index.ts";
import { type CountedLoop, isOverIndices } from "../analyses/counted.ts";
import { Lanes, NoVector } from "./superwords.ts";

/** How many accumulators of a loop make a vector; 0 where it carries none that may. */
export function lanesOfCarried(loop: CountedLoop, target: Target): number {
  const { operation, carry } = loop;
  const lanes = lanesFor(loop, target);
  return lanes >= 2 && carry.length >= 2 * lanes && carry.length % lanes === 0 && isOverIndices(operation) ? lanes : 0;
}

function lanesFor({ index, carry, body }: CountedLoop, { vectorBits }: Target): number {
  const [first] = carry;
  const dtype = first === undefined ? undefined : elementDType(first.type);
  if (index === null || dtype === undefined || !carry.every((v) => v.type.kind === "tensor" && v.type.dtype === dtype))
    return 0;
  const numbers = [first, ...body.operations.flatMap((o) => o.results)].filter((v) => v.type.kind === "tensor");
  const sizes = numbers.flatMap((v) => {
    const d = elementDType(v.type) ?? dtype;
    return d === "bool" || d === "index" ? [] : [dtypes[d].bytes];
  });
  return sizes.length === 0 ? 0 : Math.floor(vectorBits / (8 * Math.max(...sizes)));
}

/** Values in the groups that vectors have. */
export function groupsOf(values: readonly Value[], lanes: number): readonly (readonly Value[])[] {
  return Array.from({ length: values.length / lanes }, (_, g) => values.slice(g * lanes, (g + 1) * lanes));
}

/** A step that also makes the vectors of what it yields. */
interface Step {
  readonly operations: readonly Operation[];
  readonly vectors: readonly Value[];
}

/**
 * Appends the loop to the current builder with vectors in place of what it carries, which begin as `starts`, and what takes its
 * results apart. `write` gives a step for the numbers that it yields. Throws `NoVector` where they have no form as vectors, or
 * numbers that are carried would still be taken out of vectors in each step.
 */
export function carryVectors(
  { lower, upper, step, carry, operation, body, index }: CountedLoop,
  starts: readonly Value[],
  extracted: Lanes,
  write: (carried: Lanes, yielded: readonly (readonly Value[])[]) => Step,
): void {
  const lanes = carry.length / starts.length;
  const groups = groupsOf(carry, lanes);
  const arrived = groups.map(([v]) => new Value(vector(elementDType(v.type) ?? "f64", lanes), v.name));
  const carried = new Lanes(extracted);
  for (const [k, v] of carry.entries()) carried.set(v, arrived[Math.floor(k / lanes)], k % lanes);
  const made = write(carried, groupsOf(body.results, lanes));
  const { operations: needed, used } = neededFor(made.vectors, made.operations);
  if (carry.some((v) => used.has(v))) throw new NoVector();
  const region = makeBlock([...(index === null ? [] : [index]), ...arrived], needed, made.vectors);
  const builder = currentBlock();
  const names = groups.map((_, g) => operation.results[g * lanes].name);
  const results = forRegion(lower, upper, step, starts, region, names);
  const { operations } = builder;
  for (const [k, v] of operation.results.entries()) {
    const [of, lane] = [results[Math.floor(k / lanes)], k % lanes];
    extractLane(of, lane);
    operations[operations.length - 1] = withParts(operations[operations.length - 1], { results: [v] });
    extracted.set(v, of, lane);
  }
}

/** Without what nobody needs, and what is used of what is defined outside of it. */
function neededFor(
  results: readonly Value[],
  operations: readonly Operation[],
): { operations: readonly Operation[]; used: ValueSet } {
  const used = new ValueSet();
  for (const v of results) used.add(v);
  const needed: Operation[] = [];
  for (const operation of operations.toReversed()) {
    const { op, operands, regions } = operation;
    const only = regions.length === 0 && !mustStay(op.effects) && !(op.effects.fails && !touchesMemory(op.effects));
    if (only && !operation.results.some((v) => used.has(v))) continue;
    for (const v of [...operands, ...freeValues(...regions)]) used.add(v);
    needed.push(operation);
  }
  return { operations: needed.toReversed(), used };
}
