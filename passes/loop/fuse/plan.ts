// Fusion: which tensors of a block are computed into memory, and which inside the loop nest that reads them.
//
// A nest computes one tensor into memory, its root, and all tensors that only the nest reads, at one site and once per
// element; a fused tensor never exists as a whole. Tensors that are free to rematerialise (constants, and moved elements of
// tensors in memory) are computed wherever they are read. All others are roots.

import {
  type Block,
  isElementwise,
  isScalar,
  type Operation,
  reusedBy,
  shapeText,
  type Value,
  ValueMap,
  visits,
} from "../../../src/ir/index.ts";
import { isFusible } from "../../../src/ops/index.ts";
import type { FusionFigures } from "../../../src/target/index.ts";
import { isMoveInto, Overwrites } from "../analyses/overwrites.ts";
import { contractionOf, isInStep, isPointwise, type OperandRead, readsOf, wholeOf } from "../analyses/reads.ts";
import { SumChains } from "./chains.ts";
import { BlockUses, type Use } from "./uses.ts";

/** A fusion site: where a nest computes tensors at the same subscripts. */
interface FusionSite {
  readonly root: FusionRoot;
  /** The number of subscript changes between the root and here. */
  readonly depth: number;
  /** How often the nest's code has this site, since the rules above read at several subscripts. */
  readonly copies: number;
  /** The shape of tensors of which each element is computed here exactly once; null where some are not, or more often. */
  readonly covers: string | null;
}

/** A nest by its root. */
export interface FusionRoot {
  readonly operation: Operation;
  /** What it computes beside the root, at any of its sites, in reverse order of definition. */
  readonly members: Operation[];
  /** The position of its operation in the block, which is that of the nest. */
  readonly position: number;
  /** Operations in this nest, copies included. */
  size: number;
  /** Fused tensors that the nest also stores in memory, in reverse order of definition. */
  readonly alsoStored: Operation[];
  /** The sums of products that the rest of the nest is computed of, in a loop nest of their own kind. */
  sums: Operation | null;
}

/**
 *   root    computed into memory by a nest of its own
 *   fused   computed at a site of a nest
 *   free    rematerialised wherever it is read
 */
export type FusionDecision =
  | { readonly kind: "root"; readonly site: FusionSite }
  | { readonly kind: "fused"; readonly site: FusionSite }
  | { readonly kind: "free"; readonly depth: number; readonly firstRead: FirstRead };

/** The first nest or operation that reads a value, by position, and the one site of all reads there; null for several. */
interface FirstRead {
  readonly from: number;
  readonly site: FusionSite | null;
}

export class FusionPlan {
  readonly #decisions = new Map<Operation, FusionDecision>();
  readonly #innerSites = new Map<Operation, Map<number, FusionSite>>();
  /** The site of the earliest nest so far that reads each element of a value once, at the site's own subscripts. */
  readonly #readers = new ValueMap<FusionSite>();
  /** The site of the earliest nest so far, by the shape of its root. */
  readonly #nearest = new Map<string, FusionSite>();
  readonly #reads = new Map<Operation, readonly OperandRead[]>();
  readonly #uses: BlockUses;
  readonly #chains: SumChains;
  readonly #overwrites: Overwrites;
  readonly #limits: FusionFigures;

  constructor(block: Block, limits: FusionFigures) {
    this.#limits = limits;
    this.#overwrites = new Overwrites(block);
    this.#uses = new BlockUses(block);
    this.#chains = new SumChains(block);
    for (let i = block.operations.length - 1; i >= 0; i--) {
      const operation = block.operations[i];
      if (isFusible(operation) && !isMoveInto(operation)) this.#decisions.set(operation, this.#decide(operation));
    }
  }

  /**
   * The decision for an operation; undefined where it is not computed element by element (regions, calls, scalars, memory).
   */
  of(operation: Operation): FusionDecision | undefined {
    return this.#decisions.get(operation);
  }

  /** Whether an operation's rule asks for an operand in memory. */
  readsMemory(operation: Operation, operand: number): boolean {
    return !isElementwise(operation) && this.#readsOf(operation)[operand]?.memory === true;
  }

  #decide(operation: Operation): FusionDecision {
    const [result] = operation.results;
    // a tensor that is overwritten later needs memory of its own, which its readers read before that
    const isPlaced = operation.op.lowering?.kind === "update" || reusedBy(operation) !== undefined;
    const isWritten = isPlaced || this.#overwrites.overwriterOf(result) !== undefined;
    if (!isScalar(result.type) && !isWritten) {
      const isSums = contractionOf(operation) !== null;
      const site = isSums ? this.#epilogueSite(operation, result) : this.#siteOfAll(operation, result);
      if (isSums && site !== null) site.root.sums = operation;
      if (site !== null) return this.#fuse(operation, site);
    }
    const depth = isWritten || this.#overwrites.readsOverwritten(operation) ? null : this.#freeDepth(operation);
    if (depth !== null) return { kind: "free", depth, firstRead: this.#firstReadOf(result) };
    const shared = isWritten ? null : this.#sharedNest(operation);
    if (shared !== null) {
      shared.root.alsoStored.push(operation);
      return this.#fuse(operation, shared);
    }
    const position = this.#uses.positionOf(operation);
    const root: FusionRoot = { operation, position, size: 1, members: [], alsoStored: [], sums: null };
    const isUpdate = operation.op.lowering?.kind === "update";
    const site: FusionSite = { root, depth: 0, copies: 1, covers: isUpdate ? null : shapeText(result) };
    this.#noteReads(operation, site);
    if (isElementwise(operation)) this.#nearest.set(shapeText(result), site);
    return { kind: "root", site };
  }

