// Derivatives by differences: central ones, extrapolated to a step of zero, with the error that the extrapolation shows.

import type { NdArray } from "../../ir/index.ts";

/** A derivative of each element of each result along a direction, and how far off each may be; infinite where unknown. */
export interface Slopes {
  readonly values: readonly Float64Array[];
  readonly errors: readonly Float64Array[];
}

/** Steps of a table: each is half of the one before. */
const steps = 8;

/**
 * How the results of `run` change along `direction`: central differences of halving steps, extrapolated as in Ridders,
 * "Accurate computation of F'(x) and F'(x) F''(x)" (1982); of each element the entry of the table is taken whose neighbours it
 * differs least from, and by how much is its error. Null where a run fails.
 */
export function slopesOf(
  run: (args: readonly NdArray[]) => readonly NdArray[] | null,
  args: readonly NdArray[],
  direction: ReadonlyMap<number, NdArray>,
  firstStep: number,
): Slopes | null {
  const tables: (readonly Float64Array[])[] = [];
  let values: Float64Array[] = [];
  let errors: Float64Array[] = [];
  for (let i = 0, step = firstStep; i < steps; i++, step /= 2) {
    const quotients = quotientsAt(run, args, direction, step);
    if (quotients === null) return null;
    if (i === 0) {
      values = quotients.map((q) => q.slice());
      errors = quotients.map((q) => new Float64Array(q.length).fill(Infinity));
    }
    // row i of each element's table, from the row before
    const row: Float64Array[][] = [quotients];
    for (let j = 1; j <= i; j++) row.push(extrapolated(row[j - 1], (tables[j - 1] ?? quotients) as Float64Array[], j));
    for (let j = 1; j <= i; j++) keepBest(values, errors, row[j], row[j - 1], tables[j - 1] as Float64Array[]);
    tables.splice(0, tables.length, ...row);
  }
  return { values, errors };
}

function extrapolated(fine: readonly Float64Array[], coarse: readonly Float64Array[], order: number): Float64Array[] {
  const factor = 4 ** order;
  return fine.map((f, r) => f.map((x, k) => (factor * x - coarse[r][k]) / (factor - 1)));
}

function keepBest(
  values: readonly Float64Array[],
  errors: readonly Float64Array[],
  entries: readonly Float64Array[],
  ...neighbours: readonly (readonly Float64Array[])[]
): void {
  for (const [r, entry] of entries.entries()) {
    for (let k = 0; k < entry.length; k++) {
      const error = Math.max(...neighbours.map((n) => Math.abs(entry[k] - n[r][k])));
      if (!(error < errors[r][k])) continue;
      errors[r][k] = error;
      values[r][k] = entry[k];
    }
  }
}

function quotientsAt(
  run: (args: readonly NdArray[]) => readonly NdArray[] | null,
  args: readonly NdArray[],
  direction: ReadonlyMap<number, NdArray>,
  step: number,
): Float64Array[] | null {
  const [after, before] = [run(shifted(args, direction, step)), run(shifted(args, direction, -step))];
  if (after === null || before === null) return null;
  return after.map((a, r) => Float64Array.from(a.data, (x, k) => (x - before[r].data[k]) / (2 * step)));
}

/** The arguments moved along the direction. */
export function shifted(
  args: readonly NdArray[],
  direction: ReadonlyMap<number, NdArray>,
  step: number,
): readonly NdArray[] {
  return args.map((a, i) => {
    const along = direction.get(i);
    return along === undefined ? a : { ...a, data: a.data.map((x, k) => x + step * along.data[k]) };
  });
}
