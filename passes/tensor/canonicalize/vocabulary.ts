// What canonicalize's rules are written with. They speak of ops by their names: where a program has no `atan2`, no rule about
// it applies, and a bundle of the program leaves out the record.

import { type Attributes, emit, type Op, type Operation, type Value } from "../../../src/ir/index.ts";
import { isOwn, ownOp } from "../../../src/ops/index.ts";
import {
  LocalRule,
  type Pattern,
  type PatternFunction,
  type PatternOperand,
  patternOf,
  type Replace,
  type RewriteContext,
  type Rule,
  type RuleOptions,
  vocabulary,
} from "../../../src/rewrite/index.ts";

const mnemonics = {
  abs: "abs",
  add: "add",
  and: "and",
  broadcast: "broadcast",
  cast: "cast",
  ceil: "ceil",
  clamp: "clamp",
  compare: "compare",
  concatenate: "concatenate",
  copysign: "copysign",
  div: "div",
  exp: "exp",
  expm1: "expm1",
  extent: "extent",
  floor: "floor",
  isFinite: "is_finite",
  isNan: "is_nan",
  log: "log",
  log1p: "log1p",
  maximum: "maximum",
  minimum: "minimum",
  mul: "mul",
  neg: "neg",
  nextafter: "nextafter",
  not: "not",
  or: "or",
  pad: "pad",
  permute: "permute",
  pow: "pow",
  powDerivative: "pow_derivative",
  reduce: "reduce",
  rem: "rem",
  reshape: "reshape",
  reverse: "reverse",
  round: "round",
  select: "select",
  shiftLeft: "shift_left",
  shiftRight: "shift_right",
  sign: "sign",
  slice: "slice",
  sqrt: "sqrt",
  sub: "sub",
  trunc: "trunc",
  view: "view",
  xor: "xor",
} as const;

type Name = keyof typeof mnemonics;

/** What a rule meets that speaks of an op which the program has not. */
const absent = Symbol("absent");

function present(name: Name): Op {
  const op = ownOp(mnemonics[name]);
  if (op === undefined) throw absent;
  return op;
}

/**
 * Something for each name, made of its op when it is asked for. That happens before operands are evaluated: where the op is
 * absent, none of them is appended.
 *
 * @__NO_SIDE_EFFECTS__
 */
function byName<T>(of: (op: Op) => T): { readonly [N in Name]: T } {
  const made = new Map<Name, T>();
  const table = {} as { [N in Name]: T };
  for (const name of Object.keys(mnemonics) as Name[])
    Object.defineProperty(table, name, {
      get() {
        let value = made.get(name);
        if (value === undefined) made.set(name, (value = of(present(name))));
        return value;
      },
    });
  return table;
}

/** `patterns.mul(x, 1)` describes a multiplication by a constant 1 of any dtype and shape. */
export const patterns = byName<PatternFunction>((op) => vocabulary({ op }).op);

/** `make.mul(x, y)` appends a multiplication to the current builder. */
export const make = byName(
  (op) =>
    (...operands: readonly Value[]): Value =>
      emit(op, operands)[0],
);

/** What `body` gives; null where it speaks of an op that the program has not. */
function ifPresent<T>(body: () => T): T | null {
  try {
    return body();
  } catch (error) {
    if (error === absent) return null;
    throw error;
  }
}

/** What is about ops that the program may not have; asked about another op than its own, its pattern is not made. */
class RuleOfOwn extends LocalRule {
  readonly #mnemonic: string;

  constructor(
    mnemonic: string,
    name: string,
    pattern: (...variables: Pattern[]) => Pattern,
    replacement: Replace,
    options: RuleOptions,
  ) {
    super(name, () => ifPresent(() => patternOf(name, pattern)), replacement, options);
    this.#mnemonic = mnemonic;
  }

  override matches(op: Op): boolean {
    return isOwn(op, this.#mnemonic) && super.matches(op);
  }

  override rewrite(operation: Operation, cx: RewriteContext): readonly Value[] | null {
    return ifPresent(() => super.rewrite(operation, cx));
  }
}

/**
 * A rule `rule("x * 1 → x", "mul", (x) => [x, 1], (x) => x)`: a local identity of an op, by its operands. It is made when
 * it is first asked for an operation of that op: by then the records of the program are there, and most programs have few
 * of the ops.
 *
 * @__NO_SIDE_EFFECTS__
 */
export const rule = (
  name: string,
  root: Name,
  operands: (...variables: Pattern[]) => readonly (PatternOperand | Attributes)[],
  replacement: Replace,
  options: RuleOptions = {},
): Rule => {
  const pattern = (...variables: Pattern[]): Pattern => patterns[root](...operands(...variables));
  // a pattern has as many variables as its function has parameters
  Object.defineProperty(pattern, "length", { value: operands.length });
  return new RuleOfOwn(mnemonics[root], name, pattern, replacement, options);
};
