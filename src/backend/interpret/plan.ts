// Lifetimes: where each value of a function is used last, so that the interpreter can release it.

import { type Block, type Value, ValueMap } from "../../ir/index.ts";

/** The values that die after operation i, and at the end of the block. */
export interface BlockPlan {
  readonly after: readonly (readonly Value[] | undefined)[];
  readonly atEnd: readonly Value[];
}

interface Position {
  readonly block: Block;
  index: number;
}

/** The plans of a function's body and all its regions, in one walk. */
export function planLifetimes(body: Block): ReadonlyMap<Block, BlockPlan> {
  return new LifetimePlanner().plan(body);
}

class LifetimePlanner {
  /** The nesting depth of the block that defines each value. */
  readonly #depths = new ValueMap<number>();
  readonly #lastUse = new ValueMap<number>();
  readonly #path: Position[] = [];
  readonly #plans = new Map<Block, BlockPlan>();

  plan(body: Block): ReadonlyMap<Block, BlockPlan> {
    this.#block(body);
    return this.#plans;
  }

  #block(block: Block): void {
    const depth = this.#path.length;
    const position: Position = { block, index: 0 };
    this.#path.push(position);
    const own: Value[] = [];
    const define = (value: Value): void => {
      this.#depths.set(value, depth);
      this.#lastUse.set(value, position.index);
      own.push(value);
    };
    for (const argument of block.arguments) define(argument);
    for (const [i, operation] of block.operations.entries()) {
      position.index = i;
      for (const v of operation.operands) this.#use(v);
      for (const region of operation.regions) this.#block(region);
      for (const v of operation.results) define(v);
    }
    position.index = block.operations.length;
    for (const v of block.results) this.#use(v);
    this.#path.pop();
    this.#plans.set(block, this.#collect(block, own));
  }

  /** A use inside a region is a use at the region's operation in the block that defines the value. */
  #use(value: Value): void {
    const depth = this.#depths.get(value);
    if (depth !== undefined) this.#lastUse.set(value, this.#path[depth].index);
  }

  #collect(block: Block, own: readonly Value[]): BlockPlan {
    const after: (Value[] | undefined)[] = new Array(block.operations.length);
    const atEnd: Value[] = [];
    for (const value of own) {
      const last = this.#lastUse.get(value) ?? 0;
      if (last >= block.operations.length) atEnd.push(value);
      else (after[last] ??= []).push(value);
      this.#depths.delete(value);
      this.#lastUse.delete(value);
    }
    return { after, atEnd };
  }
}
