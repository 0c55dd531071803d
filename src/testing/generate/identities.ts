// The left sides of identities, right ones and tempting ones: patterns of the project's own rules, patterns next to these, and
// small trees of elementwise ops over few variables and constants.

import { canonicalizeRules } from "../../../passes/index.ts";
import { type DType, dtypes, type Op, type OpTable, tensorType } from "../../ir/index.ts";
import { castOp } from "../../ops/index.ts";
import type { Pattern } from "../../rewrite/index.ts";
import { literal } from "./literals.ts";
import type { OperationPattern } from "./pattern-values.ts";
import { Random } from "./random.ts";
import { attributesOf, takenBy, typesOf } from "./uses.ts";

/** How often ops are listed that identities speak of most: what costs little, and conversions. */
const timesOfBrief = 4;
const timesOfConversion = 12;

/** The numbers of which identities speak most. */
const usualLiterals = [0, 1, -1, 2, -0, 0.5, 3, 0, 1, 2];

/** What may stand in an expression of a dtype. */
interface Words {
  readonly patterns: readonly OperationPattern[];
  /** The elementwise ops that take the dtype, and those of them that give it too; by the number of their operands. */
  readonly roots: Lists;
  readonly inner: Lists;
}

type Lists = readonly (readonly Op[])[];

/** How many operands an op has that is drawn, the frequent numbers several times. */
const arities = [1, 1, 1, 1, 2, 2, 2, 2, 2, 3];

export class Identities {
  readonly #patterns: readonly OperationPattern[];
  readonly #elementwise: readonly Op[];
  readonly #words = new Map<DType, Words>();

  constructor(table: OpTable) {
    const isKnown = (pattern: Pattern): boolean =>
      pattern.kind !== "operation" || (table.get(pattern.op.name) === pattern.op && pattern.operands.every(isKnown));
    this.#patterns = canonicalizeRules.flatMap(({ pattern }) =>
      pattern?.kind === "operation" && isKnown(pattern) ? [pattern] : [],
    );
    this.#elementwise = [...table.values()].filter((op) => op.traits.elementwise && op.operands.length > 0);
  }

  /** A pattern for values of a dtype; null where no op takes them. */
  pattern(random: Random, dtype: DType): OperationPattern | null {
    const words = this.#wordsOf(dtype);
    const kind = random.below(8);
    if (kind < 4 && words.patterns.length > 0) {
      const pattern = random.pick(words.patterns);
      return kind < 2 ? pattern : this.#neighbour(random, pattern, dtype);
    }
    const root = draw(random, words.roots);
    return root === undefined ? null : tree(random, dtype, words.inner, root, random.pick([0, 1, 1, 1, 1, 2]));
  }

  /** An op that stands in identities of a dtype, of two operands where that is asked; undefined where none takes it. */
  everyday(random: Random, dtype: DType, isBinary = false): Op | undefined {
    const { roots } = this.#wordsOf(dtype);
    if (!isBinary) return draw(random, roots);
    return roots[2] === undefined ? undefined : random.pick(roots[2]);
  }

  #wordsOf(dtype: DType): Words {
    let found = this.#words.get(dtype);
    if (found !== undefined) return found;
    const type = tensorType(dtype);
    // a stream of its own: programs do not depend on those before them
    const random = new Random(1);
    const roots = this.#elementwise.filter((op) => {
      const taken = takenBy(op, attributesOf(op, type, random)).dtypes;
      return taken.length === 0 || taken.includes(dtype);
    });
    const inner = roots.filter((op) => {
      const operands = op.operands.map(() => type);
      const types = typesOf(op, operands, attributesOf(op, type, random), [type]);
      return types?.[0].kind === "tensor" && types[0].dtype === dtype;
    });
    const patterns = this.#patterns.filter(({ op }) => !op.traits.elementwise || roots.includes(op));
    found = { patterns, roots: byArity(roots), inner: byArity(inner) };
    this.#words.set(dtype, found);
    return found;
  }

  // ---- next to a pattern ------------------------------------------------------------------------------------------------

  /** The pattern with another op, another number or another variable in one place. */
  #neighbour(random: Random, pattern: OperationPattern, dtype: DType): OperationPattern {
    const { op, operands } = pattern;
    const at = random.below(operands.length + 1);
    if (at === operands.length) return this.#withOtherOp(random, pattern, dtype);
    const changed = this.#other(random, operands[at], dtype);
    return { ...pattern, op, operands: operands.map((p, i) => (i === at ? changed : p)) };
  }

  #other(random: Random, pattern: Pattern, dtype: DType): Pattern {
    if (pattern.kind === "operation") return this.#neighbour(random, pattern, dtype);
    return random.oneIn(2) ? literalPattern(random, dtype) : { kind: "variable", index: random.below(3) };
  }

  #withOtherOp(random: Random, pattern: OperationPattern, dtype: DType): OperationPattern {
    const { op, operands } = pattern;
    const others = this.#wordsOf(dtype).roots[operands.length] ?? [];
    if (!op.traits.elementwise || others.length === 0) return pattern;
    return { ...pattern, op: random.pick(others), attributes: {} };
  }
}

/** The ops by the number of their operands, those of which identities speak several times. */
function byArity(list: readonly Op[]): Lists {
  const found: Op[][] = [];
  for (const op of list) {
    const times = op === castOp ? timesOfConversion : op.traits.cheap || op.traits.brief ? timesOfBrief : 1;
    for (let i = 0; i < times; i++) (found[op.operands.length] ??= []).push(op);
  }
  return found;
}

function draw(random: Random, lists: Lists): Op | undefined {
  const list = lists[random.pick(arities)] ?? lists.flat();
  return list.length === 0 ? undefined : random.pick(list);
}

/** Ops that stand one in the other: the same or another one; few variables and numbers, so that they meet again. */
function tree(random: Random, dtype: DType, inner: Lists, root: Op, depth: number): OperationPattern {
  const variables = random.pick([1, 2, 2, 3]);
  const leaf = (): Pattern =>
    random.oneIn(4) ? literalPattern(random, dtype) : { kind: "variable", index: random.below(variables) };
  // (x ∘ a) ∗ a
  const shared = random.oneIn(3) ? leaf() : undefined;
  const under = (op: Op, left: number): OperationPattern => {
    const next = random.oneIn(4) && inner.some((list) => list.includes(op)) ? op : draw(random, inner);
    const at = random.below(op.operands.length);
    const isEach = op.operands.length === 2 && random.oneIn(6);
    const operands = op.operands.map((_, i) => {
      if (left > 0 && next !== undefined && (isEach || i === at)) return under(next, left - 1);
      return op.operands.length > 1 && i > 0 && shared !== undefined ? shared : leaf();
    });
    return { kind: "operation", op, operands, attributes: {} };
  };
  return under(root, depth);
}

function literalPattern(random: Random, dtype: DType): Pattern {
  const value = random.oneIn(3) ? literal(random, dtype) : random.pick(usualLiterals);
  return { kind: "literal", value: dtypes[dtype].round(value) };
}
