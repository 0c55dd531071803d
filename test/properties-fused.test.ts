// What holds of fused operations whatever stands in them: groups that no plan would make are lowered to the same bits.

import fc from "fast-check";
import { expect, it } from "vitest";
import { inline, lowerToLoops, placeResults, planInPlace } from "../passes/index.ts";
import {
  type Block,
  FuncScope,
  freeValues,
  isScalar,
  type Module,
  makeBlock,
  makeOperation,
  mapBodies,
  type Operation,
  Replacements,
  shapeOf,
  type Value,
  withOperands,
  withOperations,
  withRegions,
} from "../src/ir/index.ts";
import {
  convOp,
  dotOp,
  dynamicUpdateSliceOp,
  fusedOp,
  gatherOp,
  isFusible,
  reduceOp,
  scatterOp,
} from "../src/ops/index.ts";
import { definePass } from "../src/rewrite/index.ts";
import { checkPass } from "../src/testing/index.ts";
import { everyWay, f64, i32 } from "./backends.ts";
import { runs } from "./support/runs.ts";

/** Neighbours of a block in one group, where one nest can compute what of them is read elsewhere; null where not. */
function groupOf(operations: readonly Operation[], isReadLater: (v: Value) => boolean): Operation | null {
  const given = operations.flatMap((o) => o.results);
  const yielded = given.filter(isReadLater);
  const isUpdate = ({ op }: Operation): boolean => op.lowering?.kind === "update";
  const isOne = yielded.length === 1 && yielded[0] === given[given.length - 1];
  if (yielded.length === 0 || !operations.every(isFusible)) return null;
  if (operations.some((o) => (isUpdate(o) || isScalar(o.results[0].type)) && !(isOne && o.results[0] === yielded[0])))
    return null;
  if (new Set(yielded.map((v) => shapeOf(v).join())).size > 1) return null;
  const names = yielded.map((v) => v.name);
  const { origin } = operations[operations.length - 1];
  return makeOperation(fusedOp, [], { regions: [makeBlock([], operations, yielded)], names }, new FuncScope(), origin);
}

/** A block with groups of random sizes, the same for the same block. */
function groupedBlock(block: Block, replaced: Replacements, mostMembers: number): Block {
  const operations: Operation[] = [];
  let random = block.operations.length * 7919 + mostMembers;
  for (let i = 0; i < block.operations.length; ) {
    random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
    const end = Math.min(i + 1 + (random % mostMembers), block.operations.length);
    const members = block.operations.slice(i, end).map((o) => {
      const regions = o.regions.map((r) => groupedBlock(r, replaced, mostMembers));
      return withOperands(withRegions(o, regions), replaced.all(o.operands));
    });
    const later = block.operations.slice(end);
    const reads = new Set([...block.results, ...freeValues(makeBlock([], later, []))]);
    const group = groupOf(members, (v) => reads.has(v));
    if (group === null) operations.push(...members);
    else {
      const [{ results }] = group.regions;
      for (const [k, v] of results.entries()) replaced.set(v, group.results[k]);
      operations.push(group);
    }
    i = end;
  }
  return withOperations(block, operations, replaced.all(block.results));
}

function grouped(module: Module, mostMembers: number): Module {
  return mapBodies(module, (body) => groupedBlock(body, new Replacements(), mostMembers));
}

const focuses = {
  "random programs": [],
  "updates in place": [dynamicUpdateSliceOp, scatterOp],
  "rules with subscripts of their own": [gatherOp, reduceOp],
  "sums of products": [dotOp, convOp],
} as const;

for (const [name, focus] of Object.entries(focuses)) {
  it(`random groups are computed as what is in them: ${name}`, () => {
    for (const mostMembers of [2, 6]) {
      let groups = 0;
      const pass = definePass({
        name: "group-and-lower",
        summary: "Groups at random, and lowers the groups.",
        lowers: "loop",
        run(module, cx) {
          const after = grouped(inline.run(module, cx), mostMembers);
          for (const { body } of after.funcs) groups += body.operations.filter((o) => o.op === fusedOp).length;
          return lowerToLoops.run(placeResults.run(planInPlace.run(after, cx), cx), cx);
        },
      });
      checkPass(pass, { runs: runs(60).numRuns, programs: { focus, operations: 16 } });
      expect(groups).toBeGreaterThan(60);
    }
  });
}

it("random groups mean what is in them", () => {
  const pass = definePass({
    name: "group",
    summary: "Groups at random.",
    lowers: "fused",
    run: (module, cx) => grouped(inline.run(module, cx), 5),
  });
  checkPass(pass, { runs: runs(60).numRuns });
});

/** How a tensor is made of one before, `%m` and the number: some read elements that another iteration overwrites. */
const moves: readonly ((from: string, to: string) => string)[] = [
  (from, to) => `%${to} = neg %${from} : f64[6]`,
  (from, to) => `%${to} = add %${from}, %a : f64[6]`,
  (from, to) => `%${to} = reverse %${from}, axes = [0] : f64[6]`,
  (from, to) => `%h${to} = slice %${from}, start = [0], limit = [1] : f64[1]
    %t${to} = slice %${from}, start = [1], limit = [6] : f64[5]
    %${to} = concatenate %t${to}, %h${to} : f64[6]`,
];

it("an update in place overwrites nothing that its own group still reads", () => {
  const chain = fc.array(fc.nat(moves.length - 1), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(chain, fc.integer({ min: 1, max: 6 }), fc.nat(6), fc.nat(6), (kinds, size, from, to) => {
      const start = Math.min(from, 6 - size);
      const lines = kinds.map((kind, i) => moves[kind](i === 0 ? "a" : `m${i}`, `m${i + 1}`));
      const text = `func @f(%x: f64[6], %i: i32) -> f64[6] {
  %a = exp %x : f64[6]
  %r = fused : f64[6] {
    ${lines.join("\n    ")}
    %u = slice %m${kinds.length}, start = [${start}], limit = [${start + size}] : f64[${size}]
    %b = dynamic_update_slice %a, %u, %i : f64[6]
    yield %b
  }
  return %r
}
`;
      everyWay(text, "f", [f64([0, 1, 2, 3, 4, 5]), i32(to)]);
    }),
    runs(60),
  );
});
