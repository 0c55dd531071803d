// What is at the loop level already, and what has to be known before tensors can be brought there.

import {
  type Block,
  calleesOf,
  type Func,
  fail,
  isScalar,
  loweredType,
  type Module,
  type Operation,
  printType,
  sameType,
  standsAt,
  type Value,
  walk,
} from "../../../src/ir/index.ts";

/** Of blocks, which never change: several passes ask in turn. */
const knownLowered = new WeakMap<Block, boolean>();
const knownRanked = new WeakSet<Block>();

/** Whether a block is at loop level already: it and its regions have scalars and memory only, and ops of that level. */
export function isLoweredBlock(block: Block): boolean {
  let is = knownLowered.get(block);
  if (is === undefined) {
    is =
      block.arguments.every(isLoweredValue) && block.results.every(isLoweredValue) && block.operations.every(isLowered);
    knownLowered.set(block, is);
  }
  return is;
}

/** Whether an operation may stay as it is at the loop level. */
export function isLowered({ op, operands, results, regions }: Operation): boolean {
  return (
    standsAt(op, "vector") &&
    !op.traits.transform &&
    operands.every(isLoweredValue) &&
    results.every(isLoweredValue) &&
    regions.every(isLoweredBlock)
  );
}

function isLoweredValue({ type }: Value): boolean {
  return isScalar(type) || sameType(loweredType(type), type);
}

/** @throws AdjointError `no-eval` where the rank of a tensor is not known. */
export function requireRanked(func: Func): void {
  const check = (v: Value): void => {
    if (v.type.kind === "unranked") {
      fail("no-eval", `@${func.name}: %${v.name ?? v.id} has type ${printType(v.type)}, expected known shapes`, {
        hint: "run refine-shapes first",
      });
    }
  };
  if (knownRanked.has(func.body)) return;
  func.body.arguments.forEach(check);
  walk(func.body, ({ results, regions }) => {
    results.forEach(check);
    for (const region of regions) region.arguments.forEach(check);
  });
  knownRanked.add(func.body);
}

/** The functions that users call, and no function of the module. */
export function usersFunctions(module: Module): ReadonlySet<Func> {
  const called = new Set(module.funcs.flatMap(calleesOf));
  return new Set(module.funcs.filter(({ name, visibility }) => visibility === "public" && !called.has(name)));
}
