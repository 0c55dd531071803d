// Loops that engines have functions for: filling memory, and copying all of it.

import {
  type Access,
  accessOf,
  addDims,
  type Block,
  BlockBuilder,
  type Dim,
  elementDType,
  type Func,
  FuncScope,
  groupOf,
  indexDim,
  mapBodies,
  mapOperations,
  type Operation,
  positionOf,
  productOf,
  sameDim,
  substituteIndices,
  type Value,
  withBuilder,
  withRegions,
} from "../../src/ir/index.ts";
import { copy, fill, flatView } from "../../src/ops/index.ts";
import { definePass } from "../../src/rewrite/index.ts";
import { javascript } from "../../src/target/index.ts";
import { type CountedLoop, countedLoop } from "./analyses/counted.ts";

export const bulk = definePass({
  name: "bulk",
  summary: "Turns loops that write one number to memory, or copy all of it, into fill and copy.",
  level: "loop",
  idempotent: true,
  example: `func @main<N>(%x: memref<f64[N]>, %y: inout memref<f64[N]>, %z: inout memref<f64[N, 4]>) {
  %one = constant 1 : f64
  for %i: index = 0 to N {
    %x_i = load %x[%i] : f64
    store %x_i, %y[%i]
  }
  for %j: index = 0 to N {
    store %one, %z[%j, 2]
    for %k: index = 0 to 4 {
      store %one, %z[%j, %k]
    }
  }
  return
}
`,
  run: (module, { target = javascript }) =>
    mapBodies(module, (body, func) => new Sweep(func, target.shortFill).block(body)),
});

class Sweep {
  readonly #func: Func;
  readonly #short: number;
  #made: FuncScope | null = null;

  constructor(func: Func, short: number) {
    this.#func = func;
    this.#short = short;
  }

  get #scope(): FuncScope {
    this.#made ??= new FuncScope(this.#func.constraints, () => null, false);
    return this.#made;
  }

  block(block: Block): Block {
    return mapOperations(block, (operation) => {
      if (operation.regions.length === 0) return operation;
      const inside = (r: Block): Block => this.block(r);
      return this.#replaced(operation) ?? withRegions(operation, operation.regions.map(inside));
    });
  }

  /** What does the same as a loop at once; null where nothing does. */
  #replaced(operation: Operation): readonly Operation[] | null {
    const loop = countedLoop(operation);
    if (loop === null || loop.index === null || loop.carry.length > 0 || loop.step !== 1) return null;
    const { index, lower, upper, body } = loop;
    if (typeof lower === "number" && typeof upper === "number" && upper - lower <= this.#short) return null;
    const { operations } = body;
    // constants have no index, and stand in front as well
    const constants = operations.filter(({ op }) => op.traits.constant);
    const [first, second, ...more] = operations.filter(({ op }) => !op.traits.constant);
    if (first === undefined || more.length > 0) return null;
    const done = second === undefined ? this.#fill(loop, index, first) : this.#copy(loop, index, first, second);
    return done === null ? null : [...constants, ...done];
  }

  #fill(loop: CountedLoop, index: Value, operation: Operation): readonly Operation[] | null {
    const { lower, upper } = loop;
    const access = accessOf(operation);
    const start = access?.isWritten === true ? startOf(access, operation, index) : null;
    const [value] = operation.operands;
    if (access === null || start === null || value === index || elementDType(value.type) === "bool") return null;
    return this.#built(loop, () => {
      fill(value, flatView(access.memory), addDims(start, lower), addDims(start, upper));
    });
  }

  /** Of whole memory alone: engines copy a part through a view, which costs more than many elements. */
  #copy(loop: CountedLoop, index: Value, from: Operation, to: Operation): readonly Operation[] | null {
    const { lower, upper } = loop;
    const [read, written] = [accessOf(from), accessOf(to)];
    if (lower !== 0 || read?.isWritten !== false || written?.isWritten !== true) return null;
    if (groupOf(to, "value")[0] !== from.results[0]) return null;
    if (startOf(read, from, index) !== 0 || startOf(written, to, index) !== 0) return null;
    const dtype = elementDType(read.memory.type);
    if (dtype !== elementDType(written.memory.type) || dtype === "bool") return null;
    const size = productOf(read.shape);
    if (!sameDim(size, upper) || !this.#isAtLeast(productOf(written.shape), size)) return null;
    return this.#built(loop, () => copy(read.memory, written.memory));
  }

  #isAtLeast(most: Dim, size: Dim): boolean {
    return sameDim(most, size) || this.#scope.dims.assumptions.decide(most, ">=", size) === "proved";
  }

  #built({ operation }: CountedLoop, build: () => void): readonly Operation[] {
    const builder = new BlockBuilder(this.#scope);
    builder.origin = operation.origin;
    withBuilder(builder, build);
    return builder.operations;
  }
}

/** The position in memory at index 0, where the loop goes on element by element; else null. */
function startOf(access: Access, operation: Operation, index: Value): Dim | null {
  const position = positionOf(access, operation);
  const start = substituteIndices(position, (v) => (v === index ? 0 : undefined));
  return sameDim(position, addDims(start, indexDim(index))) ? start : null;
}
