// Where each tensor of a block comes to stand: in memory, or computed in place by the one loop nest that reads it.
//
// A nest computes the tensor it is for (its root) and every tensor that only it reads, at one place and once per
// element; such a tensor never exists as a whole. Tensors that are free to compute (constants, and moved elements of
// what is in memory) are computed wherever they are read. All others are roots.

import {
  type Block,
  type FuncScope,
  freeValues,
  isScalar,
  type Op,
  type Operation,
  rankedOf,
  sameType,
  type Value,
  ValueMap,
  ValueSet,
  walk,
} from "../../../src/ir/index.ts";
import { type OperandRead, readsOf, wholeOf } from "./reads.ts";
import { isManifold, type Takeovers } from "./takeover.ts";

/** The tensors that a nest computes at the same subscripts, in reverse order of definition. */
export interface Place {
  readonly root: Root;
  readonly members: Operation[];
  /** How many subscript changes lie between the root and here. */
  readonly depth: number;
  /** How often the nest spells out what is computed here, since rules above read at several places. */
  readonly copies: number;
}

interface Root {
  readonly operation: Operation;
  /** Where the nest stands: the position of its operation in the block. */
  readonly position: number;
  /** Operations in this nest, copies included. */
  size: number;
  /** Members whose elements are kept in memory too, in reverse order of definition. */
  readonly kept: Operation[];
}

/**
 *   root    computed into memory by a nest of its own
 *   place   computed by the nest of the place
 *   free    computed wherever it is read
 */
export type Placement =
  | { readonly kind: "root"; readonly place: Place }
  | { readonly kind: "place"; readonly place: Place }
  | { readonly kind: "free"; readonly depth: number; readonly reading: Reading };

/** When a value is read first, and the place where everything does that reads it then, if it is one. */
interface Reading {
  readonly from: number;
  readonly place: Place | null;
}

interface Use {
  readonly by: Operation;
  readonly operand: number;
}

/** More operations than this in one loop body would not be optimised well by the engine. */
const maxNestSize = 400;
/** As many streams of writes as one loop may have. */
const maxKept = 4;
/** As many cheap operations in a chain are computed again rather than read. */
const maxCheap = 3;
/** Each change of subscripts is a level of recursion in the lowering. */
const maxDepth = 32;

export class Placements {
  readonly #placements = new Map<Operation, Placement>();
  readonly #places = new Map<Operation, Map<number, Place>>();
  readonly #uses = new ValueMap<Use[]>();
  /** Read by a region, or a result of the block. */
  readonly #held = new ValueSet();
  /** Tensors that are one number. */
  readonly #constants = new ValueSet();
  readonly #positions = new Map<Operation, number>();
  /** Where a region reads a value first. */
  readonly #heldFrom = new ValueMap<number>();
  /** The earliest nest so far that reads a value at its own subscripts. */
  readonly #readers = new ValueMap<Place>();
  /** The earliest nest so far, by the shape of what it computes. */
  readonly #nearest = new Map<string, Place>();
  readonly #reads = new Map<Operation, readonly OperandRead[]>();
  readonly #block: Block;
  readonly #scope: FuncScope;
  readonly #takeovers: Takeovers;
  #checkedWithin: ValueSet | null = null;

  constructor(block: Block, scope: FuncScope, takeovers: Takeovers) {
    this.#block = block;
    this.#scope = scope;
    this.#takeovers = takeovers;
    for (const [position, operation] of block.operations.entries()) this.#collect(operation, position);
    for (const v of block.results) this.#held.add(v);
    for (let i = block.operations.length - 1; i >= 0; i--) {
      const operation = block.operations[i];
      if (isComputed(operation)) this.#placements.set(operation, this.#decide(operation));
    }
  }

  /** Undefined for operations that are not computed element by element (regions, calls, scalars, memory). */
  of(operation: Operation): Placement | undefined {
    return this.#placements.get(operation);
  }

  /** The place of what an operation's rule reads through one operand. */
  place(operation: Operation, operand: number): Place | undefined {
    return this.#places.get(operation)?.get(operand);
  }

