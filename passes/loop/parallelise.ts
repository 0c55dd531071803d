// Loops in any order become as many chunks as a target has threads: each chunk is a range of the loop, in ascending order.
//
// The outermost such loop alone: what stands in it runs in one thread. Iterations have what they write to themselves, so which
// of them run one after another changes no bit.

import {
  addDims,
  type Block,
  BlockBuilder,
  type Func,
  FuncScope,
  floorDim,
  indexDim,
  indicesOf,
  type Module,
  mapBodies,
  minDims,
  mulDims,
  type Operation,
  subDims,
  withBuilder,
  withOperations,
  withRegions,
} from "../../src/ir/index.ts";
import { forLoop, forRegion, parallelOp } from "../../src/ops/index.ts";
import { definePass } from "../../src/rewrite/index.ts";
import { javascript } from "../../src/target/index.ts";
import { countedLoop } from "./analyses/counted.ts";

const name = "parallelise";

export const parallelise = definePass({
  name,
  summary: "Cuts the outermost loops in any order into a chunk for each thread.",
  level: "vector",
  idempotent: true,
  small: parallelisePass(3),
  example: `func @main<N>(%x: memref<f64[N]>, %y: inout memref<f64[N]>) {
  parallel %i: index = 0 to N {
    %x_i = load %x[%i] : f64
    %double = add %x_i, %x_i : f64
    store %double, %y[%i]
  }
  return
}
`,
  run: (module, { target = javascript }) => chunked(module, target.threads),
});

/**
 * The pass for so many threads.
 *
 * @__NO_SIDE_EFFECTS__
 */
function parallelisePass(threads: number) {
  return definePass({
    name,
    summary: "",
    level: "vector",
    idempotent: true,
    run: (module) => chunked(module, threads),
  });
}

function chunked(module: Module, threads: number): Module {
  return threads === 1 ? module : mapBodies(module, (body, func) => new Chunks(func, threads).block(body));
}

class Chunks {
  readonly #func: Func;
  readonly #threads: number;

  constructor(func: Func, threads: number) {
    this.#func = func;
    this.#threads = threads;
  }

  block(block: Block): Block {
    return withOperations(
      block,
      block.operations.map((operation) => {
        if (operation.op.loop?.anyOrder === true) return this.#chunked(operation);
        if (operation.regions.length === 0) return operation;
        return withRegions(
          operation,
          operation.regions.map((region) => this.block(region)),
        );
      }),
    );
  }

  /** A loop of no more steps than threads is as it should be, and so is one whose chunks would not have affine bounds. */
  #chunked(operation: Operation): Operation {
    const loop = countedLoop(operation);
    if (loop === null) return operation;
    const { lower, upper, step, body } = loop;
    const steps = floorDim(addDims(subDims(upper, lower), step - 1), step);
    if (typeof steps === "number" ? steps <= this.#threads : indicesOf([steps]).size > 0) return operation;
    const each = floorDim(addDims(steps, this.#threads - 1), this.#threads);
    const length = mulDims(each, step);
    // a few steps are fewer chunks
    const count = typeof steps === "number" ? Math.ceil(steps / Number(each)) : this.#threads;
    const builder = new BlockBuilder(new FuncScope(this.#func.constraints, () => null, false));
    builder.origin = operation.origin;
    const chunk = (index: Parameters<typeof indexDim>[0]): readonly [] => {
      const from = addDims(lower, mulDims(indexDim(index), length));
      forRegion(from, minDims(upper, addDims(from, length)), step, [], body);
      return [];
    };
    withBuilder(builder, () => forLoop(0, count, 1, [], chunk, ["chunk"], () => parallelOp));
    return builder.operations[0];
  }
}
