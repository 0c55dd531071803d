// What a backward block computes again rather than have it kept: constants, and in regions numbers that follow cheaply
// from fewer others. A loop keeps its residuals once for each step, so each one less counts.

import {
  assert,
  type Block,
  type BlockBuilder,
  Cloner,
  makeBlock,
  type Operation,
  Replacements,
  type Value,
  ValueMap,
  type ValueSet,
} from "../../../src/ir/index.ts";
import { isBrief } from "../../../src/ops/index.ts";

/** Longer chains are kept, and those that hold a division or its like, unless they need nothing to be kept. */
const longest = 8;
const longestFree = 32;

/** How a value is computed again: from which values, by which operations. */
interface Recipe {
  readonly from: readonly Value[];
  readonly operations: readonly Operation[];
}

/** What a plan has to know of values of the forward function. */
interface ValueKinds {
  /** What the forward block defines. */
  readonly inside: ValueSet;
  /** The tensors and lists that the block and the regions around it define. */
  readonly stepwise: ValueSet;
  /** What costs nothing to keep. */
  readonly free: ReadonlySet<Value>;
}

/** For one forward block: what its backward blocks have kept, the same for each of them. */
export class RecomputePlan {
  readonly #builder: BlockBuilder;
  readonly #kinds: ValueKinds;
  readonly #isRegion: boolean;
  readonly #definitions = new ValueMap<Operation>();
  readonly #kept = new Set<Value>();
  #isMade = false;

  constructor(builder: BlockBuilder, kinds: ValueKinds) {
    this.#builder = builder;
    this.#kinds = kinds;
    this.#isRegion = builder.parent !== null;
    for (const operation of builder.operations) {
      if (this.#isCheap(operation)) this.#definitions.set(operation.results[0], operation);
    }
  }

  get kept(): readonly Value[] {
    return [...this.#kept];
  }

  /** A backward block that reads `read` of the forward one, and then only what is kept of that. */
  standalone(backward: Block, read: readonly Value[]): Block {
    if (!this.#isMade) this.#make(read);
    const again = new Set<Operation>();
    for (const v of read)
      if (!this.#kept.has(v)) for (const operation of this.#recipeFor(v).operations) again.add(operation);
    if (again.size === 0) return backward;
    const cloner = new Cloner();
    const replacements = new Replacements();
    const copies: Operation[] = [];
    for (const operation of this.#builder.operations) {
      if (!again.has(operation)) continue;
      const copy = cloner.operation(operation);
      replacements.set(operation.results[0], copy.results[0]);
      copies.push(copy);
    }
    const { operations, results } = replacements.block(backward);
    return makeBlock(backward.arguments, copies.concat(operations), results);
  }

  /**
   * Keeps values that cannot be rematerialised; of the others, either the values themselves or the fewer they follow from.
   */
  #make(read: readonly Value[]): void {
    this.#isMade = true;
    const recipes = new Map<Value, Recipe>();
    for (const v of read) {
      const recipe = this.#recipe(v);
      if (recipe === null || recipe.from.includes(v)) this.#kept.add(v);
      else recipes.set(v, recipe);
    }
    const isMissing = (v: Value): boolean => !this.#kept.has(v) && !this.#kinds.free.has(v);
    const costly = [...recipes.values()].filter(({ from }) => from.some((v) => !this.#kinds.free.has(v)));
    const sources = new Set(costly.flatMap(({ from }) => from).filter(isMissing));
    if (sources.size < costly.length) for (const v of sources) this.#kept.add(v);
    for (const [v, { from }] of recipes) for (const w of from.some(isMissing) ? [v] : from) this.#kept.add(w);
  }

  #recipeFor(v: Value): Recipe {
    const recipe = this.#recipe(v);
    assert(
      recipe?.from.every((source) => this.#kept.has(source)),
      "a backward block reads what was not kept",
    );
    return recipe as Recipe;
  }

  #isCheap(operation: Operation): boolean {
    return operation.op.traits.constant || (this.#isRegion && isBrief(operation));
  }

  /** Null for what takes too long, or reads a tensor that a step of some loop makes: that would be kept whole. */
  #recipe(v: Value): Recipe | null {
    const from = new Set<Value>();
    const operations = new Set<Operation>();
    const open = [v];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (this.#kinds.stepwise.has(next)) return null;
      if (!this.#kinds.inside.has(next)) continue;
      const operation = this.#definitions.get(next);
      if (operation !== undefined) {
        operations.add(operation);
        if (operations.size > longestFree) return null;
        open.push(...operation.operands);
      } else from.add(next);
    }
    const isFree = [...from].every((source) => this.#kinds.free.has(source));
    const isShort = operations.size <= longest && [...operations].every(costsNoMoreThanReading);
    return isFree || isShort ? { from: [...from], operations: [...operations] } : null;
  }
}

function costsNoMoreThanReading({ op }: Operation): boolean {
  return op.traits.cheap || op.traits.constant || op.lowering?.kind === "element";
}