  #fuse(operation: Operation, site: FusionSite): FusionDecision {
    site.root.size += site.copies * weightOf(operation);
    site.root.members.push(operation);
    this.#noteReads(operation, site);
    return { kind: "fused", site };
  }

  #noteReads(operation: Operation, site: FusionSite): void {
    if (site.covers === null) return;
    for (const [k, v] of operation.operands.entries()) {
      if (isScalar(v.type)) continue;
      if (isElementwise(operation)) this.#readers.set(v, site);
      else if (visits(operation, k)) this.#readers.set(v, this.#innerSite(operation, k, site));
    }
  }

  /**
   * The site of a later nest that can compute the value and store it too, if nothing reads it before. A nest that reads the
   * value, or an operand of it, at its own subscripts is preferred.
   */
  #sharedNest(operation: Operation): FusionSite | null {
    const [result] = operation.results;
    if (isScalar(result.type) || !isElementwise(operation)) return null;
    const candidates = [result, ...operation.operands].map((v) => this.#readers.get(v));
    for (const [k, site] of [...candidates, this.#nearest.get(shapeText(result))].entries()) {
      if (site === undefined || !canAlsoStore(site, operation, this.#limits)) continue;
      // inside of a nest, a rule reads the value: the site is that of its reads
      if (site.depth > 0 && k > 0) continue;
      // what is stored anyway is computed with the sums, which then need no memory
      if (site.depth > 0 && this.#chains.has(result)) continue;
      if (this.#overwrites.isOverwrittenAfter(operation, site.root.operation)) continue;
      if (this.#mayStoreAt(site, result)) return site;
    }
    return null;
  }

  #firstReadOf(value: Value): FirstRead {
    let first: FirstRead = { from: this.#uses.escapesAt(value), site: null };
    for (const use of this.#uses.of(value)) {
      const { from, site } = this.#firstReadByUse(use);
      if (from < first.from) first = { from, site };
      else if (from === first.from && site !== first.site) first = { from, site: null };
    }
    return first;
  }

  #firstReadByUse(use: Use): FirstRead {
    const reader = this.#decisions.get(use.by);
    if (reader === undefined) return { from: this.#uses.positionOf(use.by), site: null };
    if (reader.kind !== "free") return { from: reader.site.root.position, site: this.#siteOf(use) };
    return isElementwise(use.by) ? reader.firstRead : { from: reader.firstRead.from, site: null };
  }

  /** The site that computes a tensor which is read there alone. */
  #siteOfAll(operation: Operation, value: Value): FusionSite | null {
    if (this.#uses.escapes(value) || wholeOf(operation) !== null) return null;
    const site = this.#commonSite(operation, value);
    return site !== null && isIntoSums(site, operation, this.#limits) ? null : site;
  }

  /**
   * The site of a nest that is computed of sums of products, element by element: these are its contraction, and are stored
   * beside where something else reads them.
   */
  #epilogueSite(operation: Operation, sums: Value): FusionSite | null {
    const site = this.#readers.get(sums);
    if (site === undefined || site.depth > 0 || site.covers !== shapeText(sums)) return null;
    const { root } = site;
    const isEpilogue = [root.operation, ...root.members].every(isPointwise) && root.size <= this.#limits.epilogue;
    if (!isEpilogue || root.sums !== null || this.#overwrites.isOverwrittenAfter(operation, root.operation))
      return null;
    const isOnly = !this.#uses.escapes(sums) && this.#uses.of(sums).every((use) => this.#siteOf(use) === site);
    if (isOnly) return site;
    if (root.alsoStored.length >= this.#limits.stored || !this.#mayStoreAt(site, sums)) return null;
    root.alsoStored.push(operation);
    return site;
  }

  /** Whether nothing reads a value before a nest, or in it at another site. */
  #mayStoreAt(site: FusionSite, value: Value): boolean {
    const { from, site: reader } = this.#firstReadOf(value);
    return site.root.position < from || (site.root.position === from && site === reader);
  }

  /** The one site of all reads of the value, if there is one, and it reads each element once. */
  #commonSite(operation: Operation, value: Value): FusionSite | null {
    let common: FusionSite | null = null;
    const uses = this.#uses.of(value);
    for (const use of uses) {
      const site = this.#siteOf(use);
      if (site === null || (common !== null && site !== common)) return null;
      common = site;
    }
    if (common === null || common.depth >= this.#limits.depth) return null;
    const site = common;
    if (this.#overwrites.isOverwrittenAfter(operation, site.root.operation, (i) => this.#isInStep(operation, i, site)))
      return null;
    if (common.root.size + common.copies * weightOf(operation) > this.#limits.nestSize) return null;
    return common.copies > 1 && operation.op.lowering?.kind === "nest" ? null : common;
  }

  /** Whether an operation at a site of an update in place reads only what the same iteration overwrites, and before that. */
  #isInStep(operation: Operation, operand: number, site: FusionSite): boolean {
    const update = site.root.operation;
    if (operation.operands[operand] !== update.operands[0]) return false;
    return [...(this.#innerSites.get(update) ?? [])].some(
      ([k, inner]) => inner === site && isInStep(this.#readsOf(update), k, this.#readsOf(operation)[operand]),
    );
  }

  #siteOf({ by, operand }: Use): FusionSite | null {
    const reader = this.#decisions.get(by);
    if (reader === undefined || reader.kind === "free") return null;
    if (isElementwise(by)) return isScalar(by.results[0].type) ? null : reader.site;
    const read = this.#readsOf(by)[operand];
    if (read === undefined || read.memory || !read.once) return null;
    return this.#innerSite(by, operand, reader.site);
  }

  /** The site of an operand that a rule reads, which has subscripts of its own. */
  #innerSite(by: Operation, operand: number, outer: FusionSite): FusionSite {
    let sites = this.#innerSites.get(by);
    if (sites === undefined) {
      sites = new Map();
      this.#innerSites.set(by, sites);
    }
    let site = sites.get(operand);
    if (site === undefined) {
      const copies = this.#readsOf(by)[operand].sites;
      site = {
        root: outer.root,
        depth: outer.depth + 1,
        copies: outer.copies * Math.max(1, copies),
        covers: outer.covers !== null && visits(by, operand) ? shapeText(by.operands[operand]) : null,
      };
      sites.set(operand, site);
    }
    return site;
  }

  #readsOf(operation: Operation): readonly OperandRead[] {
    let reads = this.#reads.get(operation);
    if (reads === undefined) {
      reads = readsOf(operation);
      this.#reads.set(operation, reads);
    }
    return reads;
  }

  /** The length of the chain of free readers below; null if the operation is not free, or some reader needs it in memory. */
  #freeDepth(operation: Operation): number | null {
    const { op, operands, results } = operation;
    // a rule that branches on the subscript is not free: it would branch at every read
    const isPlain = op.lowering?.kind === "element" && op.lowering.pieces === undefined;
    const isMove = isPlain && (op.traits.moves || operands.length === 0);
    const isCheap = this.#isCheapOfOne(operation);
    if (isScalar(results[0].type) || !(isMove || isCheap || op.traits.constant)) return null;
    let depth = 0;
    for (const { by, operand } of this.#uses.of(results[0])) {
      const reader = this.#decisions.get(by);
      if (reader === undefined || (!isElementwise(by) && !this.#isFreelyRead(by, operand, isCheap))) return null;
      if (reader.kind === "free") depth = Math.max(depth, reader.depth + 1);
    }
    return depth < (isCheap ? this.#limits.cheap : this.#limits.depth) ? depth : null;
  }

  #isFreelyRead(by: Operation, operand: number, onlyOnce: boolean): boolean {
    const read = this.#readsOf(by)[operand];
    return read === undefined || !(read.memory || (onlyOnce && !read.once));
  }

  /** Whether rematerialising it from its one operand costs no more than a load. */
  #isCheapOfOne({ op, operands, results }: Operation): boolean {
    if (!op.traits.cheap || this.#uses.escapes(results[0])) return false;
    const read = new Set(operands.filter((v) => !isScalar(v.type) && !this.#uses.isSplat(v)));
    return read.size === 1;
  }
}

/** Whether a nest may store another tensor at a site: it computes each of its elements there, and is small enough. */
function canAlsoStore({ root, depth, copies, covers }: FusionSite, other: Operation, limits: FusionFigures): boolean {
  // a rule for the whole result, which only roots have, writes that alone
  if (depth === 0 && !isElementwise(root.operation)) return false;
  if (isIntoSums({ root, depth }, other, limits)) return false;
  if (root.alsoStored.length >= limits.stored || root.size + copies * weightOf(other) > limits.nestSize) return false;
  return covers === shapeText(other.results[0]);
}

/** Whether a nest does with sums of products all that it may, of which this is no part. */
function isIntoSums(
  { root, depth }: Pick<FusionSite, "root" | "depth">,
  operation: Operation,
  limits: FusionFigures,
): boolean {
  return root.sums !== null && depth === 0 && !(isPointwise(operation) && root.size < limits.epilogue);
}

/** The number of operations that a rule emits in a nest: one that branches on the subscript has a case for each operand. */
function weightOf({ op, operands }: Operation): number {
  return op.lowering?.kind === "element" && op.lowering.pieces !== undefined ? operands.length : 1;
}