  #collect(operation: Operation, position: number): void {
    this.#positions.set(operation, position);
    const { op, operands: given, results } = operation;
    const isRepeated = op.traits.moves && given.every((v) => isScalar(v.type) || this.#constants.has(v));
    if (isRepeated || (op.traits.constant && !isManifold(operation))) this.#constants.add(results[0]);
    for (const [operand, v] of operation.operands.entries()) {
      const uses = this.#uses.get(v);
      const use = { by: operation, operand };
      if (uses === undefined) this.#uses.set(v, [use]);
      else uses.push(use);
    }
    if (operation.regions.length === 0) return;
    for (const v of freeValues(...operation.regions)) {
      this.#held.add(v);
      if (!this.#heldFrom.has(v)) this.#heldFrom.set(v, position);
    }
  }

  #decide(operation: Operation): Placement {
    const [result] = operation.results;
    // what is written to later has memory of its own, and what reads it does so before
    const isWritten = operation.op.lowering?.kind === "update" || this.#takeovers.takerOf(result) !== undefined;
    if (!isScalar(result.type) && !this.#held.has(result) && !isWritten && wholeOf(operation) === null) {
      const place = this.#commonPlace(operation, result);
      if (place !== null) return this.#join(operation, place);
    }
    const depth = isWritten || this.#takeovers.readsTaken(operation) ? null : this.#freeDepth(operation);
    if (depth !== null) return { kind: "free", depth, reading: this.#readingOf(result) };
    const shared = isWritten ? null : this.#sharedNest(operation);
    if (shared !== null) {
      shared.root.kept.push(operation);
      return this.#join(operation, shared);
    }
    const root: Root = { operation, position: this.#positionOf(operation), size: 1, kept: [] };
    const place: Place = { root, members: [], depth: 0, copies: 1 };
    this.#noteReads(operation, place);
    if (isElementwise(operation)) this.#nearest.set(shapeKey(result), place);
    return { kind: "root", place };
  }

  #join(operation: Operation, place: Place): Placement {
    place.root.size += place.copies * weightOf(operation);
    place.members.push(operation);
    if (place.depth === 0) this.#noteReads(operation, place);
    return { kind: "place", place };
  }

  #positionOf(operation: Operation): number {
    return this.#positions.get(operation) ?? 0;
  }

