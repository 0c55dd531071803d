// Which memory bounds an index: engines check every read, so that reading the element is the check of the subscript.

import {
  type Access,
  accessOf,
  type Block,
  type Dim,
  indexDim,
  isOf,
  mapBodies,
  type Operation,
  positionOf,
  sameDim,
  type Value,
  ValueMap,
  walk,
  withOperations,
  withParts,
  withRegions,
} from "../../src/ir/index.ts";
import { subscriptOp } from "../../src/ops/index.ts";
import { definePass } from "../../src/rewrite/index.ts";

export const checkBounds = definePass({
  name: "check-bounds",
  summary: "Gives subscripts the memory that is read or written there, whose own bounds are their check.",
  level: "loop",
  idempotent: true,
  example: `func @element<N>(%x: memref<f64[N]>, %i: i32) -> f64 {
  %at = subscript %i, of = "element", axis = 0, extent = N : index
  %x_i = load %x[%at] : f64
  return %x_i
}
`,
  run: (module) =>
    mapBodies(module, (body) => {
      const bounds = new Bounds(body);
      return bounds.isEmpty ? body : bounds.block(body);
    }),
});

/** The memory of each subscript: of one axis, with the subscript's extent, made before it, and the first that is indexed. */
class Bounds {
  /** The subscripts that memory may bound, with their numbers, in order, and their extents. */
  readonly #subscripts = new ValueMap<{ readonly number: number; readonly extent: Dim }>();
  /** How many of these stand before memory that is made behind the first. */
  readonly #before = new ValueMap<number>();
  readonly #memory = new ValueMap<Value>();

  constructor(body: Block) {
    walk(body, (operation) => this.#enter(operation));
  }

  get isEmpty(): boolean {
    return this.#memory.size === 0;
  }

  #enter(operation: Operation): void {
    const { size } = this.#subscripts;
    if (isOf(subscriptOp, operation)) {
      const { mode, size: elements, extent } = operation.attributes;
      const isOpen = mode === "fail" && elements === 1 && operation.segments[1] === 0;
      if (isOpen) this.#subscripts.set(operation.results[0], { number: size, extent });
      return;
    }
    if (size === 0) return;
    const access = accessOf(operation);
    if (access !== null) {
      this.#index(operation, access);
      return;
    }
    this.#made(operation.results);
    for (const region of operation.regions) this.#made(region.arguments);
  }

  #made(values: readonly Value[]): void {
    for (const v of values) if (v.type.kind === "memref") this.#before.set(v, this.#subscripts.size);
  }

  #index(operation: Operation, access: Access): void {
    const { memory, shape } = access;
    if (shape.length !== 1) return;
    const position = positionOf(access, operation);
    const index = operation.operands.find((v) => this.#subscripts.has(v) && sameDim(position, indexDim(v)));
    const subscript = index === undefined ? undefined : this.#subscripts.get(index);
    if (index === undefined || subscript === undefined || this.#memory.has(index)) return;
    const { number, extent } = subscript;
    const isBefore = (this.#before.get(memory) ?? 0) <= number;
    if (isBefore && sameDim(extent, shape[0])) this.#memory.set(index, memory);
  }

  /** The block with the memory of its subscripts. */
  block(block: Block): Block {
    return withOperations(
      block,
      block.operations.map((operation) => {
        const { operands, regions, results, segments } = operation;
        if (regions.length > 0)
          return withRegions(
            operation,
            regions.map((r) => this.block(r)),
          );
        const memory = results.length === 1 ? this.#memory.get(results[0]) : undefined;
        if (memory === undefined) return operation;
        return withParts(operation, { operands: [...operands, memory], segments: [segments[0], 1] });
      }),
    );
  }
}
