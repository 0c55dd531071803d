// Programs with something done to each float that they compute, right where they compute it: noise added, or a look taken.

import {
  type Block,
  BlockBuilder,
  isFloat,
  Replacements,
  type Value,
  withBuilder,
  withOperands,
  withOperations,
  withRegions,
} from "../ir/index.ts";

/** The block in which what reads a float reads what `change` makes of it; in its regions too. */
export function withFloats(block: Block, change: (value: Value) => Value): Block {
  return changed(block, change, new Replacements());
}

function changed(block: Block, change: (value: Value) => Value, made: Replacements): Block {
  const operations = block.operations.flatMap((first) => {
    const regions = first.regions.map((r) => changed(r, change, made));
    const operation = withRegions(withOperands(first, made.all(first.operands)), regions);
    const builder = new BlockBuilder();
    withBuilder(builder, () => {
      for (const v of operation.results) if (v.type.kind === "tensor" && isFloat(v.type.dtype)) made.set(v, change(v));
    });
    return [operation, ...builder.operations];
  });
  return withOperations(block, operations, made.all(block.results));
}
