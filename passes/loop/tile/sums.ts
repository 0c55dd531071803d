// Sums of products that are not complete yet: where they stand between two parts of the depth.

import { type DType, type MemRefType, memref, scalar, type Value } from "../../../src/ir/index.ts";
import { constant, load, store } from "../../../src/ops/index.ts";
import type { ContractionFigures } from "../../../src/target/index.ts";
import type { Along, Contraction, SumMemory } from "./contraction.ts";

/** Memory for a contraction alone, allocated outside of every loop. */
export type Scratch = (type: MemRefType, name: string) => Value;

/** What tiling a contraction works with. */
export interface TilingContext {
  readonly scratch: Scratch;
  readonly figures: ContractionFigures;
}

/** In which dtype numbers are packed. */
export function packedType(dtype: DType, { widens }: ContractionFigures): DType {
  return widens && dtype === "f32" ? "f64" : dtype;
}

export function zeroOf({ dtype }: Contraction): Value {
  return constant(0, scalar(dtype));
}

/** Calls back for each of some sums. */
export type EverySum = (body: (row: Along, column: Along) => void) => void;

/** The sums so far between two parts of a depth, within one element of the batch. */
export interface PartialSums {
  read(row: Along, column: Along): Value;
  write(row: Along, column: Along, sum: Value): void;
  /** Starts sums from 0. */
  start(every: EverySum): void;
  /** Does with sums what is done in the end. */
  finish(every: EverySum): void;
}

/**
 * In the memory of the result where that is for the bare sums, and else in scratch, with those of a column or of a row side
 * by side.
 */
export function partialSums(c: Contraction, batch: Along, scratch: Scratch, inside: "rows" | "columns"): PartialSums {
  const place = (row: Along, column: Along): Along => (inside === "rows" ? [...column, ...row] : [...row, ...column]);
  const partial = c.sums === null ? inScratch(c, batch, scratch, place) : inResult(c, c.sums, batch);
  const start = (every: EverySum): void => {
    const zero = zeroOf(c);
    every((row, column) => partial.write(row, column, zero));
  };
  return { ...partial, start };
}

function inResult(c: Contraction, sums: SumMemory, batch: Along): Omit<PartialSums, "start"> {
  return {
    read: (row, column) => sums.read(batch, row, column),
    write: (row, column, sum) => c.result(batch, row, column, sum),
    finish() {},
  };
}

function inScratch(
  c: Contraction,
  batch: Along,
  scratch: Scratch,
  place: (row: Along, column: Along) => Along,
): Omit<PartialSums, "start"> {
  const memory = scratch(memref(c.dtype, place(c.rows, c.columns)), "sums");
  const read = (row: Along, column: Along): Value => load(memory, place(row, column));
  return {
    read,
    write: (row, column, sum) => store(sum, memory, place(row, column)),
    finish: (every) => every((row, column) => c.result(batch, row, column, read(row, column))),
  };
}
