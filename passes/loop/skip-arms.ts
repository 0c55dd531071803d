// Long sides of choices run where some lane takes them alone: what few numbers need, as sines of large angles do, costs the
// others nothing but a test.
//
// A lane that takes the other side has whatever is computed for it, and ignores it.

import {
  Arms,
  type Block,
  BlockBuilder,
  currentBlock,
  FuncScope,
  type Module,
  mapBodies,
  type Operation,
  Replacements,
  withBuilder,
  withOperations,
  withRegions,
} from "../../src/ir/index.ts";
import { ifElse, not, reduceLanes, select, selectOp } from "../../src/ops/index.ts";
import { definePass } from "../../src/rewrite/index.ts";

/** From which numbers of operations on a branch pays. */
interface Figures {
  /** Of the side that runs in the branch: a test of lanes takes as long as a few operations. */
  readonly long: number;
  /** Of the other side: where that is at hand, the long one is what is wanted almost always. */
  readonly other: number;
}

function chooses({ op, operands: [mask] }: Operation): boolean {
  return op === selectOp && mask.type.kind === "vector";
}

const name = "skip-arms";

export const skipArms = definePass({
  name,
  summary: "Computes the long side of a choice only where some lane of a vector takes it.",
  level: "vector",
  small: definePass({ name, summary: "", level: "vector", run: skipping({ long: 2, other: 1 }) }),
  example: `func @main(%x: memref<f32[4]>, %y: out memref<f32[4]>) {
  %v = load_lanes %x[0] : vector<4xf32>
  %one = constant 1 : vector<4xf32>
  %isLarge = compare %v, %one, direction = gt : vector<4xbool>
  %square = mul %v, %v : vector<4xf32>
  %cube = mul %square, %v : vector<4xf32>
  %half = div %v, %one : vector<4xf32>
  %r = select %isLarge, %cube, %half : vector<4xf32>
  store_lanes %r, %y[0]
  return
}
`,
  run: skipping({ long: 24, other: 4 }),
});

/** @__NO_SIDE_EFFECTS__ */
function skipping(figures: Figures): (module: Module) => Module {
  return (module) =>
    mapBodies(module, (body, { constraints }) =>
      new Skipping(new FuncScope(constraints, () => null, false), figures).body(body),
    );
}

class Skipping {
  readonly #scope: FuncScope;
  readonly #figures: Figures;
  readonly #replaced = new Replacements();

  constructor(scope: FuncScope, figures: Figures) {
    this.#scope = scope;
    this.#figures = figures;
  }

  body(body: Block): Block {
    return this.#replaced.block(this.#block(body));
  }

  #block(block: Block): Block {
    const operations = block.operations.map((operation) =>
      operation.regions.length === 0
        ? operation
        : withRegions(
            operation,
            operation.regions.map((region) => this.#block(region)),
          ),
    );
    const given = withOperations(block, operations);
    if (!operations.some(chooses)) return given;
    const arms = new Arms(operations, given.results, { least: this.#figures.other, chooses });
    if (arms.outside.length === operations.length) return given;
    const builder = new BlockBuilder(this.#scope);
    withBuilder(builder, () => this.#write(arms, arms.outside));
    return withOperations(given, builder.operations);
  }

  /** Writes operations, and what stands in their arms. */
  #write(arms: Arms, operations: readonly Operation[], within?: string): void {
    for (const operation of operations) {
      const builder = currentBlock();
      builder.origin = operation.origin;
      const sides = chooses(operation) ? [1, 2].map((operand) => arms.inside(operation, operand, within)) : [];
      const [short, long] = sides.toSorted((a, b) => a.operations.length - b.operations.length);
      const pays = sides.length > 0 && short.operations.length > 0 && long.operations.length >= this.#figures.long;
      for (const side of pays ? [short] : sides) this.#write(arms, side.operations, side.key);
      if (!pays) {
        builder.append(operation);
        continue;
      }
      const [mask, a, b] = operation.operands;
      const isFirst = long === sides[0];
      const [result] = ifElse(
        reduceLanes(isFirst ? mask : not(mask), "or"),
        () => {
          this.#write(arms, long.operations, long.key);
          return [select(mask, a, b)];
        },
        () => [isFirst ? b : a],
        [operation.results[0].name],
      );
      this.#replaced.set(operation.results[0], result);
    }
  }
}