  #noteReads(operation: Operation, place: Place): void {
    if (isElementwise(operation))
      for (const v of operation.operands) if (!isScalar(v.type)) this.#readers.set(v, place);
  }

  /**
   * A later nest over the same shape, best one that reads the value, or an operand of it, at its own subscripts: it can
   * compute the value and keep it too, if nobody wants it before.
   */
  #sharedNest(operation: Operation): Place | null {
    const [result] = operation.results;
    if (isScalar(result.type) || !isElementwise(operation)) return null;
    const { from, place: reader } = this.#readingOf(result);
    const candidates = [result, ...operation.operands].map((v) => this.#readers.get(v));
    for (const place of [...candidates, this.#nearest.get(shapeKey(result))]) {
      if (place === undefined || !canKeep(place.root, operation)) continue;
      if (this.#takeovers.isOverwrittenAfter(operation, place.root.operation)) continue;
      if (place.root.position < from || (place.root.position === from && place === reader)) return place;
    }
    return null;
  }

  #readingOf(value: Value): Reading {
    let first: Reading = { from: this.#heldFrom.get(value) ?? Infinity, place: null };
    for (const use of this.#uses.get(value) ?? []) {
      const { from, place } = this.#readingOfUse(use);
      if (from < first.from) first = { from, place };
      else if (from === first.from && place !== first.place) first = { from, place: null };
    }
    return first;
  }

  #readingOfUse(use: Use): Reading {
    const reader = this.#placements.get(use.by);
    if (reader === undefined) return { from: this.#positionOf(use.by), place: null };
    if (reader.kind !== "free") return { from: reader.place.root.position, place: this.#placeOf(use) };
    return isElementwise(use.by) ? reader.reading : { from: reader.reading.from, place: null };
  }

  /** The place where every read of the value happens, if it is one and reads each element once. */
  #commonPlace(operation: Operation, value: Value): Place | null {
    let common: Place | null = null;
    const uses = this.#uses.get(value) ?? [];
    for (const use of uses) {
      const place = this.#placeOf(use);
      if (place === null || (common !== null && place !== common)) return null;
      common = place;
    }
    if (common === null || common.depth >= maxDepth) return null;
    if (this.#takeovers.isOverwrittenAfter(operation, common.root.operation)) return null;
    if (common.root.size + common.copies * weightOf(operation) > maxNestSize) return null;
    return common.copies > 1 && operation.op.lowering?.kind === "nest" ? null : common;
  }

  #placeOf({ by, operand }: Use): Place | null {
    const reader = this.#placements.get(by);
    if (reader === undefined || reader.kind === "free") return null;
    if (isElementwise(by)) return isScalar(by.results[0].type) ? null : reader.place;
    const read = this.#readsOf(by)[operand];
    if (read === undefined || read.memory || !read.once || this.#isLoaded(by, operand)) return null;
    return this.#innerPlace(by, operand, reader.place, read.places);
  }

  /** A rule reads its operands at subscripts of its own. */
  #innerPlace(by: Operation, operand: number, outer: Place, copies: number): Place {
    let places = this.#places.get(by);
    if (places === undefined) {
      places = new Map();
      this.#places.set(by, places);
    }
    let place = places.get(operand);
    if (place === undefined) {
      place = { root: outer.root, members: [], depth: outer.depth + 1, copies: outer.copies * Math.max(1, copies) };
      places.set(operand, place);
    }
    return place;
  }

  #readsOf(operation: Operation): readonly OperandRead[] {
    let reads = this.#reads.get(operation);
    if (reads === undefined) {
      reads = readsOf(operation, this.#scope);
      this.#reads.set(operation, reads);
    }
    return reads;
  }

  /** How deep the chain of free readers below is; null if the operation is not free, or wanted in memory. */
  #freeDepth(operation: Operation): number | null {
    const { op, operands, results } = operation;
    // what decides by subscript is not free: read again, it would decide again
    const isPlain = op.lowering?.kind === "element" && op.lowering.parts === undefined;
    const isMove = isPlain && (op.traits.moves || operands.length === 0);
    const isCheap = this.#isCheapOfOne(operation);
    if (isScalar(results[0].type) || !(isMove || isCheap || op.traits.constant)) return null;
    if (this.#isLoadedWithin(results[0])) return null;
    let depth = 0;
    for (const { by, operand } of this.#uses.get(results[0]) ?? []) {
      const reader = this.#placements.get(by);
      if (reader === undefined || (!isElementwise(by) && !this.#isFreelyRead(by, operand, isCheap))) return null;
      if (reader.kind === "free") depth = Math.max(depth, reader.depth + 1);
    }
    return depth < (isCheap ? maxCheap : maxDepth) ? depth : null;
  }

  #isFreelyRead(by: Operation, operand: number, onlyOnce: boolean): boolean {
    const read = this.#readsOf(by)[operand];
    return read === undefined || !(read.memory || (onlyOnce && !read.once) || this.#isLoaded(by, operand));
  }

  /** One number at every subscript would leave the check of the subscript without use, and so without effect. */
  #isLoaded(by: Operation, operand: number): boolean {
    return this.#constants.has(by.operands[operand]) && this.#readsOf(by)[operand]?.isChecked === true;
  }

  /** The same in regions, which read the value from outside, moved perhaps. */
  #isLoadedWithin(value: Value): boolean {
    if (!this.#constants.has(value) || !this.#held.has(value)) return false;
    this.#checkedWithin ??= this.#readWithChecks();
    return this.#checkedWithin.has(value);
  }

  #readWithChecks(): ValueSet {
    const checked = new ValueSet();
    const moved = new ValueMap<Value>();
    const visit = (operation: Operation): void => {
      const { op, operands, results } = operation;
      const source = (v: Value): Value => moved.get(v) ?? v;
      if (op.traits.moves && results.length === 1) for (const v of operands) moved.set(results[0], source(v));
      if (op.effect !== "mayFail") return;
      for (const [i, { isChecked }] of this.#readsOf(operation).entries())
        if (isChecked) checked.add(source(operands[i]));
    };
    for (const { regions } of this.#block.operations) for (const region of regions) walk(region, visit);
    return checked;
  }

  /** Computing it from its one operand costs no more than reading it from memory would. */
  #isCheapOfOne({ op, operands, results }: Operation): boolean {
    if (!op.traits.cheap || this.#held.has(results[0])) return false;
    const read = new Set(operands.filter((v) => !isScalar(v.type) && !this.#constants.has(v)));
    return read.size === 1;
  }
}

/** Whether a nest may compute and keep another tensor: element by element, the same shape, and few enough of them. */
function canKeep({ operation, size, kept }: Root, other: Operation): boolean {
  if (!isElementwise(operation) || kept.length >= maxKept || size + weightOf(other) > maxNestSize) return false;
  return shapeKey(operation.results[0]) === shapeKey(other.results[0]);
}

function shapeKey({ type }: Value): string {
  return rankedOf(type).shape.join();
}

/** How much a rule spells out in a nest: one that decides by subscript, a case per operand. */
function weightOf({ op, operands }: Operation): number {
  return op.lowering?.kind === "element" && op.lowering.parts !== undefined ? operands.length : 1;
}

/** Whether an operation is lowered element by element; constants of many different elements are memory instead. */
function isComputed(operation: Operation): boolean {
  const { op, results, operands } = operation;
  if (results.length !== 1 || results[0].type.kind !== "tensor" || isManifold(operation)) return false;
  if (isByRule(op) || op.traits.constant) return true;
  return isElementwise(operation) && !(isScalar(results[0].type) && operands.every((v) => isScalar(v.type)));
}

/** Whether a rule of the op reads its operands element by element. */
function isByRule({ lowering }: Op): boolean {
  return lowering?.kind === "element" || lowering?.kind === "nest" || lowering?.kind === "update";
}

/** Reads its operands where it is read itself; a view that keeps the shape passes its operand's element on. */
export function isElementwise({ op, results, operands }: Operation): boolean {
  return op.scalar !== null || (op.lowering?.kind === "view" && sameType(operands[0].type, results[0].type));
}
