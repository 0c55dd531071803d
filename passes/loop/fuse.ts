// Fusion: tensors that one nest of loops computes come to stand in one operation, so that those which only the nest reads
// never exist as a whole.
//
// A group stands where its root stood. What is free to compute again (a splat, a move of tensors in memory) is cloned into
// every group that reads it; it stays, before its first reader, where an operation or a result needs it in memory.

import {
  type Block,
  type Func,
  FuncScope,
  freeValues,
  makeBlock,
  makeOperation,
  mapBodies,
  type Operation,
  Replacements,
  type Value,
  ValueMap,
  ValueSet,
  withOperands,
  withOperations,
  withRegions,
} from "../../src/ir/index.ts";
import { fusedOp } from "../../src/ops/index.ts";
import { copyOf, definePass } from "../../src/rewrite/index.ts";
import { type FusionFigures, javascript, type Target } from "../../src/target/index.ts";
import { isLowered, isLoweredBlock, requireRanked } from "./analyses/lowered.ts";
import { isMoveInto } from "./analyses/overwrites.ts";
import { isGroup } from "./analyses/sites.ts";
import { FusionPlan } from "./fuse/plan.ts";

export const fuse = definePass({
  name: "fuse",
  summary: "Groups the tensors that one nest of loops computes.",
  level: "fused",
  lowers: "fused",
  example: `func @main<N>(%x: f32[N, 3], %y: f32[3]) -> f32[N, 3] {
  %rows = broadcast %y, axes = [1] : f32[N, 3]
  %sum = add %x, %rows : f32[N, 3]
  %exp = exp %sum : f32[N, 3]
  return %exp
}
`,
  run(module, { target = javascript }) {
    module.funcs.forEach(requireRanked);
    return mapBodies(module, (body, func) => (isLoweredBlock(body) ? body : fusedBody(func, target)));
  },
});

function fusedBody({ body, constraints }: Func, { fusion }: Target): Block {
  return new BlockFusion(body, { scope: new FuncScope(constraints), limits: fusion }).run();
}

/** What the blocks of a function share. */
interface Shared {
  readonly scope: FuncScope;
  readonly limits: FusionFigures;
}

/** What of a block one nest computes: the root, stored last, and in order of definition what is computed beside it. */
interface Group {
  readonly root: Operation;
  readonly members: readonly Operation[];
  readonly stored: readonly Value[];
}

class BlockFusion {
  readonly #block: Block;
  readonly #shared: Shared;
  readonly #outer: BlockFusion | null;
  readonly #plan: FusionPlan;
  /** What groups give in place of what they were made of, in the whole function. */
  readonly #replaced: Replacements;
  readonly #operations: Operation[] = [];
  /** The operations that are free to compute again, by what they give. */
  readonly #free = new ValueMap<Operation>();
  /** Those of them that are in memory. */
  readonly #kept = new ValueSet();
  /** What the block gave already. */
  readonly #gave = new ValueSet();

  constructor(block: Block, shared: Shared, outer: BlockFusion | null = null) {
    this.#block = block;
    this.#shared = shared;
    this.#outer = outer;
    this.#plan = new FusionPlan(block, shared.limits);
    this.#replaced = outer === null ? new Replacements() : outer.#replaced;
  }

  run(): Block {
    for (const operation of this.#block.operations) this.#operation(operation);
    const results = this.#block.results.map((v) => this.#given(v));
    return withOperations(this.#block, this.#operations, results);
  }

  #operation(operation: Operation): void {
    const decision = this.#plan.of(operation);
    if (isMoveInto(operation)) this.#move(operation);
    else if (decision === undefined) this.#keep(operation);
    else if (decision.kind === "free") this.#free.set(operation.results[0], operation);
    else if (decision.kind === "root") {
      const { members, alsoStored } = decision.site.root;
      const stored = alsoStored.map((o) => o.results[0]).reverse();
      this.#group({ root: operation, members: members.toReversed(), stored });
    }
  }

  /** A tensor is brought to memory as the block gives its results. */
  #move(operation: Operation): void {
    const operands = operation.operands.map((v) => this.#given(v));
    this.#operations.push(withOperands(operation, operands));
  }

  /** An operation that no nest computes element by element: it reads memory. */
  #keep(operation: Operation): void {
    const { operands, regions } = operation;
    for (const v of operands) this.demand(v);
    if (isGroup(operation)) for (const v of freeValues(...regions)) this.demand(v);
    if (isGroup(operation) || isLowered(operation)) this.#operations.push(this.#replaced.operation(operation));
    else {
      const fused = regions.map((region) => new BlockFusion(region, this.#shared, this).run());
      this.#operations.push(withRegions(withOperands(operation, this.#replaced.all(operands)), fused));
    }
  }

  /** What the block gives, or brings to memory. What is free is computed for each, here even where it is free around the block. */
  #given(v: Value): Value {
    const free = this.freeAt(v);
    const isFirst = !this.#gave.has(v);
    this.#gave.add(v);
    if (free === undefined || (isFirst && this.#free.has(v))) {
      this.demand(v);
      return this.#replaced.get(v);
    }
    const copy = copyOf(free);
    this.#group({ root: copy, members: [], stored: [] });
    return this.#replaced.get(copy.results[0]);
  }

  /** The operation that computes a value, where it is free to be computed again here or in a region. */
  freeAt(v: Value): Operation | undefined {
    return this.#free.get(v) ?? this.#outer?.freeAt(v);
  }

  /** Sees to it that a value is in memory. */
  demand(v: Value): void {
    const operation = this.#free.get(v);
    if (operation === undefined) this.#outer?.demand(v);
    else if (!this.#kept.has(v)) {
      this.#kept.add(v);
      this.#group({ root: operation, members: [], stored: [] });
    }
  }

  /** Appends a group: one operation alone as it is, several in a region. */
  #group({ root, members, stored }: Group): void {
    const operations: Operation[] = [];
    const own = new ValueSet([...members, root].flatMap((o) => o.results));
    const clones = new ValueMap<Value>();
    const read = (by: Operation, operand: number): Value => {
      const v = by.operands[operand];
      if (own.has(v)) return v;
      const known = clones.get(v);
      if (known !== undefined) return known;
      const free = this.freeAt(v);
      if (free === undefined) return this.#replaced.get(v);
      if (this.#plan.readsMemory(by, operand)) {
        this.demand(v);
        return this.#replaced.get(v);
      }
      const clone = copyOf(append(free));
      operations[operations.length - 1] = clone;
      clones.set(v, clone.results[0]);
      return clone.results[0];
    };
    const append = (operation: Operation): Operation => {
      const operands = operation.operands.map((_, k) => read(operation, k));
      const renamed = withOperands(operation, operands);
      operations.push(renamed);
      return renamed;
    };
    for (const operation of members) append(operation);
    append(root);
    if (operations.length === 1) {
      this.#operations.push(operations[0]);
      return;
    }
    const yielded = [...stored, root.results[0]];
    const names = yielded.map((v) => v.name);
    const regions = [makeBlock([], operations, yielded)];
    const fused = makeOperation(fusedOp, [], { regions, names }, this.#shared.scope, root.origin);
    for (const [i, v] of yielded.entries()) this.#replaced.set(v, fused.results[i]);
    this.#operations.push(fused);
  }
}
