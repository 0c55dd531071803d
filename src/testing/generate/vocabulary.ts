// The ops of a table by how they come into programs.

import { mustStay, type Op, type OpTable, standsAt, touchesMemory } from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { Identities } from "./identities.ts";
import { idioms } from "./idioms.ts";
import { Pairs, waysOf } from "./pairs.ts";
import { Random } from "./random.ts";
import { namesFunctions } from "./records.ts";
import { regionIdioms } from "./regions.ts";

/** The ops of a table by how they come into programs. */
export class Vocabulary {
  readonly elementwise: readonly Op[];
  readonly others: readonly Op[];
  readonly regions: readonly Op[];
  readonly effects: readonly Op[];
  /** What follows on one another: the others, once each. */
  readonly following: readonly Op[];
  /** Those of them that move elements and compute nothing. */
  readonly moving: readonly Op[];
  /** What computes something by itself, in an order that is the same for every program, and what of it has derivatives. */
  readonly singles: readonly Op[];
  readonly smooth: readonly Op[];
  readonly identities: Identities;
  readonly pairs: Pairs;

  constructor(table: OpTable) {
    const records = [...table.values()].filter((op) => standsAt(op, "tensor") && !op.traits.transform);
    const isEffect = (op: Op): boolean => mustStay(op.effects) && op.regions.length === 0;
    const isKnown = (op: Op): boolean => idioms.has(op) || regionIdioms.has(op) || op === ops.callOp;
    const drawn = records.filter((op) => isKnown(op) || !(namesFunctions(op) || touchesMemory(op.effects)));
    const plain = drawn.filter((op) => op.regions.length === 0 && op !== ops.callOp && !isEffect(op));
    const often = plain.flatMap((op) => Array.from({ length: waysOf(op) }, () => op));
    this.elementwise = often.filter((op) => op.traits.elementwise && op.operands.length > 0);
    this.others = often.filter((op) => !this.elementwise.includes(op));
    this.regions = drawn.filter((op) => op.regions.length > 0);
    this.effects = drawn.filter(isEffect);
    this.following = [...new Set(this.others)].filter((op) => op.operands.length > 0);
    this.moving = this.following.filter((op) => op.traits.moves);
    this.singles = new Random(1).shuffled(often.filter((op) => !touchesMemory(op.effects) && op.operands.length > 0));
    this.smooth = this.singles.filter(({ derivative }) => derivative.kind !== "zero" && derivative.kind !== "none");
    this.identities = new Identities(table);
    this.pairs = new Pairs(drawn.filter((op) => op !== ops.callOp && !touchesMemory(op.effects)));
  }
}

const vocabularies = new WeakMap<OpTable, Vocabulary>();

export function vocabularyOf(table: OpTable): Vocabulary {
  let found = vocabularies.get(table);
  if (found === undefined) vocabularies.set(table, (found = new Vocabulary(table)));
  return found;
}
