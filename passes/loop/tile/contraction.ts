// A contraction as what tiles it asks about it: elements at subscripts, what they cost, and where sums may stand meanwhile.

import {
  type Access,
  accessOf,
  type Block,
  boundBy,
  type Dim,
  type DType,
  elementDType,
  indexDim,
  indicesOf,
  isExpression,
  mulDims,
  type Operation,
  sameDim,
  subDims,
  substituteIndices,
  type Value,
  ValueMap,
  walk,
} from "../../../src/ir/index.ts";
import { type ContractAttributes, castOp, contractRegions, load } from "../../../src/ops/index.ts";
import { inlined } from "../analyses/region.ts";

export type Along = readonly Dim[];

/** Where the left operand may be padding. */
export interface Padding {
  /** Whether there is an element. */
  holds(batch: Along, row: Along, depth: Along): Value;
  /** Whether it matters which subscript along an axis of the rows, or along the last axis of the depth. */
  readonly dependsOn: { readonly rows: readonly boolean[]; readonly depth: boolean };
}

/** One operand, as reading it goes. */
export interface Reading {
  element(batch: Along, at: Along, depth: Along): Value;
  /** How many operations an element takes beside loads. */
  readonly weight: number;
  /** Whether neighbours along the depth lie side by side in memory. */
  readonly isDepthInside: boolean;
}

/** Memory that holds each sum from the first to the last part of the depth. */
export interface SumMemory {
  read(batch: Along, row: Along, column: Along): Value;
}

export interface Contraction {
  readonly dtype: DType;
  readonly batch: Along;
  readonly rows: Along;
  readonly columns: Along;
  readonly depth: Along;
  readonly left: Reading;
  readonly padding: Padding | null;
  /** Whether elements of the left operand are those under a moving window, which several sums have in common. */
  readonly slides: boolean;
  readonly right: Reading;
  result(batch: Along, row: Along, column: Along, sum: Value): void;
  /** How many operations that takes, beside loads. */
  readonly resultWeight: number;
  /** The memory that `result` stores the bare sum to, and nothing else; null where it does anything else. */
  readonly sums: SumMemory | null;
}

export function contractionOf(operation: Operation<ContractAttributes>): Contraction {
  const { batch, rows, columns, depth } = operation.attributes;
  const { inside, left, right, result } = contractRegions(operation);
  const counts = [batch.length, rows.length, depth.length] as const;
  return {
    dtype: elementDType(left.results[0].type) ?? "f64",
    ...{ batch, rows, columns, depth },
    left: readingOf(left, counts),
    padding: inside === null ? null : paddingOf(inside, counts),
    slides: slides(left, counts),
    right: readingOf(right, [batch.length, columns.length, depth.length]),
    result: (b, row, column, sum) => void inlined(result, [...b, ...row, ...column], [sum]),
    resultWeight: weightOf(result),
    sums: sumsOf(result, [batch, rows, columns]),
  };
}

/** The flipped one: rows and columns exchanged, of one without padding. */
export function flipped(c: Contraction): Contraction {
  const { sums } = c;
  return {
    ...c,
    rows: c.columns,
    columns: c.rows,
    left: c.right,
    right: c.left,
    result: (batch, row, column, sum) => c.result(batch, column, row, sum),
    sums: sums === null ? null : { read: (batch, row, column) => sums.read(batch, column, row) },
  };
}

type Counts = readonly [batch: number, own: number, depth: number];

function readingOf(region: Block, counts: Counts): Reading {
  return {
    element: (batch, at, depth) => inlined(region, [...batch, ...at, ...depth])[0],
    weight: weightOf(region),
    isDepthInside: isDepthInside(region, counts),
  };
}

/** Operations that neither load nor only say in which form a number is. */
function weightOf(region: Block): number {
  let weight = 0;
  walk(region, (operation) => {
    const { op } = operation;
    if (!op.traits.constant && op !== castOp && !isExpression(op) && accessOf(operation)?.isWritten !== false) weight++;
  });
  return weight;
}

/** The subscripts of everything that a region loads, over its arguments. */
function loadsIn(region: Block): readonly (readonly Dim[])[] {
  const loads: (readonly Dim[])[] = [];
  walk(region, (operation) => {
    const access = accessOf(operation);
    if (access !== null) loads.push(subscriptsOf(access, operation));
  });
  return loads;
}

function subscriptsOf({ at }: Access, operation: Operation): readonly Dim[] {
  return at.map((d) => boundBy(d, operation, "at"));
}

/** Whether the widest memory that is read has the last axis of the depth inside, and none of the operand's own. */
function isDepthInside(region: Block, [batch, own, depth]: Counts): boolean {
  if (depth === 0) return false;
  const args = region.arguments;
  const widest = loadsIn(region).reduce<readonly Dim[]>((most, at) => (at.length > most.length ? at : most), []);
  const inside = indicesOf(widest.slice(-1));
  return inside.has(args[batch + own + depth - 1]) && !args.slice(batch, batch + own).some((v) => inside.has(v));
}

/** Whether some subscript moves along with the operand's own axes and the depth. */
function slides(region: Block, [batch, own, depth]: Counts): boolean {
  const [ofRows, ofDepth] = [batch, batch + own].map((from, i) =>
    region.arguments.slice(from, from + (i === 0 ? own : depth)),
  );
  return loadsIn(region).some((at) =>
    at.some((d) => {
      const indices = indicesOf([d]);
      return ofRows.some((v) => indices.has(v)) && ofDepth.some((v) => indices.has(v));
    }),
  );
}

function paddingOf(region: Block, [batch, own, depth]: Counts): Padding {
  const used = new Set<Value>(region.results);
  walk(region, ({ operands, regions }) => {
    for (const v of operands) used.add(v);
    for (const { results } of regions) for (const v of results) used.add(v);
  });
  const depends = region.arguments.map((v) => used.has(v));
  return {
    holds: (b, row, k) => inlined(region, [...b, ...row, ...k])[0],
    dependsOn: { rows: depends.slice(batch, batch + own), depth: depth > 0 && depends[depends.length - 1] },
  };
}

/** Where a region stores the sum alone, each to an element of its own. */
function sumsOf({ arguments: args, operations }: Block, extents: readonly Along[]): SumMemory | null {
  const [store] = operations;
  const access = operations.length === 1 ? accessOf(store) : null;
  const sum = args[args.length - 1];
  if (access?.isWritten !== true || store.operands[0] !== sum) return null;
  const at = subscriptsOf(access, store);
  const all = extents.flat();
  if (!tellApart(at, args.slice(0, -1), all)) return null;
  return {
    read(...lists) {
      const places = new ValueMap<Dim>();
      for (const [i, d] of lists.flat().entries()) places.set(args[i], d);
      return load(
        access.memory,
        at.map((d) => substituteIndices(d, (v) => places.get(v))),
      );
    },
  };
}

/** Whether the subscripts differ wherever the indices do: each is one index, or two row-major ones. */
function tellApart(at: readonly Dim[], indices: readonly Value[], extents: Along): boolean {
  const found = new Set<Value>();
  for (const d of at) {
    const own = [...indicesOf([d])];
    if (own.length === 0) continue;
    const inner = own.find((v) => {
      const rest = subDims(d, indexDim(v));
      const outer = own.find((w) => w !== v);
      if (outer === undefined) return typeof rest === "number";
      return own.length === 2 && sameDim(rest, mulDims(indexDim(outer), extents[indices.indexOf(v)]));
    });
    if (inner === undefined) return false;
    for (const v of own) found.add(v);
  }
  return indices.every((v, i) => extents[i] === 1 || found.has(v));
}
