// The table of all ops, gathered from the families: what reads, shows or draws any op there is needs it, nothing else.

import type { Op, OpTable } from "../ir/index.ts";
import * as families from "./families.ts";
import { bringSingles } from "./scalar/single/index.ts";

/** What a family exports as `addOp` stands in the table as `add`. */
type Records<Families> = {
  readonly [Name in keyof Families as Name extends `${infer Short}Op` ? Short : never]: Families[Name];
};

/** @__NO_SIDE_EFFECTS__ */
function recordsOf<Families extends object>(exported: Families): Records<Families> {
  const named = Object.entries(exported).filter(([name]) => name.endsWith("Op"));
  return Object.fromEntries(named.map(([name, op]) => [name.slice(0, -"Op".length), op])) as Records<Families>;
}

/** Every op of the project, by its name in TypeScript. */
export const records = recordsOf(families) satisfies Readonly<Record<string, Op>>;

/**
 * Who has the table may compute with any op of any dtype.
 *
 * @__NO_SIDE_EFFECTS__
 */
function tableOf(ops: readonly Op[]): OpTable {
  bringSingles();
  return new Map(ops.map((op) => [op.name, op]));
}

/** Every op of the project, by mnemonic. */
export const standardOps: OpTable = tableOf(/* @__PURE__ */ Object.values(records));
