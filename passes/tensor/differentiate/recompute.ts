// Chooses the residuals of a block: which values its backward block reads from the forward one (they are kept), and
// which it rematerialises. Constants are rematerialised; in regions, so are scalars that follow cheaply from
// fewer other values, because a loop keeps each residual once for each of its iterations.

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

/**
 * The most operations of a recipe. One that needs kept values is held to `longest`, and to operations that cost no more
 * than reading a residual; one that needs none may have `longestFree`.
 */
const longest = 8;
const longestFree = 32;

/** How a value is rematerialised: from which values of the forward block, by which operations. */
interface Recipe {
  readonly from: readonly Value[];
  readonly operations: readonly Operation[];
}

/** What a plan has to know of the values of the forward function. */
interface ValueKinds {
  /** The values that the forward block defines. */
  readonly inside: ValueSet;
  /** The tensors and lists that regions of the forward function define: each iteration makes another one. */
  readonly stepwise: ValueSet;
  /** Values that cost nothing to keep: induction variables, which follow from the iteration number. */
  readonly free: ReadonlySet<Value>;
}

/** The residuals of one forward block; all of its backward blocks share them. */
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

  /** The backward block, which reads `read` of the forward one, made to read residuals and rematerialise the rest. */
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
   * Keeps the values that cannot be rematerialised. Of the others it keeps either the values themselves, or the values
   * that they follow from where these are fewer.
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

  /** Null where the recipe is too long, or reads a tensor or list of a region, which would have to be kept whole. */
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
