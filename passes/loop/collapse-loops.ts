// Loop collapsing: a perfect nest that walks all of its memory in row-major order becomes one loop over a flat view of it.

import {
  accessOf,
  addDims,
  type Block,
  BlockBuilder,
  type Dim,
  FuncScope,
  indexDim,
  mapBodies,
  mapOperations,
  mulDims,
  type Operation,
  positionOf,
  productOf,
  sameDim,
  substituteIndices,
  type Value,
  ValueMap,
  ValueSet,
  withAccess,
  withBuilder,
  withParts,
  withRegions,
} from "../../src/ir/index.ts";
import { flatView } from "../../src/ops/index.ts";
import { definePass } from "../../src/rewrite/index.ts";
import { isOverIndices } from "./analyses/counted.ts";

export const collapseLoops = definePass({
  name: "collapse-loops",
  summary: "Turns perfect nests that walk all of their memory in order into one loop.",
  level: "loop",
  idempotent: true,
  example: `func @double<N>(%x: memref<f64[N, 3]>, %y: inout memref<f64[N, 3]>) {
  for %i: index = 0 to N {
    for %j: index = 0 to 3 {
      %x_1 = load %x[%i, %j] : f64
      %sum = add %x_1, %x_1 : f64
      store %sum, %y[%i, %j]
    }
  }
  return
}
`,
  run: (module) =>
    mapBodies(module, (body, func) => {
      const scope = new FuncScope(func.constraints, () => null, false);
      return collapsedIn(body, scope);
    }),
});

function collapsedIn(block: Block, scope: FuncScope): Block {
  const inside = (operation: Operation): Operation =>
    withRegions(
      operation,
      operation.regions.map((region) => collapsedIn(region, scope)),
    );
  return mapOperations(block, (operation) => {
    if (operation.regions.length === 0) return operation;
    const nest = nestOf(operation);
    return nest === null ? inside(operation) : collapsed(nest, scope).map(inside);
  });
}

/** A perfect nest of loops whose loads and stores are all at the row-major position, or at one that no iteration changes. */
interface Nest {
  readonly outermost: Operation;
  readonly body: Block;
  /** The indices of all loops, the innermost last. */
  readonly indices: readonly Value[];
  readonly upper: Dim;
}

function nestOf(operation: Operation): Nest | null {
  const bodies: Block[] = [];
  const uppers: Dim[] = [];
  for (let next: Operation | null = operation; next !== null; next = onlyOperation(next.regions[0])) {
    if (next.op !== operation.op || !isOverIndices(next) || next.operands.length > 0) break;
    const { lower, upper, step } = next.attributes;
    if (lower !== 0 || step !== 1) break;
    bodies.push(next.regions[0]);
    uppers.push(upper);
  }
  // the loops inside may walk other memory, or nothing: then those around them are a nest without these
  for (let count = bodies.length; count > 1; count--) {
    const indices = bodies.slice(0, count).map((body) => body.arguments[0]);
    const position = indices.reduce<Dim>((d, index, k) => addDims(mulDims(d, uppers[k]), indexDim(index)), 0);
    const body = bodies[count - 1];
    const isInOrder = (p: Dim): boolean => sameDim(substituted(flat(p, indices), indices.slice(-1), position), p);
    if (walksInOrder(body, new Set(indices), isInOrder))
      return { outermost: operation, body, indices, upper: productOf(uppers.slice(0, count)) };
  }
  return null;
}

function onlyOperation({ operations }: Block): Operation | null {
  return operations.length === 1 ? operations[0] : null;
}

/** Whether every load and store is at a row-major position, and no index has another use. */
function walksInOrder(
  block: Block,
  indices: ReadonlySet<Value>,
  isInOrder: (position: Dim) => boolean,
  inside = new ValueSet(),
): boolean {
  for (const v of block.arguments) inside.add(v);
  return block.operations.every((operation) => {
    const { operands, regions, results } = operation;
    for (const v of results) inside.add(v);
    const isIndexed = operands.some((v) => indices.has(v));
    const access = accessOf(operation);
    // views stand in front of the nest, where memory of its own is not known
    if (access !== null) return !(isIndexed && inside.has(access.memory)) && isInOrder(positionOf(access, operation));
    return !isIndexed && regions.every((r) => walksInOrder(r, indices, isInOrder, inside));
  });
}

/** A position in the nest, where the innermost index runs over all elements and the others are 0. */
function flat(position: Dim, indices: readonly Value[]): Dim {
  return substituted(position, indices.slice(0, -1), 0);
}

function substituted(d: Dim, indices: readonly Value[], by: Dim): Dim {
  return substituteIndices(d, (v) => (indices.includes(v) ? by : undefined));
}

/** Flat views of the memory that the nest walks, and one loop over them. */
function collapsed({ outermost, body, indices, upper }: Nest, scope: FuncScope): readonly Operation[] {
  const views = new BlockBuilder(scope);
  views.origin = outermost.origin;
  const known = new ValueMap<Value>();
  const viewOf = (memory: Value): Value => {
    const made = known.get(memory) ?? withBuilder(views, () => flatView(memory));
    known.set(memory, made);
    return made;
  };
  const inside = (block: Block): Block =>
    mapOperations(block, (operation) => {
      const access = accessOf(operation);
      if (access === null) return withRegions(operation, operation.regions.map(inside));
      // along an axis without elements an index is no term of the position
      if (!operation.operands.some((v) => indices.includes(v))) return operation;
      return withAccess(operation, viewOf(access.memory), [flat(positionOf(access, operation), indices)]);
    });
  const region = inside(body);
  return [...views.operations, withParts(outermost, { attributes: { lower: 0, upper, step: 1 }, regions: [region] })];
}
