// What passes ask of the machine and the engine that code is made for. A figure stands here where a pass reads it.

export interface Target {
  readonly name: string;
  /** The width of a vector in bits; 0 where there are none. */
  readonly vectorBits: number;
  /** Whether a vector may be loaded and stored in part, by a count of lanes. */
  readonly countsLanes: boolean;
  /** How many iterations of a loop may run at once; where that is more than one, lowering says of which loops. */
  readonly threads: number;
  /** Whether functions of f32 are the operations that they consist of, rather than calls. */
  readonly expands: boolean;
  /** Whether one of two numbers is chosen without a branch. */
  readonly selects: boolean;
  readonly calls: CallFigures;
  readonly fusion: FusionFigures;
  readonly merging: MergingFigures;
  readonly contraction: ContractionFigures;
  readonly functions: FunctionFigures;
  /** Up to this many steps, a loop that fills or copies memory takes no longer than a call of the engine's function. */
  readonly shortFill: number;
}

/**
 * What it takes to leave JavaScript for the target: a program that spares fewer operations on single elements than `least` is
 * faster there. None are spared where there are no vectors.
 */
export interface CallFigures {
  /** What a call takes longer than one of JavaScript, in operations on single elements. */
  readonly least: number;
  /** How many operations a function of f32 that is made of them takes. */
  readonly expanded: number;
  /** An extent taken for one that is not known: whoever does not say the size of a tensor has any, and large ones. */
  readonly usualExtent: number;
}

/** What one nest of loops may compute. */
export interface FusionFigures {
  /** The most operations in one loop body that is optimised well. */
  readonly nestSize: number;
  /** The most tensors that a nest stores beside its root. */
  readonly stored: number;
  /** The longest chain of cheap operations that is rematerialised rather than read from memory. */
  readonly cheap: number;
  /** The most subscript changes between a root and a site, each of which is a level of recursion in the lowering. */
  readonly depth: number;
  /** The most operations that are done with each of the sums of a contraction, whose code may have them several times. */
  readonly epilogue: number;
}

/** Which loops over the same indices become one: as long as a function holds it, and these. */
export interface MergingFigures {
  /** The most values that it carries. */
  readonly carried: number;
  /** How many operations a loop is moved over to the one that it is merged with. */
  readonly distance: number;
}

/** How sums of products are cut into loops. */
export interface ContractionFigures {
  /** The extent of the depth, and the product of all extents, below which nothing is gained by tiles. */
  readonly least: { readonly depth: number; readonly all: number };
  /** A side with fewer subscripts is thin: packing would not pay. */
  readonly thin: number;
  /** The fewest rows and columns for which packing what is under a moving window pays. */
  readonly windows: { readonly rows: number; readonly columns: number };
  /** How many neighbouring sums are computed at once: the best shape for the extents is taken. */
  readonly tiles: readonly { readonly rows: number; readonly columns: number }[];
  /** The neighbours that a thin product computes at once, from operands that are not packed. */
  readonly thinWidth: number;
  /** As much of the depth as is packed at a time, so that it stays in the cache. */
  readonly longestPart: number;
  /** An extent taken for one that is not known. */
  readonly usualExtent: number;
  /** The most operations of an element that is computed where it is read, rather than packed. */
  readonly direct: number;
  /**
   * The most operations that are written out for each neighbour in a panel, or each sum of a tile; more of them stand in a
   * loop.
   */
  readonly unrolled: number;
  /** Whether f32 is packed as f64: where products of f32 are exact in f64, one rounding gives the same bits. */
  readonly widens: boolean;
}

/** How much one function may hold, and how long it may run. */
export interface FunctionFigures {
  /** The weight of the heaviest block that is not cut into parts; infinite where functions may have any length. */
  readonly heaviest: number;
  /** The number of steps of loops in one call; infinite where a loop is as fast wherever it is entered. */
  readonly chunk: number;
  /** Loops of up to this many steps do not run in ranges. */
  readonly short: number;
  /** If inner loops have this many steps or more, a call runs one step. */
  readonly long: number;
}
