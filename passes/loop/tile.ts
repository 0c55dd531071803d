// Tiling: contractions become loops over packed operands, in tiles that keep several sums at once; thin ones go row by row,
// and small ones element by element. Each sum takes its products in the order that the contraction says, so bits are kept.

import {
  type Block,
  BlockBuilder,
  type Func,
  FuncScope,
  holdsOp,
  isOf,
  mapBodies,
  mapOperations,
  type Operation,
  withBuilder,
  withRegions,
} from "../../src/ir/index.ts";
import { alloc, type ContractAttributes, contractOp } from "../../src/ops/index.ts";
import { definePass } from "../../src/rewrite/index.ts";
import { javascript, type Target } from "../../src/target/index.ts";
import { contractionKind } from "./analyses/contraction-kind.ts";
import { type Contraction, contractionOf, flipped } from "./tile/contraction.ts";
import type { Scratch, TilingContext } from "./tile/sums.ts";
import { lowerPlain, lowerThin } from "./tile/thin.ts";
import { lowerTiles } from "./tile/tiles.ts";

export const tile = definePass({
  name: "tile",
  summary: "Turns contractions into loops: tiles over packed operands, or what suits thin and small ones.",
  level: "loop",
  idempotent: true,
  example: `func @main(%x: memref<f64[2, 2]>, %y: memref<f64[2, 2]>, %z: out memref<f64[2, 2]>) {
  contract rows = [2], columns = [2], depth = [2] left(%i: index, %k: index) {
    %x_ik = load %x[%i, %k] : f64
    yield %x_ik
  } right(%j: index, %k_1: index) {
    %y_kj = load %y[%k_1, %j] : f64
    yield %y_kj
  } result(%i_1: index, %j_1: index, %sum: f64) {
    store %sum, %z[%i_1, %j_1]
  }
  return
}
`,
  run: (module, { target = javascript }) =>
    mapBodies(module, (body, func) => (holdsContraction(body) ? tiledBody(func, target) : body)),
});

function holdsContraction(block: Block): boolean {
  return holdsOp(block, (op) => op === contractOp);
}

/** Scratch memory is allocated in the function's own block, in front of what needs it. */
function tiledBody({ body, constraints }: Func, { contraction }: Target): Block {
  const scope = new FuncScope(constraints);
  return mapOperations(body, (operation) => {
    const memory = new BlockBuilder(scope);
    memory.origin = operation.origin;
    const scratch: Scratch = (type, name) => withBuilder(memory, () => alloc(type, name, "any"));
    const done = tiled(operation, scope, { scratch, figures: contraction });
    return memory.operations.length === 0 ? done : memory.operations.concat(done);
  });
}

function tiled(operation: Operation, scope: FuncScope, cx: TilingContext): Operation | readonly Operation[] {
  if (isOf(contractOp, operation)) return loopsOf(operation, scope, cx);
  const region = (block: Block): Block => {
    if (!holdsContraction(block)) return block;
    return mapOperations(block, (o) => tiled(o, scope, cx));
  };
  return withRegions(operation, operation.regions.map(region));
}

function loopsOf(operation: Operation<ContractAttributes>, scope: FuncScope, cx: TilingContext): readonly Operation[] {
  const builder = new BlockBuilder(scope);
  builder.origin = operation.origin;
  withBuilder(builder, () => lower(contractionOf(operation), cx));
  return builder.operations;
}

function lower(c: Contraction, cx: TilingContext): void {
  const kind = contractionKind({ ...c, slides: c.slides || c.padding !== null }, cx.figures);
  if (kind === "tiles") lowerTiles(c, cx);
  else if (kind === "thin rows") lowerThin(flipped(c), cx);
  else if (kind === "thin columns") lowerThin(c, cx);
  else lowerPlain(c);
}
