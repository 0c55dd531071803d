// Vectorisation: an innermost loop whose steps go over neighbouring elements becomes a loop over vectors of them.
//
// Each lane computes what a step computed, by the same operations, so that every bit is kept. Steps may run side by side where
// memory that the loop writes to is read and written at the element of the step alone; different storage never overlaps. The
// steps that are left over run one by one, or where the target counts lanes, in a vector of which not all lanes are used. Of a
// loop that carries accumulators side by side, the accumulators become lanes, and so do numbers that are stored side by side.

import {
  addDims,
  type Block,
  BlockBuilder,
  type Dim,
  Effects,
  type Func,
  FuncScope,
  floorDim,
  indexDim,
  type Module,
  mapBodies,
  mapOperations,
  maxDims,
  minDims,
  mulDims,
  type Operation,
  Storages,
  sameDim,
  subDims,
  type Value,
  withBuilder,
  withOperations,
  withRegions,
} from "../../src/ir/index.ts";
import { dim, forLoop, forRegion } from "../../src/ops/index.ts";
import { definePass } from "../../src/rewrite/index.ts";
import { javascript, type Target } from "../../src/target/index.ts";
import { type CountedLoop, countedLoop, isOverIndices } from "./analyses/counted.ts";
import { LaneWriter } from "./vectorise/lanes.ts";
import { type LanePlan, lanePlanOf } from "./vectorise/plan.ts";
import { onVectors } from "./vectorise/straight.ts";
import { Lanes } from "./vectorise/superwords.ts";

const example = `func @main<N>(%x: memref<f32[N]>, %y: out memref<f32[N]>) {
  %two = constant 2 : f32
  for %i: index = 0 to N {
    %x_1 = load %x[%i] : f32
    %mul = mul %x_1, %two : f32
    store %mul, %y[%i]
  }
  return
}
`;

const name = "vectorise";

export const vectorise = definePass({
  name,
  summary: "Turns innermost loops over neighbouring elements into loops over vectors.",
  level: "loop",
  lowers: "vector",
  idempotent: true,
  small: vectorisePass({ ...javascript, vectorBits: 128 }),
  example,
  run: (module, { target = javascript }) => vectorised(module, target),
});

/**
 * The pass for another target.
 *
 * @__NO_SIDE_EFFECTS__
 */
function vectorisePass(target: Target) {
  return definePass({
    name,
    summary: "",
    level: "loop",
    lowers: "vector",
    idempotent: true,
    run: (module) => vectorised(module, target),
  });
}

function vectorised(module: Module, target: Target): Module {
  if (target.vectorBits === 0) return module;
  const effects = new Effects(module);
  return mapBodies(module, (body, func) => new Vectoriser(func, target, effects).block(body));
}

class Vectoriser {
  readonly #target: Target;
  readonly #scope: FuncScope;
  readonly #storages: Storages;
  readonly #effects: Effects;
  readonly #lanes = new Lanes();
  readonly #made = new WeakMap<readonly Operation[], ReadonlyMap<string, Value>>();

  constructor({ body, constraints }: Func, target: Target, effects: Effects) {
    this.#target = target;
    this.#scope = new FuncScope(constraints, () => null, false);
    this.#storages = new Storages(body);
    this.#effects = effects;
  }

  block(block: Block): Block {
    const inside = (region: Block): Block => this.block(region);
    const swept = mapOperations(block, (operation, k) => {
      if (operation.regions.length === 0) return operation;
      const loop = countedLoop(operation);
      const made = loop === null ? null : this.#onVectors(loop, block.operations[k - 1]);
      return made ?? withRegions(operation, operation.regions.map(inside));
    });
    const around = {
      target: this.#target,
      scope: this.#scope,
      storages: this.#storages,
      effects: this.#effects,
      lanes: this.#lanes,
      made: this.#made,
    };
    return withOperations(block, onVectors(swept, around));
  }

  /** What does the same as a loop, on vectors; null where nothing does. */
  #onVectors(loop: CountedLoop, before: Operation | undefined): readonly Operation[] | null {
    if (isRestOf(loop, before)) return null;
    const plan = lanePlanOf(loop, this.#storages, this.#target);
    return plan === null ? null : this.#loops(loop, plan);
  }

  /** The loop over vectors, what stands before it, and the loop over what is left. */
  #loops(loop: CountedLoop, plan: LanePlan): readonly Operation[] {
    const { lower, upper, operation } = loop;
    const before = new BlockBuilder(this.#scope);
    before.origin = operation.origin;
    const hasCounts = this.#target.countsLanes;
    const end = hasCounts ? upper : this.#wholeVectors(lower, upper, plan.lanes);
    const body = (index: Value): readonly Value[] => {
      const left = (): Value => dim(minDims(subDims(upper, indexDim(index)), plan.lanes), "index");
      new LaneWriter(loop, plan, {
        before,
        index,
        count: hasCounts && !this.#isWhole(loop, plan) ? left() : null,
      }).run();
      return [];
    };
    withBuilder(before, () => {
      const op = isOverIndices(operation) ? operation.op : undefined;
      forLoop(lower, end, plan.lanes, [], body, [loop.index?.name ?? null], op && (() => op));
      if (!sameDim(end, upper)) forRegion(end, upper, 1, [], loop.body, [], op);
    });
    return before.operations;
  }

  #isWhole({ lower, upper }: CountedLoop, { lanes }: LanePlan): boolean {
    const steps = subDims(upper, lower);
    return typeof steps === "number" && steps % lanes === 0;
  }

  /** The index behind the last whole vector. */
  #wholeVectors(lower: Dim, upper: Dim, lanes: number): Dim {
    const isForward = this.#scope.dims.assumptions.decide(upper, ">=", lower) === "proved";
    const steps = subDims(upper, lower);
    return addDims(lower, mulDims(lanes, floorDim(isForward ? steps : maxDims(steps, 0), lanes)));
  }
}

/** Whether a loop runs what a loop over vectors before it leaves. */
function isRestOf({ lower }: CountedLoop, before: Operation | undefined): boolean {
  const loop = before === undefined ? null : countedLoop(before);
  return loop !== null && loop.step > 1 && sameDim(loop.upper, lower);
}
