// adjoint/ir: the IR's data, builder, text and walks, and the strict functions that append operations.

import "../ops/documentation.ts";
import { fail, type Module, type OpTable, type ParseOptions, parseModule as parseIn, stackFrom } from "../ir/index.ts";
import { parse, standardOps } from "../ops/index.ts";

export { interpret } from "../backend/index.ts";
export * from "../ir/index.ts";
export * as ops from "../ops/index.ts";

/**
 * The module that `text` writes, parsed and verified. `ops` is the table of ops by name, the standard ones where it is left
 * out; without `loc` an operation's origin is its place in the text.
 * @throws AdjointError with the place in the text; `argument` where `ops` is no table.
 * @example parseModule(text, new Map([...standardOps, [swish.name, swish]]))
 */
export function parseModule(text: string, ops: OpTable = standardOps, options?: ParseOptions): Module {
  return stackFrom(parseModule, () => {
    if (!(ops instanceof Map))
      fail("argument", "parseModule: the ops are no Map", { hint: "write new Map([...standardOps, [op.name, op]])" });
    return ops === standardOps || typeof text !== "string" ? parse(text, options) : parseIn(text, ops, options);
  });
}
